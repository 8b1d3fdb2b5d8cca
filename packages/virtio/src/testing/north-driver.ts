/**
 * A driver of the vbus transport on an opened `NorthDevice`, as a guest has it behind the PCI bridge or by hypercalls: the same protocol as
 * vbus-driver.ts speaks [docs/virtio-vbus.md], but every call and doorbell goes over the session's wire, and interrupts come by its events.
 */
import { ConfigurationError, type GuestMemory } from '@paravirt/bus';
import type { NorthDevice, ShmSignal } from '@paravirt/vbus';
import { ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK } from '../device-status.ts';
import { type FeatureSet, hasFeature, VIRTIO_F_EVENT_IDX } from '../features.ts';
import { descriptorAreaSize, deviceAreaSize, driverAreaSize } from '../queue/layout.ts';
import {
  FEATURES_SIZE,
  QUERY,
  RING_HEAD,
  RING_MAGIC,
  RING_SIGNAL_OFFSET,
  RING_VERSION,
  VIRTIO_VBUS_FEATURES_SET,
  VIRTIO_VBUS_QUERY,
  VIRTIO_VBUS_QUEUE_ENABLE,
  VIRTIO_VBUS_QUEUE_SIZE,
  VIRTIO_VBUS_SHM_QUEUE,
  VIRTIO_VBUS_STATUS_GET,
  VIRTIO_VBUS_STATUS_SET,
  WORD_SIZE,
} from '../transport/vbus-abi.ts';
import { GuestArena } from './guest-arena.ts';
import { SplitRingDriver } from './split-ring-driver.ts';
import type { QueueOptions, TransportDriver } from './transport-driver.ts';

export interface NorthDriverOptions {
  readonly device: NorthDevice;
  readonly memory: GuestMemory;
  /** For buffers; rings lie in the session's memory. */
  readonly arena: GuestArena;
  /** `listen` switches the queue's shm_signal. Default: it listens always, as Linux's driver does. */
  readonly signalGates?: boolean;
}

export class NorthDriver implements TransportDriver {
  readonly memory: GuestMemory;
  readonly arena: GuestArena;
  readonly queues: Map<number, SplitRingDriver> = new Map();
  /** A queue's doorbell told this side. */
  onInterrupt: ((queue: number) => void) | undefined = undefined;
  readonly #device: NorthDevice;
  readonly #signalGates: boolean;
  readonly #signals: Map<number, ShmSignal> = new Map();
  #features: FeatureSet = 0n;

  constructor(options: NorthDriverOptions) {
    this.#device = options.device;
    this.memory = options.memory;
    this.arena = options.arena;
    this.#signalGates = options.signalGates ?? false;
  }

  /** The north side of the doorbell of a queue. */
  signal(queue: number): ShmSignal | undefined {
    return this.#signals.get(queue);
  }

  /** The device's feature bits. */
  offered(): FeatureSet {
    const view = new DataView(new ArrayBuffer(QUERY.size));
    this.#device.call(VIRTIO_VBUS_QUERY, new Uint8Array(view.buffer));
    return view.getBigUint64(QUERY.offset.features, true);
  }

  get status(): number {
    return this.#device.call(VIRTIO_VBUS_STATUS_GET);
  }

  negotiate(features: FeatureSet): boolean {
    this.#features = features;
    this.#word(VIRTIO_VBUS_STATUS_SET, 0);
    this.#word(VIRTIO_VBUS_STATUS_SET, ACKNOWLEDGE);
    this.#word(VIRTIO_VBUS_STATUS_SET, ACKNOWLEDGE | DRIVER);
    const data = new Uint8Array(FEATURES_SIZE);
    new DataView(data.buffer).setBigUint64(0, features, true);
    this.#device.call(VIRTIO_VBUS_FEATURES_SET, data);
    return (this.#word(VIRTIO_VBUS_STATUS_SET, ACKNOWLEDGE | DRIVER | FEATURES_OK) & FEATURES_OK) !== 0;
  }

  /** @throws ConfigurationError `vbus-shm`: the device does not take the ring's memory. */
  setUpQueue(index: number, options: QueueOptions = {}): SplitRingDriver {
    const maxSize = this.#word(VIRTIO_VBUS_QUEUE_SIZE, index);
    const size = options.size ?? maxSize;
    const length = RING_HEAD.size + descriptorAreaSize(maxSize) + driverAreaSize(maxSize) + deviceAreaSize(maxSize) + 8;
    const shared = this.#device.shmWithSignal(VIRTIO_VBUS_SHM_QUEUE + index, length, RING_SIGNAL_OFFSET);
    if (typeof shared === 'number') throw new ConfigurationError('vbus-shm', `DEVSHM for queue ${index} answered ${shared}`, shared);
    const { region, signal } = shared;
    const ring = new SplitRingDriver({
      memory: this.memory,
      arena: new GuestArena(region.address + RING_HEAD.size, region.address + length),
      tables: this.arena,
      size,
      eventIndex: hasFeature(this.#features, VIRTIO_F_EVENT_IDX),
      ringTrace: options.ringTrace,
      name: options.name,
    });
    const { layout } = ring;
    const head = { magic: RING_MAGIC, version: RING_VERSION, size };
    const areas = { descriptors: layout.descriptors, available: layout.available, used: layout.used };
    for (const [name, value] of Object.entries(head)) region.writeU32(RING_HEAD.offset[name as keyof typeof head], value);
    for (const [name, at] of Object.entries(areas)) region.writeU32(RING_HEAD.offset[name as keyof typeof areas], at - region.address);
    this.#word(VIRTIO_VBUS_QUEUE_ENABLE, index);
    signal.onSignal = () => this.onInterrupt?.(index);
    signal.enable();
    this.#signals.set(index, signal);
    this.queues.set(index, ring);
    return ring;
  }

  driverOk(): void {
    this.#word(VIRTIO_VBUS_STATUS_SET, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
  }

  /** True if the wire was rung: both gates were open. */
  kick(index: number): boolean {
    const ring = this.queues.get(index);
    const signal = this.#signals.get(index);
    if (ring?.kickNeeded() !== true || signal === undefined) return false;
    const before = signal.counters.rung;
    signal.inject();
    const rung = signal.counters.rung !== before;
    if (!rung) ring.doorbellSuppressed();
    return rung;
  }

  /** Notifies whatever virtio's suppression says; the shm_signal's still holds. */
  forceKick(index: number): void {
    this.#signals.get(index)?.inject();
  }

  listen(index: number, wanted: boolean): void {
    if (!this.#signalGates) return;
    if (wanted) this.#signals.get(index)?.enable();
    else this.#signals.get(index)?.disable();
  }

  #word(func: number, value: number): number {
    const data = new Uint8Array(WORD_SIZE);
    new DataView(data.buffer).setUint32(0, value, true);
    return this.#device.call(func, data);
  }
}
