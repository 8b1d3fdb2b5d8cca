/**
 * What a virtio device is, whatever transport it hangs on: a type, feature bits, queues, a configuration space, and what to do when a
 * driver is ready or kicks. [virtio 1.2 §2] The other direction, what a device may ask of its transport, is `DriverSession`.
 */
import type { GuestMemory, Width } from '@paravirt/bus';
import type { FeatureRequirement, FeatureSet } from './features.ts';
import type { SplitQueue } from './queue/split.ts';

/** What a queue is for: what the driver sends, room for what it is to receive, or what is neither and never kept waiting. */
export type QueueKind = 'transmit' | 'receive' | 'control';

export interface QueuePurpose {
  /** In traces: `tx`. */
  readonly name: string;
  readonly kind: QueueKind;
}

/** A device type. Nothing here may throw, whatever a driver does. */
export interface VirtioDevice {
  /** For people: "virtio-net". */
  readonly name: string;
  /** [virtio 1.2 §5] Device ID: 1 is a network card, 4 an entropy source. */
  readonly deviceId: number;
  /** Feature bits of the device type that are offered; the ring's bits are added by the session. */
  readonly features: FeatureSet;
  readonly featureRequirements: readonly FeatureRequirement[];
  /** Maximum size of each queue, powers of two up to 32768; the index is the queue's number. */
  readonly queueSizes: readonly number[];
  /** What each queue is for. Default: control. */
  readonly queuePurposes?: readonly QueuePurpose[];
  /** Bytes of device-specific configuration. */
  readonly configSize: number;
  /** Within `configSize`, any width and alignment; unsigned result. */
  readConfig(offset: number, width: Width): number;
  writeConfig(offset: number, width: Width, value: number): void;
  /** DRIVER_OK: the queues may be used through `session` until `reset`. False: the device cannot work like this and needs a reset. */
  activate(session: DriverSession): boolean;
  /** The driver is gone: chains are dropped, settings are the defaults again. Also called when no driver was active. */
  reset(): void;
  /** The driver made buffers available in a queue, or the queue became usable. One call does bounded work. */
  notify(queue: number): void;
  /** One queue was reset alone: chains of it are dropped; it may come back with `notify`. [virtio 1.2 §2.6.1] */
  queueReset(queue: number): void;
  /**
   * Bus mastering goes off (true) or on. For a device whose rings are in use elsewhere: they are at rest when the call returns. Those of the
   * session are so anyway.
   */
  pause?(paused: boolean): void;
}

/** What an active device sees of its driver and its transport. */
export interface DriverSession {
  /** Guest memory as this device may reach it. */
  readonly memory: GuestMemory;
  /** What driver and device agreed on. */
  readonly features: FeatureSet;
  /** Queue `index` while the driver has it enabled. Ask each time: a queue reset replaces it. */
  queue(index: number): SplitQueue | undefined;
  /**
   * Sends a used buffer notification if the driver wants one for what was published. `sent`: interrupted; `held`: a mitigation does so
   * later; `suppressed`: there was something, but the driver did not want to be told; `none`: nothing new.
   */
  interrupt(index: number): 'sent' | 'held' | 'suppressed' | 'none';
  /** Sends a used buffer notification that was decided upon where the rings are in use, elsewhere. */
  signal(index: number): void;
  /**
   * The configuration space changed: a new generation and a configuration change notification, unless the driver itself asked for the
   * change (`notify` false). [virtio 1.2 §2.5, §2.3]
   */
  configChanged(notify?: boolean): void;
  /** The device cannot go on: DEVICE_NEEDS_RESET, all queues closed. `reason` is for the trace. [virtio 1.2 §2.1.2] */
  fail(reason: string): void;
  /** Calls the device's `notify(queue)` again soon, not within this call: for work beyond what one kick may cost. */
  notifyLater(queue: number): void;
}
