/** Light, dark and printed. One accent; colours tell nothing that a word does not tell, too. */
export const style = `
:root {
  --ground: #fdfdfc; --ink: #1c242c; --soft: #5b6670; --line: #e3e6e8; --faint: #f4f5f4; --accent: #2a6a8c; --second: #b2622c;
  --good: #2c6e49; --bad: #b02a20; --open: #7a5a12;
  --kill: #b3392f; --pause: #7b55a3; --broker: #96600f; --database: #2a6a8c; --network: #2f7558; --carrier: #5f6670; --rolling: #9c4d73; --other: #4a4f55;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14181c; --ink: #e4e8eb; --soft: #9aa6b0; --line: #2b333a; --faint: #1b2126; --accent: #6fb3d4; --second: #e09a63;
    --good: #7cc49a; --bad: #f08a7f; --open: #d9b25f;
    --kill: #c4483d; --pause: #8c66b5; --broker: #a06a18; --database: #357a9f; --network: #378364; --carrier: #6b737d; --rolling: #ab5b82; --other: #6a7077;
  }
}
@media print {
  :root {
    --ground: #fff; --ink: #000; --soft: #444; --line: #ccc; --faint: #f6f6f6; --accent: #2a6a8c; --second: #b2622c;
    --good: #2c6e49; --bad: #b02a20; --open: #7a5a12;
    --kill: #b3392f; --pause: #7b55a3; --broker: #96600f; --database: #2a6a8c; --network: #2f7558; --carrier: #5f6670; --rolling: #9c4d73; --other: #4a4f55;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 1120px; padding: 3.5rem 1.5rem 5rem; background: var(--ground); color: var(--ink); font: 15px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; font-variant-numeric: tabular-nums; }
h1, h2 { font-family: "Iowan Old Style", Charter, "Palatino Linotype", Palatino, Georgia, serif; font-weight: 600; line-height: 1.15; letter-spacing: -0.01em; }
h1 { margin: 0.2rem 0 0.6rem; font-size: 2.9rem; }
h1.held { color: var(--good); } h1.broken { color: var(--bad); } h1.open { color: var(--open); }
h2 { margin: 3.2rem 0 0.8rem; font-size: 1.55rem; }
p { margin: 0.4rem 0 0.9rem; max-width: 46rem; }
.kicker { margin: 0; color: var(--soft); font-size: 0.82rem; letter-spacing: 0.06em; text-transform: uppercase; }
.lead { max-width: 44rem; font-size: 1.2rem; line-height: 1.5; }
.exhibit { border-left: 3px solid var(--open); padding-left: 0.9rem; }
.quiet { color: var(--soft); font-size: 0.87rem; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 0.9rem 2rem; margin: 1.8rem 0 0; border-top: 1px solid var(--line); padding-top: 1.1rem; }
dt { color: var(--soft); font-size: 0.78rem; } dd { margin: 0; }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: 0.9rem; }
th, td { padding: 0.38rem 0.9rem 0.38rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { color: var(--soft); font-size: 0.78rem; font-weight: 500; vertical-align: bottom; }
tbody th { font-weight: 600; white-space: nowrap; }
.n { text-align: right; white-space: nowrap; padding-right: 1.4rem; }
td.good, td.bad, td.open { white-space: nowrap; font-weight: 600; }
.good { color: var(--good); } .bad { color: var(--bad); } .open { color: var(--open); }
.remark { color: var(--soft); font-size: 0.85rem; }
.invariants td:nth-child(2) { min-width: 19rem; } .found td { padding-bottom: 0.9rem; } .found ul, .story ul { margin: 0.4rem 0 0.6rem; padding-left: 1.1rem; }
.id { color: var(--soft); font: 0.85em ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
.id.same { background: var(--accent); color: var(--ground); border-radius: 2px; }
.badge { display: inline-block; min-width: 4.8rem; padding: 0.05rem 0.5rem; border-radius: 3px; background: var(--f); color: #fff; font-size: 0.8rem; font-weight: 600; text-align: center; }
summary { cursor: pointer; padding: 0.3rem 0; } summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
code, pre { font: 0.9em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
pre { margin: 0.4rem 0 1.2rem; padding: 0.8rem 1rem; overflow-x: auto; background: var(--faint); border: 1px solid var(--line); border-radius: 4px; }
.readout { max-width: none; min-height: 3.1em; margin-bottom: 0.4rem; color: var(--soft); font-size: 0.87rem; }
.course { position: relative; min-width: 760px; } .course svg { display: block; width: 100%; height: auto; }
.panel { border-top: 1px solid var(--line); }
.cross { position: absolute; top: 0; bottom: 0; width: 1px; background: var(--ink); opacity: 0.55; pointer-events: none; }
svg text { font: 11px system-ui, -apple-system, "Segoe UI", sans-serif; fill: var(--ink); font-variant-numeric: tabular-nums; }
svg .name { font-size: 12.5px; font-weight: 600; } svg .tick, svg .unit, svg .when { fill: var(--soft); font-size: 10.5px; } svg .key { font-size: 11px; } svg .when, svg .beside { paint-order: stroke; stroke: var(--ground); stroke-width: 4px; stroke-linejoin: round; }
.grid { stroke: var(--line); } .milestone { stroke: var(--soft); stroke-dasharray: 3 3; }
.curve { fill: none; stroke-width: 1.7; stroke-linejoin: round; stroke-linecap: round; }
.c0 { stroke: var(--accent); } .c1 { stroke: var(--second); stroke-width: 1.4; stroke-dasharray: 5 3; }
.bar rect { fill: var(--f); } svg .in { fill: #fff; font-weight: 600; font-size: 10.5px; } svg .beside { font-size: 10.5px; }
.f-kill { --f: var(--kill); } .f-pause { --f: var(--pause); } .f-broker { --f: var(--broker); } .f-database { --f: var(--database); }
.f-network { --f: var(--network); } .f-carrier { --f: var(--carrier); } .f-rolling { --f: var(--rolling); } .f-other { --f: var(--other); }
.story { border-top: 1px solid var(--line); padding: 0.3rem 0; }
.lines { font-size: 0.83rem; line-height: 1.4; } .lines td, .lines th { padding: 0.16rem 0.5rem 0.16rem 0; border-bottom-color: var(--faint); }
.lines .n { padding-right: 0.8rem; } .lines td:last-child { overflow-wrap: anywhere; }
.place { width: 1.7rem; padding: 0; height: 5.2rem; } .place span { writing-mode: vertical-rl; transform: rotate(180deg); }
.dot { position: relative; } .dot i { display: block; width: 0.62rem; height: 0.62rem; margin: 0.27rem 0 0 0.15rem; border-radius: 50%; background: var(--d, var(--accent)); }
.k-request { --d: var(--ink); } .k-outbox, .k-record { --d: var(--second); } .k-handled { --d: var(--good); } .k-state, .k-label, .k-stock { --d: var(--soft); }
.k-fault, .k-parked, .k-letter { --d: var(--bad); } .k-fault td { background: var(--faint); }
@media print {
  body { max-width: none; padding: 0; font-size: 10pt; } h2 { margin-top: 1.6rem; break-after: avoid; }
  svg, tr, .badge { break-inside: avoid; } .bar rect, .badge, .dot i { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .readout, .cross { display: none; } .wide { overflow: visible; } .course { min-width: 0; } table { font-size: 8.5pt; } .lines { font-size: 7.5pt; } .invariants td:nth-child(2) { min-width: 0; } dl { grid-template-columns: repeat(3, 1fr); }
  th, td { padding-right: 0.6rem; } .panel { break-before: avoid; }
}
`;
