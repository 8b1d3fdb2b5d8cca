/**
 * Address resolution [RFC 826]: answers for our own addresses, and learns where the guest's addresses live. Fields of a request that do
 * not fit together, or that claim an address of ours, are not believed.
 */
import type { Clock } from '@paravirt/bus';
import { readU16, readU32, readU48, writeU16, writeU32, writeU48 } from '../frame/network-order.ts';
import { type AddressPlan, BROADCAST_MAC, isGuestAddress, isUnicastMac } from './address.ts';
import type { DropCounters } from './counters.ts';
import { nowNs, SECOND } from './deadline.ts';
import { ETHERNET_HEADER, ETHERTYPE_ARP, ETHERTYPE_IPV4, sourceMac, writeEthernetHeader } from './ethernet.ts';

/** Bytes of a packet for Ethernet and IPv4. */
const ARP_LENGTH = 28;
const HTYPE_ETHERNET = 1;
const REQUEST = 1;
const REPLY = 2;
/** Stations that are remembered; the one learnt first is forgotten first. */
const MAX_NEIGHBOURS = 256;

export interface ArpOptions {
  readonly plan: AddressPlan;
  readonly clock: Clock;
  readonly dropped: DropCounters;
  /** Sends a frame, which is the callee's. */
  readonly post: (frame: Uint8Array) => void;
  /** An address has become known or has moved. */
  readonly onLearn: (address: number, mac: number) => void;
}

export class Arp {
  readonly #options: ArpOptions;
  readonly #neighbours = new Map<number, number>();
  /** When each address was asked for last: a request a second for each [RFC 1122 §2.3.2.1]. */
  readonly #asked = new Map<number, number>();

  constructor(options: ArpOptions) {
    this.#options = options;
  }

  /** A frame of EtherType 0x0806, whole. */
  input(frame: Uint8Array): void {
    const { plan, dropped } = this.#options;
    const at = ETHERNET_HEADER;
    if (
      frame.length < at + ARP_LENGTH ||
      readU16(frame, at) !== HTYPE_ETHERNET ||
      readU16(frame, at + 2) !== ETHERTYPE_IPV4 ||
      frame[at + 4] !== 6 ||
      frame[at + 5] !== 4
    ) {
      dropped.arp++;
      return;
    }
    const operation = readU16(frame, at + 6);
    const senderMac = readU48(frame, at + 8);
    const sender = readU32(frame, at + 14);
    const target = readU32(frame, at + 24);
    // A sender of 0.0.0.0 is a probe [RFC 5227 §1.1]: answered, not learnt.
    if ((operation !== REQUEST && operation !== REPLY) || senderMac !== sourceMac(frame) || !isUnicastMac(senderMac)) {
      dropped.arp++;
      return;
    }
    if (sender !== 0) {
      if (!isGuestAddress(plan, sender)) {
        dropped.arp++;
        return;
      }
      this.learn(sender, senderMac);
    }
    if (operation === REQUEST && (target === plan.gateway || target === plan.dns)) {
      this.#send(REPLY, target, senderMac, sender, senderMac);
    }
  }

  /** Remembers where an address lives; the caller has checked that it may be a guest's. */
  learn(address: number, mac: number): void {
    if (this.#neighbours.get(address) === mac) return;
    if (!this.#neighbours.has(address) && this.#neighbours.size >= MAX_NEIGHBOURS) {
      for (const oldest of this.#neighbours.keys()) {
        this.#neighbours.delete(oldest);
        break;
      }
    }
    this.#neighbours.set(address, mac);
    this.#asked.delete(address);
    this.#options.onLearn(address, mac);
  }

  /** The station's MAC; undefined if it is not known yet, and then asked for. `onLearn` tells the answer. */
  resolve(address: number): number | undefined {
    const known = this.#neighbours.get(address);
    if (known !== undefined) return known;
    const { plan, clock } = this.#options;
    if (!isGuestAddress(plan, address)) return undefined;
    const now = nowNs(clock);
    if (now - (this.#asked.get(address) ?? Number.NEGATIVE_INFINITY) < SECOND) return undefined;
    if (this.#asked.size >= MAX_NEIGHBOURS) this.#asked.clear();
    this.#asked.set(address, now);
    this.#send(REQUEST, plan.gateway, 0, address, BROADCAST_MAC);
    return undefined;
  }

  #send(operation: number, sender: number, targetMac: number, target: number, destination: number): void {
    const { mac } = this.#options.plan;
    const at = ETHERNET_HEADER;
    const frame = new Uint8Array(at + ARP_LENGTH);
    writeEthernetHeader(frame, destination, mac, ETHERTYPE_ARP);
    writeU16(frame, at, HTYPE_ETHERNET);
    writeU16(frame, at + 2, ETHERTYPE_IPV4);
    frame[at + 4] = 6;
    frame[at + 5] = 4;
    writeU16(frame, at + 6, operation);
    writeU48(frame, at + 8, mac);
    writeU32(frame, at + 14, sender);
    writeU48(frame, at + 18, targetMac);
    writeU32(frame, at + 24, target);
    this.#options.post(frame);
  }
}
