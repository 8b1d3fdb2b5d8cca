/**
 * What a device on the bus is: made by a class, linked to a bus by the administrator, opened through one of its interfaces by a driver in
 * a foreign context, which then talks to the connection. [vbus PCI-2, roles] devclass → device → interface → connection.
 *
 * Nothing that is called because of a client (connect, call, shm, close) may throw; results below zero are −errno (errno.ts).
 */
import type { Attribute } from './attributes.ts';
import type { ClientMemory, SharedRegion } from './shared-region.ts';
import type { ShmSignal } from './shm-signal.ts';

/** A factory of devices: `venet-tap`. */
export interface DeviceClass {
  readonly name: string;
  /** A device of that name, on no bus yet. Negative: −errno, there is none. */
  create(name: string): VbusDevice | number;
}

export interface VbusDevice {
  /** What the administrator reads and writes under /sys/vbus/devices/NAME. */
  readonly attributes: readonly Attribute[];
  /** Each becomes a device of its own, with its own id, on the bus that the device is linked to. */
  readonly interfaces: readonly DeviceInterface[];
  /** The device is being linked to a bus: 0, or −EBUSY if it takes no further one. */
  busConnect(): number;
  /** It is unlinked. Its connections were closed before. */
  busDisconnect(): void;
  /** It is removed by the administrator, and on no bus. */
  release(): void;
}

export interface DeviceInterface {
  /** Among the interfaces of the device. */
  readonly name: string;
  /** The ABI that a driver matches on, printable ASCII of at most 127 bytes: `virtual-ethernet`. */
  readonly type: string;
  /** DEVOPEN: a connection, or −errno: −EINVAL for an unknown version, −EBUSY if it takes no further one. */
  connect(context: ConnectContext): VbusConnection | number;
}

/** What a connection may use of the client behind it. */
export interface ConnectContext {
  readonly memory: ClientMemory;
  /** Version of the interface that the driver speaks; 32 bits. */
  readonly version: number;
  /** Runs something soon, after the present call. */
  readonly defer: (run: () => void) => void;
}

export interface VbusConnection {
  /**
   * DEVCALL: synchronous, meaning as the interface says. `data` is a copy of the client's bytes (up to 64 KiB); what is left in it is
   * copied back if the result is not negative. `flags` are as the driver gave them. ≥ 0, or −errno.
   */
  call(func: number, data: Uint8Array, flags: number): number;
  /**
   * DEVSHM: memory for long use, mapped and checked; `id` is new to this connection. `signal` is the south side of the doorbell in it, if
   * it has one; nobody listens to it yet. Both are the connection's until `close`; the signal is closed by the bus. `flags` are 0: none is
   * defined. 0, or −errno: then neither may be kept.
   */
  shm(id: number, flags: number, region: SharedRegion, signal: ShmSignal | undefined): number;
  /** Called once: the driver closed, the device was unlinked, or the client is gone. The client's memory must not be touched after. */
  close(): void;
}
