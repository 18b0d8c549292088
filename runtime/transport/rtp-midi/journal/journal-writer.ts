/**
 * Writes a recovery journal: header, system journal, then a channel journal for each channel with
 * something due.
 *
 * Takes  the state of the stream before the packet, and from where this packet's peer sees it.
 * Gives  octets, at most JOURNAL_OCTETS of them; or word that a channel journal is longer than its LENGTH can say.
 * Spec   RFC 6295 section 5, appendix A.1. Enhanced Chapter C is not sent (H = 0).
 */
import { writeUint16 } from '../rtp-header.ts';
import type { JournalView } from './chapter.ts';
import { CHANNEL_CHAPTERS, SYSTEM_CHAPTERS } from './chapter-table.ts';
import type { StreamState } from './stream-state.ts';

const JOURNAL_HEADER_OCTETS = 3;
const SYSTEM_HEADER_OCTETS = 2;
const CHANNEL_HEADER_OCTETS = 3;
/** LENGTH has ten bits. */
const MAX_PART = 1_023;
/** More than all chapters of a channel, or of the system journal, can take together. */
const MAX_CHAPTERS = 2_048;
/** Room that `writeJournal` needs after `at`. */
export const JOURNAL_OCTETS: number =
  JOURNAL_HEADER_OCTETS + 17 * MAX_PART + CHANNEL_HEADER_OCTETS + MAX_CHAPTERS;

/** The offset after the journal, or -1 when a part is longer than its LENGTH can say. */
export function writeJournal(
  state: StreamState,
  view: JournalView,
  checkpoint: number,
  out: Uint8Array,
  at: number,
): number {
  const systemAt = at + JOURNAL_HEADER_OCTETS;
  view.fresh = false;
  let next = writeSystem(state, view, out, systemAt);
  if (next < 0) return -1;
  const hasSystem = next > systemAt;
  let fresh = view.fresh;
  let channels = 0;
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
    if (length > MAX_PART) return -1;
    out[next] = (view.fresh ? 0 : 0x80) | (channel << 3) | (length >> 8);
    out[next + 1] = length & 0xff;
    out[next + 2] = contents;
    next = end;
    channels++;
    if (view.fresh) fresh = true;
  }
  view.fresh = fresh;
  out[at] =
    (fresh ? 0 : 0x80) | (hasSystem ? 0x40 : 0) | (channels > 0 ? 0x20 | (channels - 1) : 0);
  writeUint16(out, at + 1, checkpoint & 0xffff);
  return next;
}

/** `at` when nothing is due. */
function writeSystem(state: StreamState, view: JournalView, out: Uint8Array, at: number): number {
  const { system } = state;
  if (system.newest <= view.anchor) return at;
  let end = at + SYSTEM_HEADER_OCTETS;
  let contents = 0;
  for (const chapter of SYSTEM_CHAPTERS) {
    const after = chapter.write(system, view, out, end);
    if (after > end) contents |= chapter.bit;
    end = after;
  }
  if (contents === 0) return at;
  const length = end - at;
  if (length > MAX_PART) return -1;
  out[at] = (view.fresh ? 0 : 0x80) | contents | (length >> 8);
  out[at + 1] = length & 0xff;
  return end;
}
