/**
 * What is played and heard once: Tune Requests, System Resets and SysEx, counted on both sides.
 *
 * Takes  the player's synthesizer and a listener's, and how they stood when the listener's stream began.
 * Gives  what was replayed, left out, put out of order or broken, in words.
 */
import type { Synthesizer } from './rtp-midi-synthesizer.ts';

/** Octets of SysEx that a journal covers whatever else it has to. */
const PROTECTED_SYSEX = 600;

export interface Tally {
  readonly tuneRequests: number;
  readonly systemResets: number;
  readonly sysEx: number;
}

export const NOTHING: Tally = { tuneRequests: 0, systemResets: 0, sysEx: 0 };

export function tallyOf({ tuneRequests, systemResets, sysEx }: Synthesizer): Tally {
  return { tuneRequests, systemResets, sysEx: sysEx.length };
}

export interface Reckoning {
  readonly there: Synthesizer;
  readonly here: Synthesizer;
  /** Played, and heard, when the first packet came. */
  readonly playedBefore: Tally;
  readonly heardBefore: Tally;
  readonly isDisturbed: boolean;
  /** Some loss was longer than the history of a journal. */
  readonly isUncovered: boolean;
}

export function reckon(reckoning: Reckoning): readonly string[] {
  return [...reckonCounts(reckoning), ...reckonSysEx(reckoning)];
}

/** Of several that are lost one is made up for; none is heard too often. */
function reckonCounts({ there, here, playedBefore, heardBefore }: Reckoning): string[] {
  const wrong: string[] = [];
  for (const what of ['tuneRequests', 'systemResets'] as const) {
    const times = here[what] - heardBefore[what];
    const fewest = Math.min(1, there[what] - Math.max(playedBefore[what], there.over[what]));
    if (times < fewest || times > there[what])
      wrong.push(`${what}: ${times} heard of ${there[what]}`);
  }
  return wrong;
}

/** All of them, in order, each once; those from before the listener's first packet at most once. */
function reckonSysEx(reckoning: Reckoning): string[] {
  const { there, here, playedBefore, heardBefore, isDisturbed, isUncovered } = reckoning;
  const wrong: string[] = [];
  const sent = serials(there.sysEx);
  const got = serials(here.sysEx.slice(heardBefore.sysEx));
  const due = serials(there.sysEx.slice(Math.max(playedBefore.sysEx, there.over.sysEx)));
  const late = got.filter((each) => due.includes(each));
  const early = got.filter((each) => !due.includes(each));
  // Not protected is what doesn't fit into a journal, and what was longer ago than its history.
  const isSpared = isDisturbed && (hasMuchSysEx(there) || isUncovered);
  if (!isAscending(late) || (late.length < due.length && !isSpared))
    wrong.push(`SysEx ${late.join()} instead of ${due.join()}`);
  if (!isAscending(early) || !early.every((each) => sent.includes(each)))
    wrong.push(`SysEx ${early.join()} were played before, if at all`);
  if (!here.sysEx.every(isWhole)) wrong.push('a SysEx has other octets');
  return wrong;
}

export function hasMuchSysEx({ sysEx }: Synthesizer): boolean {
  return sysEx.reduce((sum, { length }) => sum + length, 0) > PROTECTED_SYSEX;
}

function isAscending(numbers: readonly number[]): boolean {
  return numbers.every((each, at) => each > (numbers[at - 1] ?? -1));
}

/** What the player put into each SysEx so that it is another one; those that reset are alike. */
function serials(commands: readonly Uint8Array[]): number[] {
  return commands.filter(([id]) => id === 0x7d).map(([, high = 0, low = 0]) => (high << 7) | low);
}

/** As rtp-midi-scenario.ts makes them: its number once more in each octet. Or it is no such one. */
function isWhole(data: Uint8Array): boolean {
  const low = data[2] ?? 0;
  return data[0] !== 0x7d || data.subarray(3).every((octet) => octet === low);
}
