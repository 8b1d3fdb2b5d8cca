import { Clock } from '@paravirt/bus';
import { E as EthernetPort, F as FrameOffload, P as PortOffloads, R as ReceiverOffloads } from './ethernet-port.js';
import { W as WrappedPort } from './user-network.js';
export { A as AddressOptions, a as AddressPlan, D as DropCounters, F as Forward, T as TcpConnectionInfo, b as TcpOptions, c as TcpState, U as USER_NETWORK_OFFLOADS, d as UserNetwork, e as UserNetworkOptions, f as UserNetworkStatistics, g as formatIpv4, h as formatMac, p as parseForward, i as parseIpv4 } from './user-network.js';
export { D as DnsAnswer, a as DnsQuestion, b as DnsRecord, H as HostNetwork, c as HostTcpEvents, d as HostTcpFailure, e as HostTcpListener, f as HostTcpSocket, g as HostUdpEvents, h as HostUdpSocket, S as SocketAddress, T as TftpFiles } from './tftp.js';

/**
 * Middleware that writes every frame of a port into a capture file. The file itself is the caller's: a sink gets whole blocks, the
 * header first, so what the sink has taken is a valid file at every moment, also when it fails in the middle.
 */

/** As the user of the port sees it: `inbound` frames it received, `outbound` frames it transmitted. */
type CaptureDirection = 'inbound' | 'outbound';
/** How header and frames look in the file: `pcapng` or `pcap`. Results are new buffers. */
interface CaptureFormat {
    header(snapLength: number): Uint8Array;
    /** The first `captured` bytes of the frame; `timeNs` since 1970. A comment of printable ASCII is kept where the format has a place for it. */
    frame(frame: Uint8Array, captured: number, timeNs: bigint, direction: CaptureDirection, comment?: string): Uint8Array;
}
interface CaptureOptions {
    /** Where the time stamps come from. */
    readonly clock: Clock;
    /** Takes one or more whole blocks; they are the sink's from then on. Throwing ends the capture, not the traffic. */
    readonly sink: (blocks: Uint8Array) => void;
    /** Time of the clock's zero in nanoseconds since 1970. Default 0, so that two deterministic runs write the same file. */
    readonly startTimeNs?: bigint;
    /** Bytes kept of each frame, 1 to 262 144, which is also the default: all. */
    readonly snapLength?: number;
    /** Default `pcapng`. */
    readonly format?: CaptureFormat;
}
declare class CapturedPort extends WrappedPort {
    #private;
    /** Writes the file's header at once. @throws ConfigurationError for a bad snap length, and what the sink throws for the header. */
    constructor(inner: EthernetPort, options: CaptureOptions);
    /** What the sink threw when it ended the capture; undefined while all is well. */
    get failure(): unknown;
    /** Ends the capture; the port goes on. */
    stop(): void;
    transmit(frame: Uint8Array, offload?: FrameOffload): boolean;
    protected receive(frame: Uint8Array, offload: FrameOffload | undefined): boolean;
}
/** Wraps a port so that what goes through it is written to `options.sink`. */
declare function capture(port: EthernetPort, options: CaptureOptions): CapturedPort;

/** Middleware that counts: frames and bytes both ways, and how often each side refused. Names of the counters follow [RFC 2863 §3.1.6]. */

/** What went one way. A frame that was refused and taken later counts once as a frame, each refusal as a refusal. */
interface PortCounters {
    frames: number;
    /** Bytes of the frames, without FCS; a frame with `segmentation` counts as the one frame that it is here. */
    octets: number;
    refused: number;
}
declare class CountedPort extends WrappedPort {
    /** From the user of this port into the inner one. */
    readonly transmitted: PortCounters;
    /** From the inner port to the user of this one. */
    readonly received: PortCounters;
    transmit(frame: Uint8Array, offload?: FrameOffload): boolean;
    protected receive(frame: Uint8Array, offload: FrameOffload | undefined): boolean;
}
/** Wraps a port so that what goes through it is counted. */
declare function counted(port: EthernetPort): CountedPort;

/**
 * One direction of a cable: a bounded queue between a sender and a receiver that may refuse. `LoopbackPort` is one lane, a pair is two.
 * Back-pressure follows the contract of `EthernetPort`: a refused frame waits here, a full lane says false and later says "writable" once.
 */

interface LaneOptions {
    /** Frames that wait at most for a receiver that refuses (or for their time to come). Default 64, at least 1. */
    readonly capacity?: number;
    /** With a clock each frame arrives `latencyNs` later, in an event of the clock; without one it arrives inside `transmit`. */
    readonly clock?: Clock | undefined;
    /** Nanoseconds a frame is under way; only with a clock. Default 0: the next event at the present time. */
    readonly latencyNs?: bigint;
}
/** The two ends a lane talks to. */
interface LaneEnds {
    /** Hands a frame to the receiver; false: refused. */
    deliver(frame: Uint8Array, offload: FrameOffload | undefined): boolean;
    /** There is room again after `send` gave false. */
    writable(): void;
}
declare class Lane {
    #private;
    /** Frames dropped because they are none: shorter than a header or longer than 64 KiB. */
    dropped: number;
    constructor(ends: LaneEnds, options?: LaneOptions);
    /** See `EthernetPort.transmit`. */
    send(frame: Uint8Array, offload: FrameOffload | undefined): boolean;
    /** The receiver takes frames again. */
    resume(): void;
}

/** A port that returns every frame: the plug with its own wires crossed. For tests of a card and of its back-pressure. */

declare class LoopbackPort implements EthernetPort {
    #private;
    readonly offloads: PortOffloads | undefined;
    onReceive: ((frame: Uint8Array, offload?: FrameOffload) => boolean) | undefined;
    onWritable: (() => void) | undefined;
    receiverOffloads: ReceiverOffloads | undefined;
    /** `offloads`: what to advertise; the user of the port must then take back what it left undone. */
    constructor(options?: LaneOptions & {
        readonly offloads?: PortOffloads;
    });
    transmit(frame: Uint8Array, offload?: FrameOffload): boolean;
    resume(): void;
    /** Frames that were none (shorter than a header, longer than 64 KiB). */
    get dropped(): number;
}

/** A cable: two ports back to back, what one transmits the other receives. Immediate, or with a latency in virtual time. */

interface PairOptions extends LaneOptions {
    /**
     * Advertised by both ports. A frame's offload is handed on as it is, so give this only when both users take what the other leaves
     * undone. Default: nothing.
     */
    readonly offloads?: PortOffloads;
}
/** One of the two ports of a cable; made by `portPair`. A frame for a port without `onReceive` is lost, as on a cable with one free end. */
declare class PairedPort implements EthernetPort {
    #private;
    readonly offloads: PortOffloads | undefined;
    onReceive: ((frame: Uint8Array, offload?: FrameOffload) => boolean) | undefined;
    onWritable: (() => void) | undefined;
    receiverOffloads: ReceiverOffloads | undefined;
    /** `out` and `in` give the lanes away from and toward this port; functions, since the two ports need each other. */
    constructor(out: () => Lane, into: () => Lane, offloads: PortOffloads | undefined);
    transmit(frame: Uint8Array, offload?: FrameOffload): boolean;
    resume(): void;
    /** Frames given to `transmit` that were none (shorter than a header, longer than 64 KiB). */
    get dropped(): number;
}
/** Two ports, each the far end of the other. @throws ConfigurationError for a bad capacity or latency. */
declare function portPair(options?: PairOptions): [PairedPort, PairedPort];

/**
 * The classic capture format with nanosecond time stamps: one header, then a record per frame [draft-ietf-opsawg-pcap §4, §5]. For tools
 * that cannot read pcapng; it has no direction of a frame. Little-endian.
 */

/** `capture(port, { format: pcap, … })`. */
declare const pcap: CaptureFormat;

/**
 * The capture format that Wireshark writes itself: a Section Header Block, one Interface Description Block with nanosecond resolution,
 * then an Enhanced Packet Block per frame with its direction [draft-ietf-opsawg-pcapng §4]. Little-endian.
 */

/** `capture(port, { format: pcapng, … })`, the default. */
declare const pcapng: CaptureFormat;

export { CapturedPort, CountedPort, EthernetPort, FrameOffload, LoopbackPort, PairedPort, PortOffloads, ReceiverOffloads, WrappedPort, capture, counted, pcap, pcapng, portPair };
export type { CaptureDirection, CaptureFormat, CaptureOptions, LaneOptions, PairOptions, PortCounters };
