/** The style sheet of a report: one column, colours of the system's light or dark scheme. */
export const reportStyle = `
:root {
  color-scheme: light dark;
  --page: #fbfbfa; --card: #ffffff; --ink: #1c1d21; --soft: #63666f; --line: #e3e3e0; --curve: #2563c9; --raw: #2563c93d; --mark: #b4590c;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #151619; --card: #1d1f23; --ink: #e9e9ec; --soft: #a0a4ae; --line: #33363d; --curve: #78a9f7; --raw: #78a9f74d; --mark: #eba25c;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1040px; margin: 0 auto; padding: 32px 20px 64px; }
h1, h2, h3, p, figure, dl, dd { margin: 0; }
h1 { font-size: 28px; line-height: 1.2; overflow-wrap: anywhere; }
h2 { font-size: 20px; margin-top: 48px; }
h2 small { font-size: 15px; font-weight: 400; color: var(--soft); margin-left: 6px; }
h3 { font-size: 15px; margin-top: 24px; }
a { color: inherit; text-decoration-color: var(--curve); text-underline-offset: 3px; }
.over, .note, .facts, figcaption span { color: var(--soft); }
.over { font-size: 13px; }
section > .note { margin-top: 12px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(260px, 45%), 1fr)); gap: 12px; margin: 24px 0; }
.tiles > div, .chart, .strip, .sample, details { background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
.tiles > div { padding: 10px 14px; }
dt { font-size: 13px; color: var(--soft); }
dd { font-size: 18px; font-weight: 600; overflow-wrap: anywhere; }
dd.note { font-size: 13px; font-weight: 400; }
.facts { margin-top: 4px; }
.facts span + span::before { content: "· "; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 12px 6px 0; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child, .text th, .text td { text-align: left; }
.text td { white-space: normal; overflow-wrap: anywhere; }
.text td:last-child { width: 70%; }
thead th { font-size: 13px; font-weight: 400; color: var(--soft); }
tbody th { font-weight: 600; }
.text tbody th { font-weight: 400; color: var(--soft); }
.scroll { overflow-x: auto; margin-top: 12px; }
.chart { padding: 10px 12px 4px; overflow-x: auto; }
.chart.large { margin-top: 16px; }
.chart figcaption { font-size: 13px; }
.chart svg { display: block; width: 100%; height: auto; margin-top: 4px; }
.chart.large svg { min-width: 640px; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 12px; margin-top: 12px; }
svg text { font: 11px system-ui, sans-serif; fill: var(--soft); font-variant-numeric: tabular-nums; }
svg path { fill: none; vector-effect: non-scaling-stroke; }
.rule { stroke: var(--line); stroke-width: 1; }
.axis, .tick { stroke: var(--soft); stroke-width: 1; }
.raw { stroke: var(--raw); stroke-width: 1; stroke-linejoin: round; }
.curve { stroke: var(--curve); stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.dot { fill: var(--curve); }
.mark { stroke: var(--mark); stroke-width: 1; stroke-dasharray: 4 3; }
.sample { margin-top: 8px; padding: 12px; }
.sample figcaption, .strip figcaption { font-size: 13px; color: var(--soft); margin-top: 6px; }
img { display: block; max-width: 100%; height: auto; border-radius: 4px; }
.prompts { columns: 3 220px; margin: 12px 0 0; padding-left: 28px; font-size: 13px; }
.prompts li { overflow-wrap: anywhere; break-inside: avoid; }
.strip { display: grid; grid-template-columns: repeat(auto-fill, minmax(215px, 1fr)); gap: 12px; margin-top: 12px; padding: 12px; }
.strip img { width: 100%; }
details { margin-top: 12px; padding: 10px 14px; }
summary { cursor: pointer; }
pre { overflow-x: auto; margin: 10px 0 0; font: 12.5px/1.5 ui-monospace, monospace; }
@media print { .chart, figure, tr { break-inside: avoid; } }
`;
