/** Claim 15, the heart of the debate: *same place, different ABI* and *same ABI, different place*. */
import type { Measures } from '../measures.ts';
import type { CardSetup, Workload } from '../point.ts';
import type { Table } from '../report/report.ts';
import { ABIS, type Contender, pointOf, principal, vary, venetHypercall, venetPci, virtioPci } from './cards.ts';
import { bars } from './chart.ts';
import { Evidence, sectionOf, tabulate } from './evidence.ts';
import type { Experiment, Plan } from './experiment.ts';
import { cpuPerFrame, exitsPerFrame, type FigureOf, hostPerFrame, interruptsPerFrame, medianRoundTrip, throughput } from './figures.ts';
import { besideLinux, linuxPoints } from './linux.ts';
import { known, savingOf, verdictOf } from './verdict.ts';
import { amount, finding, isSubstantial, range, ratioOf, times } from './words.ts';
import { titleOf, workloadsOf } from './workloads.ts';

type Place = CardSetup['place'];
export const PLACES: readonly Place[] = ['inline', 'deferred', 'worker'];
export const WHERE: Readonly<Record<Place, string>> = {
  inline: 'in the exit (kernel)',
  deferred: 'on the event loop (user space)',
  worker: 'in a thread (vhost)',
};

/** What is compared, and whether more of it is better. */
const MEASURES: readonly { readonly name: string; readonly of: FigureOf }[] = [
  { name: 'Throughput', of: throughput },
  { name: 'Round trip', of: medianRoundTrip },
  { name: 'CPU per frame', of: cpuPerFrame },
  { name: 'Host CPU per frame', of: hostPerFrame },
  { name: 'Exits per frame', of: exitsPerFrame },
  { name: 'Interrupts per frame', of: interruptsPerFrame },
];

export const placeWorkloads = (plan: Plan): readonly [Workload, Workload, ...Workload[]] => {
  const { bulkBoth, requestResponse, packetsBoth, ping } = workloadsOf(plan);
  return plan.scope === 'full' ? [bulkBoth, requestResponse, packetsBoth, ping] : [bulkBoth, requestResponse];
};

const profilesOf = (plan: Plan): readonly string[] => (plan.scope === 'full' ? plan.profiles.map(({ name }) => name) : [principal(plan)]);

/** PCI can aggregate, too, within a card: whichever is the better of the two is what an ABI is weighed against. */
const virtioShared = vary(virtioPci, 'virtio-net on PCI, one vector for all queues', { interrupts: 'msix-shared' });

export const placed = (contender: Contender, place: Place): Contender => vary(contender, contender.name, { place });

export const place: Experiment = {
  id: 'place',
  title: 'Same place, different ABI; same ABI, different place',

  points: (plan) => [
    ...profilesOf(plan).flatMap((profile) =>
      placeWorkloads(plan).flatMap((workload) =>
        ABIS.flatMap((abi) => PLACES.map((where) => pointOf(plan, placed(abi, where), workload, { profile }))),
      ),
    ),
    ...placeWorkloads(plan).map((workload) => pointOf(plan, virtioShared, workload)),
    ...linuxPoints(plan, linuxContenders(plan), linuxWorkloads(plan)),
  ],

  evaluate(results, plan) {
    const evidence = new Evidence(results);
    const of = (abi: Contender, where: Place, workload: Workload, profile = principal(plan)): Measures | undefined =>
      evidence.of(pointOf(plan, placed(abi, where), workload, { profile }));
    const [bulk, roundTrips] = placeWorkloads(plan);
    const cpu = (abi: Contender, where: Place, workload: Workload): number | undefined => cpuPerFrame(of(abi, where, workload));
    /** The lesser of virtio on PCI with a vector for each queue and with one for all, in the exit. */
    const bestOnPci = (figure: FigureOf, workload: Workload): number | undefined => {
      const both = [virtioPci, virtioShared].map((each) => figure(of(each, 'inline', workload)));
      return both.includes(undefined) ? undefined : Math.min(...both.map((each) => each ?? 0));
    };
    /** What was compared in 2009: venet in the kernel with virtio in user space; and its two halves. */
    const halves = placeWorkloads(plan).map((workload) => ({
      workload,
      both: ratioOf(cpu(virtioPci, 'deferred', workload), cpu(venetPci, 'inline', workload)),
      place: ratioOf(cpu(virtioPci, 'deferred', workload), cpu(virtioPci, 'inline', workload)),
      abi: ratioOf(cpu(virtioPci, 'inline', workload), cpu(venetPci, 'inline', workload)),
      overBest: ratioOf(bestOnPci(cpuPerFrame, workload), cpu(venetPci, 'inline', workload)),
    }));
    const [main] = halves;
    const abiRatios = (figure: FigureOf) =>
      PLACES.map((where) => ratioOf(figure(of(venetPci, where, bulk)), figure(of(virtioPci, where, bulk))));
    const roundTripOf = (where: Place): number | undefined =>
      ratioOf(medianRoundTrip(of(virtioPci, where, roundTrips)), medianRoundTrip(of(virtioPci, 'deferred', roundTrips)));
    const beside = besideLinux(evidence, plan, linuxContenders(plan), linuxWorkloads(plan));
    const tables = profilesOf(plan).flatMap((profile) =>
      tablesOf(plan, profile, (abi, where, workload) => of(abi, where, workload, profile)),
    );

    return sectionOf(place, evidence, {
      claim: {
        number: '15',
        by: 'Gregory Haskins',
        text: 'venet, an endpoint in the kernel, beats virtio in user space; a bus made for it beats PCI.',
        counter:
          'A place in the kernel helps, but no ABI forces anybody into user space: leave configuration there and take the ring into the kernel (Avi Kivity; it became vhost).',
      },
      experiment:
        'Every ABI at every place: the data path in the exit, on the event loop, or in a thread of its own on shared guest memory with the configuration left behind. ' +
        'venet in the kernel had only been compared with virtio in user space; here each step is taken alone.',
      tables: [...tables, ...beside.tables],
      charts: [bulk, roundTrips].map((workload) =>
        bars(
          `CPU time for a frame, ${titleOf(workload)}`,
          'ns',
          ABIS.flatMap((abi) => PLACES.map((where) => ({ x: abi.name, series: WHERE[where], y: cpu(abi, where, workload) }))),
        ),
      ),
      findings: [
        ...halves.flatMap(
          (half) =>
            finding`${titleOf(half.workload)}, prices of ${principal(plan)}: venet in the kernel takes ${amount(cpu(venetPci, 'inline', half.workload), 'ns')} of CPU for a frame, virtio on PCI in user space ${amount(cpu(virtioPci, 'deferred', half.workload), 'ns')}: a factor of ${amount(half.both)}, of which ${amount(half.place)} is the place (same ABI) and ${amount(half.abi)} the ABI (same place). Against the better of one vector for a card and one for each queue on PCI, the ABI is a factor of ${amount(half.overBest)}.`,
        ),
        ...finding`Same place, different ABI (${titleOf(bulk)}; venet divided by virtio-net on PCI, at the three places): CPU time for a frame ${range(abiRatios(cpuPerFrame))}, throughput ${range(abiRatios(throughput))}, exits for a frame ${range(abiRatios(exitsPerFrame))}, interrupts ${range(abiRatios(interruptsPerFrame))}.`,
        ...finding`Same ABI, different place (virtio-net on PCI; compared with user space): a round trip in the exit is ${times(roundTripOf('inline'))}, in a thread ${times(roundTripOf('worker'))}.`,
        ...finding`Hypercalls instead of the PCI bridge, venet in the exit, request/response: CPU time for a frame ${times(ratioOf(cpu(venetHypercall, 'inline', roundTrips), cpu(venetPci, 'inline', roundTrips)))}.`,
        ...beside.findings,
      ],
      // That venet in the kernel beats virtio in user space, and that its ABI has a part in that which PCI has not.
      verdict: verdictOf([known(main?.both, isSubstantial), known(main?.overBest, isSubstantial)]),
      effects: [
        ...halves.flatMap(({ workload }) => [
          savingOf('virtio on PCI in the exit, not in user space', `CPU per frame, ${titleOf(workload)}`, 'either bus', {
            without: cpu(virtioPci, 'deferred', workload),
            chosen: cpu(virtioPci, 'inline', workload),
          }),
          savingOf('venet, not the better virtio on PCI, both in the exit', `CPU per frame, ${titleOf(workload)}`, 'vbus', {
            without: bestOnPci(cpuPerFrame, workload),
            chosen: cpu(venetPci, 'inline', workload),
          }),
        ]),
        savingOf('virtio on PCI in the exit, not in user space', 'round trip', 'either bus', {
          without: medianRoundTrip(of(virtioPci, 'deferred', roundTrips)),
          chosen: medianRoundTrip(of(virtioPci, 'inline', roundTrips)),
        }),
        savingOf('venet, not the better virtio on PCI, both in the exit', 'round trip', 'vbus', {
          without: bestOnPci(medianRoundTrip, roundTrips),
          chosen: medianRoundTrip(of(venetPci, 'inline', roundTrips)),
        }),
      ],
    });
  },
};

type Of = (abi: Contender, where: Place, workload: Workload) => Measures | undefined;

/** Figures, and the two tables of ratios, with the prices of one list. */
function tablesOf(plan: Plan, profile: string, of: Of): readonly Table[] {
  const rows = placeWorkloads(plan).flatMap((workload) => PLACES.flatMap((where) => ABIS.map((abi) => ({ workload, where, abi }))));
  type Row = (typeof rows)[number];
  const names = [
    { name: 'Workload', of: ({ workload }: Row) => titleOf(workload) },
    { name: 'Data path', of: ({ where }: Row) => WHERE[where] },
    { name: 'Card', of: ({ abi }: Row) => abi.name },
  ];
  const [workloadName, placeName, cardName] = names;
  const ratios = (compare: (row: Row) => Measures | undefined) =>
    MEASURES.map((measure) => ({
      name: measure.name,
      digits: 2,
      of: (row: Row) => ratioOf(measure.of(of(row.abi, row.where, row.workload)), measure.of(compare(row))),
    }));
  const figures: readonly { readonly name: string; readonly unit?: string; readonly digits: number; readonly of: FigureOf }[] = [
    { name: 'Throughput', unit: 'Mb/s', digits: 1, of: throughput },
    { name: 'Round trip', unit: 'µs', digits: 2, of: medianRoundTrip },
    { name: 'CPU per frame', unit: 'ns', digits: 0, of: cpuPerFrame },
    { name: 'of it the host', unit: 'ns', digits: 0, of: hostPerFrame },
    { name: 'Exits per frame', digits: 3, of: exitsPerFrame },
    { name: 'Interrupts per frame', digits: 3, of: interruptsPerFrame },
  ];
  return [
    tabulate<Row>(
      `Same place, different ABI: divided by virtio-net on PCI (prices of ${profile})`,
      [...names, ...ratios(({ where, workload }) => of(virtioPci, where, workload))].filter((source) => source !== undefined),
      rows.filter(({ abi }) => abi !== virtioPci),
    ),
    tabulate<Row>(
      `Same ABI, different place: divided by user space (prices of ${profile})`,
      [cardName, workloadName, placeName, ...ratios(({ abi, workload }) => of(abi, 'deferred', workload))].filter(
        (source) => source !== undefined,
      ),
      ABIS.flatMap((abi) => rows.filter((row) => row.abi === abi && row.where !== 'deferred')),
    ),
    tabulate<Row>(
      `The figures themselves (prices of ${profile})`,
      [
        ...names,
        ...figures.map(({ of: figure, ...column }) => ({ ...column, of: (row: Row) => figure(of(row.abi, row.where, row.workload)) })),
      ],
      rows,
    ),
  ];
}

/** A point with Linux is a boot: `quick` has the two that the debate is about. */
const linuxContenders = ({ scope }: Plan): readonly Contender[] =>
  scope === 'full' ? [...ABIS, ...ABIS.map((abi) => vary(abi, `${abi.name}, user space`, { place: 'deferred' }))] : [virtioPci, venetPci];
const linuxWorkloads = (plan: Plan): readonly Workload[] => [workloadsOf(plan).bulkBoth, workloadsOf(plan).requestResponse];
