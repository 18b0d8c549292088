/**
 * 100,000 data packets of ours, of every kind and chapter, before tshark and a strict decoder: `make oracle`.
 *
 *   npx tsx tests/soak/rtp-midi-oracle.ts [--packets 100000] [--seed N] [--json]
 *
 * Exit status 1 when either finds a fault, or when a chapter is missing in what was sent; 2 when neither is there to judge.
 */
import { parseArgs } from 'node:util';
import {
  hasOracle,
  hasTshark,
  judgeWithOracle,
  judgeWithTshark,
  openCaptureFile,
} from '../interop/rtp-midi-judges.ts';
import { CHAPTERS, capturePerformance } from '../interop/rtp-midi-performance.ts';

const { values } = parseArgs({
  options: {
    packets: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const { capture, packets, chapters, features } = await capturePerformance({
  packets: Number(values.packets),
  seed: Number(values.seed),
});
const missing = [...CHAPTERS].filter((letter) => !chapters.get(letter));
say(`${packets} data packets; ${[...chapters].map((pair) => pair.join(' ')).join(', ')}`);
say(JSON.stringify(features));
using file = openCaptureFile(capture);
const tshark = hasTshark ? judgeWithTshark(file.path, capture) : undefined;
say(tshark ? `tshark: ${tshark.length} faulty` : 'tshark is not installed');
const oracle = hasOracle ? judgeWithOracle(file.path) : undefined;
say(
  oracle
    ? `strict decoder: ${oracle.faults.length} faulty of ${oracle.packets}`
    : 'no strict decoder here',
);
for (const fault of [...(tshark ?? []), ...(oracle?.faults ?? [])].slice(0, 20)) say(fault);
const faults = (tshark?.length ?? 0) + (oracle?.faults.length ?? 0) + missing.length;
if (values.json) {
  const seen = oracle?.packets;
  const counts = Object.fromEntries(chapters);
  process.stdout.write(`${JSON.stringify({ packets, seen, counts, features, faults })}\n`);
}
process.exitCode = tshark || oracle ? Math.min(1, faults) : 2;
