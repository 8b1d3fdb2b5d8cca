import { E as EthernetPort, F as FrameOffload, P as PortOffloads, R as ReceiverOffloads } from './ethernet-port.js';
import { Clock } from '@paravirt/bus';
import { S as SocketAddress, H as HostNetwork, T as TftpFiles } from './tftp.js';

/** What every middleware is: a port around a port. It passes everything on; a subclass looks at, or changes, what goes by. */

/** Takes over `onReceive` and `onWritable` of the inner port; use the inner port only through this one from then on. */
declare abstract class WrappedPort implements EthernetPort {
    protected readonly inner: EthernetPort;
    onReceive: ((frame: Uint8Array, offload?: FrameOffload) => boolean) | undefined;
    onWritable: (() => void) | undefined;
    constructor(inner: EthernetPort);
    abstract transmit(frame: Uint8Array, offload?: FrameOffload): boolean;
    /** A frame from the inner port on its way to the user of this one. */
    protected abstract receive(frame: Uint8Array, offload: FrameOffload | undefined): boolean;
    resume(): void;
    get offloads(): PortOffloads | undefined;
    get receiverOffloads(): ReceiverOffloads | undefined;
    set receiverOffloads(offloads: ReceiverOffloads | undefined);
}

/** The number, or undefined unless the text is four decimal numbers 0–255 without leading zeros. */
declare function parseIpv4(text: string): number | undefined;
declare function formatIpv4(address: number): string;
/** `52:55:0a:00:02:02`. */
declare function formatMac(mac: number): string;
/** What the user may choose; dotted text. */
interface AddressOptions {
    /** Network and prefix length, 8 to 29. Default `10.0.2.0/24`. */
    readonly network?: string;
    /** The router, and the host's own loopback. Default: the second address of the network, 10.0.2.2. */
    readonly gateway?: string;
    /** The DNS server. Default: the third address, 10.0.2.3. */
    readonly dns?: string;
    /** The first lease. Default: the fifteenth address, 10.0.2.15. */
    readonly firstLease?: string;
}
/** The addresses of one user network. */
interface AddressPlan {
    readonly network: number;
    readonly mask: number;
    readonly broadcast: number;
    readonly gateway: number;
    readonly dns: number;
    readonly firstLease: number;
    /** Last address that is leased, inclusive. */
    readonly lastLease: number;
    /** The one station that answers for gateway and DNS server. */
    readonly mac: number;
}

/** Why frames and packets of the guest were dropped. Plain numbers, for statistics and for tests that ask whether a check was reached. */
interface DropCounters {
    /** Not a frame: shorter than its header, longer than the MTU, or an offload that makes no sense. */
    frame: number;
    /** Not for us, or a protocol that is not spoken here (IPv6, VLAN). */
    ignored: number;
    arp: number;
    ipv4: number;
    fragment: number;
    icmp: number;
    udp: number;
    tcp: number;
    dhcp: number;
    dns: number;
    /** Refused, or not heard. */
    tftp: number;
    /** Forbidden by `restrict`. */
    restricted: number;
    /** Answers dropped because the guest's card did not take frames. */
    overflow: number;
}

/** A TCP port of the host that leads to a port of the guest. */
interface Forward {
    readonly host: SocketAddress;
    /** Without an address: the first lease. */
    readonly guest: {
        readonly address?: string;
        readonly port: number;
    };
}
/**
 * Reads `tcp:127.0.0.1:2222-:22` or `tcp:127.0.0.1:2222-10.0.2.20:22`. Without the host's address (`tcp::2222-:22`) it is 127.0.0.1, so
 * that nobody opens the guest to a network by leaving something out; 0.0.0.0 opens it. Host port 0 lets the system choose.
 * @throws ConfigurationError `bad-forward`
 */
declare function parseForward(text: string): Forward;

/** The state machine of a connection as a table [RFC 9293 §3.3.2, Figure 5]. What an event means beside the state is in connection.ts. */
/** In the order of the document; CONNECTING comes before them: the host is still connecting, so the guest's SYN is not answered yet. */
type TcpState = 'CONNECTING' | 'SYN-SENT' | 'SYN-RECEIVED' | 'ESTABLISHED' | 'FIN-WAIT-1' | 'FIN-WAIT-2' | 'CLOSE-WAIT' | 'CLOSING' | 'LAST-ACK' | 'TIME-WAIT' | 'CLOSED';

/**
 * All TCP connections of a user network: which segment belongs to which, what begins a new one, and how many there may be. Connections
 * that have something to send stand in a line, so that each has its turn when the card takes frames again.
 */

/** Limits and choices of the TCP side. Sizes in bytes. */
interface TcpOptions {
    /** Connections at one time, TIME-WAIT included. Default 4096. */
    readonly maxConnections?: number;
    /** Connections that are not established yet; a SYN beyond them is dropped. Default 1024. */
    readonly maxOpening?: number;
    /** Connections in TIME-WAIT; the oldest makes room. Default 512. */
    readonly maxTimeWait?: number;
    /** Room in each connection for data toward the host: the largest window. Default 256 KiB, at least 64 KiB. */
    readonly receiveBuffer?: number;
    /** Room in each connection for data toward the guest. Default 1 MiB, at least 64 KiB. */
    readonly sendBuffer?: number;
    /** Room in all connections together for data toward the guest; beyond it each has its share. Default 64 MiB. */
    readonly totalSendBuffer?: number;
    /** The ISN of a connection. Default: [RFC 9293 §3.4.1] with the clock and the seed. For tests of the wrap at 2^32. */
    readonly initialSequence?: (local: string, guest: string) => number;
}
/** A connection as statistics show it. */
interface TcpConnectionInfo {
    readonly state: TcpState;
    readonly local: string;
    readonly guest: string;
    /** Bytes that the guest has not acknowledged, and that the host's socket has not taken. */
    readonly toGuest: number;
    readonly toHost: number;
}

/**
 * A network for one guest, made of nothing but a program: a router that is also the host's loopback, a DHCP server, a name server, a
 * TFTP server if it is given files, and real TCP and UDP to sockets of the host. It looks like a port of a switch. This file joins the protocols; each has its own.
 *
 * Everything happens inside calls from outside: a frame of the guest, an event of a host socket, an event of the clock. Each of them ends
 * with `#flush`, which hands frames to the guest; a frame that the guest sends from inside such a delivery is taken at once, but what it
 * causes goes out when the delivery is over, so nothing recurses.
 */

interface UserNetworkOptions extends AddressOptions {
    readonly clock: Clock;
    readonly host: HostNetwork;
    /** Largest IP packet in bytes, 576 to 65 535; told to the guest by DHCP. Default 1500. */
    readonly mtu?: number;
    /** The guest reaches nothing but DHCP, DNS if `resolveNames` says so, TFTP if `tftp` is given, and what comes through forwards. Default false. */
    readonly restrict?: boolean;
    /** Whether names are resolved. Default: unless `restrict`. */
    readonly resolveNames?: boolean;
    /** Name that DHCP tells the guest: letters, digits, hyphens and dots, up to 63. Default: none. */
    readonly hostname?: string;
    /**
     * Files that the gateway gives by TFTP at port 69, read-only, also under `restrict`; transfers come from UDP ports 63488 to 63743, which
     * of the host's loopback are then not reached. Default: none, and these ports are the host's like all others.
     */
    readonly tftp?: TftpFiles;
    /** Name of the file that DHCP tells the guest to boot, from TFTP at the gateway: printable ASCII, up to 127. Default: none. */
    readonly bootFile?: string;
    /** For the initial sequence numbers; the same seed and the same input give the same frames. Default 0. */
    readonly seed?: number;
    readonly tcp?: TcpOptions;
}
/** What passed and what is there. */
interface UserNetworkStatistics {
    /** Frames taken from the guest, and frames given to it. */
    readonly transmitted: number;
    readonly received: number;
    readonly dropped: Readonly<DropCounters>;
    readonly connections: readonly TcpConnectionInfo[];
    readonly udpFlows: number;
    readonly tftpTransfers: number;
    readonly leases: readonly string[];
}
/** What every user network takes and gives. */
declare const USER_NETWORK_OFFLOADS: PortOffloads;
declare class UserNetwork implements EthernetPort {
    #private;
    readonly plan: AddressPlan;
    readonly offloads: PortOffloads;
    receiverOffloads: ReceiverOffloads | undefined;
    onReceive: ((frame: Uint8Array, offload?: FrameOffload) => boolean) | undefined;
    /** Never called: a frame is always taken. */
    onWritable: (() => void) | undefined;
    /** @throws ConfigurationError for addresses that do not fit together, an MTU out of range, a hostname or `bootFile` that is none. */
    constructor(options: UserNetworkOptions);
    /** A user network whose forwards are listening. @throws ConfigurationError (rejects) also `port-in-use`, and then nothing listens. */
    static create(options: UserNetworkOptions, forwards?: readonly Forward[]): Promise<UserNetwork>;
    /** Opens a port of the host into the guest; gives where it listens. @throws ConfigurationError (rejects) */
    forward(forward: Forward): Promise<SocketAddress>;
    /** Always takes the frame. */
    transmit(frame: Uint8Array, offload?: FrameOffload): boolean;
    resume(): void;
    /** Ends all connections, listeners and sockets. The port then takes frames and gives none. */
    close(): void;
    statistics(): UserNetworkStatistics;
}

export { USER_NETWORK_OFFLOADS as U, WrappedPort as W, UserNetwork as d, formatIpv4 as g, formatMac as h, parseIpv4 as i, parseForward as p };
export type { AddressOptions as A, DropCounters as D, Forward as F, TcpConnectionInfo as T, AddressPlan as a, TcpOptions as b, TcpState as c, UserNetworkOptions as e, UserNetworkStatistics as f };
