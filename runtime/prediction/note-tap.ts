/**
 * What becomes of every note of a stream, told as it happens: for a view of the engine at work (the simulator's piano-roll).
 *
 * Called within the decision, so it must be quick; nothing is told while nobody listens.
 */
import type { Instant } from '../core/time.ts';

export type NoteFate =
  /** Came, and is played in time; or late. */
  | 'received'
  | 'late'
  /** Is played before it came; later it is one of the next two. */
  | 'predicted'
  | 'confirmed'
  | 'false'
  /** It was false, sounded still, and was released. */
  | 'corrected';

/** `at`: when it is heard. Of a confirmed or false note, when the predicted one was. */
export type NoteListener = (
  source: string,
  fate: NoteFate,
  channel: number,
  key: number,
  velocity: number,
  at: Instant,
) => void;

/** The same within one stream. */
export type TellNote = (
  fate: NoteFate,
  channel: number,
  key: number,
  velocity: number,
  at: number,
) => void;
