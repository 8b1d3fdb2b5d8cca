import { Ram, AddressSpace, InterruptLine } from '@paravirt/bus';

/**
 * The part of the WebAssembly JavaScript interface that is used here, typed by hand: the package depends on no DOM or Node types.
 */
interface LinearMemory {
    readonly buffer: ArrayBufferLike;
}

/** Linear memory of a CPU: state, translation buffers, decoded code and guest RAM in one WebAssembly memory. */

interface CpuMemoryOptions {
    /** Guest-physical RAM; addresses and sizes multiples of 4096. */
    readonly ram: readonly {
        readonly address: number;
        readonly size: number;
    }[];
    /** Room for decoded code in bytes, at least 256 KiB; default 64 MiB. Touched only as far as it is used. */
    readonly codeBytes?: number;
    /** In a SharedArrayBuffer, for devices whose data path is in another thread: the guest's fences then fence. Default: false. */
    readonly shared?: boolean;
}
declare class CpuMemory {
    readonly memory: LinearMemory;
    readonly ram: Ram;
    /** Where decoded code lies in linear memory. */
    readonly arenaStart: number;
    readonly arenaEnd: number;
    /** @throws ConfigurationError `bad-region`, `memory-too-large` (linear memory ends at 4 GiB), `memory-unavailable`. */
    constructor(options: CpuMemoryOptions);
}

/** The engines that a Cpu may be made with, the slowest and simplest first. */
declare const ENGINES: readonly ["reference", "interpreter", "translator"];
type EngineName = (typeof ENGINES)[number];

/**
 * CPU state: one table. Names are the manual's; offsets follow from the order. The state lies in linear memory beside guest RAM, so that
 * generated code and TypeScript see the same bytes; every offset in the project comes from here.
 *
 * General registers are 64 bits wide, so that AH is a byte address and a 32-bit write zero-extends in one place.
 *
 * Status flags are kept lazily as two 64-bit words:
 *   flagResult  the last result, sign-extended from its width:  ZF = (flagResult = 0)
 *   flagCarries bit 63 = CF, bit 62 = carry into the sign bit (OF = bit 63 xor bit 62), bit 3 = AF,
 *               bits 15–8 = parity delta (PF = even parity of (flagResult xor flagCarries>>8) & 0xff),
 *               bit 16 = sign delta (SF = sign of flagResult xor bit 16); all other bits zero
 * The deltas let any combination of flags be stored. `eflags` holds the other bits of RFLAGS (its status bits are zero); see flags.ts.
 */
type ArchitecturalField = 'gpr' | 'rip' | 'flagResult' | 'flagCarries' | 'eflags' | 'interruptShadow' | 'segmentBase' | 'segmentLimit' | 'segmentAttributes' | 'segmentSelector' | 'gdtrBase' | 'gdtrLimit' | 'idtrLimit' | 'idtrBase' | 'cr0' | 'cr2' | 'cr3' | 'cr4' | 'pdptes' | 'efer' | 'star' | 'lstar' | 'cstar' | 'sfmask' | 'kernelGsBase' | 'sysenterCs' | 'sysenterEsp' | 'sysenterEip' | 'pat' | 'tscAux' | 'tscOffset' | 'miscEnable' | 'dr' | 'cpl' | 'halted' | 'nmiBlocked' | 'fcw' | 'fsw' | 'ftags' | 'fop' | 'ftop' | 'mxcsr' | 'fip' | 'fdp' | 'fcs' | 'fds' | 'fpr' | 'xmm';
type DerivedField = 'zero' | 'linearMask' | 'codeBias' | 'codeRange' | 'linearBase' | 'segmentLower' | 'segmentUpper' | 'segmentAccess' | 'flatSegments' | 'flagKind' | 'callFrom' | 'callTo' | 'callSlot' | 'flagCarry' | 'hotAfter' | 'translated' | 'regionExits' | 'commonMode' | 'attention' | 'shadowUntil' | 'codeTlbFilled' | 'codeTlbFilledGlobal' | 'codeTlbMixed' | 'timestampStart' | 'timestampFrom' | 'timestampRate' | 'x87Blocked' | 'mmxBlocked' | 'sseBlocked' | 'tlb' | 'codeTlb' | 'tlbFilled' | 'tlbFilledGlobal' | 'tlbLargePages' | 'ramFirstPage' | 'ramPages' | 'ramHost' | 'watchedPages' | 'codeDirectory' | 'codeKey' | 'faultVector' | 'faultErrorCode' | 'faulted' | 'deliversFaults' | 'deliveredAt' | 'remaining' | 'record' | 'runStart' | 'ripBase' | 'pageMap' | 'slowAddress' | 'slowValue' | 'slowHigh' | 'systemArguments' | 'systemResult';
type FieldName = ArchitecturalField | DerivedField;
interface StateField {
    /** Address in linear memory of element 0. */
    readonly address: number;
    /** Bytes of one element. */
    readonly size: 1 | 2 | 4 | 8 | 16;
    readonly count: number;
}
declare const STATE: Readonly<Record<FieldName, StateField>>;
declare const SEGMENT_NUMBER: {
    readonly ES: 0;
    readonly CS: 1;
    readonly SS: 2;
    readonly DS: 3;
    readonly FS: 4;
    readonly GS: 5;
    readonly LDTR: 6;
    readonly TR: 7;
};

/**
 * What surrounds a CPU besides memory and ports: its interrupt controller, model-specific registers that belong to somebody else, and who
 * answers hypercalls.
 */

/** What the INTR pin asks: the local APIC or the PIC. */
interface InterruptController {
    /** Vector to deliver, acknowledged; −1: none after all. */
    acknowledge(): number;
    /** CR8, 0 to 15. */
    readonly taskPriority: number;
    setTaskPriority(value: number): void;
}
/** One model-specific register. Must not throw, whatever the guest writes. */
interface MsrHandler {
    read(): bigint;
    /** False: the value is not allowed, #GP(0). */
    write(value: bigint): boolean;
}
/** The time stamp counter when `retired` instructions have retired: start + ⌊(retired − from) × rate⌋, computed in double precision. */
interface TimestampLine {
    readonly start: bigint;
    readonly from: number;
    /** Ticks per instruction, more than 0. */
    readonly rate: number;
}
/**
 * The caller's registers as VMCALL and VMMCALL show them: whole ones in 64-bit mode, else their low 32 bits; a write outside 64-bit mode clears
 * the upper half. Valid during the call only.
 */
interface HypercallState {
    rax: bigint;
    rbx: bigint;
    rcx: bigint;
    rdx: bigint;
    rsi: bigint;
    rdi: bigint;
    /** Of a register: 64 in 64-bit mode. */
    readonly bits: 32 | 64;
    /** Current privilege level of the caller, 0 to 3. */
    readonly cpl: number;
}
/** EAX, EBX, ECX, EDX; unsigned. */
type CpuidLeaf = readonly [number, number, number, number];
/** What is beneath the CPU, as a virtual machine monitor is. Must not throw, whatever the guest asks. */
interface HypercallHandler {
    /** VMCALL or VMMCALL, at any privilege; RIP is behind the instruction. An answer goes into registers. */
    call(state: HypercallState): void;
    /** A CPUID leaf within 4000_0000H to 4000_FFFFH; undefined: what the CPU says without a handler. */
    cpuid?(leaf: number, subleaf: number): CpuidLeaf | undefined;
}
/** What a CPU is given besides its memory. */
interface Environment {
    readonly ports: AddressSpace;
    /** Physical addresses that are not RAM. */
    readonly mmio: AddressSpace;
    readonly interrupts?: InterruptController;
    /** By number; those of the bases of FS and GS (C000_0100H to C000_0102H) are always the CPU's own. */
    readonly msrs?: ReadonlyMap<number, MsrHandler>;
    /** Default: VMCALL and VMMCALL raise #UD. */
    readonly hypercalls?: HypercallHandler;
    /** What RDTSC counts; default: retired instructions. */
    readonly timestamp?: () => bigint;
    /**
     * The same as a function of the retired instructions, as it is until `run` returns, the guest writes one of `msrs` or `Cpu.timestampMoved`
     * is called; undefined: it is not as simple as that. With it RDTSC needs no call.
     */
    readonly timestampLine?: () => TimestampLine | undefined;
    /** Told by CPUID leaves 15H and 16H if both are given. */
    readonly tscHz?: number;
    readonly crystalHz?: number;
    /**
     * What bytes do that are no instruction of this CPU (SSE3 and later, among others): raise #UD (the default), or end the run with
     * `unsupported`.
     */
    readonly unknownOpcodes?: 'fault' | 'stop';
}

/** Why a run ended. */
type Stop = 
/** The budget is used up, or `endSlice` was called. */
{
    readonly kind: 'budget';
}
/** Waiting in HLT for an interrupt. */
 | {
    readonly kind: 'halt';
} | {
    readonly kind: 'shutdown';
    readonly cause: 'triple-fault' | 'power';
}
/** Bytes that are no instruction of this CPU, where `unknownOpcodes` is 'stop'. RIP points at them. */
 | {
    readonly kind: 'unsupported';
    readonly rip: bigint;
    readonly bytes: Uint8Array;
};

/**
 * A decoded instruction: what the bytes say, with registers as numbers and addresses as their parts. Both engines start from it.
 */

/** Mode under which bytes are decoded. */
interface DecodeMode {
    readonly codeWidth: 16 | 32 | 64;
    readonly stackWidth: 16 | 32 | 64;
}

/** Bytes → a listing of instructions, one behind the other. */

interface ListedInstruction {
    /** Of the first byte. */
    readonly address: bigint;
    /** 1 to 15 bytes; a copy. */
    readonly bytes: Uint8Array;
    /** As `disassemble` writes it; for bytes that are no instruction of this processor a directive: `db 0xc5, 0xf8, 0x77`. */
    readonly text: string;
}
interface ListingOptions {
    /** Size of the code segment: 64 in 64-bit mode. */
    readonly mode: DecodeMode['codeWidth'];
    /** Address of the first byte, from which targets are counted. Default: 0. */
    readonly address?: bigint;
}
/** Every byte is in exactly one entry, also what is cut off at the end. */
declare function listing(bytes: Uint8Array, { mode, address }: ListingOptions): Generator<ListedInstruction>;

/**
 * What a translated region looks like from outside: for tools that show what the translator made. `Cpu.regions()` gives one for each region
 * that is in force, if the CPU was made to observe them; `paravirt disasm` prints them.
 */

interface RegionInfo {
    /** Linear address of the instruction from which the region was discovered. */
    readonly address: bigint;
    /** Size of the code segment: 64 in 64-bit mode. */
    readonly mode: 16 | 32 | 64;
    /** By linear address, each once, whatever number of blocks it is in. */
    readonly instructions: readonly ListedInstruction[];
    /**
     * The region's function as the code section of its module holds it [WebAssembly 2.0 §5.5.13]: length, local declarations, instructions.
     * Not to be written to.
     */
    readonly wasm: Uint8Array;
    /** Addresses of the instructions whose code begins at an offset in `wasm`. */
    readonly origins: ReadonlyMap<number, bigint>;
    /** Names of functions by the indices that calls in `wasm` have. */
    readonly functionNames: readonly string[];
    /** Names of its locals, parameters first; with holes, where a local has none. */
    readonly localNames: readonly string[];
    /** Times that the region was entered, from the interpreter or from another region. */
    readonly entries: number;
    /** x86 instructions retired in it. */
    readonly executed: number;
}

/**
 * The translator's TypeScript side: takes code that has become hot, plans and writes regions, compiles them, and puts records before their
 * entries that send the interpreter there. Regions die when code in one of their pages is written, when another region takes over all of
 * their entries, or when all decoded code is dropped; their slots in the table are used again.
 */

interface TranslatorStatistics {
    /** Regions alive, and made in all. */
    readonly alive: number;
    readonly made: number;
    readonly modules: number;
    /** x86 instructions in all regions made, and bytes of WebAssembly. */
    readonly translatedInstructions: number;
    readonly codeBytes: number;
    readonly compileMilliseconds: number;
    /** Regions that died because code was written. */
    readonly invalidations: number;
}

/** What the interpreter, and the translator with it, count. */
interface EngineStatistics {
    /** Handlers made beside the cases of the main function. */
    readonly handlers: number;
    /** System routines run in TypeScript: where they have a common case, because it was not that. */
    readonly routines: number;
    /** Times that code in a page was written after it had been decoded, and that all decoded code was dropped for want of room. */
    readonly invalidations: number;
    readonly drops: number;
    /** Retired, by engine. An iteration of a repeated instruction counts as one. */
    readonly instructions?: {
        readonly interpreter: number;
        readonly translator: number;
    };
    readonly regions?: TranslatorStatistics;
    /** Returns from translated code to the interpreter: to go on elsewhere, the slice used up, for an instruction that it leaves out. */
    readonly exits?: {
        readonly goOn: number;
        readonly usedUp: number;
        readonly interpret: number;
    };
}

/** Registers as an embedder sees them: by their names, segment registers with their hidden parts. */

interface SegmentRegister {
    readonly selector: number;
    readonly base: bigint;
    /** In bytes, granularity applied. */
    readonly limit: number;
    /** Access rights: bits 8–23 of the second descriptor doubleword, shifted right by 8. Zero: unusable. */
    readonly attributes: number;
}
interface TableRegister {
    readonly base: bigint;
    readonly limit: number;
}
declare const GENERAL: readonly ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"];
declare const CONTROL: readonly ["cr0", "cr2", "cr3", "cr4", "efer"];
type GeneralRegister = (typeof GENERAL)[number];
type ControlRegister = (typeof CONTROL)[number];
type SegmentRegisterName = keyof typeof SEGMENT_NUMBER;
/** 64-bit values. A write takes effect as if the CPU had been in that state: no checks, no side effects. */
interface Registers extends Record<GeneralRegister | ControlRegister, bigint> {
    rip: bigint;
    rflags: bigint;
    gdtr: TableRegister;
    idtr: TableRegister;
    segment(name: SegmentRegisterName): SegmentRegister;
    /** Setting CS sets the privilege level to its RPL. */
    setSegment(name: SegmentRegisterName, value: SegmentRegister): void;
    /** x87, MMX and SSE state, or any other field of the state table, element by element. */
    field(name: FieldName, index?: number): bigint;
    setField(name: FieldName, value: bigint, index?: number): void;
}

/**
 * The CPU: owns state, memory access and an engine, and decides between instructions: interrupts, NMI, HLT, single steps, the end of a
 * slice. [SDM 3A §6.9 "Priority Among Simultaneous Exceptions and Interrupts"]
 *
 * Where interrupts are taken does not depend on the engine: after a jump or a system instruction, between iterations of a repeated one,
 * when execution enters another page, and before an instruction that lies in two pages.
 */

interface CpuOptions extends Environment {
    readonly memory: CpuMemory;
    /** Default: translator. */
    readonly engine?: EngineName;
    /** With the translator: instructions on the way to a place, up to 65535, after which the code there is translated. Default 40000; 0 translates all it can. */
    readonly hotAfter?: number;
    /** With the translator: keeps what is translated, and counts how often it runs, for `regions`. Slower. Default: false. */
    readonly observe?: boolean;
}
/** A copy of the architectural state, taken between calls of `run`; memory and the INTR pin are not part of it. */
interface CpuState {
    readonly bytes: Uint8Array;
    readonly retired: bigint;
    readonly nmiPending: boolean;
}
declare class Cpu {
    #private;
    readonly engine: EngineName;
    readonly registers: Registers;
    /** The INTR pin: high while the controller has an interrupt to deliver. */
    readonly intr: InterruptLine;
    constructor(options: CpuOptions);
    /** Instructions retired since the CPU was made; exact also inside callbacks. An iteration of a repeated instruction counts as one. */
    get retired(): bigint;
    get halted(): boolean;
    /** RFLAGS.IF: whether an interrupt from outside could be taken. Exact also inside callbacks, but for the shadow of STI and MOV SS. */
    get interruptsEnabled(): boolean;
    /** Counters of the interpreter; undefined with the reference engine. */
    get statistics(): EngineStatistics | undefined;
    /** The regions of translated code that are in force, for who asked to `observe` them. Not from a callback. */
    regions(): Iterable<RegionInfo>;
    /** Runs for about `budget` instructions (at least one): until the first boundary at or after it. */
    run(budget: number): Stop;
    /**
     * Executes one instruction (one iteration of a repeated one) after taking what is pending; an exception is delivered and nothing of its
     * handler executed.
     */
    step(): Stop;
    /** Also inside callbacks: what `timestampLine` tells has changed. */
    timestampMoved(): void;
    /** Inside callbacks: leave `run` at the next boundary with `budget`. */
    endSlice(): void;
    /** A non-maskable interrupt. */
    nmi(): void;
    /** INIT: as RESET, but x87, SSE, most MSRs and the cache controls stay. [SDM 3A, Table 10-1] */
    init(): void;
    /** Takes effect at the next boundary when called from a callback. */
    reset(init?: boolean): void;
    saveState(): CpuState;
    restoreState(state: CpuState): void;
}

/** The state field at an address of linear memory: `rip`, `gpr[4]`, `gpr[0]+1` for AH. Undefined where no field is. */
declare function stateName(address: number): string | undefined;

/** Names to write instead of indices; what has none keeps its index. */
interface WasmNames {
    readonly functions?: readonly string[];
    /** Parameters first. */
    readonly locals?: readonly string[];
    /** What lies at the constant offset of a memory access; written behind the instruction. */
    readonly place?: (offset: number) => string | undefined;
    /** What the instruction at an offset in the function's bytes begins; written on a line before it. */
    readonly origin?: (offset: number) => string | undefined;
}
/**
 * One function, as a code section holds it [WebAssembly 2.0 §5.5.13]: its length, local declarations, instructions.
 * @throws RangeError if the bytes end early.
 */
declare function disassembleFunction(code: Uint8Array, names?: WasmNames): string;
/** The functions of a module, imported ones by a line. @throws RangeError if the bytes end early. */
declare function disassembleModule(bytes: Uint8Array): string;

export { Cpu, CpuMemory, ENGINES, STATE, disassembleFunction, disassembleModule, listing, stateName };
export type { ArchitecturalField, CpuMemoryOptions, CpuOptions, CpuState, CpuidLeaf, DerivedField, EngineName, EngineStatistics, Environment, FieldName, GeneralRegister, HypercallHandler, HypercallState, InterruptController, LinearMemory, ListedInstruction, ListingOptions, MsrHandler, RegionInfo, Registers, SegmentRegister, SegmentRegisterName, StateField, Stop, TableRegister, TimestampLine, TranslatorStatistics, WasmNames };
