/**
 * A million datagrams that nobody should send, at an end point with a live peer: `make soak`.
 *
 *   npx tsx --expose-gc tests/soak/rtp-midi-fuzz.ts [--datagrams 1000000] [--seed N] [--json]
 *
 * Exit status 1 when something throws, takes long, grows, sticks, or does not work afterwards.
 */
import { parseArgs } from 'node:util';
import { fuzzEndpoint } from '../scenarios/rtp-midi-fuzz.ts';

const { values } = parseArgs({
  options: {
    datagrams: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
const SLOWEST_MILLIS = 500;
const GROWTH_MIB = 32;
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const report = await fuzzEndpoint({
  datagrams: Number(values.datagrams),
  seed: Number(values.seed),
  onProgress: (done) => {
    if (done > 0 && done % 100_000 === 0) say(`${done} datagrams`);
  },
});
const [first, last] = report.heapMiB;
const wrong = [
  report.slowestMillis > SLOWEST_MILLIS ? 'one datagram took long' : '',
  last - first > GROWTH_MIB ? 'memory grew' : '',
  report.stuck > 0 ? `${report.stuck} keys are stuck` : '',
  report.stillWorks ? '' : 'it does not work afterwards',
].filter((what) => what !== '');
say(
  `${report.datagrams} datagrams, ${report.meanMicros.toFixed(1)} us each, the slowest ${report.slowestMillis.toFixed(1)} ms, ` +
    `${report.messagesHeard} messages heard, heap ${first.toFixed(1)} to ${last.toFixed(1)} MiB, ${wrong.join(', ') || 'all well'}`,
);
if (values.json) process.stdout.write(`${JSON.stringify({ ...report, wrong })}\n`);
process.exitCode = wrong.length === 0 ? 0 : 1;
