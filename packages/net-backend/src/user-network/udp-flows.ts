/**
 * UDP from the guest to the world [RFC 4787]: one socket of the host for each address and port of the guest, whoever it talks to
 * (endpoint-independent mapping, REQ-1), and only those it has talked to may answer (address-dependent filtering, REQ-8).
 */
import type { Clock } from '@paravirt/bus';
import { type AddressPlan, formatIpv4, parseIpv4 } from './address.ts';
import type { DropCounters } from './counters.ts';
import { Deadline, nowNs, SECOND } from './deadline.ts';
import type { HostNetwork, HostUdpSocket, SocketAddress } from './host-network.ts';
import type { UdpDatagram } from './udp.ts';

/** Flows at one time; the one unused for longest makes room. */
const MAX_FLOWS = 256;
/** Peers of one flow that may answer. */
const MAX_PEERS = 64;
/** How long an unused flow stays [RFC 4787 REQ-5: not below 2 minutes]. */
const IDLE = 120 * SECOND;

interface Flow {
  readonly key: number;
  readonly address: number;
  readonly port: number;
  readonly peers: Set<number>;
  socket: HostUdpSocket | undefined;
  lastUsed: number;
}

export interface UdpFlowsOptions {
  readonly plan: AddressPlan;
  readonly clock: Clock;
  readonly host: Pick<HostNetwork, 'openUdp'>;
  readonly dropped: DropCounters;
  /** Sends to the guest. */
  readonly send: (datagram: UdpDatagram) => void;
}

export class UdpFlows {
  readonly #options: UdpFlowsOptions;
  /** By guest's address and port, the one unused for longest first. */
  readonly #flows = new Map<number, Flow>();
  readonly #idle: Deadline;

  constructor(options: UdpFlowsOptions) {
    this.#options = options;
    this.#idle = new Deadline(options.clock, () => this.#expire());
  }

  get size(): number {
    return this.#flows.size;
  }

  /** A datagram of the guest to the gateway (the host's loopback) or to the world. */
  input(datagram: UdpDatagram): void {
    const { plan } = this.#options;
    const flow = this.#flow(datagram.source, datagram.sourcePort);
    flow.peers.delete(datagram.destination);
    if (flow.peers.size >= MAX_PEERS) {
      for (const oldest of flow.peers) {
        flow.peers.delete(oldest);
        break;
      }
    }
    flow.peers.add(datagram.destination);
    const address = datagram.destination === plan.gateway ? '127.0.0.1' : formatIpv4(datagram.destination);
    flow.socket?.send(datagram.payload, { address, port: datagram.destinationPort });
  }

  /** Closes all sockets. */
  close(): void {
    for (const flow of this.#flows.values()) flow.socket?.close();
    this.#flows.clear();
    this.#idle.cancel();
  }

  #flow(address: number, port: number): Flow {
    const { host, clock } = this.#options;
    const key = address * 0x1_0000 + port;
    const now = nowNs(clock);
    const known = this.#flows.get(key);
    if (known !== undefined) {
      this.#touch(known, now);
      return known;
    }
    if (this.#flows.size >= MAX_FLOWS) {
      for (const oldest of this.#flows.values()) {
        this.#end(oldest);
        break;
      }
    }
    const flow: Flow = { key, address, port, peers: new Set(), socket: undefined, lastUsed: now };
    this.#flows.set(key, flow);
    flow.socket = host.openUdp({
      onMessage: (bytes, from) => this.#answer(flow, bytes, from),
      onClose: () => {
        if (this.#flows.get(key) === flow) this.#flows.delete(key);
      },
    });
    if (!this.#idle.armed) this.#idle.set(now + IDLE);
    return flow;
  }

  #touch(flow: Flow, now: number): void {
    flow.lastUsed = now;
    this.#flows.delete(flow.key);
    this.#flows.set(flow.key, flow);
  }

  #answer(flow: Flow, payload: Uint8Array, from: SocketAddress): void {
    const { plan, send, dropped, clock } = this.#options;
    const parsed = parseIpv4(from.address);
    const source = parsed !== undefined && parsed >>> 24 === 127 ? plan.gateway : parsed;
    if (source === undefined || !flow.peers.has(source) || this.#flows.get(flow.key) !== flow) {
      dropped.udp++;
      return;
    }
    this.#touch(flow, nowNs(clock));
    send({ source, sourcePort: from.port, destination: flow.address, destinationPort: flow.port, payload });
  }

  #end(flow: Flow): void {
    this.#flows.delete(flow.key);
    flow.socket?.close();
  }

  #expire(): void {
    const now = nowNs(this.#options.clock);
    for (const flow of this.#flows.values()) {
      if (flow.lastUsed + IDLE > now) {
        this.#idle.set(flow.lastUsed + IDLE);
        return;
      }
      this.#end(flow);
    }
  }
}
