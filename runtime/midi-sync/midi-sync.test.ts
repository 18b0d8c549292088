import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { measureClock, place } from '../../tests/bench/midi-clock-measure.ts';
import {
  CLOCK,
  CONTINUE,
  openSyncRig,
  periodOf,
  START,
  STOP,
  type SyncRig,
  songPosition,
} from '../../tests/sync-rig.ts';
import type { EnsembleContext, Song, Timeline } from '../core/ensemble.ts';
import type { MidiMessage } from '../core/midi-message.ts';
import { type EnsembleTime, fromMillis } from '../core/time.ts';
import { withMetre, withTempo } from '../timeline/timeline.ts';
import { paced } from './pacing.ts';

const PERIOD = 20;

function bringClocks(rig: SyncRig, from: number, to: number, source = 'peer'): void {
  for (let clock = from; clock < to; clock++) rig.bring(CLOCK, clock * PERIOD, { source });
}

function clockTimes(rig: SyncRig): number[] {
  return rig.given
    .filter(({ message }) => message.kind === 'timingClock')
    .map(({ at }) => at - 1e6);
}

describe('a stream that sends a clock', () => {
  test('is heard at the outputs by a constant delay, Start before the first clock', () => {
    const rig = openSyncRig();
    rig.bring(START, 99);
    bringClocks(rig, 5, 105);
    rig.runTo(3_000);
    expect(rig.transport().slice(0, 1)).toEqual([['start', 129]]);
    const song = place(rig.given);
    for (const { position, at } of song.slice(0, 100)) {
      expect(at - 1e6).toBeCloseTo(100_000 + position * 20_000 + 30_000, -2);
    }
  });

  test('goes on while a few of its clocks are late or lost', () => {
    const rig = openSyncRig();
    rig.bring(START, -1);
    for (let clock = 0; clock < 200; clock++) {
      if (clock > 100 && clock < 106) continue;
      rig.bring(CLOCK, clock * PERIOD, {
        delay: clock % 50 === 49 ? 45 : 10,
        lost: clock > 105 ? 5 : 0,
      });
    }
    rig.runTo(4_000);
    const intervals = clockTimes(rig)
      .slice(1)
      .map((at, i) => at - (clockTimes(rig)[i] ?? 0));
    for (const interval of intervals) expect(Math.abs(interval - 20_000)).toBeLessThan(200);
    expect(place(rig.given).at(-1)?.position).toBeGreaterThan(195);
  });

  test('is stopped a second after it fell silent, and joined again on a sixteenth', () => {
    const rig = openSyncRig();
    rig.bring(START, -1);
    bringClocks(rig, 0, 100);
    rig.runTo(4_000);
    expect(rig.transport().map(([kind]) => kind)).toEqual(['start', 'stop']);
    const stopped = rig.transport()[1]?.[1] ?? 0;
    expect(stopped).toBeGreaterThan(2_900);
    expect(stopped).toBeLessThan(3_100);
    const before = place(rig.given).length;
    for (let clock = 250; clock < 350; clock++) rig.bring(CLOCK, clock * PERIOD);
    rig.runTo(8_000);
    const [, , located, resumed] = rig.transport();
    expect(located?.[0]).toMatch(/^songPosition/);
    expect(resumed?.[0]).toBe('continue');
    // Clocks that were not sent do not count: the source is at 100 and what came since.
    const again = place(rig.given).slice(before);
    for (const { position, at } of again) {
      expect(at - 1e6).toBeCloseTo((150 + position) * 20_000 + 30_000, -3);
    }
  });

  test('is stopped when it ends', () => {
    const rig = openSyncRig();
    rig.bring(START, -1);
    bringClocks(rig, 0, 50);
    rig.runTo(1_000);
    rig.sync.remove('peer');
    expect(rig.transport().at(-1)?.[0]).toBe('stop');
    const count = rig.given.length;
    rig.runTo(2_000);
    expect(rig.given.length).toBe(count);
    expect(rig.sync.status.clockFrom).toBeUndefined();
  });

  test('is passed on while its transport stands still', () => {
    const rig = openSyncRig();
    bringClocks(rig, 0, 100);
    rig.runTo(2_000);
    expect(clockTimes(rig).length).toBeGreaterThan(95);
    expect(rig.transport()).toEqual([]);
    expect(rig.sync.status).toMatchObject({ clockFrom: 'peer', running: false });
    expect(rig.sync.status.bpm).toBeCloseTo(125, 1);
  });
});

describe('transport', () => {
  test('a song position is given while stopped, and Continue no sooner than 5 ms after it', () => {
    const rig = openSyncRig();
    bringClocks(rig, 0, 100);
    rig.bring(songPosition(16), 990);
    rig.bring(CONTINUE, 990);
    rig.runTo(2_000);
    expect(rig.transport().map(([kind]) => kind)).toEqual(['songPosition 16', 'continue']);
    const [located, resumed] = rig.given.filter(({ message }) => message.kind !== 'timingClock');
    expect((resumed?.at ?? 0) - (located?.at ?? 0)).toBeGreaterThanOrEqual(5_000);
    for (const { position, at } of place(rig.given).slice(3)) {
      expect(at - 1e6).toBeCloseTo((50 + position - 96) * 20_000 + 30_000, -3);
    }
  });

  test('a jump while it runs is rendered as Stop, song position, Continue', () => {
    const rig = openSyncRig();
    rig.bring(START, -1);
    bringClocks(rig, 0, 200);
    for (const message of [STOP, songPosition(64), CONTINUE]) rig.bring(message, 1_999);
    rig.runTo(4_000);
    expect(rig.transport().map(([kind]) => kind)).toEqual([
      'start',
      'stop',
      'songPosition 64',
      'continue',
    ]);
    for (const { position, at } of place(rig.given).filter(({ position }) => position >= 390)) {
      expect(at - 1e6).toBeCloseTo((100 + position - 384) * 20_000 + 30_000, -3);
    }
  });

  test('Start while it runs stops what is played and begins anew', () => {
    const rig = openSyncRig();
    rig.bring(START, -1);
    bringClocks(rig, 0, 200);
    rig.bring(START, 1_999);
    rig.runTo(3_900);
    expect(rig.transport().map(([kind]) => kind)).toEqual(['start', 'stop', 'start']);
    expect(place(rig.given).at(-1)?.position).toBeLessThan(100);
  });

  test('Stop and Continue count the same clocks as the source', () => {
    const rig = openSyncRig();
    rig.bring(START, -1);
    bringClocks(rig, 0, 300);
    rig.bring(STOP, 1_005);
    rig.bring(CONTINUE, 2_005);
    rig.runTo(6_000);
    expect(
      rig
        .transport()
        .map(([kind]) => kind)
        .slice(0, 3),
    ).toEqual(['start', 'stop', 'continue']);
    const song = place(rig.given).map(({ position }) => position);
    expect(song.slice(0, 250)).toEqual(Array.from({ length: 250 }, (_, position) => position));
    const resumed = place(rig.given).find(({ position }) => position === 51);
    expect((resumed?.at ?? 0) - 1e6).toBeCloseTo(101 * 20_000 + 30_000, -3);
  });

  test('a Stop that came too late moves the instrument back to the sixteenth, and nothing is lost', () => {
    const rig = openSyncRig();
    rig.bring(START, -1);
    bringClocks(rig, 0, 60);
    // The source stopped after clock 59; its Stop takes 200 ms.
    rig.bring(STOP, 1_185, { delay: 200, recovered: true, lost: 1 });
    rig.bring(CONTINUE, 2_999);
    for (let clock = 150; clock < 250; clock++) rig.bring(CLOCK, clock * PERIOD, { lost: 1 });
    rig.runTo(5_000);
    expect(
      rig
        .transport()
        .map(([kind]) => kind)
        .slice(0, 4),
    ).toEqual(['start', 'stop', 'songPosition 10', 'continue']);
    for (const { position, at } of place(rig.given).slice(-50)) {
      expect(at - 1e6).toBeCloseTo((90 + position) * 20_000 + 30_000, -3);
    }
  });
});

describe('whose clock', () => {
  test('the first that runs is followed, until it stops and another runs', () => {
    const rig = openSyncRig();
    rig.bring(START, -1, { source: 'a' });
    bringClocks(rig, 0, 100, 'a');
    rig.bring(START, 499, { source: 'b' });
    for (let clock = 25; clock < 200; clock++) rig.bring(CLOCK, clock * 20 + 7, { source: 'b' });
    rig.runTo(1_500);
    expect(rig.sync.status.clockFrom).toBe('a');
    rig.bring(STOP, 1_600, { source: 'a' });
    rig.runTo(2_500);
    expect(rig.sync.status.clockFrom).toBe('b');
    rig.runTo(4_000);
    const last = place(rig.given).at(-1);
    expect((last?.at ?? 0) - 1e6).toBeCloseTo((25 + (last?.position ?? 0)) * 20_000 + 37_000, -3);
  });

  test('what one did before it was followed is not rendered afterwards', () => {
    const rig = openSyncRig();
    bringClocks(rig, 0, 100, 'a');
    for (const [message, at] of [
      [START, 201],
      [STOP, 401],
      [songPosition(7), 501],
    ] as const) {
      rig.bring(message, at, { source: 'b' });
    }
    rig.bring(START, 99, { source: 'a' });
    for (let clock = 0; clock < 400; clock++) rig.bring(CLOCK, clock * 20 + 7, { source: 'b' });
    rig.runTo(7_000);
    expect(rig.sync.status.clockFrom).toBe('b');
    expect(rig.transport().map(([kind]) => kind)).toEqual(['start', 'stop']);
  });

  test('one that falls silent gives way', () => {
    const rig = openSyncRig();
    bringClocks(rig, 0, 50, 'a');
    for (let clock = 0; clock < 200; clock++) rig.bring(CLOCK, clock * 25, { source: 'b' });
    rig.runTo(4_000);
    expect(rig.sync.status.clockFrom).toBe('b');
  });

  test('what is played here leads when it came first, and is not given back to the outputs', () => {
    const rig = openSyncRig();
    for (let clock = 0; clock < 300; clock++) {
      rig.bring(CLOCK, clock * PERIOD, { source: 'self', delay: 0 });
      if (clock >= 50 && clock < 200) rig.bring(CLOCK, clock * PERIOD + 5);
    }
    rig.runTo(3_900);
    expect(rig.sync.status.clockFrom).toBe('self');
    expect(rig.given).toEqual([]);
  });

  test('an echo of the regenerated clock by an instrument changes nothing', () => {
    const rig = openSyncRig();
    rig.bring(START, -1);
    bringClocks(rig, 0, 300);
    for (let clock = 2; clock < 300; clock++) {
      rig.bring(CLOCK, clock * PERIOD + 31, { source: 'self', delay: 0 });
    }
    rig.runTo(5_900);
    expect(rig.sync.status.clockFrom).toBe('peer');
    expect(rig.transport().map(([kind]) => kind)).toEqual(['start']);
  });

  test('off is off', () => {
    const rig = openSyncRig({ clockOut: 'off', timeCodeOut: 'off' });
    rig.bring(START, -1);
    bringClocks(rig, 0, 100);
    for (let piece = 0; piece < 64; piece++) {
      rig.bring({ kind: 'mtcQuarterFrame', piece: piece % 8, nibble: 0 }, piece * 10);
    }
    rig.runTo(3_000);
    expect(rig.given).toEqual([]);
  });
});

describe('the clock of the session', () => {
  /** Ensemble time is 7 s ahead of the local clock, which began at 1 s: beat 0 falls when the rig begins. */
  const TIMELINE: Timeline = { origin: 8e6 as EnsembleTime, bpm: 120, beatsPerBar: 4 };
  const time = (song?: Song, timeline: Timeline = TIMELINE): EnsembleContext =>
    ({ timeline, ...(song ? { song } : {}), playing: song !== undefined }) as never;
  const song = (start: number, end?: number): Song => ({
    start,
    position: 0,
    countIn: 0,
    ...(end === undefined ? {} : { end }),
  });
  const inTune = (rig: SyncRig): void => {
    const heard = place(rig.given);
    expect(heard.map(({ position }) => position)).toEqual(
      heard.map((_, i) => (heard[0]?.position ?? 0) + i),
    );
  };

  test('falls on the shared timeline, Start on the beat that the song begins with, Stop on its last', () => {
    const rig = openSyncRig({ clockOut: 'session' });
    rig.sync.setContext(time());
    rig.runTo(1_000);
    const period = periodOf(120);
    for (const at of clockTimes(rig)) {
      expect((at / period) % 1).toBeCloseTo(Math.round((at / period) % 1), 4);
    }
    rig.sync.setContext(time(song(4)));
    rig.runTo(5_000);
    expect(rig.transport()).toEqual([['start', 1_999]]);
    expect((place(rig.given)[0]?.at ?? 0) - 1e6).toBeCloseTo(2_000_000, 0);
    rig.sync.setContext(time(song(4, 12)));
    rig.runTo(8_000);
    expect(rig.transport()).toEqual([
      ['start', 1_999],
      ['stop', 5_999],
    ]);
    expect(place(rig.given)).toHaveLength(8 * 24);
    rig.sync.setContext(time(song(20)));
    rig.runTo(10_500);
    expect(rig.transport().slice(2)).toEqual([['start', 9_999]]);
  });

  test('counts on when tempo and metre change', () => {
    const rig = openSyncRig({ clockOut: 'session' });
    rig.sync.setContext(time(song(0)));
    rig.runTo(1_900);
    const faster = withTempo(TIMELINE, 10_100_000 as EnsembleTime, 150);
    rig.sync.setContext(time(song(0), faster));
    rig.runTo(3_000);
    rig.sync.setContext(time(song(0), withMetre(faster, 11_100_000 as EnsembleTime, 3)));
    rig.runTo(12_000);
    inTune(rig);
    // The new tempo began with beat 5, two and a half seconds in.
    const beats = 5 + (12 - 2.5) / (60 / 150);
    const heard = place(rig.given).filter(({ position }) => position % 24 === 0);
    expect(heard.at(-1)?.position).toBe(Math.floor(beats) * 24);
    for (const { position, at } of heard) {
      const beat = position / 24;
      const due = beat <= 5 ? beat * 0.5 : 2.5 + (beat - 5) * 0.4;
      expect((at - 1e6) / 1e6).toBeCloseTo(due, 5);
    }
  });

  test('a song that plays already is joined with a bar: its place, then Continue on the bar line', () => {
    const rig = openSyncRig({ clockOut: 'session' });
    rig.runTo(6_700);
    rig.sync.setContext(time(song(4)));
    rig.runTo(9_000);
    expect(rig.transport()).toEqual([
      ['songPosition 48', 6_700],
      ['continue', 7_999],
    ]);
    expect(place(rig.given)[0]?.position).toBe((16 - 4) * 24);
    inTune(rig);
  });

  test('a play that is taken back before the bar gives nothing', () => {
    const rig = openSyncRig({ clockOut: 'session' });
    rig.sync.setContext(time());
    rig.runTo(500);
    rig.sync.setContext(time(song(4)));
    rig.runTo(600);
    rig.sync.setContext(time(song(4, 4)));
    rig.runTo(4_000);
    expect(rig.transport()).toEqual([]);
  });

  test('a song that another one takes the place of begins anew where that does', () => {
    const rig = openSyncRig({ clockOut: 'session' });
    rig.sync.setContext(time(song(4)));
    rig.runTo(2_500);
    rig.sync.setContext(time(song(12)));
    rig.runTo(7_915);
    expect(rig.transport().map(([kind]) => kind)).toEqual(['start', 'stop', 'start']);
    expect(rig.transport()[2]?.[1]).toBe(5_999);
    expect(place(rig.given).at(-1)?.position).toBe(4 * 24 - 1);
  });

  test('ends with the session', () => {
    const rig = openSyncRig({ clockOut: 'session' });
    rig.sync.setContext(time(song(4)));
    rig.runTo(4_000);
    rig.sync.setContext(undefined);
    rig.runTo(4_100);
    const count = rig.given.length;
    rig.runTo(8_000);
    expect(rig.transport().map(([kind]) => kind)).toEqual(['start', 'stop']);
    expect(rig.given.length - count).toBeLessThan(3);
  });
});

describe('whatever clocks arrive, and whenever', () => {
  interface Fate {
    readonly lost: boolean;
    readonly stray: number;
    readonly delay: number;
  }
  const fates = fc.array(
    fc.record({
      lost: fc.boolean().chain((first) => (first ? fc.boolean() : fc.constant(false))),
      stray: fc.double({ min: -1, max: 1, noNaN: true }),
      delay: fc.double({ min: 1, max: 60, noNaN: true }),
    }),
    { minLength: 120, maxLength: 240 },
  );
  const EVEN: Fate = { lost: false, stray: 0, delay: 20 };

  /** A source that starts at once; its first clocks and its last ones arrive, so that there is something to compare. */
  function run(
    bpm: number,
    wanted: readonly Fate[],
    journalled: boolean,
  ): SyncRig & { meant: number } {
    const rig = openSyncRig({ delay: fromMillis(40) });
    const period = periodOf(bpm) / 1_000;
    const heard = [...Array(8).fill(EVEN), ...wanted, ...Array(60).fill(EVEN)] as Fate[];
    rig.bring(START, -1, { delay: 1 });
    let lost = 0;
    let missing = 0;
    let arrives = 0;
    heard.forEach((fate, clock) => {
      if (fate.lost) {
        lost++;
        missing++;
        return;
      }
      const performed = clock * period + fate.stray;
      // In order, as the reorder buffer leaves them: two microseconds apart, which no rounding turns round.
      arrives = Math.max(arrives + 0.002, performed + fate.delay);
      const how = { delay: arrives - performed, lost };
      for (; journalled && missing > 0; missing--) {
        rig.bring(CLOCK, performed, { ...how, recovered: true });
      }
      missing = 0;
      rig.bring(CLOCK, performed, how);
    });
    rig.runTo(heard.length * period + 20);
    return { ...rig, meant: heard.length };
  }

  test.each([
    ['the journal tells of those that were lost', true],
    ['only the time tells of those that were lost', false],
  ])('there are 24 to the beat, in order, none twice, at a sane tempo: %s', (_, journalled) => {
    fc.assert(
      fc.property(fc.integer({ min: 50, max: 220 }), fates, (bpm, wanted) => {
        const rig = run(bpm, wanted, journalled);
        const period = periodOf(bpm);
        const song = place(rig.given);
        expect(song.map(({ position }) => position)).toEqual(song.map((_, i) => i));
        const late = 40_000;
        for (const { position, at } of song.slice(-24)) {
          expect(Math.abs(at - 1e6 - position * period - late)).toBeLessThan(period / 2);
        }
        expect(song.length).toBeGreaterThan(rig.meant - 40_000 / period - 3);
        const times = clockTimes(rig);
        for (let i = 8; i < times.length; i++) {
          const interval = (times[i] ?? 0) - (times[i - 1] ?? 0);
          expect(interval).toBeGreaterThan(Math.min(period / 2, 5_000) - 1);
          expect(interval).toBeLessThan(2 * period);
        }
        expect(rig.transport()).toEqual([['start', 39]]);
      }),
      { numRuns: 150 },
    );
  });

  test('what is given is never due before what was given already, and never more than 25 ms ahead', () => {
    const messages = fc.array(
      fc.record({
        message: fc.oneof(
          { weight: 8, arbitrary: fc.constant(CLOCK) },
          {
            weight: 2,
            arbitrary: fc.constantFrom<MidiMessage>(START, STOP, CONTINUE, songPosition(7)),
          },
          { weight: 1, arbitrary: fc.integer({ min: 0, max: 16_383 }).map(songPosition) },
        ),
        after: fc.double({ min: 0, max: 60, noNaN: true }),
        delay: fc.double({ min: 0, max: 80, noNaN: true }),
        recovered: fc.boolean(),
        lost: fc.integer({ min: 0, max: 3 }),
        source: fc.constantFrom('a', 'b', 'self'),
      }),
      { maxLength: 150 },
    );
    fc.assert(
      fc.property(messages, (brought) => {
        const rig = openSyncRig();
        let performed = 0;
        let lost = 0;
        for (const { message, after, delay, recovered, lost: more, source } of brought) {
          performed += after;
          lost += more;
          rig.bring(message, performed, { delay, recovered, lost, source });
        }
        rig.runTo(performed + 5_000);
        rig.given.forEach(({ at, givenAt }, i) => {
          expect(at).toBeGreaterThanOrEqual(rig.given[i - 1]?.at ?? 0);
          expect(at - givenAt).toBeLessThan(60_000);
        });
        const runs = place(rig.given);
        expect(runs.every(({ position }) => position >= 0)).toBe(true);
        // Nothing runs on when all is silent.
        expect(rig.sync.status.running && rig.sync.status.clockFrom !== 'self').toBe(false);
      }),
    );
  });
});

test('after a stall of this box the clocks that it owes come at one and a half times the tempo, not at once', () => {
  const rig = openSyncRig();
  rig.bring(START, -1);
  bringClocks(rig, 0, 100);
  rig.runTo(1_000);
  const held: [MidiMessage, number][] = [];
  for (let clock = 100; clock < 200; clock++) held.push([CLOCK, clock * PERIOD]);
  // Nothing is read for 90 ms, then all of it.
  for (const [message, at] of held) rig.bring(message, at, { delay: Math.max(10, 2_100 - at) });
  rig.runTo(4_000);
  const times = clockTimes(rig).filter((at) => at > 500_000);
  for (let i = 1; i < times.length; i++) {
    expect((times[i] ?? 0) - (times[i - 1] ?? 0)).toBeGreaterThan(13_300);
  }
});

test('half a pulse off is slewed by a tenth, more by half again, and nothing is closer than the least interval', () => {
  expect(paced(21_000, 0, 20_000, 5_000)).toBe(21_000);
  expect(paced(25_000, 0, 20_000, 5_000)).toBe(22_000);
  expect(paced(12_000, 0, 20_000, 5_000)).toBe(18_000);
  expect(paced(90_000, 0, 20_000, 5_000)).toBe(30_000);
  expect(paced(-50_000, 0, 20_000, 5_000)).toBeCloseTo(13_333, 0);
  expect(paced(0, 0, 6_000, 5_000)).toBe(5_000);
  expect(paced(1_000, 0, 0, 5_000)).toBe(5_000);
  expect(paced(7, Number.NEGATIVE_INFINITY, 20_000, 5_000)).toBe(7);
});

test('the figures count what they are to count', () => {
  const meant = [START, ...Array.from({ length: 10 }, () => CLOCK)].map((message, i) => ({
    message,
    at: i * 20_000,
  }));
  const got = meant
    .filter((_, i) => i !== 5)
    .map(({ message, at }) => ({ message, at: at + 5_000 }));
  const figures = measureClock(meant, got, 20_000);
  expect(figures).toMatchObject({ lost: 1, extra: 0, longest: 40, shortest: 20 });
});
