import { type Micros, micros } from '../../core/time.ts';
import type { Randomness } from '../../ports/randomness.ts';

const FIRST = 250_000;
/** For boxes that were there lately: music waits for them. */
const LONGEST = 1_000_000;

/** From one dialing to the next after that many failures: 0.25 s to 1 s, a quarter up or down by chance. */
export function backOff(failures: number, randomness: Randomness): Micros {
  const plain = Math.min(FIRST * 2 ** Math.min(failures, 10), LONGEST);
  return micros(Math.round(plain * (0.75 + (0.5 * randomness.uint32()) / 0x1_0000_0000)));
}
