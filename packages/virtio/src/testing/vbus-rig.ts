/** A virtio device on a vbus of its own, and a driver that has it open: what a test of the transport needs. */
import { Ram } from '@paravirt/bus';
import { type ClientMemory, MappedMemory, VbusClient, type VbusEvent, VbusHost } from '@paravirt/vbus';
import type { VirtioDevice } from '../device.ts';
import type { VirtioEvent } from '../session.ts';
import { VirtioVbus, type VirtioVbusOptions } from '../transport/vbus.ts';
import { GuestArena } from './guest-arena.ts';
import { VbusDriver, type VbusDriverOptions } from './vbus-driver.ts';

export interface VbusRigOptions {
  readonly device: VirtioDevice;
  /** Default: 16 MiB. */
  readonly memory?: ClientMemory;
  /** How the card notifies, and where its data path runs. Without a `defer` it runs in `runDeferred` when it is put off. */
  readonly transport?: Omit<VirtioVbusOptions, 'device' | 'trace'>;
}

const BUS = 'bus';
const DEVICE = 'device';

export class VbusRig {
  readonly host: VbusHost = new VbusHost();
  readonly memory: ClientMemory;
  readonly client: VbusClient;
  readonly transport: VirtioVbus;
  readonly arena: GuestArena;
  /** What the client was told. */
  readonly events: VbusEvent[] = [];
  readonly trace: VirtioEvent[] = [];
  /** Work that was put off; run it with `runDeferred`. */
  readonly deferred: (() => void)[] = [];
  #driver: VbusDriver | undefined = undefined;

  constructor(options: VbusRigOptions) {
    const { device, memory = new MappedMemory(new Ram(new ArrayBuffer(16 << 20))), transport } = options;
    this.memory = memory;
    this.arena = new GuestArena(0x1_0000, memory.size);
    this.transport = new VirtioVbus({ ...transport, device, trace: (event) => void this.trace.push(event) });
    this.host.addClass({ name: 'virtio', create: () => this.transport });
    this.host.createDevice(DEVICE, 'virtio');
    this.host.createBus(BUS);
    const bus = this.host.buses.get(BUS);
    if (bus === undefined) throw new RangeError('no bus');
    this.client = new VbusClient({
      bus,
      memory,
      defer: (run) => void this.deferred.push(run),
      events: {
        post: (event, _, placed): void => {
          this.events.push(event);
          this.#driver?.event(event);
          placed?.();
        },
      },
    });
    this.client.ready();
    this.plug();
  }

  /** Links the device, with a new id. */
  plug(): number {
    return this.host.link(BUS, DEVICE);
  }

  unplug(): number {
    return this.host.unlink(BUS, DEVICE);
  }

  /** Id on the bus; −1 if it is not linked. */
  get id(): number {
    return this.host.idsOf(BUS, DEVICE)[0] ?? -1;
  }

  /** A driver that has the device open; the one before it hears no doorbells any more. */
  open(options: Pick<VbusDriverOptions, 'signalGates'> = {}): VbusDriver {
    const { client, id, arena } = this;
    const driver = new VbusDriver({ ...options, client, id, arena, defer: (run) => void this.deferred.push(run) });
    this.#driver = driver;
    return driver;
  }

  /** Until nothing is put off, at most 1,000 pieces of work. */
  runDeferred(): void {
    for (let i = 0; i < 1000 && this.deferred.length > 0; i++) this.deferred.shift()?.();
  }
}
