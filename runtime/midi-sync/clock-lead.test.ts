import { beforeEach, describe, expect, test } from 'vitest';
import { normal, seededRandomness } from '../../sim/seeded-randomness.ts';
import type { BoxId, EnsembleContext, Song, Timeline } from '../core/ensemble.ts';
import type { MidiMessage } from '../core/midi-message.ts';
import { type EnsembleTime, type Instant, instant } from '../core/time.ts';
import { beatAt, placeOfBeat, timeOfBeat, withTempo } from '../timeline/timeline.ts';
import { ClockLead } from './clock-lead.ts';

const SHIFT = 7e6;
const SELF = 'aa' as BoxId;
/** A session that has run for a while, out of step with the clock that is going to lead it. */
const BEFORE: Timeline = { origin: 1.234e6 as EnsembleTime, bpm: 97, beatsPerBar: 4 };

let timeline: Timeline;
let song: Song | undefined;
let writes: number[];
let lead: ClockLead;
let now: number;
let locked: boolean;

const tell = (): void =>
  lead.setContext({
    timeline,
    ...(song ? { song } : {}),
    locked,
    host: 'bb',
    participants: [{ self: true, id: SELF }],
  } as unknown as EnsembleContext);

beforeEach(() => {
  timeline = BEFORE;
  song = undefined;
  writes = [];
  now = 20e6;
  locked = false;
  lead = new ClockLead({
    ensembleClock: {
      toEnsemble: (local) => (local + SHIFT) as EnsembleTime,
      toLocal: (time) => (time - SHIFT) as Instant,
      synced: true,
    },
    lead(next, played) {
      writes.push(now);
      timeline = next;
      song = played ?? song;
      tell();
    },
  });
  tell();
});

const random = seededRandomness('clock lead');

/** Clocks from now on, straying by `stray` milliseconds; `before` goes ahead of the first one. */
function send(clocks: number, bpm: number, stray = 0, before?: MidiMessage): void {
  const period = 60e6 / (bpm * 24);
  if (before) lead.receive(before, instant(now - 1_000));
  for (let clock = 0; clock < clocks; clock++) {
    lead.receive({ kind: 'timingClock' }, instant(now + normal(random) * stray * 1_000));
    now += period;
  }
}

const ensembleNow = (): EnsembleTime => (now + SHIFT) as EnsembleTime;

test('Start makes a bar line where the clock has it, at its tempo', () => {
  const began = now;
  send(96, 126, 0, { kind: 'start' });
  const { start, position, end } = song ?? { start: Number.NaN };
  expect([position, end]).toEqual([0, undefined]);
  expect(timeOfBeat(timeline, start) - SHIFT).toBeCloseTo(began, 0);
  expect(placeOfBeat(timeline, start)).toMatchObject({ beatInBar: 0, bpm: 126 });
  expect(writes).toHaveLength(1);
});

test('Continue after a song position goes on in that bar', () => {
  send(48, 120);
  lead.receive({ kind: 'songPosition', beats: 38 }, instant(now));
  const began = now;
  send(24, 120, 0, { kind: 'continue' });
  // Nine and a half quarter notes in: the third bar, which began one and a half ago.
  expect(song).toMatchObject({ position: 8 });
  expect(timeOfBeat(timeline, song?.start ?? 0) - SHIFT).toBeCloseTo(began - 750_000, 0);
});

test('Stop ends the song with the next beat', () => {
  send(100, 120, 0, { kind: 'start' });
  lead.receive({ kind: 'stop' }, instant(now));
  expect(song?.end).toBe((song?.start ?? 0) + 5);
});

test('without transport the tempo is followed, and nothing begins', () => {
  send(200, 140, 1);
  expect(Math.abs(timeline.bpm / 140 - 1)).toBeLessThan(0.003);
  expect(song).toBeUndefined();
});

describe('a clock that strays', () => {
  test.each([0.5, 1, 3])('by %s ms is followed to a few milliseconds', (stray) => {
    send(24 * 60, 120, stray, { kind: 'start' });
    const beats = beatAt(timeline, ensembleNow()) - (song?.start ?? 0);
    expect(Math.abs(beats - 60) * 500).toBeLessThan(2 + 2 * stray);
  });

  test('a ramp from 100 to 130 is followed, by at most two changes a second', () => {
    send(96, 100, 0.5, { kind: 'start' });
    for (let bpm = 100; bpm < 130; bpm += 0.5) send(12, bpm, 0.5);
    send(24 * 16, 130, 0.5);
    const beats = beatAt(timeline, ensembleNow()) - (song?.start ?? 0);
    expect(Math.abs(beats - 50) * (60_000 / 130)).toBeLessThan(5);
    expect(Math.abs(timeline.bpm / 130 - 1)).toBeLessThan(0.01);
    for (const [i, at] of writes.slice(1).entries()) {
      expect(at - (writes[i] ?? 0)).toBeGreaterThan(490_000);
    }
  });
});

test('a hand on the panel’s tempo is overruled without a jump', () => {
  send(96, 120, 0, { kind: 'start' });
  timeline = withTempo(timeline, ensembleNow(), 150);
  tell();
  let last = beatAt(timeline, ensembleNow());
  for (let clock = 0; clock < 24 * 30; clock++) {
    send(1, 120);
    const here = beatAt(timeline, ensembleNow());
    expect(here - last).toBeGreaterThan(0.5 / 24);
    expect(here - last).toBeLessThan(2 / 24);
    last = here;
  }
  expect(Math.abs(last - (song?.start ?? 0) - 34) * 500).toBeLessThan(3);
});

test('in a session that the host has locked it leads nobody', () => {
  locked = true;
  tell();
  send(96, 126, 0, { kind: 'start' });
  expect([timeline, song, writes]).toEqual([BEFORE, undefined, []]);
});

test('when it falls silent the session goes on', () => {
  send(96, 126, 0, { kind: 'start' });
  now += 60e6;
  tell();
  expect([timeline.bpm, song?.end]).toEqual([126, undefined]);
});
