/** Claims 17 and 18: how often a byte is copied on its way between guest and host. */
import { ABIS, type Contender, pointOf, principal } from './cards.ts';
import { bars } from './chart.ts';
import { Evidence, sectionOf, tabulate } from './evidence.ts';
import type { Experiment } from './experiment.ts';
import { copiedPerByte } from './figures.ts';
import { PLACES, placed, placeWorkloads, WHERE } from './place.ts';
import { known } from './verdict.ts';
import { amount, finding, range, ratioOf } from './words.ts';
import { titleOf } from './workloads.ts';

export const copies: Experiment = {
  id: 'copies',
  title: 'Bytes copied for a byte that arrives',

  points: (plan) =>
    placeWorkloads(plan).flatMap((workload) => PLACES.flatMap((where) => ABIS.map((abi) => pointOf(plan, placed(abi, where), workload)))),

  evaluate(results, plan) {
    const evidence = new Evidence(results);
    const price = plan.profiles[0]?.copiedByte;
    const rows = placeWorkloads(plan).flatMap((workload) =>
      ABIS.flatMap((abi) =>
        PLACES.map((where) => ({ workload, abi, where, measures: evidence.of(pointOf(plan, placed(abi, where), workload)) })),
      ),
    );
    type Row = (typeof rows)[number];
    const [bulk] = placeWorkloads(plan);
    const ofAbi = (abi: Contender) =>
      rows.filter((row) => row.abi === abi && row.workload === bulk).map(({ measures }) => copiedPerByte(measures));
    const share = ({ measures }: Row): number | undefined =>
      measures === undefined || price === undefined ? undefined : ratioOf(measures.copiedBytes * price, measures.hostTime);

    const shares = rows.filter((row) => row.workload === bulk).map((row) => known(share(row), (part) => part * 100));

    return sectionOf(copies, evidence, {
      claim: {
        number: '17, 18',
        by: 'Gregory Haskins',
        text: 'Map the ring’s metadata and load payload on demand; with the guest’s pages as fragments nothing has to be copied.',
        counter:
          'Keep nothing mapped for longer than a request, and copy; what is mapped is negotiable, and no matter of the bus (Avi Kivity).',
      },
      experiment:
        'Bytes copied between the guest’s memory and the host’s, headers of the cards and of frames included, divided by payload that arrived. What a network behind the card copies is not in it; ' +
        'no card here lends the guest’s pages to the host.',
      tables: [
        tabulate<Row>(
          'Copies',
          [
            { name: 'Workload', of: ({ workload }) => titleOf(workload) },
            { name: 'Card', of: ({ abi }) => abi.name },
            { name: 'Data path', of: ({ where }) => WHERE[where] },
            { name: 'Bytes copied', of: ({ measures }) => measures?.copiedBytes },
            { name: 'for a byte of payload', digits: 3, of: ({ measures }) => copiedPerByte(measures) },
            { name: `Share of host CPU (${principal(plan)})`, unit: '%', digits: 1, of: (row) => known(share(row), (part) => part * 100) },
          ],
          rows,
        ),
      ],
      charts: [
        bars(
          `Bytes copied for a byte of payload, ${titleOf(bulk)}`,
          'bytes',
          rows
            .filter((row) => row.workload === bulk)
            .map(({ abi, where, measures }) => ({ x: abi.name, series: WHERE[where], y: copiedPerByte(measures) })),
        ),
      ],
      findings: [
        ...finding`${titleOf(bulk)}, bytes copied for a byte of payload: ${listedIf(ABIS.map((abi) => [abi.name, range(ofAbi(abi), 3)]))}.`,
        ...finding`Copies are ${range(shares, 0)} % of the host’s CPU time there (${amount(price, 'ns')} for a byte, by the prices of ${principal(plan)}).`,
      ],
      verdict: 'for the record',
    });
  },
};

/** `a 1.02, b 1.05`; what was not measured is left out, and all of it if nothing was. */
function listedIf(pairs: readonly (readonly [string, string | undefined])[]): string | undefined {
  const known = pairs.filter(([, value]) => value !== undefined);
  return known.length === 0 ? undefined : known.map(([name, value]) => `${name} ${value}`).join(', ');
}
