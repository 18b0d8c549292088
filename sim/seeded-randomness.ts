import type { Randomness } from '../runtime/ports/randomness.ts';

/**
 * Random numbers that come again with the same seed: for simulations and tests, never for keys.
 * The generator is sfc32 (C. Doty-Humphrey, PractRand): 128 bits of state, passes BigCrush.
 */
export function seededRandomness(seed: number | string): Randomness {
  let [a, b, c] = stateFrom(String(seed));
  let counter = 1;
  const uint32 = (): number => {
    const result = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + result;
    c |= 0;
    return result >>> 0;
  };
  for (let round = 0; round < 15; round++) uint32();
  return {
    uint32,
    bytes(length) {
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length; at++) bytes[at] = uint32() >>> 24;
      return bytes;
    },
  };
}

/** Three words from any text: FNV-1a with three offsets, each mixed by the finalizer of MurmurHash3. */
function stateFrom(text: string): [number, number, number] {
  const word = (offset: number): number => {
    let hash = offset;
    for (let at = 0; at < text.length; at++) {
      hash = Math.imul(hash ^ text.charCodeAt(at), 0x0100_0193);
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
    return hash ^ (hash >>> 16);
  };
  return [word(0x811c_9dc5), word(0x2545_f491), word(0x9e37_79b9)];
}

/** Uniform in 0 (included) to 1 (excluded), on a grid of 2^-32. */
export function uniform(randomness: Randomness): number {
  return randomness.uint32() / 0x1_0000_0000;
}

/** Normal with mean 0 and deviation 1 (Box and Muller). */
export function normal(randomness: Randomness): number {
  const radius = Math.sqrt(-2 * Math.log(1 - uniform(randomness)));
  return radius * Math.cos(2 * Math.PI * uniform(randomness));
}

/** Gamma with that shape and mean (Marsaglia and Tsang 2000; below shape 1 by their power of a uniform). */
export function gamma(randomness: Randomness, shape: number, mean: number): number {
  if (mean === 0) return 0;
  if (shape < 1) {
    const scale = (1 - uniform(randomness)) ** (1 / shape);
    return (gamma(randomness, shape + 1, shape + 1) * scale * mean) / shape;
  }
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal(randomness);
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    const u = 1 - uniform(randomness);
    if (Math.log(u) < 0.5 * x * x + d - d * v + d * Math.log(v)) return (d * v * mean) / shape;
  }
}
