/** What a driver of a device type needs of the transport below it. [virtio 1.2 §3.1] */
import type { GuestMemory, RingEvent, TraceSink } from '@paravirt/bus';
import type { FeatureSet } from '../features.ts';
import type { GuestArena } from './guest-arena.ts';
import type { SplitRingDriver } from './split-ring-driver.ts';

export interface QueueOptions {
  /** Default: as the device says. */
  readonly size?: number;
  /** MSI-X vector. */
  readonly vector?: number;
  /** As `SplitRingDriverOptions` has them. */
  readonly ringTrace?: TraceSink<RingEvent> | undefined;
  readonly name?: string | undefined;
}

export interface TransportDriver {
  readonly memory: GuestMemory;
  /** Where rings and buffers come from. */
  readonly arena: GuestArena;
  /** The device status field. */
  readonly status: number;
  /** Reset, ACKNOWLEDGE, DRIVER, features, FEATURES_OK; true if the device took them. [virtio 1.2 §3.1.1, steps 1 to 6] */
  negotiate(features: FeatureSet): boolean;
  /** Makes a ring, tells the device where it is and enables it. */
  setUpQueue(index: number, options?: QueueOptions): SplitRingDriver;
  driverOk(): void;
  /** Notifies unless the device said that it need not be; true if it was. */
  kick(index: number): boolean;
  /** Whether the transport's own doorbell of queue `index` may ring for this side, if the transport has one and the driver uses it. */
  listen?(index: number, wanted: boolean): void;
}
