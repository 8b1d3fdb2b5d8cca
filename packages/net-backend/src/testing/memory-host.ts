/**
 * A host in memory, for tests of the user network: servers are functions, clients are made by the test, time is the clock's. Events are
 * delivered from the clock at the present time, in order, as the rule of `HostNetwork` wants.
 */
import { type Clock, ConfigurationError } from '@paravirt/bus';
import type {
  DnsAnswer,
  DnsQuestion,
  HostNetwork,
  HostTcpEvents,
  HostTcpFailure,
  HostTcpListener,
  HostTcpSocket,
  HostUdpEvents,
  HostUdpSocket,
  SocketAddress,
} from '../user-network/host-network.ts';

/** The peer's end of a connection of the host: what a server accepts, or what a client of a forward holds. */
export class MemoryPeer {
  readonly #defer: (run: () => void) => void;
  /** Bytes that the guest's side wrote and this end has read. */
  readonly received: Uint8Array[] = [];
  #unread: Uint8Array[] = [];
  #unreadBytes = 0;
  /** Whether this end reads; if not, what is written to it stays in the buffer of the host's socket. */
  #reading = true;
  /** What waits for the network to resume. */
  #outgoing: Uint8Array[] = [];
  #endQueued = false;
  #endTold = false;
  #flowing = false;
  #events: HostTcpEvents | undefined = undefined;
  /** The network's side has ended, or the connection was reset from there. */
  ended = false;
  wasReset = false;
  closed = false;
  /** Called for each piece that is read. */
  onData: ((bytes: Uint8Array) => void) | undefined = undefined;
  onEnd: (() => void) | undefined = undefined;
  /** The network's side of it. */
  readonly socket: HostTcpSocket;

  constructor(defer: (run: () => void) => void) {
    this.#defer = defer;
    const peer = this;
    this.socket = {
      write: (bytes) => peer.#write(bytes),
      get bufferedAmount(): number {
        return peer.#unreadBytes;
      },
      end: () => {
        peer.ended = true;
        peer.#defer(() => {
          peer.onEnd?.();
          peer.#finish();
        });
      },
      pause: () => {
        peer.#flowing = false;
      },
      resume: () => {
        peer.#flowing = true;
        peer.#defer(() => peer.#flow());
      },
      reset: () => {
        if (!peer.closed) peer.wasReset = true;
        peer.closed = true;
        peer.#events = undefined;
      },
    };
  }

  /** Joins it with the network; done by the host. */
  join(events: HostTcpEvents): void {
    this.#events = events;
    this.#defer(() => this.#flow());
  }

  /** All that was read, in one. */
  get bytes(): Uint8Array {
    const all = new Uint8Array(this.received.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of this.received) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  /** Bytes that the network wrote and this end has not read. */
  get unread(): number {
    return this.#unreadBytes;
  }

  /** Bytes that wait because the network has paused the socket. */
  get backlog(): number {
    return this.#outgoing.reduce((sum, part) => sum + part.length, 0);
  }

  /** Sends to the guest; the bytes are copied, in chunks of at most 64 KiB. */
  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += 65_536) this.#outgoing.push(bytes.slice(at, at + 65_536));
    this.#defer(() => this.#flow());
  }

  /** Sends no more. */
  end(): void {
    this.#endQueued = true;
    this.#defer(() => this.#flow());
  }

  /** Breaks the connection. */
  fail(failure: HostTcpFailure): void {
    this.#defer(() => {
      const events = this.#events;
      this.closed = true;
      this.#events = undefined;
      events?.onClose(failure);
    });
  }

  /** Stops reading: what the guest sends fills the buffers, until its window is closed. */
  stopReading(): void {
    this.#reading = false;
  }

  /** Reads what waits, at most `limit` bytes, and goes on reading if all was read. */
  startReading(limit: number = Number.POSITIVE_INFINITY): void {
    let left = limit;
    while (left > 0) {
      const next = this.#unread[0];
      if (next === undefined) {
        this.#reading = true;
        break;
      }
      const part = next.subarray(0, Math.min(left, next.length));
      if (part.length === next.length) this.#unread.shift();
      else this.#unread[0] = next.subarray(part.length);
      left -= part.length;
      this.#unreadBytes -= part.length;
      this.received.push(part);
      this.onData?.(part);
    }
    this.#defer(() => this.#events?.onWritten());
  }

  #write(bytes: Uint8Array): void {
    if (this.closed) return;
    this.#unread.push(bytes.slice());
    this.#unreadBytes += bytes.length;
    if (this.#reading) {
      this.#defer(() => {
        if (this.#reading && this.#unreadBytes > 0) this.startReading();
      });
    }
  }

  #flow(): void {
    while (this.#flowing && this.#events !== undefined) {
      const next = this.#outgoing.shift();
      if (next === undefined) {
        if (this.#endQueued && !this.#endTold) {
          this.#endTold = true;
          this.#events.onEnd();
        }
        this.#finish();
        return;
      }
      this.#events.onData(next);
    }
  }

  #finish(): void {
    if (!this.ended || !this.#endTold || this.closed) return;
    this.closed = true;
    const events = this.#events;
    this.#events = undefined;
    events?.onClose();
  }
}

/** What a server does with a new connection. */
export type MemoryServer = (peer: MemoryPeer, target: SocketAddress) => void;

export class MemoryHost implements HostNetwork {
  readonly #clock: Clock;
  readonly #servers = new Map<string, MemoryServer>();
  readonly #listeners = new Map<string, (socket: HostTcpSocket, peer: SocketAddress) => HostTcpEvents>();
  /** Every connection that was asked for, in order. */
  readonly connects: SocketAddress[] = [];
  /** Every UDP datagram that left, in order. */
  readonly datagrams: { bytes: Uint8Array; to: SocketAddress; reply: (bytes: Uint8Array, from?: SocketAddress) => void }[] = [];
  /** Sockets of UDP that are open. */
  udpSockets = 0;
  /** Answers a name; default: name error. */
  names: (question: DnsQuestion) => DnsAnswer = () => ({ code: 3, records: [] });
  /** What happens to connections to nobody: a failure, or `hang` for an answer that never comes. */
  otherwise: HostTcpFailure | 'hang' = 'refused';

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Serves connections to `address:port` from now on. */
  serve(address: string, port: number, server: MemoryServer): void {
    this.#servers.set(`${address}:${port}`, server);
  }

  /** Connects as a client of the host would to a forward; undefined if nobody listens there. */
  connectAsClient(address: string, port: number): MemoryPeer | undefined {
    const accept = this.#listeners.get(`${address}:${port}`);
    if (accept === undefined) return undefined;
    const peer = new MemoryPeer(this.#defer);
    peer.join(accept(peer.socket, { address: '127.0.0.1', port: 40_000 }));
    return peer;
  }

  connectTcp(to: SocketAddress, events: HostTcpEvents): HostTcpSocket {
    this.connects.push(to);
    const peer = new MemoryPeer(this.#defer);
    this.#defer(() => {
      if (peer.closed) return;
      const server = this.#servers.get(`${to.address}:${to.port}`);
      if (server !== undefined) {
        peer.join(events);
        events.onConnect();
        server(peer, to);
      } else if (this.otherwise !== 'hang') events.onClose(this.otherwise);
    });
    return peer.socket;
  }

  listenTcp(at: SocketAddress, accept: (socket: HostTcpSocket, peer: SocketAddress) => HostTcpEvents): Promise<HostTcpListener> {
    const key = `${at.address}:${at.port}`;
    if (this.#listeners.has(key)) return Promise.reject(new ConfigurationError('port-in-use', `Cannot listen on ${key}: in use`, at));
    this.#listeners.set(key, accept);
    return Promise.resolve({ address: at, close: () => void this.#listeners.delete(key) });
  }

  openUdp(events: HostUdpEvents): HostUdpSocket {
    let open = true;
    this.udpSockets++;
    return {
      send: (bytes, to) => {
        const reply = (answer: Uint8Array, from: SocketAddress = to): void =>
          this.#defer(() => {
            if (open) events.onMessage(answer, from);
          });
        this.datagrams.push({ bytes: bytes.slice(), to, reply });
      },
      close: () => {
        if (open) this.udpSockets--;
        open = false;
      },
    };
  }

  resolve(question: DnsQuestion, answer: (answer: DnsAnswer) => void): void {
    this.#defer(() => answer(this.names(question)));
  }

  readonly #defer = (run: () => void): void => {
    this.#clock.schedule(this.#clock.now(), run);
  };
}
