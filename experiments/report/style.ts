/** Rules of an experiment's report behind those that every report has: series' colours, grids, buttons. */
export const experimentStyle = `
:root { --s0: #2563c9; --s1: #b4590c; --s2: #15803d; --s3: #a21caf; --s4: #0e7490; --s5: #b91c1c; --s6: #4d7c0f; --s7: #6d5bd0;
  --s8: #be185d; --s9: #57534e; --s10: #a16207; --s11: #0369a1; }
@media (prefers-color-scheme: dark) {
  :root { --s0: #78a9f7; --s1: #eba25c; --s2: #6fcf8e; --s3: #e291ea; --s4: #5cc9dd; --s5: #f58a8a; --s6: #b4d45f; --s7: #a99cf5;
    --s8: #f387b6; --s9: #b8b2ab; --s10: #e0be4e; --s11: #6cc3f0; }
}
.s0 { --own: var(--s0); } .s1 { --own: var(--s1); } .s2 { --own: var(--s2); } .s3 { --own: var(--s3); }
.s4 { --own: var(--s4); } .s5 { --own: var(--s5); } .s6 { --own: var(--s6); } .s7 { --own: var(--s7); }
.s8 { --own: var(--s8); } .s9 { --own: var(--s9); } .s10 { --own: var(--s10); } .s11 { --own: var(--s11); }
.series .curve { stroke: var(--own); } .series .dot { fill: var(--own); } .bar { stroke: var(--own); stroke-width: 1; }
.s1 .curve { stroke-dasharray: 7 3; } .s2 .curve { stroke-dasharray: 2 4; } .s3 .curve { stroke-dasharray: 9 3 2 3; }
.s5 .curve { stroke-dasharray: 7 3; } .s6 .curve { stroke-dasharray: 2 4; } .s7 .curve { stroke-dasharray: 9 3 2 3; }
.s9 .curve { stroke-dasharray: 7 3; } .s10 .curve { stroke-dasharray: 2 4; } .s11 .curve { stroke-dasharray: 9 3 2 3; }
.charts { grid-template-columns: repeat(auto-fill, minmax(min(440px, 100%), 1fr)); }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 2px 14px; margin: 0; padding: 4px 0 6px; font-size: 13px; }
.legend li::before { content: ""; display: inline-block; width: 16px; border-top: 3px solid var(--own); margin-right: 6px; vertical-align: middle; }
.grid { width: auto; } .grid th { white-space: normal; text-align: left; vertical-align: middle; font-size: 13px; color: var(--ink); overflow-wrap: anywhere; }
.grid thead th { vertical-align: bottom; } .grid td { padding: 4px 8px 4px 0; border: 0; vertical-align: top; text-align: left; }
.grid th:first-child { position: sticky; left: 0; background: var(--page); min-width: 64px; max-width: 180px; padding-right: 10px; z-index: 1; }
.grid .corner { white-space: nowrap; font-weight: 400; } .grid th.corner:first-child { max-width: none; }
.facet .grid th:first-child { background: var(--card); }
.grid img, .grid .missing { width: var(--side); min-width: var(--side); }
.grid figcaption, .missing { font-size: 12px; color: var(--soft); white-space: normal; }
.grid figcaption span { color: inherit; margin-right: 8px; }
.missing { border: 1px dashed var(--line); border-radius: 4px; padding: 8px; margin: 0; min-height: 64px; overflow-wrap: anywhere; }
button { font: inherit; font-size: 13px; color: inherit; background: none; border: 1px solid var(--line); border-radius: 4px; padding: 2px 8px; cursor: pointer; }
.grid button { display: block; padding: 0; border: 0; }
button:focus-visible { outline: 2px solid var(--curve); outline-offset: 2px; }
#copied { position: fixed; left: 50%; bottom: 16px; transform: translateX(-50%); max-width: min(720px, 92vw); max-height: 40vh; overflow: auto; margin: 0; padding: 8px 14px;
  background: var(--ink); color: var(--page); border-radius: 8px; font-size: 13px; overflow-wrap: anywhere; visibility: hidden; }
#copied.shown { visibility: visible; }
.stages small { color: var(--soft); } .stages th:first-child, .cells td:first-child { white-space: normal; overflow-wrap: anywhere; min-width: 90px; }
.stages th:first-child { min-width: 130px; font-size: 13px; }
.stages thead th[class] { border-bottom: 3px solid var(--own); }
.share { width: 140px; height: 10px; border-radius: 3px; } .share rect { fill: var(--own); }
.cells thead th { text-align: left; } .cells td { text-align: left; max-width: 320px; white-space: normal; overflow-wrap: anywhere; }
.description { max-width: 70ch; margin-top: 8px; white-space: pre-line; }
@media (max-width: 600px) {
  main { padding: 20px 14px 48px; }
  .charts svg text { font-size: 15px; }
  .grid .corner { font-size: 11px; }
  .grid img, .grid .missing { width: min(var(--side), 128px); min-width: 96px; }
  .grid th:first-child { max-width: 108px; font-size: 12px; }
}
`;
