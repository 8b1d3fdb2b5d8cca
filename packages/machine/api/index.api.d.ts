import { Mitigation, AddressSpace, TraceSink, RingEvent, GuestMemory, Clock, Ram } from '@paravirt/bus';
export { ConfigurationError } from '@paravirt/bus';
import { VbusHost, VbusHypercalls, Venet, VbusTree } from '@paravirt/vbus';
export { VbusHost, VbusTree, errnoName } from '@paravirt/vbus';
import { MsrHandler, HypercallHandler, EngineName, Stop, Cpu } from '@paravirt/x86-core';
import { PciFunction, PciBus, HotplugSlots } from '@paravirt/pci';
import { VirtioNet } from '@paravirt/virtio';
import { NetWorker, VirtioNetWorker } from '@paravirt/virtio/worker';
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
 * How a card and its driver notify each other, and where the card's data path runs: the options of a network card and of the connectors of
 * a vbus, and which of them go together. Not every card has every option: what a card on a vbus notifies by is its connector's.
 *
 *                    interrupts   doorbell   suppression                 mitigation   place
 *   virtio-net, PCI  of the card  of it      none, flags, event-idx      any          any
 *   virtio-net, vbus connector's  the same   shm-signal, and with it the any          not worker
 *                                            flags or event-idx
 *   venet            connector's  the same   shm-signal                  any          not worker
 */

type CardInterrupts = 'msix' | 'msix-shared' | 'msi' | 'intx';
type CardDoorbell = 'mmio' | 'port';
type CardSuppression = 'none' | 'flags' | 'event-idx' | 'shm-signal';
type CardPlace = 'inline' | 'deferred' | 'worker';
interface CardOptions {
    /** Of a card on PCI. `msix-shared`: one vector for all queues. Default: msix. */
    readonly interrupts?: CardInterrupts;
    /** Of a card on PCI: where its notification registers are. Default: mmio. */
    readonly doorbell?: CardDoorbell;
    /** What keeps either side from being told what it knows. Default: event-idx, and the shm_signal for venet. */
    readonly suppression?: CardSuppression;
    /** Default: none. */
    readonly mitigation?: Mitigation;
    /**
     * Where the data path runs. `inline`: in the exit. `deferred`: on the host's event loop, which gets its turn at the next instruction
     * boundary. `worker`: in a thread of its own. Default: inline.
     */
    readonly place?: CardPlace;
}
/** Of the connectors of a machine. */
interface VbusOptions {
    /** Of the PCI bridge: whether its doorbells are ports or memory. Default: port. */
    readonly doorbell?: 'port' | 'mmio';
    /** Of the PCI bridge. Default: msi. */
    readonly interrupts?: 'msi' | 'intx';
    /** One interrupt for what all signals have to say; false: one for each. Default: true. */
    readonly aggregation?: boolean;
}
/** The words of each option, the default first. */
declare const CARD_INTERRUPTS: readonly CardInterrupts[];
declare const CARD_DOORBELLS: readonly CardDoorbell[];
declare const CARD_SUPPRESSIONS: readonly CardSuppression[];
declare const CARD_PLACES: readonly CardPlace[];
declare const VBUS_DOORBELLS: readonly ('port' | 'mmio')[];
declare const VBUS_INTERRUPTS: readonly ('msi' | 'intx')[];
/** The options of a card as they are in force, in words; on a vbus without those of the connector. */
interface CardWords {
    readonly interrupts?: CardInterrupts;
    readonly doorbell?: CardDoorbell;
    readonly suppression: CardSuppression;
    /** As `parseMitigation` reads it. */
    readonly mitigation: string;
    readonly place: CardPlace;
}
/** Which card it is and where: what is not said follows from what is. */
interface CardPosition {
    /** Default: `virtio-net`. */
    readonly model?: 'virtio-net' | 'venet';
    /** Default: `pci`; venet is a device of a vbus only. */
    readonly bus?: 'pci' | 'vbus';
    /** How the guest reaches the vbus. Default: `pci`. */
    readonly wire?: 'pci' | 'hypercall';
}
/** @throws ConfigurationError `no-such-card`, `bad-card-option`. */
declare function checkCard(card: CardPosition & CardOptions): void;
/** @throws ConfigurationError `bad-card-option`, `no-wire`. @param wires Those that the machine has. */
declare function checkVbus(options: VbusOptions, wires: readonly ('pci' | 'hypercall')[]): void;

/**
 * What a network card did, in figures that can be compared whatever the model, the bus and the wire: from the counters of the device, of
 * its rings and of its doorbells, at the moment somebody asks.
 *
 *   exits        accesses to the card's own registers; on a vbus its doorbells, since everything else is the connector's (see there)
 *   doorbells    `rung` by the driver; `spurious`, those that brought nothing; `saved`, buffers that needed none of their own
 *   signals      to the driver: `sent`, `suppressed` because it did not want them or was at it already, and `held`: wanted, and put off by
 *                a mitigation
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
        readonly held: number;
    };
}
interface CardReport extends CardCounts {
    readonly card: string;
    readonly model: 'virtio-net' | 'venet';
    readonly bus: 'pci' | 'vbus';
    /** How a vbus is reached. */
    readonly wire?: 'pci' | 'hypercall';
    readonly options: CardWords;
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
    /**
     * Signals that needed no interrupt since one was under way: of what had signalled already, which would not have had one of its own either,
     * and of others, where sharing saved it.
     */
    readonly coalesced: {
        readonly same: number;
        readonly other: number;
    };
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
    msrAccesses: number;
    interruptWindows: number;
    interrupts: number;
    /** Interrupts that found the guest waiting. */
    wakeups: number;
    resets: number;
    /** Called when a hypercall or an access to a register was answered, or an interrupt delivered. */
    onExit: (() => void) | undefined;
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
    readonly options: VbusOptions | undefined;
    readonly ringTrace: TraceSink<RingEvent> | undefined;
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
    constructor({ wires, options, ringTrace, ram, clock, inject }: VirtualBusOptions);
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
    /** Of the connectors of those wires. */
    readonly vbusOptions?: VbusOptions;
    /** Told of every step of every buffer and signal of the cards; rings are called `net0.rx`, `net0.tx` and so on. */
    readonly ringTrace?: TraceSink<RingEvent>;
    /** Makes what a network device is connected to that an administrator makes by name (`pc.vbus`); undefined: it cannot be made. */
    readonly plug?: (name: string) => NetOptions | undefined;
    /**
     * Something outside may act on the machine while the guest waits, so that waiting takes real time in the deterministic mode, too. False:
     * whatever the machine is connected to is in this process and on the machine's clock. Default: true with a network card, else false.
     */
    readonly attended?: boolean;
    /**
     * RAM is in a SharedArrayBuffer, so that cards with place `worker` can come later; not in the deterministic mode. Default: if one of `nets`
     * has that place.
     */
    readonly sharedMemory?: boolean;
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
interface NetOptions extends CardPosition, CardOptions {
    /** Makes what is at the other end of the cable; its timers are the machine's clock. Called once, in `createPc`. Not with place `worker`. */
    readonly connect?: (clock: Clock) => EthernetPort;
    /** With place `worker`: starts the thread of the data path, which makes what is at the other end of the cable itself. */
    readonly worker?: NetWorker;
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
 * What network cards are made of: the device model, and what puts it on its bus. A card on PCI is a virtio-net device behind the virtio PCI
 * transport; on a vbus it is virtio-net behind that bus's transport, or venet.
 *
 * What a device puts off is a timer that is due at once: it runs between instructions, in deterministic order. What a device defers whose
 * place is `deferred` runs in the host's next turn instead.
 */

interface CardSurroundings {
    readonly clock: Clock;
    readonly ram: Ram;
    /** Where ranges of PCI functions are. */
    readonly spaces: readonly AddressSpace[];
    /** Runs something in the host's next turn. */
    readonly deferToHost: (run: () => void) => void;
    readonly ringTrace: TraceSink<RingEvent> | undefined;
}

type ExitKind = Exclude<keyof ExitKinds, 'total'>;
/** In ns of virtual time, 0 to 10^9, with fractions. */
interface Prices {
    /** An exit, out and in again. `halt` is paid when the guest goes on: before that it waits anyway. */
    readonly exits: Readonly<Record<ExitKind, number>>;
    /** More for a doorbell of a card whose place is `deferred`. */
    readonly userExit: number;
    /** An interrupt that is delivered, beside its exits. */
    readonly injection: number;
    /** A byte that a card copies between the guest's memory and the host's. */
    readonly copiedByte: number;
    /** A frame that a card sends or receives. */
    readonly frame: number;
    /** Work of a card whose place is `deferred`, each time that it runs. */
    readonly handOver: number;
    /** An instruction of the guest: 0.01 to 10^6. */
    readonly nsPerInstruction: number;
}
/** What is paid for, as counted since the machine was made; none ever decreases, but for an access that turns out to be an end of interrupt. */
interface Work {
    readonly exits: Readonly<Record<ExitKind, number>>;
    readonly userExits: number;
    readonly injections: number;
    readonly copiedBytes: number;
    readonly frames: number;
    readonly handOvers: number;
}
/** Work without its instructions, in ns. */
declare function priceOf(work: Work, prices: Prices): number;

/**
 * CPU budget ↔ timers ↔ events from outside. One pass: run the timers that are due; run the CPU until the next timer, the end of the
 * slice or something that ends the run; if the guest waits, wait with it; every few milliseconds let the host handle its events, which
 * is when network frames and console input reach the devices.
 *
 * In the deterministic mode the places where the host gets its turn are fixed numbers of instructions, so that input which is there from
 * the beginning is always taken at the same instruction.
 *
 * Work that a device defers to the host is done in a turn, too, as that of a thread of the event loop: after what the host has to do
 * already. The guest does not wait for that turn to come by itself: deferring ends the slice, so it comes at the next instruction boundary,
 * which is the same instruction in each deterministic run.
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

/** Of all cards that are or were in the machine. */
interface CardWork {
    readonly frames: number;
    readonly copiedBytes: number;
    /** Doorbells of cards whose place is `deferred`. */
    readonly userExits: number;
}

interface NetworkCard {
    /** `net0`, or what the administrator has called it. */
    readonly name: string;
    readonly model: 'virtio-net' | 'venet';
    readonly bus: 'pci' | 'vbus';
    readonly device: VirtioNet | VirtioNetWorker | Venet;
    /** Where the guest finds it: `00:01.0`, or `pci/0`, the bus and its id there; undefined while it is on no bus. */
    readonly place: string | undefined;
    /** The cable: settable at any time, the guest is told if its driver wants to know. */
    linkUp: boolean;
    report(): CardReport;
}
interface NetworkCardsOptions extends CardSurroundings {
    readonly pci: PciBus;
    readonly hotplug: HotplugSlots;
    readonly virtualBus: VirtualBus;
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
     * @throws ConfigurationError `no-wire`, `no-slot`, `too-many-nets`, those of `checkCard` and of the device.
     */
    add(net: NetOptions, cold?: boolean): NetworkCard;
    /** Takes a card away; on PCI this is the guest's to finish. `force`: at once, without asking. */
    remove(name: string, force?: boolean): Removal;
    /** There are cards whose data paths are in other threads. */
    get any(): boolean;
    /** Takes their interrupts. */
    look(): void;
    report(): CardReport[];
    /** Of all cards since the machine was made: what prices are for. */
    get work(): CardWork;
}

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
/**
 * @throws ConfigurationError for options out of range, for files that are no kernel or ROM (see `loadKernel`, `loadBios`) and for too
 * little memory.
 */
declare function createPc(options: PcOptions): Pc;

export { CARD_DOORBELLS, CARD_INTERRUPTS, CARD_PLACES, CARD_SUPPRESSIONS, DETERMINISTIC_START_MS, ExitCounters, MEMORY_MAX, MEMORY_MIN, NETS_MAX, NetworkCards, VBUS_DOORBELLS, VBUS_INTERRUPTS, checkCard, checkVbus, createPc, defaultMac, loadBios, loadKernel, loadLinux, loadMultiboot, memoryMapOf, platformHost, priceOf };
export type { AccessCount, BiosBoot, BiosImage, BootProgram, CardCounts, CardDoorbell, CardInterrupts, CardOptions, CardPlace, CardPosition, CardReport, CardSuppression, CardWords, ConnectorReport, ConsolePort, Directions, ExitKind, ExitKinds, ExitReport, Host, KernelBoot, LinuxOptions, MemoryMapEntry, MultibootOptions, NamedCount, NetOptions, NetworkCard, Pc, PcOptions, PcStop, Placement, Prices, Removal, Sleep, StartSegment, StartState, StopCondition, TimeOptions, VbusOptions, Wire, Work };
