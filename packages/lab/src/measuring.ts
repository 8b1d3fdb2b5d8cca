/** What a model run has counted up to a moment, and the measures between two moments. */
import type { Board } from './cards/board.ts';
import type { Card } from './cards/card.ts';
import type { Nic, NicCounts } from './cards/nic.ts';
import type { ExitKind, Measures, RoundTrips } from './measures.ts';

interface Counted {
  readonly time: number;
  readonly exits: Readonly<Record<ExitKind, number>>;
  readonly interrupts: number;
  readonly nics: readonly NicCounts[];
  readonly spent: { readonly guest: number; readonly host: number };
  readonly other: Readonly<Record<string, number>>;
}

export interface Measured {
  readonly board: Board;
  readonly cards: readonly Card[];
  readonly nics: readonly Nic[];
}

export function snapshot({ board, cards, nics }: Measured): Counted {
  const { vcpu, kernel, loop, workers } = board;
  const spent = { guest: 0, host: 0 };
  for (const timeline of [vcpu, kernel, loop, ...workers.values()]) {
    spent.guest += timeline.spent.guest;
    spent.host += timeline.spent.host;
  }
  const other: Record<string, number> = { configAccesses: board.configurationAccesses };
  for (const card of cards) for (const [name, count] of Object.entries(card.other)) other[name] = (other[name] ?? 0) + count;
  return {
    time: board.simulation.now,
    exits: { ...vcpu.exits },
    interrupts: vcpu.interrupts,
    nics: nics.map(({ counts }) => counts),
    spent,
    other,
  };
}

/** `roundTrips` in virtual ns, in any order. What the watchdog found and what arrived is the caller's to add. */
export function measuresBetween(before: Counted, after: Counted, roundTrips: readonly number[]): Measures {
  const difference = (of: (counts: NicCounts) => number): number => total(after.nics.map(of)) - total(before.nics.map(of));
  const exits = Object.fromEntries(
    (Object.keys(after.exits) as ExitKind[]).map((kind) => [kind, after.exits[kind] - before.exits[kind]]),
  ) as Record<ExitKind, number>;
  const other = Object.fromEntries(Object.entries(after.other).map(([name, count]) => [name, count - (before.other[name] ?? 0)]));
  return {
    elapsed: after.time - before.time,
    frames: { transmitted: difference(({ frames }) => frames.transmitted), received: difference(({ frames }) => frames.received) },
    payload: { transmitted: 0, received: 0 },
    ...(roundTrips.length === 0 ? {} : { roundTrips: percentiles(roundTrips) }),
    exits,
    interrupts: after.interrupts - before.interrupts,
    signals: {
      sent: difference(({ signals }) => signals.sent),
      suppressed: difference(({ signals }) => signals.suppressed),
      held: difference(({ signals }) => signals.held),
    },
    doorbells: {
      rung: difference(({ doorbells }) => doorbells.rung),
      suppressed: difference(({ doorbells }) => doorbells.suppressed),
      spurious: difference(({ doorbells }) => doorbells.spurious),
      lost: 0,
    },
    lostInterrupts: 0,
    copiedBytes: difference(({ copiedBytes }) => copiedBytes),
    guestTime: after.spent.guest - before.spent.guest,
    hostTime: after.spent.host - before.spent.host,
    other,
  };
}

/** Exact, of all samples: the smallest value that so many of them do not exceed (nearest rank). */
export function percentiles(samples: readonly number[]): RoundTrips {
  const sorted = [...samples].sort((a, b) => a - b);
  const rank = (fraction: number): number => sorted[Math.max(0, Math.ceil(fraction * sorted.length) - 1)] ?? 0;
  return { count: sorted.length, median: rank(0.5), percentile99: rank(0.99), longest: rank(1) };
}

const total = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0);
