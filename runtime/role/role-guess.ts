/**
 * What a player's role may be, from the first notes, while nobody has said it.
 *
 * Takes  note-ons and note-offs.
 * Gives  a role after a dozen notes; on channel 10, which is General MIDI's for drums, with the first.
 * Keeps  counts of pitches and of notes held together. Allocates nothing per event.
 */
import type { Role } from '../core/ensemble.ts';

const DRUMS_CHANNEL = 9;
const ENOUGH = 12;
/** A bass is mostly below this: E3. */
const BASS_BELOW = 52;
/** Notes held at once, on average, from which on a part is one of chords. */
const CHORDS = 1.7;

export class RoleGuess {
  readonly #held = new Uint8Array(128);
  #heldCount = 0;
  #notes = 0;
  #drums = 0;
  #low = 0;
  #together = 0;

  noteOn(channel: number, key: number): void {
    this.#notes++;
    if (channel === DRUMS_CHANNEL) this.#drums++;
    if (key < BASS_BELOW) this.#low++;
    if (this.#held[key] === 0) {
      this.#held[key] = 1;
      this.#heldCount++;
    }
    this.#together += this.#heldCount;
  }

  noteOff(key: number): void {
    if (this.#held[key] !== 1) return;
    this.#held[key] = 0;
    this.#heldCount--;
  }

  /** Undefined: too few notes yet. */
  get role(): Role | undefined {
    if (this.#drums * 2 > this.#notes) return 'rhythm';
    if (this.#notes < ENOUGH) return undefined;
    if (this.#together / this.#notes >= CHORDS) return 'harmony';
    return this.#low * 2 > this.#notes ? 'bass' : 'melody';
  }
}
