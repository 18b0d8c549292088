/**
 * Sequence numbers of 16 bits on the wire, counted on without wrapping at both ends.
 *
 * Takes  a number from the wire and a count that is near it. Gives the count it stands for.
 * Spec   RFC 3550 section 6.4.1 (extended highest sequence number) and appendix A.1.
 */

/** How far `sequence` (16 bits) is ahead of `extended`: -32768 to 32767. */
export function sequenceAhead(sequence: number, extended: number): number {
  return ((sequence - (extended & 0xffff)) << 16) >> 16;
}

/** The extended number nearest to `near` whose low 16 bits are `sequence`. */
export function extendSequence(sequence: number, near: number): number {
  return near + sequenceAhead(sequence, near);
}

/**
 * The extended number of the checkpoint that packet `at` names: behind it, which may be a long way where the checkpoint
 * never moves. One that is a little ahead can't be true, and stays ahead.
 */
export function extendCheckpoint(checkpoint: number, at: number): number {
  const ahead = (checkpoint - (at & 0xffff)) & 0xffff;
  return ahead === 0 || ahead > MAX_DROPOUT ? at - ((0x1_0000 - ahead) & 0xffff) : at + ahead;
}

/** A jump by this much is a new stream, not a loss (RFC 3550 appendix A.1). */
export const MAX_DROPOUT = 3_000;
