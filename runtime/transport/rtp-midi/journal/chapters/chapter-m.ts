/**
 * Chapter M: registered and non-registered parameters.
 *
 * S P E U W Z LENGTH(10), Q PENDING(7) if P, then logs, oldest transaction first (parameter-log.ts). P: half a number
 * came last. E: a parameter is selected, that of the last log. U or W, and Z: all logs are of registered or of
 * non-registered parameters, below 128, and short. Sent with the value tool only.
 * Spec   RFC 6295 appendix A.4.
 */
import type { ChannelState } from '../channel-state.ts';
import { type ChannelChapter, type JournalView, sBit } from '../chapter.ts';
import type { Parameter } from '../parameters.ts';
import {
  fieldOctets,
  parameterContents,
  parameterLogEnd,
  writeParameterLog,
} from './parameter-log.ts';
import { hasShortLogs, repairParameters } from './parameter-repair.ts';

const HEADER_OCTETS = 2;
const LOG_HEADER_OCTETS = 3;
/** What LENGTH of a channel journal leaves for Chapter M beside the longest P, C, W and T: 1023 - 3 - 263. */
const MAX_OCTETS = 757;
/** Parameters that were confirmed, or are older than the checkpoint, are coded only up to so many logs. */
const LASTING_LOGS = 64;

export const chapterM: ChannelChapter = {
  letter: 'M',
  bit: 0x20,
  write,
  end,
  repair: repairParameters,
};

function write(state: ChannelState, view: JournalView, out: Uint8Array, at: number): number {
  const { parameters } = state;
  const { selection, selectionStamp } = parameters;
  const pending = selection === 'pending';
  let octets = HEADER_OCTETS + (pending ? 1 : 0);
  let logs = 0;
  let oldest: Parameter | undefined;
  let registered = 0;
  let low = 0;
  let next = parameters.newest;
  while (next && next.stamp > view.anchor) {
    if (next.stamp <= view.confirmed && logs >= LASTING_LOGS) break;
    const contents = parameterContents(next, view.confirmed);
    octets += LOG_HEADER_OCTETS + fieldOctets(contents);
    if (octets > MAX_OCTETS) {
      if (next.stamp > view.confirmed) parameters.leftOut++;
      break;
    }
    logs++;
    if (!next.nrpn) registered++;
    if (next.msb === 0) low++;
    oldest = next;
    next = next.older;
  }
  const lone = (pending || selection === 'null') && selectionStamp > view.anchor;
  if (!oldest && !lone) return at;

  const short = logs > 0 && low === logs && (registered === 0 || registered === logs);
  let s = selectionStamp > view.previous ? sBit(view, selectionStamp) : 0x80;
  let to = at + HEADER_OCTETS;
  if (pending) out[to++] = (parameters.nrpn ? 0x80 : 0) | parameters.msb;
  for (let parameter = oldest; parameter; parameter = parameter.newer) {
    const bit = sBit(view, parameter.stamp);
    s &= bit;
    const contents = parameterContents(parameter, view.confirmed);
    to = writeParameterLog(parameter, bit, contents, short, out, to);
  }
  const kind = short ? (registered === 0 ? 0x0c : 0x14) : 0;
  const length = to - at;
  out[at] = s | (pending ? 0x40 : 0) | (selection === 'open' ? 0x20 : 0) | kind | (length >> 8);
  out[at + 1] = length & 0xff;
  return to;
}

function end(bytes: Uint8Array, at: number, limit: number): number {
  if (at + HEADER_OCTETS > limit) return -1;
  const first = bytes[at] as number;
  const after = at + (((first & 0x03) << 8) | (bytes[at + 1] as number));
  let next = at + HEADER_OCTETS + ((first & 0x40) !== 0 ? 1 : 0);
  if (after > limit || next > after) return -1;
  const short = hasShortLogs(first);
  while (next < after) {
    next = parameterLogEnd(bytes, next, after, short);
    if (next < 0) return -1;
  }
  return after;
}
