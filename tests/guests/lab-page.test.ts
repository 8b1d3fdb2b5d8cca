/** The page of `paravirt lab`, opened in a real browser: what its tables and drawings say is what the report says, light and dark, wide and narrow. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Chromium, type View } from './chromium.ts';
import { paravirt } from './paravirt.ts';
import { readPng } from './png-pixels.ts';

interface Table {
  readonly caption: string;
  readonly columns: readonly { readonly name: string; readonly unit?: string; readonly digits?: number }[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}
interface Section {
  readonly id: string;
  readonly title: string;
  readonly verdict: string;
  readonly findings: readonly string[];
  readonly tables: readonly Table[];
  readonly charts: readonly { readonly kind: 'bars' | 'lines'; readonly caption: string; readonly data: readonly unknown[] }[];
}
interface Report {
  readonly sections: readonly Section[];
  readonly results: readonly unknown[];
}

/** What the page says of one section, read in the browser. */
interface Shown {
  readonly title: string;
  readonly verdict: string;
  readonly findings: readonly string[];
  readonly tables: readonly { readonly caption: string; readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] }[];
  readonly charts: readonly { readonly caption: string; readonly bars: number; readonly dots: number; readonly names: readonly string[] }[];
}
const READ = (id: string): string => `(() => {
  const section = document.getElementById(${JSON.stringify(id)});
  const texts = (from, selector) => [...from.querySelectorAll(selector)].map((each) => each.textContent.trim());
  return {
    title: section.querySelector('h2').textContent,
    verdict: section.querySelector('.verdict').textContent,
    findings: texts(section, '.findings li'),
    tables: [...section.querySelectorAll('table')].map((table) => ({
      caption: table.caption.textContent,
      head: texts(table.tHead, 'th'),
      rows: [...table.tBodies[0].rows].map((row) => texts(row, 'td')),
    })),
    charts: [...section.querySelectorAll('.chart')].map((chart) => ({
      caption: chart.querySelector('figcaption').textContent,
      bars: chart.querySelectorAll('[aria-label="bar"] rect').length,
      dots: chart.querySelectorAll('[aria-label="dot"] circle').length,
      names: texts(chart, 'text'),
    })),
  };
})()`;

const WIDE: View = { width: 1280, height: 2400 };
const PHONE: View = { width: 390, height: 2400 };

let folder: string;
let url: string;
let report: Report;
let chromium: Chromium;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'paravirt-lab-page-'));
  const lab = ['lab', '--quick', '--no-image', '--workers', '0', '--only', 'suppression', 'timer', '--profile', '2009'];
  const { code, stderr } = await paravirt(...lab, '--out', folder);
  if (code !== 0) throw new Error(`paravirt lab ended with ${code}: ${stderr}`);
  report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Report;
  url = pathToFileURL(join(folder, 'report.html')).href;
  chromium = await Chromium.start();
});
afterAll(async () => {
  await chromium?.close();
  // For whoever wants to look at them: LAB_PAGE_PICTURES=DIR keeps the pictures.
  rmSync(folder, { recursive: true, force: true });
});

/** As the report means it: thousands grouped, digits as the column says, a dash for nothing. */
const shown = (cell: string | number | null, digits = 0): string =>
  cell === null
    ? '–'
    : typeof cell === 'number'
      ? cell.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace('-', '−')
      : cell;

function keep(name: string, picture: Buffer): void {
  const directory = process.env['LAB_PAGE_PICTURES'];
  if (directory !== undefined) writeFileSync(join(directory, name), picture);
}

describe('The page of the lab, in Chromium', () => {
  it('opens without an error, and asks for nothing but itself', async () => {
    await chromium.open(url, WIDE);
    expect(chromium.problems).toEqual([]);
    expect(chromium.requests).toEqual([url]);
    expect(await chromium.evaluate('document.compatMode')).toBe('CSS1Compat');
    expect(await chromium.evaluate('document.scripts.length')).toBe(0);
  });

  it('says what the report says: titles, verdicts, findings, captions, and every cell', async () => {
    await chromium.open(url, WIDE);
    expect(report.sections.map(({ id }) => id)).toEqual(['summary', 'suppression', 'timer']);
    for (const section of report.sections) {
      const page = await chromium.evaluate<Shown>(READ(section.id));
      expect(page.title).toBe(section.title);
      expect(page.verdict).toBe(section.verdict);
      expect(page.findings).toEqual(section.findings);
      expect(page.tables).toEqual(
        section.tables.map(({ caption, columns, rows }) => ({
          caption,
          head: columns.map(({ name, unit }) => (unit === undefined ? name : `${name} ${unit}`)),
          rows: rows.map((row) => row.map((cell, index) => shown(cell, columns[index]?.digits))),
        })),
      );
      expect(page.tables.length).toBeGreaterThan(0);
    }
  });

  it('draws a bar or a dot for every datum, with the names of the groups', async () => {
    await chromium.open(url, WIDE);
    for (const section of report.sections) {
      const page = await chromium.evaluate<Shown>(READ(section.id));
      expect(page.charts.map(({ caption, bars, dots }) => ({ caption, marks: bars + dots }))).toEqual(
        section.charts.map(({ caption, data }) => ({ caption, marks: data.length })),
      );
      for (const [index, { kind, data }] of section.charts.entries()) {
        if (kind === 'bars') for (const { x } of data as readonly { readonly x: string }[]) expect(page.charts[index]?.names).toContain(x);
      }
    }
    expect(report.sections.flatMap(({ charts }) => charts.map(({ kind }) => kind))).toEqual(expect.arrayContaining(['bars', 'lines']));
  });

  it('has a table of contents whose links lead to sections', async () => {
    await chromium.open(url, WIDE);
    const targets = await chromium.evaluate<readonly string[]>(
      `[...document.querySelectorAll('nav a')].map((link) => link.getAttribute('href'))`,
    );
    expect(targets).toEqual(['#summary', '#suppression', '#timer', '#prices', '#points']);
    expect(
      await chromium.evaluate(`[...document.querySelectorAll('nav a')].every((link) => document.querySelector(link.getAttribute('href')))`),
    ).toBe(true);
  });

  it('lists every point', async () => {
    await chromium.open(url, WIDE);
    expect(await chromium.evaluate(`document.querySelectorAll('#points tbody tr').length`)).toBe(report.results.length);
  });

  it.each([
    ['light', false],
    ['dark', true],
  ] as const)('is a picture in %s: paper, ink, and bars in their colours', async (name, dark) => {
    await chromium.open(url, { ...WIDE, dark });
    const top = await chromium.evaluate<number>(`document.querySelector('.chart').getBoundingClientRect().top + scrollY - 40`);
    const picture = await chromium.draw({ width: 1280, height: 1400 }, Math.max(0, Math.floor(top)));
    keep(`${name}.png`, picture);
    const { width, height, colours } = readPng(picture);
    expect([width, height]).toEqual([1280, 1400]);
    const variable = (variableName: string) =>
      chromium.evaluate<string>(`getComputedStyle(document.documentElement).getPropertyValue('--${variableName}').trim()`);
    const [paper, series] = [await variable('paper'), await variable('series-1')];
    const share = (colour: string): number => (colours.get(colour) ?? 0) / (width * height);
    expect(share(paper)).toBeGreaterThan(0.5);
    expect(share(paper)).toBeLessThan(0.98);
    expect(share(series)).toBeGreaterThan(0.002);
    expect(colours.size).toBeGreaterThan(100);
    expect(Number.parseInt(paper.slice(1, 3), 16) < 0x80).toBe(dark);
  });

  it('fits a phone: only tables are wider, and they scroll by themselves', async () => {
    await chromium.open(url, PHONE);
    keep('phone.png', await chromium.draw(PHONE, 900));
    expect(await chromium.evaluate('document.documentElement.scrollWidth')).toBe(PHONE.width);
    expect(
      await chromium.evaluate(
        `[...document.querySelectorAll('.chart svg.plot')].every((svg) => svg.getBoundingClientRect().right <= innerWidth)`,
      ),
    ).toBe(true);
    expect(await chromium.evaluate(`[...document.querySelectorAll('.scroll')].some((each) => each.scrollWidth > each.clientWidth)`)).toBe(
      true,
    );
  });
});
