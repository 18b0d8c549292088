/**
 * The model test of tests/scenarios/rtp-midi-model.test.ts at length: `make soak`, 100,000 runs.
 *
 *   npx tsx tests/soak/rtp-midi-model.ts [--runs 100000] [--seed N] [--json]
 *   npx tsx tests/soak/rtp-midi-model.ts --seed N --path 12:3:1     one failure again, as it was printed
 *
 * Exit status 1 at the first failure, which is made as small as possible.
 */
import { parseArgs } from 'node:util';
import { checkModel } from '../scenarios/rtp-midi-model.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    path: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
/** Between two lines of progress. */
const CHUNK = 5_000;
const runs = Number(values.runs);
const first = Number(values.seed);
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const started = performance.now();
let done = 0;
let failure: string | undefined;
if (values.path !== undefined) {
  ({ failure } = await checkModel({ seed: first, runs: 1, path: values.path }));
} else {
  for (let seed = first; done < runs && failure === undefined; seed++) {
    const chunk = await checkModel({ seed, runs: Math.min(CHUNK, runs - done) });
    done += chunk.runs;
    failure = chunk.failure;
    const seconds = (performance.now() - started) / 1_000;
    say(`${done} runs in ${seconds.toFixed(0)} s, ${failure ? 'one failed' : 'all well'}`);
  }
}
if (failure !== undefined) say(failure);
else if (values.path !== undefined) say('it does not fail');
const seconds = Math.round((performance.now() - started) / 1_000);
if (values.json)
  process.stdout.write(`${JSON.stringify({ runs: done, seed: first, seconds, failure })}\n`);
process.exitCode = failure === undefined ? 0 : 1;
