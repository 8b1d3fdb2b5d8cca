/**
 * All TCP connections of a user network: which segment belongs to which, what begins a new one, and how many there may be. Connections
 * that have something to send stand in a line, so that each has its turn when the card takes frames again.
 */
import { type Clock, ConfigurationError } from '@paravirt/bus';
import { type AddressPlan, formatIpv4 } from '../address.ts';
import type { DropCounters } from '../counters.ts';
import { nowNs } from '../deadline.ts';
import type { HostTcpEvents, HostTcpSocket } from '../host-network.ts';
import { IPV4_HEADER, type Ipv4Packet } from '../ipv4.ts';
import { Connection } from './connection.ts';
import type { ConnectionContext } from './connection-context.ts';
import { ACK, parseSegment, RST, type Segment, SYN, TCP_HEADER } from './segment.ts';
import type { Endpoints, SegmentOutput } from './segment-output.ts';
import type { TcpState } from './state.ts';

/** Limits and choices of the TCP side. Sizes in bytes. */
export interface TcpOptions {
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

export interface TcpStackOptions extends TcpOptions {
  readonly plan: AddressPlan;
  readonly clock: Clock;
  readonly dropped: DropCounters;
  readonly output: SegmentOutput;
  readonly mtu: number;
  readonly seed: number;
  readonly resolve: (address: number) => number | undefined;
  readonly flush: () => void;
  /** Begins to connect to the world; undefined: forbidden or nobody's address. */
  readonly connect: (address: number, port: number, events: HostTcpEvents) => HostTcpSocket | undefined;
  /** Tells the guest by ICMP that a host cannot be reached; the bytes are the IP header and 8 bytes of the SYN. */
  readonly unreachable: (to: number, original: Uint8Array) => void;
}

/** A connection as statistics show it. */
export interface TcpConnectionInfo {
  readonly state: TcpState;
  readonly local: string;
  readonly guest: string;
  /** Bytes that the guest has not acknowledged, and that the host's socket has not taken. */
  readonly toGuest: number;
  readonly toHost: number;
}

/** First port of those that are made up [RFC 6335 §6]. */
const EPHEMERAL = 0xc000;
const KIBI = 1024;

const endpoint = (address: number, port: number): string => `${formatIpv4(address)}:${port}`;

export class TcpStack {
  readonly #options: TcpStackOptions;
  readonly #context: ConnectionContext;
  readonly #maxConnections: number;
  readonly #maxOpening: number;
  readonly #maxTimeWait: number;
  /** By our end, then by the guest's: address · 2^16 + port. */
  readonly #connections = new Map<number, Map<number, Connection>>();
  #count = 0;
  /** Not established yet. */
  readonly #opening = new Set<Connection>();
  readonly #timeWait = new Set<Connection>();
  /** What an ICMP error about the SYN of an opening connection would repeat. */
  readonly #syns = new Map<Connection, Uint8Array>();
  /** Those that have something to send, first come first served. */
  readonly #ready: Connection[] = [];
  #last: Connection | undefined = undefined;
  #nextPort = EPHEMERAL;

  /** @throws ConfigurationError for a limit that is no positive integer. */
  constructor(options: TcpStackOptions) {
    for (const name of ['maxConnections', 'maxOpening', 'maxTimeWait', 'receiveBuffer', 'sendBuffer', 'totalSendBuffer'] as const) {
      const value = options[name] ?? 1;
      if (!Number.isSafeInteger(value) || value < 1)
        throw new ConfigurationError('bad-option', `${name} must be a positive integer`, value);
    }
    this.#options = options;
    this.#maxConnections = options.maxConnections ?? 4096;
    this.#maxOpening = options.maxOpening ?? 1024;
    this.#maxTimeWait = options.maxTimeWait ?? 512;
    const sendBuffer = Math.max(options.sendBuffer ?? KIBI * KIBI, 64 * KIBI);
    const total = options.totalSendBuffer ?? 64 * KIBI * KIBI;
    this.#context = {
      clock: options.clock,
      output: options.output,
      mss: options.mtu - IPV4_HEADER - TCP_HEADER,
      receiveLimit: Math.max(options.receiveBuffer ?? 256 * KIBI, 64 * KIBI),
      sendLimit: () => Math.max(16 * KIBI, Math.min(sendBuffer, total / this.#count)),
      resolve: options.resolve,
      ready: (connection) => this.#enqueue(connection),
      flush: options.flush,
      established: (connection) => {
        this.#opening.delete(connection);
        this.#syns.delete(connection);
      },
      waiting: (connection) => this.#enterTimeWait(connection),
      gone: (connection) => this.#remove(connection),
      unreachable: (connection) => {
        const syn = this.#syns.get(connection);
        if (syn) options.unreachable(connection.ends.guest, syn);
        return syn !== undefined;
      },
    };
  }

  /** All connections, for statistics. */
  list(): TcpConnectionInfo[] {
    const all: TcpConnectionInfo[] = [];
    for (const peers of this.#connections.values()) {
      for (const { state, ends, buffered } of peers.values()) {
        all.push({ state, local: endpoint(ends.local, ends.localPort), guest: endpoint(ends.guest, ends.guestPort), ...buffered });
      }
    }
    return all;
  }

  /** A packet of the guest; `mac` is who sent it. */
  input(packet: Ipv4Packet, mac: number): void {
    const segment = parseSegment(packet);
    if (segment === undefined) {
      this.#options.dropped.tcp++;
      return;
    }
    const connection = this.#find(segment.destination, segment.destinationPort, segment.source, segment.sourcePort);
    if (connection !== undefined) {
      if (!connection.yieldsTo(segment)) {
        connection.input(segment);
        return;
      }
      connection.discard();
    }
    if ((segment.flags & (SYN | ACK | RST)) === SYN) this.#open(segment, packet, mac);
    else this.#options.output.refuse(segment, mac);
  }

  /**
   * A client of the host wants a port of the guest. Gives what takes the socket's events; undefined when there is no room, and then the
   * socket was reset.
   */
  openActive(socket: HostTcpSocket, guest: number, guestPort: number): Connection | undefined {
    const local = this.#options.plan.gateway;
    const localPort = this.#ephemeralPort(local, guest, guestPort);
    if (localPort === undefined || !this.#makeRoom()) {
      socket.reset();
      return undefined;
    }
    const connection = this.#create({ local, localPort, guest, guestPort }, 'SYN-SENT');
    connection.attach(socket);
    connection.openActive();
    return connection;
  }

  /** The guest's address has become known, or has moved: whoever waits for it tries again. */
  learned(address: number): void {
    for (const connection of this.#opening) if (connection.ends.guest === address) this.#enqueue(connection);
  }

  /** Lets the first in line send. `refused`: the card takes no more and it keeps its place; `idle`: nobody is in line. */
  sendNext(): 'sent' | 'refused' | 'idle' {
    const connection = this.#ready.shift();
    if (connection === undefined) return 'idle';
    connection.queued = false; // what the guest answers meanwhile may put it in line again
    const result = connection.send();
    if (result === 'refused') {
      if (!connection.queued) this.#ready.unshift(connection);
      connection.queued = true;
      return 'refused';
    }
    if (result === 'more') this.#enqueue(connection);
    return 'sent';
  }

  /** Ends all connections with RST, on both sides. */
  close(): void {
    for (const peers of [...this.#connections.values()]) for (const connection of [...peers.values()]) connection.abort();
    this.#ready.length = 0;
  }

  /** A SYN for a new connection: nothing is answered before the host has connected. */
  #open(segment: Segment, packet: Ipv4Packet, mac: number): void {
    const { dropped, connect, output } = this.#options;
    if (this.#opening.size >= this.#maxOpening || !this.#makeRoom()) {
      dropped.tcp++; // the guest will try again
      return;
    }
    const ends: Endpoints = {
      local: segment.destination,
      localPort: segment.destinationPort,
      guest: segment.source,
      guestPort: segment.sourcePort,
    };
    const connection = this.#create(ends, 'CONNECTING');
    connection.openPassive(segment);
    const socket = connect(ends.local, ends.localPort, connection);
    if (socket === undefined) {
      connection.discard();
      output.refuse(segment, mac);
      return;
    }
    connection.attach(socket);
    this.#syns.set(connection, packet.bytes.slice(packet.header, packet.start + 8));
  }

  #create(ends: Endpoints, state: 'CONNECTING' | 'SYN-SENT'): Connection {
    const connection = new Connection(this.#context, ends, this.#initialSequence(ends), state);
    const local = ends.local * 0x1_0000 + ends.localPort;
    let peers = this.#connections.get(local);
    if (peers === undefined) {
      peers = new Map();
      this.#connections.set(local, peers);
    }
    peers.set(ends.guest * 0x1_0000 + ends.guestPort, connection);
    this.#count++;
    this.#opening.add(connection);
    return connection;
  }

  #find(local: number, localPort: number, guest: number, guestPort: number): Connection | undefined {
    const last = this.#last;
    if (last !== undefined) {
      const { ends } = last;
      if (ends.guestPort === guestPort && ends.localPort === localPort && ends.local === local && ends.guest === guest) return last;
    }
    const found = this.#connections.get(local * 0x1_0000 + localPort)?.get(guest * 0x1_0000 + guestPort);
    if (found !== undefined) this.#last = found;
    return found;
  }

  #enqueue(connection: Connection): void {
    if (connection.queued) return;
    connection.queued = true;
    this.#ready.push(connection);
  }

  #remove(connection: Connection): void {
    const { ends } = connection;
    const local = ends.local * 0x1_0000 + ends.localPort;
    const peers = this.#connections.get(local);
    if (peers?.delete(ends.guest * 0x1_0000 + ends.guestPort) === true) this.#count--;
    if (peers?.size === 0) this.#connections.delete(local);
    this.#opening.delete(connection);
    this.#timeWait.delete(connection);
    this.#syns.delete(connection);
    if (this.#last === connection) this.#last = undefined;
  }

  #enterTimeWait(connection: Connection): void {
    this.#timeWait.add(connection);
    if (this.#timeWait.size > this.#maxTimeWait) this.#discardOldest();
  }

  #discardOldest(): boolean {
    for (const oldest of this.#timeWait) {
      oldest.discard();
      return true;
    }
    return false;
  }

  #makeRoom(): boolean {
    return this.#count < this.#maxConnections || this.#discardOldest();
  }

  #ephemeralPort(local: number, guest: number, guestPort: number): number | undefined {
    for (let tries = EPHEMERAL; tries <= 0xffff; tries++) {
      const port = this.#nextPort;
      this.#nextPort = port === 0xffff ? EPHEMERAL : port + 1;
      if (this.#find(local, port, guest, guestPort) === undefined) return port;
    }
    return undefined;
  }

  /**
   * ISN = M + F(ends, seed) [RFC 9293 §3.4.1], M going up every 4 µs. F need not be secret: the one station that could guess it is the
   * guest itself. It is the same in two runs with the same seed.
   */
  #initialSequence(ends: Endpoints): number {
    const { initialSequence, clock, seed } = this.#options;
    if (initialSequence) return initialSequence(endpoint(ends.local, ends.localPort), endpoint(ends.guest, ends.guestPort)) >>> 0;
    let hash = seed | 0;
    for (const word of [ends.local, ends.localPort, ends.guest, ends.guestPort]) {
      hash = Math.imul(hash ^ word, 0x9e37_79b1);
      hash ^= hash >>> 15;
    }
    return (Math.floor(nowNs(clock) / 4000) + hash) >>> 0;
  }
}
