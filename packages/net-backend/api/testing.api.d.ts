import { EthernetPort, FrameOffload, PortOffloads, ReceiverOffloads } from './index.js';
import { Clock, VirtualClock } from '@paravirt/bus';
import { WrappedPort, UserNetwork, UserNetworkOptions } from './index.js';
import { HostNetwork, SocketAddress, DnsQuestion, DnsAnswer, HostTcpFailure, HostTcpSocket, HostTcpEvents, HostTcpListener, HostUdpEvents, HostUdpSocket } from './index.js';

/**
 * The contract of `EthernetPort` as tests: every port runs this suite. It takes the test runner's functions, so that nothing of a runner
 * is needed to use this package.
 */

/** What the suite needs of a test runner; Vitest's and Jest's functions fit. */
interface TestRunner {
    readonly describe: (name: string, run: () => void) => void;
    readonly it: (name: string, run: () => void) => void;
    readonly expect: (value: unknown) => {
        toBe(expected: unknown): void;
        toEqual(expected: unknown): void;
    };
}
/** A port under test with what makes it speak. */
interface PortFixture {
    readonly port: EthernetPort;
    /** A frame that the port takes. */
    frame(): Uint8Array;
    /** Makes the port deliver one more frame to `onReceive`, in whatever way it does. */
    stimulate(): void;
    /** Lets everything happen that is due: virtual time passes. */
    settle(): void;
    /** Frames that the port keeps at most for a receiver that refuses. */
    readonly keeps: number;
}
declare function describeEthernetPort(name: string, make: () => PortFixture, { describe, it, expect }: TestRunner): void;

/** `length` bytes from 52:54:00:01:02:04 to `to`, of an EtherType that is for experiments; the payload counts up. */
declare function plainFrame(length: number, to?: readonly number[]): Uint8Array;
interface TcpFrameOptions {
    readonly kind?: 'tcp4' | 'tcp6';
    /** Default 0x12345678. */
    readonly sequence?: number;
    /** Default: ACK, PSH and FIN. */
    readonly flags?: number;
    /** Bytes of TCP options, a multiple of 4. Default 12. */
    readonly options?: number;
    /** 802.1Q tag. */
    readonly vlan?: number;
    /** True leaves only the pseudo-header sum in the checksum field, as a driver with checksum offload does. */
    readonly partial?: boolean;
}
/** Offsets of the headers of a frame that `tcpFrame` made. */
declare function tcpOffsets({ kind, options, vlan }?: TcpFrameOptions): {
    network: number;
    transport: number;
    payload: number;
};
/** A TCP frame with `payload` bytes, which count up modulo 251. */
declare function tcpFrame(payload: number, frameOptions?: TcpFrameOptions): Uint8Array;
/** The sum over addresses, protocol and length, folded to 16 bits. [RFC 9293 §3.1, RFC 8200 §8.1] */
declare function pseudoHeaderSum(frame: Uint8Array, network: number, kind: 'tcp4' | 'tcp6', length: number): number;
/** True if the TCP checksum of a frame (and that of its IPv4 header) is right. */
declare function checksumsRight(frame: Uint8Array, options?: TcpFrameOptions): boolean;

/** Middleware that is a bad cable: it loses, repeats and delays frames both ways, the same ones for the same seed. */

interface Impairment {
    readonly clock: Clock;
    /** Probabilities, 0 to 1. */
    readonly loss?: number;
    readonly duplication?: number;
    /** Each frame is late by up to this many nanoseconds; frames overtake each other. */
    readonly jitterNs?: number;
    readonly seed?: number;
}
declare class ImpairedPort extends WrappedPort {
    #private;
    /** Frames that were lost. */
    lost: number;
    constructor(inner: EthernetPort, impairment: Impairment);
    transmit(frame: Uint8Array, offload?: FrameOffload): boolean;
    protected receive(frame: Uint8Array, offload: FrameOffload | undefined): boolean;
}

/**
 * A host in memory, for tests of the user network: servers are functions, clients are made by the test, time is the clock's. Events are
 * delivered from the clock at the present time, in order, as the rule of `HostNetwork` wants.
 */

/** The peer's end of a connection of the host: what a server accepts, or what a client of a forward holds. */
declare class MemoryPeer {
    #private;
    /** Bytes that the guest's side wrote and this end has read. */
    readonly received: Uint8Array[];
    /** The network's side has ended, or the connection was reset from there. */
    ended: boolean;
    wasReset: boolean;
    closed: boolean;
    /** Called for each piece that is read. */
    onData: ((bytes: Uint8Array) => void) | undefined;
    onEnd: (() => void) | undefined;
    /** The network's side of it. */
    readonly socket: HostTcpSocket;
    constructor(defer: (run: () => void) => void);
    /** Joins it with the network; done by the host. */
    join(events: HostTcpEvents): void;
    /** All that was read, in one. */
    get bytes(): Uint8Array;
    /** Bytes that the network wrote and this end has not read. */
    get unread(): number;
    /** Bytes that wait because the network has paused the socket. */
    get backlog(): number;
    /** Sends to the guest; the bytes are copied, in chunks of at most 64 KiB. */
    write(bytes: Uint8Array): void;
    /** Sends no more. */
    end(): void;
    /** Breaks the connection. */
    fail(failure: HostTcpFailure): void;
    /** Stops reading: what the guest sends fills the buffers, until its window is closed. */
    stopReading(): void;
    /** Reads what waits, at most `limit` bytes, and goes on reading if all was read. */
    startReading(limit?: number): void;
}
/** What a server does with a new connection. */
type MemoryServer = (peer: MemoryPeer, target: SocketAddress) => void;
declare class MemoryHost implements HostNetwork {
    #private;
    /** Every connection that was asked for, in order. */
    readonly connects: SocketAddress[];
    /** Every UDP datagram that left, in order. */
    readonly datagrams: {
        bytes: Uint8Array;
        to: SocketAddress;
        reply: (bytes: Uint8Array, from?: SocketAddress) => void;
    }[];
    /** Sockets of UDP that are open. */
    udpSockets: number;
    /** Answers a name; default: name error. */
    names: (question: DnsQuestion) => DnsAnswer;
    /** What happens to connections to nobody: a failure, or `hang` for an answer that never comes. */
    otherwise: HostTcpFailure | 'hang';
    constructor(clock: Clock);
    /** Serves connections to `address:port` from now on. */
    serve(address: string, port: number, server: MemoryServer): void;
    /** Connects as a client of the host would to a forward; undefined if nobody listens there. */
    connectAsClient(address: string, port: number): MemoryPeer | undefined;
    connectTcp(to: SocketAddress, events: HostTcpEvents): HostTcpSocket;
    listenTcp(at: SocketAddress, accept: (socket: HostTcpSocket, peer: SocketAddress) => HostTcpEvents): Promise<HostTcpListener>;
    openUdp(events: HostUdpEvents): HostUdpSocket;
    resolve(question: DnsQuestion, answer: (answer: DnsAnswer) => void): void;
}

/**
 * An `EthernetPort` that keeps what it is given and delivers what a test says. It can be full, and it keeps refused frames until `resume`.
 */

/** A frame that was transmitted into the port; a copy. */
interface SentFrame {
    readonly frame: Uint8Array;
    readonly offload: FrameOffload | undefined;
}
declare class RecordingPort implements EthernetPort {
    #private;
    onReceive: ((frame: Uint8Array, offload?: FrameOffload) => boolean) | undefined;
    onWritable: (() => void) | undefined;
    offloads: PortOffloads | undefined;
    receiverOffloads: ReceiverOffloads | undefined;
    readonly sent: SentFrame[];
    /** Frames that `transmit` still takes. */
    room: number;
    refusals: number;
    resumed: number;
    constructor(offloads?: PortOffloads);
    /** Frames that were refused and wait for `resume`. */
    get waiting(): number;
    transmit(frame: Uint8Array, offload?: FrameOffload): boolean;
    /** Lets `transmit` take `room` more frames and tells the user. */
    open(room?: number): void;
    /** Delivers a frame, or keeps it behind those that wait; true if it was taken at once. */
    deliver(frame: Uint8Array, offload?: FrameOffload): boolean;
    resume(): void;
}

interface TestTcpSegment {
    readonly source: string;
    readonly sourcePort: number;
    readonly port: number;
    readonly seq: number;
    readonly ack: number;
    readonly flags: number;
    readonly window: number;
    readonly options: Uint8Array;
    readonly data: Uint8Array;
}
interface TestTcpOptions {
    /** Initial sequence number. Default 1000. */
    readonly isn?: number;
    /** Announced MSS. Default: MTU less 40. */
    readonly mss?: number;
    /** Window shift that is announced; undefined: no option. Default 7. */
    readonly windowShift?: number | undefined;
    /** Bytes that are kept unread. Default 256 KiB. */
    readonly receiveBuffer?: number;
}
declare class TestTcp {
    #private;
    readonly host: TestHost;
    readonly destination: string;
    readonly port: number;
    readonly sourcePort: number;
    state: 'closed' | 'syn-sent' | 'syn-received' | 'established' | 'reset';
    /** The peer's FIN has come; ours has been acknowledged. */
    peerEnded: boolean;
    finAcknowledged: boolean;
    /** Data read so far, in order. */
    readonly received: Uint8Array[];
    receivedBytes: number;
    /** Whether data is read; if not, the window closes. */
    reading: boolean;
    onData: ((bytes: Uint8Array) => void) | undefined;
    onEnd: (() => void) | undefined;
    onOpen: (() => void) | undefined;
    /** Segments that were sent again. */
    retransmissions: number;
    constructor(host: TestHost, destination: string, port: number, sourcePort: number, options: TestTcpOptions);
    /** All data received, in one. */
    get bytes(): Uint8Array;
    /** The peer's window as it was told last, in bytes; what waits to be sent or acknowledged. */
    get peerWindow(): number;
    get unacknowledged(): number;
    open(): void;
    accept(syn: TestTcpSegment): void;
    /** Queues data; it is sent as the window allows. */
    write(bytes: Uint8Array): void;
    end(): void;
    reset(): void;
    /** Reads what waits and goes on reading. */
    read(): void;
    input(segment: TestTcpSegment): void;
}

/**
 * A guest's side for tests: a station with an address that speaks ARP, DHCP, ICMP echo, UDP and TCP through an `EthernetPort`, as a card
 * and its driver would. Every frame that it gets is checked (lengths, checksums); what is wrong is listed in `errors`. It answers inside
 * `onReceive`, which is also the hardest case for the port.
 */

interface TestHostOptions {
    readonly clock: Clock;
    /** Default 02:00:00:00:00:01. */
    readonly mac?: number;
    /** Dotted. Default 10.0.2.15; `0.0.0.0` until DHCP if `dhcp` will be asked. */
    readonly address?: string;
    /** Where frames to other stations go. Default 10.0.2.2 with the MAC that UserNetwork has. */
    readonly gatewayMac?: number;
    readonly mtu?: number;
    /** Sends and takes checksum and segmentation offloads. Default false. */
    readonly offloads?: boolean;
}
/** A packet that arrived. Copies. */
interface TestPacket {
    readonly source: string;
    readonly destination: string;
    readonly protocol: number;
    readonly payload: Uint8Array;
    readonly offload: FrameOffload | undefined;
}
interface TestDatagram {
    readonly source: string;
    readonly sourcePort: number;
    readonly destinationPort: number;
    readonly payload: Uint8Array;
}
interface Ipv4Fields {
    readonly source?: string;
    readonly ttl?: number;
    readonly identification?: number;
    /** The field of flags and fragment offset. */
    readonly fragment?: number;
    /** Options, padded to words by the caller. */
    readonly options?: Uint8Array;
}
/** Fields of a segment that is sent by hand. */
interface SegmentSpec {
    readonly destination: string;
    readonly port: number;
    readonly sourcePort: number;
    readonly seq: number;
    readonly ack?: number;
    readonly flags: number;
    readonly window?: number;
    readonly options?: Uint8Array;
    readonly data?: Uint8Array;
}
declare class TestHost {
    #private;
    readonly port: EthernetPort;
    readonly clock: Clock;
    readonly mac: number;
    readonly mtu: number;
    readonly offloads: boolean;
    gatewayMac: number;
    address: string;
    /** Frames as they arrived, copies. */
    readonly frames: Uint8Array[];
    readonly packets: TestPacket[];
    readonly datagrams: TestDatagram[];
    /** Segments that belong to no connection made here. */
    readonly segments: TestTcpSegment[];
    /** What was wrong with received frames. */
    readonly errors: string[];
    /** Largest frame that arrived. */
    largestFrame: number;
    /** Answers a connection to a port; undefined: RST. */
    readonly listeners: Map<number, (connection: TestTcp) => void>;
    /** Whether segments without a connection are answered with RST, as a kernel does. Off while segments are sent by hand. */
    resetsUnknown: boolean;
    /** Keep `frames` and `packets`; off for long transfers. */
    recording: boolean;
    constructor(port: EthernetPort, options: TestHostOptions);
    /** Lets the card refuse (false) or take frames again. */
    takeFrames(taking: boolean): void;
    /** An Ethernet frame around a payload. */
    frame(type: number, payload: Uint8Array, destination?: number): Uint8Array;
    /** Sends an ARP packet; what is given replaces the fields of a right request. */
    sendArp(target: string, fields?: {
        operation?: number;
        sender?: string;
        hlen?: number;
        plen?: number;
        length?: number;
    }): void;
    /** An IPv4 packet with a right header. */
    ipv4(destination: string, protocol: number, payload: Uint8Array, fields?: Ipv4Fields): Uint8Array;
    /** Sends an IPv4 packet, in fragments if it is larger than the MTU. */
    sendIpv4(destination: string, protocol: number, payload: Uint8Array, fields?: Ipv4Fields): void;
    /** A UDP datagram with a right checksum. */
    udp(destination: string, destinationPort: number, sourcePort: number, payload: Uint8Array, source?: string): Uint8Array;
    sendUdp(destination: string, destinationPort: number, sourcePort: number, payload: Uint8Array): void;
    /** Sends an ICMP echo request with this many bytes of data. */
    ping(destination: string, length?: number, sequence?: number): void;
    /** A DHCP message with these options, and the end option. */
    dhcp(type: number, options?: readonly (readonly [number, Uint8Array])[], fields?: {
        ciaddr?: string;
        xid?: number;
        broadcast?: boolean;
    }): Uint8Array;
    /** Broadcasts a DHCP message from 0.0.0.0, or sends it from an address that it has. */
    sendDhcp(message: Uint8Array, source?: string): void;
    /** The whole exchange: DISCOVER, REQUEST; gives the address, which is used from then on, or undefined without an answer. */
    configure(): string | undefined;
    /** The DHCP message that arrived last. */
    lastDhcp(): {
        type: number;
        address: string;
        options: Map<number, Uint8Array>;
    } | undefined;
    /** Sends a segment by hand, with a right checksum. */
    sendSegment(spec: SegmentSpec, offload?: FrameOffload): void;
    /** The same, giving what the port said. */
    transmitSegment(spec: SegmentSpec, offload?: FrameOffload): boolean;
    /** Opens a TCP connection. */
    connect(destination: string, port: number, options?: TestTcpOptions): TestTcp;
    /** Forgets a connection that is closed, as TIME-WAIT's end would. */
    forget(connection: TestTcp): void;
}

/** A user network on a host in memory with one guest: what most tests of it begin with. */

interface UserNetworkFixture {
    readonly clock: VirtualClock;
    readonly memory: MemoryHost;
    readonly network: UserNetwork;
    readonly guest: TestHost;
    /** Lets virtual time pass, in milliseconds; 0: what is due now. */
    pass(milliseconds?: number): void;
}
/** `wrap` puts something between the network and the guest. */
declare function userNetworkFixture(options?: Partial<UserNetworkOptions>, guestOptions?: Partial<TestHostOptions>, wrap?: (port: EthernetPort, clock: VirtualClock) => EthernetPort): UserNetworkFixture;

export { ImpairedPort, MemoryHost, MemoryPeer, RecordingPort, TestHost, TestTcp, checksumsRight, describeEthernetPort, plainFrame, pseudoHeaderSum, tcpFrame, tcpOffsets, userNetworkFixture };
export type { Impairment, Ipv4Fields, MemoryServer, PortFixture, SegmentSpec, SentFrame, TcpFrameOptions, TestDatagram, TestHostOptions, TestPacket, TestRunner, TestTcpOptions, TestTcpSegment, UserNetworkFixture };
