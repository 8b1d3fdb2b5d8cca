/**
 * The question of the thread, answered from what the other sections found: which choices pay, by how much, and whether they need a
 * virtual-bus. Nothing is measured for it.
 */

import { formatNumber } from '../report/format.ts';
import type { Effect, Section } from '../report/report.ts';
import { bars } from './chart.ts';
import { tabulate } from './evidence.ts';
import { verdictOf } from './verdict.ts';
import { isSubstantial, percent, SAME, SUBSTANTIAL } from './words.ts';

export function summarize(sections: readonly Section[]): Section {
  const effects = sections.flatMap((section) => section.effects.map((effect) => ({ ...effect, section: section.id })));
  const byGain = effects.toSorted((a, b) => b.gain - a.gain);
  const ofVbus = byGain.filter(({ needs }) => needs === 'vbus');
  const ofEither = byGain.filter(({ needs }) => needs === 'either bus');
  const worse = ofVbus.filter(({ gain }) => gain <= 1 - SAME);
  const little = ofVbus.filter(({ gain }) => !isSubstantial(gain) && gain > 1 - SAME);
  return {
    id: 'summary',
    title: 'What are the substantial benefits that this offers over PCI? Please be specific.',
    experiment:
      `Put together from the sections below. Each compares cards that differ in one choice; a gain is how many times as good the choice is as its alternative. From ${percent(SUBSTANTIAL)} on a gain counts as substantial, ` +
      `differences below ${percent(SAME)} as none. A claim holds if all of its parts do, and in part if some do. Figures in time are those of the principal price list, the first one named.`,
    tables: [
      tabulate<Section>(
        'The claims',
        [
          { name: 'Claim', of: ({ claim }) => claim?.number ?? '' },
          { name: 'Section', of: ({ title }) => title },
          { name: 'Verdict', of: ({ verdict }) => verdict },
          { name: 'In short', of: ({ findings }) => findings[0] ?? '' },
        ],
        sections,
      ),
      ...(effects.length === 0
        ? []
        : [
            tabulate(
              'What a choice is worth, everything else being equal',
              [
                { name: 'Choice', of: ({ choice }) => choice },
                { name: 'Measure', of: ({ measure }) => measure },
                { name: 'Needs', of: ({ needs }) => needs },
                { name: 'For', of: ({ of }) => of },
                { name: 'Gain', digits: 2, of: ({ gain }) => gain },
                { name: 'Section', of: ({ section }) => section },
              ],
              byGain,
            ),
          ]),
    ],
    charts: effects.some(({ of }) => of === 'traffic') ? [effectsChart(byGain)] : [],
    findings: [
      ...inShort(byGain),
      ...pays(ofVbus.filter(({ of }) => of === 'traffic')).map((effect) => `On a virtual-bus only: ${told(effect)}.`),
      ...pays(ofVbus.filter(({ of }) => of === 'set-up')).map((effect) => `On a virtual-bus only, once for a card: ${told(effect)}.`),
      ...pays(ofEither).map((effect) => `On PCI as well: ${told(effect)}.`),
      ...(little.length === 0 ? [] : [`No substantial difference: ${little.map(told).join('; ')}.`]),
      ...(worse.length === 0 ? [] : [`PCI is the better one: ${worse.map(told).join('; ')}.`]),
    ],
    verdict: verdictOf(ofVbus.map(({ gain }) => isSubstantial(gain))),
    effects: [],
  };
}

const pays = (some: readonly Effect[]): readonly Effect[] => some.filter(({ gain }) => isSubstantial(gain));
const told = ({ choice, measure, gain }: Effect): string =>
  `${choice}, ${formatNumber(gain, gain < 10 ? 2 : 0)} times as good (${measure})`;

/** How many gains are substantial, and the largest of them. All with the largest first. */
function inShort(effects: readonly Effect[]): readonly string[] {
  const count = (needs: Effect['needs'], of: Effect['of'], what: string): readonly string[] => {
    const some = effects.filter((effect) => effect.needs === needs && effect.of === of);
    const [largest] = pays(some);
    if (some.length === 0) return [];
    return [
      `${pays(some).length} of ${some.length} gains ${what} are substantial${largest === undefined ? '' : `, the largest: ${told(largest)}`}.`,
    ];
  };
  const answer = [
    ...count('vbus', 'traffic', 'for traffic that need a virtual-bus'),
    ...count('either bus', 'traffic', 'for traffic that are to be had on either bus'),
    ...count('vbus', 'set-up', 'in setting up cards that need a virtual-bus'),
  ];
  return answer.length === 0 ? ['No section that was asked for could compare a virtual-bus with PCI.'] : [answer.join(' ')];
}

/** What is paid once for a card is another matter, and its factors would dwarf all others. */
const effectsChart = (effects: readonly Effect[]) =>
  bars(
    'What a choice is worth for traffic: 1 is nothing',
    'times as good',
    effects
      .filter(({ of }) => of === 'traffic')
      .map(({ choice, measure, needs, gain }) => ({
        x: `${choice}: ${measure}`,
        series: needs === 'vbus' ? 'needs a vbus' : 'on either bus',
        y: gain,
      })),
  );
