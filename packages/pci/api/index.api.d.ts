import { C as ConfigurationAccess, P as PciAddress, a as PciFunctionOptions, b as PciFunction } from './enumeration.js';
export { A as AssignedBar, B as BAR_IO_SPACE, c as BAR_MEMORY_64, d as BAR_PREFETCHABLE, e as BASE_ADDRESS_REGISTERS, f as Bar, g as BarKind, h as BarSpec, i as BarTopology, j as CAPABILITIES_END, k as CAPABILITIES_START, l as CAPABILITY_MSI, m as CAPABILITY_MSIX, n as CAPABILITY_VENDOR_SPECIFIC, o as COMMAND_BUS_MASTER, p as COMMAND_INTERRUPT_DISABLE, q as COMMAND_IO_SPACE, r as COMMAND_MEMORY_SPACE, s as COMMAND_PARITY_ERROR_RESPONSE, t as COMMAND_SERR_ENABLE, u as COMMAND_WRITABLE, v as CONFIG_SPACE_SIZE, w as Capability, x as ConfigSpace, D as DEVICES, F as FUNCTIONS, y as FoundCapability, z as FunctionTopology, E as FunctionWiring, H as HEADER_TYPE_MULTI_FUNCTION, G as HeaderBehaviour, I as InterruptPin, J as InterruptRouting, K as InterruptRoutingOptions, M as MSIX_CAPABILITY, L as MSIX_ENABLE, N as MSIX_ENTRY_SIZE, O as MSIX_FUNCTION_MASK, Q as MSIX_TABLE_SIZE, R as MSIX_VECTOR_MASK, S as MSI_64_BIT, T as MSI_CAPABILITY, U as MSI_ENABLE, V as MSI_MULTIPLE_MESSAGE_CAPABLE, W as MSI_MULTIPLE_MESSAGE_ENABLE, X as MSI_PER_VECTOR_MASKING, Y as MessagePort, Z as Msi, _ as MsiOptions, $ as MsiRegister, a0 as MsiX, a1 as MsixOptions, a2 as MsixRegister, a3 as PciBus, a4 as PciBusOptions, a5 as PerPirq, a6 as PlacedCapability, a7 as ProbedBar, a8 as Region, a9 as Regions, aa as RoutedPin, ab as STATUS_CAPABILITIES_LIST, ac as STATUS_CLEARABLE, ad as STATUS_DETECTED_PARITY_ERROR, ae as STATUS_INTERRUPT, af as STATUS_MASTER_DATA_PARITY_ERROR, ag as STATUS_RECEIVED_MASTER_ABORT, ah as STATUS_RECEIVED_TARGET_ABORT, ai as STATUS_SIGNALED_SYSTEM_ERROR, aj as STATUS_SIGNALED_TARGET_ABORT, ak as TYPE_0_HEADER, al as Type0Register, am as Window, an as Windows, ao as assignAddresses, ap as describeTopology, aq as findCapabilities, ar as findFunctions, as as formatAddress, at as moveBar, au as pirqOf, av as placeCapabilities, aw as probeBars, ax as registerCapability, ay as setCommand, az as topologyOf, aA as vendorCapability } from './enumeration.js';
import { GuestMemory, IoHandler, Width } from '@paravirt/bus';

/**
 * Guest memory as a PCI function reaches it: only while the guest lets it act as a bus master [PCI 3.0 §6.2.2, Bus Master].
 */

/**
 * A view of guest memory that a guest can switch off at any moment, also between a device's check of an address and its use. While it is
 * off, `contains` is false, reads give all ones and writes are lost, so that no device has to expect an exception because of the command
 * register. While it is on, everything is as in the memory behind it: outside RAM an access throws RangeError.
 */
declare class BusMasterMemory implements GuestMemory {
    #private;
    /** @param memory tells the memory that may be accessed now, undefined if none. */
    constructor(memory: () => GuestMemory | undefined);
    /** Bytes of RAM, 0 while switched off. */
    get size(): number;
    contains(address: number, length: number): boolean;
    readU8(address: number): number;
    readU16(address: number): number;
    readU32(address: number): number;
    readU64(address: number): bigint;
    writeU8(address: number, value: number): void;
    writeU16(address: number, value: number): void;
    writeU32(address: number, value: number): void;
    writeU64(address: number, value: bigint): void;
    read(address: number, into: Uint8Array): void;
    write(address: number, from: Uint8Array): void;
}

/**
 * Configuration mechanism #1 [PCI 3.0 §3.2.2.3.2]: CONFIG_ADDRESS at port CF8h names a DWORD of configuration space, CONFIG_DATA at CFCh
 * to CFFh is that DWORD.
 *
 * Only a 4-byte access at CF8h is CONFIG_ADDRESS; smaller ones in the same DWORD are ordinary I/O. One of them is known: the reset control
 * register of PC chipsets at CF9h [ICH9 §13.7.5].
 */

/** First port, and number of ports. */
declare const CONFIG_MECHANISM_PORT = 3320;
declare const CONFIG_MECHANISM_PORTS = 8;
/** [PCI 3.0 Figure 3-2] Bits of CONFIG_ADDRESS. */
declare const CONFIG_ADDRESS_ENABLE = 2147483648;
/** What the value of CONFIG_ADDRESS selects on a bus of `ConfigurationAccess`. */
declare function configAddress(address: PciAddress, register: number): number;
interface ConfigMechanismOptions {
    readonly bus: ConfigurationAccess;
    /**
     * Called when the guest asks for a reset at CF9h: `soft` for the processor (INIT#), `hard` for everything. Without it nothing answers at
     * CF9h.
     */
    readonly onReset?: (kind: 'soft' | 'hard') => void;
}
/** Answers the eight ports from CF8h. */
declare class ConfigMechanism1 implements IoHandler {
    #private;
    constructor(options: ConfigMechanismOptions);
    read(offset: number, width: Width): number;
    write(offset: number, width: Width, value: number): void;
    /** As after power-on. */
    reset(): void;
}

/**
 * The enhanced configuration access mechanism [PCIe 3.0 §7.2.2]: configuration space as memory, 4096 bytes for each function, functions,
 * devices and buses in order. A conventional function has 256 of them; the rest reads as ones.
 */

/** Bytes of memory for one bus. */
declare const ECAM_BUS_SIZE = 1048576;
interface EcamOptions {
    readonly bus: ConfigurationAccess;
    /** First and last bus number, 0 to 255. Default 0 and 0. */
    readonly firstBus?: number;
    readonly lastBus?: number;
}
/** Answers `size` bytes, the first of which is that of function 0 of device 0 of the first bus. */
declare class Ecam implements IoHandler {
    #private;
    /** In bytes. */
    readonly size: number;
    /** @throws ConfigurationError `bad-bus`. */
    constructor(options: EcamOptions);
    read(offset: number, width: Width): number;
    write(offset: number, width: Width, value: number): void;
}

/**
 * The host bridge as it sees itself from the bus: device 0, function 0, class 060000h [PCI 3.0 Appendix D]. It has no ranges and no
 * interrupts; guests look at it to learn that there is a bus at all, some before they believe in configuration mechanism #1.
 */

/** Base class 06h (bridge), subclass 00h (host). */
declare const CLASS_HOST_BRIDGE = 393216;
/** What is absent is that of a generic host bridge that no guest has a quirk for: 1B36h:0008h. */
type HostBridgeOptions = Partial<Omit<PciFunctionOptions, 'classCode'>>;
declare function createHostBridge(options?: HostBridgeOptions): PciFunction;

export { BusMasterMemory, CLASS_HOST_BRIDGE, CONFIG_ADDRESS_ENABLE, CONFIG_MECHANISM_PORT, CONFIG_MECHANISM_PORTS, ConfigMechanism1, ConfigurationAccess, ECAM_BUS_SIZE, Ecam, PciAddress, PciFunction, PciFunctionOptions, configAddress, createHostBridge };
export type { ConfigMechanismOptions, EcamOptions, HostBridgeOptions };
