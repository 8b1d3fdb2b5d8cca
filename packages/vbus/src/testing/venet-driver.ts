/**
 * A driver of venet. [vbus PCI-2, venet] `VenetDriver.probe` makes the calls of a probe of 2009 in their order: with scatter-gather,
 * pre-mapped descriptors and the event queue they are, after DEVOPEN, eleven. Every mode can be chosen, and the rings and pools are open to
 * whoever wants to do it wrong.
 *
 *   const driver = VenetDriver.probe(device, memory, { sg: CAP_SG | CAP_PMTD, eventq: CAP_TXC });
 *   driver.onFrame = ({ frame }) => …;
 *   driver.send(frame);
 */
import type { Ioq } from '../ioq.ts';
import type { SharedRegion } from '../shared-region.ts';
import {
  CAP_PMTD,
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

  private constructor(
    device: DriverDevice,
    capabilities: VenetAgreement,
    mac: Uint8Array,
    rings: {
      readonly receive: VenetReceive;
      readonly transmit: VenetTransmit;
      readonly events: VenetEvents | undefined;
      readonly pages: VenetPages | undefined;
    },
  ) {
    this.device = device;
    this.capabilities = capabilities;
    this.mac = mac;
    this.receive = rings.receive;
    this.transmit = rings.transmit;
    this.events = rings.events;
    this.pages = rings.pages;
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
    const driver = new VenetDriver(device, { sg, eventq, l4ro }, mac, {
      receive: new VenetReceive(memory, rx, { bufferSize: options.bufferSize ?? 1518, pool: large?.pool, pages }),
      transmit: new VenetTransmit(memory, tx, { scatterGather: sg !== 0, pool: descriptors, completion }),
      events: events?.ring === undefined || events.pool === undefined ? undefined : new VenetEvents(events.ring, events.pool),
      pages,
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
    this.poll();
    return result;
  }

  /** Sends one frame and tells the device; false: the ring is full. */
  send(frame: Uint8Array, work?: TransmitWork): boolean {
    const offered = this.transmit.offer(frame, work);
    if (offered) this.transmit.ring.signal?.inject();
    return offered;
  }

  /** Takes what has come, and tells the device that there is room again. */
  poll(): void {
    let taken = 0;
    const before = this.receive.flushed;
    for (let frame = this.receive.take(); frame !== undefined; frame = this.receive.take()) {
      taken++;
      if (this.onFrame === undefined) this.received.push(frame);
      else this.onFrame(frame);
    }
    if (taken + this.receive.flushed - before > 0) this.receive.ring.signal?.inject();
  }

  close(): void {
    for (const ring of [this.receive.ring, this.transmit.ring, this.events?.ring]) ring?.signal?.disable();
    this.device.close();
  }

  #listen(): void {
    const { events, receive, transmit } = this;
    const rx = receive.ring.signal;
    const tx = transmit.ring.signal;
    // As NAPI does: masked while there is work, unmasked when there is none.
    if (rx !== undefined) {
      rx.onSignal = () => {
        rx.disable();
        this.poll();
        rx.enable();
      };
      rx.enable();
    }
    if (events !== undefined) {
      events.onCompletion = (cookie) => {
        transmit.complete(cookie);
        this.onRoom?.();
      };
      events.listen();
    }
    if (tx === undefined || (this.capabilities.eventq & CAP_TXC) !== 0) return;
    tx.onSignal = () => {
      transmit.reap();
      this.onRoom?.();
    };
    tx.enable();
  }
}
