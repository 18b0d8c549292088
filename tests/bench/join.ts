/**
 * How long joining takes, from click to the first note heard, and coming back after the network or a box went away: whole
 * boxes in network namespaces (tests/interop/session-net.ts). Linux, root, nft, openssl and coturn only.
 *
 * node --import tsx tests/bench/join.ts [<joins of each kind, default 10>] [<recoveries of each kind, default 5>] [long]
 *
 * `long`: cuts of 60 seconds too, three of them.
 */
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { whyNoNamespaces } from '../interop/net-namespaces.ts';
import {
  openStage,
  recoverAfterCut,
  recoverAfterKill,
  recoverAfterMove,
  routeOf,
  type Stage,
  type StageKind,
} from '../interop/session-stage.ts';

const [joins = '10', recoveries = '5', long = ''] = process.argv.slice(2);
const KINDS: readonly (readonly [string, StageKind])[] = [
  ['same LAN', 'lan'],
  ['two NATs', ['open', 'open']],
  ['strict NATs', ['strict', 'strict']],
  ['UDP blocked', ['open', 'blocked']],
];
/** What is better than the first way is taken by then. */
const SETTLED = 6_000;

function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
}

function row(what: string, taken: readonly number[], notes: string): void {
  const sorted = [...taken].sort((a, b) => a - b);
  const figures = [0.5, 0.95, 1].map((part) => String(quantile(sorted, part)).padStart(7));
  const load = (loadavg()[0] ?? 0).toFixed(1).padStart(6);
  const text = `${what.padEnd(24)}${String(taken.length).padStart(3)}${figures.join('')}${load}`;
  process.stdout.write(`${text}  ${notes}\n`);
}

/** `relayed 1, direct 9`. */
function tally(words: readonly string[]): string {
  return [...new Set(words)]
    .map((word) => `${word} ${words.filter((each) => each === word).length}`)
    .join(', ');
}

/** Does that as often as was asked for; what fails is told and not counted. */
async function repeat(times: number, what: string, once: () => Promise<void>): Promise<void> {
  for (let round = 0; round < times; round++) {
    try {
      await once();
    } catch (failure) {
      process.stdout.write(`  ${what} failed: ${String(failure).split('\n').at(-1) ?? ''}\n`);
    }
  }
}

async function measureJoins(what: string, stage: Stage): Promise<void> {
  const heard: number[] = [];
  const first: string[] = [];
  await repeat(Number(joins), what, async () => {
    try {
      heard.push((await stage.join()).heard);
      first.push(await routeOf(stage.ben));
    } finally {
      await stage.leave();
    }
  });
  await stage.join();
  await sleep(SETTLED);
  row(what, heard, `${tally(first)}; settled: ${await routeOf(stage.ben)}`);
}

async function measureCuts(stage: Stage, seconds: number, times: number): Promise<void> {
  const heard: number[] = [];
  const merged: number[] = [];
  let stuck = 0;
  await repeat(times, `cut for ${seconds} s`, async () => {
    const taken = await recoverAfterCut(stage, seconds, heard.length % 2 === 0 ? 'ada' : 'ben');
    heard.push(taken.heard);
    merged.push(taken.merged);
    stuck += taken.stuck.length;
    await sleep(1_500);
  });
  const slowest = Math.max(0, ...merged);
  const notes = `stuck ${stuck}; merged ${merged.length} of ${times}, at most ${slowest} ms; ${await routeOf(stage.ben)}`;
  row(`cut for ${seconds} s`, heard, notes);
}

const missing = await whyNoNamespaces(['nft', 'sysctl', 'openssl', 'turnserver']);
if (missing !== undefined) {
  process.stderr.write(`${missing}\n`);
  process.exit(1);
}

process.stdout.write('from click to note, ms    n    p50    p95    max  load  routes\n');
for (const [what, kind] of KINDS) {
  await using stage = await openStage(kind);
  await measureJoins(what, stage);
}

process.stdout.write('\nfrom network, or box, to note, ms\n');
{
  await using stage = await openStage('lan');
  await stage.join();
  const moved: number[] = [];
  let number = 2;
  await repeat(Number(recoveries), 'another address', async () => {
    const [from, to] = [`192.168.1.${number}`, `192.168.1.${number === 2 ? 70 : number + 1}`];
    number = number === 2 ? 70 : number + 1;
    moved.push(await recoverAfterMove(stage, from, to));
    await sleep(1_500);
  });
  row('another address', moved, await routeOf(stage.ben));
}
{
  await using stage = await openStage('lan');
  await stage.join();
  for (const who of ['ben', 'ada'] as const) {
    const heard: number[] = [];
    let stuck = 0;
    await repeat(Number(recoveries), `kill -9`, async () => {
      const taken = await recoverAfterKill(stage, who);
      heard.push(taken.heard);
      stuck += taken.stuck.length;
      await sleep(1_500);
    });
    row(who === 'ben' ? 'kill -9 of who hears' : 'kill -9 of who plays', heard, `stuck ${stuck}`);
  }
}
{
  await using stage = await openStage(['open', 'open']);
  await stage.join();
  await sleep(SETTLED);
  for (const seconds of [1, 5]) await measureCuts(stage, seconds, Number(recoveries));
  if (long === 'long') await measureCuts(stage, 60, 3);
}
