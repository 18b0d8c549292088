/**
 * How a box renders what an RTP-MIDI peer plays: a peer that is no box, its packets delayed at will, and the synth's ear.
 */
import { expect, test } from 'vitest';
import { silentLog } from '../../runtime/core/log.ts';
import type { MidiMessage } from '../../runtime/core/midi-message.ts';
import { fromMillis, type Instant } from '../../runtime/core/time.ts';
import {
  openRtpMidiEndpoint,
  type RtpMidiEndpoint,
} from '../../runtime/transport/rtp-midi/endpoint.ts';
import { openDriftingClock } from '../../sim/drifting-clock.ts';
import { NETWORK_PROFILES, type ProfileName } from '../../sim/network/profiles.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { type Band, type Member, millis, openBand, seconds } from './band.ts';

const PEER = '10.0.0.9';
const on = (key: number): MidiMessage => ({ kind: 'noteOn', channel: 0, key, velocity: 90 });
const off = (key: number): MidiMessage => ({ kind: 'noteOff', channel: 0, key, velocity: 64 });
const control = (controller: number, value: number): MidiMessage => ({
  kind: 'controlChange',
  channel: 0,
  controller,
  value,
});

interface Duet extends AsyncDisposable {
  readonly band: Band;
  readonly box: Member;
  readonly peer: RtpMidiEndpoint;
  /** On the peer's own clock. */
  peerNow(): Instant;
  /** Every packet of the peer from now on takes so many milliseconds. */
  wayTakes(millis: number): void;
  /** Plays now, in a packet of its own. */
  play(...messages: readonly MidiMessage[]): Promise<void>;
  /** What the synth heard since: name of the message and milliseconds since `play` was last called. */
  heard(): readonly (readonly [name: string, at: number])[];
}

async function openDuet(
  jam: Readonly<Record<string, unknown>>,
  peerClock: { readonly ppm: number; readonly network?: ProfileName } = { ppm: 0 },
): Promise<Duet> {
  const { network = 'perfect' } = peerClock;
  const band = await openBand({ boxes: 1, network, settings: { jam } });
  const box = band.box(1);
  const clock = openDriftingClock(band.clock, peerClock.ppm);
  const opening = openRtpMidiEndpoint(
    {
      clock,
      network: band.network.host(PEER, { clock }).datagrams,
      randomness: seededRandomness(3),
      log: silentLog,
    },
    { name: 'Peer', port: 5_004 },
  );
  const peer = await opening;
  peer.connect({ host: box.host.address, port: box.box.rtp.controlPort });
  await band.until('they are peers', () => peer.peers.length === 1);
  // The first clock exchanges are over an even path.
  await band.run(seconds(12));
  box.heard.messages.length = 0;
  let origin = band.clock.now();
  return {
    band,
    box,
    peer,
    peerNow: () => clock.now(),
    wayTakes(way) {
      band.network.setProfile({ ...NETWORK_PROFILES.perfect, base: fromMillis(way) }, PEER);
    },
    async play(...messages) {
      origin = band.clock.now();
      for (const message of messages) peer.send(message, clock.now());
      peer.flush();
      await band.run(millis(1));
    },
    heard: () =>
      box.heard.messages.map(({ message, at }) => [
        nameOf(message),
        Math.round((at - origin) / 1_000),
      ]),
    async [Symbol.asyncDispose]() {
      const closing = peer[Symbol.asyncDispose]();
      await band.run(millis(100));
      await closing;
      await band[Symbol.asyncDispose]();
    },
  };
}

function nameOf(message: MidiMessage): string {
  if (message.kind === 'noteOn') return `on ${message.key}`;
  if (message.kind === 'noteOff') return `off ${message.key}`;
  if (message.kind === 'controlChange') return `${message.controller}=${message.value}`;
  return message.kind;
}

test('with a fixed delay everything sounds at its timestamp plus that delay, in list order, and what is late at once (item 37)', async () => {
  await using duet = await openDuet({ delay: 'fixed', fixedDelayMs: 20 });
  const list = [control(7, 100), on(60), control(1, 3), on(64), off(60)];
  for (const way of [0, 5, 19]) {
    duet.wayTakes(way);
    duet.box.heard.messages.length = 0;
    await duet.play(...list);
    await duet.band.run(millis(100));
    const heard = duet.heard();
    expect(heard.map(([name]) => name)).toEqual(['7=100', 'on 60', '1=3', 'on 64', 'off 60']);
    // The wire takes up to a millisecond for each.
    for (const [i, [, at]] of heard.entries()) {
      expect(at).toBeGreaterThanOrEqual(20);
      expect(at).toBeLessThanOrEqual(21 + i);
    }
    await duet.play(off(64));
    await duet.band.run(millis(100));
  }
  duet.wayTakes(40);
  duet.box.heard.messages.length = 0;
  await duet.play(on(67), control(7, 1));
  await duet.band.run(millis(100));
  for (const [, at] of duet.heard()) expect(at).toBeLessThanOrEqual(42);
});

test('with a delay of 0 everything sounds on arrival (item 37)', async () => {
  await using duet = await openDuet({ delay: 'fixed', fixedDelayMs: 0 });
  for (const way of [0, 7, 23]) {
    duet.wayTakes(way);
    duet.box.heard.messages.length = 0;
    await duet.play(on(60));
    await duet.band.run(millis(60));
    const [[, at] = ['', -1]] = duet.heard();
    expect(Math.abs(at - way)).toBeLessThanOrEqual(1);
    await duet.play(off(60));
    await duet.band.run(millis(200));
  }
});

test('with an adaptive delay jitter of the path is gone from what sounds (item 37)', async () => {
  await using duet = await openDuet({});
  const delays: number[] = [];
  for (let note = 0; note < 80; note++) {
    duet.wayTakes(10 + ((note * 7) % 9));
    duet.box.heard.messages.length = 0;
    await duet.play(on(60));
    await duet.band.run(millis(60));
    delays.push(duet.heard()[0]?.[1] ?? Number.NaN);
    await duet.play(off(60));
    await duet.band.run(millis(60));
  }
  const settled = delays.slice(40);
  expect(Math.max(...settled) - Math.min(...settled)).toBeLessThanOrEqual(2);
  expect(Math.min(...settled)).toBeGreaterThanOrEqual(17);
});

test('a note-on past the late limit of the settings is dropped, all else is rendered however late (items 37, 40)', async () => {
  for (const [lateLimitMs, sounds] of [
    [100, false],
    [400, true],
  ] as const) {
    await using duet = await openDuet({ lateLimitMs, delay: 'fixed', fixedDelayMs: 10 });
    await duet.play(on(60), on(62));
    await duet.band.run(millis(200));
    duet.wayTakes(250);
    await duet.play(on(64), off(60), control(7, 9), {
      kind: 'pitchBend',
      channel: 0,
      value: 9_000,
    });
    await duet.band.run(millis(400));
    const names = duet.heard().map(([name]) => name);
    expect(names.includes('on 64')).toBe(sounds);
    for (const name of ['off 60', '7=9', 'pitchBend']) expect(names).toContain(name);
    expect(duet.box.sounding).toEqual(
      sounds
        ? [
            [0, 62],
            [0, 64],
          ]
        : [[0, 62]],
    );
  }
});

test('an overtaken packet is waited for as long as the settings say, and is no loss; past that it is repaired and the straggler dropped (item 38)', async () => {
  for (const [reorderHoldMs, waits] of [
    [15, true],
    [5, false],
    [0, false],
  ] as const) {
    await using duet = await openDuet({ reorderHoldMs, delay: 'fixed', fixedDelayMs: 0 });
    await duet.play(on(60));
    await duet.band.run(millis(200));
    duet.wayTakes(10);
    await duet.play(control(7, 50), off(60));
    duet.wayTakes(0);
    await duet.play(control(7, 51), on(62));
    await duet.band.run(millis(40));
    const [peer] = duet.box.box.rtp.peers;
    expect(peer?.packetsLost).toBe(waits ? 0 : 1);
    expect(peer?.stats.recovered).toBe(waits ? 0 : 2);
    expect(duet.box.box.rtp.stats.faults['duplicate'] ?? 0).toBe(waits ? 0 : 1);
    // However it went: the state is right, and nothing came twice or backward.
    const names = duet.heard().map(([name]) => name);
    expect(duet.box.sounding).toEqual([[0, 62]]);
    expect(names.filter((name) => name === 'off 60')).toHaveLength(1);
    expect(names.filter((name) => name.startsWith('7=')).at(-1)).toBe('7=51');
    expect(names.filter((name) => name === '7=50')).toHaveLength(1);
    const due = duet.heard().find(([name]) => name === 'on 62')?.[1] ?? -1;
    expect(due).toBeLessThanOrEqual(reorderHoldMs + 5);
  }
});

test('a peer whose clock drifts keeps its place: the offset is the best of many exchanges, and no event is rendered before an earlier one (item 39)', async () => {
  await using duet = await openDuet(
    { delay: 'fixed', fixedDelayMs: 60 },
    { ppm: 80, network: 'wifi' },
  );
  const [peer] = duet.box.box.rtp.peers;
  const errors: number[] = [];
  // What the peer's present time is taken for here, while exchanges correct it.
  let mapped = Number.NEGATIVE_INFINITY;
  let leastRise = Number.POSITIVE_INFINITY;
  for (let note = 0; note < 1_200; note++) {
    duet.box.heard.messages.length = 0;
    await duet.play(control(7, note % 128));
    for (let step = 0; step < 50; step++) {
      await duet.band.run(millis(5));
      const there = (duet.peerNow() + duet.peer.clockOffset) as Instant;
      const here = peer?.clock.toLocal(there) ?? Number.NaN;
      leastRise = Math.min(leastRise, here - mapped);
      mapped = here;
    }
    const at = duet.heard().find(([name]) => name === `7=${note % 128}`)?.[1];
    if (at !== undefined) errors.push(at - 60);
  }
  expect(leastRise).toBeGreaterThan(4_000);
  // Five minutes at 80 ppm are 24 ms; the path's jitter has a deviation of 3 ms each way.
  const settled = errors.slice(200).sort((a, b) => a - b);
  expect(settled.length).toBeGreaterThan(900);
  expect(settled[Math.floor(settled.length * 0.02)]).toBeGreaterThanOrEqual(-3);
  expect(settled[Math.floor(settled.length * 0.95)]).toBeLessThanOrEqual(4);
  expect(peer?.clock.skewPpm).toBeGreaterThan(60);
  expect(peer?.clock.skewPpm).toBeLessThan(100);
  expect(peer?.clock.restarts).toBe(0);
});

test('the clock and time code of a peer reach the instruments evenly, and stop when it leaves', async () => {
  await using duet = await openDuet({}, { ppm: -40, network: 'wifi' });
  await duet.play({ kind: 'start' });
  for (let clock = 0; clock < 240; clock++) {
    await duet.play({ kind: 'timingClock' });
    await duet.band.run(millis(19));
  }
  const { heard } = duet.box;
  expect(duet.box.box.status.status().midi).toMatchObject({
    clockFrom: `rtp-${duet.peer.ssrc.toString(16).padStart(8, '0')}`,
  });
  expect(duet.box.box.status.status().midi.clockBpm).toBeCloseTo(125, 0);
  const clocks = heard.messages.filter(({ message }) => message.kind === 'timingClock');
  expect(heard.messages[0]?.message.kind).toBe('start');
  expect(clocks.length).toBeGreaterThan(230);
  const intervals = clocks.slice(1).map(({ at }, i) => at - (clocks[i]?.at ?? at));
  for (const interval of intervals.slice(50)) {
    expect(Math.abs(interval - 20_000)).toBeLessThan(1_000);
  }
  await duet.peer[Symbol.asyncDispose]();
  await duet.band.run(millis(200));
  expect(heard.messages.at(-1)?.message.kind).toBe('stop');
  expect(duet.box.box.status.status().midi.clockFrom).toBeUndefined();
});
