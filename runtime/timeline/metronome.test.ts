import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { openDriftingClock } from '../../sim/drifting-clock.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import type { EnsembleContext, SessionId, Song, Timeline } from '../core/ensemble.ts';
import type { MidiMessage } from '../core/midi-message.ts';
import { type EnsembleTime, fromMillis, type Instant } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import { type ClickMode, type Metronome, openMetronome } from './metronome.ts';
import { countsIn, fulfil, plays, type SharedTime, type TimeWish } from './time-wish.ts';
import { placeOfBeat, timeOfBeat, withTempo } from './timeline.ts';

const SOUND = { channel: 9, key: 77, accentKey: 76, velocity: 100 };
const SESSION = 'a session' as SessionId;
/** Beat 0 falls 2 s after the clock began. */
const PLAIN: Timeline = { origin: 3e6 as EnsembleTime, bpm: 120, beatsPerBar: 4 };

interface Click {
  readonly accent: boolean;
  /** Ensemble time. */
  readonly at: number;
  readonly givenAt: number;
}

/** A box of its own: its clock runs otherwise than the ensemble's. */
class Player {
  readonly clicks: Click[] = [];
  readonly metronome: Metronome;
  readonly clock: Clock;
  readonly #rate: number;
  readonly #origin: number;
  #queue: { message: MidiMessage; due: Instant }[] = [];
  ends = 0;

  constructor(clock: VirtualClock, click: ClickMode, ppm = 0, origin = 0) {
    this.#rate = 1 + ppm / 1e6;
    this.#origin = origin;
    this.clock = openDriftingClock(clock, ppm, origin);
    this.metronome = openMetronome(
      {
        clock: this.clock,
        ensembleClock: {
          toEnsemble: (local) => ((local - origin) / this.#rate) as EnsembleTime,
          toLocal: (time) => (origin + time * this.#rate) as Instant,
          synced: true,
        },
        play: (message, due) => {
          if (message.kind === 'noteOff') this.ends++;
          if (message.kind === 'noteOn') this.#queue.push({ message, due });
          if (message.kind !== 'noteOn') return;
          this.clicks.push({
            accent: message.key === SOUND.accentKey,
            at: (due - this.#origin) / this.#rate,
            givenAt: clock.now(),
          });
        },
        release: () => {
          const now = this.clock.now();
          const back = this.#queue.filter(({ due }) => due > now).length;
          this.#queue = [];
          this.clicks.splice(this.clicks.length - back, back);
          this.ends -= back;
        },
      },
      { click, sound: SOUND },
    );
  }

  know({ timeline, song }: SharedTime): void {
    const context = { session: SESSION, timeline, ...(song ? { song } : {}) };
    this.metronome.setContext(context as EnsembleContext);
  }
}

const song = (start: number, more: Partial<Song> = {}): Song => ({
  start,
  position: 0,
  countIn: 0,
  ...more,
});

let clock: VirtualClock;
beforeEach(() => {
  clock = new VirtualClock();
});

test('clicks on each beat of the song, the first of a bar with an accent, a little ahead', () => {
  const player = new Player(clock, 'on', 40, 7e9);
  player.know({ timeline: PLAIN, song: song(4, { end: 12 }) });
  clock.advance(fromMillis(12_000));
  expect(player.clicks.map(({ at }) => Math.round(at / 1_000))).toEqual(
    Array.from({ length: 8 }, (_, i) => 3_000 + (i + 4) * 500),
  );
  expect(player.clicks.map(({ accent }) => accent)).toEqual(
    [true, false, false, false].concat([true, false, false, false]),
  );
  for (const { at, givenAt } of player.clicks) {
    expect(at - givenAt).toBeGreaterThan(50_000);
    expect(at - givenAt).toBeLessThan(70_000);
  }
  expect(player.ends).toBe(8);
  expect(player.metronome.stats).toEqual({ given: 8, missed: 0 });
});

test.each([
  ['off', 0],
  ['countIn', 4],
  ['on', 8],
] as const)(
  'switched %s, it clicks %i times for a bar of count-in and a bar of song',
  (click, times) => {
    const player = new Player(clock, click);
    player.know({ timeline: PLAIN, song: song(8, { countIn: 4, end: 12 }) });
    clock.advance(fromMillis(12_000));
    expect(player.clicks).toHaveLength(times);
  },
);

test('a song that was taken back in its count-in falls silent', () => {
  const player = new Player(clock, 'on');
  player.know({ timeline: PLAIN, song: song(8, { countIn: 4 }) });
  clock.advance(fromMillis(4_600));
  player.know({ timeline: PLAIN, song: song(8, { countIn: 4, end: 6 }) });
  clock.advance(fromMillis(8_000));
  expect(player.clicks).toHaveLength(2);
});

test('who joins in the middle of a song clicks from the next beat on', () => {
  const player = new Player(clock, 'on');
  clock.advance(fromMillis(10_100));
  player.know({ timeline: PLAIN, song: song(0) });
  clock.advance(fromMillis(2_000));
  expect(player.clicks.map(({ at }) => Math.round(at / 1_000))).toEqual([
    11_500, 12_000, 12_500, 13_000,
  ]);
});

test('what was given and is another now is taken back', () => {
  const player = new Player(clock, 'on');
  player.know({ timeline: PLAIN, song: song(0) });
  clock.advance(fromMillis(3_950));
  expect(player.clicks.at(-1)?.at).toBe(5e6);
  const late = withTempo(PLAIN, 4.4e6 as EnsembleTime, 100);
  player.know({ timeline: late, song: song(0) });
  clock.advance(fromMillis(1_000));
  expect(player.clicks.map(({ at }) => at / 1e6)).toEqual([3, 3.5, 4, 4.5, 5.1, 5.7]);
});

test('after a stall of the box the beats that passed are counted, not clicked', () => {
  let stalled: (() => void) | undefined;
  const slow = openMetronome(
    {
      clock: {
        now: () => clock.now(),
        alarm: (wake) => {
          stalled = wake;
          return { set() {}, clear() {}, [Symbol.dispose]() {} };
        },
      },
      ensembleClock: {
        toEnsemble: (local) => local as number as EnsembleTime,
        toLocal: (time) => time as number as Instant,
        synced: true,
      },
      play: () => {},
      release: () => {},
    },
    { click: 'on', sound: SOUND },
  );
  slow.setContext({ session: SESSION, timeline: PLAIN, song: song(0) } as EnsembleContext);
  clock.advance(fromMillis(4_100));
  stalled?.();
  expect(slow.stats).toEqual({ given: 0, missed: 5 });
});

test('when the session’s time jumps, or its beats are numbered anew, the click goes on at once', () => {
  const player = new Player(clock, 'on');
  player.know({ timeline: PLAIN, song: song(0) });
  clock.advance(fromMillis(9_990));
  const before = player.clicks.length;
  // An hour later, and after that from the beginning.
  player.know({ timeline: { ...PLAIN, beat: 7_200, bar: 1_800 }, song: song(0) });
  clock.advance(fromMillis(1_000));
  player.know({ timeline: { ...PLAIN, origin: 12e6 as EnsembleTime }, song: song(-8) });
  clock.advance(fromMillis(3_000));
  const times = player.clicks.slice(before - 1).map(({ at }) => at / 1e6);
  expect(times).toEqual([11, 11.5, 12, 12.5, 13, 13.5, 14, 14.5, 15]);
});

describe('whatever is wished, whoever does, and however late it is heard', () => {
  const wish: fc.Arbitrary<TimeWish> = fc.oneof(
    fc.record({
      kind: fc.constant('tempo' as const),
      bpm: fc.integer({ min: 40, max: 300 }),
    }),
    fc.record({
      kind: fc.constant('metre' as const),
      beatsPerBar: fc.integer({ min: 1, max: 7 }),
    }),
    fc.record({
      kind: fc.constant('play' as const),
      countInBars: fc.integer({ min: 0, max: 1 }),
    }),
    fc.constant({ kind: 'stop' as const }),
  );
  const wishes = fc.array(
    fc.record({
      wait: fc.integer({ min: 10, max: 4_000 }),
      wish,
      delays: fc.tuple(fc.integer({ min: 0, max: 110 }), fc.integer({ min: 0, max: 110 })),
    }),
    { minLength: 1, maxLength: 20 },
  );

  const NOTICE = fromMillis(200);

  test('no box doubles or skips a beat, and all have the same bars', () => {
    fc.assert(
      fc.property(wishes, (steps) => {
        const turned = new VirtualClock();
        const players = [new Player(turned, 'on'), new Player(turned, 'on', 50, 4e9)];
        const heardLast = [turned.now(), turned.now()];
        let shared: SharedTime = { timeline: PLAIN, song: undefined };
        let beat = 0;
        const expected: { at: number; accent: boolean }[] = [];
        /** What lies before `until` is as it is: no wish reaches it any more. */
        const settle = (until: number): void => {
          for (; timeOfBeat(shared.timeline, beat) < until; beat++) {
            const { song: now } = shared;
            const at = timeOfBeat(shared.timeline, beat);
            const accent = placeOfBeat(shared.timeline, beat).beatInBar === 0;
            if (plays(now, beat) || countsIn(now, beat)) expected.push({ at, accent });
          }
        };
        for (const { wait, wish: wished, delays } of steps) {
          turned.advance(fromMillis(wait));
          const now = turned.now() as number as EnsembleTime;
          settle(now + NOTICE);
          shared = { ...shared, ...fulfil(wished, shared, now, NOTICE) };
          const told = shared;
          players.forEach((player, i) => {
            const at = Math.max(turned.now() + (delays[i] ?? 0) * 1_000, heardLast[i] ?? 0);
            heardLast[i] = at as Instant;
            turned.alarm(() => player.know(told)).set(at as Instant);
          });
        }
        turned.advance(fromMillis(3_000));
        // Where no beat falls: times are sums of fractions.
        const end = turned.now() - Math.SQRT2;
        settle(end);
        for (const { clicks, metronome } of players) {
          const heard = clicks.filter(({ at }) => at < end);
          expect(heard.map(({ accent }) => accent)).toEqual(expected.map(({ accent }) => accent));
          heard.forEach(({ at }, i) => {
            expect(Math.abs(at - (expected[i]?.at ?? 0))).toBeLessThan(2);
          });
          expect(metronome.stats.missed).toBe(0);
        }
      }),
      { numRuns: 100 },
    );
  });
});

test('beats whose numbers are beyond counting are passed over, and the box goes on', () => {
  const clock = new VirtualClock();
  const player = new Player(clock, 'on');
  for (const beat of [2 ** 53 - 1, -(2 ** 53 - 1)]) {
    const timeline = { ...PLAIN, beat };
    player.know({ timeline, song: { start: beat, position: 0, countIn: 0 } });
    clock.advance(fromMillis(5_000));
  }
  player.know({ timeline: PLAIN, song: { start: 0, position: 0, countIn: 0 } });
  const before = player.clicks.length;
  clock.advance(fromMillis(5_000));
  expect(player.clicks.length - before).toBe(10);
});
