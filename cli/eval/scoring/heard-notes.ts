/**
 * Lines of a heard file as notes, and the rules that every heard file keeps.
 *
 * Takes  the lines of `togthr render --heard`, in order. Gives each player's notes, and what is against the rules.
 */
import { z } from 'zod';

export interface HeardNote {
  readonly at: number;
  readonly key: number;
  readonly velocity: number;
  readonly cause: HeardCause;
  /** Undefined: it never ends. */
  readonly end: number | undefined;
}

type HeardCause = 'received' | 'predicted' | 'corrected';

export interface HeardPlayer {
  /** In order of time. */
  readonly notes: readonly HeardNote[];
  /** Note-ons without a note-off, or cut by another of the same key. */
  readonly stuck: number;
}

export interface Heard {
  readonly players: ReadonlyMap<string, HeardPlayer>;
  /** In words; empty when all is well. */
  readonly violations: readonly string[];
}

const LINE = z.object({
  peer: z.string(),
  time: z.number(),
  bytes: z.string().regex(/^([0-9a-f]{2})+$/),
  cause: z.enum(['received', 'predicted', 'corrected']),
});

interface Sounding {
  readonly at: number;
  readonly key: number;
  readonly velocity: number;
  readonly cause: HeardCause;
  end: number | undefined;
}

interface Playing {
  readonly notes: Sounding[];
  readonly open: Map<number, Sounding>;
  stuck: number;
}

/** What sounds later than this after the last true release is against the rules (seconds). */
const SILENT_AFTER = 1;

export function readHeard(lines: Iterable<string>, lastRelease: number): Heard {
  const playing = new Map<string, Playing>();
  const violations: string[] = [];
  let last = 0;
  for (const text of lines) {
    const { peer, time, bytes, cause } = LINE.parse(JSON.parse(text));
    if (time < 0) violations.push(`heard before time 0: ${text}`);
    if (time < last) violations.push(`out of order: ${text}`);
    last = Math.max(last, time);
    const status = Number.parseInt(bytes.slice(0, 2), 16);
    const kind = status & 0xf0;
    if (kind !== 0x80 && kind !== 0x90) continue;
    const key = Number.parseInt(bytes.slice(2, 4), 16);
    const velocity = Number.parseInt(bytes.slice(4, 6), 16);
    const player: Playing = playing.get(peer) ?? { notes: [], open: new Map(), stuck: 0 };
    playing.set(peer, player);
    const id = (status & 0x0f) * 128 + key;
    const before = player.open.get(id);
    if (kind === 0x90 && velocity > 0) {
      // A second note-on of a key that sounds: on most instruments the first never ends.
      if (before) player.stuck++;
      const note: Sounding = { at: time, key, velocity, cause, end: undefined };
      player.notes.push(note);
      player.open.set(id, note);
    } else if (before) {
      before.end = time;
      player.open.delete(id);
    }
  }
  for (const [peer, player] of playing) {
    player.stuck += player.open.size;
    if (player.stuck > 0) violations.push(`${player.stuck} notes of ${peer} have no note-off`);
    const late = player.notes.filter(({ end }) => (end ?? 0) > lastRelease + SILENT_AFTER).length;
    if (late > 0) violations.push(`${late} notes of ${peer} sound after the last release`);
  }
  return { players: playing, violations };
}
