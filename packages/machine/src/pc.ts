/**
 * The PC: everything made and wired, from memory to the console, in one piece that reads from top to bottom. No logic lives here; what
 * answers a port or an address is in chipset/, packages/pci and packages/virtio, what moves time is in run-loop.ts.
 */
import { type Clock, type GuestMemory, type InterruptLine, SharedLine, VirtualClock } from '@paravirt/bus';
import { assignAddresses, ConfigMechanism1, createHostBridge, HotplugSlots, InterruptRouting, PciBus } from '@paravirt/pci';
import { type VbusHost, VbusTree } from '@paravirt/vbus';
import { Cpu, type TimestampLine } from '@paravirt/x86-core';
import { writeBiosDataArea } from './boot/bios-data-area.ts';
import { memoryMapOf } from './boot/e820.ts';
import { load } from './boot/load.ts';
import {
  AcpiGpe,
  AcpiPm,
  DELIVERY_FIXED,
  DebugConsole,
  DmaRegisters,
  ExitPort,
  fanOut,
  HOTPLUG_EVENT,
  I8042,
  IoApic,
  LocalApic,
  Pic,
  Pit,
  PostCode,
  Rtc,
  SystemControlA,
  TimeStampCounter,
  Uart,
  writeAcpiTables,
} from './chipset/index.ts';
import { type ConsolePort, OutputBuffer, SerialConsole } from './console.ts';
import { CountedSpace } from './counted-space.ts';
import { CountedInterrupts, ExitCounters } from './exits.ts';
import { allocateMemory, clear } from './guest-ram.ts';
import { platformHost } from './host.ts';
import { interruptSources } from './interrupt-sources.ts';
import * as at from './memory-map.ts';
import { NetworkCards } from './network-cards.ts';
import { HostPace, InstructionPace, type Pace } from './pace.ts';
import { checkOptions, DETERMINISTIC_START_MS, type PcOptions, sharesMemory, splitMemory, wiresOf } from './pc-options.ts';
import { PricedWork, putInForce } from './priced-work.ts';
import type { Prices, Work } from './prices.ts';
import { registerDump } from './register-dump.ts';
import { Rom } from './rom.ts';
import { type PcStop, RunLoop, type StopCondition } from './run-loop.ts';
import { applyStartState } from './start-state.ts';
import { VirtualBus } from './virtual-bus.ts';

export interface Pc {
  /**
   * Runs until the guest powers off or cannot go on, until `stop()`, or until the condition holds. May be called again after `stopped`.
   * @throws Error if a run is under way.
   */
  run(until?: StopCondition): Promise<PcStop>;
  /** Ends the run at the next instruction boundary. */
  stop(): void;
  /** As the reset button does: at the next instruction boundary of the run. */
  reset(): void;
  /** A press of the power button, as the guest's system sees it. */
  pressPowerButton(): void;
  /** First serial port. */
  readonly console: ConsolePort;
  /** Text written to port 0xE9 or 0x402; the bytes are the receiver's. */
  onDebugOutput: ((bytes: Uint8Array<ArrayBuffer>) => void) | undefined;
  readonly exits: ExitCounters;
  readonly clock: Clock;
  readonly cpu: Cpu;
  readonly ram: GuestMemory;
  readonly pci: PciBus;
  /** Devices that come and go while the guest runs. */
  readonly hotplug: HotplugSlots;
  /** The container of the virtual buses: what an administrator works on. A bus has the name of its wire. */
  readonly vbus: VbusHost;
  /** The same as a tree of files, as configfs and sysfs showed it. */
  readonly vbusTree: VbusTree;
  /** Network cards: those of `options.nets` and what came and went since. */
  readonly cards: NetworkCards;
  /**
   * What things cost from now on, in the deterministic mode; undefined (the default): only instructions take time. To be set between runs.
   * @throws ConfigurationError `bad-price`, `bad-rate`, `not-deterministic`. @throws Error if a run is under way.
   */
  prices: Prices | undefined;
  /** What prices are for, counted in either mode. */
  readonly work: Work;
  /** Registers as text, several lines. */
  describeCpu(): string;
}

/** TSC and local APIC timer count nanoseconds of virtual time. */
const TSC_HZ = 1e9;
const NS_PER_INSTRUCTION = 10;
/** Physical address space: as many bits as page tables have. */
const PHYSICAL_SIZE = 2 ** 52;
const PORTS_SIZE = 0x1_0000;

/** The counter as the CPU can work it out by itself while it runs. */
function timestampLine(tsc: TimeStampCounter, pace: Pace | undefined): TimestampLine | undefined {
  const line = pace?.line();
  const start = line === undefined ? undefined : tsc.countsNanoseconds(line.time);
  return line === undefined || start === undefined ? undefined : { start, from: line.from, rate: line.rate };
}

/**
 * @throws ConfigurationError for options out of range, for files that are no kernel or ROM (see `loadKernel`, `loadBios`) and for too
 * little memory.
 */
export function createPc(options: PcOptions): Pc {
  checkOptions(options);
  const { time = { mode: 'host' }, host = platformHost(), nets = [] } = options;

  // ---- Memory and what is to boot: bad files are refused before anything large is made.
  const { below4G, above4G } = splitMemory(options.memory);
  const memoryMap = memoryMapOf(below4G, above4G);
  const { bios, placements, start } = load(options.boot, memoryMap);
  const memory = allocateMemory(below4G, above4G, sharesMemory(options));
  const { ram } = memory;
  const ports = new CountedSpace('ports', PORTS_SIZE);
  const mmio = new CountedSpace('memory', PHYSICAL_SIZE);

  // ---- Time.
  let pace: Pace | undefined;
  const clock = new VirtualClock(() => BigInt(pace?.now() ?? 0));
  const tsc = new TimeStampCounter(clock, TSC_HZ);

  // ---- What is counted.
  const exits: ExitCounters = new ExitCounters({
    ports,
    mmio,
    instructions: () => cpu.retired,
    now: () => clock.now(),
    halts: (): number => loop.halts,
    endsOfInterrupt: () => localApic.endsOfInterrupt,
    interruptSources: () => interruptSources({ localApic, ioApic, pci, injected: virtualBus.injected }),
    cards: () => cards.report(),
    connectors: () => virtualBus.report(),
  });

  // ---- Interrupt controllers and CPU. The CPU, made last, is the end of two wires.
  const intr: InterruptLine = {
    raise: (): void => {
      interrupts.raised(cpu.interruptsEnabled);
      cpu.intr.raise();
      loop.wake();
    },
    lower: (): void => {
      interrupts.high = false;
      cpu.intr.lower();
    },
  };
  const localApic: LocalApic = new LocalApic({
    clock,
    intr,
    nmi: () => {
      cpu.nmi();
      loop.wake();
    },
    init: () => cpu.init(),
    pic: { acknowledge: (): number => pic.acknowledge() },
    endOfInterrupt: (vector) => ioApic.endOfInterrupt(vector),
    tsc,
    id: at.LOCAL_APIC_ID,
  });
  const ioApic: IoApic = new IoApic(localApic, { id: at.IOAPIC_ID });
  const pic: Pic = new Pic(fanOut(localApic.lint0, ioApic.line(0)));
  const irq = (number: number): InterruptLine => fanOut(pic.line(number), ioApic.line(at.ioApicPinOfIrq(number)));
  const virtualBus = new VirtualBus({
    wires: wiresOf(options),
    options: options.vbusOptions,
    ringTrace: options.ringTrace,
    ram,
    clock,
    inject: (vector, destination, logical) =>
      void localApic.deliver({ vector, destination, logical, deliveryMode: DELIVERY_FIXED, level: false }),
  });
  const { hypercalls } = virtualBus;
  const interrupts = new CountedInterrupts(localApic, exits, () => cpu.halted);
  const cpu: Cpu = new Cpu({
    memory,
    ports,
    mmio,
    interrupts,
    msrs: exits.countMsrs(localApic.msrs),
    ...(hypercalls === undefined ? {} : { hypercalls: exits.countHypercalls(hypercalls) }),
    timestamp: () => tsc.read(),
    timestampLine: () => timestampLine(tsc, pace),
    tscHz: TSC_HZ,
    crystalHz: TSC_HZ,
    ...(options.engine === undefined ? {} : { engine: options.engine }),
    ...(options.observe === undefined ? {} : { observe: options.observe }),
    ...(options.unknownOpcodes === undefined ? {} : { unknownOpcodes: options.unknownOpcodes }),
  });
  mmio.map('IOAPIC', at.IOAPIC_ADDRESS, at.IOAPIC_SIZE, ioApic);
  mmio.map('local APIC', at.LOCAL_APIC_ADDRESS, at.LOCAL_APIC_SIZE, localApic);
  ports.map('PIC', at.PIC_MASTER_PORT, at.PIC_PORTS, pic.master);
  ports.map('PIC', at.PIC_SLAVE_PORT, at.PIC_PORTS, pic.slave);
  ports.map('PIC', at.ELCR_PORT, at.ELCR_PORTS, pic.elcr);

  // ---- Timers and clocks.
  const deterministic = time.mode === 'deterministic';
  const pit = new Pit({ clock, irq: irq(at.PIT_IRQ) });
  const startMs = time.startMs ?? (deterministic ? DETERMINISTIC_START_MS : Date.now());
  const rtc = new Rtc({ clock, irq: irq(at.RTC_IRQ), startMs, memoryBelow4G: below4G, memoryAbove4G: above4G });
  ports.map('PIT', at.PIT_PORT, at.PIT_PORTS, pit.ports);
  ports.map('system control B', at.SYSTEM_CONTROL_B_PORT, 1, pit.systemControlB);
  ports.map('RTC', at.RTC_PORT, at.RTC_PORTS, rtc);

  // ---- Serial port, keyboard controller, debug ports, what is left of the PC/AT.
  const output = new OutputBuffer();
  const debugOutput = new OutputBuffer();
  // Each hands over what the other holds first, so that texts on both keep their order.
  const printer = (buffer: OutputBuffer, other: OutputBuffer) => (byte: number) => {
    other.flush();
    buffer.put(byte);
  };
  const uart = new Uart({ irq: irq(at.COM1_IRQ), transmit: printer(output, debugOutput) });
  const reset = (): void => loop.requestReset();
  const i8042 = new I8042({ keyboardIrq: irq(at.KEYBOARD_IRQ), auxiliaryIrq: irq(at.AUXILIARY_IRQ), reset });
  const debugConsole = new DebugConsole(printer(debugOutput, output));
  ports.map('COM1', at.COM1_PORT, at.COM1_PORTS, uart);
  ports.map('i8042', at.I8042_DATA_PORT, 1, i8042.data);
  ports.map('i8042', at.I8042_COMMAND_PORT, 1, i8042.command);
  ports.map('system control A', at.SYSTEM_CONTROL_A_PORT, 1, new SystemControlA({ reset }));
  ports.map('POST', at.POST_PORT, 1, new PostCode());
  ports.map('DMA', at.DMA1_PORT, at.DMA1_PORTS, new DmaRegisters(at.DMA1_PORTS));
  ports.map('DMA', at.DMA_PAGE_PORT, at.DMA_PAGE_PORTS, new DmaRegisters(at.DMA_PAGE_PORTS));
  ports.map('DMA', at.DMA2_PORT, at.DMA2_PORTS, new DmaRegisters(at.DMA2_PORTS));
  ports.map('debug console', at.DEBUG_CONSOLE_PORT, 1, debugConsole);
  ports.map('debug console', at.FIRMWARE_DEBUG_PORT, 1, debugConsole);
  if (options.exitPort !== undefined) {
    const exitPort = new ExitPort((code) => loop.end({ kind: 'exit', code }));
    ports.map('exit port', options.exitPort, EXIT_PORTS, exitPort);
  }

  // ---- Power.
  const sci = new SharedLine(irq(at.SCI_IRQ));
  const acpi = new AcpiPm({ clock, sci: sci.source(), powerOff: () => loop.end({ kind: 'shutdown', cause: 'power' }) });
  const gpe = new AcpiGpe({ sci: sci.source() });
  ports.map('ACPI PM', at.ACPI_PM_PORT, at.ACPI_PM_PORTS, acpi);
  ports.map('ACPI GPE', at.ACPI_GPE_PORT, at.ACPI_GPE_PORTS, gpe);

  // ---- PCI: host bridge in slot 0, network cards after it.
  const picLines = new Map(at.PCI_PIC_IRQS.map((number) => [number, new SharedLine(pic.line(number))]));
  const pirq = (index: 0 | 1 | 2 | 3): InterruptLine => {
    const shared = picLines.get(at.PCI_PIC_IRQS[index]) as SharedLine;
    return fanOut(shared.source(), ioApic.line(at.PCI_GSIS[index]));
  };
  const pci = new PciBus({
    memory: mmio,
    ports,
    dma: ram,
    messages: localApic,
    interrupts: new InterruptRouting({ lines: [pirq(0), pirq(1), pirq(2), pirq(3)], irqs: at.PCI_PIC_IRQS }),
  });
  const hotplug = new HotplugSlots({ bus: pci, event: () => gpe.raise(HOTPLUG_EVENT) });
  ports.map('PCI hot-plug', at.PCI_HOTPLUG_PORT, at.PCI_HOTPLUG_PORTS, hotplug);
  const mechanism = new ConfigMechanism1({ bus: pci, onReset: reset });
  ports.map('PCI configuration', at.PCI_CONFIG_ADDRESS_PORT, CONFIG_PORTS, mechanism);
  pci.plug(0, 0, createHostBridge());
  const { bridge } = virtualBus;
  if (bridge !== undefined) pci.plug(VBUS_BRIDGE, 0, bridge);
  const cards: NetworkCards = new NetworkCards({
    clock,
    ram,
    pci,
    hotplug,
    virtualBus,
    spaces: [ports, mmio],
    deferToHost: (run) => loop.defer(run),
    ringTrace: options.ringTrace,
    plug: options.plug,
  });
  for (const net of nets) cards.add(net, true);

  // ---- Firmware, or what it would have done.
  if (bios !== undefined) mmio.map('ROM', bios.address, bios.rom.length, new Rom(bios.rom));
  const powerOn = (): void => {
    for (const device of [pic, ioApic, localApic, pit, rtc, uart, i8042, acpi, gpe, hotplug, mechanism, pci, virtualBus]) device.reset();
    cpu.reset();
    for (const { address, bytes, size } of placements) {
      ram.write(address, bytes);
      if (size > bytes.length) ram.write(address + bytes.length, new Uint8Array(size - bytes.length));
    }
    // Also for a ROM: it may be older than APICs, and know nothing of this board's routing.
    pic.elcr.write(0, 2, at.ELCR_VALUE);
    localApic.enterVirtualWireMode();
    if (bios !== undefined) return;
    writeBiosDataArea(ram);
    writeAcpiTables(ram);
    assignAddresses(pci, PCI_WINDOWS);
    if (start !== undefined) applyStartState(cpu, start);
  };

  // ---- What makes it run.
  const work: PricedWork = new PricedWork({
    ports,
    mmio,
    exits,
    endsOfInterrupt: () => localApic.endsOfInterrupt,
    cards: () => cards.work,
    handOvers: (): number => loop.handOvers,
  });
  const priced = deterministic ? new InstructionPace(cpu, time.nsPerInstruction ?? NS_PER_INSTRUCTION, work) : undefined;
  const running: Pace = priced ?? new HostPace(cpu, host.now);
  pace = running;
  const loop: RunLoop = new RunLoop({
    cpu: {
      run: (budget) => cpu.run(budget),
      endSlice: () => cpu.endSlice(),
      get retired(): bigint {
        return cpu.retired;
      },
      get interruptible(): boolean {
        return cpu.interruptsEnabled;
      },
    },
    clock,
    pace: running,
    host,
    get waitsForHost(): boolean {
      return options.attended ?? cards.list.length > 0;
    },
    threads: cards,
    reset: () => {
      exits.resets++;
      // Threads let go of memory first.
      pci.reset();
      clear(ram);
      powerOn();
    },
    flush: () => {
      output.flush();
      debugOutput.flush();
    },
  });
  const serial = new SerialConsole(output, uart);
  powerOn();

  return {
    run: (until) => loop.run(until),
    stop: () => loop.end({ kind: 'stopped' }),
    reset,
    pressPowerButton: () => acpi.pressPowerButton(),
    console: serial,
    get onDebugOutput(): Pc['onDebugOutput'] {
      return debugOutput.onOutput;
    },
    set onDebugOutput(take: Pc['onDebugOutput']) {
      debugOutput.onOutput = take;
    },
    exits,
    clock,
    cpu,
    ram,
    pci,
    hotplug,
    vbus: virtualBus.host,
    vbusTree: new VbusTree(virtualBus.host),
    cards,
    get prices(): Prices | undefined {
      return priced?.prices;
    },
    set prices(prices: Prices | undefined) {
      putInForce(prices, { pace: priced, loop, cpu, spaces: [ports, mmio], exits });
    },
    work,
    describeCpu: () => registerDump(cpu),
  };
}

/** isa-debug-exit as test programs expect it: they write 1, 2 or 4 bytes. */
const EXIT_PORTS = 4;
const CONFIG_PORTS = 8;
/** Out of the way of cards, which come and go from below. */
const VBUS_BRIDGE = 31;
const PCI_WINDOWS = {
  io: { base: at.PCI_IO_BAR_BASE, size: PORTS_SIZE - at.PCI_IO_BAR_BASE },
  memory32: { base: at.PCI_MMIO_BASE, size: at.PCI_MMIO_SIZE },
} as const;
