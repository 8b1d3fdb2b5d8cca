import { EXPERIMENTS, makeReport, profiles, type Report } from '@paravirt/lab';
import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { renderHtml } from './html.ts';
import { drawChart } from './html-chart.ts';
import { escaped, html, trusted } from './html-markup.ts';

const EVIL = `<img src=x onerror="alert(1)"> & 'it' \u0007`;
const report: Report = {
  title: EVIL,
  scope: EVIL,
  version: EVIL,
  profiles: [{ name: EVIL, title: EVIL, sources: [EVIL] }],
  sections: [
    {
      id: 'first',
      title: EVIL,
      claim: { number: EVIL, by: EVIL, text: EVIL, counter: EVIL },
      experiment: EVIL,
      tables: [
        {
          caption: EVIL,
          columns: [{ name: EVIL }, { name: 'n', unit: EVIL, digits: 1 }],
          rows: [
            [EVIL, 1234.56],
            ['b', null],
          ],
        },
      ],
      charts: [
        {
          kind: 'bars',
          caption: EVIL,
          x: { label: '' },
          y: { label: EVIL },
          data: [
            { series: EVIL, x: EVIL, y: 1 },
            { series: 'b', x: EVIL, y: 0 },
            { series: 'b', x: 'two', y: 2.5 },
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
      findings: [EVIL, 'second'],
      verdict: 'holds in part',
      effects: [],
    },
  ],
  results: [],
};

const pageOf = (some: Report) => parseHTML(renderHtml(some)).document;
const texts = (from: ParentNode, selector: string): readonly string[] =>
  [...from.querySelectorAll(selector)].map((each) => each.textContent);
type ParentNode = { querySelectorAll(selector: string): Iterable<{ readonly textContent: string }> };

describe('The page', () => {
  it('is the same for equal reports, in whatever order pages are made', () => {
    const first = renderHtml(report);
    renderHtml({ ...report, sections: [] });
    expect(renderHtml(structuredClone(report))).toBe(first);
  });

  it('needs nothing but itself', () => {
    const text = renderHtml(report);
    expect(text).not.toMatch(/<script|<link|<iframe|@import|url\(|\ssrcset?=["']?http/i);
    expect(text.match(/https?:\/\/[^"\s<]*/g) ?? []).toEqual([]);
  });

  it('makes no element of any text', () => {
    const document = pageOf(report);
    expect(document.querySelectorAll('img, script')).toHaveLength(0);
    expect([...document.querySelectorAll('*')].filter((each) => each.hasAttribute('onerror'))).toEqual([]);
    expect(document.querySelector('h1')?.textContent).toBe(EVIL.replace('\u0007', '\ufffd'));
  });

  it('has findings, verdict, and cells as they are formatted', () => {
    const document = pageOf(report);
    expect(texts(document, '#first .findings li')).toHaveLength(2);
    expect(texts(document, '#first .verdict')).toEqual(['holds in part']);
    expect(texts(document, '#first td.n')).toEqual(['1,234.6', '–']);
    expect(texts(document, 'nav a')).toHaveLength(3);
  });

  it('is there for a report without results', () => {
    const profile = profiles.get('2009');
    const plan = { scope: 'quick', profiles: profile === undefined ? [] : [profile], linux: false } as const;
    const document = pageOf(makeReport(EXPERIMENTS, new Map(), plan));
    expect(document.querySelectorAll('section')).toHaveLength(EXPERIMENTS.length + 3);
  });

  it('tells points that failed', () => {
    const [point] = EXPERIMENTS[0]?.points({ scope: 'quick', profiles: [], linux: false }) ?? [];
    if (point === undefined) throw new Error('no point');
    expect(texts(pageOf({ ...report, results: [{ point, failed: 'it <b>broke</b>' }] }), '#points td').at(-1)).toBe('it <b>broke</b>');
  });
});

describe('A drawing', () => {
  it('has a bar for each datum, or a dot', () => {
    const [bars, lines] = report.sections[0]?.charts ?? [];
    if (bars === undefined || lines === undefined) throw new Error('no charts');
    const marks = (markup: string, selector: string) => parseHTML(`<body>${markup}</body>`).document.querySelectorAll(selector);
    expect(marks(drawChart(bars).text, '[aria-label="bar"] rect')).toHaveLength(3);
    expect(marks(drawChart(lines).text, '[aria-label="dot"] circle')).toHaveLength(2);
  });

  it('warns of nothing, and names nothing by chance', () => {
    for (const chart of report.sections[0]?.charts ?? []) {
      expect(drawChart(chart).text).not.toContain('⚠');
      expect(drawChart(chart).text).not.toMatch(/\sid=|clip-path/);
      expect(drawChart(chart).text).toBe(drawChart(chart).text);
    }
  });

  it('stands for nothing, all zeros, one point', () => {
    const chart = { kind: 'bars', caption: '', x: { label: '' }, y: { label: '' } } as const;
    expect(drawChart({ ...chart, data: [] }).text).toContain('<svg');
    expect(drawChart({ ...chart, data: [{ series: 'a', x: 'b', y: 0 }] }).text).not.toContain('NaN');
    expect(drawChart({ ...chart, kind: 'lines', data: [{ series: 'a', x: 1, y: 0 }] }).text).not.toContain('NaN');
  });
});

describe('Markup', () => {
  it('escapes what is put in, and nothing twice', () => {
    expect(html`<p title="${'"'}">${['<', html`<b>${'&'}</b>`, 1]}</p>`.text).toBe('<p title="&quot;">&lt;<b>&amp;</b>1</p>');
    expect(html`${trusted('<i>')}`.text).toBe('<i>');
    expect(escaped('a\u0000b\u001bc\td')).toBe('a\ufffdb\ufffdc\td');
  });
});
