/** A small report with every kind of thing that a report can hold, for tests of what shows it. */
import { testProfile } from '../claims/testing-results.ts';
import type { Report } from './report.ts';

export const testReport: Report = {
  title: 'A report',
  scope: 'quick; doorbells',
  version: '1',
  profiles: [testProfile('2009')].map(({ name, title, sources }) => ({ name, title, sources })),
  sections: [
    {
      id: 'doorbells',
      title: 'Doorbells & <bells>',
      claim: { number: '1', by: 'somebody', text: 'Ports are cheap.', counter: '"They" are not.' },
      experiment: 'Ring.',
      tables: [
        {
          caption: 'Costs',
          columns: [{ name: 'Card' }, { name: 'Price', unit: 'ns' }, { name: 'per frame', digits: 2 }],
          rows: [
            ['virtio-net on PCI', 1234, 0.5],
            ['venet <script>', null, -12.345],
          ],
        },
      ],
      charts: [
        {
          kind: 'bars',
          caption: 'Bars',
          x: { label: '' },
          y: { label: 'ns' },
          data: [
            { series: 'a', x: 'one', y: 1 },
            { series: 'b', x: 'one', y: 2 },
            { series: 'a', x: 'two', y: 0 },
          ],
        },
        {
          kind: 'lines',
          caption: 'Lines',
          x: { label: 'cards' },
          y: { label: 'exits', log: true },
          data: [
            { series: 'a', x: 1, y: 10 },
            { series: 'a', x: 8, y: 1000 },
          ],
        },
      ],
      findings: ['Ports cost 1,234 ns.', 'Nothing was lost.'],
      verdict: 'holds in part',
      effects: [{ choice: 'a, not b', measure: 'CPU per frame', gain: 1.25, needs: 'vbus', of: 'traffic' }],
    },
  ],
  results: [],
};
