/**
 * A report as one page that needs nothing else: no network, no script. Equal reports give equal bytes.
 */
import { type PointResult, pointName, type Report, type Table } from '@paravirt/lab';
import { html, trusted } from './html-markup.ts';
import { badge, htmlSection, htmlTable } from './html-section.ts';
import { STYLE } from './html-style.ts';

export function renderHtml({ title, scope, version, profiles, sections, results }: Report): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p class="soft">${scope}. Lab version ${version}; ${results.length} points.</p>
<nav aria-label="Sections"><ol>
${sections.map((section) => html`<li><a href="#${section.id}">${section.title}</a>${badge(section.verdict)}</li>\n`)}<li><a href="#prices">Prices</a></li>
<li><a href="#points">All points</a></li>
</ol></nav>
</header>
<main>
${sections.map(htmlSection)}
<section id="prices">
<h2>Prices</h2>
<p class="soft">A price list turns counts into virtual time. Figures in time are as good as the prices that they are made with.</p>
<dl class="sources">${profiles.map((profile) => html`<dt>${profile.name}: ${profile.title}</dt>${profile.sources.map((source) => html`<dd>${source}</dd>`)}`)}</dl>
</section>
<section id="points">
<h2>All points</h2>
<p class="soft">What was measured at each point of the matrix; the sections are made of it.</p>
<details><summary>${results.length} points</summary>
${htmlTable(pointsTable(results))}
</details>
</section>
</main>
<footer></footer>
</body>
</html>
`.text;
}

/** Of counts, not of what is made of them. */
function pointsTable(results: readonly PointResult[]): Table {
  return {
    caption: 'Points',
    columns: [
      { name: 'Point' },
      { name: 'Elapsed', unit: 'virtual µs' },
      { name: 'Frames sent' },
      { name: 'Frames received' },
      { name: 'Exits' },
      { name: 'Interrupts' },
      { name: 'Doorbells' },
      { name: 'Spurious' },
      { name: 'Lost' },
      { name: 'Bytes copied' },
      { name: 'Host CPU', unit: 'µs' },
      { name: 'Guest CPU', unit: 'µs' },
      { name: 'Failed' },
    ],
    rows: results.map((result) => {
      if ('failed' in result) return [pointName(result.point), ...Array.from({ length: 11 }, () => null), result.failed];
      const { elapsed, frames, exits, interrupts, doorbells, lostInterrupts, copiedBytes, hostTime, guestTime } = result.measures;
      return [
        pointName(result.point),
        elapsed / 1e3,
        frames.transmitted,
        frames.received,
        Object.values(exits).reduce((sum, count) => sum + count, 0),
        interrupts,
        doorbells.rung,
        doorbells.spurious,
        doorbells.lost + lostInterrupts,
        copiedBytes,
        hostTime / 1e3,
        guestTime / 1e3,
        null,
      ];
    }),
  };
}
