/**
 * A minute of statistics of one box, as columns for the plots.
 *
 * Takes  the box's statistics about twice a second. Gives times in seconds and one column per peer and figure.
 */
import type { SimBoxStats, SimPeerStats } from '../../app/protocol.ts';

/** Loss and `w20` are in percent; `notes` and `falseNotes` count since the stream began. */
export type Figure = 'delayP50' | 'delayP95' | 'jitter' | 'loss' | 'w20' | 'notes' | 'falseNotes';
const FIGURES: readonly Figure[] = [
  ...(['delayP50', 'delayP95', 'jitter', 'loss'] as const),
  ...(['w20', 'notes', 'falseNotes'] as const),
];

export interface StatHistory {
  readonly times: readonly number[];
  /** BoxIds of peers seen, in the order they came. */
  readonly peers: readonly string[];
  column(peer: string, figure: Figure): readonly (number | null)[];
  /** False notes per 100 true ones over the minute, as the box's engine counts them; undefined: too few notes yet. */
  falsePer100(peer: string): number | undefined;
  /** `now` in milliseconds. */
  add(now: number, stats: SimBoxStats): void;
  /** Forgets everything: a new timeline begins. */
  clear(): void;
}

const SAMPLES = 120;
/** A share of fewer notes says nothing. */
const LEAST_NOTES = 20;

export function openStatHistory(): StatHistory {
  const times: number[] = [];
  const columns = new Map<string, Record<Figure, (number | null)[]>>();

  const columnsOf = (peer: string): Record<Figure, (number | null)[]> => {
    const known = columns.get(peer);
    if (known) return known;
    const fresh = Object.fromEntries(
      FIGURES.map((figure) => [figure, times.map((): number | null => null)]),
    ) as Record<Figure, (number | null)[]>;
    columns.set(peer, fresh);
    return fresh;
  };

  return {
    times,
    get peers() {
      return [...columns.keys()];
    },
    column: (peer, figure) => columns.get(peer)?.[figure] ?? [],
    falsePer100(peer) {
      const column = columns.get(peer);
      const notes = column ? growth(column.notes) : 0;
      if (!column || notes < LEAST_NOTES) return undefined;
      return (100 * growth(column.falseNotes)) / notes;
    },
    clear() {
      times.length = 0;
      columns.clear();
    },
    add(now, stats) {
      for (const peer of stats.peers) columnsOf(peer.participant);
      times.push(now / 1_000);
      const full = times.length > SAMPLES;
      if (full) times.shift();
      for (const [id, column] of columns) {
        const peer = stats.peers.find((candidate) => candidate.participant === id);
        for (const figure of FIGURES) {
          column[figure].push(shownValue(peer, figure));
          if (full) column[figure].shift();
        }
        if (!peer && column.loss.every((value) => value === null)) columns.delete(id);
      }
    },
  };
}

function shownValue(peer: SimPeerStats | undefined, figure: Figure): number | null {
  const value = peer && figureOf(peer, figure);
  return value === undefined || value === null || !Number.isFinite(value) ? null : value;
}

function figureOf(peer: SimPeerStats, figure: Figure): number | null {
  const { prediction } = peer;
  switch (figure) {
    case 'loss':
      return peer.loss * 100;
    case 'w20':
      return prediction && prediction.w20 !== null ? prediction.w20 * 100 : null;
    case 'notes':
    case 'falseNotes':
      return prediction?.[figure] ?? null;
    case 'delayP50':
    case 'delayP95':
    case 'jitter':
      return peer[figure];
  }
}

/** How much a counter grew; one that began anew meanwhile counts from there. */
function growth(counts: readonly (number | null)[]): number {
  let first: number | undefined;
  let last = 0;
  for (const count of counts) {
    if (count === null) continue;
    if (first === undefined || count < last) first = first === undefined ? count : 0;
    last = count;
  }
  return last - (first ?? 0);
}
