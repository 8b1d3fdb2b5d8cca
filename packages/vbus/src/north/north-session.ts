/**
 * The north side of one connector: a client of a bus as a guest's bus driver is one, over whatever wire. [vbus PCI-2 §2.3, "Bring-up order"]
 *
 *   const session = new NorthSession({ wire, arena, defer });
 *   session.onAdded = (device) => …;                // { id, type }
 *   session.negotiate();                            // NEGOTIATE
 *   session.register();                             // event ring, QREG: now DEVADDs come
 *   session.interrupt();                            // whenever the wire's interrupt arrives
 *   const device = session.open(id, version);       // DEVOPEN → NorthDevice
 *
 * Memory that the host may still write (a ring of a device whose SHMCLOSE has not come) stays allocated.
 */
import { ConfigurationError } from '@paravirt/bus';
import {
  BRIDGE_NEGOTIATE,
  BRIDGE_QREG,
  DEVOPEN,
  EVENT_HEADER,
  EVENT_SIZE,
  VBUS_BRIDGE_NEGOTIATE,
  VBUS_BRIDGE_QREG,
  VBUS_DEVOPEN,
  VBUS_EVENT_DEVADD,
  VBUS_EVENT_DEVDROP,
  VBUS_EVENT_SHMCLOSE,
  VBUS_EVENT_SHMSIGNAL,
  VBUS_PCI_HC_VERSION,
  VBUS_PCI_MAGIC,
} from '../abi.ts';
import { EIO, ENOMEM } from '../errno.ts';
import { IOQ_SIGNAL_OFFSET, Ioq, ioqLength } from '../ioq.ts';
import type { IoqIterator } from '../ioq-iterator.ts';
import type { SharedRegion } from '../shared-region.ts';
import { ShmSignal } from '../shm-signal.ts';
import type { NorthArena } from './north-arena.ts';
import { NorthDevice } from './north-device.ts';
import type { NorthWire } from './north-wire.ts';

export interface NorthSessionOptions {
  readonly wire: NorthWire;
  readonly arena: NorthArena;
  /** Runs something soon, after the present call (a tasklet). */
  readonly defer: (run: () => void) => void;
  /** Descriptors of the event ring, 1 to 2048. Default: 1024. */
  readonly events?: number;
}

/** A device as DEVADD told of it. */
export interface AddedDevice {
  readonly id: number;
  readonly type: string;
}

/** Events and calls since the session began. */
export interface NorthCounters {
  /** Events of any kind. */
  events: number;
  /** SHMSIGNAL events. */
  signals: number;
  /** Interrupts taken. */
  interrupts: number;
  bridgeCalls: number;
  busCalls: number;
  /** Doorbells of devices that were rung. */
  doorbells: number;
}

/** Memory with a doorbell that the host knows; the key is its cookie. */
interface Lent {
  readonly signal: ShmSignal;
  /** The memory, to be freed when the host has let it go. */
  readonly address: number;
}

/** Events taken before others have a turn. */
const BUDGET = 64;
const EVENTS = 1024;

export class NorthSession {
  readonly arena: NorthArena;
  readonly counters: NorthCounters = { events: 0, signals: 0, interrupts: 0, bridgeCalls: 0, busCalls: 0, doorbells: 0 };
  /** DEVADD and DEVDROP. */
  onAdded: ((device: AddedDevice) => void) | undefined = undefined;
  onDropped: ((id: number) => void) | undefined = undefined;
  /** What the host has said that is there. */
  readonly devices: Map<number, AddedDevice> = new Map();
  readonly #wire: NorthWire;
  readonly #defer: (run: () => void) => void;
  readonly #events: number;
  readonly #lent: Map<bigint, Lent> = new Map();
  #cookie = 1n;
  #signal: ShmSignal | undefined = undefined;
  #iterator: IoqIterator | undefined = undefined;
  #records: SharedRegion | undefined = undefined;
  /** Ring and records. */
  readonly #queue: SharedRegion[] = [];

  constructor(options: NorthSessionOptions) {
    this.arena = options.arena;
    this.#wire = options.wire;
    this.#defer = options.defer;
    this.#events = options.events ?? EVENTS;
    if (!Number.isInteger(this.#events) || this.#events < 1 || this.#events > 2048)
      throw new ConfigurationError('bad-event-ring', `an event ring of ${this.#events} is not within 1 to 2048`, this.#events);
  }

  /** NEGOTIATE: the host forgets what a client before this one set up. 0, or −errno; −EIO: it speaks another version. */
  negotiate(): number {
    const { offset } = BRIDGE_NEGOTIATE;
    const result = this.#with(BRIDGE_NEGOTIATE.size, (at) => {
      const { memory } = this.arena;
      memory.writeU32(at + offset.magic, VBUS_PCI_MAGIC);
      memory.writeU32(at + offset.version, VBUS_PCI_HC_VERSION);
      return this.bridgeCall(VBUS_BRIDGE_NEGOTIATE, at, BRIDGE_NEGOTIATE.size);
    });
    if (result < 0) return result;
    this.#begin();
    return result === VBUS_PCI_HC_VERSION ? 0 : -EIO;
  }

  /** Builds the event ring and names it to the host: 0, or −errno. Events come from within this call on. */
  register(): number {
    const count = this.#events;
    const ring = this.arena.region(ioqLength(count));
    const records = this.arena.region(count * EVENT_SIZE);
    if (ring === undefined || records === undefined) return -ENOMEM;
    this.#queue.push(ring, records);
    const signal = new ShmSignal({
      region: ring,
      offset: IOQ_SIGNAL_OFFSET,
      side: 'north',
      ring: () => this.#wire.kick(),
      defer: this.#defer,
    });
    const eventq = Ioq.init(ring, count, { side: 'north', signal });
    if (eventq === undefined) return -EIO;
    const posted = eventq.iterator('valid');
    posted.seek('tail');
    for (let i = 0; i < count; i++) {
      posted.pointer = records.address + i * EVENT_SIZE;
      posted.length = EVENT_SIZE;
      posted.cookie = BigInt(i);
      posted.push();
    }
    signal.onSignal = () => this.#drain();
    this.#signal = signal;
    this.#records = records;
    this.#iterator = eventq.iterator('inuse');
    signal.enable();
    return this.#with(BRIDGE_QREG.size, (at) => {
      const { memory } = this.arena;
      memory.writeU32(at + BRIDGE_QREG.offset.count, 1);
      memory.writeU32(at + BRIDGE_QREG.offset.queueCount, count);
      memory.writeU64(at + BRIDGE_QREG.offset.ring, BigInt(ring.address));
      memory.writeU64(at + BRIDGE_QREG.offset.data, BigInt(records.address));
      return this.bridgeCall(VBUS_BRIDGE_QREG, at, BRIDGE_QREG.size);
    });
  }

  /** The wire's interrupt has come. False: there was nothing to do. */
  interrupt(): boolean {
    this.counters.interrupts++;
    return this.#signal?.wakeup() ?? false;
  }

  /** DEVOPEN: the device, or −errno. */
  open(id: number, version: number): NorthDevice | number {
    let handle = 0n;
    const result = this.#with(DEVOPEN.size, (at) => {
      const { memory } = this.arena;
      memory.writeU32(at + DEVOPEN.offset.devid, id);
      memory.writeU32(at + DEVOPEN.offset.version, version);
      const answer = this.busCall(VBUS_DEVOPEN, at, DEVOPEN.size);
      handle = memory.readU64(at + DEVOPEN.offset.handle);
      return answer;
    });
    return result < 0 ? result : new NorthDevice(this, id, handle);
  }

  // For NorthDevice and for drivers that speak the verbs themselves

  bridgeCall(vector: number, address: number, length: number): number {
    this.counters.bridgeCalls++;
    return this.#wire.bridgeCall(vector, address, length);
  }

  busCall(vector: number, address: number, length: number): number {
    this.counters.busCalls++;
    return this.#wire.busCall(vector, address, length);
  }

  /** A doorbell in `region`, and the cookie by which the host will name it. `handle` gives what DEVSHM answered. */
  lend(region: SharedRegion, offset: number, handle: () => number): { readonly signal: ShmSignal; readonly cookie: bigint } {
    const ring = (): void => {
      this.counters.doorbells++;
      this.#wire.signal(handle());
    };
    const signal = new ShmSignal({ region, offset, side: 'north', ring, defer: this.#defer });
    const cookie = this.#cookie++;
    this.#lent.set(cookie, { signal, address: region.address });
    return { signal, cookie };
  }

  /** The host never took it, or has let it go. */
  takeBack(cookie: bigint): void {
    const lent = this.#lent.get(cookie);
    if (lent === undefined) return;
    this.#lent.delete(cookie);
    lent.signal.close();
    this.arena.release(lent.address);
  }

  /** Nothing of what was set up before is known to the host any more. */
  #begin(): void {
    for (const cookie of [...this.#lent.keys()]) this.takeBack(cookie);
    this.#signal?.close();
    this.#signal = undefined;
    this.#iterator = undefined;
    this.devices.clear();
    for (const region of this.#queue.splice(0)) this.arena.release(region.address);
  }

  /** Runs with a structure in the client's memory; −ENOMEM if there is none. */
  #with(size: number, run: (address: number) => number): number {
    const at = this.arena.allocate(size);
    if (at === undefined) return -ENOMEM;
    const result = run(at);
    this.arena.release(at);
    return result;
  }

  #drain(): void {
    const [it, records, signal] = [this.#iterator, this.#records, this.#signal];
    if (it === undefined || records === undefined || signal === undefined) return;
    it.seek('head');
    let taken = 0;
    for (; taken < BUDGET && it.isReady; taken++) {
      this.#handle(records, it.position * EVENT_SIZE);
      records.write(it.position * EVENT_SIZE, new Uint8Array(EVENT_SIZE));
      if (!it.pop()) break;
    }
    if (taken > 0) signal.inject();
    if (taken < BUDGET) return;
    signal.disable();
    this.#defer(() => {
      signal.enable();
      this.#drain();
    });
  }

  #handle(records: SharedRegion, at: number): void {
    this.counters.events++;
    const handle = records.readU64(at + EVENT_HEADER.offset.handle);
    switch (records.readU32(at + EVENT_HEADER.offset.eventid)) {
      case VBUS_EVENT_DEVADD: {
        const text = new Uint8Array(EVENT_SIZE - EVENT_HEADER.size);
        records.read(at + EVENT_HEADER.size, text);
        const end = text.indexOf(0);
        const type = String.fromCharCode(...text.subarray(0, end < 0 ? text.length : end));
        const device = { id: Number(handle), type };
        this.devices.set(device.id, device);
        this.onAdded?.(device);
        return;
      }
      case VBUS_EVENT_DEVDROP:
        this.devices.delete(Number(handle));
        this.onDropped?.(Number(handle));
        return;
      case VBUS_EVENT_SHMSIGNAL:
        this.counters.signals++;
        this.#lent.get(handle)?.signal.wakeup();
        return;
      case VBUS_EVENT_SHMCLOSE:
        this.takeBack(handle);
        return;
      default:
    }
  }
}
