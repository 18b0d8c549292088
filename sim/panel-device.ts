/**
 * A front panel without hardware: display, push encoder and LEDs that a page, a test or a script can see and turn.
 *
 * Takes  a clock, for the instants of what the hand does.
 * Gives  the three panel ports, each with its far side: the glass, the hand, the light.
 * Keeps  the last frame and levels.
 */
import { Listeners } from '../runtime/core/listeners.ts';
import type { Instant } from '../runtime/core/time.ts';
import type { Clock } from '../runtime/ports/clock.ts';
import { type Display, FRAME_BYTES, type Frame } from '../runtime/ports/display.ts';
import type { Encoder, EncoderEvent } from '../runtime/ports/encoder.ts';
import type { Led, Leds } from '../runtime/ports/leds.ts';

interface SimDisplay extends Display {
  /** What the glass shows. A new array for each frame, so it may be kept. */
  readonly frame: Frame;
  /** 0 is off, 1 is full. */
  readonly brightness: number;
  onFrame(listener: (frame: Frame, brightness: number) => void): Disposable;
}

interface SimEncoder extends Encoder {
  /** Clockwise is positive; 0 does nothing. */
  turn(detents: number): void;
  /** Pressing a pressed knob does nothing, and so does releasing a released one. */
  press(): void;
  release(): void;
  readonly pressed: boolean;
}

interface SimLeds extends Leds {
  level(led: Led): number;
  onChange(listener: (led: Led, level: number) => void): Disposable;
}

export interface SimPanel extends AsyncDisposable {
  readonly display: SimDisplay;
  readonly encoder: SimEncoder;
  readonly leds: SimLeds;
}

const clampLevel = (level: number): number => (level > 0 ? Math.min(1, level) : 0);

export function openSimPanel(deps: { readonly clock: Clock }): SimPanel {
  const display = openSimDisplay();
  const encoder = openSimEncoder(deps.clock);
  const leds = openSimLeds();
  return {
    display,
    encoder,
    leds,
    async [Symbol.asyncDispose]() {
      await encoder[Symbol.asyncDispose]();
      await leds[Symbol.asyncDispose]();
      await display[Symbol.asyncDispose]();
    },
  };
}

function openSimDisplay(): SimDisplay {
  const listeners = new Listeners<[frame: Frame, brightness: number]>();
  let frame: Frame = new Uint8Array(FRAME_BYTES);
  let brightness = 1;
  let disposed = false;
  return {
    get frame() {
      return frame;
    },
    get brightness() {
      return brightness;
    },
    onFrame: (listener) => listeners.add(listener),
    show(next) {
      if (next.length !== FRAME_BYTES) {
        throw new RangeError(`a frame has ${FRAME_BYTES} octets, not ${next.length}`);
      }
      if (disposed) return;
      frame = next.slice();
      listeners.emit(frame, brightness);
    },
    setBrightness(level) {
      if (disposed) return;
      const clamped = clampLevel(level);
      if (clamped === brightness) return;
      brightness = clamped;
      listeners.emit(frame, brightness);
    },
    async [Symbol.asyncDispose]() {
      disposed = true;
      listeners.clear();
    },
  };
}

function openSimEncoder(clock: Clock): SimEncoder {
  const listeners = new Listeners<[event: EncoderEvent, at: Instant]>();
  let pressed = false;
  return {
    get pressed() {
      return pressed;
    },
    onEvent: (listener) => listeners.add(listener),
    turn(detents) {
      const whole = Math.trunc(detents);
      if (whole !== 0 && Number.isFinite(whole)) {
        listeners.emit({ kind: 'turn', detents: whole }, clock.now());
      }
    },
    press() {
      if (pressed) return;
      pressed = true;
      listeners.emit({ kind: 'press' }, clock.now());
    },
    release() {
      if (!pressed) return;
      pressed = false;
      listeners.emit({ kind: 'release' }, clock.now());
    },
    async [Symbol.asyncDispose]() {
      listeners.clear();
    },
  };
}

function openSimLeds(): SimLeds {
  const listeners = new Listeners<[led: Led, level: number]>();
  const levels: Record<Led, number> = { link: 0, activity: 0 };
  let disposed = false;
  return {
    level: (led) => levels[led],
    onChange: (listener) => listeners.add(listener),
    set(led, level) {
      const clamped = clampLevel(level);
      if (disposed || levels[led] === clamped) return;
      levels[led] = clamped;
      listeners.emit(led, clamped);
    },
    async [Symbol.asyncDispose]() {
      disposed = true;
      levels.link = 0;
      levels.activity = 0;
      listeners.clear();
    },
  };
}
