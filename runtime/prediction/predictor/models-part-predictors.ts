/**
 * Opens the predictors of a session's parts: with the trained models where there are any, by votes of lags where not.
 *
 * Takes  loaded models and the inference lane. Gives  PartPredictors. All parts on one grid share a BandHistory, into which
 * each hears its own notes; `self` is heard and never predicted.
 * Lane   2.
 */
import type { Role } from '../../core/ensemble.ts';
import type { Instant } from '../../core/time.ts';
import type { BeatGrid } from '../grid/beat-grid.ts';
import { DRUM_CLASS_OF_KEY } from './drums/drum-classes.ts';
import { openDrumPredictor } from './drums/drum-predictor.ts';
import type { InferenceLane } from './inference-lane.ts';
import { openLagVotePredictor } from './lag-vote/lag-vote-predictor.ts';
import { describeModel, type Models } from './models.ts';
import type { ExpectedNotes, PartPredictor } from './part-predictor.ts';
import type { Part, PartPredictors } from './part-predictors.ts';
import { BandHistory, type BandPart } from './pitched/band-history.ts';
import { openPitchedPredictor } from './pitched/pitched-predictor.ts';

export interface PartPredictorsDeps {
  readonly lane: InferenceLane;
  readonly models: Models;
}

export interface PartPredictorsInit {
  /** False: parts are predicted from themselves alone. */
  readonly usesContext?: boolean;
}

type Opened = PartPredictor & Disposable;

export function openPartPredictors(
  deps: PartPredictorsDeps,
  init: PartPredictorsInit = {},
): PartPredictors {
  return new ModelPartPredictors(deps, init.usesContext ?? true);
}

class ModelPartPredictors implements PartPredictors {
  readonly #lane: InferenceLane;
  readonly #models: Models;
  readonly #usesContext: boolean;
  readonly #opened = new Map<string, Opened>();
  /** Grids are few; a band that nobody plays in any more goes with its grid. */
  readonly #bands = new WeakMap<BeatGrid, BandHistory>();

  constructor({ lane, models }: PartPredictorsDeps, usesContext: boolean) {
    this.#lane = lane;
    this.#models = models;
    this.#usesContext = usesContext;
  }

  open(part: Part): PartPredictor {
    this.close(part.source);
    const opened = this.#openFor(part);
    this.#opened.set(part.source, opened);
    return opened;
  }

  close(source: string): void {
    this.#opened.get(source)?.[Symbol.dispose]();
    this.#opened.delete(source);
  }

  describe(role: Role): string {
    return describeModel(this.#models, role);
  }

  #openFor({ source, role, grid }: Part): Opened {
    const band = this.#bandOf(grid);
    const isDrums = role === 'rhythm';
    const classOf = isDrums ? DRUM_CLASS_OF_KEY : undefined;
    const lane = this.#lane;
    const { drums, pitched } = this.#models;
    if (!isDrums && pitched.kind === 'loaded' && source !== 'self') {
      return openPitchedPredictor({ grid, band, lane, model: pitched.loaded.model }, { role });
    }
    const predictor =
      isDrums && drums.kind === 'loaded' && source !== 'self'
        ? openDrumPredictor({ grid, lane, model: drums.loaded.model })
        : openLagVotePredictor({ grid }, classOf ? { classOf } : {});
    return new HeardByBand(predictor, band.open(classOf ? { classOf } : {}));
  }

  #bandOf(grid: BeatGrid): BandHistory {
    if (!this.#usesContext) return new BandHistory(grid);
    const band = this.#bands.get(grid) ?? new BandHistory(grid);
    this.#bands.set(grid, band);
    return band;
  }
}

/** A predictor that knows nothing of the band, whose notes the band hears. */
class HeardByBand implements PartPredictor, Disposable {
  readonly #predictor: PartPredictor & Partial<Disposable>;
  readonly #part: BandPart;

  constructor(predictor: PartPredictor & Partial<Disposable>, part: BandPart) {
    this.#predictor = predictor;
    this.#part = part;
  }

  noteOn(channel: number, key: number, velocity: number, performedAt: Instant): void {
    this.#predictor.noteOn(channel, key, velocity, performedAt);
    this.#part.noteOn(channel, key, velocity, performedAt);
  }

  noteOff(channel: number, key: number, performedAt: Instant): void {
    this.#predictor.noteOff(channel, key, performedAt);
    this.#part.noteOff(channel, key, performedAt);
  }

  decide(
    slot: number,
    now: Instant,
    knownUntil: Instant,
    done: (slot: number, expected: ExpectedNotes) => void,
  ): void {
    this.#predictor.decide(slot, now, knownUntil, done);
  }

  expectedTime(slot: number): Instant {
    return this.#predictor.expectedTime(slot);
  }

  reset(): void {
    this.#predictor.reset();
    this.#part.reset();
  }

  [Symbol.dispose](): void {
    this.#predictor[Symbol.dispose]?.();
    this.#part.close();
  }
}
