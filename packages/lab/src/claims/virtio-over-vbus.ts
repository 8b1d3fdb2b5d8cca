/** Claims 24 and 25: virtio with a vbus below it, and a ring with its signals apart. */
import type { Measures } from '../measures.ts';
import type { Workload } from '../point.ts';
import { type Contender, pointOf, principal, vary, venetPci, virtioPci, virtioVbus } from './cards.ts';
import { bars } from './chart.ts';
import { Evidence, sectionOf, tabulate } from './evidence.ts';
import type { Experiment, Plan } from './experiment.ts';
import { cpuPerFrame, doorbellsPerFrame, exitsPerFrame, interruptsPerFrame, medianRoundTrip, throughput } from './figures.ts';
import { known, savingOf, verdictOf } from './verdict.ts';
import { amount, fewer, finding, isSubstantial, ratioOf, SAME } from './words.ts';
import { titleOf, workloadsOf } from './workloads.ts';

const onPci = vary(virtioPci, 'virtio-net on PCI, event index', {});
const onPciShared = vary(virtioPci, 'virtio-net on PCI, event index, one vector', { interrupts: 'msix-shared' });
const overVbus = vary(virtioVbus, 'virtio-net over vbus, event index and shm_signal', {});
const signalAlone = vary(virtioVbus, 'virtio-net over vbus, shm_signal alone', { suppression: 'shm-signal' });
const native = vary(venetPci, 'venet, shm_signal', {});
const CONTENDERS: readonly Contender[] = [onPci, onPciShared, overVbus, signalAlone, native];

const workloadsIn = (plan: Plan): readonly [Workload, ...Workload[]] => {
  const { bulkBoth, requestResponse, packetsBoth } = workloadsOf(plan);
  return plan.scope === 'full' ? [bulkBoth, requestResponse, packetsBoth] : [bulkBoth, requestResponse];
};

export const virtioOverVbus: Experiment = {
  id: 'virtio-over-vbus',
  title: 'virtio over vbus',

  points: (plan) => CONTENDERS.flatMap((each) => workloadsIn(plan).map((workload) => pointOf(plan, each, workload))),

  evaluate(results, plan) {
    const evidence = new Evidence(results);
    const rows = workloadsIn(plan).flatMap((workload) =>
      CONTENDERS.map((contender) => ({ workload, contender, measures: evidence.of(pointOf(plan, contender, workload)) })),
    );
    type Row = (typeof rows)[number];
    const [bulk] = workloadsIn(plan);
    const of = (contender: Contender): Measures | undefined =>
      rows.find((row) => row.contender === contender && row.workload === bulk)?.measures;
    const cpu = (contender: Contender): number | undefined => cpuPerFrame(of(contender));
    const below = ratioOf(cpu(onPci), cpu(overVbus));
    const belowShared = ratioOf(cpu(onPciShared), cpu(overVbus));
    const apart = ratioOf(cpu(overVbus), cpu(signalAlone));
    const ring = ratioOf(cpu(overVbus), cpu(native));

    return sectionOf(virtioOverVbus, evidence, {
      claim: {
        number: '24, 25',
        by: 'Gregory Haskins',
        text: 'vbus is complementary and lies below virtio; shared memory and signals should be objects of their own, not folded into a ring.',
        counter:
          'virtio has transports already, and can evolve; for guests that exist it is incompatible, so that both would have to be kept (Avi Kivity).',
      },
      experiment:
        'The same virtio-net and its rings on PCI and over vbus, with the shm_signal below virtio’s event index and with the shm_signal alone; beside them venet, whose ring was made for it. All in the exit.',
      tables: [
        tabulate<Row>(
          'The same device on two buses, and venet',
          [
            { name: 'Workload', of: ({ workload }) => titleOf(workload) },
            { name: 'Card', of: ({ contender }) => contender.name },
            { name: 'Throughput', unit: 'Mb/s', digits: 1, of: ({ measures }) => throughput(measures) },
            { name: 'Round trip', unit: 'µs', digits: 2, of: ({ measures }) => medianRoundTrip(measures) },
            { name: 'CPU per frame', unit: 'ns', of: ({ measures }) => cpuPerFrame(measures) },
            { name: 'Exits per frame', digits: 3, of: ({ measures }) => exitsPerFrame(measures) },
            { name: 'Doorbells per frame', digits: 3, of: ({ measures }) => doorbellsPerFrame('rung')(measures) },
            { name: 'Interrupts per frame', digits: 3, of: ({ measures }) => interruptsPerFrame(measures) },
          ],
          rows,
        ),
      ],
      charts: [
        bars(
          `Exits for a frame, ${titleOf(bulk)}`,
          'exits',
          CONTENDERS.map((contender) => ({ series: 'exits', x: contender.name, y: exitsPerFrame(of(contender)) })),
        ),
      ],
      findings: [
        ...finding`${titleOf(bulk)}, prices of ${principal(plan)}, CPU time for a frame of virtio over vbus: ${amount(cpu(overVbus), 'ns')}, compared with a vector for each queue on PCI (${amount(cpu(onPci), 'ns')}) ${fewer(below)}, with one vector there (${amount(cpu(onPciShared), 'ns')}) ${fewer(belowShared)}.`,
        ...finding`With the shm_signal alone instead of below the event index: ${fewer(apart)}; with venet’s ring instead of virtio’s, on the same bus: ${fewer(ring)}.`,
      ],
      // That virtio loses nothing by a vbus below it, that it gains even where PCI has one vector, and that the signal needs no help by the ring.
      verdict: verdictOf([
        known(below, (gain) => gain >= 1 - SAME),
        known(belowShared, isSubstantial),
        known(apart, (gain) => gain >= 1 - SAME),
      ]),
      effects: [
        savingOf('virtio over vbus, not PCI with one vector', 'CPU per frame, bulk both ways', 'vbus', {
          without: cpu(onPciShared),
          chosen: cpu(overVbus),
        }),
        savingOf('venet’s ring, not virtio’s, on a vbus', 'CPU per frame, bulk both ways', 'vbus', {
          without: cpu(overVbus),
          chosen: cpu(native),
        }),
      ],
    });
  },
};
