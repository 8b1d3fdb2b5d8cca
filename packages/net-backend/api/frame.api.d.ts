import { EthernetPort } from './index.js';

/** True if a checksum over [start, end) at `start + offset` lies within the frame. Sums cannot overflow: both are 16 bits. */
declare const checksumFits: (start: number, offset: number, end: number) => boolean;
/**
 * Stores the checksum over [start, end) at `start + offset`, where the pseudo-header sum lies. A result of zero is stored as FFFFh, which
 * is the same number and does not mean "none" to UDP. [RFC 768] The caller has checked `checksumFits`.
 */
declare function completeChecksum(frame: Uint8Array, end: number, start: number, offset: number): void;

/** Bytes before the payload of a frame, and of a VLAN tag. */
declare const ETHERNET_HEADER_SIZE = 14;
declare const VLAN_TAG_SIZE = 4;
/** The longest frame: an IP packet of 65535 bytes, its Ethernet header and one VLAN tag. */
declare const MAX_FRAME_SIZE: number;
declare const ETHERTYPE_VLAN = 33024;
/** Type field of a frame of at least 14 bytes. */
declare const etherType: (frame: Uint8Array) => number;
/** True if a frame of at least 14 bytes carries no more than `mtu` bytes behind its header and its VLAN tag, if it has one. */
declare const fitsMtu: (frame: Uint8Array, mtu: number) => boolean;

/**
 * Big-endian fields in a frame, and the Internet checksum [RFC 1071]. UNCHECKED: the `!` hold because every caller has compared offsets
 * with the end of its packet first; beyond the end the readers would give NaN-free zeros, never an exception.
 */
declare function readU16(bytes: Uint8Array, at: number): number;
/** Six bytes as a number below 2^48: how MAC addresses are held. */
declare function readU48(bytes: Uint8Array, at: number): number;

/**
 * A frame on its way from a driver to a port, with the work that the driver left to the card. What the driver says about that work is
 * checked once, when the frame is loaded; then the port gets the frame with the work described, if it takes such frames, and otherwise the
 * work is done here: the checksum in place, a large TCP frame in segments, one after the other. A refused frame (or segment) is kept where
 * it is, so `send` can be called again and repeats nothing.
 */

/** Why a frame cannot be sent: longer than the MTU; a checksum outside of it; segmentation that does not fit its headers. */
type OutboundFault = 'tooLong' | 'badChecksum' | 'badSegmentation';
declare class OutboundFrame {
    #private;
    constructor(port: EthernetPort);
    /**
     * A frame of at least 14 bytes with nothing left to do. `mtu` is the longest payload of a frame on the wire in bytes. The bytes stay the
     * caller's and must not change until `send` gave true; so with the other two, which may also write to them.
     */
    loadPlain(frame: Uint8Array, mtu: number): OutboundFault | undefined;
    /** A frame whose checksum over [start, end) belongs at `start + offset`. */
    loadPartial(frame: Uint8Array, mtu: number, start: number, offset: number): OutboundFault | undefined;
    /**
     * A TCP frame up to 64 KiB with `size` bytes of payload for each segment. `start` and `offset` are those of its checksum: a driver that
     * leaves segmentation leaves that too, so they must name the TCP header and the field in it.
     */
    loadLarge(frame: Uint8Array, mtu: number, kind: 'tcp4' | 'tcp6', size: number, start: number, offset: number): OutboundFault | undefined;
    /** Hands what was loaded to the port, or what is left of it; false if the port does not take more now. */
    send(): boolean;
    /** Gives up what is left. */
    forget(): void;
}

/** Where the parts of a TCP frame start, in bytes from the start of the frame. */
interface TcpLocation {
    /** IP header. */
    readonly network: number;
    /** TCP header. */
    readonly transport: number;
    /** First byte of the TCP payload. */
    readonly payload: number;
}
declare const TCP_CHECKSUM = 16;
/**
 * Finds the headers in [0, length) of `frame`; undefined unless it is an unfragmented TCP frame of this kind whose headers lie within it.
 * `transport`, if known, is where the TCP header must start (it lets IPv6 extension headers be, which are copied, not read).
 */
declare function locateTcp(frame: Uint8Array, length: number, kind: 'tcp4' | 'tcp6', transport?: number): TcpLocation | undefined;
/** Cuts one frame at a time. The large frame stays the caller's and must not change until the last segment was taken. */
declare class TcpSegmenter {
    #private;
    /** Starts on [0, length) of `frame`, found by `locateTcp`. `size` is the payload of a segment in bytes, at least 1. */
    start(frame: Uint8Array, length: number, kind: 'tcp4' | 'tcp6', at: TcpLocation, size: number): void;
    /** The present segment, valid until `next`; undefined when none is left. */
    get current(): Uint8Array | undefined;
    /** Goes on to the following segment. */
    next(): void;
    /** Forgets the frame. */
    stop(): void;
}

export { ETHERNET_HEADER_SIZE, ETHERTYPE_VLAN, MAX_FRAME_SIZE, OutboundFrame, TCP_CHECKSUM, TcpSegmenter, VLAN_TAG_SIZE, checksumFits, completeChecksum, etherType, fitsMtu, locateTcp, readU16, readU48 };
export type { OutboundFault, TcpLocation };
