/**
 * A look into a box's prediction engine, for the page that watches it.
 *
 * Takes  the engine, and who plays.
 * Gives  what becomes of each note, what is expected next, and the engine's figures of each player.
 * Keeps  nothing, and costs nothing, while nobody watches.
 */
import { Listeners } from '../../runtime/core/listeners.ts';
import { type Instant, micros, toMillis } from '../../runtime/core/time.ts';
import type { Clock } from '../../runtime/ports/clock.ts';
import type { PredictionEngine } from '../../runtime/prediction/engine.ts';
import { Forecast } from './forecast.ts';
import type { SimHearing } from './host.ts';
import type { SimFate, SimForecast, SimPrediction } from './prediction-protocol.ts';

export interface EngineViewDeps {
  readonly clock: Clock;
  readonly engine: PredictionEngine;
  /** Ids of the players who may be heard. */
  readonly players: () => readonly string[];
}

export class EngineView implements Disposable {
  readonly fates: Listeners<[fate: SimFate]> = new Listeners();
  readonly forecasts: Listeners<[forecast: SimForecast]> = new Listeners();
  readonly #engine: PredictionEngine;
  readonly #origin: Instant;
  readonly #forecast: Forecast;

  constructor(deps: EngineViewDeps, origin: Instant) {
    this.#engine = deps.engine;
    this.#origin = origin;
    this.#forecast = new Forecast(
      { ...deps, tell: (forecast) => this.forecasts.emit(forecast) },
      { origin },
    );
  }

  watch(on: boolean): void {
    this.#forecast.look(on);
    this.#engine.onNote(
      on
        ? (participant, fate, channel, key, velocity, at) =>
            this.fates.emit({
              ...{ participant, fate, channel, key, velocity },
              at: (at - this.#origin) / 1_000,
            })
        : undefined,
    );
  }

  hear(participant: string, { mode, wet }: SimHearing): void {
    if (mode !== undefined) this.#engine.setStreamMode(participant, mode ?? undefined);
    if (wet !== undefined) this.#engine.setStreamWet(participant, wet);
  }

  figures(participant: string): SimPrediction | null {
    const stats = this.#engine.predictionStats(participant);
    if (!stats) return null;
    const wish = this.#engine.streamWish(participant);
    const { mode, reason, predictor, notes, predicted, confirmed, falseNotes, corrected, late } =
      stats;
    return {
      ...{ mode, reason, predictor, notes, predicted, confirmed, falseNotes, corrected, late },
      wish: wish.mode ?? null,
      wet: wish.wet ?? 1,
      inUse: stats.modeInUse,
      role: stats.role ?? null,
      away: toMillis(this.#engine.streamStats(participant)?.networkDelay ?? micros(0)),
      w20: stats.w20 ?? null,
      confidence: stats.confidence ?? null,
      carriedOn: stats.fallbackBars ?? null,
    };
  }

  [Symbol.dispose](): void {
    this.#engine.onNote(undefined);
    this.#forecast[Symbol.dispose]();
  }
}
