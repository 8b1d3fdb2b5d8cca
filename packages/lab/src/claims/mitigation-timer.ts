/** Claim 13: the transmit timer of virtio in user space, and what else may hold packets or signals back. */
import { formatMitigation, parseMitigation } from '@paravirt/bus';
import type { Measures } from '../measures.ts';
import type { Workload } from '../point.ts';
import { type Contender, pointOf, vary, venetPci, virtioPci } from './cards.ts';
import { lines } from './chart.ts';
import { Evidence, sectionOf, tabulate } from './evidence.ts';
import type { Experiment, Plan } from './experiment.ts';
import {
  cpuPerFrame,
  doorbellsPerFrame,
  exitsPerFrame,
  interruptsPerFrame,
  medianRoundTrip,
  slowRoundTrip,
  throughput,
} from './figures.ts';
import { known, savingOf, verdictOf } from './verdict.ts';
import { amount, fewer, finding, isSubstantial, ratioOf, times } from './words.ts';
import { workloadsOf } from './workloads.ts';

/** In µs; 150 is what the userspace device of 2009 had. */
const TIMERS = [0, 50, 150, 500] as const;
const OF_2009 = 150;
const timerOf = (us: number): string => (us === 0 ? 'none' : `timer:${us}us`);
/** As many packets as venet held by default, but not for ever. */
const PACKETS = 'packets:10:100us';

const contender = (base: Contender, mitigation: string): Contender =>
  vary(base, base.name, { place: 'deferred', mitigation: formatMitigation(parseMitigation(mitigation)) });

function variantsOf({ scope }: Plan): readonly Contender[] {
  const full = scope === 'full';
  const mitigations = [...TIMERS.map(timerOf), PACKETS];
  const venet = full ? mitigations : ['none', timerOf(OF_2009), PACKETS];
  return [...mitigations.map((each) => contender(virtioPci, each)), ...venet.map((each) => contender(venetPci, each))];
}

export const mitigationTimer: Experiment = {
  id: 'timer',
  title: 'A timer before transmitting',

  points: (plan) => {
    const { bulkUp, requestResponse } = workloadsOf(plan);
    return variantsOf(plan).flatMap((variant) => [pointOf(plan, variant, bulkUp), pointOf(plan, variant, requestResponse)]);
  },

  evaluate(results, plan) {
    const evidence = new Evidence(results);
    const { bulkUp, requestResponse } = workloadsOf(plan);
    const of = (variant: Contender, workload: Workload): Measures | undefined => evidence.of(pointOf(plan, variant, workload));
    const rows = variantsOf(plan).map((variant) => ({ variant, bulk: of(variant, bulkUp), asked: of(variant, requestResponse) }));
    type Row = (typeof rows)[number];
    const row = (base: Contender, mitigation: string): Row | undefined => {
      const wanted = contender(base, mitigation).card;
      return rows.find(({ variant: { card } }) => card.model === wanted.model && card.mitigation === wanted.mitigation);
    };
    const [without, timed] = [row(virtioPci, 'none'), row(virtioPci, timerOf(OF_2009))];
    const throughputGain = ratioOf(throughput(timed?.bulk), throughput(without?.bulk));
    const cpuGain = ratioOf(cpuPerFrame(without?.bulk), cpuPerFrame(timed?.bulk));
    const slower = ratioOf(medianRoundTrip(timed?.asked), medianRoundTrip(without?.asked));
    const pays = throughputGain === undefined && cpuGain === undefined ? undefined : Math.max(throughputGain ?? 0, cpuGain ?? 0);
    const held = row(virtioPci, PACKETS);
    const alongTimers = (value: (row: Row) => number | undefined) =>
      rows.flatMap((each) => {
        const mitigation = parseMitigation(each.variant.card.mitigation);
        if (mitigation.kind === 'packets' || mitigation.kind === 'poll') return [];
        return [{ series: each.variant.name, x: mitigation.kind === 'none' ? 0 : mitigation.ns / 1e3, y: value(each) }];
      });

    return sectionOf(mitigationTimer, evidence, {
      claim: {
        number: '13',
        by: 'Gregory Haskins',
        text: 'The transmit timer of virtio in user space raises throughput and destroys latency.',
        counter: 'It is a choice of that device, not of PCI, and can be left out.',
      },
      experiment:
        'Cards on the event loop (user space). A doorbell starts a timer of 0 (none), 50, 150 and 500 µs, and the ring is looked at when it ends; or signals are held until 10 packets ' +
        'are done or 100 µs have passed. Throughput is that of bulk up, the round trip that of request/response.',
      tables: [
        tabulate<Row>(
          'Timers',
          [
            { name: 'Card', of: ({ variant }) => variant.name },
            { name: 'Mitigation', of: ({ variant }) => variant.card.mitigation },
            { name: 'Bulk up', unit: 'Mb/s', digits: 1, of: ({ bulk }) => throughput(bulk) },
            { name: 'Doorbells per frame', digits: 3, of: ({ bulk }) => doorbellsPerFrame('rung')(bulk) },
            { name: 'Interrupts per frame', digits: 3, of: ({ bulk }) => interruptsPerFrame(bulk) },
            { name: 'Exits per frame', digits: 3, of: ({ bulk }) => exitsPerFrame(bulk) },
            { name: 'CPU per frame', unit: 'ns', of: ({ bulk }) => cpuPerFrame(bulk) },
            { name: 'Round trip', unit: 'µs', digits: 1, of: ({ asked }) => medianRoundTrip(asked) },
            { name: '99 %', unit: 'µs', digits: 1, of: ({ asked }) => slowRoundTrip(asked) },
          ],
          rows,
        ),
      ],
      charts: [
        lines(
          'Throughput, bulk up',
          { label: 'timer, µs' },
          { label: 'Mb/s' },
          alongTimers(({ bulk }) => throughput(bulk)),
        ),
        lines(
          'Round trip',
          { label: 'timer, µs' },
          { label: 'µs' },
          alongTimers(({ asked }) => medianRoundTrip(asked)),
        ),
      ],
      findings: [
        ...finding`A timer of ${amount(OF_2009)} µs makes a round trip ${amount(slower)} times as long: ${amount(medianRoundTrip(timed?.asked), 'µs')} instead of ${amount(medianRoundTrip(without?.asked), 'µs')}. Throughput of bulk up: ${times(throughputGain)}; CPU time for a frame: ${fewer(cpuGain)}.`,
        ...finding`Signals held for up to 10 packets: a round trip of ${amount(medianRoundTrip(held?.asked), 'µs')}; CPU time for a frame: ${times(ratioOf(cpuPerFrame(held?.bulk), cpuPerFrame(without?.bulk)))}.`,
        ...finding`venet with the same timer has a round trip of ${amount(medianRoundTrip(row(venetPci, timerOf(OF_2009))?.asked), 'µs')}, without ${amount(medianRoundTrip(row(venetPci, 'none')?.asked), 'µs')}: ${amount(ratioOf(medianRoundTrip(row(venetPci, timerOf(OF_2009))?.asked), medianRoundTrip(row(venetPci, 'none')?.asked)))} times as long.`,
      ],
      verdict: verdictOf([known(pays, isSubstantial), known(slower, isSubstantial)]),
      effects: [
        savingOf(`no timer, not one of ${OF_2009} µs`, 'round trip', 'either bus', {
          without: medianRoundTrip(timed?.asked),
          chosen: medianRoundTrip(without?.asked),
        }),
      ],
    });
  },
};
