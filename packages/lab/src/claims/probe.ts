/** Claim 20: what it takes to find a card, and to plug one and pull it again. */
import type { Measures } from '../measures.ts';
import type { Workload } from '../point.ts';
import { ABIS, type Contender, pointOf, principal, venetHypercall, venetPci, virtioPci, virtioVbus } from './cards.ts';
import { bars } from './chart.ts';
import { Evidence, sectionOf, tabulate } from './evidence.ts';
import type { Experiment } from './experiment.ts';
import { exits, other } from './figures.ts';
import { known, savingOf, verdictOf } from './verdict.ts';
import { amount, finding, isSubstantial, ratioOf } from './words.ts';
import { workloadsOf } from './workloads.ts';

export const probe: Experiment = {
  id: 'probe',
  title: 'Finding a card, plugging one',

  points: (plan) => {
    const { probe: found, hotplug } = workloadsOf(plan);
    return ABIS.flatMap((abi) => [pointOf(plan, abi, found), pointOf(plan, abi, hotplug)]);
  },

  evaluate(results, plan) {
    const evidence = new Evidence(results);
    const of = (abi: Contender, workload: Workload): Measures | undefined => evidence.of(pointOf(plan, abi, workload));
    const { probe: found, hotplug } = workloadsOf(plan);
    const rows = ABIS.map((abi) => ({ abi, found: of(abi, found), plugged: of(abi, hotplug) }));
    type Row = (typeof rows)[number];
    const row = (abi: Contender): Row | undefined => rows.find((each) => each.abi === abi);
    const readyIn = (each: Row | undefined): number | undefined => known(each?.found, ({ elapsed }) => elapsed / 1e3);
    const exitsOf = (each: Row | undefined): number | undefined => known(each?.found, exits);
    const cycles = (each: Row | undefined): number | undefined =>
      known(each?.plugged, (measures) => ratioOf((measures.other['cycles'] ?? 0) * 1e9, measures.elapsed));
    const gain = ratioOf(exitsOf(row(virtioPci)), exitsOf(row(venetPci)));
    const faster = ratioOf(cycles(row(venetPci)), cycles(row(virtioPci)));

    return sectionOf(probe, evidence, {
      claim: {
        number: '20',
        by: 'Gregory Haskins',
        text: 'A guest without PCI is rid of junk: enumeration, configuration space, BARs.',
        counter:
          'Guest and host have to keep PCI anyway, so that a second bus only adds; and hot-plugs per second are all that PCI slows (Avi Kivity).',
      },
      experiment:
        'A driver finds one card and makes it ready: accesses to configuration space, calls of the bus, exits, virtual time. Then cards are plugged and pulled one after another. ' +
        'Plugging on PCI is without the ACPI event that announces it, some four port accesses more for each.',
      tables: [
        tabulate<Row>(
          'Until a card is ready, and cycles of plugging',
          [
            { name: 'Card', of: ({ abi }) => abi.name },
            { name: 'Configuration accesses', of: (each) => other('configAccesses')(each.found) },
            { name: 'Bridge calls', of: (each) => other('bridgeCalls')(each.found) },
            { name: 'Bus calls', of: (each) => other('busCalls')(each.found) },
            { name: 'Exits', of: exitsOf },
            { name: 'Ready in', unit: 'µs', digits: 1, of: readyIn },
            {
              name: 'Exits per cycle',
              digits: 1,
              of: ({ plugged }) => known(plugged, (measures) => ratioOf(exits(measures), measures.other['cycles'])),
            },
            { name: 'Cycles', unit: '1/s', of: cycles },
          ],
          rows,
        ),
      ],
      charts: [
        bars(
          'Exits until a card is ready',
          'exits',
          rows.map((each) => ({ series: 'exits', x: each.abi.name, y: exitsOf(each) })),
        ),
      ],
      findings: [
        ...finding`Until it is ready, ${virtioPci.name} takes ${amount(exitsOf(row(virtioPci)))} exits (${amount(readyIn(row(virtioPci)), 'µs')} with the prices of ${principal(plan)}), ${venetPci.name} ${amount(exitsOf(row(venetPci)))} (${amount(readyIn(row(venetPci)), 'µs')}), ${venetHypercall.name} ${amount(exitsOf(row(venetHypercall)))} (${amount(readyIn(row(venetHypercall)), 'µs')}).`,
        ...finding`${virtioVbus.name} takes ${amount(exitsOf(row(virtioVbus)))} exits.`,
        ...finding`Cards can be plugged and pulled ${amount(cycles(row(virtioPci)))} times a second on PCI, ${amount(cycles(row(venetPci)))} times on a vbus behind its bridge and ${amount(cycles(row(venetHypercall)))} times by hypercalls.`,
      ],
      verdict: verdictOf([known(gain, isSubstantial), known(faster, isSubstantial)]),
      effects: [
        savingOf(
          'a card on a vbus, not PCI',
          'exits until ready',
          'vbus',
          { without: exitsOf(row(virtioPci)), chosen: exitsOf(row(venetPci)) },
          'set-up',
        ),
        { choice: 'a card on a vbus, not PCI', measure: 'plugging cycles a second', needs: 'vbus', of: 'set-up', gain: faster },
      ],
    });
  },
};
