/** The page's only style sheet. Colour means state, and never stands alone: a word or a sign says the same. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --back: #f6f7f9; --card: #ffffff; --text: #1b1f24; --dim: #59636e; --line: #d5dae0; --accent: #0b5cad;
  --good: #1a7f37; --wait: #8a5a00; --bad: #b42318; --good-back: #e6f4ea; --wait-back: #fdf3dc; --bad-back: #fdebe9;
  --fill: #3f8fd9; --held: #0b5cad; --todo: #e3e7ec;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #0f1317; --card: #181d23; --text: #e6e9ed; --dim: #9aa5b1; --line: #2e3640; --accent: #7ab7f5;
    --good: #5cc97b; --wait: #e3b04b; --bad: #ff8f84; --good-back: #14291b; --wait-back: #2c2412; --bad-back: #331a18;
    --fill: #4b95dd; --held: #9fccfa; --todo: #29313a;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
a { color: var(--accent); }
a:focus-visible, button:focus-visible, input:focus-visible, select:focus-visible, summary:focus-visible,
[tabindex]:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
.skip { position: absolute; left: -999px; }
.skip:focus { left: 8px; top: 8px; background: var(--card); padding: 8px; z-index: 1; }
header.site { display: flex; flex-wrap: wrap; gap: 4px 16px; align-items: baseline; padding: 12px 20px; border-bottom: 1px solid var(--line); background: var(--card); }
header.site .name { font-weight: 700; font-size: 17px; text-decoration: none; color: var(--text); }
header.site .live { margin-left: auto; color: var(--dim); font-size: 13px; }
main { max-width: 1080px; margin: 0 auto; padding: 16px 20px 40px; }
h1 { font-size: 22px; line-height: 1.25; margin: 8px 0 4px; overflow-wrap: anywhere; }
h1.mono { font-size: 20px; }
h2 { font-size: 16px; margin: 0 0 8px; }
h3 { font-size: 14px; margin: 12px 0 4px; }
p { margin: 4px 0; }
code, pre, .mono { font-family: ui-monospace, monospace; font-size: 13px; }
code { overflow-wrap: anywhere; }
pre { margin: 4px 0; padding: 8px; background: var(--back); border: 1px solid var(--line); border-radius: 6px; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
.dim { color: var(--dim); }
.empty { display: none; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px 16px; margin: 12px 0; }
.banner { border-left: 6px solid var(--accent); font-size: 17px; }
.banner.good { border-left-color: var(--good); background: var(--good-back); }
.banner.wait { border-left-color: var(--wait); background: var(--wait-back); }
.banner.bad { border-left-color: var(--bad); background: var(--bad-back); }
.banner p + p { font-size: 15px; }
.tag { display: inline-block; padding: 1px 8px; border-radius: 999px; border: 1px solid currentColor; font-size: 12px; font-weight: 600; white-space: nowrap; }
.good { color: var(--good); } .wait { color: var(--wait); } .bad { color: var(--bad); }
.banner, .banner.good, .banner.wait, .banner.bad { color: var(--text); }
ol.stepper { list-style: none; display: grid; grid-template-columns: repeat(6, 1fr); gap: 6px; padding: 0; margin: 0; }
ol.stepper li { border-top: 4px solid var(--todo); padding-top: 6px; font-size: 13px; }
ol.stepper li.past { border-top-color: var(--good); }
ol.stepper li.now { border-top-color: var(--accent); font-weight: 700; }
ol.stepper small { display: block; color: var(--dim); font-weight: 400; }
progress { appearance: none; width: 100%; height: 14px; border: 0; border-radius: 4px; background: var(--todo); overflow: hidden; }
progress::-webkit-progress-bar { background: var(--todo); }
progress::-webkit-progress-value { background: var(--fill); }
progress::-moz-progress-bar { background: var(--fill); }
dl.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 8px 16px; margin: 8px 0 0; }
dl.facts dt { color: var(--dim); font-size: 12px; } dl.facts dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(280px, 1fr)); gap: 12px; }
figure { margin: 0; } figcaption { font-size: 13px; color: var(--dim); }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--dim); font: 11px system-ui, sans-serif; }
svg .axis { stroke: var(--line); } svg .limit { stroke: var(--bad); stroke-dasharray: 4 3; }
svg .series { fill: none; stroke: var(--fill); stroke-width: 2; stroke-linejoin: round; vector-effect: non-scaling-stroke; }
svg .dot { fill: var(--fill); }
svg .todo { fill: var(--todo); } svg .done { fill: var(--fill); } svg .held { fill: var(--held); }
.key { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin: 0 4px 0 10px; }
.key.todo { background: var(--todo); } .key.done { background: var(--fill); } .key.held { background: var(--held); }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { text-align: left; vertical-align: top; padding: 6px 10px 6px 0; border-top: 1px solid var(--line); overflow-wrap: break-word; }
td.free { overflow-wrap: anywhere; }
thead th { border-top: 0; color: var(--dim); font-size: 12px; font-weight: 600; }
td.when { white-space: nowrap; color: var(--dim); font-variant-numeric: tabular-nums; }
.actions { display: flex; flex-wrap: wrap; gap: 8px; margin: 8px 0 0; padding: 0; list-style: none; }
.button, button { display: inline-block; min-height: 40px; padding: 8px 14px; border-radius: 8px; border: 1px solid var(--line); background: var(--back); color: var(--text); font: inherit; text-decoration: none; cursor: pointer; }
.button.main, button.main { background: var(--accent); border-color: var(--accent); color: var(--card); font-weight: 600; }
.button.danger, button.danger { border-color: var(--bad); color: var(--bad); background: var(--card); font-weight: 600; }
form .field { margin: 12px 0; } form label { display: block; font-weight: 600; }
form input[type=text], form input[type=password], form input[type=number], form select, form textarea { width: 100%; max-width: 560px; padding: 8px; border: 1px solid var(--dim); border-radius: 6px; background: var(--card); color: var(--text); font: inherit; }
ul.list { list-style: none; padding: 0; margin: 0; }
ul.list > li { border-top: 1px solid var(--line); padding: 10px 0; } ul.list > li:first-child { border-top: 0; }
.row { display: flex; flex-wrap: wrap; gap: 2px 12px; align-items: baseline; }
.row a, .row .mono { overflow-wrap: anywhere; }
summary { cursor: pointer; }
footer { color: var(--dim); font-size: 13px; padding: 12px 20px; text-align: center; }
.wide { overflow-x: auto; }
@media (max-width: 640px) {
  main { padding: 8px 12px 32px; } .card { padding: 12px; }
  ol.stepper { grid-template-columns: repeat(3, 1fr); }
  table, tbody, tr, td, tbody th { display: block; } thead { position: absolute; left: -9999px; }
  tr { border-top: 1px solid var(--line); padding: 8px 0; } td, tbody th { border: 0; padding: 1px 0; }
  td[data-label]::before { content: attr(data-label) ': '; color: var(--dim); }
  .actions > li, .actions .button, .actions button { width: 100%; text-align: center; }
}
`;
