import { type Micros, micros } from '../../core/time.ts';
import type { Randomness } from '../../ports/randomness.ts';

const FIRST = 250_000;
const LONGEST = 5_000_000;

/** How long to wait before dialing again after that many failures: 0.25 s to 5 s, a quarter up or down by chance. */
export function backOff(failures: number, randomness: Randomness): Micros {
  const plain = Math.min(FIRST * 2 ** Math.min(failures, 10), LONGEST);
  return micros(Math.round(plain * (0.75 + (0.5 * randomness.uint32()) / 0x1_0000_0000)));
}
