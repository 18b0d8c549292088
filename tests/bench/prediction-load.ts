/**
 * How much of a core remote players take in real time: the engine with the clock and the thread of models of a box.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { JamMode } from '../../runtime/core/ensemble.ts';
import { silentLog } from '../../runtime/core/log.ts';
import type { Instant } from '../../runtime/core/time.ts';
import { openMonotonicClock } from '../../runtime/platform/monotonic-clock.ts';
import { openProgramModels } from '../../runtime/platform/program-models.ts';
import { openPredictionEngine } from '../../runtime/prediction/engine.ts';
import { ClickGrid } from '../../runtime/prediction/grid/click-grid.ts';
import { openInferenceLane } from '../../runtime/prediction/predictor/inference-lane.ts';
import { openPartPredictors } from '../../runtime/prediction/predictor/models-part-predictors.ts';
import { type BenchPlayer, benchEvents } from './prediction-players.ts';

const WARM_UP = 5;

/** Percent of one core over `seconds`, after a warm-up. */
export async function measureLoad(
  players: readonly BenchPlayer[],
  mode: JamMode,
  seconds: number,
): Promise<number> {
  const clock = openMonotonicClock();
  await using models = await openProgramModels({ log: silentLog });
  const lane = openInferenceLane({ clock });
  const origin = clock.now();
  const click = new ClickGrid();
  click.setClick(origin, 120, 4);
  await using engine = openPredictionEngine({
    clock,
    click,
    predictors: openPartPredictors({ lane, models }),
    play: () => {},
    release: () => {},
  });
  engine.setMode(mode);
  for (const { name, role } of players) engine.setRole(name, role);
  const events = benchEvents(players, WARM_UP + seconds);
  let next = 0;
  const alarm = clock.alarm(() => {
    for (let event = events[next]; event; event = events[++next]) {
      const arrived = (origin + event.arrived) as Instant;
      if (arrived > clock.now()) {
        alarm.set(arrived);
        return;
      }
      const { player, on, key, velocity } = event;
      const kind = on ? 'noteOn' : 'noteOff';
      const message = { kind, channel: player.channel, key, velocity } as const;
      const performed = (origin + event.performed) as Instant;
      engine.receive(player.name, message, performed, clock.now(), false);
    }
  });
  alarm.set(origin);
  await wait(WARM_UP * 1_000);
  const before = process.cpuUsage();
  const from = clock.now();
  await wait(seconds * 1_000);
  const { user, system } = process.cpuUsage(before);
  const share = (100 * (user + system)) / (clock.now() - from);
  alarm[Symbol.dispose]();
  return share;
}
