/**
 * What every view is given: the facts, the moment, and the picture to draw into.
 */
import { fromMillis, type Instant } from '../../core/time.ts';
import type { FrameBuffer } from '../frame-buffer.ts';
import type { PanelModel } from '../panel-model.ts';
import type { PanelState } from '../panel-state.ts';

export interface Levels {
  /** How much a source (a BoxId, or `self`) plays, 0 to 1. */
  level(source: string, now: Instant): number;
}

export class Scene {
  readonly canvas: FrameBuffer;
  readonly state: PanelState;
  readonly model: PanelModel;
  readonly levels: Levels;
  readonly now: Instant;
  /** When the picture changes though nothing happens; infinite: never. */
  changesAt: number = Number.POSITIVE_INFINITY;

  constructor(
    canvas: FrameBuffer,
    state: PanelState,
    model: PanelModel,
    levels: Levels,
    now: Instant,
  ) {
    this.canvas = canvas;
    this.state = state;
    this.model = model;
    this.levels = levels;
    this.now = now;
  }

  /** A view says that it would draw something else at `due`. */
  again(due: number): void {
    if (due > this.now && due < this.changesAt) this.changesAt = due;
  }

  /** A view says that it moves. */
  moving(): void {
    this.again(this.now + MOVING);
  }

  /** Counts periods of `millis`, and asks to be drawn again at the next. */
  ticks(millis: number): number {
    const period = fromMillis(millis);
    const count = Math.floor(this.now / period);
    this.again((count + 1) * period);
    return count;
  }
}
const MOVING = fromMillis(40);
