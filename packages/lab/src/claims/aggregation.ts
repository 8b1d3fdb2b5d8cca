/** Claim 7: one interrupt for what all rings have to say, and how much of that is between devices. */
import type { Measures } from '../measures.ts';
import { type Contender, pointOf, vary, venetPci, virtioPci, virtioVbus } from './cards.ts';
import { lines } from './chart.ts';
import { Evidence, sectionOf, tabulate } from './evidence.ts';
import type { Experiment, Plan } from './experiment.ts';
import { cpuPerFrame, interruptsPerFrame, interruptsSaved, other, signalsPerFrame, signalsPerInterrupt } from './figures.ts';
import { besideLinux, linuxPoints } from './linux.ts';
import { known, savingOf, verdictOf } from './verdict.ts';
import { amount, fewer, finding, isSubstantial, percent, ratioOf } from './words.ts';
import { workloadsOf } from './workloads.ts';

const venetOn = vary(venetPci, 'venet, aggregated', {});
const virtioOn = vary(virtioVbus, 'virtio-net over vbus, aggregated', {});
const virtioOff = vary(virtioVbus, 'virtio-net over vbus, each its own', { aggregation: false });
const msix = vary(virtioPci, 'virtio-net on PCI, MSI-X', {});
const shared = vary(virtioPci, 'virtio-net on PCI, one vector for all queues', { interrupts: 'msix-shared' });
const intx = vary(virtioPci, 'virtio-net on PCI, INTx', { interrupts: 'intx' });
const CONTENDERS: readonly Contender[] = [venetOn, virtioOn, virtioOff, msix, shared, intx];

const countsOf = ({ scope }: Plan): readonly number[] => (scope === 'full' ? [1, 2, 3, 4, 6, 8] : [1, 2, 8]);
const MANY = 8;
const withLinux = ({ scope }: Plan): readonly Contender[] => (scope === 'full' ? CONTENDERS : [venetOn, virtioOn, msix, intx]);

/** Of the signals that needed no interrupt: those for which another device's was under way. */
function shareOfOthers(measures: Measures | undefined): number | undefined {
  const [same, others] = [other('coalescedSame')(measures), other('coalescedOther')(measures)];
  return same === undefined || others === undefined || same + others === 0 ? undefined : others / (same + others);
}

export const aggregation: Experiment = {
  id: 'aggregation',
  title: 'One interrupt for many signals',

  points: (plan) => [
    ...CONTENDERS.flatMap((each) => countsOf(plan).map((cards) => pointOf(plan, each, workloadsOf(plan).bulkBoth, { cards }))),
    ...linuxPoints(plan, withLinux(plan), [workloadsOf(plan).bulkBoth]),
  ],

  evaluate(results, plan) {
    const evidence = new Evidence(results);
    const { bulkBoth } = workloadsOf(plan);
    const rows = CONTENDERS.flatMap((contender) =>
      countsOf(plan).map((cards) => ({ contender, cards, measures: evidence.of(pointOf(plan, contender, bulkBoth, { cards })) })),
    );
    type Row = (typeof rows)[number];
    const of = (contender: Contender, cards: number): Measures | undefined =>
      rows.find((row) => row.contender === contender && row.cards === cards)?.measures;
    const saved = (without: Contender, cards: number, chosen: Contender = virtioOn): number | undefined =>
      ratioOf(interruptsPerFrame(of(without, cards)), interruptsPerFrame(of(chosen, cards)));
    const oneCard = saved(msix, 1);
    const overShared = saved(shared, 1);
    const between = saved(shared, MANY);
    const beside = besideLinux(evidence, plan, withLinux(plan), [bulkBoth]);

    return sectionOf(aggregation, evidence, {
      claim: {
        number: '7',
        by: 'Gregory Haskins',
        text: 'One vector and an event ring carry the signals of all devices: 11 % fewer interrupts with one NIC, more with several.',
        counter:
          'With one NIC that is within the device and like NAPI: put receive and transmit on one vector. Show what there is between devices (Avi Kivity).',
      },
      experiment:
        'Bulk both ways on 1 to 8 cards at once. The same virtio-net with its signals aggregated by the vbus, not aggregated, and on PCI with a vector for each queue, ' +
        'one vector for all queues of a card, and INTx. A signal that needs no interrupt is counted as saved by a signal of the same device or of another one.',
      tables: [
        tabulate<Row>(
          'Signals and interrupts',
          [
            { name: 'Card', of: ({ contender }) => contender.name },
            { name: 'Cards', of: ({ cards }) => cards },
            { name: 'Signals per frame', digits: 3, of: ({ measures }) => signalsPerFrame(measures) },
            { name: 'Interrupts per frame', digits: 3, of: ({ measures }) => interruptsPerFrame(measures) },
            { name: 'Signals per interrupt', digits: 2, of: ({ measures }) => signalsPerInterrupt(measures) },
            { name: 'Saved', unit: '%', digits: 1, of: ({ measures }) => known(interruptsSaved(measures), (share) => share * 100) },
            { name: 'by the same device', of: ({ measures }) => other('coalescedSame')(measures) },
            { name: 'by another device', of: ({ measures }) => other('coalescedOther')(measures) },
            { name: 'CPU per frame', unit: 'ns', of: ({ measures }) => cpuPerFrame(measures) },
          ],
          rows,
        ),
        ...beside.tables,
      ],
      charts: [
        lines(
          'Signals brought by one interrupt',
          { label: 'cards' },
          { label: 'signals per interrupt' },
          rows.map(({ contender, cards, measures }) => ({ series: contender.name, x: cards, y: signalsPerInterrupt(measures) })),
        ),
        lines(
          'Interrupts for a frame',
          { label: 'cards' },
          { label: 'interrupts per frame' },
          rows.map(({ contender, cards, measures }) => ({ series: contender.name, x: cards, y: interruptsPerFrame(measures) })),
        ),
      ],
      findings: [
        ...finding`Interrupts for a frame, aggregated by the vbus compared with a vector for each queue on PCI: ${fewer(oneCard)} with one card, ${fewer(saved(msix, MANY))} with ${amount(MANY)}; compared with one vector for all queues of a card: ${fewer(overShared)} with one card, ${fewer(between)} with ${amount(MANY)}.`,
        ...finding`Of the signals saved with ${amount(MANY)} cards, ${percent(shareOfOthers(of(virtioOn, MANY)))} were saved by another device’s interrupt, ${percent(known(shareOfOthers(of(virtioOn, MANY)), (share) => 1 - share))} by one of the same device.`,
        ...finding`On PCI with one card, one vector for all queues compared with one for each: ${fewer(saved(msix, 1, shared))} interrupts for a frame; INTx: ${fewer(saved(msix, 1, intx))}.`,
        ...finding`One interrupt brings ${amount(signalsPerInterrupt(of(virtioOn, 1)))} signals of virtio-net over vbus with one card and ${amount(signalsPerInterrupt(of(virtioOn, MANY)))} with ${amount(MANY)}; of venet ${amount(signalsPerInterrupt(of(venetOn, 1)))} and ${amount(signalsPerInterrupt(of(venetOn, MANY)))}.`,
        ...beside.findings,
      ],
      verdict: verdictOf([known(oneCard, isSubstantial), known(overShared, isSubstantial), known(between, isSubstantial)]),
      effects: [
        savingOf('one vector per card, not per queue', 'interrupts per frame', 'either bus', {
          without: interruptsPerFrame(of(msix, 1)),
          chosen: interruptsPerFrame(of(shared, 1)),
        }),
        savingOf('vbus aggregation with 1 card, not one vector per card', 'interrupts per frame', 'vbus', {
          without: interruptsPerFrame(of(shared, 1)),
          chosen: interruptsPerFrame(of(virtioOn, 1)),
        }),
        savingOf(`vbus aggregation with ${MANY} cards, not one vector per card`, 'interrupts per frame', 'vbus', {
          without: interruptsPerFrame(of(shared, MANY)),
          chosen: interruptsPerFrame(of(virtioOn, MANY)),
        }),
        savingOf(`vbus aggregation with ${MANY} cards, not one vector per card`, 'CPU per frame', 'vbus', {
          without: cpuPerFrame(of(shared, MANY)),
          chosen: cpuPerFrame(of(virtioOn, MANY)),
        }),
      ],
    });
  },
};
