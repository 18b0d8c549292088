/**
 * Room for so many callers at once, who have proven nothing yet: one that calls often can't take it all.
 *
 * Takes  who calls, by address or box.
 * Gives  a place; undefined when there is none. In a full room whoever has most places loses the one it has had longest to
 *        a caller who would still have fewer.
 * Keeps  who is in, in order of entry.
 */
interface Place {
  readonly caller: string;
  readonly onLost: () => void;
}

export class SharedRoom {
  readonly #places: number;
  readonly #taken = new Set<Place>();

  constructor(places: number) {
    this.#places = places;
  }

  /** Disposing the result gives the place back; `onLost`: it went to somebody else. */
  enter(caller: string, onLost: () => void): Disposable | undefined {
    if (this.#taken.size >= this.#places && !this.#makeRoom(caller)) return undefined;
    const place: Place = { caller, onLost };
    this.#taken.add(place);
    return { [Symbol.dispose]: () => void this.#taken.delete(place) };
  }

  #makeRoom(caller: string): boolean {
    const counts = new Map<string, number>();
    for (const place of this.#taken) {
      counts.set(place.caller, (counts.get(place.caller) ?? 0) + 1);
    }
    const most = Math.max(...counts.values());
    // With the new place it has still fewer than whoever loses one.
    if (most - 1 <= (counts.get(caller) ?? 0)) return false;
    for (const place of this.#taken) {
      if (counts.get(place.caller) !== most) continue;
      this.#taken.delete(place);
      place.onLost();
      return true;
    }
    return false;
  }
}
