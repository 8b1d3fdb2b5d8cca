/** How the page looks: one column on a phone, contents beside it on a wide screen, dark if the reader’s system is, and fit to be printed. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fdfdfc; --ink: #1c1f23; --soft: #5a626c; --line: #d9dce0; --shade: #f3f4f5; --accent: #1f5fa8;
  --holds: #1f7a3f; --part: #9a6100; --not: #b3261e; --record: #5a626c;
  --series-1: #2f6db3; --series-2: #d9782d; --series-3: #3d9140; --series-4: #a9449b;
  --series-5: #b8403a; --series-6: #4f9fa8; --series-7: #8a7a2e; --series-8: #6d6fb8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #16181c; --ink: #e4e6e9; --soft: #9aa3ad; --line: #353a41; --shade: #1f2227; --accent: #82b4ee;
    --holds: #6cc98a; --part: #e3b04b; --not: #f08a80; --record: #9aa3ad;
    --series-1: #6fa8e6; --series-2: #f0a060; --series-3: #74c078; --series-4: #d58aca;
    --series-5: #e8837c; --series-6: #7fc8d0; --series-7: #cdbb68; --series-8: #a5a7e6;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, "DejaVu Sans", sans-serif; overflow-wrap: break-word; }
header, main, footer { max-width: 72rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2.5rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .4rem; letter-spacing: -.01em; }
h2 { font-size: 1.4rem; line-height: 1.25; margin: 0 0 .8rem; }
p { margin: 0 0 .8rem; max-width: 68ch; }
a { color: var(--accent); text-decoration-thickness: .06em; text-underline-offset: .15em; }
.soft { color: var(--soft); }
section { border-top: 1px solid var(--line); margin-top: 2.75rem; padding-top: 1.75rem; }
.eyebrow { display: flex; flex-wrap: wrap; gap: .3rem .9rem; align-items: center; font-size: .85rem; color: var(--soft); margin-bottom: .35rem; }
.verdict { display: inline-block; font-size: .78rem; font-weight: 600; line-height: 1.5; padding: 0 .6em; border: 1px solid currentColor; border-radius: 1em; white-space: nowrap; }
.holds { color: var(--holds); } .part { color: var(--part); } .not { color: var(--not); } .record { color: var(--record); }
nav ol { list-style: none; margin: 0; padding: 0; }
nav li { display: flex; justify-content: space-between; align-items: baseline; gap: 1rem; padding: .3rem 0; border-bottom: 1px solid var(--line); }
nav a { text-decoration: none; } nav a:hover { text-decoration: underline; }
.debate { display: grid; gap: .75rem 2rem; margin: 0 0 1.1rem; }
.debate div { border-left: 3px solid var(--line); padding-left: .9rem; }
.debate dt { font-size: .85rem; color: var(--soft); } .debate dd { margin: 0; max-width: 62ch; }
.findings { margin: 0 0 1.25rem; padding-left: 1.2rem; max-width: 72ch; }
.findings li { margin-bottom: .45rem; }
.findings li:first-child { font-weight: 600; }
.scroll { overflow-x: auto; margin: 0 0 1.5rem; }
table { border-collapse: collapse; font-size: .875rem; line-height: 1.4; min-width: 60%; }
caption { text-align: left; font-weight: 600; padding: .2rem 0 .4rem; }
caption span { position: sticky; left: 0; display: inline-block; max-width: min(100%, calc(100vw - 2.5rem)); }
th, td { padding: .32rem .7rem; text-align: left; vertical-align: top; }
th { font-weight: 600; vertical-align: bottom; border-bottom: 2px solid var(--line); color: var(--soft); }
th .unit { font-weight: 400; white-space: nowrap; }
td { border-bottom: 1px solid var(--line); min-width: 4.5em; }
td:first-child, th:first-child { padding-left: 0; }
.n { text-align: right; font-variant-numeric: tabular-nums lining-nums; }
td.n, td.short { white-space: nowrap; }
tr.again td:first-child { color: var(--soft); }
td.long { min-width: 18em; }
.charts { display: grid; gap: 1.5rem 2.5rem; margin: 0 0 1.5rem; }
figure { margin: 0; min-width: 0; break-inside: avoid; }
figcaption { font-weight: 600; font-size: .875rem; margin-bottom: .5rem; }
.chart figure { max-width: 100% !important; }
.chart svg.plot { max-width: 100%; height: auto; overflow: visible; }
.plot { --plot-background: transparent; }
.plot-swatches { font-size: 12px !important; min-height: 0 !important; margin-bottom: .5rem !important; }
details { margin-top: 1rem; } summary { cursor: pointer; color: var(--accent); }
.sources { font-size: .875rem; } .sources dt { font-weight: 600; margin-top: .6rem; } .sources dd { margin: 0; color: var(--soft); }
code { font: .9em ui-monospace, "DejaVu Sans Mono", monospace; }
footer { padding-bottom: 3rem; }
@media (min-width: 62rem) {
  .debate { grid-template-columns: 1fr 1fr; }
  .charts { grid-template-columns: repeat(auto-fit, minmax(30rem, 1fr)); }
  .charts figure { max-width: 36rem; }
}
@media (max-width: 34rem) {
  body { font-size: 15px; } h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; }
  header, main, footer { padding-left: 1rem; padding-right: 1rem; }
  nav li { flex-direction: column; gap: .1rem; }
}
@media print {
  :root { color-scheme: light; }
  body { font-size: 10pt; } header, main, footer { max-width: none; padding: 0; }
  .scroll { overflow: visible; } table { font-size: 8pt; } tr { break-inside: avoid; } h2, caption, figcaption { break-after: avoid; }
  details, nav { display: none; }
}
`;
