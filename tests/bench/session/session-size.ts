/**
 * How many boxes one session carries, and what that costs.
 *
 *   npx tsx tests/bench/session/session-size.ts [--boxes 16] [--rate 10] [--seconds 180] [--mesh 16] [--json]
 *
 * Each box is a whole one in a process of its own, with real WebRTC on loopback; all of them on this machine. Everybody
 * plays `--rate` events a second. Delay is from the player's MIDI input to the arrival at each listener, before the
 * de-jitter buffer. Up to `--mesh` boxes are linked each with each; beyond it two pass packets on, and what that adds is
 * told by comparing those pairs with the pairs that have a link.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Histogram } from '../../../runtime/core/histogram.ts';
import { differences } from '../rtp/state-sheet.ts';
import type { SessionLook, SessionOrder, SessionReport } from './session-box.ts';

const { values } = parseArgs({
  options: {
    boxes: { type: 'string', default: '16' },
    rate: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '180' },
    mesh: { type: 'string', default: '0' },
    warm: { type: 'string', default: '30' },
    profile: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
});
const count = Number(values.boxes);
const perSecond = Number(values.rate);
const seconds = Number(values.seconds);
/** Below those that the system gives out by itself. */
const BASE_PORT = 21_000;
/** From the first who plays to when it is measured: what runs for the first time is slow. */
const warmMs = Number(values.warm) * 1_000;
const PATIENCE_MS = 120_000;
const SETTLING_MS = 5_000;
const JOIN_TRIES = 5;
const wait = (ms: number): Promise<void> => new Promise((next) => setTimeout(next, ms));
const program = fileURLToPath(new URL('./session-box.ts', import.meta.url));

type Answer =
  | SessionLook
  | SessionReport
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly text: string };

/** Resolves with what it tells, or when it is done. */
async function order(child: ChildProcess, what: SessionOrder): Promise<Answer> {
  child.send(what);
  const [answer] = (await once(child, 'message')) as [Answer];
  if (answer.kind === 'failed') throw new Error(`${what.kind}: ${answer.text}`);
  if (answer.kind !== 'done') await once(child, 'message');
  return answer;
}

const all = (what: SessionOrder): Promise<Answer[]> =>
  Promise.all(children.map((child) => order(child, what)));

const looks = async (): Promise<readonly SessionLook[]> =>
  (await all({ kind: 'look' })).filter((answer) => answer.kind === 'look');

/** Pairs what was sent with what arrived, by their running numbers; what is missing is passed over. */
function record(source: SessionReport, to: SessionReport, into: Histogram): void {
  const came = to.arrivals[source.box] ?? { at: [], stamp: [] };
  let next = 0;
  for (const [i, stamp] of came.stamp.entries()) {
    while (next < source.sent.stamp.length && source.sent.stamp[next] !== stamp) next++;
    const ms = (came.at[i] ?? 0) - (source.sent.at[next++] ?? Number.NaN);
    if (ms >= 0 && (came.at[i] ?? 0) - ms >= from) into.record(ms * 1_000);
  }
}

/**
 * On machines of their own, those who pass on for everybody would not wait for the others' processors; here they go first.
 * Only root may; else they wait like everybody.
 */
function prefer({ pid }: ChildProcess): void {
  for (const thread of fs.readdirSync(`/proc/${pid}/task`)) {
    try {
      os.setPriority(Number(thread), os.constants.priority.PRIORITY_HIGHEST);
    } catch {
      return;
    }
  }
}

const forwarding: ChildProcess[] = [];
const children: ChildProcess[] = [];
for (let index = 1; index <= count; index++) {
  const profiling = [
    '--cpu-prof',
    '--cpu-prof-interval=4000',
    `--cpu-prof-dir=${values.profile}/${index}`,
  ];
  const profiled = values.profile !== '' && (index <= 2 || index === count);
  const child = fork(program, [index, count, BASE_PORT, Number(values.mesh)].map(String), {
    execArgv: [...process.execArgv, ...(profiled ? profiling : [])],
  });
  children.push(child);
  await once(child, 'message');
}
const [host, ...guests] = children as [ChildProcess, ...ChildProcess[]];
await order(host, { kind: 'create' });
const [made] = await looks();
if (!made?.session) throw new Error('the session was not made');
const joinTimes = new Histogram();
for (const guest of guests) {
  const from = performance.now();
  const { session, name } = made;
  // So many processes that begin at once keep a small machine busy: a connection may be too late.
  for (let tries = 1; ; tries++) {
    try {
      await order(guest, { kind: 'join', session, name, port: BASE_PORT + 1 });
      break;
    } catch (failure) {
      if (tries === JOIN_TRIES) throw failure;
    }
  }
  joinTimes.record((performance.now() - from) * 1_000);
}
const began = performance.now();
for (;;) {
  const state = await looks();
  if (state.every(({ hears }) => hears === count - 1)) break;
  if (performance.now() - began > PATIENCE_MS) {
    throw new Error(`not everybody hears everybody: ${state.map(({ hears }) => hears).join(' ')}`);
  }
  await wait(500);
}
for (const [index, { forwarded, links }] of (await looks()).entries()) {
  if (count > 2 && forwarded === 0 && links === count - 1)
    forwarding.push(children[index] as ChildProcess);
}
if (forwarding.length < count) for (const child of forwarding) prefer(child);
const gatheredMs = performance.now() - began;
await wait(SETTLING_MS);

await all({ kind: 'begin' });
await wait(SETTLING_MS);
await all({ kind: 'measure' });
const idle = (await all({ kind: 'report' })).filter((answer) => answer.kind === 'report');
for (const child of children) {
  await order(child, { kind: 'play', perSecond });
  await wait(warmMs / 2 / count);
}
await wait(warmMs / 2);
await all({ kind: 'begin' });
const from = performance.timeOrigin + performance.now();
await wait(seconds * 1_000);
await all({ kind: 'measure' });
await all({ kind: 'stop' });
await wait(2_000);
const held = (await all({ kind: 'report' })).filter((answer) => answer.kind === 'report');
await all({ kind: 'end' });
await wait(2_000);
const ended = (await all({ kind: 'report' })).filter((answer) => answer.kind === 'report');
const lastLook = await looks();

const linked = new Histogram();
const passedOn = new Histogram();
let lost = 0;
let played = 0;
for (const source of held) {
  for (const to of held) {
    if (source === to) continue;
    played += source.sent.at.filter((at) => at >= from).length;
    record(source, to, to.forwarded.includes(source.box) ? passedOn : linked);
    const there = to.sheets[source.box] ?? [];
    lost += differences(source.own, there) + differences(there, source.own);
  }
}
const percent = (reports: readonly SessionReport[], over: number): number[] =>
  reports.map(({ cpuSeconds }) => (100 * cpuSeconds) / over);
const cpu = percent(held, seconds);
/** Those who pass on have a link with everybody. */
const isForwarding = (report: SessionReport): boolean =>
  held.some(({ forwarded }) => forwarded.length > 0) && report.forwarded.length === 0;
const leaves = percent(
  held.filter((report) => !isForwarding(report)),
  seconds,
);
const forwarders = percent(held.filter(isForwarding), seconds);
const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
const quantiles = (times: Histogram): Record<string, number> => ({
  p50: times.quantile(0.5),
  p95: times.quantile(0.95),
  p99: times.quantile(0.99),
  max: times.quantile(1),
});
const result = {
  boxes: count,
  eventsPerSecond: perSecond,
  seconds,
  links: lastLook.map(({ links }) => links),
  forwarded: lastLook.map(({ forwarded }) => forwarded),
  joinP50: joinTimes.quantile(0.5),
  joinP95: joinTimes.quantile(0.95),
  gatheredMs,
  cpuIdle: mean(percent(idle, SETTLING_MS / 1_000)),
  cpuMean: mean(cpu),
  cpuMost: Math.max(...cpu),
  cpuLeaf: mean(leaves),
  cpuForwarders: forwarders,
  rssMiB: Math.max(...held.map(({ rssMiB }) => rssMiB)),
  delay: quantiles(linked),
  ...(passedOn.count > 0
    ? {
        passedOn: quantiles(passedOn),
        addedP50: passedOn.quantile(0.5) - linked.quantile(0.5),
        addedP99: passedOn.quantile(0.99) - linked.quantile(0.99),
      }
    : {}),
  relayed: held.reduce((sum, { relayed }) => sum + relayed, 0),
  notesHeard: linked.count + passedOn.count,
  notesPlayed: played,
  recovered: held.reduce((sum, { recovered }) => sum + recovered, 0),
  lostState: lost,
  stuck: ended.reduce((sum, { sounding }) => sum + sounding, 0),
};
if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
else {
  const ms = (us: number | undefined): string => `${((us ?? 0) / 1_000).toFixed(1)} ms`;
  const spread = (times: Record<string, number>): string =>
    `p50 ${ms(times['p50'])}, p95 ${ms(times['p95'])}, p99 ${ms(times['p99'])}`;
  process.stdout.write(
    `${count} boxes, ${perSecond} events/s each, ${seconds} s
links: ${Math.min(...result.links)} to ${Math.max(...result.links)} a box; joined in p50 ${ms(result.joinP50)}, p95 ${ms(result.joinP95)}
CPU: mean ${result.cpuMean.toFixed(1)} %, most ${result.cpuMost.toFixed(1)} % of one core a box; idle ${result.cpuIdle.toFixed(1)} %; ${forwarders.length > 0 ? `who passes on ${forwarders.map((each) => each.toFixed(1)).join(' and ')} %, others ${result.cpuLeaf.toFixed(1)} %; ` : ''}at most ${result.rssMiB.toFixed(0)} MiB
input to arrival over a link: ${spread(result.delay)}
${result.passedOn ? `passed on: ${spread(result.passedOn)}; added at p50 ${ms(result.addedP50)}, at p99 ${ms(result.addedP99)}; ${result.relayed} packets\n` : ''}notes: ${result.notesHeard} of ${result.notesPlayed} received as sent, ${result.recovered} messages recovered
lost state: ${result.lostState}; stuck notes: ${result.stuck}
`,
  );
}
for (const child of children) child.disconnect();
process.exitCode = lost + result.stuck === 0 ? 0 : 1;
