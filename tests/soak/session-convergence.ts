/**
 * Replicas of a session's documents, parted, restarted and changed at random: all are equal in the end. `make soak`.
 *
 *   npx tsx tests/soak/session-convergence.ts [--seeds 1000] [--replicas 64] [--seconds 300] [--jobs 2] [--json]
 *   npx tsx tests/soak/session-convergence.ts --seed 77        one seed again, as it was printed
 *
 * Seconds are virtual. Exit status 1 when a seed fails; the others are tried all the same.
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { runSessionModel } from '../scenarios/session-model.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    seed: { type: 'string' },
    replicas: { type: 'string', default: '64' },
    seconds: { type: 'string', default: '300' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    /** Of a job: the first of its seeds; it takes every so many. */
    first: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const replicas = Number(values.replicas);
const seconds = Number(values.seconds);
const jobs = Math.max(1, Number(values.jobs));
const say = (line: string): void => void process.stderr.write(`${line}\n`);

interface Told {
  readonly seed: number;
  readonly failure: string | undefined;
  readonly edits: number;
  readonly partitions: number;
  readonly restarts: number;
}

const play = (seed: number): Told => ({ seed, ...runSessionModel({ seed, replicas, seconds }) });

if (values.seed !== undefined) {
  const { failure, ...figures } = play(Number(values.seed));
  say(JSON.stringify(figures));
  if (failure !== undefined) say(failure);
  process.exitCode = failure === undefined ? 0 : 1;
} else if (values.first !== undefined) {
  for (let seed = Number(values.first); seed <= Number(values.seeds); seed += jobs) {
    process.stdout.write(`${JSON.stringify(play(seed))}\n`);
  }
} else await lead();

/** One process for each job: a replica's work is on one core. */
async function lead(): Promise<void> {
  const started = performance.now();
  const elapsed = (): number => Math.round((performance.now() - started) / 1_000);
  const total = { seeds: 0, edits: 0, partitions: 0, restarts: 0 };
  const failed: number[] = [];
  const hear = (told: Told): void => {
    total.seeds++;
    total.edits += told.edits;
    total.partitions += told.partitions;
    total.restarts += told.restarts;
    if (told.failure !== undefined) {
      failed.push(told.seed);
      say(`seed ${told.seed}: ${told.failure.slice(0, 2_000)}`);
    }
    if (total.seeds % 25 === 0)
      say(`${total.seeds} seeds in ${elapsed()} s, ${failed.length} failed`);
  };
  const done = await Promise.all(
    Array.from({ length: jobs }, async (_, index) => {
      const script = process.argv[1] ?? '';
      const given = ['--seeds', values.seeds, '--jobs', String(jobs), '--first', String(index + 1)];
      const size = ['--replicas', values.replicas, '--seconds', values.seconds];
      const job = spawn(process.execPath, [...process.execArgv, script, ...given, ...size], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      for await (const line of createInterface({ input: job.stdout }))
        hear(JSON.parse(line) as Told);
      return (
        job.exitCode ??
        (await new Promise<number>((end) => job.once('exit', (code) => end(code ?? 1))))
      );
    }),
  );
  const complete = done.every((code) => code === 0) && total.seeds === Number(values.seeds);
  say(
    `${total.seeds} seeds, ${replicas} replicas, ${seconds} s each: ${total.edits} edits, ${total.partitions} partitions, ` +
      `${total.restarts} restarts; ${failed.length} failed, in ${elapsed()} s`,
  );
  if (values.json)
    process.stdout.write(`${JSON.stringify({ ...total, replicas, failed, seconds: elapsed() })}\n`);
  process.exitCode = complete && failed.length === 0 ? 0 : 1;
}
