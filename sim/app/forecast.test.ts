import { expect, test } from 'vitest';
import { fromMillis, type Instant, instant } from '../../runtime/core/time.ts';
import type { PredictionEngine } from '../../runtime/prediction/engine.ts';
import { ClickGrid } from '../../runtime/prediction/grid/click-grid.ts';
import { ExpectedNotes } from '../../runtime/prediction/predictor/part-predictor.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { Forecast } from './forecast.ts';
import type { SimForecast } from './prediction-protocol.ts';

const ORIGIN = instant(0);

/** 120 beats a minute in bars of four; each slot expects its own number as a key. */
function openRig(players: readonly string[] = ['a']) {
  const clock = new VirtualClock(instant(0));
  const grid = new ClickGrid();
  const asked: { player: string; slot: number; at: Instant }[] = [];
  const told: SimForecast[] = [];
  const expected = new ExpectedNotes();
  const engine: Pick<PredictionEngine, 'grid' | 'expect'> = {
    grid,
    expect(player, slot, done) {
      asked.push({ player, slot, at: clock.now() });
      expected.clear();
      const place = expected.next();
      expected.key[place] = slot % 128;
      expected.at[place] = grid.timeOf(slot / 8);
      expected.likely[place] = slot % 2 === 0 ? 0.5 : 0.05;
      done(slot, expected);
      return true;
    },
  };
  const forecast = new Forecast(
    { clock, engine, players: () => players, tell: (one) => told.push(one) },
    { origin: ORIGIN },
  );
  return { clock, grid, asked, told, forecast };
}
const slotsOf = (told: readonly SimForecast[]) => told.flatMap(({ slots }) => slots);

test('nothing is asked while nobody looks, nor when nobody looks any more', () => {
  const { clock, grid, asked, forecast } = openRig();
  grid.setClick(0, 120, 4);
  clock.advance(fromMillis(1_000));
  expect(asked).toEqual([]);
  forecast.look(true);
  clock.advance(fromMillis(100));
  const before = asked.length;
  expect(before).toBeGreaterThan(0);
  forecast.look(false);
  clock.advance(fromMillis(1_000));
  expect(asked).toHaveLength(before);
});

test('whoever begins to look soon sees the rest of this bar and all of the next', () => {
  const { clock, grid, told, forecast } = openRig();
  grid.setClick(0, 120, 4);
  forecast.look(true);
  clock.advance(fromMillis(1_400));
  const seen = new Set(slotsOf(told).map(({ slot }) => slot));
  for (let slot = 8; slot < 64; slot++) expect(seen, `slot ${slot}`).toContain(slot);
  expect(told[0]?.bars).toMatchObject({ lines: [0, 2_000, 4_000], beats: 4, confidence: 1 });
});

test('from then on a beat asks for two beats of slots of each player, evenly', () => {
  const { clock, grid, asked, forecast } = openRig(['a', 'b']);
  grid.setClick(0, 120, 4);
  forecast.look(true);
  clock.advance(fromMillis(4_000));
  asked.length = 0;
  clock.advance(fromMillis(4_000));
  expect(asked.length / 2, '8 beats of 16 slots').toBeLessThanOrEqual(8 * 16);
  expect(asked.length / 2).toBeGreaterThan(8 * 15);
  const atOnce = new Map<number, number>();
  for (const { at } of asked) atOnce.set(at, (atOnce.get(at) ?? 0) + 1);
  expect(Math.max(...atOnce.values()), 'one slot of each').toBe(2);
});

test('notes that are hardly likely are not told', () => {
  const { clock, grid, told, forecast } = openRig();
  grid.setClick(0, 120, 4);
  forecast.look(true);
  clock.advance(fromMillis(400));
  for (const { slot, notes } of slotsOf(told)) {
    expect(notes.map(({ key }) => key)).toEqual(slot % 2 === 0 ? [slot % 128] : []);
  }
});

test('without a beat it says so once, and begins when there is one', () => {
  const { clock, grid, told, forecast } = openRig();
  forecast.look(true);
  clock.advance(fromMillis(500));
  expect(told).toEqual([{ bars: null, slots: [] }]);
  grid.setClick(0, 120, 4);
  clock.advance(fromMillis(100));
  expect(told.at(-1)?.bars).not.toBeNull();
});
