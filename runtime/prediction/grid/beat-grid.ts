/**
 * Which beat falls when, for the prediction engine: from the shared click, or tracked from what is played.
 *
 * Beats are quarter notes, numbered without a gap; times are local and of the performance, so that a note is compared with
 * the beat that its player heard. Grids never allocate when they are asked.
 */
import type { Instant } from '../../core/time.ts';

/** Places a beat that notes are counted by: three levels of halves, triplets among them (DESIGN section 5). */
export const SLOTS_PER_BEAT = 8;

export interface BeatGrid {
  /** How sure the beat is, 0 to 1. A shared click is 1; 0: no beat is known, and the rest means nothing. */
  readonly confidence: number;
  /** Counts up when beats get other numbers or a past one another time: what is stored by beat must be stored anew. */
  readonly epoch: number;
  /** Quarter notes in the bar around that beat. */
  beatsPerBar(beat: number): number;
  /** The first beat of the bar around that beat. */
  barLine(beat: number): number;
  /** Beats may have a fraction and may lie ahead. */
  timeOf(beat: number): Instant;
  beatAt(time: Instant): number;
}
