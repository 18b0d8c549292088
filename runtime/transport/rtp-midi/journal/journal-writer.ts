/**
 * Writes a recovery journal: header, system journal, then a channel journal for each channel with
 * something due.
 *
 * Takes  the state of the stream before the packet, and from where this packet's peer sees it.
 * Gives  octets, at most JOURNAL_OCTETS of them; or word that a channel journal is longer than its LENGTH can say. Or how
 *        long each part would be, and then the parts that were chosen.
 * Spec   RFC 6295 section 5, appendix A.1. Enhanced Chapter C is not sent (H = 0).
 */
import { writeUint16 } from '../rtp-header.ts';
import type { ChannelState } from './channel-state.ts';
import type { JournalView } from './chapter.ts';
import { CHANNEL_CHAPTERS, SYSTEM_CHAPTERS } from './chapter-table.ts';
import type { JournalParts } from './journal-parts.ts';
import type { StreamState } from './stream-state.ts';

export const JOURNAL_HEADER_OCTETS = 3;
const SYSTEM_HEADER_OCTETS = 2;
const CHANNEL_HEADER_OCTETS = 3;
/** LENGTH has ten bits. */
const MAX_PART = 1_023;
/** More than all chapters of a channel, or of the system journal, can take together. */
const MAX_CHAPTERS = 2_048;
/** Room that `writeJournal` needs after `at`. */
export const JOURNAL_OCTETS: number =
  JOURNAL_HEADER_OCTETS + 17 * MAX_PART + CHANNEL_HEADER_OCTETS + MAX_CHAPTERS;

/** Chapters P, C, M, W and T, whose state lasts; and N, E and A, which speak of notes. */
const LASTING = 0xf2;
const PASSING = 0x0d;
const ALL = LASTING | PASSING;

/** The offset after the journal, or -1 when a part is longer than its LENGTH can say. With `parts`: only what they include. */
export function writeJournal(
  state: StreamState,
  view: JournalView,
  checkpoint: number,
  out: Uint8Array,
  at: number,
  parts?: JournalParts,
): number {
  const systemAt = at + JOURNAL_HEADER_OCTETS;
  let next = systemAt;
  let fresh = false;
  let channels = 0;
  if (parts === undefined || parts.includesSystem) {
    if (parts) viewPart(view, parts, 16);
    view.fresh = false;
    next = writeSystem(state, view, out, systemAt);
    if (next - systemAt > MAX_PART) return -1;
    fresh = view.fresh;
  }
  const hasSystem = next > systemAt;
  for (let channel = 0; channel < 16; channel++) {
    const used = state.used(channel);
    if (!used) continue;
    let chapters = ALL;
    if (parts) {
      viewPart(view, parts, channel);
      chapters = includedChapters(parts, channel);
    } else if (used.newest <= view.anchor) {
      continue;
    }
    view.fresh = false;
    const end = writeChannel(used, channel, chapters, view, out, next);
    if (end === next) continue;
    if (end - next > MAX_PART) return -1;
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

/** Fills in `parts.sizes`. `out` is written to from `at` on, as `writeJournal` would. */
export function measureJournal(
  state: StreamState,
  view: JournalView,
  parts: JournalParts,
  out: Uint8Array,
  at: number,
): void {
  viewPart(view, parts, 16);
  parts.sizes[32] = writeSystem(state, view, out, at) - at;
  for (let channel = 0; channel < 16; channel++) {
    const used = state.used(channel);
    viewPart(view, parts, channel);
    parts.sizes[channel] = used ? chapterOctets(used, channel, LASTING, view, out, at) : 0;
    parts.sizes[16 + channel] = used ? chapterOctets(used, channel, PASSING, view, out, at) : 0;
  }
}

function viewPart(view: JournalView, parts: JournalParts, part: number): void {
  view.confirmed = parts.confirmed[part] as number;
  view.anchor = parts.anchor[part] as number;
}

function includedChapters(parts: JournalParts, channel: number): number {
  const lasting = (parts.included & (1 << channel)) !== 0 ? LASTING : 0;
  return lasting | ((parts.included & (1 << (16 + channel))) !== 0 ? PASSING : 0);
}

function chapterOctets(
  state: ChannelState,
  channel: number,
  chapters: number,
  view: JournalView,
  out: Uint8Array,
  at: number,
): number {
  const end = writeChannel(state, channel, chapters, view, out, at);
  return end === at ? 0 : end - at - CHANNEL_HEADER_OCTETS;
}

/** `at` when nothing is due. */
function writeChannel(
  state: ChannelState,
  channel: number,
  chapters: number,
  view: JournalView,
  out: Uint8Array,
  at: number,
): number {
  let end = at + CHANNEL_HEADER_OCTETS;
  let contents = 0;
  for (const chapter of CHANNEL_CHAPTERS) {
    if ((chapters & chapter.bit) === 0) continue;
    const after = chapter.write(state, view, out, end);
    if (after > end) contents |= chapter.bit;
    end = after;
  }
  if (contents === 0) return at;
  const length = end - at;
  out[at] = (view.fresh ? 0 : 0x80) | (channel << 3) | (length >> 8);
  out[at + 1] = length & 0xff;
  out[at + 2] = contents;
  return end;
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
  out[at] = (view.fresh ? 0 : 0x80) | contents | (length >> 8);
  out[at + 1] = length & 0xff;
  return end;
}
