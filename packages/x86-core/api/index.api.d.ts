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
type ArchitecturalField = 'gpr' | 'rip' | 'flagResult' | 'flagCarries' | 'eflags' | 'interruptShadow' | 'segmentBase' | 'segmentLimit' | 'segmentAttributes' | 'segmentSelector' | 'gdtrBase' | 'gdtrLimit' | 'idtrLimit' | 'idtrBase' | 'cr0' | 'cr2' | 'cr3' | 'cr4' | 'efer' | 'star' | 'lstar' | 'cstar' | 'sfmask' | 'kernelGsBase' | 'sysenterCs' | 'sysenterEsp' | 'sysenterEip' | 'pat' | 'tscAux' | 'tscOffset' | 'miscEnable' | 'dr' | 'cpl' | 'halted' | 'nmiBlocked' | 'fcw' | 'fsw' | 'ftags' | 'fop' | 'ftop' | 'mxcsr' | 'fip' | 'fdp' | 'fcs' | 'fds' | 'fpr' | 'xmm';
type DerivedField = 'zero' | 'linearMask' | 'codeBias' | 'codeRange' | 'linearBase' | 'segmentLower' | 'segmentUpper' | 'segmentAccess' | 'flatSegments' | 'x87Blocked' | 'mmxBlocked' | 'sseBlocked' | 'tlb' | 'codeTlb' | 'remaining' | 'record' | 'runStart' | 'ripBase' | 'pageMap' | 'slowAddress' | 'slowValue' | 'slowHigh' | 'systemArguments' | 'systemResult';
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
 * The processor as system routines and the reference engine see it: state by name, memory through segments and paging, faults, and the
 * world outside. Implemented by Cpu.
 */

type MemoryAccess = 'read' | 'write';
interface Processor {
    /** State fields as numbers (fields of at most 4 bytes) and as bigints (8 bytes), by name and element. */
    get(field: FieldName, index?: number): number;
    set(field: FieldName, value: number, index?: number): void;
    get64(field: FieldName, index?: number): bigint;
    set64(field: FieldName, value: bigint, index?: number): void;
    /** All of RFLAGS, status flags worked out. */
    rflags: bigint;
    /** Vector and error code (−1: none) that the last `fault` or `pageFault` left. */
    readonly faultVector: number;
    readonly faultErrorCode: number;
    /** Stores vector and error code and throws GUEST_FAULT. */
    fault(vector: number, errorCode?: number): never;
    /** #PF with CR2. */
    pageFault(linear: bigint, errorCode: number): never;
    /** Linear memory with the current privilege (or as a supervisor: descriptor tables, TSS, stacks of inner rings). Width in bytes 1–8. */
    readLinear(linear: bigint, bytes: 1 | 2 | 4 | 8, supervisor?: boolean): bigint;
    writeLinear(linear: bigint, bytes: 1 | 2 | 4 | 8, value: bigint, supervisor?: boolean): void;
    /** Faults now if a later access would. */
    probeLinear(linear: bigint, bytes: number, access: MemoryAccess, supervisor?: boolean): void;
    /** segment:offset to linear, with limit, rights and canonical checks (#SS or #GP). */
    linear(segment: SegmentName, offset: bigint, bytes: number, access: MemoryAccess): bigint;
    /** Address (RIP) of the instruction being executed; `rip` of the state already points behind it. Set by the engine. */
    instructionPointer: bigint;
    /**
     * A single-step trap follows this instruction: TF was set before it. POPF and IRET that clear TF leave it, the entry to a handler and a
     * SYSCALL that masks TF drop it. [SDM 3B §18.3.1.4]
     */
    stepTrap: boolean;
    /** Code and stack size as CS and SS say now. */
    readonly decodeMode: DecodeMode;
    /** linear + bytes, cut to the linear address width. */
    addLinear(linear: bigint, bytes: number): bigint;
    /**
     * Copies instruction bytes from `ip` into `into` at `at`, up to the end of its page or of `into`; how many there were. Faults as an
     * instruction fetch does: #GP(0) beyond the CS limit or non-canonical, #PF with the I/D bit where NX is on.
     */
    fetch(ip: bigint, into: Uint8Array, at: number): number;
    /** Bytes that the maps do not know: #UD, or, if the CPU's owner wants it so, leaves the run with `unsupported`, RIP at them. */
    unknownOpcode(bytes: Uint8Array): never;
    /** Works out the derived fields after CS, SS, data segments, CR0, CR4, EFER or CPL changed, and makes the engine look again. */
    modeChanged(): void;
    /** Drops translations: all but global ones, all, or those of one linear address. */
    flushTlb(what: 'non-global' | 'all' | bigint): void;
    /** PAE paging: loads the PDPTE registers from the table at `cr3`. False: a reserved bit is set, nothing is loaded. */
    loadPdptes(cr3: bigint): boolean;
    readonly ports: AddressSpace;
    readPort(port: number, bytes: 1 | 2 | 4): number;
    writePort(port: number, bytes: 1 | 2 | 4, value: number): void;
    /** What CPUID tells of clocks, in Hz: of the time stamp counter, and of the crystal that drives it and the local APIC's timer. */
    readonly tscHz: number | undefined;
    readonly crystalHz: number | undefined;
    /** Value of the time stamp counter. */
    timestamp(): bigint;
    readonly retired: bigint;
    readTaskPriority(): number;
    writeTaskPriority(value: number): void;
    /** MSRs that belong to somebody else. */
    readExternalMsr(index: number): bigint | undefined;
    /** undefined: not there; false: #GP. */
    writeExternalMsr(index: number, value: bigint): boolean | undefined;
    /** Interrupts may have become deliverable (IF, shadow, CR8 changed): look at the next boundary. */
    interruptsMayHaveChanged(): void;
    /** Leaves the run with this stop at the end of the instruction. */
    stop(stop: Stop): void;
}

/**
 * The vocabulary in which instructions are described. A semantics function is an ordinary generic function over `Language<V>`; an engine
 * is a meaning of `V`:
 *
 *   reference   V = bigint         executes at once
 *   interpreter V = Wasm expression, operands found at run time in a decoded record
 *   translator  V = Wasm expression, operands known at decode time
 *   effects     V = void           derives what a body reads and writes
 *
 * Values. A `V` of width w holds an unsigned number below 2^w; truth values are 0 or 1. Words that compute take the width last; left out,
 * it is `x.width`. Arguments must have that width. A vector is a `V` of width 128, lane 0 lowest.
 *
 * Rules. Only `when`, `select` and `loop` branch; a TypeScript `if` looks at static facts (`width`, `addressWidth`, `stackWidth`,
 * `codeWidth`, `repeatPrefix`, an operand's `width` or `isMemory`), never at a `V`. `bind` before a second use. Accesses that may fault
 * come before the first register, flag or field write. Privileged work is `system`.
 */

type SegmentName = 'ES' | 'CS' | 'SS' | 'DS' | 'FS' | 'GS';

/**
 * A decoded instruction: what the bytes say, with registers as numbers and addresses as their parts. Both engines start from it.
 */

/** Mode under which bytes are decoded. */
interface DecodeMode {
    readonly codeWidth: 16 | 32 | 64;
    readonly stackWidth: 16 | 32 | 64;
}

/** What surrounds a CPU besides memory and ports: its interrupt controller, and model-specific registers that belong to somebody else. */

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
/** What a CPU is given besides its memory. */
interface Environment {
    readonly ports: AddressSpace;
    /** Physical addresses that are not RAM. */
    readonly mmio: AddressSpace;
    readonly interrupts?: InterruptController;
    readonly msrs?: ReadonlyMap<number, MsrHandler>;
    /** What RDTSC counts; default: retired instructions. */
    readonly timestamp?: () => bigint;
    /** Told by CPUID leaves 15H and 16H if both are given. */
    readonly tscHz?: number;
    readonly crystalHz?: number;
    /**
     * What bytes do that are no instruction of this CPU (SSE3 and later, among others): raise #UD (the default), or end the run with
     * `unsupported`.
     */
    readonly unknownOpcodes?: 'fault' | 'stop';
}

/** What an access does. */
declare const ACCESS: {
    readonly read: 0;
    readonly write: 1;
    readonly execute: 2;
};
type AccessKind = (typeof ACCESS)[keyof typeof ACCESS];
/** Physical memory by aligned doublewords. */
interface PhysicalWords {
    readWord(address: number): number;
    writeWord(address: number, value: number): void;
}
declare class PageWalker {
    #private;
    /** Of the last successful walk: physical address of the 4-KiB page. */
    frame: number;
    /** The page is global and CR4.PGE is set. */
    global: boolean;
    /** A write with the same privilege needs no further walk: it is allowed and the dirty flag is set. */
    writable: boolean;
    /** 4-KiB pages in the page of the guest: 1, 512, 1024 or 262144. */
    pages: number;
    /** Of the last failed walk. */
    errorCode: number;
    /** PDPTE registers: low and high doublewords of four entries. Loaded with CR3 in PAE mode. [SDM 3A §4.4.1] */
    readonly pdptes: Uint32Array;
    /** @param state doublewords of linear memory, the CPU state among them */
    constructor(state: Uint32Array, physical: PhysicalWords);
    /** Loads the PDPTE registers from the table at `cr3Low`. False, with nothing loaded, if one has a reserved bit set: #GP(0). */
    loadPdptes(cr3Low: number): boolean;
    /** Translates; false: #PF with `errorCode`. The address must be canonical (long mode) or below 2^32. */
    walk(low: number, high: number, access: AccessKind, user: boolean): boolean;
}

declare class Tlb {
    #private;
    /** @param words doublewords of linear memory */
    constructor(words: Uint32Array);
    /**
     * Enters a page of RAM. `low`, `high`: its linear address; `host`: its address in linear memory; `pages`: size of the guest's page in
     * units of 4 KiB.
     */
    fill(low: number, high: number, user: boolean, host: number, global: boolean, writable: boolean, pages: number): void;
    /** Drops all but global entries. Time goes with the number of entries filled since the last time. */
    flushNonGlobal(): void;
    flushAll(): void;
    /** INVLPG: drops the page of this address, global or not; of a large page all of it. */
    invalidate(low: number, high: number): void;
    /** From now on writes to the page at `host` in linear memory (any byte of it) leave generated code. */
    protectPage(host: number): void;
}

/**
 * Memory as TypeScript sees it through linear addresses: TLB, then page walk, then RAM or a device. The slow path of generated code ends
 * here too. Linear addresses are two 32-bit halves; who has them as a bigint uses `readLinear` and `writeLinear`. [SDM 3A ch. 4]
 *
 * An access that crosses a page is checked in both pages before its first byte is read or written. Devices get accesses of 1, 2 and 4
 * bytes: 8 and 16 bytes as 4-byte ones, lowest first; physical addresses where nothing is read as all ones.
 *
 * UNCHECKED: state words by the offsets of state.ts; host addresses come from the TLB or from Ram.offsetOf of a whole page.
 */

type Bytes = 1 | 2 | 4 | 8 | 16;
/** What the MMU does when it cannot go on. Both throw GUEST_FAULT. */
interface MmuFaults {
    pageFault(low: number, high: number, errorCode: number): never;
    nonCanonical(): never;
}
interface MmuOptions {
    /** Linear memory: CPU state, TLB and RAM. */
    readonly buffer: ArrayBufferLike;
    readonly ram: Ram;
    /** Physical addresses that are not RAM. */
    readonly mmio: AddressSpace;
    readonly faults: MmuFaults;
}
declare class Mmu implements PhysicalWords {
    #private;
    readonly tlb: Tlb;
    readonly walker: PageWalker;
    /** A write reached a page that `Ram.watched` marks; `start` is its address in linear memory. Called after the write. */
    onCodeWrite: ((start: number, length: number) => void) | undefined;
    /** Of the last `translate`: address of the byte in linear memory, −1 if it is not RAM. */
    host: number;
    constructor(options: MmuOptions);
    /** Aligned doubleword of physical memory. */
    readWord(address: number): number;
    writeWord(address: number, value: number): void;
    /**
     * Physical address of one byte, or a page fault. Reads and writes of RAM pages are entered into the TLB.
     * @param user false: access with supervisor rights
     */
    translate(low: number, high: number, access: AccessKind, user: boolean): number;
    /** Like `translate`, but −1 instead of a page fault; `walker.errorCode` tells why. */
    lookUp(low: number, high: number, access: AccessKind, user: boolean): number;
    /** 1, 2 or 4 bytes. */
    read(low: number, high: number, bytes: 1 | 2 | 4, user: boolean): number;
    read64(low: number, high: number, user: boolean): bigint;
    /** 1, 2 or 4 bytes; of `value` the low ones are taken. */
    write(low: number, high: number, bytes: 1 | 2 | 4, value: number, user: boolean): void;
    write64(low: number, high: number, value: bigint, user: boolean): void;
    readLinear(linear: bigint, bytes: 1 | 2 | 4 | 8, user: boolean): bigint;
    writeLinear(linear: bigint, bytes: 1 | 2 | 4 | 8, value: bigint, user: boolean): void;
    /** Bytes of one page from a physical address on, devices byte by byte. */
    readPhysical(physical: number, into: Uint8Array, at: number, length: number): void;
    /** Faults now if an access to any of `bytes` bytes would; `bytes` is at least 1. */
    probe(low: number, high: number, bytes: number, access: AccessKind, user: boolean): void;
    /** Slow path of generated code: reads from the address in `slowAddress` into `slowValue` and, of 16 bytes, `slowHigh`. */
    readSlow(bytes: Bytes, user: boolean): void;
    /** Slow path of generated code: writes `slowValue` (and `slowHigh`) to the address in `slowAddress`. */
    writeSlow(bytes: Bytes, user: boolean): void;
    probeSlow(bytes: number, access: AccessKind, user: boolean): void;
}

/**
 * The processor without an engine: state, memory, segmentation and the world outside, as system routines see them. `Cpu` owns one and
 * sets its hooks; tests of the system routines use it alone.
 *
 * UNCHECKED: state is read and written at the offsets of state.ts through typed arrays over linear memory; `!` stands where the index is
 * one of these.
 */

interface SystemProcessorOptions extends Environment {
    /** Linear memory, as a buffer, and the RAM in it. */
    readonly buffer: ArrayBufferLike;
    readonly ram: Ram;
}
declare class SystemProcessor implements Processor {
    #private;
    readonly mmu: Mmu;
    readonly ports: AddressSpace;
    readonly tscHz: number | undefined;
    readonly crystalHz: number | undefined;
    instructionPointer: bigint;
    stepTrap: boolean;
    faultVector: number;
    faultErrorCode: number;
    decodeMode: DecodeMode;
    /** True: data accesses go with user rights (CPL 3). */
    user: boolean;
    onModeChanged: (() => void) | undefined;
    onInterruptsMayHaveChanged: (() => void) | undefined;
    /** Called after the TLB was flushed. */
    onFlush: ((what: 'non-global' | 'all' | bigint) => void) | undefined;
    onStop: ((stop: Stop) => void) | undefined;
    /** Instructions retired so far. */
    onRetired: () => bigint;
    constructor(options: SystemProcessorOptions);
    get(field: FieldName, index?: number): number;
    set(field: FieldName, value: number, index?: number): void;
    get64(field: FieldName, index?: number): bigint;
    set64(field: FieldName, value: bigint, index?: number): void;
    get rflags(): bigint;
    set rflags(value: bigint);
    fault(vector: number, errorCode?: number): never;
    pageFault(linear: bigint, errorCode: number): never;
    readLinear(linear: bigint, bytes: 1 | 2 | 4 | 8, supervisor?: boolean): bigint;
    writeLinear(linear: bigint, bytes: 1 | 2 | 4 | 8, value: bigint, supervisor?: boolean): void;
    probeLinear(linear: bigint, bytes: number, access: MemoryAccess, supervisor?: boolean): void;
    /** [SDM 3A §5.3, §5.4, §3.3.7.1] Offsets are cut to 32 bits outside 64-bit mode. */
    linear(segment: SegmentName, offset: bigint, bytes: number, access: MemoryAccess): bigint;
    addLinear(linear: bigint, bytes: number): bigint;
    fetch(ip: bigint, into: Uint8Array, at: number): number;
    unknownOpcode(bytes: Uint8Array): never;
    modeChanged(): void;
    flushTlb(what: 'non-global' | 'all' | bigint): void;
    loadPdptes(cr3: bigint): boolean;
    readPort(port: number, bytes: 1 | 2 | 4): number;
    writePort(port: number, bytes: 1 | 2 | 4, value: number): void;
    timestamp(): bigint;
    get retired(): bigint;
    readTaskPriority(): number;
    writeTaskPriority(value: number): void;
    readExternalMsr(index: number): bigint | undefined;
    writeExternalMsr(index: number, value: bigint): boolean | undefined;
    interruptsMayHaveChanged(): void;
    stop(stop: Stop): void;
}

/**
 * The fast interpreter: decoded records in linear memory, executed by one large WebAssembly function and by handlers beside it, all made
 * from the one description of the instructions. This file is its TypeScript side: finding and decoding code, slow memory accesses,
 * faults, and keeping records true to memory.
 *
 * UNCHECKED: state words by the offsets of state.ts.
 */

interface InterpreterOptions {
    readonly memory: LinearMemory;
    readonly ram: Ram;
    readonly processor: SystemProcessor;
    /** The arena for decoded code in linear memory. */
    readonly arenaStart: number;
    readonly arenaEnd: number;
    /** Makes `remaining` negative, so that the run ends at the next boundary. */
    readonly leave: () => void;
}
declare class Interpreter {
    #private;
    constructor(options: InterpreterOptions);
    /** Runs from RIP on until `remaining` is below zero at a boundary, or until a fault is thrown. RIP is stored on return. */
    run(): void;
    /** Runs the one instruction at RIP (one iteration of a repeated one). `remaining` must be 0. */
    step(): void;
    /** Instructions executed in the current slice that `remaining` does not show yet: those of the run under execution. */
    get pending(): number;
    /** After a fault: RIP of the instruction that faulted, with the run before it counted. */
    settle(): void;
    /** Decode mode, privilege or the code segment may have changed. */
    modeChanged(): void;
    flushCodeTlb(): void;
    get statistics(): {
        readonly handlers: number;
        readonly invalidations: number;
        readonly drops: number;
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

type EngineName = 'reference' | 'interpreter';
interface CpuOptions extends Environment {
    readonly memory: CpuMemory;
    /** Default: interpreter. */
    readonly engine?: EngineName;
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
    /** Counters of the interpreter; undefined with the reference engine. */
    get statistics(): Interpreter['statistics'] | undefined;
    /** Runs for about `budget` instructions (at least one): until the first boundary at or after it. */
    run(budget: number): Stop;
    /**
     * Executes one instruction (one iteration of a repeated one) after taking what is pending; an exception is delivered and nothing of its
     * handler executed.
     */
    step(): Stop;
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

export { Cpu, CpuMemory, STATE };
export type { ArchitecturalField, CpuMemoryOptions, CpuOptions, CpuState, DerivedField, EngineName, Environment, FieldName, GeneralRegister, InterruptController, LinearMemory, MsrHandler, Registers, SegmentRegister, SegmentRegisterName, StateField, Stop, TableRegister };
