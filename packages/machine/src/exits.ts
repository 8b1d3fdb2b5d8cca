/**
 * What leaves the CPU, counted by kind and by device, and what comes back into it. Address spaces, controllers and the run loop count as
 * they work, one addition each; a report is put together when somebody asks. Nothing is recorded in between, so counting costs nothing
 * that can be measured.
 *
 * An exit is what would stop a processor that runs the guest by itself: the guest did something that the host has to answer, or the host
 * has to know when the guest can be interrupted. The kinds are disjoint, so that they add up.
 */
import type { AddressSpace } from '@paravirt/bus';
import type { HypercallHandler, InterruptController, MsrHandler } from '@paravirt/x86-core';
import type { CardReport, ConnectorReport } from './card-report.ts';
import { IA32_APIC_BASE, IA32_TIME_STAMP_COUNTER, IA32_TSC_DEADLINE } from './chipset/index.ts';

/** Accesses to one device, or to addresses where no device is. */
export interface AccessCount {
  readonly device: string;
  readonly reads: number;
  readonly writes: number;
}

/** Something that happened `count` times, by name. */
export interface NamedCount {
  readonly name: string;
  readonly count: number;
}

export interface ExitKinds {
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

export interface ExitReport {
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

export interface ExitSources {
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

const VECTORS = 256;

const MSR_NAMES: ReadonlyMap<number, string> = new Map([
  [IA32_TIME_STAMP_COUNTER, 'IA32_TIME_STAMP_COUNTER'],
  [IA32_APIC_BASE, 'IA32_APIC_BASE'],
  [IA32_TSC_DEADLINE, 'IA32_TSC_DEADLINE'],
]);

export class ExitCounters {
  readonly #sources: ExitSources;
  readonly #vectors = new Float64Array(VECTORS);
  readonly #msrs: { readonly device: string; reads: number; writes: number }[] = [];
  hypercalls = 0;
  msrAccesses = 0;
  interruptWindows = 0;
  interrupts = 0;
  /** Interrupts that found the guest waiting. */
  wakeups = 0;
  resets = 0;
  /** Called when a hypercall or an access to a register was answered, or an interrupt delivered. */
  onExit: (() => void) | undefined = undefined;

  constructor(sources: ExitSources) {
    this.#sources = sources;
  }

  /** An interrupt is delivered: 0 to 255. */
  delivered(vector: number): void {
    this.#vectors[vector] = (this.#vectors[vector] as number) + 1;
    this.interrupts++;
  }

  /** The registers, so that accesses to them are counted. */
  countMsrs(msrs: ReadonlyMap<number, MsrHandler>): ReadonlyMap<number, MsrHandler> {
    return new Map(
      [...msrs].map(([number, handler]) => {
        const count = { device: MSR_NAMES.get(number) ?? `0x${number.toString(16)}`, reads: 0, writes: 0 };
        this.#msrs.push(count);
        const counted: MsrHandler = {
          read: () => {
            count.reads++;
            return this.#accessMsr(() => handler.read());
          },
          write: (value) => {
            count.writes++;
            return this.#accessMsr(() => handler.write(value));
          },
        };
        return [number, counted];
      }),
    );
  }

  #accessMsr<T>(access: () => T): T {
    this.msrAccesses++;
    const result = access();
    this.onExit?.();
    return result;
  }

  /** A handler of hypercalls, so that calls are counted. */
  countHypercalls(handler: HypercallHandler): HypercallHandler {
    return {
      call: (state) => {
        this.hypercalls++;
        handler.call(state);
        this.onExit?.();
      },
      cpuid: (leaf, subleaf) => handler.cpuid?.(leaf, subleaf),
    };
  }

  /** The counts now; also what JSON.stringify makes of the counters. */
  toJSON(): ExitReport {
    const s = this.#sources;
    const ports = accessCounts(s.ports);
    const mmio = accessCounts(s.mmio);
    const msrs = mostFirst(this.#msrs);
    const halts = s.halts();
    const endOfInterrupt = s.endsOfInterrupt();
    const kinds = {
      port: accesses(ports),
      mmio: accesses(mmio) - endOfInterrupt,
      hypercall: this.hypercalls,
      msr: accesses(msrs),
      halt: halts,
      endOfInterrupt,
      interruptWindow: this.interruptWindows,
    };
    return {
      instructions: Number(s.instructions()),
      virtualSeconds: Number(s.now()) / 1e9,
      exits: { ...kinds, total: Object.values(kinds).reduce((sum, count) => sum + count, 0) },
      ports,
      mmio,
      msrs,
      halts,
      interrupts: this.interrupts,
      vectors: commonFirst([...this.#vectors].map((count, vector) => ({ name: `0x${vector.toString(16).padStart(2, '0')}`, count }))),
      sources: commonFirst(s.interruptSources()),
      resets: this.resets,
      cards: s.cards(),
      connectors: s.connectors(),
    };
  }
}

/** The wire between CPU and local APIC, with its traffic counted. `high` is the level of INTR. */
export class CountedInterrupts implements InterruptController {
  readonly #controller: InterruptController;
  readonly #exits: ExitCounters;
  readonly #halted: () => boolean;
  /** Level of INTR, kept by whoever drives it. */
  high = false;

  /** @param halted Whether the guest waits. */
  constructor(controller: InterruptController, exits: ExitCounters, halted: () => boolean) {
    this.#controller = controller;
    this.#exits = exits;
    this.#halted = halted;
  }

  /** INTR rises. `open`: the guest takes interrupts now. */
  raised(open: boolean): void {
    this.high = true;
    if (!open) this.#exits.interruptWindows++;
  }

  acknowledge(): number {
    const vector = this.#controller.acknowledge();
    if (vector < 0) return vector;
    this.#exits.delivered(vector);
    if (this.#halted()) this.#exits.wakeups++;
    // Another one waits, and the handler of this one begins with interrupts off.
    if (this.high) this.#exits.interruptWindows++;
    this.#exits.onExit?.();
    return vector;
  }

  get taskPriority(): number {
    return this.#controller.taskPriority;
  }

  setTaskPriority(value: number): void {
    this.#controller.setTaskPriority(value);
  }
}

/** One entry for all ranges of one name, also those that a guest has moved or hidden since. */
function accessCounts(space: AddressSpace): AccessCount[] {
  const counts = [...space.totals].map(([device, { reads, writes }]) => ({ device, reads, writes }));
  return mostFirst([...counts, { device: 'nothing', reads: space.unclaimedReads, writes: space.unclaimedWrites }]);
}

const accesses = (counts: readonly AccessCount[]): number => counts.reduce((sum, { reads, writes }) => sum + reads + writes, 0);

const mostFirst = (counts: readonly AccessCount[]): AccessCount[] =>
  counts.filter((c) => c.reads + c.writes > 0).sort((a, b) => b.reads + b.writes - (a.reads + a.writes));

const commonFirst = (counts: readonly NamedCount[]): NamedCount[] => counts.filter((c) => c.count > 0).sort((a, b) => b.count - a.count);
