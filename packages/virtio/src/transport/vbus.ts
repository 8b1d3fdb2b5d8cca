/**
 * The vbus transport: any device of this package as a device of a virtual-bus, unchanged. [vbus §1.1] The device has one interface, of type
 * `virtio`, and one driver at a time; what that driver does is in vbus-connection.ts.
 *
 *   const host = new VbusHost();
 *   host.addClass(virtioClass('virtio-net', () => new VirtioNet({ port, mac })));
 *   host.createDevice('net0', 'virtio-net');
 *   host.link('guest', 'net0');
 */
import type { TraceSink } from '@paravirt/bus';
import {
  type Attribute,
  addSignalCounters,
  type ConnectContext,
  type DeviceClass,
  type DeviceInterface,
  EBUSY,
  EINVAL,
  noSignals,
  type ShmSignal,
  type SignalCounters,
  type VbusConnection,
  type VbusDevice,
} from '@paravirt/vbus';
import type { VirtioDevice } from '../device.ts';
import type { NotificationOptions } from '../queue-notifications.ts';
import { type VirtioEvent, VirtioSession } from '../session.ts';
import { VIRTIO_VBUS_TYPE, VIRTIO_VBUS_VERSION } from './vbus-abi.ts';
import { VirtioVbusConnection } from './vbus-connection.ts';
import { VbusMemory } from './vbus-memory.ts';

/** `defer` is that of the connector of the client that has the device open, if it is not given. */
export interface VirtioVbusOptions extends NotificationOptions {
  readonly device: VirtioDevice;
  readonly trace?: TraceSink<VirtioEvent>;
  /** What the administrator sees beside the attributes that every virtio device has. */
  readonly attributes?: readonly Attribute[];
}

const hex = (value: number | bigint): string => `0x${value.toString(16)}`;

export class VirtioVbus implements VbusDevice {
  readonly session: VirtioSession;
  readonly attributes: readonly Attribute[];
  readonly interfaces: readonly DeviceInterface[];
  readonly #memory: VbusMemory = new VbusMemory();
  readonly #signals: readonly SignalCounters[];
  readonly #noticeSignal: SignalCounters = noSignals();
  #linked = false;
  #connection: VirtioVbusConnection | undefined = undefined;
  #clientDefer: ((run: () => void) => void) | undefined = undefined;

  /** @throws ConfigurationError those of `VirtioSession`. */
  constructor(options: VirtioVbusOptions) {
    const { device, attributes = [], defer = (run): void => this.#clientDefer?.(run), ...others } = options;
    this.session = new VirtioSession({
      ...others,
      device,
      memory: this.#memory,
      interrupts: {
        queue: (index) => this.#connection?.queue(index),
        config: () => this.#connection?.config(),
        doorbell: (index, wanted) => this.#connection?.doorbell(index, wanted),
      },
      defer,
    });
    this.#signals = this.session.queues.map(noSignals);
    this.attributes = [
      { name: 'device_id', show: () => String(device.deviceId) },
      { name: 'features', show: () => hex(this.session.negotiation.offered) },
      { name: 'driver_features', show: () => hex(this.session.features) },
      { name: 'status', show: () => hex(this.session.status) },
      ...attributes,
    ];
    this.interfaces = [{ name: device.name, type: VIRTIO_VBUS_TYPE, connect: (context) => this.#connect(context) }];
  }

  /** A driver has the device open. */
  get open(): boolean {
    return this.#connection !== undefined;
  }

  /**
   * The doorbells of each queue as the shm_signals saw them, over all drivers that there were: kicks that arrived (`wakeups`) and were for
   * nothing (`spurious`), interrupts that were wanted (`injected`), rung and suppressed. What virtio's own suppression did is in
   * `session.queues[n].counters`.
   */
  get signals(): readonly SignalCounters[] {
    return this.#signals.map((past, index) => sum(past, this.#connection?.signal(index)));
  }

  /** That of the configuration change notice. */
  get noticeSignal(): SignalCounters {
    return sum(this.#noticeSignal, this.#connection?.noticeSignal);
  }

  busConnect(): number {
    if (this.#linked) return -EBUSY;
    this.#linked = true;
    return 0;
  }

  busDisconnect(): void {
    this.#connection?.close();
    this.#linked = false;
  }

  release(): void {
    this.#connection?.close();
  }

  #connect({ version, memory, defer }: ConnectContext): VbusConnection | number {
    if (version !== VIRTIO_VBUS_VERSION) return -EINVAL;
    if (this.#connection !== undefined) return -EBUSY;
    this.#memory.connect(memory);
    this.#clientDefer = defer;
    this.#connection = new VirtioVbusConnection({
      session: this.session,
      ringAdded: (region) => this.#memory.addRing(region),
      closed: (queues, notice) => this.#closed(queues, notice),
    });
    return this.#connection;
  }

  #closed(queues: readonly (ShmSignal | undefined)[], notice: ShmSignal | undefined): void {
    queues.forEach((signal, index) => {
      const past = this.#signals[index];
      if (past !== undefined) Object.assign(past, sum(past, signal));
    });
    Object.assign(this.#noticeSignal, sum(this.#noticeSignal, notice));
    this.#connection = undefined;
    this.#clientDefer = undefined;
    this.#memory.disconnect();
  }
}

/**
 * A class of virtio devices for a container.
 * @param create makes the device model for a device of the given name; what it throws is the caller's mistake and comes through.
 */
export function virtioClass(name: string, create: (name: string) => VirtioVbusOptions): DeviceClass {
  return { name, create: (device) => new VirtioVbus(create(device)) };
}

function sum(past: SignalCounters, signal: ShmSignal | undefined): SignalCounters {
  const all = { ...past };
  if (signal !== undefined) addSignalCounters(all, signal.counters);
  return all;
}
