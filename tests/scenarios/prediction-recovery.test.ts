/**
 * Players who stop, hurry, drop out, come back or send garbage: no note hangs, and nobody is played for who is silent.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import type { MidiMessage } from '../../runtime/core/midi-message.ts';
import type { EventCause } from '../../runtime/core/scheduled-event.ts';
import { type Instant, instant } from '../../runtime/core/time.ts';
import { openPredictionEngine, type PredictionEngine } from '../../runtime/prediction/engine.ts';
import { ClickGrid } from '../../runtime/prediction/grid/click-grid.ts';
import { openStatisticalPredictors } from '../../runtime/prediction/predictor/statistical-predictors.ts';
import { seededRandomness, uniform } from '../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';

const SECOND = 1e6;
const WAY = 0.06;

interface Note {
  /** Seconds. */
  readonly at: number;
  readonly key: number;
  readonly length: number;
}

interface Arrival {
  readonly at: number;
  readonly arrival: number;
  readonly message: MidiMessage;
}

let clock: VirtualClock;
let click: ClickGrid;
let engine: PredictionEngine;
let sounding: Map<string, number>;
let heard: { at: number; on: boolean; cause: EventCause; source: string }[];

beforeEach(() => {
  clock = new VirtualClock(instant(0));
  click = new ClickGrid();
  click.setClick(0, 120, 4);
  sounding = new Map();
  heard = [];
  engine = openPredictionEngine({
    clock,
    click,
    predictors: openStatisticalPredictors(),
    play: (message, due, source, cause) => hear(message, due, source, cause),
    release: () => {},
  });
  engine.setMode('tight');
});

function hear(message: MidiMessage, due: Instant, source: string, cause: EventCause): void {
  if (message.kind !== 'noteOn' && message.kind !== 'noteOff') return;
  const voice = `${source} ${message.channel} ${message.key}`;
  const on = message.kind === 'noteOn';
  const count = (sounding.get(voice) ?? 0) + (on ? 1 : -1);
  expect(count, `${voice} at ${due}`).toBeGreaterThanOrEqual(0);
  expect(count, `${voice} at ${due}`).toBeLessThanOrEqual(1);
  sounding.set(voice, count);
  heard.push({ at: due / SECOND, on, cause, source });
}

/** A two-bar groove, from a bar on, at so many seconds a beat. */
function groove(from: number, bars: number, beat = 0.5): Note[] {
  const notes: Note[] = [];
  for (let bar = 0; bar < bars; bar++) {
    for (let step = 0; step < 8; step++) {
      const at = from + (bar * 4 + step / 2) * beat;
      notes.push({ at, key: 42, length: 0.05 });
      if (step % 4 === 0) notes.push({ at, key: 36, length: 0.05 });
      if (step % 4 === 2) notes.push({ at, key: 38, length: 0.05 });
      if (bar % 2 === 1 && step === 7) notes.push({ at, key: 46, length: 0.05 });
    }
  }
  return notes;
}

function arrivalsOf(notes: readonly Note[], seed = 'recovery'): Arrival[] {
  const random = seededRandomness(seed);
  return notes
    .flatMap(({ at, key, length }): Arrival[] => {
      const jitter = 0.01 * uniform(random);
      const played = at + 0.01 * (uniform(random) - 0.5);
      return [
        {
          at: played,
          arrival: played + WAY + jitter,
          message: { kind: 'noteOn', channel: 9, key, velocity: 80 },
        },
        {
          at: played + length,
          arrival: played + length + WAY + jitter,
          message: { kind: 'noteOff', channel: 9, key, velocity: 64 },
        },
      ];
    })
    .sort((a, b) => a.arrival - b.arrival);
}

function feed(arrivals: readonly Arrival[], source = 'ann'): void {
  engine.setRole(source, 'rhythm');
  for (const { at, arrival, message } of arrivals) {
    clock.advanceTo(instant(arrival * SECOND));
    engine.receive(source, message, instant(at * SECOND), clock.now(), false);
  }
}

const stats = (source = 'ann') => {
  const told = engine.predictionStats(source);
  if (!told) throw new Error(`${source} plays`);
  return told;
};

function expectSilence(): void {
  for (const [voice, count] of sounding) expect(count, voice).toBe(0);
}

test('a groove that goes on is predicted', () => {
  feed(arrivalsOf(groove(0, 32)));
  expect(stats().w20).toBeGreaterThan(0.8);
  expect(stats().falseNotes / stats().notes).toBeLessThan(0.06);
});

describe('a player who', () => {
  test('stops is not played for, and is predicted again after coming back', () => {
    feed(arrivalsOf(groove(0, 16)));
    clock.advance((30 * SECOND) as never);
    const last = Math.max(...heard.map(({ at }) => at));
    expect(last).toBeLessThan(32 + 1);
    expectSilence();
    const falseNotes = stats().falseNotes;
    feed(arrivalsOf(groove(64, 16)));
    clock.advance((5 * SECOND) as never);
    expect(stats().w20).toBeGreaterThan(0.7);
    expect(stats().falseNotes - falseNotes).toBeLessThan(15);
    expectSilence();
  });

  test('goes over to double time costs some false notes, and is followed', () => {
    feed(arrivalsOf([...groove(0, 16), ...groove(32, 48, 0.25)]));
    clock.advance((5 * SECOND) as never);
    expect(stats().falseNotes / stats().notes).toBeLessThan(0.08);
    expect(stats().w20).toBeGreaterThan(0.5);
    expectSilence();
  });

  test('follows a change of tempo of the click is predicted at the new one', () => {
    feed(arrivalsOf(groove(0, 16)));
    click.setTempo(32 * SECOND, 150, 64);
    feed(arrivalsOf(groove(32, 24, 0.4)));
    clock.advance((5 * SECOND) as never);
    expect(stats().w20).toBeGreaterThan(0.7);
    expect(stats().falseNotes / stats().notes).toBeLessThan(0.08);
    expectSilence();
  });

  test('drops out for bars again and again leaves nothing hanging', () => {
    const notes: Note[] = [];
    for (let turn = 0; turn < 8; turn++) notes.push(...groove(turn * 12, 4 + (turn % 3)));
    feed(arrivalsOf(notes));
    clock.advance((10 * SECOND) as never);
    expect(stats().falseNotes / stats().notes).toBeLessThan(0.1);
    expectSilence();
  });

  test('plays to no beat is not predicted much, and falsely still less', () => {
    const random = seededRandomness('rubato');
    let at = 0;
    const notes = Array.from({ length: 600 }, () => {
      at += 0.08 + 0.4 * uniform(random) ** 2;
      return { at, key: 36 + Math.floor(24 * uniform(random)), length: 0.05 };
    });
    engine.setMode('auto');
    feed(arrivalsOf(notes));
    clock.advance((10 * SECOND) as never);
    expect(stats().falseNotes / stats().notes).toBeLessThan(0.05);
    expect(stats().modeInUse).toBe('live');
    expect(stats().reason).toBe('unpredictable');
    expectSilence();
  });

  test('sends garbage harms neither the others nor oneself', () => {
    const random = seededRandomness('garbage');
    const any = <T>(values: readonly T[]): T =>
      values[Math.floor(values.length * uniform(random))] as T;
    const good = arrivalsOf(groove(0, 24));
    const junk = Array.from({ length: 1_500 }, (): Arrival & { source: string } => {
      const arrival = 48 * uniform(random);
      const key = Math.floor(128 * uniform(random));
      const channel = Math.floor(16 * uniform(random));
      const message = any<MidiMessage>([
        { kind: 'noteOn', channel, key, velocity: 1 + (key % 127) },
        { kind: 'noteOff', channel, key, velocity: 0 },
        { kind: 'controlChange', channel, controller: key, value: 127 },
        { kind: 'pitchBend', channel, value: key * 100 },
        { kind: 'start' },
      ]);
      const at = any([arrival, arrival - 0.1, Number.NaN, arrival + 1e7, -1e9, arrival - 3]);
      return { at, arrival, message, source: any(['eve', 'ann']) };
    });
    const all = [...good.map((one) => ({ ...one, source: 'bob' })), ...junk].sort(
      (a, b) => a.arrival - b.arrival,
    );
    engine.setRole('bob', 'rhythm');
    for (const { source, at, arrival, message } of all) {
      clock.advanceTo(instant(arrival * SECOND));
      engine.receive(source, message, instant(at * SECOND), clock.now(), uniform(random) < 0.1);
    }
    clock.advance((5 * SECOND) as never);
    expect(stats('bob').w20).toBeGreaterThan(0.8);
    engine.panic();
    expectSilence();
  });
});

test('changes of mode in the middle of notes leave neither a gap nor a double', () => {
  const all = arrivalsOf(groove(0, 32));
  const modes = ['live', 'tight', 'auto', 'groove', 'tight', 'live', 'groove', 'auto'] as const;
  engine.setRole('ann', 'rhythm');
  for (const [index, { at, arrival, message }] of all.entries()) {
    clock.advanceTo(instant(arrival * SECOND));
    if (index % 37 === 36) engine.setMode(modes[((index / 37) % 8) | 0] ?? 'auto');
    engine.receive('ann', message, instant(at * SECOND), clock.now(), false);
  }
  clock.advance((10 * SECOND) as never);
  expectSilence();
  const ons = heard.filter(({ on }) => on).length;
  const truths = all.length / 2;
  // False notes aside, each was heard once.
  expect(ons - stats().falseNotes).toBeGreaterThanOrEqual(truths);
  expect(ons - stats().falseNotes).toBeLessThanOrEqual(truths * 1.03);
});
