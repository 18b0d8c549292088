import type { Instant } from '../core/time.ts';

/**
 * A mono audio input, as the audio HAT gives it. Contract: tests/contracts/audio-input.contract.ts.
 */
export interface AudioInput extends AsyncDisposable {
  readonly name: string;
  /** Hz. */
  readonly sampleRate: number;
  /** Samples in each block. */
  readonly blockSize: number;
  /**
   * Blocks of exactly `blockSize` samples in -1 to 1, in order, with the instant when the last sample was taken. The
   * array is the driver's and is valid during the call only.
   */
  onBlock(listener: (samples: Float32Array, at: Instant) => void): Disposable;
  /** Told with the number of samples that were lost (an overrun of the device). */
  onOverrun(listener: (lost: number) => void): Disposable;
  onLost(listener: () => void): Disposable;
}
