/** Results made up for tests of sections: plausible, different for different points, and made of nothing but the point. */
import type { CostProfile } from '../cost/cost-profile.ts';
import type { Measures, PointResult } from '../measures.ts';
import { type Point, pointName } from '../point.ts';
import type { Plan, Results } from './experiment.ts';

export const testProfile = (name: string): CostProfile => ({
  name,
  title: `Prices for tests, ${name}`,
  sources: ['made up'],
  exits: { port: 1000, mmio: 1500, hypercall: 900, msr: 800, halt: 900, endOfInterrupt: 800, interruptWindow: 800, kick: 900 },
  userExit: 2500,
  injection: 300,
  interruptEntry: 400,
  posted: name === '2026',
  handOver: 4000,
  wake: 800,
  guestWake: 2000,
  copiedByte: 0.25,
  hostFrame: 700,
  userFrame: 1500,
  guestFrame: 1200,
  guestByte: 0.2,
  instruction: 1,
  wire: { bitsPerSecond: 10_000_000_000, latency: 10_000, moderation: 0 },
});

export const testPlan: Plan = { scope: 'quick', profiles: ['2009', '2026', 'emulator'].map(testProfile), linux: true };

export const resultsOf = (points: readonly Point[], measuresOf: (point: Point) => Measures = madeUp): Results =>
  new Map(points.map((point): [string, PointResult] => [pointName(point), { point, measures: measuresOf(point) }]));

/** A thousand frames a card; what differs follows from the words of the set-up alone. */
export function madeUp({ card, cards, workload, driver }: Point): Measures {
  const count = 1000 * cards;
  const doorbells = Math.round(
    (count * { none: 1, flags: 0.6, 'event-idx': 0.5, 'shm-signal': 0.45 }[card.suppression]) / (card.mitigation === 'none' ? 1 : 4),
  );
  const signals = Math.round(count * 0.8);
  const interrupts = Math.round(card.aggregation ? signals / (1.2 + cards / 10) : card.interrupts === 'intx' ? signals / 1.3 : signals);
  const hostTime = count * { inline: 2000, deferred: 6000, worker: 2500 }[card.place] + doorbells * 1000 + interrupts * 1500;
  return {
    elapsed: count * 10_000,
    frames: { transmitted: count / 2, received: count / 2 },
    payload: { transmitted: count * 700, received: count * 700 },
    ...(workload.kind === 'request-response' || workload.kind === 'ping'
      ? { roundTrips: { count, median: 30_000 + hostTime / count, percentile99: 60_000, longest: 90_000 } }
      : {}),
    exits: {
      port: card.doorbell === 'port' ? doorbells : 0,
      mmio: card.doorbell === 'mmio' ? doorbells : 0,
      hypercall: card.doorbell === 'hypercall' ? doorbells : 0,
      msr: 0,
      halt: driver === 'linux' ? 60 : 40,
      endOfInterrupt: interrupts,
      interruptWindow: 17,
      kick: Math.round(interrupts / 2),
    },
    interrupts,
    signals: { sent: signals, suppressed: 200, held: 0 },
    doorbells: { rung: doorbells, suppressed: count - doorbells, spurious: 3, lost: 0 },
    lostInterrupts: 0,
    copiedBytes: count * 1500,
    guestTime: count * 1800,
    hostTime,
    other: {
      ...(workload.kind === 'probe'
        ? { configAccesses: card.bus === 'pci' ? 80 * cards : 90, doorbellAddresses: card.bus === 'pci' ? 2 * cards : 1 }
        : {}),
      ...(workload.kind === 'hotplug' ? { cycles: workload.cycles } : {}),
      ...(card.bus === 'vbus' ? { coalescedSame: 300, coalescedOther: 30 * (cards - 1), bridgeCalls: 3, busCalls: 4 * cards } : {}),
    },
  };
}
