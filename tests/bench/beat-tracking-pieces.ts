/**
 * Pieces with their true beats, for the beat tracker: what is played, as a network brings it, and when beats and bar lines are.
 *
 * Takes  the data folder of `togthr eval` (cli/eval/datasets). Beats are those of the click; of ASAP, the annotations.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { humanise } from '../../cli/eval/arrivals/humanise.ts';
import { transmit } from '../../cli/eval/arrivals/transmission.ts';
import { listPieces } from '../../cli/eval/datasets/catalogue.ts';
import { readSong, voicesOf } from '../../cli/eval/datasets/midi-notes.ts';
import {
  type DatasetName,
  LEAD_IN,
  type Piece,
  type PieceSource,
  type Split,
} from '../../cli/eval/datasets/piece.ts';
import type { Role } from '../../runtime/core/ensemble.ts';
import type { ProfileName } from '../../sim/network/profiles.ts';

/** Times in seconds. */
export interface HeardNote {
  readonly source: number;
  readonly role: Role;
  readonly channel: number;
  readonly key: number;
  readonly velocity: number;
  readonly at: number;
  readonly arrival: number;
}

export interface TrueBeat {
  readonly at: number;
  readonly isBarLine: boolean;
}

export interface BeatPiece {
  readonly id: string;
  readonly set: DatasetName;
  /** In order of arrival. */
  readonly notes: readonly HeardNote[];
  readonly beats: readonly TrueBeat[];
}

/** Every `stride`th piece of a set and split; pieces without known beats are left out. */
export function* beatPieces(
  data: string,
  set: DatasetName,
  split: Split,
  options: { readonly most: number; readonly profile: ProfileName },
): Generator<BeatPiece> {
  const sources = listPieces(data, set).filter((source) => source.split === split);
  const stride = Math.max(1, Math.ceil(sources.length / options.most));
  for (let i = 0; i < sources.length; i += stride) {
    const source = sources[i];
    const piece = source && load(data, source, options.profile);
    if (piece) yield piece;
  }
}

function load(data: string, source: PieceSource, profile: ProfileName): BeatPiece | undefined {
  const piece = humanise(source.load());
  const { parts } = transmit(piece, profile);
  const notes = parts
    .flatMap((part, index) =>
      part.notes.map(({ at, arrival, key, velocity }) => {
        const { role, channel } = part;
        return { source: index, role, channel, key, velocity, at, arrival };
      }),
    )
    .toSorted((a, b) => a.arrival - b.arrival);
  const end = notes.reduce((last, { at }) => Math.max(last, at), 0);
  const beats = piece.click ? clickBeats(piece, end) : annotatedBeats(data, source);
  if (beats.length < 8 || notes.length < 8) return undefined;
  return { id: piece.id, set: piece.set, notes, beats };
}

function clickBeats({ click, tempos }: Piece, end: number): TrueBeat[] {
  if (!click) return [];
  const beats: TrueBeat[] = [];
  let from = { time: click.origin, beat: 0, bpm: click.bpm };
  let next = 0;
  for (let beat = 0; ; beat++) {
    for (let change = tempos[next]; change && change.beat <= beat; change = tempos[++next]) {
      from = change;
    }
    const at = from.time + ((beat - from.beat) * 60) / from.bpm;
    if (at > end + 2) return beats;
    if (at >= 0) beats.push({ at, isBarLine: beat % click.beatsPerBar < 1e-6 });
  }
}

/** `time <tab> time <tab> b | db,metre,key`. */
function annotatedBeats(data: string, source: PieceSource): TrueBeat[] {
  const file = join(data, `${source.id}.mid`);
  const start = Math.min(
    ...voicesOf(readSong(file)).flatMap((voice) => voice.notes.map(({ at }) => at)),
  );
  return readFileSync(file.replace(/\.mid$/, '_annotations.txt'), 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [time, , label] = line.split('\t');
      if (!(time && label && /^d?b/.test(label))) return [];
      return [{ at: Number(time) - start + LEAD_IN, isBarLine: label.startsWith('db') }];
    });
}
