/**
 * Tempo from clicks on the beat. Pure.
 *
 * The slope of the last taps (least squares over their number), so that one uneven tap moves it little; a pause, or a
 * tap that is off the beat so far, begins a new count.
 */
import { elapsed, fromSeconds, type Instant, type Micros } from '../core/time.ts';

const MOST_TAPS = 9;
const FEWEST_TAPS = 3;
/** Slower than 24 to the minute is a pause. */
const PAUSE: Micros = fromSeconds(2.5);
const STRAY_PART = 0.35;
const A_MINUTE: Micros = fromSeconds(60);

export function addTap(taps: readonly Instant[], at: Instant): readonly Instant[] {
  const last = taps.at(-1);
  if (last === undefined || elapsed(last, at) > PAUSE || elapsed(last, at) <= 0) return [at];
  const beat = beatOf(taps);
  const stray = beat !== undefined && Math.abs(elapsed(last, at) / beat - 1) > STRAY_PART;
  return stray ? [last, at] : [...taps, at].slice(-MOST_TAPS);
}

/** Quarter notes a minute, whole; undefined before there are enough taps. */
export function tempoOf(taps: readonly Instant[]): number | undefined {
  const beat = taps.length < FEWEST_TAPS ? undefined : beatOf(taps);
  return beat === undefined ? undefined : Math.round(A_MINUTE / beat);
}

/** Microseconds from beat to beat. */
function beatOf(taps: readonly Instant[]): number | undefined {
  const [first] = taps;
  if (first === undefined || taps.length < 2) return undefined;
  const middle = (taps.length - 1) / 2;
  let over = 0;
  let under = 0;
  taps.forEach((tap, number) => {
    over += (number - middle) * elapsed(first, tap);
    under += (number - middle) ** 2;
  });
  return over / under;
}
