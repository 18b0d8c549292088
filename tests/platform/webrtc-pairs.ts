/**
 * A program for tests: opens and closes WebRTC pairs in a process of its own, and reports what that costs.
 *
 * node --expose-gc --import tsx tests/platform/webrtc-pairs.ts <rounds> <pairs at once> <open | half | none> [<address to bind>]
 */
import { readdirSync } from 'node:fs';
import { inspect } from 'node:util';
import { type Log, silentLog } from '../../runtime/core/log.ts';
import { openMonotonicClock } from '../../runtime/platform/monotonic-clock.ts';
import { openWebRtcConnections } from '../../runtime/platform/webrtc-connections.ts';
import type { PeerConnection, PeerStream } from '../../runtime/ports/peer-connection.ts';

const [rounds = '10', atOnce = '1', until = 'open', host] = process.argv.slice(2);
const say = (...words: readonly unknown[]): void =>
  void process.stderr.write(`${inspect(words)}\n`);
const log: Log = { ...silentLog, warn: (message, fields) => say(message, fields) };
const connections = await openWebRtcConnections({ clock: openMonotonicClock(), log });
const init = { iceServers: [], ...(host === undefined ? {} : { host }) } as const;
const openings: number[] = [];
let failed = 0;

function opened(connection: PeerConnection): Promise<PeerStream | undefined> {
  return new Promise((resolve) => {
    connection.onOpen(resolve);
    connection.onFailed((reason) => {
      say(reason);
      resolve(undefined);
    });
  });
}

async function pair(number: number): Promise<void> {
  const offerer = connections.open({ ...init, role: 'offerer' });
  const answerer = connections.open({ ...init, role: 'answerer' });
  const started = performance.now();
  offerer.onSignal((signal) => answerer.signal(signal));
  if (until !== 'half') answerer.onSignal((signal) => offerer.signal(signal));
  if (until === 'open') {
    const streams = await Promise.all([opened(offerer), opened(answerer)]);
    if (streams.every((stream) => stream)) openings.push(performance.now() - started);
    else failed++;
    for (const stream of streams) stream?.onBytes(() => {});
    streams[0]?.write(new Uint8Array(10_000));
    await streams[number % 2]?.[Symbol.asyncDispose]();
  } else if (until === 'half') await new Promise((resolve) => setTimeout(resolve, number % 20));
  await Promise.all([offerer[Symbol.asyncDispose](), answerer[Symbol.asyncDispose]()]);
}

/**
 * From one to the next, as the median of the slopes between any two (Theil and Sen): steps up or down of the allocator's
 * do not count, what is kept of each pair does.
 */
function growth(values: readonly number[]): number {
  const slopes = values.flatMap((value, at) =>
    values.slice(at + 1).map((later, distance) => (later - value) / (distance + 1)),
  );
  slopes.sort((a, b) => a - b);
  return slopes[slopes.length >> 1] ?? 0;
}

const memory: number[] = [];
for (let round = 0; round < Number(rounds); round++) {
  await Promise.all(Array.from({ length: Number(atOnce) }, (_, at) => pair(round + at)));
  globalThis.gc?.();
  memory.push(process.memoryUsage.rss() / 1_024);
}
openings.sort((a, b) => a - b);
const report = {
  pairs: Number(rounds) * Number(atOnce),
  failed,
  held: connections.size,
  faults: connections.faults,
  medianMs: Math.round(openings[openings.length >> 1] ?? 0),
  slowestMs: Math.round(openings.at(-1) ?? 0),
  /** Something was lost, and said again after a second. */
  slow: openings.filter((ms) => ms > 900).length,
  kilobytesAPair: Math.round((growth(memory.slice(memory.length >> 2)) / Number(atOnce)) * 10) / 10,
  megabytes: Math.round((memory.at(-1) ?? 0) / 1_024),
  files: readdirSync('/proc/self/fd').length,
  threads: readdirSync('/proc/self/task').length,
};
// Nothing ends the process from here: it has to end by itself.
process.stdout.write(`${JSON.stringify(report)}\n`);
