/** Claims 3 and 4: how many channels between guest and host there have to be, and what setting them up takes, as devices become more. */
import type { Measures } from '../measures.ts';
import { ABIS, type Contender, pointOf, venetHypercall, venetPci, virtioPci, virtioVbus } from './cards.ts';
import { lines } from './chart.ts';
import { Evidence, sectionOf, tabulate } from './evidence.ts';
import type { Experiment } from './experiment.ts';
import { exits, other } from './figures.ts';
import { known, savingOf, verdictOf } from './verdict.ts';
import { amount, finding, isSubstantial, ratioOf } from './words.ts';
import { workloadsOf } from './workloads.ts';

const COUNTS = [1, 2, 4, 8] as const;
const [ONE, MANY] = [1, 8];

export const channels: Experiment = {
  id: 'channels',
  title: 'Channels and set-up as devices become more',

  points: (plan) => ABIS.flatMap((contender) => COUNTS.map((cards) => pointOf(plan, contender, workloadsOf(plan).probe, { cards }))),

  evaluate(results, plan) {
    const evidence = new Evidence(results);
    const of = (contender: Contender, cards: number): Measures | undefined =>
      evidence.of(pointOf(plan, contender, workloadsOf(plan).probe, { cards }));
    /** Of one device more, when there are some already. */
    const further = (contender: Contender, count: (measures: Measures) => number | undefined): number | undefined => {
      const [first, last] = [known(of(contender, ONE), count), known(of(contender, MANY), count)];
      return first === undefined || last === undefined ? undefined : (last - first) / (MANY - ONE);
    };
    const addresses = other('doorbellAddresses');
    const messages = other('interruptMessages');
    const grows = (contender: Contender): boolean | undefined => known(further(contender, addresses), (more) => more > 0);
    const [onPci, onBridge] = [further(virtioPci, exits), further(venetPci, exits)];
    const setUpGain = ratioOf(onPci, onBridge);
    const oneChannel =
      grows(virtioPci) === undefined || grows(venetPci) === undefined ? undefined : grows(virtioPci) === true && grows(venetPci) === false;

    return sectionOf(channels, evidence, {
      claim: {
        number: '3, 4',
        by: 'Gregory Haskins',
        text: 'vbus needs one channel from guest to host for each guest and a handle in it; PCI with ioeventfd needs one for each queue, and ports are few.',
        counter: 'A file descriptor for each signal takes more setting up, but can be handed to other processes (Avi Kivity).',
      },
      experiment:
        'Drivers probe 1, 2, 4 and 8 cards. Counted are the exits until all are ready, the addresses on which the host has to listen for doorbells, and the interrupts ' +
        'that it has to be able to send.',
      tables: [
        tabulate(
          'Until all cards are ready',
          [
            { name: 'Card', of: ({ contender }) => contender.name },
            { name: 'Cards', of: ({ cards }) => cards },
            { name: 'Exits', of: ({ contender, cards }) => known(of(contender, cards), exits) },
            { name: 'Configuration accesses', of: ({ contender, cards }) => other('configAccesses')(of(contender, cards)) },
            { name: 'Calls of the bus', of: ({ contender, cards }) => callsOf(of(contender, cards)) },
            { name: 'Doorbell addresses', of: ({ contender, cards }) => addresses(of(contender, cards)) },
            { name: 'Interrupts', of: ({ contender, cards }) => messages(of(contender, cards)) },
          ],
          ABIS.flatMap((contender) => COUNTS.map((cards) => ({ contender, cards }))),
        ),
        tabulate(
          'One card more',
          [
            { name: 'Card', of: ({ name }) => name },
            { name: 'Exits', digits: 1, of: (contender) => further(contender, exits) },
            { name: 'Doorbell addresses', digits: 1, of: (contender) => further(contender, addresses) },
            { name: 'Interrupts', digits: 1, of: (contender) => further(contender, messages) },
          ],
          ABIS,
        ),
      ],
      charts: [
        lines(
          'Exits until all cards are ready',
          { label: 'cards' },
          { label: 'exits' },
          ABIS.flatMap((contender) => COUNTS.map((cards) => ({ series: contender.name, x: cards, y: known(of(contender, cards), exits) }))),
        ),
      ],
      findings: [
        ...finding`One more card takes ${amount(onPci)} exits on PCI (${virtioPci.name}), ${amount(onBridge)} on a vbus behind its bridge (${venetPci.name}), ${amount(further(venetHypercall, exits))} by hypercalls, and ${amount(further(virtioVbus, exits))} with virtio over vbus.`,
        ...finding`It adds ${amount(further(virtioPci, addresses))} doorbell addresses and ${amount(further(virtioPci, messages))} interrupts on PCI, ${amount(further(venetPci, addresses))} and ${amount(further(venetPci, messages))} on a vbus.`,
      ],
      verdict: verdictOf([oneChannel, known(setUpGain, isSubstantial)]),
      effects: [savingOf('a further card on a vbus, not PCI', 'exits until ready', 'vbus', { without: onPci, chosen: onBridge }, 'set-up')],
    });
  },
};

/** Calls that go to a vbus connector: of the bridge itself, and of the bus behind it. */
function callsOf(measures: Measures | undefined): number | undefined {
  const [bridge, bus] = [other('bridgeCalls')(measures), other('busCalls')(measures)];
  return bridge === undefined && bus === undefined ? undefined : (bridge ?? 0) + (bus ?? 0);
}
