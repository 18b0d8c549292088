import { describe, expect, test } from 'vitest';
import { type Instant, instant, type Micros, micros } from '../../core/time.ts';
import { ClickGrid } from '../grid/click-grid.ts';
import { GrooveDelay } from './groove-delay.ts';
import { Quantizer } from './quantizer.ts';

const BAR = 2_000_000;
const BEAT = 500_000;

function click(): ClickGrid {
  const grid = new ClickGrid();
  grid.setClick(0, 120, 4);
  return grid;
}
const at = (beat: number): Instant => instant(beat * BEAT);

describe('Groove', () => {
  test('plays whole bars later, at the same place in the bar', () => {
    const delay = new GrooveDelay(click(), () => micros(60_000));
    expect(delay.of(at(5.37), 0 as Micros)).toBeCloseTo(BAR, 3);
  });

  test('at a change of tempo the place stays, not the time', () => {
    const grid = click();
    grid.setTempo(4 * BEAT, 60, 4);
    const delay = new GrooveDelay(grid, () => micros(60_000));
    // Beat 2 is at 1 s; beat 6 at 2 s + 2 beats of a second.
    expect(delay.of(at(2), 0 as Micros)).toBeCloseTo(3_000_000, 3);
  });

  test('takes as many bars as the way asks for, and does not go back', () => {
    let way = 60_000;
    const delay = new GrooveDelay(click(), () => micros(way));
    delay.of(at(1), 0 as Micros);
    expect(delay.bars).toBe(1);
    way = 2_500_000;
    expect(delay.of(at(9), 0 as Micros)).toBeCloseTo(2 * BAR, 3);
    way = 60_000;
    expect(delay.of(at(12), 0 as Micros)).toBeCloseTo(2 * BAR, 3);
  });

  test('without a beat plays as jitter asks for', () => {
    expect(new GrooveDelay(new ClickGrid(), () => micros(0)).of(at(1), 7_000 as Micros)).toBe(
      7_000,
    );
  });
});

describe('quantization', () => {
  test('of strength 0 leaves everything as it was played', () => {
    expect(new Quantizer(click()).move(at(3.04))).toBe(at(3.04));
  });

  test('moves to the beat by its strength', () => {
    const quantizer = new Quantizer(click());
    quantizer.setStrength(0.5);
    expect(quantizer.move(at(3.04))).toBeCloseTo(at(3.02), 3);
    quantizer.setStrength(1);
    expect(quantizer.move(at(2.99))).toBeCloseTo(at(3), 3);
  });

  test('keeps the swing, and takes away that a player is late on the whole', () => {
    const quantizer = new Quantizer(click());
    quantizer.setStrength(1);
    // Swung eighths, all of them 0.02 beats late.
    for (let beat = 0; beat < 64; beat++) {
      quantizer.learn(at(beat + 0.02));
      quantizer.learn(at(beat + 0.66 + 0.02));
    }
    expect(quantizer.move(at(70.03)) / BEAT).toBeCloseTo(70, 2);
    expect(quantizer.move(at(70.64)) / BEAT).toBeCloseTo(70.66, 2);
  });
});
