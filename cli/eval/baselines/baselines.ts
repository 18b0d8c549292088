/**
 * What else could be done with a part, scored alike: the baselines and bounds that EVALUATION names.
 */
import type { SentPart } from '../arrivals/transmission.ts';
import type { Piece } from '../datasets/piece.ts';
import { type PartScore, quantile, scoreTimes } from '../scoring/part-score.ts';

/** `togthr` is what ships. */
export type Contender =
  | 'togthr'
  | 'passthrough'
  | 'jitterBuffer'
  | 'oneBar'
  | 'repeatBar'
  | 'lagVote50'
  | 'lagVote80'
  | 'knownNotes';

const BAR_WITHOUT_CLICK = 2;

export function scoreBaselines(
  piece: Piece,
  part: SentPart,
): Partial<Record<Exclude<Contender, 'togthr'>, PartScore>> {
  const { notes } = part;
  const delays = notes.map(({ at, arrival }) => arrival - at);
  const p99 = quantile(delays, 0.99);
  const { click } = piece;
  const bar = click ? (60 / click.bpm) * click.beatsPerBar : BAR_WITHOUT_CLICK;
  const late = (delay: number) =>
    scoreTimes(
      notes,
      notes.map(({ at, arrival }) => Math.max(at + delay, arrival)),
    );
  return {
    passthrough: late(0),
    jitterBuffer: late(p99),
    oneBar: late(bar),
  };
}
