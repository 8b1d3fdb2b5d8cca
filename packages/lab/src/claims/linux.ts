/**
 * The same points with a Linux guest as the driver. What can be compared are counts for each frame: they are decided by rings, signals and
 * drivers. Times cannot: a real guest runs a scheduler, a TCP and a shell as well.
 */
import type { Measures } from '../measures.ts';
import type { Point, Workload } from '../point.ts';
import type { Table } from '../report/report.ts';
import { type Contender, type PointOptions, pointOf } from './cards.ts';
import { type Evidence, tabulate } from './evidence.ts';
import type { Plan } from './experiment.ts';
import { doorbellsPerFrame, exitsPerFrame, type FigureOf, interruptsPerFrame, signalsPerInterrupt } from './figures.ts';
import { listed, ratioOf } from './words.ts';
import { titleOf } from './workloads.ts';

/** Two drivers that count within this of each other agree. */
const AGREES = 0.1;

const COUNTS: readonly { readonly name: string; readonly of: FigureOf }[] = [
  { name: 'doorbells', of: doorbellsPerFrame('rung') },
  { name: 'interrupts', of: interruptsPerFrame },
  { name: 'signals per interrupt', of: signalsPerInterrupt },
  { name: 'exits', of: exitsPerFrame },
];

export const linuxPoints = (
  plan: Plan,
  contenders: readonly Contender[],
  workloads: readonly Workload[],
  options: PointOptions = {},
): readonly Point[] =>
  plan.linux
    ? contenders.flatMap((each) => workloads.map((workload) => pointOf(plan, each, workload, { ...options, driver: 'linux' })))
    : [];

/** A table of both drivers side by side, and a sentence on whether they agree; nothing if no Linux guest is there. */
export function besideLinux(
  evidence: Evidence,
  plan: Plan,
  contenders: readonly Contender[],
  workloads: readonly Workload[],
  options: PointOptions = {},
): { readonly tables: readonly Table[]; readonly findings: readonly string[] } {
  if (!plan.linux) return { tables: [], findings: [] };
  const rows = workloads.flatMap((workload) =>
    contenders.map((contender) => ({
      name: contender.name,
      workload,
      model: evidence.of(pointOf(plan, contender, workload, options)),
      linux: evidence.of(pointOf(plan, contender, workload, { ...options, driver: 'linux' })),
    })),
  );
  type Row = (typeof rows)[number];
  const table = tabulate<Row>(
    'For each frame: the model driver and a Linux guest',
    [
      { name: 'Card', of: ({ name }) => name },
      { name: 'Workload', of: ({ workload }) => titleOf(workload) },
      ...COUNTS.flatMap(({ name, of }) => [
        { name: `${name}, model`, digits: 3, of: ({ model }: Row) => of(model) },
        { name: `${name}, Linux`, digits: 3, of: ({ linux }: Row) => of(linux) },
      ]),
    ],
    rows,
  );
  const agreement = COUNTS.flatMap(({ name, of }) => {
    const ratios = rows.map(({ model, linux }) => agreementOf(of(linux), of(model))).filter((ratio) => ratio !== undefined);
    const close = ratios.filter((ratio) => Math.abs(ratio - 1) <= AGREES);
    return ratios.length === 0 ? [] : [`${name} ${close.length} of ${ratios.length} times`];
  });
  const streams = rows.filter(({ workload, model, linux }) => workload.kind === 'bulk' && !agree(doorbellsPerFrame('rung'), model, linux));
  return {
    tables: [table],
    findings:
      agreement.length === 0
        ? []
        : [
            `The model driver and Linux agree within 10 % for each frame: ${listed(agreement)}.`,
            ...(streams.length === 0 ? [] : [ABOUT_STREAMS]),
          ],
  };
}

/** Why streams differ: known of both stacks, not measured here. */
const ABOUT_STREAMS =
  'Where streams differ, the stacks above the drivers do: the model hands its driver a frame at a time and acknowledges every second one, as in ' +
  '2009; Linux 6.1 hands over lists of frames with one doorbell (xmit_more), puts together segments that arrive at once (GRO) and acknowledges many by one.';

const agree = (of: FigureOf, model: Measures | undefined, linux: Measures | undefined): boolean => {
  const ratio = agreementOf(of(linux), of(model));
  return ratio === undefined || Math.abs(ratio - 1) <= AGREES;
};

/** Two that counted nothing agree. */
const agreementOf = (a: number | undefined, b: number | undefined): number | undefined => (a === 0 && b === 0 ? 1 : ratioOf(a, b));
