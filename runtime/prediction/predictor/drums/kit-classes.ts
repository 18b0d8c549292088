/**
 * The classes of one player's keys: those of the percussion map; keys that the map only knows as percussion get a class
 * that the player leaves unused, in the order in which they are met. So a pair of congas, or a shaker and a cowbell, are
 * told apart as drums are.
 */
import { DRUM_CLASS_OF_KEY, DRUM_CLASSES } from './drum-classes.ts';

/** How many classes there are. */
export const CLASSES = 10;

const PERCUSSION: number = DRUM_CLASSES.indexOf('percussion');
/** Free classes are given away in this order: the rarest first. */
const LENT: readonly number[] = [PERCUSSION, 4, 6, 5, 7, 3, 8];
const NOT_MET = 255;

export class KitClasses {
  readonly #classes = new Uint8Array(128).fill(NOT_MET);
  readonly #used = new Uint8Array(CLASSES);

  of(key: number): number {
    const place = key & 127;
    let found = this.#classes[place] as number;
    if (found === NOT_MET) {
      found = DRUM_CLASS_OF_KEY[place] as number;
      if (found === PERCUSSION) found = this.#lend();
      this.#classes[place] = found;
      this.#used[found] = 1;
    }
    return found;
  }

  reset(): void {
    this.#classes.fill(NOT_MET);
    this.#used.fill(0);
  }

  #lend(): number {
    for (const lent of LENT) if (this.#used[lent] === 0) return lent;
    return PERCUSSION;
  }
}
