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
import { Synthesizer } from '../scenarios/rtp-midi-synthesizer.ts';
import { type LossyProxy, openLossyProxy } from './lossy-proxy.ts';
import { type NpmSession, openNpmSession, until } from './npm-rtpmidi.ts';

const HOST = '127.0.0.1';
const clock = openMonotonicClock();
let ours: RtpMidiEndpoint;
let other: NpmSession;
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
  other = await openNpmSession((hex) => heardThere.push(hex));
});

afterEach(async () => {
  await ours[Symbol.asyncDispose]();
  await new Promise<void>((ended) => other.end(ended));
});

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

test('npm rtpmidi, invited by us, exchanges notes both ways (item 52)', async () => {
  ours.connect({ host: HOST, port: other.port });
  await until(() => ours.peers.length === 1, 5);
  await exchange();
});

test('npm rtpmidi, which invites us, exchanges notes both ways (item 52)', async () => {
  other.connect({ address: HOST, port: ours.controlPort });
  await until(() => ours.peers.length === 1, 10);
  await exchange();
});

/** Sixty notes a second, both ways at once, through a router that loses one datagram in twenty. */
async function jamThroughLoss(proxy: LossyProxy): Promise<void> {
  await until(() => other.streams[0]?.latency != null, 30);
  const synth = new Synthesizer();
  const sentHere: string[] = [];
  const sentThere: string[] = [];
  ours.onMidi((_peer, message) => synth.take(message, clock.now()));
  heardHere.length = 0;
  heardThere.length = 0;
  proxy.loss = 0.05;
  const both = (bytes: readonly [number, number, number]): void => {
    const hex = Buffer.from(bytes).toString('hex');
    ours.send(shortMessage(...bytes) as MidiMessage, clock.now());
    ours.flush();
    sentHere.push(hex);
    other.sendMessage(0, bytes);
    sentThere.push(hex);
  };
  for (let note = 0; note < 200; note++) {
    const key = 40 + (note % 50);
    both([0x90, key, 1 + (note % 120)]);
    await new Promise((next) => setTimeout(next, 8));
    both([0x80, key, 64]);
    await new Promise((next) => setTimeout(next, 8));
  }
  proxy.loss = 0;
  // It sends no guard packets: what follows shows that something was lost.
  both([0xb0, 7, 100]);
  await until(() => heardThere.at(-1) === 'b00764', 5);
  await until(() => heardHere.some((message) => message.kind === 'controlChange'), 5);
  await new Promise((next) => setTimeout(next, 50));

  expect(proxy.lost).toBeGreaterThan(10);
  expect(ours.peers).toHaveLength(1);
  // It is sent journals and steps over them; what is lost it lacks, and hears nothing else.
  expect(heardThere.length).toBeGreaterThan(0.85 * sentHere.length);
  expect(isPartOf(heardThere, sentHere)).toBe(true);
  const received = heardHere.filter(({ kind }) => kind === 'noteOn').length;
  expect(received).toBeGreaterThan(0.85 * 200);
  expect([synth.sounding, synth.counted]).toEqual([0, 0]);
}

/** In this order, some left out. */
function isPartOf(some: readonly string[], all: readonly string[]): boolean {
  let at = 0;
  return some.every((each) => {
    at = all.indexOf(each, at) + 1;
    return at > 0;
  });
}

test('npm rtpmidi, invited by us through a router that loses 5 %: nothing is stuck here, and it gets what it can (item 52)', async () => {
  await using proxy = await openLossyProxy({
    first: ours.controlPort,
    second: other.port,
    seed: 52,
  });
  ours.connect({ host: HOST, port: proxy.toSecond });
  await until(() => ours.peers.length === 1, 10);
  await jamThroughLoss(proxy);
}, 90_000);

test('npm rtpmidi, which invites us through a router that loses 5 %: the same (item 52)', async () => {
  await using proxy = await openLossyProxy({
    first: ours.controlPort,
    second: other.port,
    seed: 53,
  });
  other.connect({ address: HOST, port: proxy.toFirst });
  await until(() => ours.peers.length === 1, 10);
  await jamThroughLoss(proxy);
}, 90_000);
