import { IoHandler, Mapping, AddressSpace, Width, RegisterFile, RegisterTable, GuestMemory, MessageInterrupts, InterruptLine } from '@paravirt/bus';

/**
 * Base address registers [PCI 3.0 §6.2.5.1]: what a guest reads and writes while it sizes and places a range, and the range itself as an
 * overlay in the machine's memory or I/O space while the command register lets the function decode it.
 *
 * A guest sizes a register by writing all ones and reading back which bits stuck. If decoding is on meanwhile, the range would lie at the
 * very top of the space, over whatever the machine has there: an all-ones value is therefore never mapped.
 */

type BarKind = 'io' | 'memory32' | 'memory64';
interface BarSpec {
    /** Number of the register, 0 to 5; a `memory64` takes the following one too. */
    readonly index: number;
    readonly kind: BarKind;
    /** In bytes, a power of two: 4 to 256 for I/O, 16 to 2^31 for 32-bit memory, 16 to 2^51 for 64-bit memory. */
    readonly size: number;
    /** Memory only: reads have no side effects and writes may be merged. Default false. */
    readonly prefetchable?: boolean;
    /** Answers accesses, with offsets from the start of the range. Default: reads zero, ignores writes. */
    readonly handler?: IoHandler;
}
/** [PCI 3.0 Figures 6-5 and 6-6] */
declare const BAR_IO_SPACE = 1;
declare const BAR_MEMORY_64 = 4;
declare const BAR_PREFETCHABLE = 8;
declare class Bar {
    #private;
    readonly index: number;
    readonly kind: BarKind;
    /** In bytes. */
    readonly size: number;
    readonly prefetchable: boolean;
    /** Answers accesses to the range. */
    readonly handler: IoHandler;
    /** @throws ConfigurationError `bad-bar`. */
    constructor(spec: BarSpec);
    /** Number of registers, 1 or 2. */
    get registers(): number;
    /** Address that the guest has written, exact below 2^53. */
    get address(): number;
    /** Where the range is decoded now, undefined if it is not. */
    get mapping(): Mapping | undefined;
    /** Value of the register; `half` 1 is the upper one of a 64-bit range. */
    readRegister(half: 0 | 1): number;
    /** Stores the address bits of a 32-bit value; a range that is decoded follows at once. */
    writeRegister(half: 0 | 1, value: number, name: string): void;
    /** Decodes the range in `space`, or nowhere. `name` is for people. */
    decode(space: AddressSpace | undefined, name: string): void;
    /** Address zero, not decoded. */
    reset(): void;
    /** Reads through the range as if it were decoded; beyond its end all ones. */
    read(offset: number, width: Width): number;
    /** Writes through the range as if it were decoded; beyond its end the write is lost. */
    write(offset: number, width: Width, value: number): void;
}

/**
 * The capability list [PCI 3.0 §6.7]: blocks in configuration space above the header, each starting with its ID and a pointer to the next.
 * A capability here says what its bytes are and do; where it lies and what it points to is decided once, by `placeCapabilities`.
 */

/** [PCI 3.0 Appendix H] */
declare const CAPABILITY_MSI = 5;
declare const CAPABILITY_VENDOR_SPECIFIC = 9;
declare const CAPABILITY_MSIX = 17;
/** First and one past the last offset at which a capability may lie. [PCI 3.0 §6.7] */
declare const CAPABILITIES_START = 64;
declare const CAPABILITIES_END = 256;
interface Capability {
    /** Capability ID, 0 to FFh. */
    readonly id: number;
    /** For people: "MSI-X". */
    readonly name: string;
    /** In bytes, with the ID and the pointer; at least 2. */
    readonly size: number;
    /**
     * The bytes and what they do; offset 0 is the capability ID. What it answers for the first two bytes is not seen, and it must ignore
     * writes to them.
     */
    readonly registers: IoHandler;
    /** Wanted offset in configuration space, a multiple of four. Default: the first that is free. */
    readonly at?: number;
    /** Called when the function is reset. */
    reset?(): void;
}
/** A capability whose bytes are a register table, as its figure in the specification; a reset restores the bytes as they are now. */
declare function registerCapability<Name extends string>(id: number, name: string, file: RegisterFile<Name>): Capability;
/**
 * A vendor-specific capability: its third byte is its length [PCI 3.0 Appendix H, ID 09h], which is filled in here. `registers` answers
 * the rest, with behaviour where the vendor wants any.
 */
declare function vendorCapability(name: string, size: number, registers: IoHandler, reset?: () => void): Capability;
/** A capability in its place. */
interface PlacedCapability {
    readonly capability: Capability;
    /** In configuration space, a multiple of four. */
    readonly offset: number;
    /** Offset of the next one, 0 at the end of the list. */
    readonly next: number;
    /** Multiple of four. */
    readonly size: number;
    /** Answers `size` bytes from `offset`. */
    readonly handler: IoHandler;
}
/**
 * Gives each capability a place and chains them in the order given, DWORD aligned, without overlap. `taken` are ranges that something else
 * occupies.
 * @throws ConfigurationError `bad-capability` (ID, size or wanted offset), `capability-space` (too many bytes).
 */
declare function placeCapabilities(capabilities: readonly Capability[], taken?: readonly {
    readonly offset: number;
    readonly size: number;
}[]): readonly PlacedCapability[];

/**
 * A block of registers put together from regions that different parts answer: the configuration space (header, capabilities, registers of
 * the device) and a memory BAR that holds an MSI-X table beside a device's own registers.
 */

/** Offsets in bytes from the start of the block. */
interface Region {
    readonly name: string;
    readonly offset: number;
    readonly size: number;
    /** Sees offsets from the start of the region. */
    readonly handler: IoHandler;
}
/**
 * An access that lies within one region, or within none, is handed on whole; one that crosses a border is made byte by byte. Bytes beyond
 * the end of the block read as ones and are lost when written.
 */
declare class Regions implements IoHandler {
    #private;
    readonly size: number;
    readonly regions: readonly Region[];
    /**
     * @param size of the block in bytes.
     * @param background answers where no region lies, with offsets of the block; by default reserved bytes.
     * @throws ConfigurationError `region-outside`, `region-overlap`.
     */
    constructor(size: number, regions: readonly Region[], background?: IoHandler);
    read(offset: number, width: Width): number;
    write(offset: number, width: Width, value: number): void;
}

/**
 * The type 00h configuration header as one table [PCI 3.0 Figure 6-1], and the bits of its command and status registers
 * [PCI 3.0 Tables 6-1 and 6-2]. The table holds what every function has in common; what a function's own base address registers and live
 * status bits do is behaviour that `PciFunction` attaches.
 */

/** Responds to I/O accesses. [PCI 3.0 §6.2.2] */
declare const COMMAND_IO_SPACE = 1;
/** Responds to memory accesses. */
declare const COMMAND_MEMORY_SPACE = 2;
/** May act as a master: DMA and message-signalled interrupts. */
declare const COMMAND_BUS_MASTER = 4;
declare const COMMAND_PARITY_ERROR_RESPONSE = 64;
declare const COMMAND_SERR_ENABLE = 256;
/** May not assert its INTx# signal. */
declare const COMMAND_INTERRUPT_DISABLE = 1024;
/** Command bits that a write stores; the others concern cycles that no function here generates and are hardwired to zero. */
declare const COMMAND_WRITABLE: number;
/** The function's INTx interrupt is pending, whether or not it may assert the signal. [PCI 3.0 §6.2.3] */
declare const STATUS_INTERRUPT = 8;
/** The byte at 34h points to a capability list. */
declare const STATUS_CAPABILITIES_LIST = 16;
declare const STATUS_MASTER_DATA_PARITY_ERROR = 256;
declare const STATUS_SIGNALED_TARGET_ABORT = 2048;
declare const STATUS_RECEIVED_TARGET_ABORT = 4096;
declare const STATUS_RECEIVED_MASTER_ABORT = 8192;
declare const STATUS_SIGNALED_SYSTEM_ERROR = 16384;
declare const STATUS_DETECTED_PARITY_ERROR = 32768;
/** Status bits that writing a one clears. */
declare const STATUS_CLEARABLE: number;
/** In `headerType`: the device has more functions than this one. [PCI 3.0 §6.2.1] */
declare const HEADER_TYPE_MULTI_FUNCTION = 128;
type Type0Register = 'vendorId' | 'deviceId' | 'command' | 'status' | 'revisionId' | 'progIf' | 'subclass' | 'baseClass' | 'cacheLineSize' | 'latencyTimer' | 'headerType' | 'bist' | 'baseAddress0' | 'baseAddress1' | 'baseAddress2' | 'baseAddress3' | 'baseAddress4' | 'baseAddress5' | 'cardbusCisPointer' | 'subsystemVendorId' | 'subsystemId' | 'expansionRomBaseAddress' | 'capabilitiesPointer' | 'reserved35' | 'reserved38' | 'interruptLine' | 'interruptPin' | 'minGrant' | 'maxLatency';
/** Names of the six base address registers, by number. */
declare const BASE_ADDRESS_REGISTERS: readonly Type0Register[];
/** [PCI 3.0 Figure 6-1] Type 00h header. Sizes in bytes. A base address register stores what its `Bar` lets through. */
declare const TYPE_0_HEADER: RegisterTable<Type0Register>;

/**
 * The 256 bytes of configuration space of one function [PCI 3.0 §6.1]: the header in the first 64, then the capability list and registers
 * of the device, everything else reserved. Any width at any offset; bytes beyond the end read as ones.
 */

/** In bytes. */
declare const CONFIG_SPACE_SIZE = 256;
/** What the header does beyond storing; the function's side of its registers. */
interface HeaderBehaviour {
    /** The command register was written. */
    commandWritten(): void;
    /** State of the INTx interrupt for the status register. */
    interruptPending(): boolean;
    /** Value of base address register `index`, 0 to 5. */
    readBaseAddress(index: number): number;
    /** All 32 bits of base address register `index`. */
    writeBaseAddress(index: number, value: number): void;
}
declare class ConfigSpace implements IoHandler {
    #private;
    /** Stored values of the header; `set` changes them as the device. */
    readonly header: RegisterFile<Type0Register>;
    /** In the order of the list. */
    readonly capabilities: readonly PlacedCapability[];
    /**
     * @param initial header fields after power-on; `capabilitiesPointer` is worked out here.
     * @param registers blocks of the device's own, at or above 40h; they may not overlap one another.
     * @throws ConfigurationError `bad-capability`, `capability-space`, `region-outside`, `region-overlap`.
     */
    constructor(initial: Partial<Record<Type0Register, number>>, behaviour: HeaderBehaviour, capabilities?: readonly Capability[], registers?: readonly Region[]);
    read(offset: number, width: Width): number;
    write(offset: number, width: Width, value: number): void;
    /** Header and capabilities as after power-on; the header type, which the bus decides, stays. */
    reset(): void;
}

/**
 * The MSI capability [PCI 3.0 §6.8.1], in two of its four forms: a 64-bit message address with per-vector masking and pending bits, or a
 * 32-bit address and nothing else. Multiple messages in both.
 *
 * A message that may not be sent now (its vector is masked, or the function may not act as a bus master) is pending and is sent once when
 * it may. [PCI 3.0 §6.8.3.5]
 */

/** Message Control. [PCI 3.0 §6.8.1.3] */
declare const MSI_ENABLE = 1;
/** Messages that the function would like, as log2. */
declare const MSI_MULTIPLE_MESSAGE_CAPABLE = 14;
/** Messages that it was given, as log2. */
declare const MSI_MULTIPLE_MESSAGE_ENABLE = 112;
declare const MSI_64_BIT = 128;
declare const MSI_PER_VECTOR_MASKING = 256;
type MsiRegister = 'capabilityId' | 'nextPointer' | 'messageControl' | 'messageAddress' | 'messageUpperAddress' | 'messageData' | 'reserved0e' | 'maskBits' | 'pendingBits';
/** [PCI 3.0 Figure 6-9] Capability structure for a 64-bit message address and per-vector masking. */
declare const MSI_CAPABILITY: RegisterTable<MsiRegister>;
type Msi32Register = 'capabilityId' | 'nextPointer' | 'messageControl' | 'messageAddress' | 'messageData';
/** [PCI 3.0 Figure 6-9] Capability structure for a 32-bit message address. */
declare const MSI_CAPABILITY_32: RegisterTable<Msi32Register>;
/** How a function gets its messages out; made by the function. */
interface MessagePort {
    /** False while the function may not act as a bus master. */
    readonly open: boolean;
    send(address: bigint, data: number): void;
}
interface MsiOptions {
    /** Messages that the function asks for: 1, 2, 4, 8, 16 or 32. */
    readonly vectors: number;
    /** Of the message address. 64, the default, comes with per-vector masking, 32 without. */
    readonly addressBits?: 32 | 64;
}
declare class Msi {
    #private;
    /** Messages that the function asks for. */
    readonly vectors: number;
    readonly capability: Capability;
    /** @throws ConfigurationError `bad-msi`. */
    constructor(options: MsiOptions, port: MessagePort);
    get enabled(): boolean;
    /** Messages that the guest gave, at most `vectors`. */
    get allocated(): number;
    /**
     * Sends message `vector`, or remembers it. With fewer messages than vectors the low bits choose, so that vectors share messages
     * [PCI 3.0 §6.8.1.6]. Nothing happens while MSI is disabled or beyond `vectors`.
     */
    signal(vector: number): void;
    /** Sends what is pending and may be sent now. */
    sendPending(): void;
}

/**
 * The MSI-X capability [PCI 3.0 §6.8.2] with its two structures in a memory BAR: the table of messages and the pending bit array.
 *
 * A vector is pending when its message was asked for but may not be sent: the vector or the whole function is masked, or the function may
 * not act as a bus master. It is sent once, as soon as nothing forbids it. What is pending when the guest disables MSI-X stays pending and
 * is sent when it is enabled again; only a reset of the function forgets it. [PCI 3.0 §6.8.3.5]
 */

/** Message Control. [PCI 3.0 §6.8.2.3] */
declare const MSIX_ENABLE = 32768;
declare const MSIX_FUNCTION_MASK = 16384;
/** Number of vectors, less one. */
declare const MSIX_TABLE_SIZE = 2047;
/** Vector Control of a table entry. [PCI 3.0 §6.8.2.9] */
declare const MSIX_VECTOR_MASK = 1;
/** Bytes of a table entry: address, upper address, data, vector control. [PCI 3.0 Figure 6-11] */
declare const MSIX_ENTRY_SIZE = 16;
type MsixRegister = 'capabilityId' | 'nextPointer' | 'messageControl' | 'tableOffset' | 'pbaOffset';
/** [PCI 3.0 Figure 6-10] Capability structure. The low three bits of both offsets number the BAR. */
declare const MSIX_CAPABILITY: RegisterTable<MsixRegister>;
interface MsixOptions {
    /** 1 to 2048. */
    readonly vectors: number;
    /** Number of a memory BAR that the function has. */
    readonly bar: number;
    /** Where the table lies in the BAR, in bytes, a multiple of 8. Default 0. */
    readonly tableOffset?: number;
    /** Where the pending bits lie in the BAR, in bytes, a multiple of 8. Default: right behind the table. */
    readonly pbaOffset?: number;
}
declare class MsiX {
    #private;
    /** Number of vectors. */
    readonly vectors: number;
    readonly bar: number;
    readonly tableOffset: number;
    readonly pbaOffset: number;
    readonly capability: Capability;
    /** The table; `vectors` × 16 bytes. */
    readonly table: IoHandler;
    /** The pending bits, read-only; a multiple of 8 bytes. */
    readonly pba: IoHandler;
    /** @throws ConfigurationError `bad-msix`. */
    constructor(options: MsixOptions, port: MessagePort);
    /** In bytes. */
    get tableSize(): number;
    /** In bytes. */
    get pbaSize(): number;
    get enabled(): boolean;
    /** True if every vector is masked, whatever its own mask says. */
    get functionMasked(): boolean;
    /** True if the vector's own mask is set. */
    isMasked(vector: number): boolean;
    isPending(vector: number): boolean;
    /** Sends the message of `vector`, or marks it pending. Nothing happens while MSI-X is disabled or beyond `vectors`. */
    signal(vector: number): void;
    /** Sends what is pending and may be sent now. */
    sendPending(): void;
}

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

/** 0: the function has no INTx; 1 to 4: INTA# to INTD#. [PCI 3.0 §6.2.4, Interrupt Pin] */
type InterruptPin = 0 | 1 | 2 | 3 | 4;
interface PciFunctionOptions {
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
interface FunctionWiring {
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
declare class PciFunction {
    #private;
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
    messagesSent: number;
    /** Times that its wire rose since then. */
    intxAssertions: number;
    /**
     * @throws ConfigurationError `bad-id`, `bad-bar`, `bad-msi`, `bad-msix`, `bad-capability`, `capability-space`, `region-outside`,
     * `region-overlap`.
     */
    constructor(options: PciFunctionOptions);
    /** Value of the command register. */
    get command(): number;
    /** How the guest wants to be interrupted now. */
    get interruptMode(): 'intx' | 'msi' | 'msix';
    /**
     * Interrupts with message `vector`, if the guest has enabled MSI-X or MSI. A masked vector is remembered; a vector that does not exist is
     * ignored. False: no messages are enabled, nothing happened, the device has `intx`.
     */
    signal(vector: number): boolean;
    /** Connects the function; a `PciBus` does it. Until then, and after `detach`, it is wired to nothing. */
    attach(wiring: FunctionWiring): void;
    /**
     * Takes the function off its wires: it is reset, its ranges are gone, its wire is low, and neither memory nor interrupts can be reached
     * any more, whatever the device had under way. It may be attached again.
     */
    detach(): void;
    /** Whether the header says that the device has more functions than this one. */
    set multiFunction(value: boolean);
    /** As after power-on: nothing decoded, no bus master, INTx low, nothing pending, then the device's own `onReset`. */
    reset(): void;
}

/**
 * From the INTx pins of the slots to the four lines of the interrupt router (PIRQ A to D), level-triggered and shared. The pins of
 * neighbouring devices are rotated by one, so that the many INTA# of single-function devices spread over the four lines.
 * [PCI 3.0 §2.2.6, Implementation Note "Interrupt Routing"] [PCI-to-PCI Bridge 1.2 §9.1]
 */

/** One for each of PIRQ A to D. */
type PerPirq<T> = readonly [T, T, T, T];
/** Number 0 to 3 of the line that pin 1 to 4 (INTA# to INTD#) of a device is wired to: (device + pin) mod 4, INTA# counting as 0. */
declare const pirqOf: (device: number, pin: Exclude<InterruptPin, 0>) => number;
interface InterruptRoutingOptions {
    /** Where PIRQ A to D go; each is raised while at least one function asserts it. */
    readonly lines: PerPirq<InterruptLine>;
    /**
     * What firmware writes to the interrupt line registers: the input of the interrupt controllers behind each line, 0 to 255. A guest that
     * uses no other description of the routing believes it. Default: 0, unknown.
     */
    readonly irqs?: PerPirq<number>;
}
/** A pin's wire. */
interface RoutedPin {
    /** 0 to 3. */
    readonly pirq: number;
    /** For the interrupt line register. */
    readonly irq: number;
    /** A new source of the shared line. */
    readonly line: InterruptLine;
}
declare class InterruptRouting {
    #private;
    /** @throws ConfigurationError `bad-irq`. */
    constructor(options: InterruptRoutingOptions);
    /** Wires the pin of a device in slot 0 to 31. */
    connect(device: number, pin: Exclude<InterruptPin, 0>): RoutedPin;
}

/** What a bus looks like: plain objects for programs, and a listing for people. */

interface BarTopology {
    readonly index: number;
    readonly kind: BarKind;
    /** In bytes. */
    readonly size: number;
    readonly prefetchable: boolean;
    /** As the guest has written it. */
    readonly address: number;
    /** True if accesses to it reach the function now. */
    readonly decoded: boolean;
}
interface FunctionTopology {
    readonly address: PciAddress;
    readonly name: string;
    readonly vendorId: number;
    readonly deviceId: number;
    /** 24 bits. */
    readonly classCode: number;
    /** Value of the command register. */
    readonly command: number;
    readonly bars: readonly BarTopology[];
    readonly capabilities: readonly {
        readonly id: number;
        readonly name: string;
        readonly offset: number;
    }[];
    readonly interruptMode: 'intx' | 'msi' | 'msix';
    /** Undefined for a function without INTx. */
    readonly interrupt: {
        readonly pin: 1 | 2 | 3 | 4;
        readonly pirq: number | undefined;
        readonly line: number;
    } | undefined;
}
/** `pirq`: line of the interrupt router, 0 to 3, if the function is wired to one. */
declare function topologyOf(address: PciAddress, pciFunction: PciFunction, pirq: number | undefined): FunctionTopology;
/**
 * A line for each function, as `00:03.0 1af4:1041 class 020000 nic`, then its ranges, capabilities and interrupt, indented. All numbers
 * but sizes are hexadecimal.
 */
declare function describeTopology(functions: readonly FunctionTopology[]): string;
/** As in `00:03.0`. */
declare function formatAddress(address: PciAddress): string;

/**
 * A PCI bus: 32 devices of up to eight functions each, and what they are wired to. Configuration accesses are routed here by bus, device
 * and function number; what nobody answers ends in a master abort, all ones for a read, and is lost for a write. [PCI 3.0 §6.1]
 */

/** Devices on a bus, functions in a device. */
declare const DEVICES = 32;
declare const FUNCTIONS = 8;
/** Where a function is found. */
interface PciAddress {
    /** 0 to 255. */
    readonly bus: number;
    /** 0 to 31. */
    readonly device: number;
    /** 0 to 7. */
    readonly function: number;
}
/** Who can make configuration accesses: a bus, or a guest's driver through ports. Offsets in bytes from the start of the function's space. */
interface ConfigurationAccess {
    readConfig(address: PciAddress, offset: number, width: Width): number;
    writeConfig(address: PciAddress, offset: number, width: Width, value: number): void;
}
/** What functions are wired to; what is absent they do not have. */
interface PciBusOptions {
    /** 0 to 255. Default 0. */
    readonly number?: number;
    /** Where memory ranges are placed: physical addresses that are not RAM. */
    readonly memory?: AddressSpace;
    /** Where I/O ranges are placed. */
    readonly ports?: AddressSpace;
    /** Guest memory for bus masters. */
    readonly dma?: GuestMemory;
    readonly messages?: MessageInterrupts;
    readonly interrupts?: InterruptRouting;
}
declare class PciBus implements ConfigurationAccess {
    #private;
    readonly number: number;
    /** @throws ConfigurationError `bad-bus`. */
    constructor(options?: PciBusOptions);
    /**
     * Puts a function in its place and wires it. Function 0 of a device comes first: without it a guest does not look for others
     * [PCI 3.0 §6.2.1].
     * @throws ConfigurationError `bad-slot`, `slot-taken`, `no-function-0`.
     */
    plug(device: number, functionNumber: number, pciFunction: PciFunction): PciAddress;
    /**
     * Pulls a device: all its functions are reset and wired to nothing. They are returned by function number and may be plugged again; none
     * if the place was empty.
     */
    unplug(device: number): readonly PciFunction[];
    /** The function at a place, undefined if none is. */
    at(device: number, functionNumber: number): PciFunction | undefined;
    /** All functions, by device and function number. */
    get functions(): readonly PciFunction[];
    /** What is plugged where and how the guest has configured it, by device and function number. */
    get topology(): readonly FunctionTopology[];
    /** The topology as text, for people. */
    describe(): string;
    readConfig(address: PciAddress, offset: number, width: Width): number;
    writeConfig(address: PciAddress, offset: number, width: Width, value: number): void;
    /** RST#: every function as after power-on. */
    reset(): void;
}

/** All functions of a bus: function 0 of each device, the others only where its header says that there are some. [PCI 3.0 §6.2.1] */
declare function findFunctions(access: ConfigurationAccess, bus?: number): readonly PciAddress[];
/** A range as its registers tell it. */
interface ProbedBar {
    readonly index: number;
    readonly kind: BarKind;
    /** In bytes. */
    readonly size: number;
    readonly prefetchable: boolean;
    /** Present address. */
    readonly address: number;
}
/** Sizes all ranges of a function, with decoding off meanwhile, and leaves everything as it was. [PCI 3.0 §6.2.5.1] */
declare function probeBars(access: ConfigurationAccess, address: PciAddress): readonly ProbedBar[];
/** Writes the address of a range. */
declare function moveBar(access: ConfigurationAccess, address: PciAddress, bar: Pick<ProbedBar, 'index' | 'kind'>, to: number): void;
interface FoundCapability {
    readonly id: number;
    readonly offset: number;
}
/** The capability list, in its order; ends at a pointer out of range and after as many as there can be. [PCI 3.0 §6.7] */
declare function findCapabilities(access: ConfigurationAccess, address: PciAddress): readonly FoundCapability[];
/** Addresses that may be given out: [base, base + size). */
interface Window {
    readonly base: number;
    /** In bytes. */
    readonly size: number;
}
interface Windows {
    readonly io: Window;
    /** Below 4 GiB. */
    readonly memory32: Window;
    /** For 64-bit ranges; default: they share `memory32`. */
    readonly memory64?: Window;
}
/** A range in its place. */
interface AssignedBar extends ProbedBar {
    readonly function: PciAddress;
}
/**
 * Gives every range of a bus an address, naturally aligned, greatest first, and turns decoding on. Bus mastering stays as it is: that is
 * the drivers' to ask for.
 * @throws ConfigurationError `pci-window` if a window is too small.
 */
declare function assignAddresses(access: ConfigurationAccess, windows: Windows, bus?: number): readonly AssignedBar[];
/** Sets bits of a function's command register, and clears others. */
declare function setCommand(access: ConfigurationAccess, address: PciAddress, set: number, clear?: number): void;

export { Msi as $, BAR_IO_SPACE as B, DEVICES as D, FUNCTIONS as F, HEADER_TYPE_MULTI_FUNCTION as H, InterruptRouting as K, MSIX_CAPABILITY as M, MSIX_ENABLE as N, MSIX_ENTRY_SIZE as O, MSIX_FUNCTION_MASK as Q, MSIX_TABLE_SIZE as R, MSIX_VECTOR_MASK as S, MSI_64_BIT as T, MSI_CAPABILITY as U, MSI_CAPABILITY_32 as V, MSI_ENABLE as W, MSI_MULTIPLE_MESSAGE_CAPABLE as X, MSI_MULTIPLE_MESSAGE_ENABLE as Y, MSI_PER_VECTOR_MASKING as Z, MsiX as a3, setCommand as aA, topologyOf as aB, vendorCapability as aC, Regions as ab, STATUS_CAPABILITIES_LIST as ad, STATUS_CLEARABLE as ae, STATUS_DETECTED_PARITY_ERROR as af, STATUS_INTERRUPT as ag, STATUS_MASTER_DATA_PARITY_ERROR as ah, STATUS_RECEIVED_MASTER_ABORT as ai, STATUS_RECEIVED_TARGET_ABORT as aj, STATUS_SIGNALED_SYSTEM_ERROR as ak, STATUS_SIGNALED_TARGET_ABORT as al, TYPE_0_HEADER as am, assignAddresses as aq, describeTopology as ar, findCapabilities as as, findFunctions as at, formatAddress as au, moveBar as av, pirqOf as aw, placeCapabilities as ax, probeBars as ay, registerCapability as az, PciFunction as b, PciBus as c, BAR_MEMORY_64 as d, BAR_PREFETCHABLE as e, BASE_ADDRESS_REGISTERS as f, Bar as g, CAPABILITIES_END as k, CAPABILITIES_START as l, CAPABILITY_MSI as m, CAPABILITY_MSIX as n, CAPABILITY_VENDOR_SPECIFIC as o, COMMAND_BUS_MASTER as p, COMMAND_INTERRUPT_DISABLE as q, COMMAND_IO_SPACE as r, COMMAND_MEMORY_SPACE as s, COMMAND_PARITY_ERROR_RESPONSE as t, COMMAND_SERR_ENABLE as u, COMMAND_WRITABLE as v, CONFIG_SPACE_SIZE as w, ConfigSpace as y };
export type { AssignedBar as A, ConfigurationAccess as C, FunctionTopology as E, FunctionWiring as G, HeaderBehaviour as I, InterruptPin as J, InterruptRoutingOptions as L, PciAddress as P, MessagePort as _, PciFunctionOptions as a, Msi32Register as a0, MsiOptions as a1, MsiRegister as a2, MsixOptions as a4, MsixRegister as a5, PciBusOptions as a6, PerPirq as a7, PlacedCapability as a8, ProbedBar as a9, Region as aa, RoutedPin as ac, Type0Register as an, Window as ao, Windows as ap, BarKind as h, BarSpec as i, BarTopology as j, Capability as x, FoundCapability as z };
