/**
 * Runs of the model test: arbitrary scenarios by number, and how to repeat one that fails.
 *
 * Takes  a seed and how many runs, or one run's seed and path. Gives what failed, made as small as possible.
 */
import fc from 'fast-check';
import { perform, type Scenario, scenario } from './rtp-midi-scenario.ts';

export const MODEL_SEED = 20_261_122;
export const MODEL_RUNS = 3_000;
/** Making a failure smaller takes as long as this at most. */
const SHRINK_FOR = 60_000;

export interface ModelRuns {
  readonly seed: number;
  readonly runs: number;
  /** Of one failure, as it was printed: only that one is run. */
  readonly path?: string;
}

export async function checkModel({
  seed,
  runs,
  path,
}: ModelRuns): Promise<{ readonly failure: string | undefined; readonly runs: number }> {
  let failedAt = Number.POSITIVE_INFINITY;
  const property = fc.asyncProperty(scenario, async (each) => {
    // Fails no more: the smallest so far is the result.
    if (performance.now() - failedAt > SHRINK_FOR) return;
    const wrong = await perform(each);
    if (wrong.length === 0) return;
    failedAt = Math.min(failedAt, performance.now());
    throw new Error(wrong.join('\n'));
  });
  const result = await fc.check(property, {
    seed,
    numRuns: path === undefined ? runs : 1,
    ...(path === undefined ? {} : { path }),
  });
  if (!result.failed) return { failure: undefined, runs: result.numRuns };
  const [found] = result.counterexample ?? [];
  const again = `npx tsx tests/soak/rtp-midi-model.ts --seed ${seed} --path ${result.counterexamplePath}`;
  const how = found ? describe(found) : '';
  const because = result.errorInstance instanceof Error ? result.errorInstance.message : '';
  return { failure: `${because}\n${how}\nagain: ${again}`, runs: result.numRuns };
}

function describe({ conditions, parts }: Scenario): string {
  const { paths, ...common } = conditions;
  const lines = [JSON.stringify(common), ...paths.map((path) => `  ${JSON.stringify(path)}`)];
  for (const part of parts) {
    lines.push('part');
    for (const { wait, act } of part) lines.push(`  ${wait} us, ${JSON.stringify(act)}`);
  }
  return lines.join('\n');
}
