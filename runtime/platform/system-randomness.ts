import { randomFillSync } from 'node:crypto';
import type { Randomness } from '../ports/randomness.ts';

const word = new Uint32Array(1);

/** The operating system's generator. */
export const systemRandomness: Randomness = {
  uint32() {
    randomFillSync(word);
    return word[0] ?? 0;
  },
  bytes(length) {
    return randomFillSync(new Uint8Array(length));
  },
};
