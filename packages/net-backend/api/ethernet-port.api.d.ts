/**
 * The interface between a network card and what is on the other end of its cable. A card holds an `EthernetPort` as the far end: it
 * transmits into it and receives from it. Back-pressure is part of the type in both directions.
 */
/** One end of a cable. Frames start at the destination MAC and carry no FCS. */
interface EthernetPort {
    /**
     * Hands a frame over. The frame is the caller's again when the call returns. False: not taken, no copy kept; the caller is told by
     * `onWritable`, exactly once, when trying again makes sense. A frame that this port never takes (too short, too long) is dropped and
     * counted and gives true.
     */
    transmit(frame: Uint8Array, offload?: FrameOffload): boolean;
    /**
     * Set by the user of the port. The frame is valid only during the call. Return false to refuse it: the port keeps it (bounded) or
     * drops it, and tries again after `resume()`.
     */
    onReceive: ((frame: Uint8Array, offload?: FrameOffload) => boolean) | undefined;
    onWritable: (() => void) | undefined;
    /** The user of the port can take frames again after it refused one. */
    resume(): void;
    /** What this port takes and gives beyond plain frames; without it, nothing. */
    readonly offloads?: PortOffloads | undefined;
    /**
     * Set by the user of the port, at any time (a card: when its driver has chosen features, and back to undefined when it is reset): what
     * `onReceive` can take. Without it the port delivers plain frames of at most the MTU with all checksums in place.
     */
    receiverOffloads?: ReceiverOffloads | undefined;
}
/** What a frame leaves to the other side. All offsets in bytes from the start of the frame. */
interface FrameOffload {
    /** The checksum over [checksumStart, end) is still to be computed and stored at checksumStart + checksumOffset (the field holds the pseudo-header sum). */
    readonly checksum?: {
        readonly start: number;
        readonly offset: number;
    };
    /** The frame is one large TCP segment, to be cut into segments of this many payload bytes. Implies `checksum`. */
    readonly segmentation?: {
        readonly kind: 'tcp4' | 'tcp6';
        readonly size: number;
    };
    /** Transport checksums of the frame were verified, or need not be (the frame never was on a wire). */
    readonly checksumValid?: boolean;
}
/** What a port takes and gives. */
interface PortOffloads {
    /** Takes frames with `checksum` left to do. */
    readonly checksum: boolean;
    /** Takes TCP segments up to 64 KiB with `segmentation`. */
    readonly segmentation: boolean;
    /** May deliver frames larger than the MTU with `segmentation` set, if the receiver says it can take them. */
    readonly largeReceive: boolean;
}
/** What the user of a port takes in `onReceive`. */
interface ReceiverOffloads {
    /** Takes frames with `checksum` left to do, or `checksumValid`. */
    readonly checksum: boolean;
    /** Takes TCP over IPv4 frames up to 64 KiB with `segmentation`. Only together with `checksum`. */
    readonly segmentation: boolean;
}

export type { EthernetPort as E, FrameOffload as F, PortOffloads as P, ReceiverOffloads as R };
