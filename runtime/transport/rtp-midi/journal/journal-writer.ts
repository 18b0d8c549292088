/**
 * Writes a recovery journal: header, then a channel journal for each channel with something due.
 *
 * Takes  the state of the stream before the packet, and from where this packet's peer sees it.
 * Gives  octets, at most JOURNAL_OCTETS of them; or word that a channel journal is longer than its LENGTH can say.
 * Spec   RFC 6295 section 5, appendix A.1. The system journal is not sent yet (Y = 0), nor is enhanced Chapter C (H = 0).
 */
import { writeUint16 } from '../rtp-header.ts';
import type { JournalView } from './chapter.ts';
import { CHANNEL_CHAPTERS } from './chapter-table.ts';
import type { StreamState } from './stream-state.ts';

const JOURNAL_HEADER_OCTETS = 3;
const CHANNEL_HEADER_OCTETS = 3;
/** LENGTH has ten bits. */
const MAX_CHANNEL_JOURNAL = 1_023;
/** More than all chapters of a channel can take together. */
const MAX_CHAPTERS = 2_048;
/** Room that `writeJournal` needs after `at`. */
export const JOURNAL_OCTETS: number =
  JOURNAL_HEADER_OCTETS + 16 * MAX_CHANNEL_JOURNAL + CHANNEL_HEADER_OCTETS + MAX_CHAPTERS;

/** The offset after the journal, or -1 when a channel's part is too long to be coded. */
export function writeJournal(
  state: StreamState,
  view: JournalView,
  checkpoint: number,
  out: Uint8Array,
  at: number,
): number {
  let next = at + JOURNAL_HEADER_OCTETS;
  let channels = 0;
  let fresh = false;
  for (let channel = 0; channel < 16; channel++) {
    const used = state.used(channel);
    if (!used || used.newest <= view.anchor) continue;
    const chaptersAt = next + CHANNEL_HEADER_OCTETS;
    let end = chaptersAt;
    let contents = 0;
    view.fresh = false;
    for (const chapter of CHANNEL_CHAPTERS) {
      const after = chapter.write(used, view, out, end);
      if (after > end) contents |= chapter.bit;
      end = after;
    }
    if (contents === 0) continue;
    const length = end - next;
    if (length > MAX_CHANNEL_JOURNAL) return -1;
    out[next] = (view.fresh ? 0 : 0x80) | (channel << 3) | (length >> 8);
    out[next + 1] = length & 0xff;
    out[next + 2] = contents;
    next = end;
    channels++;
    if (view.fresh) fresh = true;
  }
  view.fresh = fresh;
  out[at] = (fresh ? 0 : 0x80) | (channels > 0 ? 0x20 | (channels - 1) : 0);
  writeUint16(out, at + 1, checkpoint & 0xffff);
  return next;
}
