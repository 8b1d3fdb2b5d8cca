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
  type FigureOf,
  framesPerSecond,
  interruptsPerFrame,
  medianRoundTrip,
  slowRoundTrip,
} from './figures.ts';
import { known, savingOf, verdictOf } from './verdict.ts';
import { amount, finding, isSubstantial, ratioOf, times } from './words.ts';
import { workloadsOf } from './workloads.ts';

/** In µs; 150 is what the userspace device of 2009 had. */
const TIMERS = [0, 50, 150, 500] as const;
const OF_2009 = 150;
const timerOf = (us: number): string => (us === 0 ? 'none' : `timer:${us}us`);
/** As many packets as venet held by default, but not for ever. */
const PACKETS = 'packets:10:100us';

const WHERE = { inline: 'kernel', deferred: 'user space' } as const;
type Place = keyof typeof WHERE;

const contender = (base: Contender, place: Place, mitigation: string): Contender =>
  vary(base, `${base.name}, ${WHERE[place]}`, { place, mitigation: formatMitigation(parseMitigation(mitigation)) });

function variantsOf({ scope }: Plan): readonly Contender[] {
  const mitigations = [...TIMERS.map(timerOf), PACKETS];
  const few = scope === 'full' ? mitigations : ['none', timerOf(OF_2009), PACKETS];
  return [
    ...mitigations.map((each) => contender(virtioPci, 'deferred', each)),
    ...mitigations.map((each) => contender(virtioPci, 'inline', each)),
    ...few.map((each) => contender(venetPci, 'inline', each)),
  ];
}

export const mitigationTimer: Experiment = {
  id: 'timer',
  title: 'A timer before transmitting',

  points: (plan) => {
    const { packetsUp, requestResponse } = workloadsOf(plan);
    return variantsOf(plan).flatMap((variant) => [pointOf(plan, variant, packetsUp), pointOf(plan, variant, requestResponse)]);
  },

  evaluate(results, plan) {
    const evidence = new Evidence(results);
    const { packetsUp, requestResponse } = workloadsOf(plan);
    const of = (variant: Contender, workload: Workload): Measures | undefined => evidence.of(pointOf(plan, variant, workload));
    const rows = variantsOf(plan).map((variant) => ({ variant, packets: of(variant, packetsUp), asked: of(variant, requestResponse) }));
    type Row = (typeof rows)[number];
    /** What a mitigation makes of a card: packets a second, CPU time, round trips, divided by what they are without. */
    const change = (base: Contender, place: Place, mitigation: string) => {
      const [without, chosen] = ['none', mitigation].map((each) => {
        const { name, card } = contender(base, place, each);
        return rows.find(({ variant }) => variant.name === name && variant.card.mitigation === card.mitigation);
      });
      const ratio = (figure: FigureOf, row: 'packets' | 'asked'): number | undefined =>
        ratioOf(figure(chosen?.[row]), figure(without?.[row]));
      return {
        without,
        chosen,
        rate: ratio(framesPerSecond, 'packets'),
        cpu: ratio(cpuPerFrame, 'packets'),
        roundTrip: ratio(medianRoundTrip, 'asked'),
      };
    };
    const [inUser, inKernel, ofVenet] = [
      change(virtioPci, 'deferred', timerOf(OF_2009)),
      change(virtioPci, 'inline', timerOf(OF_2009)),
      change(venetPci, 'inline', timerOf(OF_2009)),
    ];
    const held = change(virtioPci, 'inline', PACKETS);
    const rates = [inUser.rate, inKernel.rate].filter((rate) => rate !== undefined);
    const alongTimers = (value: (row: Row) => number | undefined) =>
      rows.flatMap((each) => {
        const mitigation = parseMitigation(each.variant.card.mitigation);
        if (mitigation.kind === 'packets' || mitigation.kind === 'poll') return [];
        return [{ series: each.variant.name, x: mitigation.kind === 'none' ? 0 : mitigation.ns / 1e3, y: value(each) }];
      });
    const kilo = (rate: number | undefined): number | undefined => known(rate, (some) => some / 1e3);

    return sectionOf(mitigationTimer, evidence, {
      claim: {
        number: '13',
        by: 'Gregory Haskins',
        text: 'The transmit timer of virtio in user space raises throughput and destroys latency.',
        counter: 'It is a choice of that device, not of PCI, and can be left out.',
      },
      experiment:
        'A doorbell starts a timer of 0 (none), 50, 150 and 500 µs, and the ring is looked at when it ends; or signals are held until 10 packets are done or 100 µs have passed. ' +
        'Throughput is that of small packets up, the round trip that of request/response; cards in the exit (kernel), where a doorbell is answered at once, and on the event loop (user space), which falls behind by itself.',
      tables: [
        tabulate<Row>(
          'Timers',
          [
            { name: 'Card', of: ({ variant }) => variant.name },
            { name: 'Mitigation', of: ({ variant }) => variant.card.mitigation },
            { name: 'Packets up', unit: 'k/s', digits: 1, of: ({ packets }) => kilo(framesPerSecond(packets)) },
            { name: 'Doorbells per frame', digits: 3, of: ({ packets }) => doorbellsPerFrame('rung')(packets) },
            { name: 'Interrupts per frame', digits: 3, of: ({ packets }) => interruptsPerFrame(packets) },
            { name: 'Exits per frame', digits: 3, of: ({ packets }) => exitsPerFrame(packets) },
            { name: 'CPU per frame', unit: 'ns', of: ({ packets }) => cpuPerFrame(packets) },
            { name: 'Round trip', unit: 'µs', digits: 1, of: ({ asked }) => medianRoundTrip(asked) },
            { name: '99 %', unit: 'µs', digits: 1, of: ({ asked }) => slowRoundTrip(asked) },
          ],
          rows,
        ),
      ],
      charts: [
        lines(
          'Throughput, small packets up',
          { label: 'timer, µs' },
          { label: 'thousand a second' },
          alongTimers(({ packets }) => kilo(framesPerSecond(packets))),
        ),
        lines(
          'Round trip',
          { label: 'timer, µs' },
          { label: 'µs' },
          alongTimers(({ asked }) => medianRoundTrip(asked)),
        ),
      ],
      findings: [
        ...finding`With a timer of ${amount(OF_2009)} µs virtio in user space has a round trip ${amount(inUser.roundTrip)} times as long: ${amount(medianRoundTrip(inUser.chosen?.asked), 'µs')} instead of ${amount(medianRoundTrip(inUser.without?.asked), 'µs')}. Small packets a second: ${times(inUser.rate)} there; ${times(inKernel.rate)} where doorbells are answered at once.`,
        ...finding`CPU time for a small packet with that timer: ${times(inUser.cpu)} in user space, ${times(inKernel.cpu)} in the kernel.`,
        ...finding`Signals held for up to 10 packets, in the kernel: packets a second ${times(held.rate)}, CPU time ${times(held.cpu)}, a round trip ${amount(held.roundTrip)} times as long.`,
        ...finding`venet with that timer, in the kernel: packets a second ${times(ofVenet.rate)}, a round trip ${amount(ofVenet.roundTrip)} times as long; virtio there ${times(inKernel.rate)} and ${amount(inKernel.roundTrip)} times.`,
      ],
      verdict: verdictOf([rates.length === 0 ? undefined : isSubstantial(Math.max(...rates)), known(inUser.roundTrip, isSubstantial)]),
      effects: [
        {
          choice: `a timer of ${OF_2009} µs, not doorbells answered at once`,
          measure: 'small packets a second',
          needs: 'either bus',
          of: 'traffic',
          gain: inKernel.rate,
        },
        savingOf(`no timer, not one of ${OF_2009} µs`, 'round trip', 'either bus', {
          without: medianRoundTrip(inUser.chosen?.asked),
          chosen: medianRoundTrip(inUser.without?.asked),
        }),
      ],
    });
  },
};
