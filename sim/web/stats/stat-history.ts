/**
 * A minute of statistics of one box, as columns for the plots.
 *
 * Takes  the box's statistics about twice a second. Gives times in seconds and one column per peer and figure.
 */
import type { SimBoxStats } from '../../app/protocol.ts';

export type Figure = 'delayP50' | 'delayP95' | 'jitter' | 'loss';
const FIGURES: readonly Figure[] = ['delayP50', 'delayP95', 'jitter', 'loss'];

export interface StatHistory {
  readonly times: readonly number[];
  /** BoxIds of peers seen, in the order they came. */
  readonly peers: readonly string[];
  column(peer: string, figure: Figure): readonly (number | null)[];
  /** `now` in milliseconds. */
  add(now: number, stats: SimBoxStats): void;
  /** Forgets everything: a new timeline begins. */
  clear(): void;
}

const SAMPLES = 120;

export function openStatHistory(): StatHistory {
  const times: number[] = [];
  const columns = new Map<string, Record<Figure, (number | null)[]>>();

  const columnsOf = (peer: string): Record<Figure, (number | null)[]> => {
    const known = columns.get(peer);
    if (known) return known;
    const empty = (): null[] => times.map(() => null);
    const fresh = { delayP50: empty(), delayP95: empty(), jitter: empty(), loss: empty() };
    columns.set(peer, fresh);
    return fresh;
  };

  return {
    times,
    get peers() {
      return [...columns.keys()];
    },
    column: (peer, figure) => columns.get(peer)?.[figure] ?? [],
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
          column[figure].push(shownValue(peer?.[figure], figure));
          if (full) column[figure].shift();
        }
        if (!peer && column.loss.every((value) => value === null)) columns.delete(id);
      }
    },
  };
}

/** Loss is shown in percent, the rest in milliseconds. */
function shownValue(value: number | null | undefined, figure: Figure): number | null {
  if (value === undefined || value === null || !Number.isFinite(value)) return null;
  return figure === 'loss' ? value * 100 : value;
}
