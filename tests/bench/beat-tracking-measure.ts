/**
 * How well the beat tracker does on a piece: asked twenty times a second which beat comes next, and when.
 *
 * Takes  a piece with its true beats. Gives counts that add up over pieces. Beats are right when the tempo is within 10 % and the
 * next true beat is within 12 % of a beat from one of the grid.
 */
import type { Instant } from '../../runtime/core/time.ts';
import type { BeatGrid } from '../../runtime/prediction/grid/beat-grid.ts';
import { type BeatTracker, openBeatTracker } from '../../runtime/prediction/grid/beat-tracker.ts';
import type { BeatPiece } from './beat-tracking-pieces.ts';

/** `half` and `double`: the tempo is; `phase`: the tempo is right, the beat is not; `none`: it doesn't say. */
export const VERDICTS = ['right', 'half', 'double', 'phase', 'tempo', 'none'] as const;
export type Verdict = (typeof VERDICTS)[number];

export interface BeatScore {
  readonly counts: Record<Verdict, number>;
  /** Sums of confidence. */
  confidenceRight: number;
  confidenceWrong: number;
  /** Milliseconds, of right beats. */
  readonly errors: number[];
  /** Seconds from the first note to the first two seconds that are all right; undefined: never. */
  lock: number | undefined;
  bars: number;
  rightBars: number;
  epochs: number;
  seconds: number;
  notes: number;
  /** Of processor time, all calls. */
  microseconds: number;
  /** Worst of all calls that a note or 20 ms took. */
  worst: number;
}

const STEP = 0.05;
const LOCK_STEPS = 40;
const PHASE = 0.12;
const TEMPO = 0.1;
const SURE = 0.02;

export function measureBeats(
  { notes, beats }: BeatPiece,
  most: number,
  withRoles: boolean,
): BeatScore {
  const tracker = openBeatTracker();
  const start = notes[0]?.at ?? 0;
  const last = Math.max(...notes.map(({ at }) => at));
  const end = Math.min(start + most, last, beats.at(-1)?.at ?? 0);
  const score: BeatScore = {
    counts: { right: 0, half: 0, double: 0, phase: 0, tempo: 0, none: 0 },
    confidenceRight: 0,
    confidenceWrong: 0,
    errors: [],
    lock: undefined,
    bars: 0,
    rightBars: 0,
    epochs: 0,
    seconds: end - start,
    notes: 0,
    microseconds: 0,
    worst: 0,
  };
  let beat = 0;
  let judged = -1;
  let run = 0;
  for (let now = start; now < end; now += STEP) {
    for (let note = notes[score.notes]; note && note.arrival <= now; note = notes[score.notes]) {
      const { source, channel, key, velocity, at, arrival, role } = note;
      time(score, () =>
        tracker.note(
          source,
          channel,
          key,
          velocity,
          instant(at),
          instant(arrival),
          withRoles ? role : undefined,
        ),
      );
      score.notes++;
    }
    advance(tracker, score, now);
    while ((beats[beat + 1]?.at ?? end) <= now && beat + 1 < beats.length) beat++;
    const here = beats[beat];
    const next = beats[beat + 1];
    if (!here || !next || here.at > now) continue;
    const verdict = judge(tracker.grid, here.at, next.at);
    score.counts[verdict]++;
    if (verdict === 'right') score.confidenceRight += tracker.grid.confidence;
    else score.confidenceWrong += tracker.grid.confidence;
    run = verdict === 'right' ? run + 1 : 0;
    if (run === LOCK_STEPS) score.lock ??= now - start - LOCK_STEPS * STEP;
    if (verdict !== 'right' || judged === beat) continue;
    judged = beat;
    const whole = Math.round(tracker.grid.beatAt(instant(next.at)));
    score.errors.push(Math.abs(tracker.grid.timeOf(whole) / 1e3 - next.at * 1e3));
    if (next.isBarLine) {
      score.bars++;
      if (tracker.grid.barLine(whole) === whole) score.rightBars++;
    }
  }
  score.epochs = tracker.grid.epoch;
  return score;
}

function judge(grid: BeatGrid, here: number, next: number): Verdict {
  if (grid.confidence < SURE) return 'none';
  const length = next - here;
  const whole = Math.round(grid.beatAt(instant(next)));
  const period = (grid.timeOf(whole + 0.5) - grid.timeOf(whole - 0.5)) / 1e6;
  const isNear = (ratio: number): boolean => Math.abs(period / length / ratio - 1) < TEMPO;
  if (isNear(2)) return 'half';
  if (isNear(0.5)) return 'double';
  if (!isNear(1)) return 'tempo';
  return Math.abs(grid.timeOf(whole) / 1e6 - next) < PHASE * length ? 'right' : 'phase';
}

/** In steps of a frame, so that the worst one is seen. */
function advance(tracker: BeatTracker, score: BeatScore, now: number): void {
  for (let at = now - STEP + 0.01; at < now; at += 0.02) {
    time(score, () => tracker.advance(instant(at)));
  }
  time(score, () => tracker.advance(instant(now)));
}

function time(score: BeatScore, act: () => void): void {
  const before = process.cpuUsage();
  act();
  const { user, system } = process.cpuUsage(before);
  score.microseconds += user + system;
  score.worst = Math.max(score.worst, user + system);
}

function instant(seconds: number): Instant {
  return (seconds * 1e6) as Instant;
}
