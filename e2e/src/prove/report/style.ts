/** Light and dark, screen and paper; no font and no picture from elsewhere. */
export const style = `
:root { color-scheme: light dark; --ink: #1d2733; --pale: #66727f; --line: #dfe4ea; --page: #fbfcfd; --panel: #ffffff;
  --good: #1d7a46; --bad: #b3261e; --maybe: #8a6100; --c0: #1f6f9f; --c1: #c05f1c;
  --kill: #b3261e; --pause: #7a5c99; --broker: #c05f1c; --database: #1f6f9f; --network: #2f7d6b; --carrier: #8a6100; --rolling: #556270; }
@media (prefers-color-scheme: dark) { :root { --ink: #e3e9ef; --pale: #9aa7b4; --line: #303a45; --page: #12171c; --panel: #191f26;
  --good: #5fc98a; --bad: #ff8a80; --maybe: #e3b341; --c0: #6bb6e0; --c1: #f0a066;
  --kill: #ff8a80; --pause: #bda3dc; --broker: #f0a066; --database: #6bb6e0; --network: #6fcbb4; --carrier: #e3b341; --rolling: #a9b6c3; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 40px 28px 80px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 6px; letter-spacing: -0.01em; }
h1.good { color: var(--good); } h1.bad { color: var(--bad); }
h2 { font-size: 18px; margin: 44px 0 12px; }
p.lead { margin: 0 0 20px; color: var(--pale); max-width: 75ch; }
dl.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 1px; margin: 20px 0 0; background: var(--line); border: 1px solid var(--line); border-radius: 6px; overflow: hidden; }
dl.facts div { background: var(--panel); padding: 10px 14px; } dt { color: var(--pale); font-size: 12px; } dd { margin: 0; font-size: 18px; font-variant-numeric: tabular-nums; }
.panel { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: 16px 18px; }
svg { display: block; width: 100%; height: auto; margin: 2px 0 10px; font: 11px system-ui, sans-serif; } svg text { fill: var(--ink); }
svg .grid { stroke: var(--line); } svg .tick, svg .unit, svg .lane { fill: var(--pale); } svg .title { font-size: 12px; font-weight: 600; } svg .unit { font-weight: 400; }
svg .moment { stroke: var(--pale); stroke-dasharray: 2 3; } svg .curve { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
svg .c0 { stroke: var(--c0); } svg .c1 { stroke: var(--c1); } svg text.c0 { fill: var(--c0); stroke: none; } svg text.c1 { fill: var(--c1); stroke: none; }
svg .fault text { font-size: 10px; fill: currentColor; } svg .fault rect { fill: currentColor; opacity: 0.85; } svg .recovery { stroke: currentColor; stroke-width: 2; stroke-dasharray: 1 2; }
.kill { color: var(--kill); } .pause { color: var(--pause); } .broker { color: var(--broker); } .database { color: var(--database); } .network { color: var(--network); } .carrier { color: var(--carrier); } .rolling { color: var(--rolling); }
.dot { display: inline-block; width: 9px; height: 9px; border-radius: 2px; background: currentColor; margin-right: 7px; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; background: var(--panel); border: 1px solid var(--line); font-size: 14px; }
th, td { text-align: left; vertical-align: top; padding: 6px 12px; border-bottom: 1px solid var(--line); } th { color: var(--pale); font-weight: 500; font-size: 12px; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.mark { font-weight: 600; white-space: nowrap; } .holds { color: var(--good); } .broken { color: var(--bad); } .not-checked { color: var(--maybe); }
.remark { color: var(--pale); font-size: 12.5px; } td ul { margin: 4px 0 2px; padding-left: 18px; } .kind { color: var(--pale); } .charge { color: var(--bad); margin: 6px 0; }
details { margin: 8px 0; } summary { cursor: pointer; font-family: ui-monospace, monospace; font-size: 13px; padding: 6px 0; }
code, pre { font: 13px ui-monospace, "SF Mono", Menlo, monospace; } pre { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: 12px 14px; overflow-x: auto; }
@media print { body { background: #fff; } main { padding: 0; max-width: none; } h2 { break-after: avoid; } tr, svg { break-inside: avoid; } }
`;
