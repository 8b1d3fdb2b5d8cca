/**
 * What the cards of a model run are plugged into: the guest's processor and memory, address spaces whose accesses are exits, a PCI bus with
 * its interrupt lines, and the host's threads.
 *
 *   inline      the device works within the exit; what comes from the wire or a timer is work of the host's kernel, another processor
 *   deferred    one event loop in user space for all cards; exits for it go to user space
 *   worker      a thread for each card, in the kernel; what is no doorbell stays with user space
 */
import { type Clock, type InterruptLine, Ram } from '@paravirt/bus';
import type { EthernetPort } from '@paravirt/net-backend';
import {
  CONFIG_MECHANISM_PORT,
  CONFIG_MECHANISM_PORTS,
  ConfigMechanism1,
  type ConfigurationAccess,
  HOTPLUG_REGISTERS_SIZE,
  HotplugSlots,
  InterruptRouting,
  PciBus,
  pirqOf,
} from '@paravirt/pci';
import { ConfigPorts } from '@paravirt/pci/testing';
import { MappedMemory } from '@paravirt/vbus';
import { GuestArena } from '@paravirt/virtio/testing';
import type { CostProfile } from '../cost/cost-profile.ts';
import type { CardSetup } from '../point.ts';
import type { LabContext, RunTrace } from '../run-point.ts';
import { CardPort } from '../simulation/card-port.ts';
import { ExitSpace } from '../simulation/exit-space.ts';
import { Simulation } from '../simulation/simulation.ts';
import { Timeline } from '../simulation/timeline.ts';
import { Vcpu } from '../simulation/vcpu.ts';
import { Wire } from '../simulation/wire.ts';
import { AcpiSlots } from './acpi-slots.ts';

export interface BoardOptions {
  readonly profile: CostProfile;
  readonly cards: number;
  /** Longest frame, in bytes. */
  readonly frame: number;
  readonly trace?: LabContext['trace'] | undefined;
}

/** Where a card's data path runs. */
export interface HostPlace {
  readonly thread: Timeline;
  readonly clock: Clock;
  readonly user: boolean;
  /** Until the thread runs when it was idle. */
  readonly handOver: number;
  /** Who answers doorbells, and what else the data path needs. */
  readonly answers: 'kernel' | 'user';
  /** Runs the device's work: soon, or in the thread. */
  readonly defer: (run: () => void) => void;
}

/** A cable with the card's end and the peer's. */
export interface Cable {
  readonly wire: Wire;
  /** The host's end, and what the card is given of it: the same, or watched. */
  readonly host: CardPort;
  readonly port: EthernetPort;
}

/** Buffers of a card's rings each way. */
const RING_SIZE = 256;
/** Rings, descriptors, arguments of calls. */
const CARD_METADATA = 1 << 20;
/** What a vbus client has for structures, rings and its event ring. */
const SHARED_AREA = 16 << 20;
const FIRST_PAGE = 0x1000;
/** Of the hot-plug controller, as in the machine. */
const HOTPLUG_PORT = 0xae00;
const FIRST_PIRQ_VECTOR = 0x28;
/** Where the ACPI interrupt goes that tells of hot-plug. */
const SCI_VECTOR = 0x22;

export class Board {
  readonly options: BoardOptions;
  readonly simulation: Simulation = new Simulation();
  readonly vcpu: Vcpu;
  readonly ram: Ram;
  readonly memory: MappedMemory;
  readonly mmio: ExitSpace;
  readonly ports: ExitSpace;
  readonly bus: PciBus;
  /** How the guest reaches configuration space. */
  readonly configuration: ConfigurationAccess;
  /** Accesses by it. */
  configurationAccesses = 0;
  readonly acpi: AcpiSlots;
  readonly slots: HotplugSlots;
  /** The host's kernel beside the guest's processor: softirqs, timers. */
  readonly kernel: Timeline;
  /** The event loop of the host's user space. */
  readonly loop: Timeline;
  readonly workers: Timeline[] = [];
  readonly trace: RunTrace | undefined;
  readonly #cardArea: number;
  readonly #fast: { readonly space: 'port' | 'mmio'; readonly base: number; readonly end: number }[] = [];
  readonly #fastNames: Set<string> = new Set();
  /** Handlers by line, then by device. */
  readonly #lines: readonly Map<number, () => void>[] = [new Map(), new Map(), new Map(), new Map()];

  constructor(options: BoardOptions) {
    const { profile, cards, frame } = options;
    const { simulation } = this;
    this.options = options;
    this.trace = options.trace?.(() => BigInt(simulation.now));
    this.vcpu = new Vcpu(simulation, profile);
    this.kernel = new Timeline(simulation, 'kernel');
    this.loop = new Timeline(simulation, 'loop');
    const buffer = Math.ceil((Math.max(frame, frame > 2000 ? 65_600 : 2048) + 64) / 64) * 64;
    this.#cardArea = CARD_METADATA + 2 * RING_SIZE * buffer;
    const size = Math.ceil((FIRST_PAGE + SHARED_AREA + cards * this.#cardArea) / 4096) * 4096;
    this.ram = new Ram(new ArrayBuffer(size));
    this.memory = new MappedMemory(this.ram);
    this.mmio = new ExitSpace('mmio', 2 ** 40, this.vcpu, (address) => this.#answers('mmio', address));
    this.ports = new ExitSpace('port', 0x1_0000, this.vcpu, (address) => this.#answers('port', address));
    const pirq = (number: number): InterruptLine => {
      const vector = FIRST_PIRQ_VECTOR + number;
      this.vcpu.handle(vector, () => {
        for (const handler of this.#lines[number]?.values() ?? []) handler();
      });
      return this.vcpu.level(vector);
    };
    this.bus = new PciBus({
      memory: this.mmio,
      ports: this.ports,
      dma: this.ram,
      messages: { signal: (_, data) => this.vcpu.interrupt(data & 0xff) },
      interrupts: new InterruptRouting({ lines: [pirq(0), pirq(1), pirq(2), pirq(3)] }),
    });
    this.ports.map('configuration', CONFIG_MECHANISM_PORT, CONFIG_MECHANISM_PORTS, new ConfigMechanism1({ bus: this.bus }));
    const path = new ConfigPorts(this.ports);
    this.configuration = {
      readConfig: (address, offset, width) => {
        this.configurationAccesses++;
        return path.readConfig(address, offset, width);
      },
      writeConfig: (address, offset, width, value) => {
        this.configurationAccesses++;
        path.writeConfig(address, offset, width, value);
      },
    };
    this.slots = new HotplugSlots({ bus: this.bus, event: () => this.vcpu.interrupt(SCI_VECTOR) });
    this.ports.map('hot-plug', HOTPLUG_PORT, HOTPLUG_REGISTERS_SIZE, this.slots);
    this.acpi = new AcpiSlots(this);
  }

  /** First address of the area that a vbus client shares with its bus, and its length. */
  get sharedArea(): { readonly start: number; readonly length: number } {
    return { start: FIRST_PAGE, length: SHARED_AREA };
  }

  /** Memory of one card's driver, all of it: whoever had it before has gone. */
  arena(index: number): GuestArena {
    const start = FIRST_PAGE + SHARED_AREA + index * this.#cardArea;
    return new GuestArena(start, start + this.#cardArea);
  }

  get hotplugPort(): number {
    return HOTPLUG_PORT;
  }

  get hotplugVector(): number {
    return SCI_VECTOR;
  }

  /** A range that the host's kernel answers; everything else is user space's. */
  answerInKernel(space: 'port' | 'mmio', base: number, size: number): void {
    if (!this.#fast.some((range) => range.space === space && range.base === base)) this.#fast.push({ space, base, end: base + size });
  }

  /** The same for a BAR, wherever the guest puts it; `name` is that of its mapping. */
  answerRangeInKernel(name: string): void {
    this.#fastNames.add(name);
  }

  /** The guest's handler for INTA# of device `device`: one of those that share the line. */
  handleLine(device: number, handler: () => void): void {
    this.#lines[pirqOf(device, 1)]?.set(device, handler);
  }

  place(place: CardSetup['place'], index: number): HostPlace {
    const { profile } = this.options;
    if (place === 'inline') {
      const thread = this.kernel;
      return {
        thread,
        clock: this.simulation.clockOf(thread),
        user: false,
        handOver: 0,
        answers: 'kernel',
        defer: (run) => this.soon(run),
      };
    }
    const user = place === 'deferred';
    const thread = user ? this.loop : this.#worker(index);
    const { handOver } = profile;
    const defer = (run: () => void): void => {
      const { simulation } = this;
      const idle = !thread.busy;
      // An eventfd that wakes the thread; on the way through user space the exit has been paid for.
      if (idle && !user) simulation.charge(profile.wake, 'host');
      thread.post(run, simulation.now + (idle ? handOver : 0));
    };
    return { thread, clock: this.simulation.clockOf(thread), user, handOver, answers: user ? 'user' : 'kernel', defer };
  }

  /** A tasklet of the host: before the guest goes on, or as the next task of whoever runs. */
  soon(run: () => void): void {
    if (this.vcpu.inExit) this.vcpu.beforeEntry(run);
    else (this.simulation.current ?? this.kernel).post(run);
  }

  /** The cable of a card, made with it. */
  cable(place: HostPlace, index: number, bitsPerSecond: number): Cable {
    const { simulation, vcpu } = this;
    const { profile } = this.options;
    const { latency, moderation } = profile.wire;
    const wire = new Wire({ simulation, bitsPerSecond, latency, moderation });
    const { thread, handOver, user } = place;
    const host = new CardPort({ simulation, profile, wire, guest: vcpu, receiver: thread, handOver, user });
    return { wire, host, port: this.trace?.watch(`net${index}`, host) ?? host };
  }

  #worker(index: number): Timeline {
    return (this.workers[index] ??= new Timeline(this.simulation, `worker${index}`));
  }

  #answers(space: 'port' | 'mmio', address: number): 'kernel' | 'user' {
    for (const range of this.#fast) if (range.space === space && address >= range.base && address < range.end) return 'kernel';
    if (this.#fastNames.size === 0) return 'user';
    const name = (space === 'port' ? this.ports : this.mmio).at(address)?.name;
    return name !== undefined && this.#fastNames.has(name) ? 'kernel' : 'user';
  }
}
