/**
 * A driver of venet. [vbus PCI-2, venet] `VenetDriver.probe` makes the calls of a probe of 2009 in their order: with scatter-gather,
 * pre-mapped descriptors and the event queue they are, after DEVOPEN, eleven. Every mode can be chosen, and the rings and pools are open to
 * whoever wants to do it wrong. Two ways to use it:
 *
 *   send, onFrame, onRoom                each frame is told at once, and what the device signals is done in its interrupt
 *   post, kick, reap, poll, onInterrupt  as a NAPI driver: frames without telling, interrupts off while it polls, with a budget
 */
import type { RingEvent, TraceSink } from '@paravirt/bus';
import type { Ioq } from '../ioq.ts';
import type { SharedRegion } from '../shared-region.ts';
import type { ShmSignal } from '../shm-signal.ts';
import {
  CAP_ECN,
  CAP_LINKSTATE,
  CAP_PMTD,
  CAP_SG,
  CAP_TSO4,
  CAP_TSO6,
  CAP_TXC,
  CAPABILITIES,
  EVENT_SIZE,
  EVENTQ_QUERY,
  EVQQUERY,
  FLUSHRX,
  GROUP_EVENTQ,
  GROUP_L4RO,
  GROUP_SG,
  L4RO_QUERY,
  L4ROQUERY,
  LINKDOWN,
  LINKUP,
  MACQUERY,
  NEGCAP,
  PMTDQUERY,
  QUERY_SIZE,
  RX_QUEUE,
  TX_QUEUE,
} from '../venet/abi.ts';
import type { DriverDevice, DriverMemory } from './driver-device.ts';
import { RingTeller } from './ring-teller.ts';
import { VenetEvents } from './venet-events.ts';
import { type ReceivedFrame, VenetPages, VenetReceive } from './venet-receive.ts';
import { SG_STRIDE, type TransmitWork, VenetTransmit } from './venet-transmit.ts';

export interface VenetDriverOptions {
  /** Bits to ask for in each group. A group of 0 is not negotiated at all. Default: 0, the flat device. */
  readonly sg?: number;
  readonly eventq?: number;
  readonly l4ro?: number;
  /** Descriptors of each ring. Default 256. */
  readonly ringLength?: number;
  /** Of a receive buffer, in bytes. Default 1518. */
  readonly bufferSize?: number;
  /** Receive buffers to post. Default: a ring of them. */
  readonly buffers?: number;
  /** Leave the link down. */
  readonly down?: boolean;
  /** Is told the driver's part of the life of each buffer and notification. */
  readonly ringTrace?: TraceSink<RingEvent> | undefined;
  /** Of the card, there: its rings are `${ringName}.rx` and so on. Default: venet. */
  readonly ringName?: string;
}

/** What Linux's module asks for. (guests/linux/venet) */
export const LINUX_MODES: Pick<VenetDriverOptions, 'sg' | 'eventq' | 'l4ro'> = {
  sg: CAP_SG | CAP_TSO4 | CAP_TSO6 | CAP_ECN | CAP_PMTD,
  eventq: CAP_LINKSTATE | CAP_TXC,
  l4ro: CAP_SG | CAP_TSO4 | CAP_TSO6 | CAP_ECN,
};

/** What interrupts: frames have come; or frames are done with, or the link has changed. */
export type VenetInterrupt = 'rx' | 'tx';

interface Rings {
  readonly receive: VenetReceive;
  readonly transmit: VenetTransmit;
  readonly events: VenetEvents | undefined;
  readonly pages: VenetPages | undefined;
  readonly rxTeller: RingTeller;
  readonly txTeller: RingTeller;
}

/** What was agreed on. */
export interface VenetAgreement {
  readonly sg: number;
  readonly eventq: number;
  readonly l4ro: number;
}

export class VenetDriver {
  readonly device: DriverDevice;
  readonly capabilities: VenetAgreement;
  readonly mac: Uint8Array;
  readonly receive: VenetReceive;
  readonly transmit: VenetTransmit;
  readonly events: VenetEvents | undefined;
  readonly pages: VenetPages | undefined;
  /** Called for each frame while the driver listens; without it frames wait in `received`. */
  onFrame: ((frame: ReceivedFrame) => void) | undefined = undefined;
  /** There may be room for frames again. */
  onRoom: (() => void) | undefined = undefined;
  readonly received: ReceivedFrame[] = [];
  /** Called at an interrupt, instead of what the driver does by itself without it. */
  onInterrupt: ((source: VenetInterrupt) => void) | undefined = undefined;
  readonly #rxTeller: RingTeller;
  readonly #txTeller: RingTeller;

  private constructor(device: DriverDevice, capabilities: VenetAgreement, mac: Uint8Array, rings: Rings) {
    this.device = device;
    this.capabilities = capabilities;
    this.mac = mac;
    this.receive = rings.receive;
    this.transmit = rings.transmit;
    this.events = rings.events;
    this.pages = rings.pages;
    this.#rxTeller = rings.rxTeller;
    this.#txTeller = rings.txTeller;
    this.#listen();
  }

  /** Everything up to LINKUP; the first result below zero, if there is one. The device is the caller's to close then. */
  static probe(device: DriverDevice, memory: DriverMemory, options: VenetDriverOptions = {}): VenetDriver | number {
    const count = options.ringLength ?? 256;
    let failed = 0;
    /** What a step gave; remembers the first that failed. */
    const check = <T>(result: T | number): T | undefined => {
      if (typeof result !== 'number') return result;
      if (result < 0 && failed === 0) failed = result;
      return undefined;
    };
    const call = (func: number, data?: Uint8Array): number => {
      const result = failed < 0 ? failed : device.call(func, data);
      check(result);
      return result;
    };
    const ring = (id: number): Ioq | undefined => (failed < 0 ? undefined : check(device.ioq(id, count)));
    const pool = (id: number, length: number): SharedRegion | undefined => (failed < 0 ? undefined : check(device.shm(id, length)));
    const negotiate = (group: number, bits: number): number => {
      if (bits === 0) return 0;
      const view = new DataView(new ArrayBuffer(CAPABILITIES.size));
      view.setUint32(CAPABILITIES.offset.gid, group, true);
      view.setUint32(CAPABILITIES.offset.bits, bits, true);
      call(NEGCAP, new Uint8Array(view.buffer));
      return view.getUint32(CAPABILITIES.offset.bits, true);
    };
    const query = (func: number): DataView => {
      const view = new DataView(new ArrayBuffer(QUERY_SIZE));
      call(func, new Uint8Array(view.buffer));
      return view;
    };

    const sg = negotiate(GROUP_SG, options.sg ?? 0);
    const eventq = negotiate(GROUP_EVENTQ, options.eventq ?? 0);
    const l4ro = negotiate(GROUP_L4RO, options.l4ro ?? 0);
    let events: { readonly ring: Ioq | undefined; readonly pool: SharedRegion | undefined } | undefined;
    if (eventq !== 0) {
      const answer = query(EVQQUERY);
      const size = answer.getUint32(EVENTQ_QUERY.offset.evsize, true) || EVENT_SIZE;
      const eventPool = pool(answer.getUint32(EVENTQ_QUERY.offset.dpid, true), count * size);
      events = { pool: eventPool, ring: ring(answer.getUint32(EVENTQ_QUERY.offset.qid, true)) };
    }
    let large: { readonly pages: Ioq | undefined; readonly pool: SharedRegion | undefined } | undefined;
    if (l4ro !== 0) {
      const answer = query(L4ROQUERY);
      const largePool = pool(answer.getUint32(L4RO_QUERY.offset.dpid, true), count * SG_STRIDE);
      large = { pool: largePool, pages: ring(answer.getUint32(L4RO_QUERY.offset.pqid, true)) };
    }
    const rx = ring(RX_QUEUE);
    const tx = ring(TX_QUEUE);
    const descriptors = (sg & CAP_PMTD) === 0 ? undefined : pool(call(PMTDQUERY), count * SG_STRIDE);
    const mac = new Uint8Array(6);
    call(MACQUERY, mac);
    if (failed < 0 || rx === undefined || tx === undefined) return failed;

    const pages = large?.pages === undefined ? undefined : new VenetPages(memory, large.pages);
    const completion = (eventq & CAP_TXC) !== 0;
    const { ringTrace, ringName = 'venet' } = options;
    const teller = (name: string): RingTeller => new RingTeller(ringTrace, `${ringName}.${name}`, count);
    const [rxTeller, txTeller] = [teller('rx'), teller('tx')];
    const eventRing = events?.ring;
    const eventPool = events?.pool;
    const driver = new VenetDriver(device, { sg, eventq, l4ro }, mac, {
      receive: new VenetReceive(memory, rx, { bufferSize: options.bufferSize ?? 1518, pool: large?.pool, pages, teller: rxTeller }),
      transmit: new VenetTransmit(memory, tx, { scatterGather: sg !== 0, pool: descriptors, completion, teller: txTeller }),
      events: eventRing === undefined || eventPool === undefined ? undefined : new VenetEvents(eventRing, eventPool, teller('event')),
      pages,
      rxTeller,
      txTeller,
    });
    driver.receive.post(options.buffers);
    driver.events?.post();
    if (options.down === true) return driver;
    const result = driver.up();
    return result < 0 ? result : driver;
  }

  /** LINKUP. */
  up(): number {
    return this.device.call(LINKUP);
  }

  /** LINKDOWN. */
  down(): number {
    return this.device.call(LINKDOWN);
  }

  /** FLUSHRX, and takes the empty slots back. */
  flush(): number {
    const result = this.device.call(FLUSHRX);
    this.drain();
    return result;
  }

  /** Sends one frame and tells the device; false: the ring is full. */
  send(frame: Uint8Array, work?: TransmitWork): boolean {
    const offered = this.post(frame, work);
    if (offered) this.kick();
    return offered;
  }

  /** Posts one frame, in a buffer of its own, and tells nobody; false: the ring is full, or there is no memory. */
  post(frame: Uint8Array, work?: TransmitWork): boolean {
    return this.transmit.offer(frame, work);
  }

  /** Tells the device of what was posted, if it wants to be told; true if it was. */
  kick(): boolean {
    return this.#txTeller.kick(this.transmit.ring.signal);
  }

  /** Takes events, up to `most`, and buffers of frames that the device is done with: how many of these. */
  reap(most: number = Number.POSITIVE_INFINITY): number {
    const before = this.transmit.completed;
    this.events?.drain(most);
    this.transmit.reap();
    return this.transmit.completed - before;
  }

  /** Takes up to `budget` frames, and tells the device that there is room again; fewer mean that there are no more. */
  poll(budget: number): ReceivedFrame[] {
    const frames: ReceivedFrame[] = [];
    const before = this.receive.flushed;
    while (frames.length < budget) {
      const frame = this.receive.take();
      if (frame === undefined) break;
      frames.push(frame);
    }
    if (frames.length + this.receive.flushed - before > 0) this.#rxTeller.kick(this.receive.ring.signal);
    return frames;
  }

  /** Takes all that has come, for `onFrame` or `received`. */
  drain(): void {
    for (const frame of this.poll(Number.POSITIVE_INFINITY)) {
      if (this.onFrame === undefined) this.received.push(frame);
      else this.onFrame(frame);
    }
  }

  /** Asks for no interrupts from this source, while it is polled. */
  disableInterrupts(source: VenetInterrupt): void {
    for (const signal of this.#signalsOf(source)) signal.disable();
  }

  /**
   * Asks for them again; true if there is something already: the caller polls on. If it does not, an interrupt tells of that soon (as
   * everywhere with shm_signals).
   */
  enableInterrupts(source: VenetInterrupt): boolean {
    for (const signal of this.#signalsOf(source)) signal.enable();
    return source === 'rx' ? this.receive.pending : this.transmit.pending || this.events?.pending === true;
  }

  close(): void {
    for (const ring of [this.receive.ring, this.transmit.ring, this.events?.ring]) ring?.signal?.disable();
    this.device.close();
  }

  /** With completion by event the ring's own doorbell says nothing. */
  #signalsOf(source: VenetInterrupt): readonly ShmSignal[] {
    const { events, receive, transmit } = this;
    const completion = (this.capabilities.eventq & CAP_TXC) !== 0;
    const rings = source === 'rx' ? [receive.ring] : [completion ? undefined : transmit.ring, events?.ring];
    return rings.map((ring) => ring?.signal).filter((signal) => signal !== undefined);
  }

  #listen(): void {
    const { events, receive, transmit } = this;
    this.#rxTeller.watch(receive.ring.signal, () => receive.pending);
    this.#txTeller.watch(transmit.ring.signal, () => transmit.pending);
    if (events !== undefined) {
      events.watch();
      events.onCompletion = (cookie) => {
        transmit.complete(cookie);
        this.onRoom?.();
      };
    }
    for (const source of ['rx', 'tx'] as const)
      for (const signal of this.#signalsOf(source)) {
        signal.onSignal = () => this.#interrupt(source, signal);
        signal.enable();
      }
  }

  #interrupt(source: VenetInterrupt, signal: ShmSignal): void {
    if (this.onInterrupt !== undefined) this.onInterrupt(source);
    else if (source === 'rx') {
      // As NAPI does: masked while there is work, unmasked when there is none.
      signal.disable();
      this.drain();
      signal.enable();
    } else if (signal === this.transmit.ring.signal) {
      this.transmit.reap();
      this.onRoom?.();
    } else this.events?.drain();
  }
}
