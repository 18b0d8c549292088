/**
 * What the fuzzer begins with: streams of a session with all kinds of MIDI and loss, as input of rtp-midi-decoder.ts.
 *
 *   npx tsx tests/fuzz/seeds.ts FOLDER
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { emptyRtpHeader, readRtpHeader } from '../../runtime/transport/rtp-midi/rtp-header.ts';
import { perform, scenario } from '../scenarios/rtp-midi-scenario.ts';

const SEEDS = 60;
/** Of one input, before the length of each packet would be cut off. */
const MAX_PAYLOAD = 2_047;
const MAX_OCTETS = 4_096;

const [, , folder] = process.argv;
if (folder === undefined) throw new Error('seeds.ts FOLDER');
mkdirSync(folder, { recursive: true });
const header = emptyRtpHeader();
for (const [number, each] of fc.sample(scenario, { numRuns: SEEDS, seed: 1 }).entries()) {
  const input: number[] = [];
  let last = -1;
  await perform(each, (bytes) => {
    if (readRtpHeader(bytes, header) !== undefined) return;
    const payload = bytes.subarray(header.payloadAt, header.payloadEnd);
    if (payload.length > MAX_PAYLOAD || input.length + payload.length > MAX_OCTETS) return;
    const gap = last < 0 ? 0 : Math.max(0, Math.min(7, header.sequence - last - 1));
    last = header.sequence;
    input.push((gap << 3) | (payload.length >> 8), payload.length & 0xff, ...payload);
  });
  writeFileSync(join(folder, `session-${number}`), Uint8Array.from(input));
}
