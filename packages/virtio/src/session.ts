/**
 * One device and its driver, without the wires: status, features, queues, configuration, kicks in and interrupts out. A transport shows
 * these as registers and adds nothing to their meaning. [virtio 1.2 §2, §3.1]
 *
 *   transport registers → VirtioSession → VirtioDevice
 *                            ↓ SessionInterrupts (the transport again)
 */
import { ConfigurationError, type GuestMemory, type RingEvent, type TraceSink, type Width } from '@paravirt/bus';
import type { DriverSession, VirtioDevice } from './device.ts';
import { DeviceStatus } from './device-status.ts';
import {
  FeatureNegotiation,
  type FeatureRefusal,
  type FeatureSet,
  featureSet,
  hasFeature,
  RING_FEATURES,
  VIRTIO_F_EVENT_IDX,
  VIRTIO_F_INDIRECT_DESC,
  VIRTIO_F_RING_RESET,
} from './features.ts';
import { isQueueSize, type LayoutFault } from './queue/layout.ts';
import type { Suppression } from './queue/notification.ts';
import { QueueSetup } from './queue/setup.ts';
import type { SplitQueue } from './queue/split.ts';
import { type NotificationOptions, QueueNotifications } from './queue-notifications.ts';

/** How a transport carries notifications to the driver. */
export interface SessionInterrupts {
  /** Used buffer notification of queue `index`. */
  queue(index: number): void;
  /** Configuration change notification. */
  config(): void;
  /**
   * The device is looking at queue `index` anyway, no doorbell is wanted (false), or one is wanted again (true); what came in between may be
   * told late, but must be told. Only where virtio's own suppression says nothing (`suppression: 'none'`) and the transport has its own.
   */
  doorbell?(index: number, wanted: boolean): void;
}

/** Why a queue was not enabled. */
export type QueueRefusal = 'not at this stage' | LayoutFault;

/** What happened between a driver and its device, for whoever watches. */
export type VirtioEvent =
  | { readonly kind: 'status'; readonly device: string; readonly written: number; readonly value: number }
  | { readonly kind: 'features-refused'; readonly device: string; readonly why: FeatureRefusal }
  | { readonly kind: 'queue-refused'; readonly device: string; readonly queue: number; readonly why: QueueRefusal }
  | { readonly kind: 'needs-reset'; readonly device: string; readonly why: string };

/** `defer` is a microtask if it is not given. */
export interface VirtioSessionOptions extends NotificationOptions {
  readonly device: VirtioDevice;
  /** Guest memory as the device may reach it. */
  readonly memory: GuestMemory;
  readonly interrupts: SessionInterrupts;
  /** Ring and transport bits offered beside the device's own. Default: everything this package has. */
  readonly ringFeatures?: FeatureSet;
  readonly trace?: TraceSink<VirtioEvent>;
}

const soon = (run: () => void): void => {
  void Promise.resolve().then(run);
};

export class VirtioSession implements DriverSession {
  readonly device: VirtioDevice;
  readonly memory: GuestMemory;
  readonly negotiation: FeatureNegotiation;
  readonly queues: readonly QueueSetup[];
  readonly #interrupts: SessionInterrupts;
  readonly #trace: TraceSink<VirtioEvent> | undefined;
  readonly #ringTrace: TraceSink<RingEvent> | undefined;
  readonly #ringNames: readonly string[];
  readonly #defer: (run: () => void) => void;
  readonly #suppression: Suppression;
  readonly #notifications: readonly QueueNotifications[];
  readonly #status: DeviceStatus;
  #generation = 0;
  #configDirty = false;
  /** Counts resets, so that deferred work of an earlier life does nothing. */
  #life = 0;
  #active = false;
  #paused = false;

  /** @throws ConfigurationError `bad-queue-size`, `mitigation-clock`. */
  constructor(options: VirtioSessionOptions) {
    const { device, interrupts, ringFeatures = RING_FEATURES, suppression = 'event-idx', ringName = device.name, defer = soon } = options;
    const bad = device.queueSizes.find((size) => !isQueueSize(size));
    if (bad !== undefined)
      throw new ConfigurationError('bad-queue-size', `${device.name}: queue size ${bad} is not a power of two up to 32768`, bad);
    this.device = device;
    this.memory = options.memory;
    this.negotiation = new FeatureNegotiation(
      device.features | (suppression === 'event-idx' ? ringFeatures : ringFeatures & ~featureSet(VIRTIO_F_EVENT_IDX)),
      device.featureRequirements,
    );
    this.queues = device.queueSizes.map((size) => new QueueSetup(size));
    this.#interrupts = interrupts;
    this.#trace = options.trace;
    this.#ringTrace = options.ringTrace;
    this.#ringNames = device.queueSizes.map((_, index) => `${ringName}.${device.queuePurposes?.[index]?.name ?? index}`);
    this.#defer = defer;
    this.#suppression = suppression;
    this.#notifications = device.queueSizes.map((_, index) => {
      const ends = {
        kind: device.queuePurposes?.[index]?.kind ?? 'control',
        ring: () => this.queue(index),
        notify: () => this.#notifyDevice(index),
        interrupt: () => interrupts.queue(index),
      };
      return new QueueNotifications(ends, { ...options, defer });
    });
    this.#status = new DeviceStatus({
      reset: () => this.#reset(),
      featuresOk: () => this.#featuresOk(),
      driverOk: () => this.#driverOk(),
    });
  }

  get features(): FeatureSet {
    return this.negotiation.negotiated;
  }

  /** The device status field. */
  get status(): number {
    return this.#status.value;
  }

  /** The driver writes the status field; zero resets. */
  writeStatus(value: number): void {
    this.#status.write(value);
    this.#trace?.({ kind: 'status', device: this.device.name, written: value, value: this.status });
  }

  /**
   * Differs from its last value once a part of the configuration that has changed was read: counted at the read, so that 256 changes in a
   * row do not look like none. 8 bits. [virtio 1.2 §4.1.4.3.1]
   */
  get configGeneration(): number {
    return this.#generation;
  }

  /** Beyond the end of the configuration space reads give zero and writes are lost, byte by byte. */
  readConfig(offset: number, width: Width): number {
    if (this.#configDirty) {
      this.#configDirty = false;
      this.#generation = (this.#generation + 1) & 0xff;
    }
    if (offset + width <= this.device.configSize) return this.device.readConfig(offset, width);
    let value = 0;
    for (let i = 0; i < width && offset + i < this.device.configSize; i++) value += this.device.readConfig(offset + i, 1) * 2 ** (8 * i);
    return value;
  }

  writeConfig(offset: number, width: Width, value: number): void {
    if (offset + width <= this.device.configSize) this.device.writeConfig(offset, width, value);
  }

  /**
   * The driver writes 1 to the enable register of a queue. Taken only between FEATURES_OK and DRIVER_OK, or after the queue was reset
   * alone; a layout that the device cannot use leaves the queue disabled. [virtio 1.2 §3.1.1, §4.1.4.3.1]
   * @returns why the queue was refused; undefined if it is enabled, or there is no such queue.
   */
  enableQueue(index: number): QueueRefusal | undefined {
    const setup = this.queues[index];
    if (setup === undefined || setup.enabled) return undefined;
    const { progress, failed, needsReset } = this.#status;
    const restart = progress === 'driver-ok' && setup.wasReset;
    const early = failed || needsReset || (progress !== 'features-ok' && !restart);
    const why = early ? 'not at this stage' : setup.check(this.memory);
    if (why !== undefined) {
      this.#trace?.({ kind: 'queue-refused', device: this.device.name, queue: index, why });
      return why;
    }
    setup.enabled = true;
    if (restart) {
      this.#openQueue(index, setup);
      this.#notifyDevice(index);
    }
    return undefined;
  }

  /** The driver writes 1 to the reset register of a queue; complete on return. False: it cannot be reset now. [virtio 1.2 §2.6.1] */
  resetQueue(index: number): boolean {
    const setup = this.queues[index];
    if (setup === undefined || !hasFeature(this.features, VIRTIO_F_RING_RESET) || this.#status.progress !== 'driver-ok') return false;
    this.#notifications[index]?.stop();
    setup.ring?.close();
    setup.reset();
    setup.wasReset = true;
    if (this.#active) this.device.queueReset(index);
    return true;
  }

  /**
   * The driver kicks queue `index`; nothing happens unless the queue is usable. `rung` false: no doorbell said so, the transport has found it out
   * itself (a shm_signal that was masked meanwhile).
   */
  notify(index: number, rung = true): void {
    const ring = this.queue(index);
    if (ring === undefined) return;
    if (rung) ring.countDoorbell();
    if (this.#active && !this.#paused) this.#notifications[index]?.rung();
  }

  /** The device may not (true) or may again (false) reach memory: bus mastering is off or on. */
  pause(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    for (const setup of this.queues) if (setup.ring !== undefined) setup.ring.paused = paused;
    this.device.pause?.(paused);
    if (paused) return;
    // Kicks of the time in between were lost, and signals that were held then.
    for (let index = 0; index < this.queues.length; index++) {
      this.#notifyDevice(index);
      this.interrupt(index);
    }
  }

  queue(index: number): SplitQueue | undefined {
    return this.#status.live ? this.queues[index]?.ring : undefined;
  }

  interrupt(index: number): 'sent' | 'held' | 'suppressed' | 'none' {
    return this.#notifications[index]?.interrupt() ?? 'none';
  }

  signal(index: number): void {
    if (this.queue(index) !== undefined) this.#interrupts.queue(index);
  }

  configChanged(notify = true): void {
    this.#configDirty = true;
    // [virtio 1.2 §2.1.2] No notification before DRIVER_OK.
    if (notify && this.#status.progress === 'driver-ok') this.#interrupts.config();
  }

  fail(reason: string): void {
    if (!this.#status.setNeedsReset()) return;
    this.#closeQueues();
    this.#trace?.({ kind: 'needs-reset', device: this.device.name, why: reason });
    if (this.#status.progress === 'driver-ok') this.#interrupts.config();
  }

  notifyLater(queue: number): void {
    const life = this.#life;
    this.#defer(() => {
      if (life === this.#life) this.#notifyDevice(queue);
    });
  }

  #notifyDevice(index: number): void {
    if (this.#active && !this.#paused && this.queue(index) !== undefined) this.device.notify(index);
  }

  #featuresOk(): boolean {
    const why = this.negotiation.accept();
    if (why !== undefined) this.#trace?.({ kind: 'features-refused', device: this.device.name, why });
    return why === undefined;
  }

  #driverOk(): void {
    this.queues.forEach((setup, index) => {
      if (setup.enabled) this.#openQueue(index, setup);
    });
    this.#active = this.device.activate(this);
    if (!this.#active) this.fail('activation');
    // Buffers may have been made available before this moment, and their kicks went nowhere.
    for (let index = 0; index < this.queues.length; index++) this.#notifyDevice(index);
  }

  #openQueue(index: number, setup: QueueSetup): void {
    const interrupts = this.#interrupts;
    setup.open(this.memory, {
      onKicksWanted: this.#suppression === 'none' ? (wanted): void => interrupts.doorbell?.(index, wanted) : undefined,
      indirect: hasFeature(this.features, VIRTIO_F_INDIRECT_DESC),
      suppression: hasFeature(this.features, VIRTIO_F_EVENT_IDX) ? 'event-idx' : this.#suppression === 'none' ? 'none' : 'flags',
      ringTrace: this.#ringTrace,
      name: this.#ringNames[index] ?? '',
      onFault: (fault) => this.fail(`queue ${index}: ${fault}`),
    });
    if (setup.ring !== undefined) setup.ring.paused = this.#paused;
  }

  #closeQueues(): void {
    for (const notifications of this.#notifications) notifications.stop();
    for (const { ring } of this.queues) ring?.close();
  }

  #reset(): void {
    this.#life++;
    this.#active = false;
    this.#closeQueues();
    for (const setup of this.queues) setup.reset();
    this.negotiation.reset();
    this.#generation = 0;
    this.#configDirty = false;
    this.device.reset();
  }
}
