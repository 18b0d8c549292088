/**
 * What prediction costs: seven remote players of eight notes a second each, in Tight, with the program's models.
 *
 *   npx tsx tests/bench/prediction-engine.ts [seconds of music, default 60]
 *
 * Time is virtual, work is real: processor time of this process for all that the engine and the models do, in shares of one
 * core, and how long one event and one turn of the engine's alarms take.
 */
import { performance } from 'node:perf_hooks';
import { loadProgramModels } from '../../cli/prediction-models.ts';
import { silentLog } from '../../runtime/core/log.ts';
import type { MidiMessage } from '../../runtime/core/midi-message.ts';
import { fromMillis, instant } from '../../runtime/core/time.ts';
import { openPredictionEngine } from '../../runtime/prediction/engine.ts';
import { ClickGrid } from '../../runtime/prediction/grid/click-grid.ts';
import { openInferenceLane } from '../../runtime/prediction/predictor/inference-lane.ts';
import { openPartPredictors } from '../../runtime/prediction/predictor/models-part-predictors.ts';
import { seededRandomness, uniform } from '../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';

const ROLES = ['rhythm', 'bass', 'harmony', 'melody', 'harmony', 'melody', 'rhythm'] as const;
const NOTES_A_SECOND = 8;
const WAY = 60_000;

interface Arrival {
  readonly source: string;
  readonly at: number;
  readonly arrival: number;
  readonly message: MidiMessage;
}

/** Each plays a bar of sixteenths over and over, with a change now and then. */
function music(seconds: number): Arrival[] {
  const random = seededRandomness('prediction bench');
  const all: Arrival[] = [];
  for (const [player, role] of ROLES.entries()) {
    const channel = role === 'rhythm' ? 9 : player;
    const low = role === 'bass' ? 36 : 55;
    const loop = Array.from({ length: 16 }, () => low + Math.floor(uniform(random) * 12));
    for (let note = 0; note < seconds * NOTES_A_SECOND; note++) {
      const changed = uniform(random) < 0.1;
      const drum = [36, 42, 38, 42][note % 4] ?? 42;
      const tone = changed ? low + Math.floor(uniform(random) * 12) : (loop[note % 16] ?? low);
      const key = role === 'rhythm' ? drum : tone;
      const at = note / NOTES_A_SECOND + 0.02 * (uniform(random) - 0.5);
      for (const [kind, from] of [
        ['noteOn', at],
        ['noteOff', at + 0.1],
      ] as const) {
        all.push({
          source: `player ${player + 1}`,
          at: Math.max(0, from * 1e6),
          arrival: Math.max(0, from * 1e6) + WAY + 10_000 * uniform(random),
          message: { kind, channel, key, velocity: 80 },
        });
      }
    }
  }
  return all.sort((a, b) => a.arrival - b.arrival);
}

async function run(seconds: number): Promise<void> {
  const models = await loadProgramModels({ log: silentLog });
  const clock = new VirtualClock(instant(0));
  const click = new ClickGrid();
  click.setClick(0, 120, 4);
  const lane = openInferenceLane({ clock }, { allowance: fromMillis(3) });
  const engine = openPredictionEngine({
    clock,
    click,
    predictors: openPartPredictors({ lane, models }),
    play: () => {},
    release: () => {},
  });
  engine.setMode('tight');
  for (const [player, role] of ROLES.entries()) engine.setRole(`player ${player + 1}`, role);
  const arrivals = music(seconds);
  const events: number[] = [];
  const turns: number[] = [];
  const begun = performance.now();
  const used = process.cpuUsage();
  for (const { source, at, arrival, message } of arrivals) {
    for (;;) {
      const next = clock.nextDue;
      if (next === undefined || next > arrival) break;
      const from = performance.now();
      clock.advanceTo(next);
      turns.push(1_000 * (performance.now() - from));
      if (lane.underWay > 0) await lane.settled();
    }
    clock.advanceTo(instant(arrival));
    const from = performance.now();
    engine.receive(source, message, instant(at), instant(arrival), false);
    events.push(1_000 * (performance.now() - from));
  }
  const { user, system } = process.cpuUsage(used);
  const share = (100 * (user + system)) / (seconds * 1e6);
  const out = (line: string): boolean => process.stdout.write(`${line}\n`);
  out(`${ROLES.length} players, ${NOTES_A_SECOND} notes a second each, ${seconds} s of music`);
  for (const role of ['rhythm', 'melody'] as const) {
    out(`  ${role}: ${openPartPredictors({ lane, models }).describe(role)}`);
  }
  out(
    `  ${share.toFixed(1)} % of one core (${((performance.now() - begun) / 1e3).toFixed(1)} s elapsed)`,
  );
  out(
    `  questions ${lane.stats.asked}, answered ${lane.stats.answered}, failed ${lane.stats.failed}`,
  );
  out(`  an event: ${summary(events)}`);
  out(`  a turn (decisions, answers, notes that are due): ${summary(turns)}`);
  const first = engine.predictionStats('player 1');
  out(
    `  player 1: w20 ${first?.w20?.toFixed(2)}, ${first?.predicted} predicted, ${first?.falseNotes} false`,
  );
  await engine[Symbol.asyncDispose]();
  await models[Symbol.asyncDispose]();
}

function summary(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const mean = times.reduce((a, b) => a + b, 0) / Math.max(1, times.length);
  const p99 = sorted[Math.floor(0.99 * sorted.length)] ?? 0;
  return `mean ${mean.toFixed(0)} us, p99 ${p99.toFixed(0)} us (${times.length})`;
}

await run(Number(process.argv[2] ?? 60));
