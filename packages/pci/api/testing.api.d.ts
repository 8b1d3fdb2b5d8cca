import { AddressSpace, Width, MessageInterrupts, Ram, RecordingLine } from '@paravirt/bus';
import { ConfigurationAccess, PciAddress, PerPirq, PciBus } from './index.js';
export { aq as assignAddresses, as as findCapabilities, at as findFunctions, av as moveBar, ay as probeBars, aA as setCommand } from './enumeration.js';

/**
 * The driver's side of a bus, for tests of device models: configuration accesses through ports as an operating system makes them, a
 * machine's worth of wiring without a machine, and MSI-X as a driver uses it. Enumeration, sizing and the capability walk are those of
 * the main entry.
 */

/** Configuration accesses through ports CF8h and CFCh of a machine. */
declare class ConfigPorts implements ConfigurationAccess {
    #private;
    constructor(ports: AddressSpace);
    readConfig(address: PciAddress, offset: number, width: Width): number;
    writeConfig(address: PciAddress, offset: number, width: Width, value: number): void;
}
/** A message as it was sent. */
interface SentMessage {
    readonly address: bigint;
    readonly data: number;
}
/** Keeps the messages that functions send. */
declare class MessageLog implements MessageInterrupts {
    readonly sent: SentMessage[];
    signal(address: bigint, data: number): void;
    /** The data of what was sent since the last call. */
    take(): readonly number[];
}
/** A bus with everything that it can be wired to, and the ports that a driver uses. */
interface TestBus {
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
declare function createTestBus(ramSize?: number): TestBus;
/** A driver's use of a function's MSI-X. The BAR that holds the structures has its address already. */
declare class MsixDriver {
    #private;
    /** Number of table entries. */
    readonly vectors: number;
    /** Physical addresses of the structures. */
    readonly table: number;
    readonly pba: number;
    /** @throws RangeError if the function has no MSI-X capability, or no range where it says that the structures lie. */
    constructor(config: ConfigurationAccess, memory: AddressSpace, address: PciAddress);
    /**
     * Turns decoding, bus mastering and MSI-X on, with every vector unmasked and sending its number plus `firstData` to `messageAddress`.
     */
    enable(messageAddress?: bigint, firstData?: number): void;
    /** Writes and unmasks an entry. */
    program(vector: number, address: bigint, data: number): void;
    setMask(vector: number, masked: boolean): void;
    /** Writes Message Control: `MSIX_ENABLE`, `MSIX_FUNCTION_MASK`. */
    setControl(control: number): void;
    isPending(vector: number): boolean;
}

export { ConfigPorts, MessageLog, MsixDriver, createTestBus };
export type { SentMessage, TestBus };
