/**
 * Which frames a driver wants to see: receive modes, MAC table and VLANs. [virtio 1.2 §5.1.6.5.1, §5.1.6.5.2, §5.1.6.5.3]
 *
 * Filtering is best effort: where a driver asks for more than fits, everything of that kind passes.
 */
import { ETHERTYPE_VLAN, etherType, readU16, readU48 } from '@paravirt/net-backend/frame';

/** Addresses kept of each half of the MAC table; a longer half lets all its kind pass. */
const MAC_TABLE_ENTRIES = 64;
const VLANS = 4096;

/** The six modes of VIRTIO_NET_CTRL_RX, by command number. */
export type ReceiveMode = 0 | 1 | 2 | 3 | 4 | 5;
const PROMISC = 0;
const ALLMULTI = 1;
const ALLUNI = 2;
const NOMULTI = 3;
const NOUNI = 4;
const NOBCAST = 5;

/** 48 bits of an address as one number. */
export const macNumber = (bytes: Uint8Array, at = 0): number => readU48(bytes, at);
const BROADCAST = 2 ** 48 - 1;

export class ReceiveFilter {
  readonly #modes: Uint8Array = new Uint8Array(6);
  readonly #unicast: Set<number> = new Set();
  readonly #multicast: Set<number> = new Set();
  #allUnicast = false;
  #allMulticast = false;
  readonly #vlans: Uint8Array = new Uint8Array(VLANS);
  #filterVlans = false;

  /** As after reset. Until a driver sets a mode everything passes; VLANs are filtered only if that was negotiated. */
  reset(filterVlans: boolean): void {
    this.#modes.fill(0);
    this.#modes[PROMISC] = 1;
    this.#unicast.clear();
    this.#multicast.clear();
    this.#allUnicast = false;
    this.#allMulticast = false;
    this.#vlans.fill(0);
    this.#filterVlans = filterVlans;
  }

  setMode(mode: ReceiveMode, on: boolean): void {
    this.#modes[mode] = on ? 1 : 0;
  }

  /**
   * Replaces the MAC table by two lists in `table`: each a little-endian count of 32 bits and that many addresses. False, and nothing
   * changed, if the bytes do not add up. [virtio 1.2 §5.1.6.5.2]
   */
  setTable(table: Uint8Array): boolean {
    const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
    if (table.length < 4) return false;
    const unicast = view.getUint32(0, true);
    const second = 4 + 6 * unicast;
    if (second + 4 > table.length) return false;
    const multicast = view.getUint32(second, true);
    if (second + 4 + 6 * multicast > table.length) return false;
    this.#allUnicast = fill(this.#unicast, table, 4, unicast);
    this.#allMulticast = fill(this.#multicast, table, second + 4, multicast);
    return true;
  }

  /** Adds or removes a VLAN; false for an ID of 4096 or more. */
  setVlan(id: number, on: boolean): boolean {
    if (id >= VLANS) return false;
    this.#vlans[id] = on ? 1 : 0;
    return true;
  }

  /** True if the driver wants this frame (of at least 14 bytes); `mac` is the device's own address as `macNumber` gives it. */
  accepts(frame: Uint8Array, mac: number): boolean {
    const modes = this.#modes;
    if (modes[PROMISC] === 1) return true;
    if (this.#filterVlans && etherType(frame) === ETHERTYPE_VLAN && this.#vlans[readU16(frame, 14) & 0xfff] === 0) return false;
    const target = macNumber(frame);
    if (target === BROADCAST) return modes[NOBCAST] === 0;
    if (((frame[0] ?? 0) & 1) === 1) {
      if (modes[NOMULTI] === 1) return false;
      return modes[ALLMULTI] === 1 || this.#allMulticast || this.#multicast.has(target);
    }
    if (modes[NOUNI] === 1) return false;
    return modes[ALLUNI] === 1 || this.#allUnicast || target === mac || this.#unicast.has(target);
  }
}

/** Replaces the contents of a set; true if there are more addresses than it may hold. */
function fill(set: Set<number>, table: Uint8Array, start: number, count: number): boolean {
  set.clear();
  if (count > MAC_TABLE_ENTRIES) return true;
  for (let i = 0; i < count; i++) set.add(macNumber(table, start + 6 * i));
  return false;
}
