/** Claim 12: polling on the device’s side, as NAPI does on the driver’s, on both buses. */
import type { Measures } from '../measures.ts';
import type { Workload } from '../point.ts';
import { type Contender, pointOf, vary, venetPci, virtioPci } from './cards.ts';
import { bars } from './chart.ts';
import { Evidence, sectionOf, tabulate } from './evidence.ts';
import type { Experiment, Plan } from './experiment.ts';
import { cpuPerFrame, doorbellsPerFrame, exitsPerFrame, framesPerSecond, medianRoundTrip, throughput } from './figures.ts';
import { known, savingOf, verdictOf } from './verdict.ts';
import { amount, fewer, finding, isSubstantial, ratioOf } from './words.ts';
import { titleOf, workloadsOf } from './workloads.ts';

/** How the device waits for more: not at all, or by looking again until it found nothing twice. */
const POLL = 'poll:20us:2';
interface Pair {
  readonly name: string;
  readonly quiet: Contender;
  readonly polling: Contender;
}
const pair = (contender: Contender, place: 'inline' | 'worker'): Pair => ({
  name: `${contender.name}, ${place === 'inline' ? 'in the exit' : 'in a thread'}`,
  quiet: vary(contender, 'doorbells', { place }),
  polling: vary(contender, 'polling', { place, mitigation: POLL }),
});
const onPci = pair(virtioPci, 'inline');
const onVbus = pair(venetPci, 'inline');
const pairsOf = ({ scope }: Plan): readonly Pair[] =>
  scope === 'full' ? [onPci, onVbus, pair(virtioPci, 'worker'), pair(venetPci, 'worker')] : [onPci, onVbus];

const workloadsIn = (plan: Plan): readonly [Workload, ...Workload[]] => {
  const { packetsUp, requestResponse, bulkUp } = workloadsOf(plan);
  return plan.scope === 'full' ? [packetsUp, requestResponse, bulkUp] : [packetsUp, requestResponse];
};

export const polling: Experiment = {
  id: 'polling',
  title: 'Polling on the device’s side',

  points: (plan) =>
    pairsOf(plan).flatMap(({ quiet, polling }) =>
      workloadsIn(plan).flatMap((workload) => [pointOf(plan, quiet, workload), pointOf(plan, polling, workload)]),
    ),

  evaluate(results, plan) {
    const evidence = new Evidence(results);
    const [packets, roundTrips] = [workloadsOf(plan).packetsUp, workloadsOf(plan).requestResponse];
    const of = (contender: Contender, workload: Workload): Measures | undefined => evidence.of(pointOf(plan, contender, workload));
    const rows = workloadsIn(plan).flatMap((workload) =>
      pairsOf(plan).flatMap(({ name, quiet, polling }) =>
        [quiet, polling].map((contender) => ({ name, way: contender.name, workload, measures: of(contender, workload) })),
      ),
    );
    type Row = (typeof rows)[number];
    const gain = ({ quiet, polling }: Pair): number | undefined =>
      ratioOf(cpuPerFrame(of(quiet, packets)), cpuPerFrame(of(polling, packets)));
    const slower = ({ quiet, polling }: Pair): number | undefined =>
      ratioOf(medianRoundTrip(of(polling, roundTrips)), medianRoundTrip(of(quiet, roundTrips)));
    const [pciGain, vbusGain] = [gain(onPci), gain(onVbus)];

    return sectionOf(polling, evidence, {
      claim: {
        number: '12',
        by: 'Gregory Haskins',
        text: 'venet polls at both ends with notifications masked, “bidirectional NAPI”, and has a thread for each direction.',
        counter: 'None of it requires vbus; all can be done with PCI (Avi Kivity).',
      },
      experiment: `The device looks at its rings when a doorbell rings, or goes on looking (${POLL}: every 20 µs until it found nothing twice), while the driver is asked for no doorbells. The same on both buses.`,
      tables: [
        tabulate<Row>(
          'Doorbells or polling',
          [
            { name: 'Card', of: ({ name }) => name },
            { name: 'Device', of: ({ way }) => way },
            { name: 'Workload', of: ({ workload }) => titleOf(workload) },
            { name: 'Doorbells per frame', digits: 3, of: ({ measures }) => doorbellsPerFrame('rung')(measures) },
            { name: 'Exits per frame', digits: 3, of: ({ measures }) => exitsPerFrame(measures) },
            { name: 'CPU per frame', unit: 'ns', of: ({ measures }) => cpuPerFrame(measures) },
            { name: 'Frames', unit: 'k/s', digits: 1, of: ({ measures }) => known(framesPerSecond(measures), (rate) => rate / 1e3) },
            { name: 'Payload', unit: 'Mb/s', digits: 1, of: ({ measures }) => throughput(measures) },
            { name: 'Round trip', unit: 'µs', digits: 2, of: ({ measures }) => medianRoundTrip(measures) },
          ],
          rows,
        ),
      ],
      charts: [
        bars(
          `CPU time for a frame, ${titleOf(packets)}`,
          'ns',
          pairsOf(plan).flatMap(({ name, quiet, polling }) =>
            [quiet, polling].map((contender) => ({ series: contender.name, x: name, y: cpuPerFrame(of(contender, packets)) })),
          ),
        ),
      ],
      findings: [
        ...finding`${titleOf(packets)}, CPU time for a frame with polling instead of doorbells: ${fewer(pciGain)} on PCI, ${fewer(vbusGain)} on a vbus.`,
        ...finding`It makes the round trip ${amount(slower(onPci))} times as long on PCI, ${amount(slower(onVbus))} times on a vbus.`,
        ...finding`Doorbells for a frame go from ${amount(doorbellsPerFrame('rung')(of(onPci.quiet, packets)))} to ${amount(doorbellsPerFrame('rung')(of(onPci.polling, packets)))} on PCI, from ${amount(doorbellsPerFrame('rung')(of(onVbus.quiet, packets)))} to ${amount(doorbellsPerFrame('rung')(of(onVbus.polling, packets)))} on a vbus.`,
      ],
      // That it pays on the vbus, and that it pays more there than on PCI.
      verdict: verdictOf([known(vbusGain, isSubstantial), known(ratioOf(vbusGain, pciGain), isSubstantial)]),
      effects: [
        savingOf('the device polls, not doorbells', 'CPU per frame, small packets', 'either bus', {
          without: cpuPerFrame(of(onPci.quiet, packets)),
          chosen: cpuPerFrame(of(onPci.polling, packets)),
        }),
      ],
    });
  },
};
