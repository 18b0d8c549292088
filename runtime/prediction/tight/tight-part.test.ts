import { beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../sim/virtual-clock.ts';
import type { Role } from '../../core/ensemble.ts';
import type { MidiMessage } from '../../core/midi-message.ts';
import type { EventCause } from '../../core/scheduled-event.ts';
import { type Instant, instant } from '../../core/time.ts';
import { openPredictionEngine, type PredictionEngine } from '../engine.ts';
import { SLOTS_PER_BEAT } from '../grid/beat-grid.ts';
import { ClickGrid } from '../grid/click-grid.ts';
import { ExpectedNotes, type PartPredictor } from '../predictor/part-predictor.ts';

const MS = 1_000;
const BEAT = 500 * MS;
const WAY = 60 * MS;

/** Expects what the test tells it to: keys by slot. */
class ScriptedPredictor implements PartPredictor {
  readonly script = new Map<
    number,
    { key: number; shift?: number; likely?: number; length?: number }[]
  >();
  readonly asked: number[] = [];
  readonly heard: number[] = [];
  readonly #expected = new ExpectedNotes();
  readonly #grid: ClickGrid;

  constructor(grid: ClickGrid) {
    this.#grid = grid;
  }

  noteOn(_channel: number, key: number): void {
    this.heard.push(key);
  }

  noteOff(): void {}

  decide(
    slot: number,
    _now: Instant,
    _known: Instant,
    done: (slot: number, expected: ExpectedNotes) => void,
  ): void {
    this.asked.push(slot);
    const expected = this.#expected;
    expected.clear();
    for (const { key, shift = 0, likely = 0.99, length = 100 * MS } of this.script.get(slot) ??
      []) {
      const i = expected.next();
      expected.channel[i] = 0;
      expected.key[i] = key;
      expected.velocity[i] = 70;
      expected.at[i] = this.expectedTime(slot) + shift;
      expected.length[i] = length;
      expected.likely[i] = likely;
      expected.precise[i] = likely * 0.95;
    }
    done(slot, expected);
  }

  expectedTime(slot: number): Instant {
    return this.#grid.timeOf(slot / SLOTS_PER_BEAT);
  }

  reset(): void {}
}

interface Played {
  readonly what: string;
  /** Milliseconds. */
  readonly at: number;
  readonly cause: EventCause;
}

let clock: VirtualClock;
let engine: PredictionEngine;
let predictor: ScriptedPredictor;
let played: Played[] = [];

function open(role: Role): void {
  clock = new VirtualClock(instant(0));
  const click = new ClickGrid();
  click.setClick(0, 120, 4);
  predictor = new ScriptedPredictor(click);
  played = [];
  engine = openPredictionEngine(
    {
      clock,
      click,
      predictors: { open: () => predictor, close: () => {}, describe: () => 'script' },
      play: (message, due, _source, cause) =>
        played.push({ what: name(message), at: due / MS, cause }),
      release: () => {},
    },
    { carryOnBars: 2 },
  );
  engine.setRole('ann', role);
  engine.setMode('tight');
}

function name(message: MidiMessage): string {
  switch (message.kind) {
    case 'noteOn':
      return `on ${message.key} ${message.velocity}`;
    case 'noteOff':
      return `off ${message.key}`;
    default:
      return message.kind;
  }
}

/** Performed at `at` milliseconds, on its way for `way` milliseconds. */
function send(
  kind: 'on' | 'off',
  key: number,
  at: number,
  way: number = WAY / MS,
  velocity = 90,
): void {
  clock.advanceTo(instant((at + way) * MS));
  const message: MidiMessage =
    kind === 'on'
      ? { kind: 'noteOn', channel: 0, key, velocity }
      : { kind: 'noteOff', channel: 0, key, velocity: 64 };
  engine.receive('ann', message, instant(at * MS), clock.now(), false);
}

/** Some bars of one key on every beat, so that the way here is known and the part is awake. */
function warmUp(beats = 16): number {
  for (let beat = 0; beat < beats; beat++) {
    send('on', 30, (beat * BEAT) / MS);
    send('off', 30, (beat * BEAT) / MS + 200);
  }
  played = [];
  return (beats * BEAT) / MS;
}

const stats = () => {
  const told = engine.predictionStats('ann');
  if (!told) throw new Error('ann plays');
  return told;
};
const slotAt = (ms: number): number => Math.round((ms * MS * SLOTS_PER_BEAT) / BEAT);

beforeEach(() => open('melody'));

describe('a note that was foreseen', () => {
  test('sounds at its time, and is not struck again when it comes; its note-off ends it', () => {
    const at = warmUp();
    predictor.script.set(slotAt(at), [{ key: 60, length: 400 * MS }]);
    send('on', 60, at + 3);
    expect(played).toEqual([{ what: 'on 60 70', at, cause: 'predicted' }]);
    send('off', 60, at + 300);
    expect(played[1]).toEqual({ what: 'off 60', at: at + 360, cause: 'received' });
    expect(stats()).toMatchObject({ predicted: 1, confirmed: 1, precise: 1, falseNotes: 0 });
  });

  test('and came before it was due is struck when it comes', () => {
    const at = warmUp();
    predictor.script.set(slotAt(at), [{ key: 60, shift: 30 * MS }]);
    send('on', 60, at - 40, 45);
    clock.advanceTo(instant((at + 400) * MS));
    expect(played.map(({ what, at: when, cause }) => [what, when, cause])).toEqual([
      ['on 60 90', at + 5, 'received'],
    ]);
    expect(stats()).toMatchObject({ predicted: 0, forestalled: 1 });
  });

  test('of another key of the same drum ends with the note-off of the key that came', () => {
    open('rhythm');
    const at = warmUp();
    predictor.script.set(slotAt(at), [{ key: 38, length: 1_000 * MS }]);
    send('on', 40, at + 5);
    send('off', 40, at + 150);
    expect(played.map(({ what }) => what)).toEqual(['on 38 70', 'off 38']);
    expect(stats().confirmed).toBe(1);
  });

  test('of another key of the same drum, whose own is struck again before its end: nothing hangs', () => {
    open('rhythm');
    const at = warmUp();
    predictor.script.set(slotAt(at), [{ key: 49, length: 1_000 * MS }]);
    send('on', 57, at + 5);
    send('on', 57, at + 205);
    send('off', 57, at + 200);
    send('off', 57, at + 400);
    expect(played.map(({ what, at: when }) => `${what} ${when}`)).toEqual([
      `on 49 70 ${at}`,
      `off 49 ${at + 265}`,
      `on 57 90 ${at + 265}`,
      `off 57 ${at + 460}`,
    ]);
    expect(engine.streamStats('ann')?.soundingNotes).toBe(0);
  });

  test('while the same key still sounds: that ends first, and its own note-off is not taken for the new one', () => {
    const at = warmUp();
    send('on', 60, at - 300);
    predictor.script.set(slotAt(at), [{ key: 60, length: 400 * MS }]);
    send('off', 60, at - 20);
    send('on', 60, at + 4);
    send('off', 60, at + 300);
    expect(played.map(({ what, at: when }) => `${what} ${when}`)).toEqual([
      `on 60 90 ${at - 240}`,
      `off 60 ${at}`,
      `on 60 70 ${at}`,
      `off 60 ${at + 360}`,
    ]);
  });
});

describe('a false note', () => {
  test('ends soon, is counted, and says that it is corrected', () => {
    const at = warmUp();
    predictor.script.set(slotAt(at), [{ key: 60, length: 2_000 * MS }]);
    clock.advanceTo(instant((at + 1_000) * MS));
    expect(played.map(({ what, cause }) => `${what} ${cause}`)).toEqual([
      'on 60 70 predicted',
      'off 60 corrected',
    ]);
    expect((played[1]?.at ?? 0) - at).toBeLessThan(200);
    expect(stats()).toMatchObject({ predicted: 1, falseNotes: 1, corrected: 1 });
  });

  test('is none when its note comes after all, with a packet that was lost', () => {
    const at = warmUp();
    predictor.script.set(slotAt(at), [{ key: 60 }]);
    send('on', 60, at + 2, 400);
    expect(stats()).toMatchObject({ falseNotes: 0, confirmed: 1 });
    expect(played.filter(({ what }) => what.startsWith('on'))).toHaveLength(1);
  });
});

describe('what nobody foresaw is never dropped', () => {
  test('melody and bass are struck when they come', () => {
    const at = warmUp();
    send('on', 72, at + 10);
    expect(played[0]).toEqual({ what: 'on 72 90', at: at + 70, cause: 'received' });
    expect(stats().late).toBeGreaterThan(0);
  });

  test('harmony is softer', () => {
    open('harmony');
    const at = warmUp();
    send('on', 72, at + 10);
    expect(played[0]?.what).toBe('on 72 79');
  });

  test('rhythm waits for the next subdivision when that is close', () => {
    open('rhythm');
    const at = warmUp();
    send('on', 42, at, 55);
    expect(played[0]).toMatchObject({ what: 'on 42 90', at: at + 62.5 });
    send('on', 42, at + 125, 70);
    expect(played[1]?.at).toBe(at + 195);
  });
});

describe('a part that stops', () => {
  test('is not played for: nothing predicted sounds a second after its last release', () => {
    const at = warmUp();
    for (let ms = at; ms < at + 10_000; ms += 250) {
      predictor.script.set(slotAt(ms), [{ key: 60 + ((ms / 250) % 5), length: 5_000 * MS }]);
    }
    clock.advanceTo(instant((at + 20_000) * MS));
    const last = Math.max(...played.map((one) => one.at));
    // The last beat was released 300 ms before `at`.
    expect(last).toBeLessThan(at - 300 + 1_000);
    expect(stats().falseNotes).toBeLessThanOrEqual(6);
    // And nobody is asked in vain.
    const asked = predictor.asked.length;
    clock.advanceTo(instant((at + 30_000) * MS));
    expect(predictor.asked.length).toBe(asked);
  });

  test('while a key is held: a few false notes, then nothing until a true one comes', () => {
    // Long enough for the budget of false notes to bear it.
    const at = warmUp(320);
    send('on', 90, at - 200);
    played = [];
    for (let ms = at; ms < at + 10_000; ms += 250) predictor.script.set(slotAt(ms), [{ key: 60 }]);
    clock.advanceTo(instant((at + 9_000) * MS));
    expect(played.filter(({ what }) => what.startsWith('on')).length).toBeLessThanOrEqual(6);
    send('on', 91, at + 9_300);
    const before = played.length;
    clock.advanceTo(instant((at + 9_800) * MS));
    expect(played.length).toBeGreaterThan(before);
  });
});

describe('when the link is gone', () => {
  const script = (at: number): void => {
    for (let ms = at; ms < at + 20_000; ms += 500) predictor.script.set(slotAt(ms), [{ key: 60 }]);
  };

  test('who agreed to it is carried on for two bars, fading, then is gone', () => {
    const at = warmUp();
    engine.setConsent('ann', true);
    script(at);
    engine.lose('ann');
    expect(stats().fallbackBars).toBe(2);
    clock.advanceTo(instant((at + 2_000) * MS));
    expect(stats().fallbackBars).toBeCloseTo(1, 0);
    clock.advanceTo(instant((at + 20_000) * MS));
    expect(engine.predictionStats('ann')).toBeUndefined();
    const ons = played.filter(({ what }) => what.startsWith('on'));
    expect(ons.length).toBeGreaterThanOrEqual(7);
    expect(ons.length).toBeLessThanOrEqual(9);
    const velocities = ons.map(({ what }) => Number(what.split(' ')[2]));
    expect(velocities).toEqual(velocities.toSorted((a, b) => b - a));
    expect(velocities.at(-1)).toBeLessThan(35);
    expect(played.filter(({ what }) => what.startsWith('off'))).toHaveLength(ons.length);
    expect(played.at(-1)?.at).toBeLessThan(at + 4_200);
  });

  test('who did not is silent at once', () => {
    const at = warmUp();
    script(at);
    engine.lose('ann');
    clock.advanceTo(instant((at + 5_000) * MS));
    expect(played).toEqual([]);
    expect(engine.predictionStats('ann')).toBeUndefined();
  });

  test('who is back takes over cleanly', () => {
    const at = warmUp();
    engine.setConsent('ann', true);
    script(at);
    engine.lose('ann');
    engine.lose('ann');
    clock.advanceTo(instant((at + 1_200) * MS));
    send('on', 64, at + 1_240);
    expect(stats().fallbackBars).toBeUndefined();
    const before = played.length;
    send('off', 64, at + 1_700);
    clock.advanceTo(instant((at + 20_000) * MS));
    expect(engine.predictionStats('ann')).toBeDefined();
    expect(played.length).toBeLessThan(before + 8);
    const sounding = played.reduce((sum, { what }) => sum + (what.startsWith('on') ? 1 : -1), 0);
    expect(sounding).toBe(0);
  });
});

test('prediction turned down to nothing plays nothing that has not come, and still watches', () => {
  const at = warmUp();
  engine.setWet(0);
  predictor.script.set(slotAt(at), [{ key: 60 }]);
  send('on', 60, at + 3);
  expect(played).toEqual([{ what: 'on 60 90', at: at + 63, cause: 'received' }]);
  engine.setWet(1);
  engine.setStreamWet('ann', 0);
  expect(stats().wet).toBe(0);
});

test('quantization moves predicted notes to the beat, by its strength', () => {
  for (const [strength, expected] of [
    [0, 20],
    [0.5, 10],
    [1, 0],
  ] as const) {
    open('melody');
    engine.setStreamQuantization('ann', strength);
    const at = warmUp();
    predictor.script.set(slotAt(at), [{ key: 60, shift: 20 * MS }]);
    clock.advanceTo(instant((at + 100) * MS));
    expect((played[0]?.at ?? 0) - at).toBeCloseTo(expected, 3);
  }
});

test('what becomes of each note is told to who listens', () => {
  const told: string[] = [];
  engine.onNote((source, fate, _channel, key) => told.push(`${source} ${fate} ${key}`));
  const at = warmUp();
  told.length = 0;
  predictor.script.set(slotAt(at), [{ key: 60 }, { key: 67, length: 400 * MS }]);
  send('on', 60, at + 3);
  send('on', 72, at + 20);
  clock.advanceTo(instant((at + 300) * MS));
  expect(told).toEqual([
    'ann predicted 60',
    'ann predicted 67',
    'ann confirmed 60',
    'ann late 72',
    'ann corrected 67',
    'ann false 67',
  ]);
});
