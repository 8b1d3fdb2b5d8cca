import { AddressSpace, GuestMemory, Clock } from '@paravirt/bus';
export { ConfigurationError } from '@paravirt/bus';
import { VbusHost, VbusHypercalls, Venet, VbusTree } from '@paravirt/vbus';
export { VbusHost, VbusTree, errnoName } from '@paravirt/vbus';
import { MsrHandler, HypercallHandler, EngineName, Stop, Cpu } from '@paravirt/x86-core';
import { PciFunction, PciBus, HotplugSlots } from '@paravirt/pci';
import { VirtioNet } from '@paravirt/virtio';
import { EthernetPort } from '@paravirt/net-backend';

/** [ACPI 6.5 §15, Table 15.4] The numbers that both INT 15h E820h and multiboot use. */
declare const MEMORY_TYPES: {
    readonly ram: 1;
    readonly reserved: 2;
    readonly acpi: 3;
    readonly nvs: 4;
};
interface MemoryMapEntry {
    readonly address: number;
    readonly size: number;
    readonly type: keyof typeof MEMORY_TYPES;
}
/** Bytes at an address; what lies between their end and `size` is zero. */
interface Placement {
    readonly address: number;
    /** Not copied: belongs to whoever read the file. */
    readonly bytes: Uint8Array;
    /** At least `bytes.length`. */
    readonly size: number;
}

/**
 * What every loader returns: bytes to place in RAM and the state in which the CPU starts. Loaders look at files only; they touch no
 * machine, so that each is a pure function and a reset can apply its result again.
 */

/** A segment register with its hidden part. [SDM 3A §3.4.3] */
interface StartSegment {
    readonly selector: number;
    /** Access byte of the descriptor: P, DPL, S, type. [SDM 3A §3.4.5] */
    readonly access: number;
    /** G (8), D/B (4), L (2), AVL (1). */
    readonly flags: number;
}
/**
 * CPU state that differs from the one after a reset. All segments are flat: base 0, limit 4 GiB. Interrupts are off and every register
 * that is not named is 0.
 */
interface StartState {
    readonly cr0: number;
    readonly cr3: number;
    readonly cr4: number;
    readonly efer: number;
    readonly rip: number;
    readonly rax: number;
    readonly rbx: number;
    readonly rsi: number;
    readonly code: StartSegment;
    /** DS, ES, SS, FS and GS. */
    readonly data: StartSegment;
    readonly gdt: {
        readonly base: number;
        readonly limit: number;
    };
}
interface BootProgram {
    /** Disjoint, all within usable RAM. */
    readonly placements: readonly Placement[];
    /** Undefined: the CPU starts at its reset vector. */
    readonly start: StartState | undefined;
}

interface BiosImage {
    /** Whole pages; ends at 4 GiB. */
    readonly rom: Uint8Array;
    /** Physical address of `rom`'s first byte. */
    readonly address: number;
    readonly program: BootProgram;
}
/**
 * A file that is no whole number of pages is filled up in front with ones, so that its end stays at the end.
 * @throws ConfigurationError `rom-size` unless the file has 1 byte to 16 MiB.
 */
declare function loadBios(file: Uint8Array): BiosImage;

/**
 * By address, disjoint; holes are not listed.
 * @param lowEnd End of RAM below the hole, in bytes; above 1 MiB.
 * @param highSize Bytes of RAM from 4 GiB on.
 */
declare function memoryMapOf(lowEnd: number, highSize: number): readonly MemoryMapEntry[];

interface LinuxOptions {
    /** A bzImage. Kept, not copied, as is `initrd`. */
    readonly kernel: Uint8Array;
    readonly initrd?: Uint8Array;
    readonly commandLine?: string;
    /** Of no use to Linux. */
    readonly kernelName?: string;
    /** At most 128 entries, by address. */
    readonly memoryMap: readonly MemoryMapEntry[];
    /** Physical address of the ACPI root pointer; without it the kernel searches for it. */
    readonly rsdp?: number;
}
/**
 * @throws ConfigurationError `kernel-truncated`, `kernel-format`, `kernel-protocol`, `memory-too-small`, `initrd-too-large`,
 *   `command-line-too-long`, `command-line`.
 */
declare function loadLinux(options: LinuxOptions): BootProgram;

/**
 * Linux (bzImage) or multiboot.
 * @throws ConfigurationError as `loadLinux` and `loadMultiboot` do; `kernel-format` if the file is neither, `kernel-truncated` if it is
 *   too short to be one.
 */
declare function loadKernel(options: LinuxOptions): BootProgram;

interface MultibootOptions {
    /** Kept, not copied, as is `initrd`. */
    readonly kernel: Uint8Array;
    /** Becomes the one boot module. */
    readonly initrd?: Uint8Array;
    readonly commandLine?: string;
    /** Stands in front of the command line, with a space. */
    readonly kernelName?: string;
    readonly memoryMap: readonly MemoryMapEntry[];
}
/**
 * @throws ConfigurationError `kernel-truncated`, `kernel-format`, `memory-too-small`, `initrd-too-large`, `command-line-too-long`,
 *   `command-line`.
 */
declare function loadMultiboot(options: MultibootOptions): BootProgram;

/**
 * What a network card did, in figures that can be compared whatever the model, the bus and the wire: from the counters of the device, of
 * its rings and of its doorbells, at the moment somebody asks.
 *
 *   exits        accesses to the card's own registers; on a vbus its doorbells, since everything else is the connector's (see there)
 *   doorbells    `rung` by the driver; `spurious`, those that brought nothing; `saved`, buffers that needed none of their own
 *   signals      to the driver: `sent`, and `suppressed` because it did not want them or was at it already
 *   interrupts   those that the signals became: on PCI the card's messages, or how often its wire rose; on a vbus its share of the
 *                connector's, which carry many
 */

/** As the guest sees the directions. */
interface Directions {
    readonly transmitted: number;
    readonly received: number;
}
interface CardCounts {
    readonly frames: Directions;
    readonly bytes: Directions;
    /** Bytes copied between the guest's memory and the host's, headers included. */
    readonly copiedBytes: Directions;
    readonly exits: number;
    readonly doorbells: {
        readonly rung: number;
        readonly spurious: number;
        readonly saved: number;
    };
    readonly signals: {
        readonly sent: number;
        readonly suppressed: number;
    };
}
interface CardReport extends CardCounts {
    readonly card: string;
    readonly model: 'virtio-net' | 'venet';
    readonly bus: 'pci' | 'vbus';
    /** How a vbus is reached. */
    readonly wire?: 'pci' | 'hypercall';
    readonly interrupts: number;
    /** Per frame, both directions together; undefined before the first. */
    readonly perFrame: {
        readonly exits: number;
        readonly doorbells: number;
        readonly interrupts: number;
        readonly copiedBytes: number;
    } | undefined;
}
/** What a connector of a vbus carried. */
interface ConnectorReport {
    readonly connector: string;
    readonly bus: string;
    readonly wire: 'pci' | 'hypercall';
    readonly bridgeCalls: number;
    readonly busCalls: number;
    /** Doorbells by the guest: of the event ring, and of devices. */
    readonly kicks: number;
    readonly doorbells: number;
    /** To the guest: events put into the ring, those of them that are signals of devices, and interrupts for them. */
    readonly events: number;
    readonly signals: number;
    readonly interrupts: number;
    /** Of devices, carried by one interrupt; undefined before the first. */
    readonly signalsPerInterrupt: number | undefined;
}

/** The serial console as the host sees it: bytes out in batches, bytes in with back-pressure. */
/** Where the guest's first serial port ends. */
interface ConsolePort {
    /** Text of the guest, at the latest when the host gets its turn. The bytes are the receiver's. */
    onOutput: ((bytes: Uint8Array<ArrayBuffer>) => void) | undefined;
    /** Bytes to the guest; returns how many it took, the others are still the caller's. If not all were taken, `onWritable` comes once. */
    write(bytes: Uint8Array): number;
    onWritable: (() => void) | undefined;
}

/**
 * What leaves the CPU, counted by kind and by device, and what comes back into it. Address spaces, controllers and the run loop count as
 * they work, one addition each; a report is put together when somebody asks. Nothing is recorded in between, so counting costs nothing
 * that can be measured.
 *
 * An exit is what would stop a processor that runs the guest by itself: the guest did something that the host has to answer, or the host
 * has to know when the guest can be interrupted. The kinds are disjoint, so that they add up.
 */

/** Accesses to one device, or to addresses where no device is. */
interface AccessCount {
    readonly device: string;
    readonly reads: number;
    readonly writes: number;
}
/** Something that happened `count` times, by name. */
interface NamedCount {
    readonly name: string;
    readonly count: number;
}
interface ExitKinds {
    /** Accesses to ports. */
    readonly port: number;
    /** Accesses to addresses that are not RAM, ends of interrupts apart. */
    readonly mmio: number;
    readonly hypercall: number;
    /** RDMSR and WRMSR of registers that are not the CPU's own. */
    readonly msr: number;
    /** Times that the guest went to wait in HLT. */
    readonly halt: number;
    /** Ends of interrupts, told to the local APIC. */
    readonly endOfInterrupt: number;
    /** Times that an interrupt had to wait until the guest would take one. */
    readonly interruptWindow: number;
    readonly total: number;
}
interface ExitReport {
    /** Instructions retired since the machine was made; exact below 2^53. */
    readonly instructions: number;
    /** Virtual time in seconds. */
    readonly virtualSeconds: number;
    readonly exits: ExitKinds;
    /** Accesses to ports, most first. */
    readonly ports: readonly AccessCount[];
    /** Accesses to memory-mapped devices, most first. */
    readonly mmio: readonly AccessCount[];
    /** Accesses to model-specific registers outside of the CPU, most first. */
    readonly msrs: readonly AccessCount[];
    /** Times that the guest went to wait in HLT. */
    readonly halts: number;
    /** Interrupts delivered, without NMIs. */
    readonly interrupts: number;
    /** The same by vector, `0x20` to `0xff`, most first. */
    readonly vectors: readonly NamedCount[];
    /** Interrupts that controllers took, by where they came from, most first. Those that came before the last was delivered are in here. */
    readonly sources: readonly NamedCount[];
    readonly resets: number;
    /** Network cards that are there now. */
    readonly cards: readonly CardReport[];
    /** Connectors of virtual buses. */
    readonly connectors: readonly ConnectorReport[];
}
interface ExitSources {
    readonly ports: AddressSpace;
    readonly mmio: AddressSpace;
    readonly instructions: () => bigint;
    readonly now: () => bigint;
    readonly halts: () => number;
    /** Writes to the EOI register of the local APIC, which are accesses to memory. */
    readonly endsOfInterrupt: () => number;
    /** Interrupts by where they come from, in any order. */
    readonly interruptSources: () => readonly NamedCount[];
    readonly cards: () => readonly CardReport[];
    readonly connectors: () => readonly ConnectorReport[];
}
declare class ExitCounters {
    #private;
    hypercalls: number;
    interruptWindows: number;
    resets: number;
    constructor(sources: ExitSources);
    /** An interrupt is delivered: 0 to 255. */
    delivered(vector: number): void;
    /** The registers, so that accesses to them are counted. */
    countMsrs(msrs: ReadonlyMap<number, MsrHandler>): ReadonlyMap<number, MsrHandler>;
    /** A handler of hypercalls, so that calls are counted. */
    countHypercalls(handler: HypercallHandler): HypercallHandler;
    /** The counts now; also what JSON.stringify makes of the counters. */
    toJSON(): ExitReport;
}

/**
 * What the run loop needs of the platform that it runs on: a monotonic time, and to let the platform's other work (sockets, the keyboard)
 * happen. The default works in Node and in browsers; tests bring their own.
 */
interface Host {
    /** Milliseconds, with fractions; never decreases. */
    now(): number;
    /** Resolves after events that are waiting have been handled. */
    turn(): Promise<void>;
    /** Resolves after about `ms` milliseconds (Infinity: never), or as soon as `wake` is called. */
    sleep(ms: number): Sleep;
}
interface Sleep {
    /** True: the time is over; false: it was ended before. */
    readonly done: Promise<boolean>;
    /** Ends the sleep now. Idempotent. */
    wake(): void;
}
/** Node's or the browser's event loop. */
declare function platformHost(): Host;

/**
 * The machine's second bus: a container and a bus for each wire by which the guest can reach one.
 *
 *   pci         behind a function of the PCI bus, which interrupts by a message or its pin
 *   hypercall   found by CPUID, called by VMCALL, interrupts by a vector of the guest's choice in the local APIC
 *
 * A bus has the name of its wire. Work that is put off is a timer that is due at once: it runs between instructions, in deterministic order.
 */

type Wire = 'pci' | 'hypercall';
interface VirtualBusOptions {
    readonly wires: readonly Wire[];
    readonly ram: GuestMemory;
    readonly clock: Clock;
    /** A fixed, edge-triggered interrupt to the local APIC. */
    readonly inject: (vector: number, destination: number, logical: boolean) => void;
}
declare class VirtualBus {
    #private;
    /** What the administrator works on. */
    readonly host: VbusHost;
    /** To be plugged into PCI; undefined without that wire. */
    readonly bridge: PciFunction | undefined;
    /** To be given to the CPU; undefined without that wire. */
    readonly hypercalls: VbusHypercalls | undefined;
    /** Interrupts injected directly. */
    injected: number;
    constructor({ wires, ram, clock, inject }: VirtualBusOptions);
    /** As after power-on, seen from the guest; what is linked stays. The bridge is reset with its function. */
    reset(): void;
    has(wire: Wire): boolean;
    /** Interrupts for one signal of a device on a bus, 0 to 1; 0 before the first signal. */
    interruptsPerSignal(wire: Wire): number;
    report(): ConnectorReport[];
}

/** What a PC is made of, and the checks that need no machine. */

interface PcOptions {
    /** Bytes of RAM: 16 MiB to 3584 MiB, a multiple of 1 MiB. */
    readonly memory: number;
    readonly boot: KernelBoot | BiosBoot;
    readonly nets?: readonly NetOptions[];
    /** Wires to a vbus that the machine has beside those that its cards need: devices may come later. */
    readonly vbus?: readonly Wire[];
    /** Makes what a network device is connected to that an administrator makes by name (`pc.vbus`); undefined: it cannot be made. */
    readonly plug?: (name: string) => NetOptions | undefined;
    /**
     * Something outside may act on the machine while the guest waits, so that waiting takes real time in the deterministic mode, too. Always
     * so with a network card. Default: false.
     */
    readonly attended?: boolean;
    /** Port of an exit device, 4 ports wide: a byte written there ends the run. */
    readonly exitPort?: number;
    /** Default: that of `Cpu`. */
    readonly engine?: EngineName;
    /** As the option of `Cpu`. */
    readonly observe?: boolean;
    /** What bytes do that are no instruction of the CPU: raise #UD (the default), or end the run with `unsupported`. */
    readonly unknownOpcodes?: 'fault' | 'stop';
    /** Default: `{ mode: 'host' }`. */
    readonly time?: TimeOptions;
    /** Default: that of Node or the browser. */
    readonly host?: Host;
}
/** A Linux bzImage or a multiboot image, started without firmware. The files are kept, not copied. */
interface KernelBoot {
    readonly kernel: Uint8Array;
    readonly initrd?: Uint8Array;
    readonly commandLine?: string;
    /** What a multiboot kernel finds in front of its command line, as GRUB and QEMU put it there. Default: nothing. */
    readonly kernelName?: string;
}
/** A firmware ROM, 1 byte to 16 MiB: ends at 4 GiB, starts at the reset vector. */
interface BiosBoot {
    readonly bios: Uint8Array;
}
/** A network card: virtio-net in a PCI slot of its own, or a device of a vbus. */
interface NetOptions {
    /** Default: `virtio-net`. */
    readonly model?: 'virtio-net' | 'venet';
    /** Default: `pci`; venet is a device of a vbus only. */
    readonly bus?: 'pci' | 'vbus';
    /** How the guest reaches the vbus. Default: `pci`. */
    readonly wire?: Wire;
    /** Makes what is at the other end of the cable; its timers are the machine's clock. Called once, in `createPc`. */
    readonly connect: (clock: Clock) => EthernetPort;
    /** Six bytes. Default: 52:54:00:12:34:56 for the first card, counted up for others. */
    readonly mac?: Uint8Array;
    /** In bytes; told to the guest if given. */
    readonly mtu?: number;
    /** The card is gone, and nobody uses the port any more: not at the end of a run, but when it was removed from the machine. */
    readonly disconnect?: () => void;
}
type TimeOptions = {
    /** Virtual time follows the host's. */
    readonly mode: 'host';
    /** Time of day at the start: ms since 1970, UTC. Default: the host's. */
    readonly startMs?: number;
} | {
    /** Virtual time is a count of instructions: two runs with the same input are the same. */
    readonly mode: 'deterministic';
    /** Default: 10, 100 million instructions a second. */
    readonly nsPerInstruction?: number;
    /** Default: `DETERMINISTIC_START_MS`. */
    readonly startMs?: number;
};
/** Time of day at the start of a deterministic run if none is given: 1 January 2024. */
declare const DETERMINISTIC_START_MS: number;
declare const MEMORY_MIN: number;
/** Guest RAM and the CPU's tables share one WebAssembly memory of at most 4 GiB. */
declare const MEMORY_MAX: number;
/** Slots 1 to 31 of the bus can have a card. */
declare const NETS_MAX = 8;
/** The default MAC address of a card, counted from 0: the range that QEMU's users know. */
declare function defaultMac(index: number): Uint8Array<ArrayBuffer>;

/**
 * The network cards of the machine, on either bus: those that it is built with, those that come and go while it runs, and those that an
 * administrator makes of a device class. A card on PCI is a virtio-net device in a slot; on a vbus it is a device of the class "venet-tap"
 * or "virtio-net", linked to the bus of its wire.
 *
 *   add ──► card ──► remove: PCI asks the guest, which may take its time or refuse; a vbus takes the device at once ──► disconnect
 */

interface NetworkCard {
    /** `net0`, or what the administrator has called it. */
    readonly name: string;
    readonly model: 'virtio-net' | 'venet';
    readonly bus: 'pci' | 'vbus';
    readonly device: VirtioNet | Venet;
    /** Where the guest finds it: `00:01.0`, or `pci/0`, the bus and its id there; undefined while it is on no bus. */
    readonly place: string | undefined;
    /** The cable: settable at any time, the guest is told if its driver wants to know. */
    linkUp: boolean;
    report(): CardReport;
}
interface NetworkCardsOptions {
    readonly clock: Clock;
    readonly pci: PciBus;
    readonly hotplug: HotplugSlots;
    readonly virtualBus: VirtualBus;
    /** Where ranges of PCI functions are. */
    readonly spaces: readonly AddressSpace[];
    /** What a device is connected to that an administrator makes. */
    readonly plug: ((name: string) => NetOptions | undefined) | undefined;
}
/** What became of a request to remove a card. */
type Removal = 'removed' | 'requested' | 'unknown';
declare class NetworkCards {
    #private;
    constructor(options: NetworkCardsOptions);
    get list(): readonly NetworkCard[];
    find(name: string): NetworkCard | undefined;
    /**
     * Makes a card and puts it on its bus, on PCI in the first free slot. `cold`: the machine is off, nobody has to be told.
     * @throws ConfigurationError `no-wire`, `no-slot`, `too-many-nets`, and those of the device.
     */
    add(net: NetOptions, cold?: boolean): NetworkCard;
    /** Takes a card away; on PCI this is the guest's to finish. `force`: at once, without asking. */
    remove(name: string, force?: boolean): Removal;
    report(): CardReport[];
}

/**
 * CPU budget ↔ timers ↔ events from outside. One pass: run the timers that are due; run the CPU until the next timer, the end of the
 * slice or something that ends the run; if the guest waits, wait with it; every few milliseconds let the host handle its events, which
 * is when network frames and console input reach the devices.
 *
 * In the deterministic mode the places where the host gets its turn are fixed numbers of instructions, so that input which is there from
 * the beginning is always taken at the same instruction.
 */

/** When a run ends without the guest's doing; whichever comes first. */
interface StopCondition {
    /** Instructions retired since the machine was made. */
    readonly retired?: bigint;
    /** Virtual time in ns. */
    readonly time?: bigint;
}
/** Why a run of the machine ended. */
type PcStop = Exclude<Stop, {
    readonly kind: 'budget' | 'halt';
}>
/** The guest waits with interrupts off and no timer is running: nothing can wake it. */
 | {
    readonly kind: 'halt';
}
/** The guest wrote to the exit port; `code` is (value << 1) | 1. */
 | {
    readonly kind: 'exit';
    readonly code: number;
}
/** `stop()` was called, or the stop condition holds. */
 | {
    readonly kind: 'stopped';
};

/**
 * The PC: everything made and wired, from memory to the console, in one piece that reads from top to bottom. No logic lives here; what
 * answers a port or an address is in chipset/, packages/pci and packages/virtio, what moves time is in run-loop.ts.
 */

interface Pc {
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
    /** Registers as text, several lines. */
    describeCpu(): string;
}
/**
 * @throws ConfigurationError for options out of range, for files that are no kernel or ROM (see `loadKernel`, `loadBios`) and for too
 * little memory.
 */
declare function createPc(options: PcOptions): Pc;

export { DETERMINISTIC_START_MS, ExitCounters, MEMORY_MAX, MEMORY_MIN, NETS_MAX, NetworkCards, createPc, defaultMac, loadBios, loadKernel, loadLinux, loadMultiboot, memoryMapOf, platformHost };
export type { AccessCount, BiosBoot, BiosImage, BootProgram, CardCounts, CardReport, ConnectorReport, ConsolePort, Directions, ExitKinds, ExitReport, Host, KernelBoot, LinuxOptions, MemoryMapEntry, MultibootOptions, NamedCount, NetOptions, NetworkCard, Pc, PcOptions, PcStop, Placement, Removal, Sleep, StartSegment, StartState, StopCondition, TimeOptions, Wire };
