/**
 * The most probable tempo and phase of the beat, and how probable one is: with what is so near that it is the same beat.
 *
 * Takes  BarStates after `measure`. Keeps nothing but what it found last. Nothing is allocated after it is made.
 */
import { BINS_A_BEAT } from './beat-tracker-accents.ts';
import { FRAME } from './beat-tracker-onsets.ts';
import type { BarStates } from './beat-tracker-states.ts';

/** Bins to each side. */
const SAME_BINS = 5;

export class BeatPeak {
  /** Microseconds a beat, and how much of the beat has gone by. */
  period = 500_000;
  phase = 0;
  /** Share of the probability that is there. */
  mass = 0;
  readonly #states: BarStates;
  /** Sums of as many bins as are near. */
  readonly #near: Float64Array;

  constructor(states: BarStates) {
    this.#states = states;
    this.#near = new Float64Array(states.byPhase.length);
  }

  find(): void {
    const { periods, count } = this.#states.tempos;
    for (let tempo = 0; tempo < count; tempo++) this.#sumNear(tempo * BINS_A_BEAT);
    this.mass = 0;
    let best = 0;
    let bestBin = 0;
    for (let tempo = 0; tempo < count; tempo++) {
      const least = Math.max(0, tempo - 1);
      const most = Math.min(count - 1, tempo + 1);
      for (let bin = 0; bin < BINS_A_BEAT; bin++) {
        let sum = 0;
        for (let near = least; near <= most; near++) {
          sum += this.#near[near * BINS_A_BEAT + bin] as number;
        }
        if (sum <= this.mass) continue;
        this.mass = sum;
        best = tempo;
        bestBin = bin;
      }
    }
    this.refine((periods[best] ?? 1) * FRAME, bestBin / BINS_A_BEAT);
  }

  /** Mean period and phase of what is near to those. */
  refine(period: number, phase: number): void {
    const { byPhase, tempos } = this.#states;
    const centre = Math.round(phase * BINS_A_BEAT) + BINS_A_BEAT;
    let sum = 0;
    let periods = 0;
    let phases = 0;
    for (let tempo = 0; tempo < tempos.count; tempo++) {
      if (!tempos.covers(tempo, period / FRAME)) continue;
      for (let off = -SAME_BINS - 2; off <= SAME_BINS + 2; off++) {
        const mass = byPhase[tempo * BINS_A_BEAT + ((centre + off) % BINS_A_BEAT)] as number;
        sum += mass;
        periods += mass * (tempos.periods[tempo] as number);
        phases += mass * off;
      }
    }
    if (sum < 1e-12) return;
    this.period = (periods / sum) * FRAME;
    const mean = (centre + phases / sum) / BINS_A_BEAT;
    this.phase = mean - Math.floor(mean);
  }

  massAt(period: number, phase: number): number {
    const { byPhase, tempos } = this.#states;
    const centre = Math.round(phase * BINS_A_BEAT) + BINS_A_BEAT;
    let sum = 0;
    for (let tempo = 0; tempo < tempos.count; tempo++) {
      if (!tempos.covers(tempo, period / FRAME)) continue;
      for (let off = -SAME_BINS; off <= SAME_BINS; off++) {
        sum += byPhase[tempo * BINS_A_BEAT + ((centre + off) % BINS_A_BEAT)] as number;
      }
    }
    return sum;
  }

  #sumNear(row: number): void {
    const { byPhase } = this.#states;
    let sum = 0;
    for (let bin = -SAME_BINS; bin < SAME_BINS; bin++) {
      sum += byPhase[row + ((bin + BINS_A_BEAT) % BINS_A_BEAT)] as number;
    }
    for (let bin = 0; bin < BINS_A_BEAT; bin++) {
      sum += byPhase[row + ((bin + SAME_BINS) % BINS_A_BEAT)] as number;
      this.#near[row + bin] = sum;
      sum -= byPhase[row + ((bin - SAME_BINS + BINS_A_BEAT) % BINS_A_BEAT)] as number;
    }
  }
}
