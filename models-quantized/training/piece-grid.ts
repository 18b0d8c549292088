/**
 * The beat of a piece of the training data, every tempo change known: who plays to a tapped click is told of changes
 * before they are there.
 */
import type { Piece } from '../../cli/eval/datasets/piece.ts';
import { type Instant, instant } from '../../runtime/core/time.ts';
import type { BeatGrid } from '../../runtime/prediction/grid/beat-grid.ts';

interface Stretch {
  readonly time: number;
  readonly beat: number;
  /** Microseconds of a beat. */
  readonly period: number;
}

/** `stretch` multiplies all times. */
export function gridOf(piece: Piece, stretch = 1): BeatGrid | undefined {
  const { click, tempos } = piece;
  if (!click) return undefined;
  const scale = 1e6 * stretch;
  const stretches: Stretch[] = [
    { time: click.origin * scale, beat: 0, period: (60 / click.bpm) * scale },
  ];
  for (const { time, bpm, beat } of tempos) {
    stretches.push({ time: time * scale, beat, period: (60 / bpm) * scale });
  }
  return new PieceGrid(stretches, click.beatsPerBar);
}

class PieceGrid implements BeatGrid {
  readonly confidence = 1;
  readonly epoch = 0;
  readonly #stretches: readonly Stretch[];
  readonly #beatsPerBar: number;

  constructor(stretches: readonly Stretch[], beatsPerBar: number) {
    this.#stretches = stretches;
    this.#beatsPerBar = beatsPerBar;
  }

  beatsPerBar(): number {
    return this.#beatsPerBar;
  }

  barLine(beat: number): number {
    return Math.floor(beat / this.#beatsPerBar + 1e-9) * this.#beatsPerBar;
  }

  timeOf(beat: number): Instant {
    const found = this.#find((stretch) => stretch.beat <= beat);
    return instant(found.time + (beat - found.beat) * found.period);
  }

  beatAt(time: Instant): number {
    const found = this.#find((stretch) => stretch.time <= time);
    return found.beat + (time - found.time) / found.period;
  }

  #find(begun: (stretch: Stretch) => boolean): Stretch {
    const all = this.#stretches;
    let low = 0;
    let high = all.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (begun(all[middle] as Stretch)) low = middle;
      else high = middle;
    }
    return all[low] as Stretch;
  }
}
