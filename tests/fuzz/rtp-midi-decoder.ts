/**
 * The target of the coverage-guided fuzzer: command sections and recovery journals from a peer, with repair, as pure code.
 *
 * Takes  octets: a byte that tells gap, hold and length, then so many octets of RTP payload, over and over.
 * Gives  nothing; throws when an invariant doesn't hold, or what the decoder throws.
 * Run    `make fuzz SECONDS=600`.
 */
import { strict as assert } from 'node:assert';
import type { Instant, Micros } from '../../runtime/core/time.ts';
import { FaultCounters } from '../../runtime/transport/rtp-midi/faults.ts';
import { emptyRtpHeader, readRtpHeader } from '../../runtime/transport/rtp-midi/rtp-header.ts';
import { StreamReceiver } from '../../runtime/transport/rtp-midi/stream-receiver.ts';
import { Synthesizer } from '../scenarios/rtp-midi-synthesizer.ts';

const RTP_OCTETS = 12;
const MAX_PACKETS = 64;
/** What one packet may bring: repairs of every key, controller and parameter of sixteen channels, and then some. */
const MAX_MESSAGES = 120_000;

export function fuzz(data: Uint8Array): void {
  const synth = new Synthesizer();
  const header = emptyRtpHeader();
  let now = 1_000_000;
  let heard = 0;
  const receiver = new StreamReceiver(
    {
      message: (message) => {
        heard++;
        synth.take(message, now);
      },
      report: (sequence) => assert(sequence >= 0 && sequence <= 0xffff),
    },
    new FaultCounters(),
    3_000 as Micros,
  );
  let sequence = 0xfff0;
  let at = 0;
  for (let packets = 0; at + 2 < data.length && packets < MAX_PACKETS; packets++) {
    const control = data[at++] ?? 0;
    const length = ((control & 7) << 8) | (data[at++] ?? 0);
    const payload = data.subarray(at, at + length);
    at += length;
    sequence = (sequence + 1 + ((control >> 3) & 7)) & 0xffff;
    now += (control & 0x40) !== 0 ? 10_000 : 100;
    const bytes = new Uint8Array(RTP_OCTETS + payload.length);
    bytes.set([
      0x80,
      0x61,
      sequence >> 8,
      sequence & 0xff,
      0,
      0,
      now >> 16,
      now & 0xff,
      1,
      2,
      3,
      4,
    ]);
    bytes.set(payload, RTP_OCTETS);
    heard = 0;
    if (readRtpHeader(bytes, header) === undefined) receiver.receive(bytes, header, now as Instant);
    if ((control & 0x80) !== 0) receiver.tick((now + 3_000) as Instant);
    assert(heard <= MAX_MESSAGES, `${heard} messages from one packet`);
  }
  receiver.tick((now + 1_000_000) as Instant);
  receiver.release(now as Instant);
  assert.equal(synth.sounding, 0, 'a key sounds on');
  assert.equal(synth.counted, 0, 'a key sounds on for who counts');
}
