/**
 * `npx tsx tests/bench/prediction.ts [--players 7] [--seconds 60] [--real-seconds 20] [--json]`: what prediction costs.
 *
 * First on a virtual clock, model and all in this thread: CPU time of each event and each decision. Then in real time, with the
 * clock and the thread of models that a box has: percent of one core, beside a process that plays the same in Live, and
 * beside one in which nobody plays. CPU is that of the whole process, all threads.
 */
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { modelsFolder } from '../../runtime/platform/program-models.ts';
import { measureCosts } from './prediction-costs.ts';
import { measureLoad } from './prediction-load.ts';
import { benchPlayers } from './prediction-players.ts';

const { values } = parseArgs({
  options: {
    players: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '60' },
    'real-seconds': { type: 'string', default: '20' },
    json: { type: 'boolean' },
  },
});

void main();

async function main(): Promise<void> {
  const players = benchPlayers(Number(values.players));
  const begun = performance.now();
  const costs = await measureCosts(players, Number(values.seconds));
  const took = (performance.now() - begun) / 1_000;
  const realSeconds = Number(values['real-seconds']);
  const idle = await measureLoad([], 'auto', realSeconds);
  const live = await measureLoad(players, 'live', realSeconds);
  const tight = await measureLoad(players, 'tight', realSeconds);
  if (values.json) {
    process.stdout.write(
      `${JSON.stringify({ players: players.length, costs, idle, live, tight })}\n`,
    );
    return;
  }
  const table = new Table({
    head: ['CPU, milliseconds', 'count', 'mean', 'p99', 'most'],
    style: { head: [], border: [], compact: true },
  });
  for (const [name, { count, mean, p99, most }] of Object.entries(costs)) {
    table.push([name, count, mean.toFixed(3), p99.toFixed(3), most.toFixed(2)]);
  }
  const lines = [
    `${players.length} players at 8 notes/s, ${values.seconds} s of playing in ${took.toFixed(1)} s; models: ${modelsFolder()}`,
    table.toString(),
    `Percent of one core in real time: tight ${tight.toFixed(1)}, live ${live.toFixed(1)}, nobody ${idle.toFixed(1)}; prediction ${(tight - live).toFixed(1)}.`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
