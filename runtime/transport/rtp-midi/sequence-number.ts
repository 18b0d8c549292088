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

/** A jump by this much is a new stream, not a loss (RFC 3550 appendix A.1). */
export const MAX_DROPOUT = 3_000;
