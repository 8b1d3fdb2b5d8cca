import { TraceSink, RingEvent, NotificationOutcome } from '@paravirt/bus';
import { EthernetPort } from '@paravirt/net-backend';

/**
 * A point of the matrix: one card set-up, one workload, one driver, one price list. A point is plain data, so that it can be written to a
 * file or sent to another machine, and what it measures depends on nothing else.
 */
/** Which card, where, and how it and its driver notify each other. Every word is an option of the machine, too. */
interface CardSetup {
    readonly model: 'virtio-net' | 'venet';
    readonly bus: 'pci' | 'vbus';
    /** How a vbus is reached: behind its PCI bridge, or by hypercalls. */
    readonly wire?: 'pci' | 'hypercall';
    /** `msix-shared`: all queues on one vector. `vector`: put into the local APIC directly, on the wire `hypercall`. */
    readonly interrupts: 'msix' | 'msix-shared' | 'msi' | 'intx' | 'vector';
    readonly doorbell: 'mmio' | 'port' | 'hypercall';
    /** What keeps either side from being told what it knows. virtio over vbus with `flags` or `event-idx` has the shm_signal below it. */
    readonly suppression: 'none' | 'flags' | 'event-idx' | 'shm-signal';
    /** As `parseMitigation` of @paravirt/bus reads it. */
    readonly mitigation: string;
    /** Where the data path runs: in the exit, on the event loop, in a thread of its own. */
    readonly place: 'inline' | 'deferred' | 'worker';
    /** On a vbus: one interrupt for what all signals have to say. */
    readonly aggregation: boolean;
}
/** Bytes are those of frames or payloads as each says; every number is a positive integer. */
type Workload = 
/** A TCP-like stream: `bytes` of payload each way, in frames of at most `frame` bytes, acknowledged within a window. */
{
    readonly kind: 'bulk';
    readonly direction: 'down' | 'up' | 'both';
    readonly bytes: number;
    readonly frame: number;
}
/** Small packets as fast as they go: `count` each way, payloads of `size` bytes. */
 | {
    readonly kind: 'packets';
    readonly direction: 'down' | 'up' | 'both';
    readonly count: number;
    readonly size: number;
}
/** `count` requests and answers of `size` bytes, one after another; the guest asks. */
 | {
    readonly kind: 'request-response';
    readonly count: number;
    readonly size: number;
}
/** As request-response, but the peer asks and the guest sleeps `interval` ns in between. */
 | {
    readonly kind: 'ping';
    readonly count: number;
    readonly interval: number;
} | {
    readonly kind: 'hotplug';
    readonly cycles: number;
}
/** What it takes until the driver is ready. */
 | {
    readonly kind: 'probe';
};
interface Point {
    /** `model`: the TypeScript driver sides, without a CPU. `linux`: a Linux guest in the machine. */
    readonly driver: 'model' | 'linux';
    readonly card: CardSetup;
    /** Cards of that kind at once, 1 to 8; the workload runs on each. */
    readonly cards: number;
    readonly workload: Workload;
    /** Name of a cost profile. */
    readonly profile: string;
    /** Of the wire, in bits per second. Default: that of the profile. */
    readonly wire?: number;
}
/** One line that names a point and nothing else: equal points have equal names. */
declare function pointName({ driver, card, cards, workload, profile, wire }: Point): string;
declare function workloadName(workload: Workload): string;

/** What a run of one point measured: whole counts and virtual nanoseconds, so that the same point gives the same bytes anywhere. */

/** What makes a processor leave the guest. The first seven are those of the machine; `kick`: another thread wants it to take an interrupt. */
declare const EXIT_KINDS: readonly ["port", "mmio", "hypercall", "msr", "halt", "endOfInterrupt", "interruptWindow", "kick"];
type ExitKind = (typeof EXIT_KINDS)[number];
interface RoundTrips {
    readonly count: number;
    /** In virtual ns. */
    readonly median: number;
    readonly percentile99: number;
    readonly longest: number;
}
interface Measures {
    /** Virtual ns from the first frame of the workload to the last. */
    readonly elapsed: number;
    /** As the guest sees the directions, all cards together. */
    readonly frames: {
        readonly transmitted: number;
        readonly received: number;
    };
    /** Payload that arrived. */
    readonly payload: {
        readonly transmitted: number;
        readonly received: number;
    };
    readonly roundTrips?: RoundTrips;
    readonly exits: Readonly<Record<ExitKind, number>>;
    /** Delivered to the guest. */
    readonly interrupts: number;
    /** By devices, to the guest. `carried` by interrupts of a connector or a card. */
    readonly signals: {
        readonly sent: number;
        readonly suppressed: number;
        readonly held: number;
    };
    /** `lost`: something waited in a ring, and nobody would ever have looked. */
    readonly doorbells: {
        readonly rung: number;
        readonly suppressed: number;
        readonly spurious: number;
        readonly lost: number;
    };
    /** Interrupts that should have come and did not: the guest's side of `lost`. */
    readonly lostInterrupts: number;
    /** Between the guest's memory and the host's, headers included. */
    readonly copiedBytes: number;
    /** Virtual ns of CPU: in the guest, and on the host for it (exits included). */
    readonly guestTime: number;
    readonly hostTime: number;
    /** What only some workloads have: `cycles`, `configAccesses`, `bridgeCalls` … */
    readonly other: Readonly<Record<string, number>>;
}
/** `failed`: what went wrong, in one line; the same wherever it ran. */
type PointResult = {
    readonly point: Point;
    readonly measures: Measures;
} | {
    readonly point: Point;
    readonly failed: string;
};

/**
 * What things cost, in virtual nanoseconds. A profile turns counts into time: two runs with one profile give the same figures on any host.
 */

interface CostProfile {
    readonly name: string;
    readonly title: string;
    /** Where the figures come from, a line each. */
    readonly sources: readonly string[];
    /** World switch and decoding, out and in again, answered in the host's kernel. */
    readonly exits: Readonly<Record<ExitKind, number>>;
    /** More, if an exit is answered in user space. */
    readonly userExit: number;
    /** The host's part of giving the guest an interrupt, beside its exits. */
    readonly injection: number;
    /** The guest's part: gate, handler's prologue, IRET. */
    readonly interruptEntry: number;
    /** Interrupts reach a running guest, and their ends the controller, without exits. */
    readonly posted: boolean;
    /** Until a thread that was woken runs; and what waking it costs the waker. */
    readonly handOver: number;
    readonly wake: number;
    /** Until a guest that waits in HLT runs again. */
    readonly guestWake: number;
    readonly copiedByte: number;
    /** Of the host for a frame: ring, mapping, the way to the wire. */
    readonly hostFrame: number;
    /** More for a frame, if the data path is in user space: system calls. */
    readonly userFrame: number;
    /** Of the guest for a frame and for a byte of it: driver, stack, application. */
    readonly guestFrame: number;
    readonly guestByte: number;
    /** Of a guest that executes instructions. */
    readonly instruction: number;
    /** `moderation`: least time between two interrupts of the host's network card, which hands over together what came in between. */
    readonly wire: {
        readonly bitsPerSecond: number;
        readonly latency: number;
        readonly moderation: number;
    };
}

/**
 * A report is data: sections with tables, charts and sentences. Terminal, JSON and HTML are three ways to show the same; whatever is in
 * it depends on the points' measures alone.
 */

type Cell = string | number | null;
interface Column {
    readonly name: string;
    /** `µs`, `per frame`; shown once, in the head. */
    readonly unit?: string;
    /** Digits after the point for numbers; default 0. */
    readonly digits?: number;
}
interface Table {
    readonly caption: string;
    readonly columns: readonly Column[];
    /** As many cells as columns each; `null` has no value. */
    readonly rows: readonly (readonly Cell[])[];
}
interface Chart {
    /** `bars`: one bar for each datum, grouped by `series`. `lines`: numbers along x. */
    readonly kind: 'bars' | 'lines';
    readonly caption: string;
    readonly x: {
        readonly label: string;
        readonly log?: boolean;
    };
    readonly y: {
        readonly label: string;
        readonly log?: boolean;
    };
    readonly data: readonly {
        readonly series: string;
        readonly x: string | number;
        readonly y: number;
    }[];
}
/** What one choice is worth, everything else being equal. */
interface Effect {
    /** The choice and its alternative: `venet, not virtio on PCI, both in the exit`. */
    readonly choice: string;
    /** What was compared: `CPU per frame`. */
    readonly measure: string;
    /** Alternative divided by choice for what should be little, choice divided by alternative for what should be much: above 1 it pays. */
    readonly gain: number;
    /** Whether the choice can be had on PCI, too. */
    readonly needs: 'vbus' | 'either bus';
    /** What is paid for every frame, or once for a card. */
    readonly of: 'traffic' | 'set-up';
}
/** What the figures say of a claim. */
type Verdict = 'holds' | 'holds in part' | 'does not hold' | 'for the record';
interface Section {
    /** `doorbells`: for `--only`, and an anchor. */
    readonly id: string;
    readonly title: string;
    /** Number in the list of claims (vbus-abi, section 4), if it is one. */
    readonly claim?: {
        readonly number: string;
        readonly by: string;
        readonly text: string;
        readonly counter: string;
    };
    readonly experiment: string;
    readonly tables: readonly Table[];
    readonly charts: readonly Chart[];
    /** Sentences, made of the figures; the first is the answer in short. */
    readonly findings: readonly string[];
    readonly verdict: Verdict;
    /** What the summary weighs against what other sections found. */
    readonly effects: readonly Effect[];
}
interface Report {
    readonly title: string;
    /** `quick` or `full`, and what was chosen. */
    readonly scope: string;
    /** Version of the lab: a figure may change with it. */
    readonly version: string;
    readonly profiles: readonly {
        readonly name: string;
        readonly title: string;
        readonly sources: readonly string[];
    }[];
    readonly sections: readonly Section[];
    readonly results: readonly PointResult[];
}

/**
 * An experiment is one claim of the debate made measurable: the points of the matrix that it needs, and how their measures become a
 * section of the report. It runs nothing: whoever runs the points, here or on other machines, hands back what they measured.
 */

/** `quick`: every section from few small points. `full`: larger workloads, and the whole matrix where that tells more. */
type Scope = 'quick' | 'full';
/** What was asked for. */
interface Plan {
    readonly scope: Scope;
    /** Price lists, at least one. The first is the principal one: what does not depend on prices is measured with it alone. */
    readonly profiles: readonly CostProfile[];
    /** Whether there is a Linux guest that can be run. */
    readonly linux: boolean;
}
/** By the names of their points. */
type Results = ReadonlyMap<string, PointResult>;
interface Experiment {
    /** For `--only`, and an anchor of the page. */
    readonly id: string;
    readonly title: string;
    points(plan: Plan): readonly Point[];
    /** Never throws for results that are missing or failed: the section says what could not be seen. */
    evaluate(results: Results, plan: Plan): Section;
}
/** The points of several experiments, each once, in the order in which they are first asked for. */
declare function labPoints(experiments: readonly Experiment[], plan: Plan): readonly Point[];

declare const EXPERIMENTS: readonly Experiment[];

/**
 * The members of `CostProfile`, each of them. Prices are numbers of ns from 0 to a second, with fractions.
 * @throws ConfigurationError `bad-profile` for a value that is no price list
 */
declare function parseProfile(value: unknown): CostProfile;

/** The price lists that are built in. Each source line says of its figures whether they are published, derived from published ones, or assumed. */

/** By name. */
declare const profiles: ReadonlyMap<string, CostProfile>;

/** @throws ConfigurationError `bad-point` for a value that is no point. Whether a card can be set up that way is not looked at. */
declare function parsePoint(value: unknown): Point;
/** @throws ConfigurationError `bad-result` or `bad-point` for a value that is no result. */
declare function parsePointResult(value: unknown): PointResult;

/** Runs one point, whoever drives. What it gives depends on the point, the price list and, for a Linux guest, its image alone. */

/** Where the lives of ring buffers are told. */
interface RunTrace {
    readonly sink: TraceSink<RingEvent>;
    /** Wraps the port of a card, to see frames on its cable. */
    watch(card: string, port: EthernetPort): EthernetPort;
}
interface LabContext {
    /** Price lists by name. */
    readonly profiles: ReadonlyMap<string, CostProfile>;
    /** Linux guests by architecture. */
    readonly images?: ReadonlyMap<'x86_64' | 'i686', GuestImage>;
    /** Called once for a run, before its cards are made. `now`: virtual ns, what the present task has taken included. */
    readonly trace?: (now: () => bigint) => RunTrace;
    /** Called around what is measured, for who measures the host meanwhile. */
    readonly onWorkload?: (edge: 'begins' | 'ends') => void;
}
/** @throws ConfigurationError for a point that is none; what goes wrong in a run is a `failed` result. */
declare function runPoint(point: Point, context: LabContext): Promise<PointResult>;
/** @throws ConfigurationError `bad-point` */
declare function checkPoint(point: Point): void;

/** A kernel and an initramfs as `paravirt image debian` makes them. The files are kept, not copied. */
interface GuestImage {
    readonly kernel: Uint8Array;
    readonly initrd: Uint8Array;
    /** For people: packages and versions. */
    readonly name: string;
}

/** Why a Linux guest cannot be measured at a point, in one line; undefined if it can. */
declare function whyNotLinux({ card, cards, workload }: Point): string | undefined;

/** virtio-net as PCI has it at its best: a vector for each queue, doorbells in memory, event index. */
declare const VIRTIO_PCI_MSIX: CardSetup;
declare const VIRTIO_VBUS_BRIDGE: CardSetup;
declare const VIRTIO_VBUS_HYPERCALL: CardSetup;
declare const VENET_BRIDGE: CardSetup;
declare const VENET_HYPERCALL: CardSetup;
/** Why a card cannot be set up that way, in one line; undefined if it can. */
declare function isInvalid(setup: CardSetup): string | undefined;
declare const isValid: (setup: CardSetup) => boolean;
/** Every set-up with this mitigation; 9 × 3 on PCI and 16 × 3 on a vbus. */
declare function allSetups(mitigation?: string): readonly CardSetup[];

/** `bulk-down`, `packets-both:1000`, `request-response:10:64`; numbers from 1. @throws ConfigurationError `bad-workload` */
declare function parseWorkload(text: string): Workload;

/** How a cell is shown: the same in a terminal and on a page. Independent of any locale, so that a report is the same everywhere. */

/** What stands for a value that there is not. */
declare const NO_VALUE = "\u2013";
/** Thousands by commas, as many digits after the point as asked for. Values that are not finite have no text. */
declare function formatNumber(value: number, digits?: number): string;
declare function formatCell(cell: Cell, column: Column): string;
/** Whether column `index` is aligned at the right: it has nothing but numbers and gaps. */
declare function isNumeric(table: Table, index: number): boolean;

/**
 * A report as JSON: the same bytes for equal reports, whatever the order in which somebody put their members together. Members that a
 * report is known to have come in the order of report.ts; all others, such as those of points and measures, by their names.
 */

/** Indented by two; ends in a newline. */
declare function renderJson(report: Report): string;

/** From results to a report: the sections of the experiments, before them their summary, behind them every result. */

/** Grows by one whenever the same points may give other figures, or other sentences. */
declare const LAB_VERSION = "1";
/**
 * @param results by the names of their points; what no experiment asks for is left out, what is missing is told by the sections
 * @returns equal reports for equal arguments, in whatever order results came
 */
declare function makeReport(experiments: readonly Experiment[], results: Results, plan: Plan): Report;

/**
 * A report for a terminal: sections with their verdicts, sentences wrapped at the width, tables in columns. Charts are left out: whatever
 * they show is in the tables as well.
 */

interface TextOptions {
    /** In columns; default 120, at least 40. */
    readonly width?: number;
}
/** Lines end in newlines; none has spaces at its end. */
declare function renderText(report: Report, { width }?: TextOptions): string;

declare function layoutTable(table: Table, width: number): readonly string[];

/**
 * Writes down what both sides of the rings of a machine tell (`RingEvent`), with virtual time, and the frames that belong to it:
 *
 *   device, driver ──► sink ──► events          port ──► watch(card, port) ──► frames, by the copy that was under way
 *
 * What is kept is bounded: from a limit on, events are only counted. lives.ts makes lives of buffers of it.
 */

interface RecordedEvent {
    /** Virtual ns. */
    readonly at: bigint;
    readonly event: RingEvent;
    /** With `copied` events: the frame as it was on the cable; a copy. */
    frame?: Uint8Array;
}
interface RingRecorderOptions {
    /** Virtual ns. */
    readonly now: () => bigint;
    /** Events that are kept, the first ones. Default: 100,000. */
    readonly most?: number;
}
declare class RingRecorder {
    #private;
    readonly events: RecordedEvent[];
    /** Events beyond the limit. */
    missed: number;
    constructor({ now, most }: RingRecorderOptions);
    /** For the devices and drivers of a machine. */
    readonly sink: TraceSink<RingEvent>;
    /** The port of a card, so that its frames are kept beside its buffers; to be used in place of `port`. */
    watch(card: string, port: EthernetPort): EthernetPort;
}

/**
 * From events to lives: what happened to each buffer from `posted` to `reaped`, and which notifications were its own. A doorbell belongs
 * to every buffer that was posted since the one before it; where the driver tells nothing (in a guest), to the buffer that is seen next. A
 * signal belongs to every buffer completed since the one before it, and an interrupt to the signal beside it: a signal without one was
 * carried by an interrupt that was on its way already.
 */

/** In the order of a life. */
declare const STEPS: readonly ["posted", "seen", "mapped", "copied", "completed", "reaped"];
type Step = (typeof STEPS)[number];
interface Notification {
    /** Virtual ns. */
    readonly at: bigint;
    readonly outcome: NotificationOutcome;
}
interface BufferLife {
    /** Counted from 1, by first event. */
    readonly number: number;
    readonly ring: string;
    readonly buffer: number;
    /** Virtual ns. */
    readonly steps: Readonly<Partial<Record<Step, bigint>>>;
    readonly bytes: number | undefined;
    readonly frame: Uint8Array | undefined;
    readonly doorbell: Notification | undefined;
    readonly signal: Notification | undefined;
    readonly interrupt: {
        readonly at: bigint;
        readonly source: string;
    } | undefined;
}
/** The lives in `events`, which are in the order of time. A doorbell that belongs to no buffer has no life: see `notifications` of a ring. */
declare function livesOf(events: readonly RecordedEvent[]): BufferLife[];

/** Text of a JSON file. */
declare function chromeTrace(events: readonly RecordedEvent[], lives: readonly BufferLife[]): string;

/** The bytes of the file. Buffers without a frame (posted and never used) are left out. */
declare function lifeCapture(lives: readonly BufferLife[]): Uint8Array;

/**
 * Lives as a table of the report's kind: a row for each buffer that the device took, times in µs; the first step absolute, the others
 * since it. Buffers that only lie ready, as a receive ring is full of, are counted in the caption.
 */

declare function lifeTable(lives: readonly BufferLife[]): Table;

export { EXPERIMENTS, LAB_VERSION, NO_VALUE, RingRecorder, STEPS, VENET_BRIDGE, VENET_HYPERCALL, VIRTIO_PCI_MSIX, VIRTIO_VBUS_BRIDGE, VIRTIO_VBUS_HYPERCALL, allSetups, checkPoint, chromeTrace, formatCell, formatNumber, isInvalid, isNumeric, isValid, labPoints, layoutTable, lifeCapture, lifeTable, livesOf, makeReport, parsePoint, parsePointResult, parseProfile, parseWorkload, pointName, profiles, renderJson, renderText, runPoint, whyNotLinux, workloadName };
export type { BufferLife, CardSetup, Cell, Chart, Column, CostProfile, Effect, ExitKind, Experiment, GuestImage, LabContext, Measures, Notification, Plan, Point, PointResult, RecordedEvent, Report, Results, RingRecorderOptions, RoundTrips, RunTrace, Scope, Section, Step, Table, TextOptions, Verdict, Workload };
