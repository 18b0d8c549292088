/**
 * Round trips of one note between two processes: bare datagrams, our session, npm `rtpmidi`'s session.
 *
 * Each way's far end is a process of its own that sends back what comes. The ways take turns, so that the machine's
 * noise meets all of them: a note at once after another, or so many milliseconds apart, as music has them, when the
 * processor has gone to sleep in between.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Histogram } from '../../../runtime/core/histogram.ts';
import { silentLog } from '../../../runtime/core/log.ts';
import { shortMessage } from '../../../runtime/core/midi-bytes.ts';
import type { MidiMessage } from '../../../runtime/core/midi-message.ts';
import { openMonotonicClock } from '../../../runtime/platform/monotonic-clock.ts';
import { systemRandomness } from '../../../runtime/platform/system-randomness.ts';
import { openUdpNetwork } from '../../../runtime/platform/udp-network.ts';
import { openRtpMidiEndpoint } from '../../../runtime/transport/rtp-midi/endpoint.ts';
import { startNpmSession } from './npm-rtpmidi.ts';

const HOST = '127.0.0.1';
const WARM_UP = 300;
/** A note and its end, with a short journal: what a packet of ours has. */
const DATAGRAM = Buffer.alloc(30);

export interface RoundTrips {
  readonly way: string;
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

interface Way {
  readonly name: string;
  send(round: number): void;
  arrived: () => void;
}

const wait = (ms: number): Promise<void> => new Promise((next) => setTimeout(next, ms));

/** Microseconds there and back, `rounds` notes on each way. */
export async function measureRoundTrips(rounds: number, apartMs: number): Promise<RoundTrips[]> {
  const children: ChildProcess[] = [];
  const far = async (...args: string[]): Promise<number> => {
    const child = fork(fileURLToPath(new URL('./echo.ts', import.meta.url)), args);
    children.push(child);
    const [port] = (await once(child, 'message')) as [number];
    return port;
  };
  const base = 42_000 + 8 * (process.pid % 1_000);
  try {
    const plain = await openPlain(await far('dgram'));
    const ours = await openOurs(await far('togthr'));
    const theirs = await openTheirs(base, await far('npm', String(base + 4)));
    const ways = [plain.way, ours.way, theirs.way];
    const times = ways.map(() => new Histogram());
    for (let round = -WARM_UP; round < rounds; round++) {
      for (let turn = 0; turn < ways.length; turn++) {
        // Nobody always follows the same one.
        const i = (turn + round + WARM_UP) % ways.length;
        const took = await roundTrip(ways[i] as Way, round);
        if (round >= 0 && took !== undefined) times[i]?.record(took);
        await (apartMs > 0 ? wait(apartMs) : new Promise((next) => setImmediate(next)));
      }
    }
    for (const { close } of [plain, ours, theirs]) await close();
    return ways.map(({ name }, i) => {
      const histogram = times[i] ?? new Histogram();
      const { count } = histogram;
      const [p50, p99, p999] = [0.5, 0.99, 0.999].map((share) => histogram.quantile(share));
      return { way: name, count, p50: p50 ?? 0, p99: p99 ?? 0, p999: p999 ?? 0 };
    });
  } finally {
    for (const child of children) child.kill();
  }
}

/** Undefined when nothing came back in time. */
async function roundTrip(way: Way, round: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const began = performance.now();
    const lost = setTimeout(() => resolve(undefined), 1_000);
    way.arrived = () => {
      clearTimeout(lost);
      resolve((performance.now() - began) * 1_000);
    };
    way.send(round);
  });
}

interface Open {
  readonly way: Way;
  readonly close: () => Promise<void>;
}

async function openPlain(port: number): Promise<Open> {
  const socket = createSocket('udp4');
  await new Promise<void>((bound) => socket.bind(0, HOST, bound));
  const way: Way = {
    name: 'bare dgram',
    send: () => socket.send(DATAGRAM, port, HOST),
    arrived: () => {},
  };
  socket.on('message', () => way.arrived());
  return { way, close: async () => void socket.close() };
}

async function openOurs(port: number): Promise<Open> {
  const clock = openMonotonicClock();
  const endpoint = await openRtpMidiEndpoint(
    { clock, network: openUdpNetwork({ clock }), randomness: systemRandomness, log: silentLog },
    { name: 'bench', port: 0, host: HOST },
  );
  const notes = [shortMessage(0x90, 60, 100), shortMessage(0x80, 60, 64)] as MidiMessage[];
  const way: Way = {
    name: 'togthr',
    send: (round) => endpoint.send(notes[round & 1] as MidiMessage, clock.now()),
    arrived: () => {},
  };
  endpoint.onMidi(() => way.arrived());
  endpoint.connect({ host: HOST, port });
  while (endpoint.peers.length === 0) await wait(20);
  return { way, close: async () => endpoint[Symbol.asyncDispose]() };
}

async function openTheirs(own: number, port: number): Promise<Open> {
  const session = await startNpmSession(own, 'bench');
  const way: Way = {
    name: 'npm rtpmidi',
    send: (round) => session.sendMessage(0, round & 1 ? [0x80, 60, 64] : [0x90, 60, 100]),
    arrived: () => {},
  };
  session.on('message', () => way.arrived());
  session.connect({ address: HOST, port });
  while (!session.streams.some((stream) => stream.isConnected)) await wait(50);
  await wait(2_500);
  return { way, close: () => new Promise((ended) => session.end(ended)) };
}
