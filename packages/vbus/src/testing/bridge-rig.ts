/**
 * A bridge between a bus and a driver, with nothing of a machine but memory, ports, interrupts and time: what tests of the wire need.
 * Deferred work and interrupts wait until `settle`, so that a test sees what was done at once and what later.
 */
import { AddressSpace, Ram, RecordingLine, VirtualClock } from '@paravirt/bus';
import type { Vbus } from '../bus.ts';
import { VbusHost } from '../bus.ts';
import { VbusPciBridge, type VbusPciBridgeOptions } from '../connectors/pci-bridge.ts';
import type { ConnectorEvent } from '../connectors/trace.ts';
import { NorthArena } from '../north/north-arena.ts';
import { MappedMemory } from '../shared-region.ts';
import { BridgeDriver, type BridgeDriverOptions, MSI_ADDRESS, MSI_DATA } from './bridge-driver.ts';
import { ECHO_TYPE, EchoDevice, type EchoUse } from './echo-device.ts';

export interface BridgeRigOptions extends Partial<Pick<BridgeDriverOptions, 'interrupts' | 'cpus' | 'events'>> {
  /** Options of the bridge. */
  readonly bridge?: Pick<VbusPciBridgeOptions, 'doorbell' | 'interrupts' | 'aggregation' | 'ringTrace'>;
  /** What the echo devices do with memory. */
  readonly use?: EchoUse;
}

/** In bytes. */
export const RIG_MEMORY: number = 4 << 20;
/** Below it a test may write as it likes. */
export const RIG_ARENA: number = 1 << 20;
/** Turns after which work is taken to be endless. */
const MAX_TURNS = 10_000;

export class BridgeRig {
  readonly host: VbusHost = new VbusHost();
  readonly bus: Vbus;
  readonly ram: Ram = new Ram(new ArrayBuffer(RIG_MEMORY));
  readonly memory: MappedMemory = new MappedMemory(this.ram);
  readonly clock: VirtualClock = new VirtualClock();
  readonly mmio: AddressSpace = new AddressSpace('mmio', 2 ** 40);
  readonly ports: AddressSpace = new AddressSpace('ports', 0x1_0000);
  readonly intx: RecordingLine = new RecordingLine();
  readonly events: ConnectorEvent[] = [];
  readonly bridge: VbusPciBridge;
  readonly driver: BridgeDriver;
  /** The echo devices, by name. */
  readonly devices: Map<string, EchoDevice> = new Map();
  readonly deferred: (() => void)[] = [];
  /** Messages that the driver has not taken yet. */
  messages = 0;

  constructor(options: BridgeRigOptions = {}) {
    this.host.createBus('b');
    this.bus = this.host.buses.get('b') as Vbus;
    const create = (name: string): EchoDevice => {
      const device = new EchoDevice(options.use);
      this.devices.set(name, device);
      return device;
    };
    this.host.addClass({ name: ECHO_TYPE, create });
    const defer = (run: () => void): void => void this.deferred.push(run);
    const { bus, memory, clock, mmio, ports, intx } = this;
    const trace = (event: ConnectorEvent): void => void this.events.push(event);
    this.bridge = new VbusPciBridge({ bus, memory, clock, defer, trace, ...options.bridge });
    this.bridge.function.attach({
      memory: mmio,
      ports,
      dma: this.ram,
      intx,
      messages: {
        signal: (address, data) => {
          if (address === BigInt(MSI_ADDRESS) && data === MSI_DATA) this.messages++;
        },
      },
    });
    const arena = new NorthArena(memory, RIG_ARENA, RIG_MEMORY - RIG_ARENA);
    this.driver = new BridgeDriver({ function: this.bridge.function, mmio, ports, arena, defer, ...options });
  }

  /** Makes an echo device and links it. */
  plug(name: string): EchoDevice {
    this.host.createDevice(name, ECHO_TYPE);
    this.host.link('b', name);
    return this.devices.get(name) as EchoDevice;
  }

  /** Runs deferred work and takes interrupts until there are none; false if that does not end. */
  settle(): boolean {
    for (let turns = 0; turns < MAX_TURNS; turns++) {
      const run = this.deferred.shift();
      if (run !== undefined) run();
      else if (this.messages > 0 || this.intx.high) {
        if (this.messages > 0) this.messages--;
        this.driver.interrupt();
        // The pin is looked at again as time passes.
        if (this.intx.high) this.clock.advanceTo(this.clock.now() + 20_000n);
      } else return true;
    }
    return false;
  }
}
