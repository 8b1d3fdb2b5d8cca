/**
 * What leaves the CPU, counted by kind and device. The address spaces count anyway; a report is put together when somebody asks, so
 * counting costs nothing.
 */
import type { AddressSpace } from '@paravirt/bus';

/** Accesses to one device, or to addresses where no device is. */
export interface AccessCount {
  readonly device: string;
  readonly reads: number;
  readonly writes: number;
}

export interface ExitReport {
  /** Instructions retired since the machine was made; exact below 2^53. */
  readonly instructions: number;
  /** Virtual time in seconds. */
  readonly virtualSeconds: number;
  /** Accesses to ports, most first. */
  readonly ports: readonly AccessCount[];
  /** Accesses to memory-mapped devices, most first. */
  readonly mmio: readonly AccessCount[];
  /** Times that the guest went to wait in HLT. */
  readonly halts: number;
  /** Interrupts delivered, without NMIs. */
  readonly interrupts: number;
  readonly resets: number;
}

export interface ExitSources {
  readonly ports: AddressSpace;
  readonly mmio: AddressSpace;
  readonly instructions: () => bigint;
  readonly now: () => bigint;
  readonly halts: () => number;
}

export class ExitCounters {
  readonly #sources: ExitSources;
  interrupts = 0;
  resets = 0;

  constructor(sources: ExitSources) {
    this.#sources = sources;
  }

  /** The counts now; also what JSON.stringify makes of the counters. */
  toJSON(): ExitReport {
    const { ports, mmio, instructions, now, halts } = this.#sources;
    return {
      instructions: Number(instructions()),
      virtualSeconds: Number(now()) / 1e9,
      ports: accessCounts(ports),
      mmio: accessCounts(mmio),
      halts: halts(),
      interrupts: this.interrupts,
      resets: this.resets,
    };
  }
}

/** One entry for all ranges of one name. */
function accessCounts(space: AddressSpace): AccessCount[] {
  const counts = new Map<string, { reads: number; writes: number }>();
  const count = (device: string, reads: number, writes: number): void => {
    const entry = counts.get(device) ?? { reads: 0, writes: 0 };
    entry.reads += reads;
    entry.writes += writes;
    counts.set(device, entry);
  };
  for (const m of space.mappings) count(m.name, m.reads, m.writes);
  count('nothing', space.unclaimedReads, space.unclaimedWrites);
  return [...counts]
    .map(([device, { reads, writes }]) => ({ device, reads, writes }))
    .filter((c) => c.reads + c.writes > 0)
    .sort((a, b) => b.reads + b.writes - (a.reads + a.writes));
}
