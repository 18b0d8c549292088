import { expect, test } from 'vitest';
import { instant } from '../../core/time.ts';
import type { BeatGrid } from '../grid/beat-grid.ts';
import { NO_EVENT, StreamHistory } from './stream-history.ts';

const BEAT = 500_000;

class TestGrid implements BeatGrid {
  confidence = 1;
  epoch = 0;
  beatLength = BEAT;
  shift = 0;
  beatsPerBar(): number {
    return 4;
  }
  barLine(beat: number): number {
    return Math.floor(beat / 4) * 4;
  }
  timeOf(beat: number) {
    return instant(this.shift + beat * this.beatLength);
  }
  beatAt(time: number): number {
    return (time - this.shift) / this.beatLength;
  }
}

const SLOT = BEAT / 8;

test('events lie in the slot they are nearest to, with what they deviate from it', () => {
  const history = new StreamHistory(new TestGrid());
  const event = history.noteOn(36, 9, 36, 100, instant(16 * SLOT + 9_000));
  expect(history.firstIn(16)).toBe(event);
  expect(history.nextIn(event)).toBe(NO_EVENT);
  expect(history.residual[event]).toBe(9_000);
  expect(history.firstIn(15)).toBe(NO_EVENT);
});

test('the offset follows a player who is late, and takes a few beats to trust it', () => {
  const history = new StreamHistory(new TestGrid());
  for (let beat = 0; beat < 4; beat++)
    history.noteOn(36, 9, 36, 100, instant(beat * BEAT + 30_000));
  expect(history.offset).toBeGreaterThan(4_000);
  expect(history.offset).toBeLessThan(12_000);
  for (let beat = 4; beat < 200; beat++)
    history.noteOn(36, 9, 36, 100, instant(beat * BEAT + 30_000));
  expect(history.offset).toBeGreaterThan(24_000);
  expect(history.expectedTime(8) - history.slotTime(8)).toBeCloseTo(history.offset, 3);
});

test('a note between two slots goes to the one that its class uses in other bars', () => {
  const history = new StreamHistory(new TestGrid());
  const between = 3.45 * SLOT;
  history.noteOn(1, 9, 38, 90, instant(between));
  expect(history.firstIn(3)).toBe(0);
  const used = new StreamHistory(new TestGrid());
  for (let bar = 0; bar < 4; bar++) used.noteOn(1, 9, 38, 90, instant(bar * 4 * BEAT + 4 * SLOT));
  used.noteOn(2, 9, 40, 90, instant(16 * BEAT + between));
  expect(used.firstIn(4 * 32 + 3)).toBe(4);
  used.noteOn(1, 9, 38, 90, instant(16 * BEAT + between));
  expect(used.firstIn(4 * 32 + 4)).toBe(5);
});

test('a note that comes late is in its place in the order of time', () => {
  const history = new StreamHistory(new TestGrid());
  for (const at of [0, 400_000, 200_000, 600_000, 100_000])
    history.noteOn(60, 0, 60, 80, instant(at));
  const times = [0, 1, 2, 3, 4].map((place) => history.at[history.inOrder(place)]);
  expect(times).toEqual([0, 100_000, 200_000, 400_000, 600_000]);
  expect(history.countUntil(400_000)).toBe(4);
  expect(history.countUntil(399_999)).toBe(3);
});

test('a note that the journal brings a second time is not counted twice', () => {
  const history = new StreamHistory(new TestGrid());
  history.noteOn(60, 0, 60, 80, instant(100_000));
  history.noteOn(62, 0, 62, 80, instant(150_000));
  expect(history.noteOn(60, 0, 60, 80, instant(100_000))).toBe(NO_EVENT);
  expect(history.count).toBe(2);
});

test('lengths are those of the note-offs; one without its note-on is nothing', () => {
  const history = new StreamHistory(new TestGrid());
  history.noteOff(0, 60, instant(10));
  const event = history.noteOn(60, 0, 60, 80, instant(0));
  history.noteOff(0, 60, instant(230_000));
  history.noteOff(0, 60, instant(900_000));
  expect(history.length[event]).toBe(230_000);
  expect(history.bars.length(60, 0)).toBe(230_000);
});

test('the rings forget the oldest and stay whole, whatever the order of arrival', () => {
  const history = new StreamHistory(new TestGrid(), { events: 64, slots: 128 });
  let seed = 7;
  const random = () => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return seed / 2 ** 31;
  };
  for (let n = 0; n < 5_000; n++) {
    history.noteOn(n % 5, 9, 36 + (n % 5), 80, instant(n * 40_000 + random() * 300_000));
    const kept = Math.min(history.count, 64);
    const seen = new Set<number>();
    let last = Number.NEGATIVE_INFINITY;
    for (let place = 0; place < kept; place++) {
      const event = history.inOrder(place);
      const at = history.at[event & history.mask] as number;
      if (at < last || event < history.first || event >= history.count || seen.has(event))
        throw new Error(`the order broke at event ${n}`);
      seen.add(event);
      last = at;
    }
  }
  const slot = history.slot[(history.count - 1) & history.mask] as number;
  let chained = 0;
  for (let event = history.firstIn(slot); event !== NO_EVENT; event = history.nextIn(event)) {
    expect(history.slot[event & history.mask]).toBe(slot);
    chained++;
  }
  expect(chained).toBeGreaterThan(0);
  expect(chained).toBeLessThan(10);
});

test('when the grid counts anew, everything is laid out anew', () => {
  const grid = new TestGrid();
  const history = new StreamHistory(grid);
  for (let beat = 0; beat < 8; beat++) history.noteOn(0, 9, 36, 90, instant(beat * BEAT));
  grid.beatLength = BEAT / 2;
  grid.epoch++;
  history.follow();
  expect(history.firstIn(7 * 16)).toBe(7);
  expect(history.firstIn(7 * 8 + 1)).toBe(NO_EVENT);
});
