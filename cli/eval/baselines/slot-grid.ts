/**
 * The grid of the baselines: slots of a click that is known for the whole piece, and what was played in them.
 *
 * Takes  a piece's click and tempo changes; a part as it was sent.
 * Gives  the slot of every note, and slots' times. A piece without a click is counted at 120 a minute.
 */
import type { PieceClick, TempoChange } from '../datasets/piece.ts';

const NO_CLICK: PieceClick = { origin: 0, bpm: 120, beatsPerBar: 4 };

interface Segment {
  readonly time: number;
  readonly beat: number;
  readonly period: number;
}

export class SlotGrid {
  readonly slotsPerBeat: number;
  readonly slotsPerBar: number;
  readonly #segments: readonly Segment[];

  constructor(click: PieceClick | undefined, tempos: readonly TempoChange[], slotsPerBeat: number) {
    const { origin, bpm, beatsPerBar } = click ?? NO_CLICK;
    this.slotsPerBeat = slotsPerBeat;
    this.slotsPerBar = Math.round(beatsPerBar * slotsPerBeat);
    this.#segments = [
      { time: origin, beat: 0, period: 60 / bpm },
      ...tempos.map((change) => ({
        time: change.time,
        beat: change.beat,
        period: 60 / change.bpm,
      })),
    ];
  }

  /** Seconds. */
  timeOf(slot: number): number {
    const beat = slot / this.slotsPerBeat;
    const segment = this.#last(({ beat: from }) => from <= beat);
    return segment.time + (beat - segment.beat) * segment.period;
  }

  /** With a fraction. */
  slotAt(time: number): number {
    const segment = this.#last(({ time: from }) => from <= time);
    return (segment.beat + (time - segment.time) / segment.period) * this.slotsPerBeat;
  }

  #last(begun: (segment: Segment) => boolean): Segment {
    let low = 0;
    for (let high = this.#segments.length; high - low > 1; ) {
      const middle = (low + high) >> 1;
      if (begun(this.#segments[middle] as Segment)) low = middle;
      else high = middle;
    }
    return this.#segments[low] as Segment;
  }
}
