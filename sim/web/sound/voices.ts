/**
 * One pitched note through Web Audio, made from a recipe.
 *
 * Takes  a key, a velocity and the time on the AudioContext's clock. Gives a handle that ends it.
 * Keeps  its own nodes, and frees them when it has died away.
 */
import { RECIPES, type Timbre } from './timbre.ts';

export interface Voice {
  /** Ends it as the instrument does. Times that have passed mean now. */
  release(at: number): void;
  /** Ends it at once, without a click. */
  cut(at: number): void;
  bend(cents: number, at: number): void;
}

export interface VoiceInit {
  readonly timbre: Timbre;
  readonly key: number;
  readonly velocity: number;
  readonly at: number;
  readonly bend: number;
  readonly onEnded: () => void;
}

const CUT_S = 0.012;
const NYQUIST_SHARE = 0.45;

export function startVoice(context: BaseAudioContext, out: AudioNode, init: VoiceInit): Voice {
  const { key, velocity, at } = init;
  const recipe = RECIPES[init.timbre];
  const frequency = 440 * 2 ** ((key - 69) / 12);
  const loud = velocity / 127;
  const ceiling = context.sampleRate * NYQUIST_SHARE;

  const amp = context.createGain();
  const { attack, decay, sustain, release } = recipe.amp;
  const peak = recipe.gain * (0.12 + 0.88 * loud ** 1.6);
  amp.gain.setValueAtTime(0, at);
  amp.gain.linearRampToValueAtTime(peak, at + attack);
  amp.gain.setTargetAtTime(peak * sustain, at + attack, decay / 2);

  const filter = context.createBiquadFilter();
  filter.type = 'lowpass';
  filter.Q.value = recipe.filter.q;
  const brightness = 0.45 + 0.75 * loud;
  filter.frequency.setValueAtTime(
    Math.min(ceiling, frequency * recipe.filter.open * brightness),
    at,
  );
  filter.frequency.setTargetAtTime(
    Math.min(ceiling, frequency * recipe.filter.rest),
    at,
    recipe.filter.decay,
  );
  filter.connect(amp).connect(out);

  const oscillators: OscillatorNode[] = [];
  const pitched: OscillatorNode[] = [];
  const start = (wave: OscillatorType, hertz: number, cents: number): OscillatorNode => {
    const oscillator = context.createOscillator();
    oscillator.type = wave;
    oscillator.frequency.value = Math.min(ceiling, hertz);
    oscillator.detune.value = cents + init.bend;
    oscillator.start(at);
    oscillators.push(oscillator);
    return oscillator;
  };

  for (const partial of recipe.partials) {
    const cents = partial.cents ?? 0;
    const oscillator = start(partial.wave, frequency * partial.ratio, cents);
    pitched.push(oscillator);
    const level = context.createGain();
    level.gain.setValueAtTime(partial.level, at);
    if (partial.decay !== undefined) level.gain.setTargetAtTime(0, at, partial.decay);
    oscillator.connect(level).connect(filter);
  }
  if (recipe.fm && pitched[0]) {
    const depth = context.createGain();
    depth.gain.setValueAtTime(frequency * recipe.fm.index * loud, at);
    depth.gain.setTargetAtTime(0, at, recipe.fm.decay);
    start('sine', frequency * recipe.fm.ratio, 0)
      .connect(depth)
      .connect(pitched[0].frequency);
  }
  if (recipe.vibrato !== undefined) {
    const depth = context.createGain();
    depth.gain.setValueAtTime(0, at);
    depth.gain.setTargetAtTime(recipe.vibrato, at + 0.25, 0.3);
    const vibrato = start('sine', 5.4, 0);
    vibrato.connect(depth);
    for (const oscillator of pitched) depth.connect(oscillator.detune);
  }

  let ended = false;
  const end = (from: number, timeConstant: number): void => {
    const when = Math.max(from, context.currentTime);
    amp.gain.cancelScheduledValues(when);
    // A note that ends during its attack falls from where it is.
    if (when < at + attack) amp.gain.setValueAtTime((peak * Math.max(0, when - at)) / attack, when);
    amp.gain.setTargetAtTime(0, when, timeConstant);
    for (const oscillator of oscillators) oscillator.stop(when + timeConstant * 7);
  };
  const first = oscillators[0];
  if (first) {
    first.onended = () => {
      amp.disconnect();
      init.onEnded();
    };
  }

  return {
    release(when) {
      if (ended) return;
      ended = true;
      end(Math.max(when, at), release / 2);
    },
    cut(when) {
      ended = true;
      end(when, CUT_S / 3);
    },
    bend(cents, when) {
      for (const [i, oscillator] of pitched.entries()) {
        oscillator.detune.setTargetAtTime((recipe.partials[i]?.cents ?? 0) + cents, when, 0.006);
      }
    },
  };
}
