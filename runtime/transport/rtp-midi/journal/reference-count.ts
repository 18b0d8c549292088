/**
 * How many commands of one kind the whole stream had, modulo 128, so that a receiver learns whether it missed one.
 *
 * Takes  each such command with its stamp, Reset State commands, and counts that a journal tells.
 * Gives  the count, and whether a command is missing.
 * Spec   RFC 6295 appendix A.1, session history reference counts. Commands that a Reset State command made inactive
 *        stay counted, but no journal tells of them any more.
 */
const MASK = 0x7f;

export class ReferenceCount {
  count = 0;
  /** Of the newest active command. */
  stamp = 0;
  /** Commands may be missing that no journal told of: a Reset State command after them was missing too. */
  #doubtful = false;

  add(stamp: number): void {
    this.count = (this.count + 1) & MASK;
    this.stamp = stamp;
  }

  /** A Reset State command came: those so far are no longer active. */
  deactivate(): void {
    this.stamp = 0;
  }

  doubt(): void {
    this.#doubtful = true;
  }

  /** A journal tells the count. True when an active command is missing here. */
  misses(count: number): boolean {
    const doubtful = this.#doubtful;
    this.#doubtful = false;
    if (this.count === count) return false;
    // An active command was heard, so what is missing may well be older than the Reset State command.
    if (!doubtful || this.stamp === 0) return true;
    this.count = count;
    return false;
  }

  /** The count as a journal tells it. */
  assume(count: number): void {
    this.count = count;
    this.#doubtful = false;
  }

  forget(): void {
    this.count = 0;
    this.stamp = 0;
    this.#doubtful = false;
  }
}
