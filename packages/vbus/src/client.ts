/**
 * One client of one bus, whatever wire it is on: the verbs DEVOPEN, DEVCLOSE, DEVCALL and DEVSHM with their arguments decoded, the handles
 * it holds, and the doorbells between it and its devices. [vbus PCI-2, vbus_client] A connector drives it; bus-call.ts decodes.
 *
 * Everything a client names is looked up in tables of its own: a handle of another client, an old or a made-up one is −ENOENT. Handles
 * are numbers mixed from a counter; no address of the host is in them.
 */
import type { TraceSink } from '@paravirt/bus';
import { VBUS_EVENT_PRIO, VBUS_PRIORITIES } from './abi.ts';
import type { BusDevice, Vbus } from './bus.ts';
import { OpenDevice, type SignalSlot } from './connection.ts';
import { E2BIG, EEXIST, EFAULT, EINVAL, ENODEV, ENOENT, ENOMEM, ENOSPC } from './errno.ts';
import type { EventSink } from './event-queue.ts';
import type { ClientMemory, SharedRegion } from './shared-region.ts';
import { isShmSignal, ShmSignal } from './shm-signal.ts';

/** What a client did, for whoever watches. `result` below zero is −errno. */
export type VbusTrace =
  | { readonly kind: 'devopen'; readonly client: string; readonly id: number; readonly version: number; readonly result: number }
  | { readonly kind: 'devclose'; readonly client: string; readonly id: number }
  | { readonly kind: 'devcall'; readonly client: string; readonly id: number; readonly func: number; readonly result: number }
  | { readonly kind: 'devshm'; readonly client: string; readonly id: number; readonly shm: number; readonly result: number }
  | { readonly kind: 'bad-handle'; readonly client: string; readonly handle: bigint }
  | { readonly kind: 'bad-signal'; readonly client: string; readonly handle: number };

export interface VbusClientOptions {
  readonly bus: Vbus;
  readonly memory: ClientMemory;
  /** Runs something soon, after the present call. */
  readonly defer: (run: () => void) => void;
  /** Where the client hears of devices and signals: an `EventQueue`, which may be opened later. */
  readonly events: EventSink;
  /** Its name among the members of the bus, which has no other of it at the same time. Default: `client`, numbered. */
  readonly name?: string;
  readonly trace?: TraceSink<VbusTrace> | undefined;
}

/** Where the doorbell lies in the memory of DEVSHM, its priority, and the client's name for it. */
export interface SignalRequest {
  readonly offset: number;
  readonly prio: number;
  readonly cookie: bigint;
}

/** Counted since the client was made. */
export interface ClientCounters {
  opens: number;
  closes: number;
  calls: number;
  shms: number;
  /** Calls of all kinds that were refused before the device saw them. */
  refused: number;
  /** Doorbells that the client rang. */
  signals: number;
  /** Those that name nothing. */
  strays: number;
}

/** Bytes of a DEVCALL at most. */
export const MAX_CALL_LENGTH = 65_536;
/** Bytes of a DEVSHM at most: 512 pages, as the original's. */
export const MAX_SHM_LENGTH: number = 512 * 4096;
/** Devices that a client may have open. */
const MAX_OPEN = 1024;
/** Pieces of memory that it may give to one device. */
const MAX_SHMS = 256;
/** Doorbells that it may have in all, those included of which it was not yet told that they are closed. */
const MAX_SIGNALS = 1024;

/** Handles of different clients have little in common. */
const HANDLE_STEP = 0x9e37_79b9_7f4a_7c15n;
const HANDLE_START = 0x6a09_e667_f3bc_c908n;
const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);

/** One-to-one on 64-bit numbers, so that handles are unique; neighbours end up far apart. */
function mix(value: bigint): bigint {
  let x = u64(value);
  x = u64((x ^ (x >> 30n)) * 0xbf58_476d_1ce4_e5b9n);
  x = u64((x ^ (x >> 27n)) * 0x94d0_49bb_1331_11ebn);
  return x ^ (x >> 31n);
}

export class VbusClient {
  readonly name: string;
  readonly bus: Vbus;
  readonly memory: ClientMemory;
  readonly counters: ClientCounters = { opens: 0, closes: 0, calls: 0, shms: 0, refused: 0, signals: 0, strays: 0 };
  readonly #defer: (run: () => void) => void;
  readonly #events: EventSink;
  readonly #trace: TraceSink<VbusTrace> | undefined;
  readonly #open: Map<bigint, OpenDevice> = new Map();
  readonly #slots: (SignalSlot | undefined)[] = [];
  readonly #leave: () => void;
  #handles = HANDLE_START;
  #ready = false;

  constructor(options: VbusClientOptions) {
    const { bus } = options;
    this.bus = bus;
    this.memory = options.memory;
    this.#defer = options.defer;
    this.#events = options.events;
    this.#trace = options.trace;
    this.name = freeName(bus.members, options.name ?? 'client');
    for (const character of this.name) this.#handles = mix(this.#handles + BigInt(character.charCodeAt(0)));
    bus.members.add(this.name);
    const unsubscribe = bus.subscribe({ added: (entry) => this.#added(entry), dropped: (entry) => this.#dropped(entry) });
    this.#leave = () => {
      unsubscribe();
      bus.members.delete(this.name);
    };
  }

  /** Handles that are open. */
  get openCount(): number {
    return this.#open.size;
  }

  /** Doorbells that exist. */
  get signalCount(): number {
    return this.#slots.reduce((sum, slot) => sum + (slot === undefined ? 0 : 1), 0);
  }

  /** READY: the client hears of every device on the bus, and from now on of all that come and go. [vbus PCI-2, guest side] */
  ready(): void {
    if (this.#ready) return;
    this.#ready = true;
    for (const entry of this.bus.devices.values()) this.#added(entry);
  }

  /** DEVOPEN: a handle, or −errno as a number. −ENOENT: no such id on this bus; −ENOMEM: too many are open; as the device says. */
  deviceOpen(id: number, version: number): bigint | number {
    const handle = this.#openDevice(id, version);
    const result = typeof handle === 'number' ? handle : 0;
    this.#trace?.({ kind: 'devopen', client: this.name, id, version, result });
    return handle;
  }

  /** DEVCLOSE: the device lets go of all memory; for each doorbell the client hears SHMCLOSE. −ENOENT. */
  deviceClose(handle: bigint): number {
    const open = this.#lookUp(handle);
    if (open === undefined) return -ENOENT;
    this.counters.closes++;
    this.#open.delete(handle);
    open.close();
    for (const slot of open.signals) this.#closeSlot(slot);
    this.#trace?.({ kind: 'devclose', client: this.name, id: open.entry.id });
    return 0;
  }

  /**
   * DEVCALL: the device's answer. `length` bytes at `address` go to the device and back. −ENOENT; −ENODEV: the device was unlinked;
   * −E2BIG: more than 64 KiB; −EFAULT: not memory.
   */
  deviceCall(handle: bigint, func: number, address: number, length: number, flags: number): number {
    const open = this.#lookUp(handle);
    if (open === undefined) return -ENOENT;
    const result = this.#callDevice(open, func, address, length, flags);
    this.#trace?.({ kind: 'devcall', client: this.name, id: open.entry.id, func, result });
    return result;
  }

  /**
   * DEVSHM: gives memory to the device until DEVCLOSE. The number of its doorbell, 0 without one. −ENOENT; −ENODEV: the device was
   * unlinked; −EEXIST: it has memory `id`; −EINVAL: no bytes, a flag, a doorbell that is none; −E2BIG: more than 512 pages; −EFAULT: not
   * in one piece of memory; −ENOSPC: too many pieces or doorbells; as the device says.
   */
  deviceShm(handle: bigint, id: number, flags: number, address: number, length: number, signal: SignalRequest | undefined): number {
    const open = this.#lookUp(handle);
    if (open === undefined) return -ENOENT;
    const result = this.#giveShm(open, id, flags, address, length, signal);
    this.#trace?.({ kind: 'devshm', client: this.name, id: open.entry.id, shm: id, result });
    return result;
  }

  /** The client rang doorbell `handle`. */
  signal(handle: number): void {
    this.counters.signals++;
    const slot = this.#slots[handle];
    if (slot !== undefined && !slot.signal.closed) {
      slot.signal.wakeup();
      return;
    }
    this.counters.strays++;
    this.#trace?.({ kind: 'bad-signal', client: this.name, handle });
  }

  /** The client starts anew: every handle, memory and doorbell is gone, and it is not READY. Reset its events as well, after this. */
  reset(): void {
    this.#ready = false;
    for (const open of this.#open.values()) open.close();
    this.#open.clear();
    this.#slots.length = 0;
  }

  /** Reset, and off the bus for good. */
  close(): void {
    this.reset();
    this.#leave();
  }

  #added(entry: BusDevice): void {
    if (this.#ready) this.#events.post({ kind: 'devadd', id: entry.id, type: entry.interface.type }, VBUS_EVENT_PRIO);
  }

  #dropped(entry: BusDevice): void {
    for (const open of this.#open.values()) if (open.entry === entry) open.close();
    if (this.#ready) this.#events.post({ kind: 'devdrop', id: entry.id }, VBUS_EVENT_PRIO);
  }

  #lookUp(handle: bigint): OpenDevice | undefined {
    const open = this.#open.get(handle);
    if (open === undefined) {
      this.counters.refused++;
      this.#trace?.({ kind: 'bad-handle', client: this.name, handle });
    }
    return open;
  }

  #refuse(errno: number): number {
    this.counters.refused++;
    return -errno;
  }

  #openDevice(id: number, version: number): bigint | number {
    const entry = this.bus.devices.get(id);
    if (entry === undefined) return this.#refuse(ENOENT);
    if (this.#open.size >= MAX_OPEN) return this.#refuse(ENOMEM);
    const connection = entry.interface.connect({ memory: this.memory, version, defer: this.#defer });
    if (typeof connection === 'number') return connection < 0 ? connection : -EINVAL;
    this.counters.opens++;
    this.#handles = u64(this.#handles + HANDLE_STEP);
    const handle = mix(this.#handles);
    this.#open.set(handle, new OpenDevice(entry, connection));
    return handle;
  }

  #callDevice(open: OpenDevice, func: number, address: number, length: number, flags: number): number {
    const { connection } = open;
    if (connection === undefined) return this.#refuse(ENODEV);
    if (length > MAX_CALL_LENGTH) return this.#refuse(E2BIG);
    if (length > 0 && !this.memory.contains(address, length)) return this.#refuse(EFAULT);
    const data = new Uint8Array(length);
    if (length > 0) this.memory.read(address, data);
    this.counters.calls++;
    const result = connection.call(func, data, flags);
    if (result >= 0 && length > 0) this.memory.write(address, data);
    return result;
  }

  #giveShm(open: OpenDevice, id: number, flags: number, address: number, length: number, request: SignalRequest | undefined): number {
    const { connection } = open;
    if (connection === undefined) return this.#refuse(ENODEV);
    if (length === 0 || flags !== 0) return this.#refuse(EINVAL);
    if (open.hasShm(id)) return this.#refuse(EEXIST);
    if (length > MAX_SHM_LENGTH) return this.#refuse(E2BIG);
    if (open.shmCount >= MAX_SHMS) return this.#refuse(ENOSPC);
    const region = this.memory.map(address, length);
    if (region === undefined) return this.#refuse(EFAULT);
    const slot = request === undefined ? undefined : this.#attachSignal(region, request, open.entry.id);
    if (typeof slot === 'number') return this.#refuse(-slot);
    const result = connection.shm(id, 0, region, slot?.signal);
    // What the device did with it may have led to its being closed or unplugged.
    if (result < 0 || open.connection === undefined) {
      slot?.signal.close();
      if (slot !== undefined) this.#freeSlot(slot);
      return result < 0 ? result : -ENODEV;
    }
    this.counters.shms++;
    open.keep(id, slot);
    return slot?.handle ?? 0;
  }

  #attachSignal(region: SharedRegion, { offset, prio, cookie }: SignalRequest, device: number): SignalSlot | number {
    if (!isShmSignal(region, offset)) return -EINVAL;
    let handle = this.#slots.indexOf(undefined);
    if (handle < 0) handle = this.#slots.length;
    if (handle >= MAX_SIGNALS) return -ENOSPC;
    const level = Math.min(prio, VBUS_PRIORITIES - 1);
    const ring = (): void => this.#events.post({ kind: 'shmsignal', handle, cookie, device }, level);
    const signal = new ShmSignal({ region, offset, side: 'south', ring, defer: this.#defer });
    const slot = { handle, signal, cookie, prio: level };
    this.#slots[handle] = slot;
    return slot;
  }

  /** Its number is free again when the client can see that it is closed: so many closings wait at most. */
  #closeSlot(slot: SignalSlot): void {
    this.#events.post({ kind: 'shmclose', handle: slot.handle, cookie: slot.cookie }, slot.prio, () => this.#freeSlot(slot));
  }

  #freeSlot(slot: SignalSlot): void {
    if (this.#slots[slot.handle] === slot) this.#slots[slot.handle] = undefined;
  }
}

function freeName(taken: ReadonlySet<string>, wanted: string): string {
  if (!taken.has(wanted)) return wanted;
  let number = 1;
  while (taken.has(`${wanted}-${number}`)) number++;
  return `${wanted}-${number}`;
}
