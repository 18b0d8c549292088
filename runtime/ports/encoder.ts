import type { Instant } from '../core/time.ts';

/** What the hand does to the knob. Gestures (click, hold) are the panel's business. */
export type EncoderEvent =
  /** Clockwise is positive. */
  | { readonly kind: 'turn'; readonly detents: number }
  | { readonly kind: 'press' }
  | { readonly kind: 'release' };

/** A push encoder. Contract: tests/contracts/encoder.contract.ts. */
export interface Encoder extends AsyncDisposable {
  /** Debounced; `press` and `release` alternate, beginning with `press`. */
  onEvent(listener: (event: EncoderEvent, at: Instant) => void): Disposable;
}
