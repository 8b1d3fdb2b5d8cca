/**
 * A bus, a client of it and the client's event ring, without any wire: verbs are called, events are taken out of the ring, and deferred
 * work waits until `settle`.
 */
import { VBUS_DEVOPEN } from '../abi.ts';
import { type Vbus, VbusHost } from '../bus.ts';
import { busCall } from '../bus-call.ts';
import { VbusClient, type VbusTrace } from '../client.ts';
import { EventQueue } from '../event-queue.ts';
import { BufferMemory } from '../shared-region.ts';
import { initShmSignal, ShmSignal } from '../shm-signal.ts';
import { ECHO_TYPE, EchoDevice } from './echo-device.ts';
import { EventRingDriver } from './event-ring-driver.ts';

/** Where the event ring lies; below it a test has 32 KiB for itself, and 480 KiB from CLIENT_FREE on. */
const RING = 0x8000;
export const CLIENT_FREE = 0x1_0000;
const MEMORY = 0x8_0000;
const ARGUMENT = 0x7000;
/** Rounds of deferred work after which it is taken to be endless. */
const MAX_ROUNDS = 1000;

export class ClientRig {
  readonly host: VbusHost;
  readonly bus: Vbus;
  readonly memory: BufferMemory = new BufferMemory(new ArrayBuffer(MEMORY));
  readonly trace: VbusTrace[] = [];
  readonly deferred: (() => void)[] = [];
  /** The echo devices, by name. */
  readonly devices: Map<string, EchoDevice> = new Map();
  readonly events: EventQueue;
  readonly client: VbusClient;
  readonly ring: EventRingDriver;
  interrupts = 0;

  /** @param events descriptors of the event ring; @param shared the bus `b` of another rig, for a second client */
  constructor(events = 16, shared?: ClientRig) {
    this.host = shared?.host ?? new VbusHost();
    this.host.createBus('b');
    this.bus = this.host.buses.get('b') as Vbus;
    if (shared === undefined) this.host.addClass({ name: ECHO_TYPE, create: (name) => this.#create(name) });
    const defer = (run: () => void): void => void this.deferred.push(run);
    this.events = new EventQueue({ interrupt: () => void this.interrupts++, defer });
    this.client = new VbusClient({
      bus: this.bus,
      memory: this.memory,
      defer,
      events: this.events,
      trace: (event) => void this.trace.push(event),
    });
    this.ring = new EventRingDriver({ memory: this.memory, address: RING, count: events, ring: () => this.events.kick() });
  }

  /** Registers the ring and is READY. */
  ready(): this {
    this.ring.register(this.events, this.memory);
    this.client.ready();
    return this;
  }

  /** Makes an echo device and links it; its id on the bus. */
  plug(name: string): number {
    this.host.createDevice(name, ECHO_TYPE);
    this.host.link('b', name);
    return this.host.idsOf('b', name)[0] ?? -1;
  }

  /** DEVOPEN as a structure in memory: the handle, or −errno. */
  open(id: number, version = 1): bigint | number {
    this.memory.writeU32(ARGUMENT, id);
    this.memory.writeU32(ARGUMENT + 4, version);
    const result = busCall(this.client, VBUS_DEVOPEN, ARGUMENT, 16);
    return result < 0 ? result : this.memory.readU64(ARGUMENT + 8);
  }

  /** A fresh doorbell at `address`, as DEVSHM wants it, and its north side. */
  doorbell(address: number, ring: () => void): ShmSignal {
    const region = this.memory.map(address, 16);
    if (region === undefined) throw new RangeError('no room for a doorbell');
    initShmSignal(region, 0);
    return new ShmSignal({ region, offset: 0, side: 'north', ring, defer: (run) => void this.deferred.push(run) });
  }

  /** Runs what was deferred, and what that defers. */
  settle(): void {
    for (let round = 0; this.deferred.length > 0; round++) {
      if (round === MAX_ROUNDS) throw new Error('deferred work does not end');
      for (const run of this.deferred.splice(0)) run();
    }
  }

  #create(name: string): EchoDevice {
    const device = new EchoDevice();
    this.devices.set(name, device);
    return device;
  }
}
