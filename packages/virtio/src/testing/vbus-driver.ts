/**
 * A driver of the vbus transport, the north side of docs/virtio-vbus.md: it opens an interface of type `virtio` through a client of the
 * bus, lends it memory for rings, and rings and answers doorbells. Every call can also be made wrong: `call` and `lend` take anything.
 */
import { ConfigurationError, type GuestMemory } from '@paravirt/bus';
import { initShmSignal, ShmSignal, type VbusClient, type VbusEvent } from '@paravirt/vbus';
import { ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK } from '../device-status.ts';
import { type FeatureSet, hasFeature, VIRTIO_F_EVENT_IDX } from '../features.ts';
import { descriptorAreaSize, deviceAreaSize, driverAreaSize } from '../queue/layout.ts';
import {
  CONFIG_ACCESS,
  FEATURES_SIZE,
  NOTICE,
  NOTICE_SIGNAL_OFFSET,
  QUERY,
  RING_HEAD,
  RING_MAGIC,
  RING_SIGNAL_OFFSET,
  RING_VERSION,
  VIRTIO_VBUS_CONFIG_GET,
  VIRTIO_VBUS_CONFIG_SET,
  VIRTIO_VBUS_FEATURES_SET,
  VIRTIO_VBUS_QUERY,
  VIRTIO_VBUS_QUEUE_ENABLE,
  VIRTIO_VBUS_QUEUE_RESET,
  VIRTIO_VBUS_QUEUE_SIZE,
  VIRTIO_VBUS_SHM_NOTICE,
  VIRTIO_VBUS_SHM_QUEUE,
  VIRTIO_VBUS_STATUS_GET,
  VIRTIO_VBUS_STATUS_SET,
  VIRTIO_VBUS_VERSION,
  WORD_SIZE,
} from '../transport/vbus-abi.ts';
import { GuestArena } from './guest-arena.ts';
import { SplitRingDriver } from './split-ring-driver.ts';
import type { QueueOptions, TransportDriver } from './transport-driver.ts';

export interface VbusDriverOptions {
  readonly client: VbusClient;
  /** Of the interface on the bus. */
  readonly id: number;
  /** Guest memory for rings, buffers and arguments. */
  readonly arena: GuestArena;
  /** Runs something soon, after the present call. */
  readonly defer: (run: () => void) => void;
  /**
   * Lets `listen` switch the shm_signals of queues: where virtio's suppression is off, they are what the driver can suppress interrupts with.
   * Default: false, they listen all the time, as Linux's driver has them.
   */
  readonly signalGates?: boolean;
}

/** A queue's memory, lent for good: a ring in it may be set up more than once. */
interface Lent {
  readonly address: number;
  readonly length: number;
  readonly signal: ShmSignal;
  /** The device's number for the doorbell. */
  readonly handle: number;
}

const ARGUMENTS_SIZE = 4096;

export class VbusDriver implements TransportDriver {
  readonly client: VbusClient;
  readonly arena: GuestArena;
  readonly memory: GuestMemory;
  readonly queues: Map<number, SplitRingDriver> = new Map();
  /** Interrupts by queue: how often its doorbell told this side. */
  readonly interrupts: number[] = [];
  /** Configuration change notices. */
  notices = 0;
  /** The doorbell of a queue rang for this side. */
  onInterrupt: ((queue: number) => void) | undefined = undefined;
  readonly #signalGates: boolean;
  readonly #handle: bigint;
  readonly #defer: (run: () => void) => void;
  readonly #arguments: number;
  readonly #lent: Map<number, Lent> = new Map();
  readonly #byCookie: Map<bigint, ShmSignal> = new Map();
  #features: FeatureSet = 0n;
  #cookie = 0n;

  /** @throws ConfigurationError `vbus-open` if DEVOPEN is refused. */
  constructor(options: VbusDriverOptions) {
    this.client = options.client;
    this.memory = options.client.memory;
    this.arena = options.arena;
    this.#defer = options.defer;
    this.#signalGates = options.signalGates ?? false;
    this.#arguments = this.arena.allocate(ARGUMENTS_SIZE);
    const handle = this.client.deviceOpen(options.id, VIRTIO_VBUS_VERSION);
    if (typeof handle === 'number') throw new ConfigurationError('vbus-open', `DEVOPEN of ${options.id} answered ${handle}`, handle);
    this.#handle = handle;
  }

  /** DEVCLOSE. */
  close(): number {
    for (const { signal } of this.#lent.values()) signal.close();
    return this.client.deviceClose(this.#handle);
  }

  /** An event of the bus; SHMSIGNAL is for one of the doorbells. */
  event(event: VbusEvent): void {
    if (event.kind === 'shmsignal') this.#byCookie.get(event.cookie)?.wakeup();
  }

  /** DEVCALL with `data`, which is overwritten with what comes back. */
  call(func: number, data: Uint8Array = new Uint8Array(0), flags = 0): number {
    this.memory.write(this.#arguments, data);
    const result = this.client.deviceCall(this.#handle, func, this.#arguments, data.length, flags);
    this.memory.read(this.#arguments, data);
    return result;
  }

  /** DEVSHM with a doorbell at `signalOffset`, without one if that is undefined. */
  lend(id: number, address: number, length: number, signalOffset: number | undefined): number {
    const cookie = ++this.#cookie;
    const request = signalOffset === undefined ? undefined : { offset: signalOffset, prio: 4, cookie };
    const result = this.client.deviceShm(this.#handle, id, 0, address, length, request);
    const region = this.client.memory.map(address, length);
    if (result < 0 || region === undefined || signalOffset === undefined) return result;
    const signal = new ShmSignal({
      region,
      offset: signalOffset,
      side: 'north',
      ring: () => this.client.signal(result),
      defer: this.#defer,
    });
    this.#byCookie.set(cookie, signal);
    this.#lent.set(id, { address, length, signal, handle: result });
    return result;
  }

  /** The north side of the doorbell of a queue. */
  signal(queue: number): ShmSignal | undefined {
    return this.#lent.get(VIRTIO_VBUS_SHM_QUEUE + queue)?.signal;
  }

  get noticeSignal(): ShmSignal | undefined {
    return this.#lent.get(VIRTIO_VBUS_SHM_NOTICE)?.signal;
  }

  /** Address of a queue's memory, undefined if none was lent. */
  ringAddress(queue: number): number | undefined {
    return this.#lent.get(VIRTIO_VBUS_SHM_QUEUE + queue)?.address;
  }

  query(): Record<'deviceId' | 'vendorId' | 'queues' | 'configSize', number> & { readonly features: FeatureSet } {
    const view = new DataView(new ArrayBuffer(QUERY.size));
    this.call(VIRTIO_VBUS_QUERY, new Uint8Array(view.buffer));
    const field = (name: 'deviceId' | 'vendorId' | 'queues' | 'configSize'): number => view.getUint32(QUERY.offset[name], true);
    return {
      deviceId: field('deviceId'),
      vendorId: field('vendorId'),
      queues: field('queues'),
      configSize: field('configSize'),
      features: view.getBigUint64(QUERY.offset.features, true),
    };
  }

  get status(): number {
    return this.call(VIRTIO_VBUS_STATUS_GET);
  }

  /** The status that comes of it. */
  writeStatus(value: number): number {
    return this.#word(VIRTIO_VBUS_STATUS_SET, value);
  }

  writeFeatures(features: FeatureSet): number {
    const data = new Uint8Array(FEATURES_SIZE);
    new DataView(data.buffer).setBigUint64(0, features, true);
    this.#features = features;
    return this.call(VIRTIO_VBUS_FEATURES_SET, data);
  }

  /** Zero to the status field; the memory stays lent. */
  reset(): void {
    this.writeStatus(0);
    for (const index of this.queues.keys()) this.signal(index)?.disable();
    this.queues.clear();
  }

  negotiate(features: FeatureSet): boolean {
    this.reset();
    this.writeStatus(ACKNOWLEDGE);
    this.writeStatus(ACKNOWLEDGE | DRIVER);
    this.writeFeatures(features);
    return (this.writeStatus(ACKNOWLEDGE | DRIVER | FEATURES_OK) & FEATURES_OK) !== 0;
  }

  driverOk(): void {
    this.writeStatus(ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
  }

  /** Bytes of the configuration space and its generation; undefined if they do not all exist. */
  readConfig(offset: number, length: number): { readonly bytes: Uint8Array; readonly generation: number } | undefined {
    const data = new Uint8Array(CONFIG_ACCESS.size + length);
    const view = new DataView(data.buffer);
    view.setUint32(CONFIG_ACCESS.offset.offset, offset, true);
    if (this.call(VIRTIO_VBUS_CONFIG_GET, data) < 0) return undefined;
    return { bytes: data.slice(CONFIG_ACCESS.size), generation: view.getUint32(CONFIG_ACCESS.offset.generation, true) };
  }

  writeConfig(offset: number, bytes: Uint8Array): number {
    const data = new Uint8Array(CONFIG_ACCESS.size + bytes.length);
    new DataView(data.buffer).setUint32(CONFIG_ACCESS.offset.offset, offset, true);
    data.set(bytes, CONFIG_ACCESS.size);
    return this.call(VIRTIO_VBUS_CONFIG_SET, data);
  }

  /** Lends the notice's memory and listens; its address. */
  setUpNotice(): number {
    const address = this.arena.allocate(NOTICE.size, 16);
    this.memory.write(address, new Uint8Array(NOTICE.size));
    this.#initSignal(address + NOTICE_SIGNAL_OFFSET);
    this.lend(VIRTIO_VBUS_SHM_NOTICE, address, NOTICE.size, NOTICE_SIGNAL_OFFSET);
    const signal = this.noticeSignal;
    if (signal !== undefined) {
      signal.onSignal = () => this.notices++;
      signal.enable();
    }
    return address;
  }

  queueSize(index: number): number {
    return this.#word(VIRTIO_VBUS_QUEUE_SIZE, index);
  }

  setUpQueue(index: number, options: QueueOptions = {}): SplitRingDriver {
    const maxSize = this.queueSize(index);
    const size = options.size ?? maxSize;
    const lent = this.#lent.get(VIRTIO_VBUS_SHM_QUEUE + index) ?? this.#lendQueue(index, maxSize);
    const arena = new GuestArena(lent.address + RING_HEAD.size, lent.address + lent.length);
    const ring = new SplitRingDriver({
      memory: this.memory,
      arena,
      tables: this.arena,
      size,
      eventIndex: hasFeature(this.#features, VIRTIO_F_EVENT_IDX),
      ringTrace: options.ringTrace,
      name: options.name,
    });
    this.writeHead(lent.address, ring);
    this.enableQueue(index);
    this.interrupts[index] ??= 0;
    lent.signal.onSignal = () => {
      this.interrupts[index] = (this.interrupts[index] ?? 0) + 1;
      this.onInterrupt?.(index);
    };
    lent.signal.enable();
    this.queues.set(index, ring);
    return ring;
  }

  /** Writes the head of a queue's memory, but for the doorbell. */
  writeHead(address: number, { layout, size }: Pick<SplitRingDriver, 'layout' | 'size'>): void {
    const set = (name: keyof typeof RING_HEAD.offset, value: number): void => this.memory.writeU32(address + RING_HEAD.offset[name], value);
    set('magic', RING_MAGIC);
    set('version', RING_VERSION);
    set('size', size);
    set('descriptors', layout.descriptors - address);
    set('available', layout.available - address);
    set('used', layout.used - address);
  }

  enableQueue(index: number): number {
    return this.#word(VIRTIO_VBUS_QUEUE_ENABLE, index);
  }

  resetQueue(index: number): number {
    return this.#word(VIRTIO_VBUS_QUEUE_RESET, index);
  }

  kick(index: number): boolean {
    const ring = this.queues.get(index);
    if (ring?.kickNeeded() !== true) return false;
    const signal = this.signal(index);
    const before = signal?.counters.rung;
    signal?.inject();
    const rung = signal?.counters.rung !== before;
    if (!rung) ring.doorbellSuppressed();
    return rung;
  }

  listen(index: number, wanted: boolean): void {
    if (!this.#signalGates) return;
    if (wanted) this.signal(index)?.enable();
    else this.signal(index)?.disable();
  }

  /** Notifies whatever the device wants; the doorbell still rings no more than it must. */
  forceKick(index: number): void {
    this.signal(index)?.inject();
  }

  /** Rings the wire alone, past the doorbell's flags. */
  ringWire(index: number): void {
    const lent = this.#lent.get(VIRTIO_VBUS_SHM_QUEUE + index);
    if (lent !== undefined) this.client.signal(lent.handle);
  }

  /** Memory for the largest ring, and what the areas' alignment costs. */
  #lendQueue(index: number, maxSize: number): Lent {
    const length = RING_HEAD.size + descriptorAreaSize(maxSize) + driverAreaSize(maxSize) + deviceAreaSize(maxSize) + 8;
    const address = this.arena.allocate(length, 16);
    this.memory.write(address, new Uint8Array(length));
    this.#initSignal(address + RING_SIGNAL_OFFSET);
    const result = this.lend(VIRTIO_VBUS_SHM_QUEUE + index, address, length, RING_SIGNAL_OFFSET);
    const lent = this.#lent.get(VIRTIO_VBUS_SHM_QUEUE + index);
    if (lent === undefined) throw new ConfigurationError('vbus-shm', `DEVSHM for queue ${index} answered ${result}`, result);
    return lent;
  }

  #initSignal(address: number): void {
    const region = this.client.memory.map(address, 16);
    if (region !== undefined) initShmSignal(region, 0);
  }

  #word(func: number, value: number): number {
    const data = new Uint8Array(WORD_SIZE);
    new DataView(data.buffer).setUint32(0, value, true);
    return this.call(func, data);
  }
}
