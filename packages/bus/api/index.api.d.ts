/** Bytes of one access. An 8-byte access is made as two 4-byte ones, low half first. */
type Width = 1 | 2 | 4;
/**
 * Answers accesses within one range. `offset` is relative to the range's base; the base address of an access selects the handler, so
 * `offset + width` may lie beyond the range's end. Values are unsigned, within the width. Must not throw, whatever the guest does.
 */
interface IoHandler {
    read(offset: number, width: Width): number;
    write(offset: number, width: Width, value: number): void;
}
interface Mapping {
    readonly name: string;
    readonly base: number;
    /** In addresses. */
    readonly size: number;
    /** Accesses since the mapping was made. */
    readonly reads: number;
    readonly writes: number;
    /** Idempotent. */
    unmap(): void;
}
/** Accesses to all ranges of one name, also those that are unmapped by now. */
interface AccessTotal {
    readonly reads: number;
    readonly writes: number;
}
declare const ALL_ONES: Readonly<Record<Width, number>>;
declare class AddressSpace {
    #private;
    readonly name: string;
    /** Number of addresses. */
    readonly size: number;
    /** Accesses that nobody answered. */
    unclaimedReads: number;
    unclaimedWrites: number;
    /** @throws ConfigurationError `bad-size` unless 0 < size ≤ 2^52. */
    constructor(name: string, size: number);
    /** Wires a fixed range. @throws ConfigurationError `range-outside`, `range-overlap` (with another fixed range). */
    map(name: string, base: number, size: number, handler: IoHandler): Mapping;
    /** Places a range where a guest wants it. Undefined if it does not lie within the space. */
    overlay(name: string, base: number, size: number, handler: IoHandler): Mapping | undefined;
    read(address: number, width: Width): number;
    write(address: number, width: Width, value: number): void;
    /** The range that answers at `address`, undefined if none does. */
    at(address: number): Mapping | undefined;
    /** All ranges, by base address. */
    get mappings(): readonly Mapping[];
    /** Accesses by the name of their range, since the space was made; ranges that were never used are left out. */
    get totals(): ReadonlyMap<string, AccessTotal>;
}

/**
 * Virtual time. Everything that ticks (timers of the chipset, retransmission in the network, rate limits) asks a `Clock`, never the
 * host; the machine decides how virtual time follows instructions or host time.
 */
interface Timer {
    /** Idempotent; after it the callback does not run. */
    cancel(): void;
}
interface Clock {
    /** Nanoseconds since the clock was made; never decreases. */
    now(): bigint;
    /** Runs `run` once, when `now()` has reached `at`, never inside this call. Equal times run in the order of their scheduling. */
    schedule(at: bigint, run: () => void): Timer;
}
/**
 * A clock that moves when told. `source`, if given, tells the present time between two advances, so that a reader in the middle of a
 * slice sees time go on; without it, time stands still between advances.
 */
declare class VirtualClock implements Clock {
    #private;
    /** Called when an event is scheduled that is earlier than all others: whoever runs the guest may have to stop sooner. */
    onEarlierDeadline: ((at: bigint) => void) | undefined;
    constructor(source?: () => bigint);
    now(): bigint;
    schedule(at: bigint, run: () => void): Timer;
    /** Time of the earliest event, undefined if there is none. */
    get nextDeadline(): bigint | undefined;
    /** Moves time to `to` (earlier times are ignored) and runs what is due, each event at its own time. */
    advanceTo(to: bigint): void;
}

/**
 * The caller's mistake: overlapping ranges, a bad option, a truncated file. Thrown at construction only; never because of what a
 * guest or a network peer did.
 */
declare class ConfigurationError extends Error {
    /** Short, stable, kebab-case: `range-overlap`, `bad-option`, `kernel-truncated`. */
    readonly code: string;
    /** The offending value, for a program that wants to look at it. */
    readonly value: unknown;
    constructor(code: string, message: string, value?: unknown);
}

/** Addresses are guest-physical, values little-endian. Every access outside RAM throws RangeError: check with `contains` first. */
interface GuestMemory {
    /** Bytes of RAM. */
    readonly size: number;
    /** True if [address, address + length) lies in one piece of RAM. False for negative, fractional or unsafe numbers. */
    contains(address: number, length: number): boolean;
    readU8(address: number): number;
    readU16(address: number): number;
    readU32(address: number): number;
    readU64(address: number): bigint;
    writeU8(address: number, value: number): void;
    writeU16(address: number, value: number): void;
    writeU32(address: number, value: number): void;
    writeU64(address: number, value: bigint): void;
    /** Fills `into` from memory. */
    read(address: number, into: Uint8Array): void;
    /** Copies `from` to memory; `from` is not kept. */
    write(address: number, from: Uint8Array): void;
}
interface RamRegion {
    /** Guest-physical address of the first byte; a multiple of 4096. */
    readonly address: number;
    /** In bytes; a multiple of 4096. */
    readonly size: number;
    /** Where the region starts in the buffer; a multiple of 4096. */
    readonly offset: number;
}
declare class Ram implements GuestMemory {
    #private;
    readonly size: number;
    readonly regions: readonly RamRegion[];
    readonly buffer: ArrayBufferLike;
    /**
     * One byte for every page of the buffer: non-zero asks for `onWatchedWrite` when a write through this interface touches the page. The
     * CPU marks pages that hold decoded code. Indexed by buffer offset >> 12.
     */
    readonly watched: Uint8Array;
    /** `start` and `length` are buffer offsets of the bytes just written. */
    onWatchedWrite: ((start: number, length: number) => void) | undefined;
    /**
     * @param watched one byte for every page of the buffer, zero: for who wants it at a place of his own
     * @throws ConfigurationError `bad-region` for unaligned, overlapping or too large regions.
     */
    constructor(buffer: ArrayBufferLike, regions?: readonly RamRegion[], watched?: Uint8Array);
    contains(address: number, length: number): boolean;
    /** Buffer offset of a guest-physical range, −1 if it is not wholly in one region. */
    offsetOf(address: number, length: number): number;
    /** Guest-physical address of a buffer offset, −1 if it belongs to no region. */
    addressOf(offset: number): number;
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
 * Interrupts as devices see them: a level line, a line shared by several sources, and message-signalled interrupts. A device holds one
 * of these and nothing else of the interrupt system.
 */
/** A level-sensitive wire. Both calls are idempotent. */
interface InterruptLine {
    raise(): void;
    lower(): void;
}
/** Where message-signalled interrupts are written to. */
interface MessageInterrupts {
    /** One memory write of a 32-bit message. `address` is a physical address; one that no interrupt controller decodes is dropped. */
    signal(address: bigint, data: number): void;
}
/** Several level sources wired together: the output is high while any source is. [PCI 3.0 §2.2.6] */
declare class SharedLine {
    #private;
    constructor(output: InterruptLine);
    /** A new source of this line. */
    source(): InterruptLine;
}
/** A line that only remembers: for tests and for devices wired to nothing. */
declare class RecordingLine implements InterruptLine {
    high: boolean;
    /** Number of low-to-high edges. */
    edges: number;
    raise(): void;
    lower(): void;
}

type Mitigation = {
    readonly kind: 'none';
} | {
    readonly kind: 'timer';
    readonly ns: number;
} | {
    readonly kind: 'packets';
    readonly count: number;
    readonly ns: number;
} | {
    readonly kind: 'poll';
    readonly ns: number;
    readonly rounds: number;
};
declare const NO_MITIGATION: Mitigation;
/** `none`, `timer:150us`, `packets:8:100us`, `poll:20us:2`; times in ns, us or ms. @throws ConfigurationError `bad-mitigation` */
declare function parseMitigation(text: string): Mitigation;
/** The shortest text that `parseMitigation` reads back. */
declare function formatMitigation(mitigation: Mitigation): string;

/**
 * When a device looks at its rings after a doorbell: at once, put off to a later turn of the host, when a timer ends, or by polling until
 * the driver has nothing more. The device says how to look and how to ask for no doorbells; when is decided here, for all cards alike.
 *
 *   none, packets    look                             timer    suppress … look
 *   place deferred   (later) look                     poll     look, suppress … look, suppress … look (nothing): doorbells again
 */

interface PickupOptions {
    /** Needed by the mitigations `timer` and `poll`. */
    readonly clock?: Clock | undefined;
    readonly mitigation: Mitigation;
    /** Runs something soon, not within the call: where a device looks that is not asked in the exit itself. Absent: it looks at once. */
    readonly defer?: ((run: () => void) => void) | undefined;
    /**
     * Does what the driver has posted, bounded work a call, and says whether there was any. Before it returns it wants doorbells again and
     * has looked once more after having said so, or has seen to it that it is called again: nothing may be left that no doorbell will tell.
     */
    readonly look: () => boolean;
    /** The ring will be looked at anyway: no doorbells until then, please. */
    readonly suppress?: (() => void) | undefined;
}
declare class Pickup {
    #private;
    /** @throws ConfigurationError `mitigation-clock`: a timer or polling without a clock. */
    constructor({ clock, mitigation, defer, look, suppress }: PickupOptions);
    /** The driver rang the doorbell; it may do so within `look`. */
    rung(): void;
    /** Nothing that is under way happens any more; the next ring begins anew. */
    stop(): void;
}

/**
 * Register blocks as the datasheet prints them: a table of fields in order, offsets derived, the sum of the sizes checked. Reads and
 * writes of any width at any offset are worked out here once, byte by byte, so that no device has to.
 *
 *   const TYPE_0 = registers(4, { vendorId: ro(2), command: rw(2, 0x0007) });
 *   const file = new RegisterFile(TYPE_0, { vendorId: 0x1af4 });
 *   file.read(0, 4);
 */

interface FieldSpec {
    /** In bytes. */
    readonly size: number;
    /** Bits that a write stores. */
    readonly writable: bigint;
    /** Bits that a write of one clears. */
    readonly clearable: bigint;
}
/** Read-only field of `size` bytes. */
declare const ro: (size: number) => FieldSpec;
/** Field whose bits in `mask` (default: all) a write stores. */
declare const rw: (size: number, mask?: number | bigint) => FieldSpec;
/** Field whose bits in `mask` are cleared by writing ones to them. */
declare const w1c: (size: number, mask: number | bigint) => FieldSpec;
interface Field extends FieldSpec {
    readonly name: string;
    readonly offset: number;
}
interface RegisterTable<Name extends string> {
    /** In bytes. */
    readonly size: number;
    readonly fields: Readonly<Record<Name, Field>>;
    /** Field that holds the byte at each offset. */
    readonly byOffset: readonly Field[];
}
/** @throws ConfigurationError `register-table` unless the sizes add up to `size`. */
declare function registers<Name extends string>(size: number, specs: Readonly<Record<Name, FieldSpec>>): RegisterTable<Name>;
/**
 * What a field does beyond storing. Values are unsigned, at most 4 bytes. `read` replaces the stored value and is called once per access
 * that touches the field; `write` is called once per access with the whole new value (bytes not written keep what was stored or read),
 * after masks were applied and the value stored.
 */
interface FieldBehaviour {
    read?(): number;
    write?(value: number): void;
}
declare class RegisterFile<Name extends string> implements IoHandler {
    #private;
    readonly table: RegisterTable<Name>;
    /** Raw contents; writes here bypass masks and behaviour. */
    readonly bytes: Uint8Array;
    constructor(table: RegisterTable<Name>, initial?: Partial<Record<Name, number>>, behaviour?: Partial<Record<Name, FieldBehaviour>>);
    /** Stored value of a field of at most 4 bytes (of a larger one: its low 4 bytes). */
    get(name: Name): number;
    /** Stores a value as the device, past masks and behaviour. */
    set(name: Name, value: number): void;
    /** Bytes beyond the end read as ones. */
    read(offset: number, width: Width): number;
    /** Bytes beyond the end are lost. */
    write(offset: number, width: Width, value: number): void;
}

/**
 * The life of buffers and signals, as the two sides of a ring tell it: the events are the same for virtqueues and for ioqs, so that one
 * packet can be followed whatever card carries it. Whoever listens adds the time.
 *
 *   driver   posted ────────────── doorbell ─┐                                        ┌─ interrupt ── reaped
 *   device                                   └─ seen ── mapped ── copied ── completed ── signal
 */
/** What became of a notification: `held` is given later by a mitigation; `spurious` found nothing to do. */
type NotificationOutcome = 'sent' | 'suppressed' | 'held' | 'spurious';
type RingEvent = 
/** One step of one buffer. `buffer` names it while it is in use: the head of a chain, the position of a slot. */
{
    readonly kind: 'posted' | 'seen' | 'mapped' | 'copied' | 'completed' | 'reaped';
    /** `net0.tx`: card and ring. */
    readonly ring: string;
    readonly buffer: number;
    /** Of the frame or the copy, with its headers. */
    readonly bytes?: number;
}
/** Driver → device. */
 | {
    readonly kind: 'doorbell';
    readonly ring: string;
    readonly outcome: NotificationOutcome;
}
/** Device → driver; what a connector makes of it is an interrupt. */
 | {
    readonly kind: 'signal';
    readonly ring: string;
    readonly outcome: NotificationOutcome;
}
/** An interrupt is on its way to a processor, from a card or a connector. */
 | {
    readonly kind: 'interrupt';
    readonly source: string;
};

/**
 * The mitigation `packets`: signals wait until so many buffers were completed, or until so much time has passed since the first of them.
 * Each direction of a card has one of these; whether the driver still wants the signal when it comes is the caller's to ask.
 */

interface SignalHoldOptions {
    readonly clock: Clock;
    /** Completed buffers that make a signal; at least 1. */
    readonly count: number;
    /** The longest that the first of them waits, in nanoseconds. */
    readonly ns: number;
    /** Signals the driver. May call `ask` again. */
    readonly signal: () => void;
}
declare class SignalHold {
    #private;
    constructor({ clock, count, ns, signal }: SignalHoldOptions);
    /** Completed buffers whose signal waits. */
    get held(): number;
    /** True while a signal waits. */
    get holding(): boolean;
    /** `buffers` more were completed and want a signal: now, if they are enough, else later. */
    ask(buffers?: number): void;
    /** Signals now, if anything waits for it. */
    flush(): void;
    /** Forgets what waits. */
    stop(): void;
}

/** Receives events of a closed union; absent (undefined) when nobody listens, so that tracing costs one test. */
type TraceSink<Event> = (event: Event) => void;

export { ALL_ONES, AddressSpace, ConfigurationError, NO_MITIGATION, Pickup, Ram, RecordingLine, RegisterFile, SharedLine, SignalHold, VirtualClock, formatMitigation, parseMitigation, registers, ro, rw, w1c };
export type { AccessTotal, Clock, Field, FieldBehaviour, FieldSpec, GuestMemory, InterruptLine, IoHandler, Mapping, MessageInterrupts, Mitigation, NotificationOutcome, PickupOptions, RamRegion, RegisterTable, RingEvent, SignalHoldOptions, Timer, TraceSink, Width };
