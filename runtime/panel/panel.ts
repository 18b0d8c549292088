/**
 * The front panel: runs the pure state machine between the knob and the display.
 *
 * Takes  encoder events, models, and the news that a note sounded.
 * Gives  frames, LED levels, and effects for others to carry out.
 * Keeps  one alarm. Draws at most 25 times a second and only what changed; a resting panel sleeps until it dims.
 * Lane   4. `noteActivity` may be called from any lane: it allocates nothing and returns at once.
 */
import { Teardown } from '../core/lifecycle.ts';
import { Listeners } from '../core/listeners.ts';
import { after, fromMillis, type Instant, type Micros } from '../core/time.ts';
import type { Alarm, Clock } from '../ports/clock.ts';
import type { Display, Frame } from '../ports/display.ts';
import type { Encoder } from '../ports/encoder.ts';
import type { Leds } from '../ports/leds.ts';
import { ActivityMeter } from './activity-meter.ts';
import { beatLed } from './beat.ts';
import { FrameBuffer } from './frame-buffer.ts';
import { type LedLevel, linkLed, NOTE_FLASH } from './led-pattern.ts';
import { type PanelInput, step, stepDue } from './panel-machine.ts';
import { emptyPanelModel, type PanelEffect, type PanelModel } from './panel-model.ts';
import { openingState, type PanelState } from './panel-state.ts';
import { view } from './views/view.ts';

export interface PanelDeps {
  readonly clock: Clock;
  readonly display: Display;
  readonly encoder: Encoder;
  readonly leds: Leds;
}

export interface PanelInit {
  readonly model?: PanelModel;
}

export interface Panel extends AsyncDisposable {
  /** Shows other facts, with the next frame. Call it as often as facts change. */
  setModel(model: PanelModel): void;
  /**
   * A note sounded: wakes the display, lights the LED, moves the player's meter. `source` is a participant's BoxId, or
   * `self` for what is played here. Not for clock or active sensing.
   */
  noteActivity(source?: string, velocity?: number): void;
  /** What was shown last. Read only. */
  readonly frame: Frame;
  /** What the player asked for. Told in order, before the next event of the knob. */
  onEffect(listener: (effect: PanelEffect) => void): Disposable;
}

const FRAME_INTERVAL: Micros = fromMillis(40);
const NEVER: Instant = Number.POSITIVE_INFINITY as Instant;

export function openPanel(deps: PanelDeps, init: PanelInit = {}): Panel {
  return new OpenPanel(deps, init.model ?? emptyPanelModel('jam.togthr'));
}

class OpenPanel implements Panel {
  readonly #deps: PanelDeps;
  readonly #teardown = new Teardown();
  readonly #alarm: Alarm;
  readonly #effects = new Listeners<[effect: PanelEffect]>();
  readonly #canvas = new FrameBuffer();
  readonly #levels = new ActivityMeter();
  readonly #shown: Frame = new Uint8Array(this.#canvas.frame.length);
  #model: PanelModel;
  #state: PanelState;
  #brightness = -1;
  #drawn: boolean = false;
  #drawnAt: Instant = 0 as Instant;
  /** When to draw next, if the frame interval allows. */
  #drawAt: Instant;
  #armedFor: Instant = NEVER;
  #notesPending = false;
  #noteAt: Instant = Number.NEGATIVE_INFINITY as Instant;
  #linkLevel = -1;
  #activityLevel = -1;
  #closed = false;

  constructor(deps: PanelDeps, model: PanelModel) {
    this.#deps = deps;
    const now = deps.clock.now();
    this.#model = model;
    this.#state = openingState(model, now);
    this.#drawAt = now;
    this.#alarm = this.#teardown.hold(deps.clock.alarm(() => this.#wake()));
    this.#teardown.hold(
      deps.encoder.onEvent((event, at) => this.#step({ kind: 'encoder', event, at })),
    );
    this.#step({ kind: 'model', at: now });
    this.#wake();
  }

  get frame(): Frame {
    return this.#shown;
  }

  setModel(model: PanelModel): void {
    if (this.#closed || model === this.#model) return;
    this.#model = model;
    this.#step({ kind: 'model', at: this.#deps.clock.now() });
  }

  noteActivity(source: string = 'self', velocity: number = 100): void {
    if (this.#closed) return;
    const now = this.#deps.clock.now();
    this.#levels.note(source, velocity, now);
    this.#noteAt = now;
    this.#notesPending = true;
    this.#armBy(this.#nextFrame(now));
  }

  onEffect(listener: (effect: PanelEffect) => void): Disposable {
    return this.#effects.add(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#teardown[Symbol.asyncDispose]();
    this.#effects.clear();
    const { display, leds } = this.#deps;
    display.show(this.#shown.fill(0));
    leds.set('link', 0);
    leds.set('activity', 0);
  }

  #step(input: PanelInput): void {
    const { state, effects } = step(this.#state, input, this.#model);
    const changed = state !== this.#state || input.kind === 'model';
    this.#state = state;
    if (changed) this.#drawAt = this.#deps.clock.now();
    this.#arm();
    // Told last: a listener may set another model.
    for (const effect of effects) this.#effects.emit(effect);
  }

  #wake(): void {
    if (this.#closed) return;
    this.#armedFor = NEVER;
    const now = this.#deps.clock.now();
    const due = stepDue(this.#state, now);
    if (due !== undefined && now >= due) this.#step({ kind: 'time', at: now });
    if (this.#notesPending) {
      this.#notesPending = false;
      this.#step({ kind: 'notes', at: now });
    }
    if (now >= this.#drawAt && now >= this.#nextFrame(now)) this.#draw(now);
    this.#light(now);
    this.#arm();
  }

  #nextFrame(now: Instant): Instant {
    return this.#drawn ? after(this.#drawnAt, FRAME_INTERVAL) : now;
  }

  #draw(now: Instant): void {
    const { display } = this.#deps;
    const picture = view(this.#canvas, this.#state, this.#model, this.#levels, now);
    this.#drawAt = picture.changesAt ?? NEVER;
    this.#drawnAt = now;
    if (!this.#drawn || !same(picture.frame, this.#shown)) {
      this.#shown.set(picture.frame);
      display.show(this.#shown);
    }
    this.#drawn = true;
    if (picture.brightness !== this.#brightness) {
      this.#brightness = picture.brightness;
      display.setBrightness(picture.brightness);
    }
  }

  #light(now: Instant): void {
    const { leds } = this.#deps;
    const link = this.#linkLed(now).level;
    if (link !== this.#linkLevel) leds.set('link', link);
    this.#linkLevel = link;
    const activity = now < after(this.#noteAt, NOTE_FLASH) ? 1 : 0;
    if (activity !== this.#activityLevel) leds.set('activity', activity);
    this.#activityLevel = activity;
  }

  /** A guest at the door comes first. */
  #linkLed(now: Instant): LedLevel {
    const { codeShown, link, session, ensembleShift } = this.#model;
    const beat =
      session?.playing === true && ensembleShift !== undefined
        ? beatLed(session.timeline, now, ensembleShift)
        : undefined;
    return linkLed(codeShown === undefined ? link : 'guest', now, beat);
  }

  #arm(): void {
    if (this.#closed) return;
    const now = this.#deps.clock.now();
    const draw = Math.max(this.#drawAt, this.#nextFrame(now));
    const step = stepDue(this.#state, now) ?? NEVER;
    const link = this.#linkLed(now);
    const blink = link.level === this.#linkLevel ? (link.until ?? NEVER) : now;
    const dark = this.#activityLevel === 1 ? after(this.#noteAt, NOTE_FLASH) : NEVER;
    const notes = this.#notesPending ? this.#nextFrame(now) : NEVER;
    this.#armBy(Math.min(draw, step, blink, dark, notes) as Instant);
  }

  #armBy(due: Instant): void {
    if (due >= this.#armedFor || due === NEVER) return;
    this.#armedFor = due;
    this.#alarm.set(due);
  }
}

function same(a: Frame, b: Frame): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
