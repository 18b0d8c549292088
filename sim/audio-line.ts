/**
 * An audio input without hardware: plays samples into the box at the clock's pace.
 *
 * Takes  samples, or a function of the sample's number. When they end, silence follows.
 * Gives  blocks at the instants when a sound card would have taken their last sample.
 * Keeps  its place. Overruns and the loss of the device are for the test to cause.
 */
import { Listeners } from '../runtime/core/listeners.ts';
import type { Instant } from '../runtime/core/time.ts';
import type { AudioInput } from '../runtime/ports/audio-input.ts';
import type { Clock } from '../runtime/ports/clock.ts';

export interface AudioLine extends AudioInput {
  /** The device drops the next `samples` samples, and says so. */
  overrun(samples: number): void;
  /** The device goes away. */
  lose(): void;
}

export interface AudioLineInit {
  /** Mono, -1 to 1 (clipped), or the value of each sample by its number. */
  readonly source: Float32Array | ((sample: number) => number);
  readonly name?: string;
  readonly sampleRate?: number;
  readonly blockSize?: number;
}

/** The first sample is taken now. */
export function openAudioLine(deps: { readonly clock: Clock }, init: AudioLineInit): AudioLine {
  const { clock } = deps;
  const { source, name = 'Line', sampleRate = 48_000, blockSize = 128 } = init;
  const valueAt =
    typeof source === 'function' ? source : (sample: number): number => source[sample] ?? 0;
  const blocks = new Listeners<[Float32Array, Instant]>();
  const overruns = new Listeners<[number]>();
  const losses = new Listeners<[]>();
  const block = new Float32Array(blockSize);
  const origin = clock.now();
  let taken = 0;
  let present = true;

  // Counted from the origin, so that rounding does not add up.
  const instantOf = (sample: number): Instant =>
    (origin + (sample * 1_000_000) / sampleRate) as Instant;
  const next = clock.alarm(() => {
    const at = instantOf(taken + blockSize);
    for (let offset = 0; offset < blockSize; offset++) {
      block[offset] = Math.max(-1, Math.min(1, valueAt(taken + offset)));
    }
    taken += blockSize;
    next.set(instantOf(taken + blockSize));
    blocks.emit(block, at);
  });
  next.set(instantOf(blockSize));

  const stop = (): void => {
    present = false;
    next[Symbol.dispose]();
    blocks.clear();
  };

  return {
    name,
    sampleRate,
    blockSize,
    onBlock: (listener) => blocks.add(listener),
    onOverrun: (listener) => overruns.add(listener),
    onLost: (listener) => losses.add(listener),
    overrun(samples) {
      if (!present) return;
      taken += samples;
      next.set(instantOf(taken + blockSize));
      overruns.emit(samples);
    },
    lose() {
      if (!present) return;
      stop();
      losses.emit();
    },
    async [Symbol.asyncDispose]() {
      stop();
    },
  };
}
