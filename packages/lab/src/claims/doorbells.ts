/** Claim 1: hypercalls, ports and MMIO as doorbells, answered in the kernel or in user space. */
import type { CostProfile } from '../cost/cost-profile.ts';
import type { CardSetup } from '../point.ts';
import { type Contender, pointOf, principal, vary, venetHypercall, venetPci } from './cards.ts';
import { bars } from './chart.ts';
import { Evidence, sectionOf, tabulate } from './evidence.ts';
import type { Experiment, Plan } from './experiment.ts';
import { cpuPerFrame, doorbellsPerFrame, medianRoundTrip } from './figures.ts';
import { known, savingOf, verdictOf } from './verdict.ts';
import { amount, fewer, finding, isSubstantial, percent, ratioOf } from './words.ts';
import { titleOf, workloadsOf } from './workloads.ts';

type Doorbell = CardSetup['doorbell'];
const KINDS: readonly Doorbell[] = ['hypercall', 'port', 'mmio'];
const NAMES: Readonly<Record<Doorbell, string>> = { hypercall: 'hypercall', port: 'port', mmio: 'MMIO' };
type Place = 'inline' | 'deferred';
const WHERE: Readonly<Record<Place, string>> = { inline: 'kernel', deferred: 'user space' };

/** The same card with each kind of doorbell. */
const contender = (doorbell: Doorbell, place: Place): Contender =>
  vary(doorbell === 'hypercall' ? venetHypercall : venetPci, NAMES[doorbell], { doorbell, place });

const priceOf = ({ exits, userExit }: CostProfile, doorbell: Doorbell, place: Place): number =>
  exits[doorbell] + (place === 'inline' ? 0 : userExit);

/** What is measured: a doorbell for every packet, and packets in a row. */
function* cases(plan: Plan) {
  const { requestResponse, packetsUp } = workloadsOf(plan);
  for (const profile of plan.profiles) {
    yield { profile, place: 'inline', workload: requestResponse } as const;
    yield { profile, place: 'deferred', workload: requestResponse } as const;
    if (plan.scope === 'full' || profile.name === principal(plan)) yield { profile, place: 'inline', workload: packetsUp } as const;
  }
}

export const doorbells: Experiment = {
  id: 'doorbells',
  title: 'Hypercall, port or MMIO as doorbell',

  points: (plan) =>
    [...cases(plan)].flatMap(({ profile, place, workload }) =>
      KINDS.map((kind) => pointOf(plan, contender(kind, place), workload, { profile: profile.name })),
    ),

  evaluate(results, plan) {
    const evidence = new Evidence(results);
    const rows = [...cases(plan)].map(({ profile, place, workload }) => {
      const of = (kind: Doorbell) => evidence.of(pointOf(plan, contender(kind, place), workload, { profile: profile.name }));
      const measures = { hypercall: of('hypercall'), port: of('port'), mmio: of('mmio') };
      const shareOf = (kind: Doorbell): number | undefined => {
        const rung = doorbellsPerFrame('rung')(measures[kind]);
        return rung === undefined ? undefined : ratioOf(rung * priceOf(profile, kind, place), cpuPerFrame(measures[kind]));
      };
      return { profile, place, workload, measures, shareOf };
    });
    type Row = (typeof rows)[number];
    const cpu = (row: Row | undefined, kind: Doorbell): number | undefined => cpuPerFrame(row?.measures[kind]);
    // The first row is the claim's best case: the principal prices, a doorbell for each packet, answered in the kernel.
    const [best] = rows;
    const main = principal(plan);
    const hypercallGain = ratioOf(cpu(best, 'port'), cpu(best, 'hypercall'));
    const portGain = ratioOf(cpu(best, 'mmio'), cpu(best, 'port'));
    const about = ({ profile, workload, place }: Row): string => `prices of ${profile.name}, ${titleOf(workload)}, ${WHERE[place]}`;

    return sectionOf(doorbells, evidence, {
      claim: {
        number: '1',
        by: 'Gregory Haskins',
        text: 'A hypercall is cheaper than port I/O, and port I/O is cheaper than MMIO; nothing paravirtual should use an MMIO BAR.',
        counter:
          'A hypercall costs what port I/O costs, and the ring is in the guest’s RAM anyway: BARs are off the fast path (Avi Kivity).',
      },
      experiment:
        'venet with the same rings and its doorbell as VMCALL, OUT and MMIO write; the data path in the exit (kernel) and on the event loop (user space). ' +
        'What one doorbell costs is an assumption, that of the price list; what it weighs is measured: how many there are for a frame, and what else a frame costs. ' +
        'Request/response has a doorbell for every packet, which is the worst case. The wire of hypercalls has its interrupt as vector, the bridge as MSI.',
      tables: [
        tabulate(
          'Price of one doorbell',
          [
            { name: 'Prices', of: ({ profile }) => profile.name },
            { name: 'Answered in', of: ({ place }) => WHERE[place] },
            ...KINDS.map((kind) => ({
              name: NAMES[kind],
              unit: 'ns',
              of: ({ profile, place }: { profile: CostProfile; place: Place }) => priceOf(profile, kind, place),
            })),
          ],
          plan.profiles.flatMap((profile) => (['inline', 'deferred'] as const).map((place) => ({ profile, place }))),
        ),
        tabulate<Row>(
          'What doorbells weigh',
          [
            { name: 'Prices', of: ({ profile }) => profile.name },
            { name: 'Workload', of: ({ workload }) => titleOf(workload) },
            { name: 'Answered in', of: ({ place }) => WHERE[place] },
            { name: 'Doorbells per frame', digits: 3, of: ({ measures }) => doorbellsPerFrame('rung')(measures.port) },
            ...KINDS.map((kind) => ({
              name: `CPU per frame, ${NAMES[kind]}`,
              unit: 'ns',
              of: (row: Row) => cpu(row, kind),
            })),
            ...KINDS.map((kind) => ({
              name: `Share, ${NAMES[kind]}`,
              unit: '%',
              digits: 1,
              of: ({ shareOf }: Row) => known(shareOf(kind), (share) => share * 100),
            })),
          ],
          rows,
        ),
        tabulate<Row>(
          'Round trips',
          [
            { name: 'Prices', of: ({ profile }) => profile.name },
            { name: 'Answered in', of: ({ place }) => WHERE[place] },
            ...KINDS.map((kind) => ({
              name: NAMES[kind],
              unit: 'µs',
              digits: 2,
              of: ({ measures }: Row) => medianRoundTrip(measures[kind]),
            })),
          ],
          rows.filter(({ workload }) => workload.kind === 'request-response'),
        ),
      ],
      charts: [
        bars(
          'What doorbells take of the CPU time of a frame',
          '% of CPU time',
          rows.flatMap((row) =>
            KINDS.map((kind) => ({ series: NAMES[kind], x: about(row), y: known(row.shareOf(kind), (share) => share * 100) })),
          ),
        ),
      ],
      findings: [
        ...finding`With the prices of ${main} and a doorbell for every packet, CPU time for a frame with a hypercall instead of a port: ${fewer(hypercallGain)}; with a port instead of MMIO: ${fewer(portGain)}.`,
        ...rows.flatMap(
          (row) =>
            finding`${about(row)}: ${amount(doorbellsPerFrame('rung')(row.measures.port))} doorbells for a frame take ${percent(row.shareOf('hypercall'))} of its CPU time as hypercalls, ${percent(row.shareOf('port'))} by port, ${percent(row.shareOf('mmio'))} by MMIO.`,
        ),
      ],
      verdict: verdictOf([known(hypercallGain, isSubstantial), known(portGain, isSubstantial)]),
      effects: [
        savingOf('hypercall, not port, as doorbell', 'CPU per frame, request/response', 'vbus', {
          without: cpu(best, 'port'),
          chosen: cpu(best, 'hypercall'),
        }),
        savingOf('port, not MMIO, as doorbell', 'CPU per frame, request/response', 'either bus', {
          without: cpu(best, 'mmio'),
          chosen: cpu(best, 'port'),
        }),
      ],
    });
  },
};
