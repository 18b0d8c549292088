/**
 * The status page itself: one self-contained document that asks for /status.json every second.
 * Values from the network are set as text, never as markup.
 */
import { createHash } from 'node:crypto';

const STYLE = `
:root { color-scheme: light dark; --ink: #1c1f26; --soft: #667085; --line: #d9dde5; --card: #fff; --back: #f4f5f8; --good: #1a7f4b; --bad: #c2352b; --warn: #a86400 }
@media (prefers-color-scheme: dark) { :root { --ink: #e7eaf0; --soft: #98a2b3; --line: #2d333f; --card: #1a1e26; --back: #12151b; --good: #4cc38a; --bad: #ff7b72; --warn: #e3a93c } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 64rem; padding: 1.5rem; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back) }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .75rem }
h1 { margin: 0; font-size: 1.5rem } h2 { margin: 0 0 .5rem; font-size: .8rem; letter-spacing: .06em; text-transform: uppercase; color: var(--soft) }
#state { padding: .1rem .6rem; border-radius: 1rem; font-weight: 600; color: #fff; background: var(--soft) }
#state.good { background: var(--good) } #state.bad { background: var(--bad) }
.soft { color: var(--soft) }
#cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: 1rem; margin: 1.25rem 0 }
section { padding: 1rem; border: 1px solid var(--line); border-radius: .6rem; background: var(--card); overflow-x: auto; margin-bottom: 1rem }
#cards section { margin: 0 }
dl { display: grid; grid-template-columns: auto 1fr; gap: .15rem .9rem; margin: 0 } dt { color: var(--soft) } dd { margin: 0; text-align: right; font-variant-numeric: tabular-nums; overflow-wrap: anywhere }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums } th, td { padding: .3rem .5rem; text-align: right; white-space: nowrap; border-top: 1px solid var(--line) } th { border: 0; font-weight: 500; color: var(--soft) } th:first-child, td:first-child, th:nth-child(2), td:nth-child(2) { text-align: left }
ul { margin: .5rem 0 0; padding-left: 1.2rem; color: var(--bad) } ul:empty { display: none }
#log { margin: 0; font: 12.5px/1.6 ui-monospace, monospace; white-space: pre-wrap; max-height: 22rem; overflow-y: auto } .warn { color: var(--warn) } .error { color: var(--bad) }
`;

const SCRIPT = `
const at = (id) => document.getElementById(id);
const make = (tag, text, kind) => { const e = document.createElement(tag); if (text !== undefined) e.textContent = text; if (kind) e.className = kind; return e };
const ms = (us) => us === undefined || us === null ? '\\u2013' : (us / 1000).toFixed(us < 10000 ? 1 : 0) + ' ms';
const share = (x) => (100 * x).toFixed(x < 0.1 ? 1 : 0) + ' %';
const list = (names) => names.length ? names.join(', ') : 'none';
const span = (us) => { let s = Math.floor(us / 1e6); const d = Math.floor(s / 86400), h = Math.floor(s / 3600) % 24, m = Math.floor(s / 60) % 60; s %= 60; return d ? d + ' d ' + h + ' h' : h ? h + ' h ' + m + ' min' : m ? m + ' min ' + s + ' s' : s + ' s' };
const facts = (id, pairs) => at(id).replaceChildren(...pairs.flatMap(([k, v]) => [make('dt', k), make('dd', String(v))]));
function show(s) {
  document.title = s.name + ' \\u00b7 togthr';
  at('name').textContent = s.name;
  at('about').textContent = 'togthr ' + s.version + ' \\u00b7 up ' + span(s.uptime);
  at('state').textContent = s.health.ok ? 'healthy' : 'needs attention';
  at('state').className = s.health.ok ? 'good' : 'bad';
  at('problems').replaceChildren(...s.health.problems.map((p) => make('li', p)));
  facts('session', s.session ? [['name', s.session.name], ['mode', s.session.mode], ['tempo', s.session.bpm.toFixed(1) + ' bpm'], ['timeline', s.session.playing ? 'playing' : 'stopped'], ['beat', s.session.time ? s.session.time.words : ''], ['others', s.participants.length]] : [['', 'in no session']]);
  facts('midi', [['inputs', list(s.midi.inputs)], ['outputs', list(s.midi.outputs)], ['played', s.midi.events], ['held back', s.midi.filtered], ['faults', s.midi.faults]]);
  facts('output', [['sent', s.output.sent], ['sounding', s.output.sounding], ['late', s.output.late], ['dropped', s.output.dropped], ['priority', s.output.priority]]);
  facts('rtp', [['UDP port', s.rtp.port], ['datagrams', s.rtp.datagrams], ['faults', s.rtp.faults], ['passed on', s.rtp.passedOn], ['event loop p99', ms(s.eventLoopLag.p99)]]);
  at('peers').replaceChildren(...s.participants.map((p) => { const row = make('tr'); row.append(...[p.name + (p.connected ? '' : ' (gone)'), p.role ?? '', ms(p.delayP50), ms(p.delayP95), ms(p.jitter), ms(p.rtt), share(p.loss), p.recovered, p.late, p.dropped].map((v) => make('td', String(v)))); return row }));
  at('alone').hidden = s.participants.length > 0;
  at('log').replaceChildren(...s.log.slice().reverse().map((l) => make('div', new Date(l.at).toLocaleTimeString() + '  ' + l.message + (Object.keys(l.fields).length ? '  ' + JSON.stringify(l.fields) : ''), l.level)));
}
async function refresh() {
  try { show(await (await fetch('/status.json')).json()) }
  catch { at('state').textContent = 'no answer'; at('state').className = 'bad' }
  setTimeout(refresh, 1000);
}
refresh();
`;

const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64');

/** Only what is in the document may run. */
export const STATUS_PAGE_POLICY: string = [
  "default-src 'none'",
  "connect-src 'self'",
  'img-src data:',
  `style-src 'sha256-${hashOf(STYLE)}'`,
  `script-src 'sha256-${hashOf(SCRIPT)}'`,
  "frame-ancestors 'none'",
].join('; ');

export const STATUS_PAGE: string = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>togthr</title>
<style>${STYLE}</style>
<header><h1 id="name">togthr</h1><span id="state">asking</span><span id="about" class="soft"></span></header>
<ul id="problems"></ul>
<div id="cards">
<section><h2>Session</h2><dl id="session"></dl></section>
<section><h2>MIDI</h2><dl id="midi"></dl></section>
<section><h2>Output</h2><dl id="output"></dl></section>
<section><h2>Network</h2><dl id="rtp"></dl></section>
</div>
<section><h2>Participants</h2>
<table><thead><tr><th>name<th>role<th>delay p50<th>p95<th>jitter<th>round trip<th>loss<th>repaired<th>late<th>dropped</tr></thead><tbody id="peers"></tbody></table>
<p id="alone" class="soft">Nobody else is here.</p></section>
<section><h2>Log</h2><div id="log"></div></section>
<script>${SCRIPT}</script>
</html>
`;
