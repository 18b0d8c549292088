/** A hand on the knob of a panel that is nothing but its state machine: no clock, no display. */
import { after, fromMillis, type Instant } from '../../runtime/core/time.ts';
import { ActivityMeter } from '../../runtime/panel/activity-meter.ts';
import { FrameBuffer } from '../../runtime/panel/frame-buffer.ts';
import { chosenEntry } from '../../runtime/panel/navigation.ts';
import { type PanelInput, step } from '../../runtime/panel/panel-machine.ts';
import type { PanelEffect, PanelModel } from '../../runtime/panel/panel-model.ts';
import {
  openingState,
  type PanelState,
  type Screen,
  topScreen,
} from '../../runtime/panel/panel-state.ts';
import { type View, view } from '../../runtime/panel/views/view.ts';
import type { EncoderEvent } from '../../runtime/ports/encoder.ts';

/** Not in the first minute's pixel position by chance: at 60 s times a multiple of four it is the top left. */
export const START: Instant = 2_400_000_000 as Instant;

export class Hand {
  now: Instant = START;
  model: PanelModel;
  state: PanelState;
  readonly effects: PanelEffect[] = [];
  readonly levels = new ActivityMeter();

  constructor(model: PanelModel) {
    this.model = model;
    this.state = openingState(model, this.now);
    this.#step({ kind: 'model', at: this.now });
  }

  get screen(): Screen {
    return topScreen(this.state);
  }

  show(change: Partial<PanelModel>): this {
    this.model = { ...this.model, ...change };
    return this.#step({ kind: 'model', at: this.now });
  }

  wait(millis: number): this {
    this.now = after(this.now, fromMillis(millis));
    return this.#step({ kind: 'time', at: this.now });
  }

  notes(): this {
    return this.#step({ kind: 'notes', at: this.now });
  }

  press(): this {
    return this.#event({ kind: 'press' });
  }

  release(): this {
    return this.#event({ kind: 'release' });
  }

  /** Unhurried: one detent at a time. */
  turn(detents: number): this {
    for (let i = 0; i < Math.abs(detents); i++) {
      this.wait(100);
      this.#event({ kind: 'turn', detents: Math.sign(detents) });
    }
    return this;
  }

  spin(detents: number): this {
    return this.#event({ kind: 'turn', detents });
  }

  /** Down and up, and nothing after it yet. */
  tap(): this {
    return this.press().wait(60).release();
  }

  /** A click, with time enough to be sure that it was one. */
  click(): this {
    return this.tap().wait(300);
  }

  double(): this {
    return this.tap().wait(120).tap().wait(300);
  }

  hold(millis: number = 600): this {
    return this.press().wait(millis).release().wait(300);
  }

  panic(): this {
    return this.press().spin(1).spin(1).spin(1).release().wait(300);
  }

  /** Key of the chosen entry of a list. */
  get chosen(): string | undefined {
    const { screen } = this;
    return screen.kind === 'list' ? chosenEntry(screen, this.model)?.key : undefined;
  }

  /** Turns to the entry with that key and clicks it. */
  choose(key: string): this {
    for (;;) {
      const { chosen } = this;
      if (chosen === key) return this.click();
      this.turn(1);
      if (this.chosen === chosen) throw new Error(`there is no entry ${key} to turn to`);
    }
  }

  look(canvas: FrameBuffer = new FrameBuffer()): View {
    return view(canvas, this.state, this.model, this.levels, this.now);
  }

  #event(event: EncoderEvent): this {
    return this.#step({ kind: 'encoder', event, at: this.now });
  }

  #step(input: PanelInput): this {
    const { state, effects } = step(this.state, input, this.model);
    this.state = state;
    this.effects.push(...effects);
    return this;
  }
}
