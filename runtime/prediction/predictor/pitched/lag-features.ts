/**
 * What the network is told of each lag, so that it weighs them itself: how alike the past is that lag ago, how long the lag
 * is, what is there. And which candidates each lag points to.
 *
 * Lane 2; allocates nothing after it is made.
 */

import { SLOTS_PER_BEAT } from '../../grid/beat-grid.ts';
import { NO_EVENT } from '../../history/stream-history.ts';
import { WINDOWS } from '../lag-vote/lag-similarity.ts';
import type { PartNotes } from '../lag-vote/part-notes.ts';
import type { Candidates } from './candidates.ts';
import { FeatureRow } from './feature-row.ts';
import { ASKED_LAGS, type LagWeights } from './lag-weights.ts';

/** Numbers told of a lag. */
export const LAG_SIZE: number = 3 * WINDOWS + 11;

export class LagFeatures {
  readonly #row = new FeatureRow();
  /** By key: its place among the candidates, -1 when it is none. */
  readonly #places = new Int8Array(128).fill(-1);

  /** ASKED_LAGS rows; zeros where there is no such lag, which the first number of a row tells. */
  write(
    target: Float32Array,
    weights: LagWeights,
    notes: PartNotes,
    slot: number,
    barSlots: number,
  ): void {
    const row = this.#row;
    row.begin(target, 0);
    for (let lag = 0; lag < weights.count; lag++) {
      const back = weights.lags[lag] as number;
      const bars = back / barSlots;
      const isBar = back % barSlots === 0;
      row.flag(true);
      for (let window = 0; window < WINDOWS; window++) {
        row.put(weights.own[window * ASKED_LAGS + lag] as number);
        row.put(weights.band[window * ASKED_LAGS + lag] as number);
        row.put(weights.drums[window * ASKED_LAGS + lag] as number);
      }
      row.put((weights.suffix[lag] as number) / 32);
      row.flag(isBar);
      row.flag((2 * back) % barSlots === 0);
      row.flag(back % SLOTS_PER_BEAT === 0);
      row.put(Math.log2(1 + bars) / 7);
      row.put(Math.exp(-bars / 4));
      row.flag(isBar && bars % 2 === 0);
      row.flag(isBar && bars % 4 === 0);
      row.flag(isBar && bars % 8 === 0);
      row.put(notes.keys.count(slot - back) / 3);
    }
    target.fill(0, row.at);
  }

  /** ASKED_LAGS numbers a candidate: 1 where the lag points to it. */
  writeHits(
    target: Float32Array,
    weights: LagWeights,
    notes: PartNotes,
    candidates: Candidates,
    slot: number,
  ): void {
    const { history } = notes;
    target.fill(0, 0, candidates.count * ASKED_LAGS);
    for (let place = 0; place < candidates.count; place++) {
      this.#places[candidates.keys[place] as number] = place;
    }
    for (let lag = 0; lag < weights.count; lag++) {
      let event = history.firstIn(slot - (weights.lags[lag] as number));
      for (; event !== NO_EVENT; event = history.nextIn(event)) {
        const place = this.#places[history.noteClass[event & history.mask] as number] as number;
        if (place >= 0) target[place * ASKED_LAGS + lag] = 1;
      }
    }
    for (let place = 0; place < candidates.count; place++) {
      this.#places[candidates.keys[place] as number] = -1;
    }
  }
}
