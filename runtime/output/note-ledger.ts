/**
 * Note ledger: which source holds which voice (a key, a pedal, a wheel), so that every start has its end and one player's end
 * does not cut what another still holds.
 *
 * Takes  starts and ends of voices by source, in the order in which they take effect.
 * Gives  whether an end is the last, and what a source leaves behind.
 * Keeps  counts only; knows no time and no wire. Starting a voice that the same source holds changes nothing here: the
 *        caller ends and starts it again on the wire, and one end closes it.
 */

import { VOICES } from '../core/midi-voices.ts';
import type { EventCause } from '../core/scheduled-event.ts';

/** What came of an end. */
export type Ending =
  /** Nobody holds the voice now: end it on the wire. */
  | 'last'
  /** Another source still holds it. */
  | 'shared'
  /** This source did not hold it. */
  | 'notHeld';

/** What one source holds. Made by `NoteLedger.holder`. */
export interface Holder {
  readonly held: Uint8Array;
  /** Why each held voice was started. */
  readonly causes: (EventCause | undefined)[];
  count: number;
}

export class NoteLedger {
  readonly #holders: Uint16Array = new Uint16Array(VOICES);

  holder(): Holder {
    return { held: new Uint8Array(VOICES), causes: new Array(VOICES).fill(undefined), count: 0 };
  }

  start(holder: Holder, voice: number, cause: EventCause): void {
    holder.causes[voice] = cause;
    if (holder.held[voice] === 1) return;
    holder.held[voice] = 1;
    holder.count++;
    this.#holders[voice] = this.holdersOf(voice) + 1;
  }

  end(holder: Holder, voice: number): Ending {
    if (holder.held[voice] !== 1) return 'notHeld';
    holder.held[voice] = 0;
    holder.count--;
    const left = this.holdersOf(voice) - 1;
    this.#holders[voice] = left;
    return left === 0 ? 'last' : 'shared';
  }

  holdersOf(voice: number): number {
    return this.#holders[voice] ?? 0;
  }

  /** Somebody else than `holder` holds one of `count` voices from `first`. */
  othersHold(holder: Holder, first: number, count: number): boolean {
    for (let voice = first; voice < first + count; voice++) {
      if (this.holdersOf(voice) > (holder.held[voice] ?? 0)) return true;
    }
    return false;
  }
}
