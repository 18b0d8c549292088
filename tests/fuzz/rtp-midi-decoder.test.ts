/** The fuzzer's target holds for what the fuzzer begins with, damaged a little. `make fuzz` looks further. */
import { expect, test } from 'vitest';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { fuzz } from './rtp-midi-decoder.ts';
import { seedInputs } from './seed-inputs.ts';

const SESSIONS = 40;
const DAMAGED = 50;

test('no stream, damaged anywhere, makes the decoder throw or leave a key sounding (items 12, 48)', async () => {
  const inputs = await seedInputs(SESSIONS);
  const random = seededRandomness('damage');
  let octets = 0;
  for (const input of inputs) {
    fuzz(input);
    octets += input.length;
    for (let run = 0; run < DAMAGED; run++) {
      const damaged = input.slice();
      for (let count = 1 + (random.uint32() % 8); count > 0 && damaged.length > 0; count--)
        damaged[random.uint32() % damaged.length] = random.uint32() & 0xff;
      fuzz(damaged);
    }
  }
  expect(octets).toBeGreaterThan(20_000);
});
