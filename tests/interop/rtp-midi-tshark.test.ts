import { afterAll, beforeAll, expect, test } from 'vitest';
import { MAX_PACKET_OCTETS } from '../../runtime/transport/rtp-midi/stream-sender.ts';
import {
  hasOracle,
  hasTshark,
  judgeWithOracle,
  judgeWithTshark,
  openCaptureFile,
} from './rtp-midi-judges.ts';
import { readPacket } from './rtp-midi-packet.ts';
import { CHAPTERS, capturePerformance, type Performance } from './rtp-midi-performance.ts';

/** `make oracle` takes ten times as many, from as many kinds of session. */
const PACKETS = 10_000;

if (!hasTshark)
  process.stderr.write('rtp-midi-tshark: tshark is not installed; it judged nothing\n');
else if (!hasOracle)
  process.stderr.write('rtp-midi-tshark: no strict decoder here; tshark alone judged\n');

let played: Performance;
let file: ReturnType<typeof openCaptureFile>;

beforeAll(async () => {
  played = await capturePerformance({ packets: PACKETS, seed: 49 });
  file = openCaptureFile(played.capture);
});
afterAll(() => file[Symbol.dispose]());

test('what is captured holds every chapter, long headers, SysEx in segments, and numbers that wrap', () => {
  for (const letter of CHAPTERS)
    expect(played.chapters.get(letter), letter).toBeGreaterThan(PACKETS / 100);
  expect(played.features).toEqual({
    longHeaders: true,
    firstSegments: true,
    middleSegments: true,
    lastSegments: true,
    sequenceWraps: true,
    timestampWraps: true,
    channels: 16,
  });
});

test('what is sent is read back without a fault, and fits into a packet (item 5)', () => {
  let packets = 0;
  for (const { bytes } of played.capture.datagrams) {
    expect(bytes.length).toBeLessThanOrEqual(MAX_PACKET_OCTETS);
    const read = readPacket(bytes);
    if (!read) continue;
    packets++;
    expect(read.faults).toEqual([]);
  }
  expect(packets).toBeGreaterThanOrEqual(PACKETS);
});

test('tshark finds nothing malformed but what it is known to misread (item 49)', (context) => {
  if (!hasTshark) return context.skip('tshark is not installed (apt-get install tshark)');
  expect(judgeWithTshark(file.path, played.capture)).toEqual([]);
});

test('a strict decoder finds no fault in what is sent (item 49)', (context) => {
  if (!hasOracle) return context.skip('the strict decoder is not beside this repository');
  const { packets, faults } = judgeWithOracle(file.path);
  expect(faults).toEqual([]);
  expect(packets).toBeGreaterThanOrEqual(PACKETS);
});
