/**
 * How many commands of one kind the whole stream had, modulo 128, so that a receiver learns whether it missed one.
 *
 * Takes  each such command with its stamp, Reset State commands, and counts that a journal tells.
 * Gives  the count, and whether a command is missing. Where only a count is, and not an active command, it is
 *        taken over in silence.
 * Spec   RFC 6295 appendix A.1, session history reference counts. Commands that a Reset State command made inactive
 *        stay counted, but no journal tells of them any more.
 */
const MASK = 0x7f;

export class ReferenceCount {
  count = 0;
  /** Of the newest active command. */
  stamp = 0;
  /** Commands may be missing that no journal told of: a Reset State command after them was missing too. */
  doubtful = false;

  add(stamp: number): void {
    this.count = (this.count + 1) & MASK;
    this.stamp = stamp;
  }

  /** A Reset State command came: those so far are no longer active. */
  deactivate(): void {
    this.stamp = 0;
  }

  /**
   * A log tells the count: true when an active command is missing here. S = 0 in its S bit: it is in the packet before
   * the journal, which is missing. Otherwise, in doubt, one that was heard since the checkpoint explains the log.
   */
  misses(log: number, checkpoint: number): boolean {
    if (this.count === (log & MASK)) return false;
    return !this.doubtful || (log & 0x80) === 0 || this.stamp === 0 || this.stamp < checkpoint;
  }

  /** The count is as a log tells it. */
  assume(log: number): void {
    this.count = log & MASK;
    this.doubtful = false;
  }

  forget(): void {
    this.count = 0;
    this.stamp = 0;
    this.doubtful = false;
  }
}
