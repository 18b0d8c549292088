/**
 * How well this box knows the session's time, for people. Pure.
 *
 * Takes  what the ensemble clock says of itself.
 * Gives  a sentence, and a short form for a small display.
 */
import { type Micros, toMillis } from '../core/time.ts';

/** Of ensemble time here against the box that keeps it. */
interface Accuracy {
  /** About 95 of 100 times, were both ways equally long. */
  readonly uncertainty: Micros;
  /** At the very most. */
  readonly bound: Micros;
}

export interface TimeKnowledge {
  /** This box keeps the session's time. */
  readonly keptHere: boolean;
  readonly synced: boolean;
  readonly accuracy: Accuracy | undefined;
}

export function timeInWords({ keptHere, synced, accuracy }: TimeKnowledge): string {
  if (keptHere) return "the session's time is kept here";
  if (accuracy === undefined) return "the session's time is not known yet";
  const { uncertainty, bound } = accuracy;
  const carried = synced ? '' : '; the box that keeps it does not answer, so it is carried on here';
  return (
    `the beat is right to ±${figure(uncertainty)} ms; it may be off by up to ±${figure(bound)} ms ` +
    `if the two ways to the box that keeps it differ${carried}`
  );
}

/** `±0.4 (±41) ms`: usually, and at the very most. */
export function timeInShort({ keptHere, accuracy }: TimeKnowledge): string {
  if (keptHere) return 'kept here';
  if (accuracy === undefined) return 'unknown';
  return `±${figure(accuracy.uncertainty)} (±${figure(accuracy.bound)}) ms`;
}

function figure(time: Micros): string {
  const millis = toMillis(time);
  return millis < 9.95 ? millis.toFixed(1) : millis.toFixed(0);
}
