/**
 * What else could be done with a part, scored alike: the baselines and bounds that EVALUATION names.
 *
 * Takes  a part as it was transmitted, and its piece. Gives a score for each.
 *
 *   passthrough   plays what comes when it comes: the lower bound
 *   jitterBuffer  delays everything by the 99th percentile of the network's delay
 *   oneBar        plays everything one bar late, as some jam programs do
 *   repeatBar     plays the last bar again
 *   lagVote50/80  votes of lags of 1 to 32 bars, from half and from 80 of 100 votes on
 *   knownNotes    knows every note, and places it at its slot plus the part's mean deviation so far: the upper bound
 *
 * What predictors do not foresee plays when it comes. They are given the click of the whole piece, also where players have
 * none; where a piece has none they count at 120 a minute.
 */
import type { SentPart } from '../arrivals/transmission.ts';
import type { Piece } from '../datasets/piece.ts';
import type { HeardNote } from '../scoring/heard-notes.ts';
import { type PartScore, quantile, scorePredictions, scoreTimes } from '../scoring/part-score.ts';
import { predictByLags } from './lag-vote.ts';
import { PartSlots } from './part-slots.ts';
import { SlotGrid } from './slot-grid.ts';

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

/** Sixteenths: of the grids that were tried, the one with which these figures are those of EVALUATION's table. */
const SLOTS_PER_BEAT = 4;
const LAGS = 32;
const BAR_WITHOUT_CLICK = 2;
/** Any vote at all. */
const ANY = 1e-9;

export function scoreBaselines(
  piece: Piece,
  part: SentPart,
): Readonly<Record<Exclude<Contender, 'togthr'>, PartScore>> {
  const { notes } = part;
  const { click, tempos } = piece;
  const delay = quantile(
    notes.map(({ at, arrival }) => arrival - at),
    0.99,
  );
  const late = (by: number): PartScore =>
    scoreTimes(
      notes,
      notes.map(({ at, arrival }) => Math.max(at + by, arrival)),
    );
  const slots = new PartSlots(part, new SlotGrid(click, tempos, SLOTS_PER_BEAT));
  const vote = (lags: number, threshold: number): PartScore => {
    const played: readonly HeardNote[] = predictByLags(part, slots, { lags, threshold, delay });
    return scorePredictions(notes, played, part.role === 'rhythm');
  };
  return {
    passthrough: late(0),
    jitterBuffer: late(delay),
    oneBar: late(click ? (60 / click.bpm) * click.beatsPerBar : BAR_WITHOUT_CLICK),
    repeatBar: vote(1, ANY),
    lagVote50: vote(LAGS, 0.5),
    lagVote80: vote(LAGS, 0.8),
    knownNotes: scoreTimes(
      notes,
      notes.map((_, index) => {
        const at = slots.timeOf(slots.slots[index] ?? 0);
        return at + slots.meanDeviation(at - delay);
      }),
    ),
  };
}
