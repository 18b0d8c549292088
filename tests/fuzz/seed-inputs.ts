/** What the fuzzer begins with: streams of sessions with all kinds of MIDI and loss, as input of rtp-midi-decoder.ts. */
import fc from 'fast-check';
import { emptyRtpHeader, readRtpHeader } from '../../runtime/transport/rtp-midi/rtp-header.ts';
import { perform, scenario } from '../scenarios/rtp-midi-scenario.ts';

const MAX_PAYLOAD = 2_047;
const MAX_OCTETS = 4_096;

export async function seedInputs(count: number): Promise<readonly Uint8Array[]> {
  const header = emptyRtpHeader();
  const inputs: Uint8Array[] = [];
  for (const each of fc.sample(scenario, { numRuns: count, seed: 1 })) {
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
    inputs.push(Uint8Array.from(input));
  }
  return inputs;
}
