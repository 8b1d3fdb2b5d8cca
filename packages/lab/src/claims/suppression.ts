/** Claim 11: how either side is kept from being told what it knows: flags, event index, or the shm_signal. */
import type { Measures } from '../measures.ts';
import type { Workload } from '../point.ts';
import { type Contender, pointOf, vary, venetPci, virtioPci, virtioVbus } from './cards.ts';
import { bars } from './chart.ts';
import { Evidence, sectionOf, tabulate } from './evidence.ts';
import type { Experiment, Plan } from './experiment.ts';
import { cpuPerFrame, doorbellsPerFrame, interruptsPerFrame, signalsPerFrame } from './figures.ts';
import { known, savingOf, verdictOf } from './verdict.ts';
import { amount, finding, isSubstantial, listed, ratioOf, SAME, times } from './words.ts';
import { titleOf, workloadsOf } from './workloads.ts';

const none = vary(virtioPci, 'virtio-net on PCI, none', { suppression: 'none' });
const flags = vary(virtioPci, 'virtio-net on PCI, flags', { suppression: 'flags' });
const eventIndex = vary(virtioPci, 'virtio-net on PCI, event index', {});
const signalAlone = vary(virtioVbus, 'virtio-net over vbus, shm_signal alone', { suppression: 'shm-signal' });
const signalFlags = vary(virtioVbus, 'virtio-net over vbus, flags and shm_signal', { suppression: 'flags' });
const signalIndex = vary(virtioVbus, 'virtio-net over vbus, event index and shm_signal', {});
const venet = vary(venetPci, 'venet, shm_signal', {});
const SCHEMES: readonly Contender[] = [none, flags, eventIndex, signalAlone, signalFlags, signalIndex, venet];

const workloadsIn = (plan: Plan): readonly [Workload, ...Workload[]] => {
  const { bulkUp, packetsBoth, requestResponse } = workloadsOf(plan);
  return plan.scope === 'full' ? [bulkUp, packetsBoth, requestResponse] : [bulkUp, packetsBoth];
};

export const suppression: Experiment = {
  id: 'suppression',
  title: 'Keeping quiet: flags, event index, shm_signal',

  points: (plan) => SCHEMES.flatMap((scheme) => workloadsIn(plan).map((workload) => pointOf(plan, scheme, workload))),

  evaluate(results, plan) {
    const evidence = new Evidence(results);
    const rows = workloadsIn(plan).flatMap((workload) =>
      SCHEMES.map((scheme) => ({ workload, scheme, measures: evidence.of(pointOf(plan, scheme, workload)) })),
    );
    type Row = (typeof rows)[number];
    const [first] = workloadsIn(plan);
    const of = (scheme: Contender): Measures | undefined => rows.find((row) => row.scheme === scheme && row.workload === first)?.measures;
    /** Everything that one side tells the other, for a frame. */
    const told = (scheme: Contender): number | undefined => {
      const [rung, interrupts] = [doorbellsPerFrame('rung')(of(scheme)), interruptsPerFrame(of(scheme))];
      return rung === undefined || interrupts === undefined ? undefined : rung + interrupts;
    };
    const overFlags = ratioOf(told(flags), told(signalAlone));
    const overIndex = ratioOf(told(eventIndex), told(signalAlone));
    const lossy = rows.filter(({ measures }) => measures !== undefined && measures.doorbells.lost + measures.lostInterrupts > 0);
    const spurious = doorbellsPerFrame('spurious');

    return sectionOf(suppression, evidence, {
      claim: {
        number: '11',
        by: 'Gregory Haskins',
        text: 'The shm_signal, enabled, pending and dirty for each direction, is better than virtio’s flags, which go one way and race.',
        counter: 'The ring can have that as well; and what it became is the event index (2011).',
      },
      experiment:
        'The same ring with each scheme: nothing, flags, event index, the shm_signal alone, and both. A doorbell is spurious if the device finds nothing to do; one is lost if something ' +
        'waits in a ring and nobody would ever look, for which every run is checked at its end.',
      tables: workloadsIn(plan).map((workload) =>
        tabulate<Row>(
          `For a frame: ${titleOf(workload)}`,
          [
            { name: 'Card and scheme', of: ({ scheme }) => scheme.name },
            { name: 'Doorbells rung', digits: 3, of: ({ measures }) => doorbellsPerFrame('rung')(measures) },
            { name: 'suppressed', digits: 3, of: ({ measures }) => doorbellsPerFrame('suppressed')(measures) },
            { name: 'spurious', digits: 3, of: ({ measures }) => spurious(measures) },
            { name: 'lost, in all', of: ({ measures }) => known(measures, ({ doorbells: { lost } }) => lost) },
            { name: 'Signals', digits: 3, of: ({ measures }) => signalsPerFrame(measures) },
            { name: 'Interrupts', digits: 3, of: ({ measures }) => interruptsPerFrame(measures) },
            { name: 'Interrupts lost, in all', of: ({ measures }) => known(measures, ({ lostInterrupts }) => lostInterrupts) },
            { name: 'CPU', unit: 'ns', of: ({ measures }) => cpuPerFrame(measures) },
          ],
          rows.filter((row) => row.workload === workload),
        ),
      ),
      charts: [
        bars(
          `Doorbells and interrupts for a frame, ${titleOf(first)}`,
          'per frame',
          SCHEMES.flatMap((scheme) => [
            { series: 'doorbells', x: scheme.name, y: doorbellsPerFrame('rung')(of(scheme)) },
            { series: 'interrupts', x: scheme.name, y: interruptsPerFrame(of(scheme)) },
          ]),
        ),
      ],
      findings: [
        ...finding`${titleOf(first)}, doorbells and interrupts together for a frame: the shm_signal alone ${amount(told(signalAlone))}, flags ${amount(told(flags))}, event index ${amount(told(eventIndex))}; the shm_signal alone compared with flags: ${times(ratioOf(told(signalAlone), told(flags)))}; with the event index: ${times(ratioOf(told(signalAlone), told(eventIndex)))}.`,
        ...finding`Without any suppression there are ${amount(told(none))} for a frame; with the event index above the shm_signal ${amount(told(signalIndex))}; with venet ${amount(told(venet))}.`,
        lossy.length === 0
          ? 'No scheme lost a doorbell or an interrupt in any run.'
          : `Lost: ${listed(lossy.map(({ scheme, workload, measures }) => `${scheme.name}, ${titleOf(workload)} (${(measures?.doorbells.lost ?? 0) + (measures?.lostInterrupts ?? 0)})`))}.`,
      ],
      // That it is quieter than flags and no louder than the event index; whatever it is, a signal that gets lost is none.
      verdict: lossy.some(({ scheme }) => scheme === signalAlone || scheme === venet)
        ? 'does not hold'
        : verdictOf([known(overFlags, isSubstantial), known(overIndex, (gain) => gain >= 1 - SAME)]),
      effects: [
        savingOf('event index, not flags', 'notifications per frame', 'either bus', {
          without: told(flags),
          chosen: told(eventIndex),
        }),
        savingOf('shm_signal, not event index', 'notifications per frame', 'vbus', {
          without: told(eventIndex),
          chosen: told(signalAlone),
        }),
      ],
    });
  },
};
