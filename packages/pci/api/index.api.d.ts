import { C as ConfigurationAccess, P as PciAddress, a as PciFunctionOptions, b as PciFunction, c as PciBus } from './enumeration.js';
export { A as AssignedBar, B as BAR_IO_SPACE, d as BAR_MEMORY_64, e as BAR_PREFETCHABLE, f as BASE_ADDRESS_REGISTERS, g as Bar, h as BarKind, i as BarSpec, j as BarTopology, k as CAPABILITIES_END, l as CAPABILITIES_START, m as CAPABILITY_MSI, n as CAPABILITY_MSIX, o as CAPABILITY_VENDOR_SPECIFIC, p as COMMAND_BUS_MASTER, q as COMMAND_INTERRUPT_DISABLE, r as COMMAND_IO_SPACE, s as COMMAND_MEMORY_SPACE, t as COMMAND_PARITY_ERROR_RESPONSE, u as COMMAND_SERR_ENABLE, v as COMMAND_WRITABLE, w as CONFIG_SPACE_SIZE, x as Capability, y as ConfigSpace, D as DEVICES, F as FUNCTIONS, z as FoundCapability, E as FunctionTopology, G as FunctionWiring, H as HEADER_TYPE_MULTI_FUNCTION, I as HeaderBehaviour, J as InterruptPin, K as InterruptRouting, L as InterruptRoutingOptions, M as MSIX_CAPABILITY, N as MSIX_ENABLE, O as MSIX_ENTRY_SIZE, Q as MSIX_FUNCTION_MASK, R as MSIX_TABLE_SIZE, S as MSIX_VECTOR_MASK, T as MSI_64_BIT, U as MSI_CAPABILITY, V as MSI_CAPABILITY_32, W as MSI_ENABLE, X as MSI_MULTIPLE_MESSAGE_CAPABLE, Y as MSI_MULTIPLE_MESSAGE_ENABLE, Z as MSI_PER_VECTOR_MASKING, _ as MessagePort, $ as Msi, a0 as Msi32Register, a1 as MsiOptions, a2 as MsiRegister, a3 as MsiX, a4 as MsixOptions, a5 as MsixRegister, a6 as PciBusOptions, a7 as PerPirq, a8 as PlacedCapability, a9 as ProbedBar, aa as Region, ab as Regions, ac as RoutedPin, ad as STATUS_CAPABILITIES_LIST, ae as STATUS_CLEARABLE, af as STATUS_DETECTED_PARITY_ERROR, ag as STATUS_INTERRUPT, ah as STATUS_MASTER_DATA_PARITY_ERROR, ai as STATUS_RECEIVED_MASTER_ABORT, aj as STATUS_RECEIVED_TARGET_ABORT, ak as STATUS_SIGNALED_SYSTEM_ERROR, al as STATUS_SIGNALED_TARGET_ABORT, am as TYPE_0_HEADER, an as Type0Register, ao as Window, ap as Windows, aq as assignAddresses, ar as describeTopology, as as findCapabilities, at as findFunctions, au as formatAddress, av as moveBar, aw as pirqOf, ax as placeCapabilities, ay as probeBars, az as registerCapability, aA as setCommand, aB as topologyOf, aC as vendorCapability } from './enumeration.js';
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

/**
 * Slots whose device comes and goes while the guest runs, and the four registers through which the guest's ACPI methods hear of it. The
 * protocol is that of [ACPI 6.5 §5.6.6, §6.3]: the guest is notified, it looks for a new device or gives one back, and only its eject takes
 * a device away.
 *
 *   offset 0  inserted     devices that came; a one clears the bit. The guest is to be notified with Device Check
 *          4  removal      devices that should be given back; a one clears the bit. Eject Request
 *          8  present      devices that are there, read-only. _STA
 *         12  eject        a one takes the device away; reads as zero. _EJ0
 *
 * Bit n of each is device n of the bus, slots 1 to 31; device 0 is the host bridge and stays. Whoever builds the machine sees to it that
 * `event` makes the guest look (a general-purpose event), and to the AML that does.
 *
 *   add ──► present, inserted ──► guest configures it
 *   requestRemoval ──► removal ──► guest lets go of it ──► eject ──► onEject
 */

/** Bytes of the register block. */
declare const HOTPLUG_REGISTERS_SIZE = 16;
/** Offsets of the registers, in bytes. */
declare const HOTPLUG_INSERTED = 0;
declare const HOTPLUG_REMOVAL = 4;
declare const HOTPLUG_PRESENT = 8;
declare const HOTPLUG_EJECT = 12;
/** Device numbers of the slots. */
declare const HOTPLUG_SLOTS: readonly number[];
/** `inserted`: the guest has not looked yet. `removal-requested`: it was asked for the device and has not ejected it. */
type SlotState = 'empty' | 'inserted' | 'occupied' | 'removal-requested';
interface HotplugSlotsOptions {
    readonly bus: PciBus;
    /** There is something new in the registers: the guest is to look. Called once for every change, in the middle of whoever caused it. */
    readonly event: () => void;
}
declare class HotplugSlots implements IoHandler {
    #private;
    /** A device was taken away, by the guest or by `eject`; its functions, by number, are the receiver's, reset and wired to nothing. */
    onEject: ((device: number, functions: readonly PciFunction[]) => void) | undefined;
    constructor(options: HotplugSlotsOptions);
    /**
     * Puts a device of one function into a slot and tells the guest. It is complete before the guest can see it; addresses are the guest's
     * to give.
     * @param device 1 to 31; default: the first empty slot.
     * @throws ConfigurationError `bad-slot`, `slot-taken`, `no-slot`.
     */
    add(pciFunction: PciFunction, device?: number): PciAddress;
    /**
     * Asks the guest to give a device back; `onEject` tells when it has, which may be never. Asking again reminds it. False: the slot is
     * empty, or not one of these.
     */
    requestRemoval(device: number): boolean;
    /** Takes a device away without asking, as a hand does that does not care; `onEject` is told before this returns. False: no device. */
    eject(device: number): boolean;
    state(device: number): SlotState;
    /** As after power-on: nothing to tell. A device that was asked for has nobody left who uses it, and goes now. */
    reset(): void;
    read(offset: number, width: Width): number;
    write(offset: number, width: Width, value: number): void;
}

export { BusMasterMemory, CLASS_HOST_BRIDGE, CONFIG_ADDRESS_ENABLE, CONFIG_MECHANISM_PORT, CONFIG_MECHANISM_PORTS, ConfigMechanism1, ConfigurationAccess, ECAM_BUS_SIZE, Ecam, HOTPLUG_EJECT, HOTPLUG_INSERTED, HOTPLUG_PRESENT, HOTPLUG_REGISTERS_SIZE, HOTPLUG_REMOVAL, HOTPLUG_SLOTS, HotplugSlots, PciAddress, PciBus, PciFunction, PciFunctionOptions, configAddress, createHostBridge };
export type { ConfigMechanismOptions, EcamOptions, HostBridgeOptions, HotplugSlotsOptions, SlotState };
