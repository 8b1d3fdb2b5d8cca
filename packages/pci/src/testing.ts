/**
 * The driver's side of a bus, for tests of device models: configuration accesses through ports as an operating system makes them, a
 * machine's worth of wiring without a machine, and MSI-X as a driver uses it. Enumeration, sizing and the capability walk are those of
 * the main entry.
 */
import { AddressSpace, type MessageInterrupts, Ram, RecordingLine, type Width } from '@paravirt/bus';
import { CAPABILITY_MSIX } from './capability.ts';
import { CONFIG_MECHANISM_PORT, CONFIG_MECHANISM_PORTS, ConfigMechanism1, configAddress } from './config-mechanism.ts';
import { findCapabilities, probeBars, setCommand } from './enumeration.ts';
import { InterruptRouting, type PerPirq } from './interrupt-routing.ts';
import { MSIX_ENABLE, MSIX_ENTRY_SIZE, MSIX_FUNCTION_MASK, MSIX_TABLE_SIZE, MSIX_VECTOR_MASK } from './msix.ts';
import { type ConfigurationAccess, type PciAddress, PciBus } from './pci-bus.ts';
import { COMMAND_BUS_MASTER, COMMAND_MEMORY_SPACE } from './type0-header.ts';

export {
  assignAddresses,
  findCapabilities,
  findFunctions,
  moveBar,
  probeBars,
  setCommand,
} from './enumeration.ts';

/** Configuration accesses through ports CF8h and CFCh of a machine. */
export class ConfigPorts implements ConfigurationAccess {
  readonly #ports: AddressSpace;

  constructor(ports: AddressSpace) {
    this.#ports = ports;
  }

  readConfig(address: PciAddress, offset: number, width: Width): number {
    this.#ports.write(CONFIG_MECHANISM_PORT, 4, configAddress(address, offset));
    return this.#ports.read(CONFIG_MECHANISM_PORT + 4 + (offset & 3), width);
  }

  writeConfig(address: PciAddress, offset: number, width: Width, value: number): void {
    this.#ports.write(CONFIG_MECHANISM_PORT, 4, configAddress(address, offset));
    this.#ports.write(CONFIG_MECHANISM_PORT + 4 + (offset & 3), width, value);
  }
}

/** A message as it was sent. */
export interface SentMessage {
  readonly address: bigint;
  readonly data: number;
}

/** Keeps the messages that functions send. */
export class MessageLog implements MessageInterrupts {
  readonly sent: SentMessage[] = [];

  signal(address: bigint, data: number): void {
    this.sent.push({ address, data });
  }

  /** The data of what was sent since the last call. */
  take(): readonly number[] {
    return this.sent.splice(0).map(({ data }) => data);
  }
}

/** A bus with everything that it can be wired to, and the ports that a driver uses. */
export interface TestBus {
  /** 64 KiB of ports; CF8h to CFFh are mapped. */
  readonly ports: AddressSpace;
  /** 2^40 physical addresses that are not RAM; nothing is mapped. */
  readonly memory: AddressSpace;
  readonly ram: Ram;
  readonly messages: MessageLog;
  /** PIRQ A to D. */
  readonly pirqs: PerPirq<RecordingLine>;
  readonly bus: PciBus;
  readonly config: ConfigPorts;
  /** Resets that were asked for at CF9h. */
  readonly resets: ('soft' | 'hard')[];
}

/** @param ramSize in bytes, a multiple of 4096. */
export function createTestBus(ramSize = 0x1_0000): TestBus {
  const ports = new AddressSpace('ports', 0x1_0000);
  const memory = new AddressSpace('memory', 2 ** 40);
  const ram = new Ram(new ArrayBuffer(ramSize));
  const messages = new MessageLog();
  const pirqs = [new RecordingLine(), new RecordingLine(), new RecordingLine(), new RecordingLine()] as const;
  const interrupts = new InterruptRouting({ lines: pirqs, irqs: [10, 11, 12, 15] });
  const bus = new PciBus({ memory, ports, dma: ram, messages, interrupts });
  const resets: ('soft' | 'hard')[] = [];
  const mechanism = new ConfigMechanism1({ bus, onReset: (kind) => resets.push(kind) });
  ports.map('configuration', CONFIG_MECHANISM_PORT, CONFIG_MECHANISM_PORTS, mechanism);
  return { ports, memory, ram, messages, pirqs, bus, config: new ConfigPorts(ports), resets };
}

/** A driver's use of a function's MSI-X. The BAR that holds the structures has its address already. */
export class MsixDriver {
  /** Number of table entries. */
  readonly vectors: number;
  /** Physical addresses of the structures. */
  readonly table: number;
  readonly pba: number;
  readonly #config: ConfigurationAccess;
  readonly #memory: AddressSpace;
  readonly #address: PciAddress;
  readonly #control: number;

  /** @throws RangeError if the function has no MSI-X capability, or no range where it says that the structures lie. */
  constructor(config: ConfigurationAccess, memory: AddressSpace, address: PciAddress) {
    const capability = findCapabilities(config, address).find(({ id }) => id === CAPABILITY_MSIX);
    if (capability === undefined) throw new RangeError('no MSI-X capability');
    const bars = probeBars(config, address);
    const locate = (offset: number): number => {
      const value = config.readConfig(address, capability.offset + offset, 4);
      const bar = bars.find(({ index }) => index === (value & 7));
      if (bar === undefined) throw new RangeError(`no BAR ${value & 7}`);
      return bar.address + value - (value & 7);
    };
    this.table = locate(4);
    this.pba = locate(8);
    this.#config = config;
    this.#memory = memory;
    this.#address = address;
    this.#control = capability.offset + 2;
    this.vectors = (config.readConfig(address, this.#control, 2) & MSIX_TABLE_SIZE) + 1;
  }

  /**
   * Turns decoding, bus mastering and MSI-X on, with every vector unmasked and sending its number plus `firstData` to `messageAddress`.
   */
  enable(messageAddress = 0xfee0_0000n, firstData = 0): void {
    setCommand(this.#config, this.#address, COMMAND_MEMORY_SPACE | COMMAND_BUS_MASTER);
    this.setControl(MSIX_ENABLE | MSIX_FUNCTION_MASK);
    for (let vector = 0; vector < this.vectors; vector++) this.program(vector, messageAddress, firstData + vector);
    this.setControl(MSIX_ENABLE);
  }

  /** Writes and unmasks an entry. */
  program(vector: number, address: bigint, data: number): void {
    const entry = this.table + MSIX_ENTRY_SIZE * vector;
    this.#memory.write(entry, 4, Number(address & 0xffff_ffffn));
    this.#memory.write(entry + 4, 4, Number(address >> 32n));
    this.#memory.write(entry + 8, 4, data);
    this.#memory.write(entry + 12, 4, 0);
  }

  setMask(vector: number, masked: boolean): void {
    this.#memory.write(this.table + MSIX_ENTRY_SIZE * vector + 12, 4, masked ? MSIX_VECTOR_MASK : 0);
  }

  /** Writes Message Control: `MSIX_ENABLE`, `MSIX_FUNCTION_MASK`. */
  setControl(control: number): void {
    this.#config.writeConfig(this.#address, this.#control, 2, control);
  }

  isPending(vector: number): boolean {
    return ((this.#memory.read(this.pba + (vector >> 3), 1) >> (vector & 7)) & 1) !== 0;
  }
}
