/** Claim 6: what an interrupt costs, by the way it takes: INTx, MSI, MSI-X, or a vector put into the local APIC directly. */
import type { Measures } from '../measures.ts';
import { type Contender, pointOf, principal, vary, venetHypercall, venetPci, virtioPci } from './cards.ts';
import { bars } from './chart.ts';
import { Evidence, sectionOf, tabulate } from './evidence.ts';
import type { Experiment, Plan } from './experiment.ts';
import { cpuPerFrame, interruptsPerFrame, kindPerInterrupt, medianRoundTrip } from './figures.ts';
import { besideLinux, linuxPoints } from './linux.ts';
import { known, savingOf, verdictOf } from './verdict.ts';
import { amount, fewer, finding, isSubstantial, ratioOf } from './words.ts';
import { titleOf, workloadsOf } from './workloads.ts';

const virtioIntx = vary(virtioPci, 'virtio-net on PCI, INTx', { interrupts: 'intx' });
const virtioMsi = vary(virtioPci, 'virtio-net on PCI, MSI', { interrupts: 'msi' });
const virtioShared = vary(virtioPci, 'virtio-net on PCI, MSI-X, one vector for all queues', { interrupts: 'msix-shared' });
const virtioMsix = vary(virtioPci, 'virtio-net on PCI, MSI-X', {});
const venetIntx = vary(venetPci, 'venet, PCI bridge, INTx', { interrupts: 'intx' });
const venetMsi = vary(venetPci, 'venet, PCI bridge, MSI', {});
const venetVector = vary(venetHypercall, 'venet, hypercalls, vector', {});
const WAYS: readonly Contender[] = [virtioIntx, virtioMsi, virtioShared, virtioMsix, venetIntx, venetMsi, venetVector];
const withLinux = ({ scope }: Plan): readonly Contender[] =>
  scope === 'full' ? [virtioIntx, virtioShared, virtioMsix, venetIntx, venetMsi, venetVector] : [virtioMsix, venetMsi];

function* cases(plan: Plan) {
  const { requestResponse, bulkDown } = workloadsOf(plan);
  for (const { name } of plan.profiles) {
    yield { profile: name, workload: requestResponse };
    if (plan.scope === 'full') yield { profile: name, workload: bulkDown };
  }
}

/** Exits that the interrupt brought with it; accesses that are no doorbells ask for its cause. */
function exitsOfInterrupt(measures: Measures | undefined): number | undefined {
  if (measures === undefined || measures.interrupts === 0) return undefined;
  const { kick, interruptWindow, endOfInterrupt } = measures.exits;
  return (kick + interruptWindow + endOfInterrupt + statusReads(measures)) / measures.interrupts;
}

const statusReads = (measures: Measures): number => measures.other['interruptStatusReads'] ?? 0;

export const interrupts: Experiment = {
  id: 'interrupts',
  title: 'INTx, MSI, MSI-X or a vector of its own',

  points: (plan) => [
    ...[...cases(plan)].flatMap(({ profile, workload }) => WAYS.map((way) => pointOf(plan, way, workload, { profile }))),
    ...linuxPoints(plan, withLinux(plan), [workloadsOf(plan).requestResponse]),
  ],

  evaluate(results, plan) {
    const evidence = new Evidence(results);
    const { requestResponse } = workloadsOf(plan);
    const all = [...cases(plan)].flatMap((each) =>
      WAYS.map((way) => ({ ...each, way, measures: evidence.of(pointOf(plan, way, each.workload, { profile: each.profile })) })),
    );
    type Row = (typeof all)[number];
    const main = principal(plan);
    const of = (way: Contender): Measures | undefined =>
      all.find((row) => row.way === way && row.profile === main && row.workload === requestResponse)?.measures;
    const cpu = (way: Contender): number | undefined => cpuPerFrame(of(way));
    const overIntx = ratioOf(cpu(venetIntx), cpu(venetVector));
    const overMsi = ratioOf(cpu(venetMsi), cpu(venetVector));
    const msiOverIntx = ratioOf(cpu(venetIntx), cpu(venetMsi));
    const beside = besideLinux(evidence, plan, withLinux(plan), [requestResponse]);

    return sectionOf(interrupts, evidence, {
      claim: {
        number: '6',
        by: 'Gregory Haskins',
        text: 'Routing an interrupt through PCI’s pins, the IOAPIC and a shared line is emulation for nothing: give the guest a vector directly.',
        counter: 'MSI has fixed that long ago (Avi Kivity).',
      },
      experiment:
        'Request/response, an interrupt for nearly every frame received: the same two cards with each way that their bus has. The exits that come with an interrupt: kick (the ' +
        'processor runs the guest and has to be told), interrupt window (the guest takes none now), end of interrupt, and reads of the card’s interrupt status.',
      tables: [
        tabulate<Row>(
          'Exits for one interrupt',
          [
            { name: 'Prices', of: ({ profile }) => profile },
            { name: 'Workload', of: ({ workload }) => titleOf(workload) },
            { name: 'Card and interrupt', of: ({ way }) => way.name },
            { name: 'Interrupts per frame', digits: 3, of: ({ measures }) => interruptsPerFrame(measures) },
            { name: 'Kick', digits: 3, of: ({ measures }) => kindPerInterrupt('kick')(measures) },
            { name: 'Window', digits: 3, of: ({ measures }) => kindPerInterrupt('interruptWindow')(measures) },
            { name: 'End', digits: 3, of: ({ measures }) => kindPerInterrupt('endOfInterrupt')(measures) },
            {
              name: 'Status read',
              digits: 3,
              of: ({ measures }) => known(measures, (some) => ratioOf(statusReads(some), some.interrupts)),
            },
            { name: 'Together', digits: 3, of: ({ measures }) => exitsOfInterrupt(measures) },
            { name: 'CPU per frame', unit: 'ns', of: ({ measures }) => cpuPerFrame(measures) },
            { name: 'Round trip', unit: 'µs', digits: 2, of: ({ measures }) => medianRoundTrip(measures) },
          ],
          all,
        ),
        ...beside.tables,
      ],
      charts: [
        bars(
          'Exits for one interrupt, request/response',
          'exits',
          all
            .filter(({ workload }) => workload === requestResponse)
            .map(({ way, profile, measures }) => ({ x: way.name, series: profile, y: exitsOfInterrupt(measures) })),
        ),
      ],
      findings: [
        ...finding`With the prices of ${main}, CPU time for a frame of venet with a vector of its own, compared with INTx: ${fewer(overIntx)}; compared with MSI: ${fewer(overMsi)}. MSI compared with INTx: ${fewer(msiOverIntx)}.`,
        ...finding`An interrupt brings ${amount(exitsOfInterrupt(of(virtioIntx)))} exits with INTx on PCI, ${amount(exitsOfInterrupt(of(virtioMsix)))} with MSI-X, ${amount(exitsOfInterrupt(of(venetVector)))} as a vector; 3 were assumed in 2009 (kick, window, end).`,
        ...plan.profiles.slice(1).flatMap(({ name }) => {
          const under = (way: Contender): number | undefined =>
            exitsOfInterrupt(all.find((row) => row.way === way && row.profile === name && row.workload === requestResponse)?.measures);
          return finding`With the prices of ${name} it brings ${amount(under(virtioIntx))}, ${amount(under(virtioMsix))} and ${amount(under(venetVector))}.`;
        }),
        ...beside.findings,
      ],
      verdict: verdictOf([known(overIntx, isSubstantial), known(overMsi, isSubstantial)]),
      effects: [
        savingOf('MSI, not INTx', 'CPU per frame, request/response', 'either bus', {
          without: cpu(venetIntx),
          chosen: cpu(venetMsi),
        }),
        savingOf('a vector of its own, not MSI', 'CPU per frame, request/response', 'vbus', {
          without: cpu(venetMsi),
          chosen: cpu(venetVector),
        }),
      ],
    });
  },
};
