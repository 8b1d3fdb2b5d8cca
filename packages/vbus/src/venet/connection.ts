/**
 * One driver's use of a venet device, from DEVOPEN to DEVCLOSE: the functions of DEVCALL, the shared memories of DEVSHM, and the link that
 * is up between LINKUP and LINKDOWN. [vbus PCI-2, venet] The order is the driver's: capabilities first, then the memories that they need,
 * then the link; what comes out of order is refused and changes nothing.
 */
import type { ConnectContext, VbusConnection } from '../device.ts';
import { EBUSY, EEXIST, EINVAL, ENOENT } from '../errno.ts';
import { Ioq, type IoqFault } from '../ioq.ts';
import type { SharedRegion } from '../shared-region.ts';
import type { ShmSignal } from '../shm-signal.ts';
import {
  CAPABILITIES,
  EVENT_POOL,
  EVENT_QUEUE,
  EVENT_SIZE,
  EVENTQ_QUERY,
  EVQQUERY,
  FLUSHRX,
  L4RO_PAGES,
  L4RO_POOL,
  L4RO_QUERY,
  L4ROQUERY,
  LINKDOWN,
  LINKUP,
  MACQUERY,
  MAX_RING_COUNT,
  NEGCAP,
  PMTD_POOL,
  PMTDQUERY,
  QUERY_SIZE,
  RX_QUEUE,
  TX_QUEUE,
} from './abi.ts';
import { Capabilities, type CapabilityGroups } from './capabilities.ts';
import type { VenetCounters, VenetRing } from './counters.ts';
import { EventChannel } from './event-channel.ts';
import type { RingNotifications } from './notifications.ts';
import { PageSupply } from './page-supply.ts';
import type { Receiver } from './receiver.ts';
import { ConsumingEnd, FillingEnd } from './ring-ends.ts';
import { SgBuffers } from './sg-buffers.ts';
import type { Transmitter } from './transmitter.ts';

/** What a connection uses of its device. */
export interface VenetEndpoint {
  readonly transmitter: Transmitter;
  readonly receiver: Receiver;
  readonly counters: VenetCounters;
  readonly offered: CapabilityGroups;
  readonly clientMac: Uint8Array;
  /** Frames can go both ways. */
  readonly carrier: boolean;
  readonly place: 'inline' | 'deferred';
  /** Where deferred work is done. Default: as the client's connector says. */
  readonly defer: ((run: () => void) => void) | undefined;
  readonly rings: Omit<RingNotifications, 'defer'>;
  /** The driver has the link up, or no more. */
  linkChanged(up: boolean): void;
  /** The driver broke the rules of a ring: nothing moves in it any more. */
  ringBroken(ring: VenetRing, why: IoqFault): void;
  /** The connection is gone. */
  closed(connection: VenetConnection): void;
}

export class VenetConnection implements VbusConnection {
  readonly #endpoint: VenetEndpoint;
  readonly #context: ConnectContext;
  readonly #capabilities: Capabilities;
  readonly #defer: (run: () => void) => void;
  readonly #notifications: RingNotifications;
  readonly #pools: Map<number, SharedRegion> = new Map();
  readonly #signals: Map<VenetRing, ShmSignal> = new Map();
  #rx: FillingEnd | undefined = undefined;
  #tx: ConsumingEnd | undefined = undefined;
  #eventRing: FillingEnd | undefined = undefined;
  #events: EventChannel | undefined = undefined;
  #pageRing: ConsumingEnd | undefined = undefined;
  #pages: PageSupply | undefined = undefined;
  #up = false;
  #closed = false;

  constructor(endpoint: VenetEndpoint, context: ConnectContext) {
    this.#endpoint = endpoint;
    this.#context = context;
    this.#capabilities = new Capabilities(endpoint.offered);
    this.#defer = endpoint.defer ?? context.defer;
    this.#notifications = { ...endpoint.rings, defer: endpoint.place === 'deferred' ? this.#defer : undefined };
  }

  /** The driver has the link up. */
  get linkUp(): boolean {
    return this.#up;
  }

  /** The doorbells of the rings that the driver has given. */
  get signals(): ReadonlyMap<VenetRing, ShmSignal> {
    return this.#signals;
  }

  call(func: number, data: Uint8Array, flags: number): number {
    if (this.#closed || flags !== 0) return -EINVAL;
    switch (func) {
      case LINKUP:
        return this.#raiseLink();
      case LINKDOWN:
        return this.#lowerLink('present');
      case MACQUERY:
        if (data.length !== 6) return -EINVAL;
        data.set(this.#endpoint.clientMac);
        return 0;
      case NEGCAP:
        return this.#negotiate(data);
      case FLUSHRX:
        return this.#flushReceive();
      case PMTDQUERY:
        return this.#capabilities.preMapped ? PMTD_POOL : -EINVAL;
      case EVQQUERY:
        return this.#query(data, this.#capabilities.events, (view) => {
          view.setUint32(EVENTQ_QUERY.offset.evsize, EVENT_SIZE, true);
          view.setUint32(EVENTQ_QUERY.offset.dpid, EVENT_POOL, true);
          view.setUint32(EVENTQ_QUERY.offset.qid, EVENT_QUEUE, true);
        });
      case L4ROQUERY:
        return this.#query(data, this.#capabilities.largeReceive, (view) => {
          view.setUint32(L4RO_QUERY.offset.dpid, L4RO_POOL, true);
          view.setUint32(L4RO_QUERY.offset.pqid, L4RO_PAGES, true);
        });
      default:
        return -EINVAL;
    }
  }

  shm(id: number, flags: number, region: SharedRegion, signal: ShmSignal | undefined): number {
    if (this.#closed || flags !== 0) return -EINVAL;
    if (this.#up) return -EBUSY;
    const { preMapped, events, largeReceive } = this.#capabilities;
    switch (id) {
      case RX_QUEUE:
        return this.#takeRing('rx', this.#rx !== undefined, region, signal, (ioq, doorbell) => {
          this.#rx = new FillingEnd(ioq, doorbell, 'rx', this.#notifications);
          return 0;
        });
      case TX_QUEUE:
        return this.#takeRing('tx', this.#tx !== undefined, region, signal, (ioq, doorbell) => {
          this.#tx = new ConsumingEnd(ioq, doorbell, 'tx', this.#notifications);
          return 0;
        });
      case PMTD_POOL:
        return preMapped ? this.#takePool(id, region) : -EINVAL;
      case EVENT_POOL:
        if (!events || (this.#eventRing !== undefined && !this.#poolFits(region, this.#eventRing))) return -EINVAL;
        return this.#takePool(id, region) || this.#openEvents();
      case EVENT_QUEUE:
        if (!events) return -EINVAL;
        return this.#takeRing('event', this.#eventRing !== undefined, region, signal, (ioq, doorbell) => {
          const ring = new FillingEnd(ioq, doorbell, 'event', this.#notifications);
          const pool = this.#pools.get(EVENT_POOL);
          if (pool !== undefined && !this.#poolFits(pool, ring)) return -EINVAL;
          this.#eventRing = ring;
          return this.#openEvents();
        });
      case L4RO_POOL:
        return largeReceive ? this.#takePool(id, region) : -EINVAL;
      case L4RO_PAGES:
        if (!largeReceive) return -EINVAL;
        return this.#takeRing('page', this.#pages !== undefined, region, signal, (ioq, doorbell) => {
          this.#pageRing = new ConsumingEnd(ioq, doorbell, 'page', this.#notifications);
          this.#pages = new PageSupply(this.#pageRing, this.#context.memory);
          return 0;
        });
      default:
        return -EINVAL;
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#lowerLink('gone');
    this.#closed = true;
    for (const ring of [this.#rx, this.#tx, this.#eventRing, this.#pageRing]) ring?.close();
    this.#endpoint.closed(this);
  }

  /** The device's side of the link changed: the driver is told, if it wants to know. */
  carrierChanged(): void {
    if (this.#up && this.#capabilities.linkState) this.#events?.linkState(this.#endpoint.carrier);
  }

  #raiseLink(): number {
    if (this.#up) return -EEXIST;
    const { preMapped, events, largeReceive, transmitCompletion } = this.#capabilities;
    const rx = this.#rx;
    const tx = this.#tx;
    const pool = preMapped ? this.#pools.get(PMTD_POOL) : undefined;
    const large = this.#largeBuffers();
    if (rx === undefined || tx === undefined) return -EINVAL;
    if ((preMapped && pool === undefined) || (events && this.#events === undefined) || (largeReceive && large === undefined))
      return -EINVAL;
    const { memory } = this.#context;
    const { place } = this.#endpoint;
    const capabilities = this.#capabilities;
    this.#up = true;
    if (capabilities.linkState) this.#events?.linkState(this.#endpoint.carrier);
    this.#endpoint.receiver.start({ ring: rx, memory, capabilities, large });
    const completions = transmitCompletion ? this.#events : undefined;
    this.#endpoint.transmitter.start({ ring: tx, memory, pool, capabilities, completions, defer: this.#defer, place });
    this.#endpoint.linkChanged(true);
    return 0;
  }

  #largeBuffers(): SgBuffers | undefined {
    const pool = this.#pools.get(L4RO_POOL);
    const pages = this.#pages;
    if (!this.#capabilities.largeReceive || pool === undefined || pages === undefined) return undefined;
    return new SgBuffers(pool, pages, this.#context.memory);
  }

  #lowerLink(client: 'present' | 'gone'): number {
    if (!this.#up) return -ENOENT;
    this.#up = false;
    this.#endpoint.transmitter.stop(client);
    this.#endpoint.receiver.stop(client);
    this.#endpoint.linkChanged(false);
    return 0;
  }

  #negotiate(data: Uint8Array): number {
    if (data.length !== CAPABILITIES.size || this.#up) return -EINVAL;
    const view = new DataView(data.buffer, data.byteOffset, data.length);
    const { gid, bits } = CAPABILITIES.offset;
    view.setUint32(bits, this.#capabilities.negotiate(view.getUint32(gid, true), view.getUint32(bits, true)), true);
    return 0;
  }

  /** Every posted buffer goes back empty; the driver, which asked, looks for itself. At most one ring of work. */
  #flushReceive(): number {
    const ring = this.#rx;
    if (ring === undefined) return -EINVAL;
    for (let left = ring.count; left > 0 && ring.ready; left--) ring.push(0);
    return 0;
  }

  #query(data: Uint8Array, negotiated: boolean, answer: (view: DataView) => void): number {
    if (!negotiated || data.length !== QUERY_SIZE) return -EINVAL;
    const view = new DataView(data.buffer, data.byteOffset, data.length);
    // Flags that nobody has defined.
    if (view.getUint32(EVENTQ_QUERY.offset.flags, true) !== 0) return -EINVAL;
    answer(view);
    return 0;
  }

  #takePool(id: number, region: SharedRegion): number {
    if (this.#pools.has(id)) return -EEXIST;
    this.#pools.set(id, region);
    return 0;
  }

  /** Attaches to a ring; without a doorbell there would be no way to work with it. */
  #takeRing(
    name: VenetRing,
    taken: boolean,
    region: SharedRegion,
    signal: ShmSignal | undefined,
    use: (ioq: Ioq, signal: ShmSignal) => number,
  ): number {
    if (taken) return -EEXIST;
    if (signal === undefined) return -EINVAL;
    const ioq = Ioq.attach(region, { side: 'south', maxCount: MAX_RING_COUNT, signal });
    if (ioq === undefined) return -EINVAL;
    const result = use(ioq, signal);
    if (result < 0) return result;
    ioq.onBroken = (why) => this.#endpoint.ringBroken(name, why);
    this.#signals.set(name, signal);
    return 0;
  }

  #poolFits(pool: SharedRegion, ring: FillingEnd): boolean {
    return pool.length === ring.count * EVENT_SIZE;
  }

  #openEvents(): number {
    const pool = this.#pools.get(EVENT_POOL);
    if (pool === undefined || this.#eventRing === undefined) return 0;
    this.#events = new EventChannel(this.#eventRing, pool, this.#endpoint.counters, () => this.#endpoint.transmitter.completionsDrained());
    return 0;
  }
}
