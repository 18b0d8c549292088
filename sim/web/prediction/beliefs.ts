/**
 * What the engine of one box expects, as it was told last.
 *
 * Takes  forecasts. Gives  the notes expected of each player, and the bars that they lie in.
 * Keeps  slots from the beginning of this bar on; everything is forgotten when the engine counts anew.
 */
import type { SimBars, SimExpectedNote, SimForecast } from '../../app/prediction-protocol.ts';

export interface Beliefs {
  readonly bars: SimBars | null;
  /** In no order. */
  of(participant: string): Iterable<SimExpectedNote>;
  take(forecast: SimForecast): void;
  clear(): void;
}

/** Bars and slots are a little early or late by nature. */
const MARGIN_MS = 60;

export function openBeliefs(): Beliefs {
  let bars: SimBars | null = null;
  /** By the number of the slot. */
  const parts = new Map<string, Map<number, readonly SimExpectedNote[]>>();

  const forget = (before: number): void => {
    for (const slots of parts.values()) {
      for (const [slot, notes] of slots) {
        if (notes.every(({ at }) => at < before)) slots.delete(slot);
      }
    }
  };

  return {
    get bars() {
      return bars;
    },
    *of(participant) {
      for (const notes of parts.get(participant)?.values() ?? []) yield* notes;
    },
    take(forecast) {
      if (forecast.bars === null || forecast.bars.epoch !== bars?.epoch) parts.clear();
      bars = forecast.bars;
      if (!bars) return;
      for (const { participant, slot, notes } of forecast.slots) {
        let slots = parts.get(participant);
        if (!slots) {
          slots = new Map();
          parts.set(participant, slots);
        }
        if (notes.length === 0) slots.delete(slot);
        else slots.set(slot, notes);
      }
      forget(bars.lines[0] - MARGIN_MS);
    },
    clear() {
      bars = null;
      parts.clear();
    },
  };
}
