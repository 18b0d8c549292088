/**
 * What happened at one box between two flushes to the pages.
 *
 * Takes  the box's notes, controls, fates and forecasts, while somebody is `there` to be told.
 * Gives  them once, in order; of a slot that was told twice only the last word.
 * Keeps  at most MAX_EVENTS and MAX_SLOTS. Events beyond are counted; slots beyond are told anew with the next beat.
 */
import type { SimBoxHandle } from './host.ts';
import type { SimBars, SimExpectedSlot, SimFate, SimForecast } from './prediction-protocol.ts';
import type { SimControl, SimNote } from './protocol.ts';

export interface BoxEvents {
  readonly notes: readonly SimNote[];
  readonly controls: readonly SimControl[];
  readonly fates: readonly SimFate[];
  /** Events that there was no room for. */
  readonly overflow: number;
}

export interface BoxBatch extends Disposable {
  /** Of the box. */
  readonly index: number;
  takeEvents(): BoxEvents;
  /** Undefined: nothing was told since. */
  takeForecast(): SimForecast | undefined;
}

const MAX_EVENTS = 2_000;
const MAX_SLOTS = 256;

export function openBoxBatch(box: SimBoxHandle, there: () => boolean): BoxBatch {
  let notes: SimNote[] = [];
  let controls: SimControl[] = [];
  let fates: SimFate[] = [];
  let overflow = 0;
  let foreseen = false;
  let bars: SimBars | null = null;
  const slots = new Map<string, SimExpectedSlot>();

  const room = (): boolean => {
    if (!there()) return false;
    if (notes.length + controls.length + fates.length < MAX_EVENTS) return true;
    overflow++;
    return false;
  };
  const foresee = (forecast: SimForecast): void => {
    if (!there()) return;
    bars = forecast.bars;
    foreseen = true;
    for (const slot of forecast.slots) {
      const key = `${slot.participant} ${slot.slot}`;
      if (slots.size < MAX_SLOTS || slots.has(key)) slots.set(key, slot);
    }
  };
  // Copied: a host may use its record again.
  const held = [
    box.onNote((note) => {
      if (room()) notes.push({ ...note });
    }),
    box.onControl((control) => {
      if (room()) controls.push({ ...control });
    }),
    box.onFate((fate) => {
      if (room()) fates.push({ ...fate });
    }),
    box.onForecast(foresee),
  ];

  return {
    index: box.index,
    takeEvents() {
      const events = { notes, controls, fates, overflow };
      if (notes.length > 0) notes = [];
      if (controls.length > 0) controls = [];
      if (fates.length > 0) fates = [];
      overflow = 0;
      return events;
    },
    takeForecast() {
      if (!foreseen) return undefined;
      const forecast = { bars, slots: [...slots.values()] };
      foreseen = false;
      slots.clear();
      return forecast;
    },
    [Symbol.dispose]() {
      for (const listener of held) listener[Symbol.dispose]();
    },
  };
}
