import { fromSeconds, type Micros, micros } from '../core/time.ts';
import type { Randomness } from '../ports/randomness.ts';

const FIRST = 200_000;
/** While people may be waiting on a stage, then, then: a server that is gone is not besieged. */
const STEPS: readonly { readonly offlineFor: Micros; readonly longest: number }[] = [
  { offlineFor: fromSeconds(180), longest: 1_000_000 },
  { offlineFor: fromSeconds(1_800), longest: 10_000_000 },
];
const LONGEST = 60_000_000;

/**
 * How long to wait before dialing again after so many failures, the last of which took `tried`: from one dialing to the
 * next, but not less than FIRST after one has failed, a quarter up or down by chance.
 */
export function redialAfter(
  failures: number,
  offlineFor: Micros,
  tried: Micros,
  randomness: Randomness,
): Micros {
  const longest = STEPS.find((step) => offlineFor < step.offlineFor)?.longest ?? LONGEST;
  const pause = Math.min(FIRST * 2 ** Math.min(failures, 20), longest);
  const plain = Math.max(FIRST, pause - tried);
  return micros(Math.round(plain * (0.75 + (0.5 * randomness.uint32()) / 0x1_0000_0000)));
}
