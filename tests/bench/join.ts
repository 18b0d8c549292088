/**
 * How long joining takes, from click to the first note heard, and coming back after the network went away: whole boxes in
 * network namespaces (tests/interop/session-net.ts). Linux, root, nft, openssl and coturn only.
 *
 * node --import tsx tests/bench/join.ts [<joins of each kind, default 10>] [long]
 *
 * `long`: cuts of 60 seconds too.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { whyNoNamespaces } from '../interop/net-namespaces.ts';
import { openStage, recoverAfterCut, routeOf, type StageKind } from '../interop/session-stage.ts';

const [times = '10', long = ''] = process.argv.slice(2);
const KINDS: readonly (readonly [string, StageKind])[] = [
  ['same LAN', 'lan'],
  ['two NATs', ['open', 'open']],
  ['strict NATs', ['strict', 'strict']],
  ['UDP blocked', ['open', 'blocked']],
];

function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
}

function row(what: string, route: string, taken: readonly number[]): void {
  const sorted = [...taken].sort((a, b) => a - b);
  const figures = [0.5, 0.95, 1].map((part) => String(quantile(sorted, part)).padStart(7));
  const text = `${what.padEnd(24)}${route.padEnd(12)}${String(taken.length).padStart(3)}`;
  process.stdout.write(`${text}${figures.join('')}\n`);
}

const missing = await whyNoNamespaces(['nft', 'sysctl', 'openssl', 'turnserver']);
if (missing !== undefined) {
  process.stderr.write(`${missing}\n`);
  process.exit(1);
}

process.stdout.write(`from click to note, ms   route         n    p50    p95    max\n`);
for (const [what, kind] of KINDS) {
  await using stage = await openStage(kind);
  const heard: number[] = [];
  const failures: string[] = [];
  let route = '';
  for (let round = 0; round < Number(times); round++) {
    try {
      heard.push((await stage.join()).heard);
      route = await routeOf(stage.ben);
    } catch (failure) {
      failures.push(String(failure).split('\n').at(-1) ?? '');
    }
    await stage.leave();
  }
  row(what, route, heard);
  for (const failure of failures) process.stdout.write(`  failed: ${failure}\n`);
}

process.stdout.write(`\nfrom network to note, ms\n`);
{
  await using stage = await openStage(['open', 'open']);
  await stage.join();
  await sleep(2_000);
  for (const seconds of long === 'long' ? [1, 5, 60] : [1, 5]) {
    const taken: number[] = [];
    for (let round = 0; round < (seconds < 60 ? Number(times) : 3); round++) {
      taken.push(Math.max(0, await recoverAfterCut(stage, seconds)));
      await sleep(2_000);
    }
    row(`cut for ${seconds} s`, await routeOf(stage.ben), taken);
  }
}
