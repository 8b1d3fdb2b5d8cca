/**
 * The host's side of a user network, as an interface: TCP, UDP and names. `@paravirt/net-backend/node` implements it on sockets,
 * `@paravirt/net-backend/testing` in memory; a browser would on a relay.
 *
 * Rule for implementers: no event is delivered from inside a call of this interface, and none after `reset` or `close`. Events are plain
 * calls in the order in which things happened; the network answers them at once, so whoever delivers them decides when time passes.
 */
/** Dotted IPv4 address and port. */
interface SocketAddress {
    readonly address: string;
    readonly port: number;
}
/** Why a connection is gone. */
type HostTcpFailure = 'refused' | 'unreachable' | 'timeout' | 'reset';
/** What a host socket tells the network. */
interface HostTcpEvents {
    /** The connection that `connectTcp` asked for stands. Not for accepted sockets. */
    onConnect(): void;
    /** Bytes from the peer, one or more; the array is the network's from then on and must not be changed any more. */
    onData(bytes: Uint8Array): void;
    /** The peer sends no more. */
    onEnd(): void;
    /** `bufferedAmount` has become smaller. */
    onWritten(): void;
    /** The socket is gone: with a reason, or without one after both directions have ended in order. Last event. */
    onClose(failure?: HostTcpFailure): void;
}
/** A TCP connection of the host. It begins paused. */
interface HostTcpSocket {
    /** Takes all bytes; they are the caller's again when the call returns. */
    write(bytes: Uint8Array): void;
    /** Bytes taken by `write` that the operating system has not taken yet. The network stops the guest by it. */
    readonly bufferedAmount: number;
    /** Sends no more after what was written. */
    end(): void;
    /** No `onData` or `onEnd` until `resume`; the peer is held by the window of the host's TCP. */
    pause(): void;
    resume(): void;
    /** Drops the connection, with RST where the host can. Idempotent. */
    reset(): void;
}
interface HostTcpListener {
    /** Where it listens; the port that was chosen if 0 was asked for. */
    readonly address: SocketAddress;
    /** Accepts no more; connections that stand go on. */
    close(): void;
}
interface HostUdpEvents {
    /** A datagram; the bytes are valid during the call. */
    onMessage(bytes: Uint8Array, from: SocketAddress): void;
    /** The socket is gone; last event. */
    onClose(): void;
}
/** An unbound UDP socket of the host. */
interface HostUdpSocket {
    /** Sends, or drops silently as UDP does. The bytes are the caller's again when the call returns. */
    send(bytes: Uint8Array, to: SocketAddress): void;
    close(): void;
}
/** What a name is asked for. */
interface DnsQuestion {
    /** Labels joined by dots, without the root's; escaped as in [RFC 1035 §5.1] where a label has dots or unprintable bytes. */
    readonly name: string;
    /** TYPE as a number: A 1, AAAA 28 … [RFC 1035 §3.2.2]. */
    readonly type: number;
}
interface DnsRecord {
    readonly name: string;
    readonly type: number;
    /** Seconds. */
    readonly ttl: number;
    /** RDATA without name compression. */
    readonly data: Uint8Array;
}
interface DnsAnswer {
    /** RCODE [RFC 1035 §4.1.1]: 0 no error, 2 server failure, 3 name error, 4 not implemented, 5 refused. */
    readonly code: number;
    readonly records: readonly DnsRecord[];
}
interface HostNetwork {
    /** Begins to connect; `onConnect` or `onClose` tells how it went. */
    connectTcp(to: SocketAddress, events: HostTcpEvents): HostTcpSocket;
    /**
     * Listens. `accept` is called for each connection and gives what takes its events.
     * @throws ConfigurationError (rejects) `port-in-use`, `bad-address` or `port-forbidden`.
     */
    listenTcp(at: SocketAddress, accept: (socket: HostTcpSocket, peer: SocketAddress) => HostTcpEvents): Promise<HostTcpListener>;
    openUdp(events: HostUdpEvents): HostUdpSocket;
    /** Asks for a name; `answer` is called once, later, unless the network was closed. */
    resolve(question: DnsQuestion, answer: (answer: DnsAnswer) => void): void;
}

/**
 * The TFTP server [RFC 1350], for guests that boot from the network: it only reads, from files that its user gives it. Options are block
 * size [RFC 2348], timeout and transfer size [RFC 2349]. Every transfer goes in lockstep from a port of its own, the transfer identifier;
 * the ports lie together, so that none of the host's loopback is hidden beside them.
 *
 * Only the mode "octet" is spoken: files are given as they are, and "netascii", in which line ends are changed, is refused with error 4
 * rather than answered with a file that the client would then change.
 */

/** The files of a TFTP server. */
interface TftpFiles {
    /**
     * The whole file, which is not changed while it is sent; undefined: there is none. It answers at once and does not throw. The name is
     * relative: parts of printable ASCII between single slashes, none of them empty, `.` or `..`, without backslash, not begun by a drive.
     */
    read(name: string): Uint8Array | undefined;
}

export type { DnsAnswer as D, HostNetwork as H, SocketAddress as S, TftpFiles as T, DnsQuestion as a, DnsRecord as b, HostTcpEvents as c, HostTcpFailure as d, HostTcpListener as e, HostTcpSocket as f, HostUdpEvents as g, HostUdpSocket as h };
