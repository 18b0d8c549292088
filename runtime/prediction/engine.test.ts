import { expect, test } from 'vitest';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import type { MidiMessage } from '../core/midi-message.ts';
import { fromMillis, type Instant, instant } from '../core/time.ts';
import { MAX_STREAMS, openPredictionEngine, type PredictionEngine } from './engine.ts';

const on = (key: number): MidiMessage => ({ kind: 'noteOn', channel: 0, key, velocity: 90 });
const off = (key: number): MidiMessage => ({ kind: 'noteOff', channel: 0, key, velocity: 64 });

interface Rig {
  readonly clock: VirtualClock;
  readonly engine: PredictionEngine;
  readonly played: { source: string; kind: string; due: Instant }[];
  readonly released: string[];
}

function openRig(): Rig {
  const clock = new VirtualClock(instant(10e6));
  const played: Rig['played'] = [];
  const released: string[] = [];
  const engine = openPredictionEngine({
    clock,
    play: (message, due, source) => played.push({ source, kind: message.kind, due }),
    release: (source) => released.push(source),
  });
  return { clock, engine, played, released };
}

test('two players may hold the same key; a player who goes lets go of theirs only', () => {
  const { clock, engine, played, released } = openRig();
  engine.receive('ann', on(60), instant(9_990_000), clock.now(), false);
  engine.receive('bob', on(60), instant(9_990_000), clock.now(), false);
  engine.remove('ann');
  expect(played.map(({ source, kind }) => `${source} ${kind}`)).toEqual([
    'ann noteOn',
    'bob noteOn',
    'ann noteOff',
  ]);
  // Not before its note-on.
  expect(played[2]?.due).toBeGreaterThanOrEqual(played[0]?.due ?? 0);
  expect(released).toEqual(['ann']);
  expect(engine.streamStats('ann')).toBeUndefined();
  expect(engine.streamStats('bob')?.soundingNotes).toBe(1);
  engine.remove('ann');
  expect(released).toEqual(['ann']);
});

test('panic ends all notes and keeps the streams; disposal ends everything, twice harmlessly', async () => {
  const { clock, engine, played, released } = openRig();
  for (const source of ['ann', 'bob']) {
    engine.receive(source, on(60), instant(9_990_000), clock.now(), false);
  }
  engine.panic();
  expect(played.filter(({ kind }) => kind === 'noteOff')).toHaveLength(2);
  engine.receive('ann', off(60), instant(10_000_000), clock.now(), false);
  expect(played).toHaveLength(4);
  engine.receive('ann', on(61), instant(10_000_000), clock.now(), false);
  await engine[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
  expect(played.filter(({ kind }) => kind === 'noteOff')).toHaveLength(3);
  expect(released).toEqual(['ann', 'bob']);
});

test('streams are bounded, and the ones there are go on', () => {
  const { clock, engine } = openRig();
  for (let i = 0; i < MAX_STREAMS + 3; i++) {
    engine.receive(`box ${i}`, on(60), instant(9_990_000), clock.now(), false);
  }
  expect(engine.refused).toBe(3);
  expect(engine.streamStats(`box ${MAX_STREAMS}`)).toBeUndefined();
  expect(engine.streamStats('box 0')?.events).toBe(1);
});

test('modes change nothing that sounds: all of them play Live', () => {
  const { clock, engine, played } = openRig();
  engine.receive('ann', on(60), instant(9_990_000), clock.now(), false);
  for (const mode of ['tight', 'groove', 'auto', 'live'] as const) engine.setMode(mode);
  engine.setContext(undefined);
  expect(played).toHaveLength(1);
});

test('statistics tell the delay, what is left of jitter, and what the buffer smooths', () => {
  const { engine } = openRig();
  for (let i = 0; i < 400; i++) {
    const performed = 10e6 + i * 100_000;
    const arrived = performed + 20_000 + (i % 10) * 1_000;
    engine.receive('ann', on(i % 100), instant(performed), instant(arrived), false);
  }
  const stats = engine.streamStats('ann');
  expect(stats?.events).toBe(400);
  expect(stats?.delays.count).toBe(400);
  expect(stats?.delayP50).toBeGreaterThan(fromMillis(27));
  expect(stats?.delayP95).toBeLessThan(fromMillis(38));
  expect(stats?.networkJitter).toBeCloseTo(9_000, -3);
  expect(stats?.jitter).toBeLessThan(fromMillis(6));
  expect(stats?.buffer).toBeGreaterThan(fromMillis(28));
});
