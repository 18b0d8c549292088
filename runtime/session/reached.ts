import type { BoxId } from '../core/ensemble.ts';
import { elapsed, type Instant, type Micros } from '../core/time.ts';

/** When each box was within reach last. Bounded by the participants document. */
export class Reached {
  readonly #at = new Map<BoxId, Instant>();

  note(boxes: Iterable<BoxId>, now: Instant): void {
    for (const box of boxes) this.#at.set(box, now);
  }

  /** Boxes out of reach for `limit` at most. */
  lately(limit: Micros, now: Instant): ReadonlySet<BoxId> {
    return new Set([...this.#at].filter(([, at]) => elapsed(at, now) <= limit).map(([box]) => box));
  }
}
