/**
 * A PCI function: configuration space, ranges and interrupts of one device, as the device's own code sees them.
 *
 *   const nic = new PciFunction({
 *     name: 'nic', vendorId: 0x1af4, deviceId: 0x1041, classCode: 0x020000, interruptPin: 1,
 *     bars: [{ index: 4, kind: 'memory64', size: 0x4000, prefetchable: true, handler: registers }],
 *     msix: { vectors: 3, bar: 4, tableOffset: 0x2000 },
 *   });
 *   bus.plug(3, 0, nic);
 *   nic.signal(0);            // or, without messages, nic.intx.raise()
 *   nic.dma.read(address, buffer);
 *
 * The device never asks for the command register: ranges answer only while decoding is on, `dma` reaches memory only while bus mastering
 * is on, `intx` drives the wire only while nothing forbids it.
 */
import { type AddressSpace, ConfigurationError, type GuestMemory, type InterruptLine, type MessageInterrupts } from '@paravirt/bus';
import { Bar, type BarSpec } from './bar.ts';
import { BusMasterMemory } from './bus-master.ts';
import type { Capability } from './capability.ts';
import { ConfigSpace } from './config-space.ts';
import { type MessagePort, Msi, type MsiOptions } from './msi.ts';
import { MsiX, type MsixOptions } from './msix.ts';
import { type Region, Regions } from './regions.ts';
import {
  BASE_ADDRESS_REGISTERS,
  COMMAND_BUS_MASTER,
  COMMAND_INTERRUPT_DISABLE,
  COMMAND_IO_SPACE,
  COMMAND_MEMORY_SPACE,
  HEADER_TYPE_MULTI_FUNCTION,
} from './type0-header.ts';

/** 0: the function has no INTx; 1 to 4: INTA# to INTD#. [PCI 3.0 §6.2.4, Interrupt Pin] */
export type InterruptPin = 0 | 1 | 2 | 3 | 4;

export interface PciFunctionOptions {
  /** For people: traces, `describe()`, names of mappings. */
  readonly name: string;
  /** 16 bits. */
  readonly vendorId: number;
  /** 16 bits. */
  readonly deviceId: number;
  /** 24 bits: base class, subclass, programming interface. [PCI 3.0 Appendix D] */
  readonly classCode: number;
  /** 8 bits. Default 0. */
  readonly revisionId?: number;
  /** 16 bits. Default 0. */
  readonly subsystemVendorId?: number;
  /** 16 bits. Default 0. */
  readonly subsystemId?: number;
  /** Default 0. Functions of one device may use the same pin. */
  readonly interruptPin?: InterruptPin;
  readonly bars?: readonly BarSpec[];
  /** In the order of the guest's list; MSI and MSI-X, if asked for, come first. */
  readonly capabilities?: readonly Capability[];
  readonly msi?: MsiOptions;
  /** The table and the pending bits lie over what the handler of their BAR answers. */
  readonly msix?: MsixOptions;
  /** Registers of the device's own in configuration space, at or above 40h. */
  readonly registers?: readonly Region[];
  /** The command register changed; `command` is its new value. Ranges, memory and interrupts already follow it. */
  readonly onCommand?: (command: number) => void;
  /** An interrupt is on its way: a message was sent, or the wire rose. For traces. */
  readonly onInterrupt?: (() => void) | undefined;
  /** The function was reset: the device forgets everything as after power-on. */
  readonly onReset?: () => void;
}

/** What a bus offers a function that is plugged into it. What is absent is wired to nothing. */
export interface FunctionWiring {
  /** Where memory ranges are placed: physical addresses that are not RAM. */
  readonly memory?: AddressSpace;
  /** Where I/O ranges are placed. */
  readonly ports?: AddressSpace;
  /** Guest memory for bus masters. */
  readonly dma?: GuestMemory;
  readonly messages?: MessageInterrupts;
  /** The wire that the function's INTx pin is connected to. */
  readonly intx?: InterruptLine;
  /** What firmware would write to the interrupt line register, 0 to 255; done now and after every reset. Default 0. */
  readonly interruptLine?: number;
}

export class PciFunction {
  readonly name: string;
  readonly interruptPin: InterruptPin;
  readonly config: ConfigSpace;
  /** By register number; a 64-bit range stands at its lower register only. */
  readonly bars: ReadonlyMap<number, Bar>;
  readonly msi: Msi | undefined;
  readonly msix: MsiX | undefined;
  /** The INTx pin as the device drives it. Whether the wire follows is up to the guest. */
  readonly intx: InterruptLine;
  /** Guest memory, reached only while the guest lets this function act as a bus master; see `BusMasterMemory`. */
  readonly dma: GuestMemory;
  /** Message-signalled interrupts sent since the function was made. */
  messagesSent = 0;
  /** Times that its wire rose since then. */
  intxAssertions = 0;
  readonly #barAt: readonly ({ readonly bar: Bar; readonly half: 0 | 1 } | undefined)[];
  readonly #onCommand: ((command: number) => void) | undefined;
  readonly #onReset: (() => void) | undefined;
  readonly #onInterrupt: (() => void) | undefined;
  #wiring: FunctionWiring = {};
  #intxRaised = false;
  /** The level on the wire. */
  #intxAsserted = false;
  #busMaster = false;
  /** Command register that `onCommand` was last told. */
  #told = 0;

  /**
   * @throws ConfigurationError `bad-id`, `bad-bar`, `bad-msi`, `bad-msix`, `bad-capability`, `capability-space`, `region-outside`,
   * `region-overlap`.
   */
  constructor(options: PciFunctionOptions) {
    const { name, vendorId, deviceId, classCode, revisionId = 0, subsystemVendorId = 0, subsystemId = 0, interruptPin = 0 } = options;
    checkId(name, 'vendor ID', vendorId, 16);
    checkId(name, 'device ID', deviceId, 16);
    checkId(name, 'class code', classCode, 24);
    checkId(name, 'revision ID', revisionId, 8);
    checkId(name, 'subsystem vendor ID', subsystemVendorId, 16);
    checkId(name, 'subsystem ID', subsystemId, 16);
    // FFFFh is what reading an absent function gives [PCI 3.0 §6.2.1].
    if (vendorId === 0xffff) throw new ConfigurationError('bad-id', `${name}: vendor ID FFFFh means that nothing is there`, vendorId);
    if (![0, 1, 2, 3, 4].includes(interruptPin))
      throw new ConfigurationError('bad-id', `${name}: interrupt pin ${interruptPin} is not within 0 to 4`, interruptPin);
    this.name = name;
    this.interruptPin = interruptPin;
    this.#onCommand = options.onCommand;
    this.#onReset = options.onReset;
    this.#onInterrupt = options.onInterrupt;

    const mayMaster = (): boolean => this.#busMaster;
    const port: MessagePort = {
      get open(): boolean {
        return mayMaster();
      },
      send: (address, data) => {
        this.messagesSent++;
        this.#onInterrupt?.();
        this.#wiring.messages?.signal(address, data);
      },
    };
    this.msi = options.msi === undefined ? undefined : new Msi(options.msi, port);
    this.msix = options.msix === undefined ? undefined : new MsiX(options.msix, port);
    this.dma = new BusMasterMemory(() => (this.#busMaster ? this.#wiring.dma : undefined));
    this.intx = {
      raise: (): void => this.#setIntx(true),
      lower: (): void => this.#setIntx(false),
    };

    const { bars, at } = layOutBars(name, options.bars ?? [], this.msix);
    this.bars = bars;
    this.#barAt = at;
    const messages = [this.msi, this.msix].flatMap((m) => (m === undefined ? [] : [afterWrite(m.capability, () => this.#driveIntx())]));
    this.config = new ConfigSpace(
      {
        vendorId,
        deviceId,
        revisionId,
        progIf: classCode & 0xff,
        subclass: (classCode >>> 8) & 0xff,
        baseClass: classCode >>> 16,
        subsystemVendorId,
        subsystemId,
        interruptPin,
      },
      {
        commandWritten: () => {
          this.#follow();
          if (this.command === this.#told) return;
          this.#told = this.command;
          this.#onCommand?.(this.command);
        },
        interruptPending: () => this.#intxRaised,
        readBaseAddress: (index) => {
          const place = this.#barAt[index];
          return place === undefined ? 0 : place.bar.readRegister(place.half);
        },
        writeBaseAddress: (index, value) => {
          const place = this.#barAt[index];
          place?.bar.writeRegister(place.half, value, this.#rangeName(place.bar));
        },
      },
      [...messages, ...(options.capabilities ?? [])],
      options.registers,
    );
  }

  /** Value of the command register. */
  get command(): number {
    return this.config.header.get('command');
  }

  /** How the guest wants to be interrupted now. */
  get interruptMode(): 'intx' | 'msi' | 'msix' {
    if (this.msix?.enabled === true) return 'msix';
    return this.msi?.enabled === true ? 'msi' : 'intx';
  }

  /**
   * Interrupts with message `vector`, if the guest has enabled MSI-X or MSI. A masked vector is remembered; a vector that does not exist is
   * ignored. False: no messages are enabled, nothing happened, the device has `intx`.
   */
  signal(vector: number): boolean {
    const mode = this.interruptMode;
    if (mode === 'msix') this.msix?.signal(vector);
    else if (mode === 'msi') this.msi?.signal(vector);
    return mode !== 'intx';
  }

  /** Connects the function; a `PciBus` does it. Until then, and after `detach`, it is wired to nothing. */
  attach(wiring: FunctionWiring): void {
    this.#wiring = wiring;
    this.config.header.set('interruptLine', wiring.interruptLine ?? 0);
    this.#follow();
  }

  /**
   * Takes the function off its wires: it is reset, its ranges are gone, its wire is low, and neither memory nor interrupts can be reached
   * any more, whatever the device had under way. It may be attached again.
   */
  detach(): void {
    this.reset();
    this.#wiring = {};
    this.config.header.set('interruptLine', 0);
    this.multiFunction = false;
  }

  /** Whether the header says that the device has more functions than this one. */
  set multiFunction(value: boolean) {
    this.config.header.set('headerType', value ? HEADER_TYPE_MULTI_FUNCTION : 0);
  }

  /** As after power-on: nothing decoded, no bus master, INTx low, nothing pending, then the device's own `onReset`. */
  reset(): void {
    this.config.reset();
    for (const bar of this.bars.values()) bar.reset();
    this.#intxRaised = false;
    this.#follow();
    this.#told = this.command;
    this.config.header.set('interruptLine', this.#wiring.interruptLine ?? 0);
    this.#onReset?.();
  }

  /** Makes ranges, memory and interrupts follow the command register. */
  #follow(): void {
    const { command } = this;
    for (const bar of this.bars.values()) {
      const [enable, space] = bar.kind === 'io' ? [COMMAND_IO_SPACE, this.#wiring.ports] : [COMMAND_MEMORY_SPACE, this.#wiring.memory];
      bar.decode((command & enable) !== 0 ? space : undefined, this.#rangeName(bar));
    }
    this.#busMaster = (command & COMMAND_BUS_MASTER) !== 0;
    this.#driveIntx();
    if (this.#busMaster) {
      this.msi?.sendPending();
      this.msix?.sendPending();
    }
  }

  #setIntx(raised: boolean): void {
    this.#intxRaised = raised;
    this.#driveIntx();
  }

  /** The wire is asserted while the interrupt is pending and neither Interrupt Disable nor messages forbid it. [PCI 3.0 §6.2.2, §6.8.1.3] */
  #driveIntx(): void {
    const asserted = this.#intxRaised && (this.command & COMMAND_INTERRUPT_DISABLE) === 0 && this.interruptMode === 'intx';
    const rose = asserted && !this.#intxAsserted;
    this.#intxAsserted = asserted;
    if (rose) {
      this.intxAssertions++;
      this.#onInterrupt?.();
    }
    if (asserted) this.#wiring.intx?.raise();
    else this.#wiring.intx?.lower();
  }

  #rangeName(bar: Bar): string {
    return `${this.name} BAR${bar.index}`;
  }
}

function checkId(name: string, what: string, value: number, bits: number): void {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** bits)
    throw new ConfigurationError('bad-id', `${name}: ${what} is not a number of ${bits} bits`, value);
}

/** Enabling messages takes INTx off the wire, so that a write to their control register asks for it again. */
function afterWrite(capability: Capability, run: () => void): Capability {
  const { registers } = capability;
  return {
    ...capability,
    registers: {
      read: (offset, width) => registers.read(offset, width),
      write: (offset, width, value) => {
        registers.write(offset, width, value);
        run();
      },
    },
  };
}

/** Makes the ranges and tells who answers at each of the six registers. */
function layOutBars(
  name: string,
  specs: readonly BarSpec[],
  msix: MsiX | undefined,
): {
  readonly bars: ReadonlyMap<number, Bar>;
  readonly at: readonly ({ readonly bar: Bar; readonly half: 0 | 1 } | undefined)[];
} {
  const bars = new Map<number, Bar>();
  const at: ({ readonly bar: Bar; readonly half: 0 | 1 } | undefined)[] = BASE_ADDRESS_REGISTERS.map(() => undefined);
  for (const spec of specs) {
    const bar = new Bar(msix?.bar === spec.index ? withMsix(name, spec, msix) : spec);
    for (let half = 0; half < bar.registers; half++) {
      if (at[bar.index + half] !== undefined)
        throw new ConfigurationError('bad-bar', `${name}: BAR ${bar.index + half} is taken twice`, spec.index);
      at[bar.index + half] = { bar, half: half === 0 ? 0 : 1 };
    }
    bars.set(bar.index, bar);
  }
  if (msix !== undefined && !bars.has(msix.bar))
    throw new ConfigurationError('bad-msix', `${name}: MSI-X wants BAR ${msix.bar}, which the function does not have`, msix.bar);
  return { bars, at };
}

/** The range with the MSI-X structures over its own registers. */
function withMsix(name: string, spec: BarSpec, msix: MsiX): BarSpec {
  if (spec.kind === 'io') throw new ConfigurationError('bad-msix', `${name}: MSI-X cannot lie in an I/O range`, spec.index);
  const structures: Region[] = [
    { name: 'MSI-X table', offset: msix.tableOffset, size: msix.tableSize, handler: msix.table },
    { name: 'MSI-X pending bits', offset: msix.pbaOffset, size: msix.pbaSize, handler: msix.pba },
  ];
  return { ...spec, handler: new Regions(spec.size, structures, spec.handler) };
}
