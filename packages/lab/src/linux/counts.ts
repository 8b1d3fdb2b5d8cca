/**
 * Measures as differences of what the machine counts: taken while it stands still, before and after a workload. They are those of the whole
 * machine, the guest's timer included, whose part is told in `other`.
 */
import { type CardReport, type ExitReport, type Pc, type Prices, priceOf } from '@paravirt/machine';
import type { CostProfile } from '../cost/cost-profile.ts';
import type { ExitKind, Measures } from '../measures.ts';

/** What was counted until one moment. */
export interface Counts {
  readonly report: ExitReport;
  /** Virtual ns. */
  readonly time: number;
  readonly instructions: number;
  /** For the host's work, in ns; a guest that wakes up is waited for, not worked for. */
  readonly paid: number;
}

/** @param prices Those of the workload. */
export function countsOf(pc: Pc, prices: Prices, profile: CostProfile): Counts {
  const { exits } = prices;
  return {
    report: pc.exits.toJSON(),
    time: Number(pc.clock.now()),
    instructions: Number(pc.cpu.retired),
    paid: priceOf(pc.work, { ...prices, exits: { ...exits, halt: exits.halt - profile.guestWake } }),
  };
}

/** What only the workload knows. */
export interface Outcome {
  readonly payload: Measures['payload'];
  readonly roundTrips?: Measures['roundTrips'];
  /** Virtual ns; default: all that passed in between. */
  readonly elapsed?: number;
  /** Of the cards that were there, at the beginning and at the end; default: those of the reports. */
  readonly cards?: { readonly before: readonly CardReport[]; readonly after: readonly CardReport[] };
  readonly other: Readonly<Record<string, number>>;
}

const EXIT_KINDS = ['port', 'mmio', 'hypercall', 'msr', 'halt', 'endOfInterrupt', 'interruptWindow'] as const;

export function measuresBetween(before: Counts, after: Counts, profile: CostProfile, outcome: Outcome): Measures {
  const of = (count: (report: ExitReport) => number): number => count(after.report) - count(before.report);
  const cards = outcome.cards ?? { before: before.report.cards, after: after.report.cards };
  const ofCards = (count: (card: CardReport) => number): number => sum(cards.after, count) - sum(cards.before, count);
  // The marks themselves are exits of the lab.
  const marks = of((report) => accesses(report.ports, 'exit port'));
  const exits = Object.fromEntries(
    EXIT_KINDS.map((kind) => [kind, of((report) => report.exits[kind]) - (kind === 'port' ? marks : 0)]),
  ) as Record<(typeof EXIT_KINDS)[number], number>;
  const timerInterrupts = of((report) => report.sources.find(({ name }) => name === 'local APIC timer')?.count ?? 0);
  const connectors = (count: (connector: ExitReport['connectors'][number]) => number): number => of((r) => sum(r.connectors, count));
  return {
    elapsed: outcome.elapsed ?? after.time - before.time,
    frames: { transmitted: ofCards((c) => c.frames.transmitted), received: ofCards((c) => c.frames.received) },
    payload: outcome.payload,
    ...(outcome.roundTrips === undefined ? {} : { roundTrips: outcome.roundTrips }),
    exits: { ...exits, kick: 0 } satisfies Record<ExitKind, number>,
    interrupts: of((report) => report.interrupts),
    signals: {
      sent: ofCards((c) => c.signals.sent),
      suppressed: ofCards((c) => c.signals.suppressed),
      held: ofCards((c) => c.signals.held),
    },
    doorbells: {
      rung: ofCards((c) => c.doorbells.rung),
      suppressed: ofCards((c) => c.doorbells.saved),
      spurious: ofCards((c) => c.doorbells.spurious),
      lost: 0,
    },
    lostInterrupts: 0,
    copiedBytes: ofCards((c) => c.copiedBytes.transmitted + c.copiedBytes.received),
    guestTime: Math.round((after.instructions - before.instructions) * profile.instruction),
    hostTime: Math.round(after.paid - before.paid),
    other: {
      instructions: after.instructions - before.instructions,
      timerInterrupts,
      /** Programming the timer, and ends of its interrupts. */
      timerExits:
        timerInterrupts +
        of((report) => writes(report.mmio, 'local APIC') - report.exits.endOfInterrupt + writes(report.msrs, 'IA32_TSC_DEADLINE')),
      bridgeCalls: connectors((c) => c.bridgeCalls),
      busCalls: connectors((c) => c.busCalls),
      coalescedSame: connectors((c) => c.coalesced.same),
      coalescedOther: connectors((c) => c.coalesced.other),
      configAccesses: of((report) => accesses(report.ports, 'PCI configuration')),
      ...outcome.other,
    },
  };
}

const sum = <T>(items: readonly T[], count: (item: T) => number): number => items.reduce((total, item) => total + count(item), 0);

const writes = (counts: ExitReport['ports'], device: string): number => counts.find((each) => each.device === device)?.writes ?? 0;

/** Accesses to the devices whose name begins so. */
export function accesses(counts: ExitReport['ports'], device: string): number {
  return sum(
    counts.filter((each) => each.device.startsWith(device)),
    ({ reads, writes }) => reads + writes,
  );
}
