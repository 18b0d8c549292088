import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '../../runtime/core/log.ts';
import { shortMessage } from '../../runtime/core/midi-bytes.ts';
import type { MidiMessage } from '../../runtime/core/midi-message.ts';
import { openMonotonicClock } from '../../runtime/platform/monotonic-clock.ts';
import { systemRandomness } from '../../runtime/platform/system-randomness.ts';
import { openUdpNetwork } from '../../runtime/platform/udp-network.ts';
import {
  openRtpMidiEndpoint,
  type RtpMidiEndpoint,
} from '../../runtime/transport/rtp-midi/endpoint.ts';

/** What is used of a session of npm `rtpmidi` 1.0.0, which has no types of its own. */
interface OtherSession extends EventEmitter {
  readonly port: number;
  readonly streams: readonly { readonly isConnected: boolean; readonly latency: number | null }[];
  start(): void;
  end(done: () => void): void;
  connect(to: { readonly address: string; readonly port: number }): void;
  sendMessage(time: number, bytes: readonly number[]): void;
}
type OpenOther = new (port: number, localName: string, bonjourName: string) => OtherSession;

const HOST = '127.0.0.1';
const clock = openMonotonicClock();
let ours: RtpMidiEndpoint;
let other: OtherSession;
let heardHere: MidiMessage[];
let heardThere: string[];

beforeEach(async () => {
  ours = await openRtpMidiEndpoint(
    { clock, network: openUdpNetwork({ clock }), randomness: systemRandomness, log: silentLog },
    { name: 'ours', port: 0, host: HOST },
  );
  heardHere = [];
  heardThere = [];
  ours.onMidi((_peer, message) => heardHere.push(message));
  // Its manager would take SIGINT for itself; the session alone doesn't.
  const load = createRequire(import.meta.url);
  (load('rtpmidi/src/logger.js') as { silent: boolean }).silent = true;
  const Session = load('rtpmidi/src/Session.js') as OpenOther;
  // Even, and below those that our end point chooses from.
  other = new Session(40_000 + 2 * (process.pid % 4_000), 'theirs', 'theirs');
  other.on('message', (_delta: number, bytes: Buffer) => heardThere.push(bytes.toString('hex')));
  await new Promise<void>((ready) => {
    other.on('ready', ready);
    other.start();
  });
});

afterEach(async () => {
  await ours[Symbol.asyncDispose]();
  await new Promise<void>((ended) => other.end(ended));
});

/** Polls, since the other side tells nobody when it is ready to send. */
async function until(what: () => boolean, seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1_000;
  while (!what()) {
    if (performance.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((next) => setTimeout(next, 5));
  }
}

const played = [
  shortMessage(0x90, 60, 100),
  shortMessage(0xb0, 64, 127),
  shortMessage(0xe0, 1, 80),
  shortMessage(0x80, 60, 64),
].filter((message) => message !== undefined);

async function exchange(): Promise<void> {
  // It sends nothing before its own clock exchange is done.
  await until(() => other.streams[0]?.latency !== null, 15);
  for (const message of played) {
    ours.send(message, clock.now());
    await new Promise((next) => setTimeout(next, 20));
  }
  await until(() => heardThere.length >= played.length, 3);
  expect(heardThere).toEqual(['903c64', 'b0407f', 'e00150', '803c40']);
  for (const bytes of [
    [0x90, 62, 90],
    [0xb1, 7, 33],
    [0x80, 62, 64],
  ]) {
    other.sendMessage(0, bytes);
    await new Promise((next) => setTimeout(next, 20));
  }
  await until(() => heardHere.length >= 3, 3);
  expect(heardHere).toEqual([
    { kind: 'noteOn', channel: 0, key: 62, velocity: 90 },
    { kind: 'controlChange', channel: 1, controller: 7, value: 33 },
    { kind: 'noteOff', channel: 0, key: 62, velocity: 64 },
  ]);
  const faults = Object.entries(ours.stats.faults).filter(([, count]) => count > 0);
  expect(faults).toEqual([]);
}

test('npm rtpmidi, invited by us, exchanges notes both ways', async () => {
  ours.connect({ host: HOST, port: other.port });
  await until(() => ours.peers.length === 1, 5);
  await exchange();
});

test('npm rtpmidi, which invites us, exchanges notes both ways', async () => {
  other.connect({ address: HOST, port: ours.controlPort });
  await until(() => ours.peers.length === 1, 10);
  await exchange();
});
