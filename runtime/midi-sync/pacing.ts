/**
 * How far a pulse that is given may be from the one before it, so that what is heard is even and still right.
 *
 * Takes  when the pulse is wanted, when the one before it was due, and their period at the source (microseconds).
 * Gives  when it is due. Pure.
 *
 * Small errors are slewed by a tenth of the tempo, which is about what a hand on a tempo knob does; from half a pulse on, a
 * pulse is really missing or too much, and it is made up for at one and a half times the tempo.
 */
const SLEW = 0.1;
const HASTE = 1.5;

export function paced(wanted: number, last: number, period: number, least: number): number {
  if (last === Number.NEGATIVE_INFINITY) return wanted;
  const interval = wanted - last;
  if (period <= 0) return last + Math.max(least, interval);
  const error = interval - period;
  let allowed: number;
  if (Math.abs(error) <= period / 2) {
    allowed = period + Math.max(-SLEW * period, Math.min(SLEW * period, error));
  } else {
    allowed = error > 0 ? period * HASTE : period / HASTE;
  }
  return last + Math.max(least, allowed);
}

/**
 * The delay glides to where it is wanted, by at most a hundredth of the time that passes: nobody hears that. While the
 * receiver stands still there is nothing to hear, and it may go faster.
 */
const GLIDE = 0.01;
const GLIDE_STOPPED = 0.05;

export function glided(delay: number, wanted: number, passed: number, running: boolean): number {
  const most = (running ? GLIDE : GLIDE_STOPPED) * Math.max(0, passed);
  return delay + Math.max(-most, Math.min(most, wanted - delay));
}
