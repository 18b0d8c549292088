/**
 * Beats and bars for players without a shared click, found in what they play, live.
 *
 * Takes  note-ons of one or several players as they arrive: late, a little out of order; and the time that goes by.
 * Gives  a BeatGrid that reaches ahead. Its confidence is low until the beat is sure, when playing is free, and when nobody has
 *        played for some bars.
 * Keeps  probabilities of tempo, metre and place in the bar (beat-tracker-states.ts), and the beats that are believed
 *        (beat-tracker-belief.ts), which go on as they were until others are clearly more probable.
 * Lane   2. Nothing allocated per note. Answers depend on what has arrived, not on how often it is asked.
 */
import type { Role } from '../../core/ensemble.ts';
import type { Instant } from '../../core/time.ts';
import type { BeatGrid } from './beat-grid.ts';
import { accentPatterns } from './beat-tracker-accents.ts';
import { BeatBelief, LOOK_FRAMES } from './beat-tracker-belief.ts';
import { BeatLine } from './beat-tracker-line.ts';
import { FRAME, frameOf, OnsetFrames, OPEN_FRAMES } from './beat-tracker-onsets.ts';
import { BarStates, REST_FRAMES, type StatesInit } from './beat-tracker-states.ts';

export interface BeatTrackerInit {
  /** For measurements; as shipped when left out. */
  readonly states?: StatesInit;
}

export interface BeatTracker {
  readonly grid: BeatGrid;
  /**
   * A note-on arrived; several players, told apart by `source`, make the beat surer. What arrives later than others usually do
   * is dropped. Arrivals must not be before what `advance` was told by more than their order may be wrong.
   */
  note(
    source: number,
    channel: number,
    key: number,
    velocity: number,
    performedAt: Instant,
    arrivedAt: Instant,
    role?: Role,
  ): void;
  /** Time has gone by: to be called before the grid is asked. */
  advance(now: Instant): void;
  /** Forgets everything: another song. */
  reset(): void;
  readonly stats: {
    readonly notes: number;
    /** Came too late, or were too many at once. */
    readonly dropped: number;
    /** Beats that were given up for another. */
    readonly changes: number;
  };
}

const STATES: StatesInit = {
  patterns: accentPatterns(),
  // 250 to 50 beats a minute.
  tempos: { shortest: 12, longest: 60, mean: 98, deviation: 0.3, steadiness: 90 },
  onsetPower: 0.6,
  restPower: 0.6,
  surprise: 1e-3,
  change: 0.02,
};

/** Frames wait so long for notes that are late (microseconds). */
const WAIT = 180_000;
/** How much later than now a note may claim to be: clocks differ a little. */
const AHEAD = 160_000;
/** Tempo and place stay as they are in a pause that is longer. */
const PAUSE = 1_500_000;
/** After so long nothing is known any more. */
const FORGET = 20_000_000;

export function openBeatTracker(init: BeatTrackerInit = {}): BeatTracker {
  const onsets = new OnsetFrames();
  const states = new BarStates(init.states ?? STATES);
  const line = new BeatLine();
  const belief = new BeatBelief(states, line);
  const stats = { notes: 0, dropped: 0, changes: 0 };
  let started = false;
  let lastNote = 0;
  let frames = 0;

  /** The first frame that is not closed by then. */
  const firstOpen = (now: number): number => frameOf(now - WAIT);

  const start = (at: number): void => {
    started = true;
    lastNote = at;
    frames = 0;
    onsets.restart(frameOf(at) - 1);
    states.restart();
    belief.restart(at);
  };

  const stop = (): void => {
    started = false;
    line.confidence = 0;
  };

  /** The next frame is closed. */
  const step = (now: number): void => {
    const heard = onsets.close();
    for (let note = 0; note < onsets.count; note++) {
      lastNote = Math.max(lastNote, onsets.at[note] as number);
    }
    const silence = onsets.next * FRAME - lastNote;
    const isPause = silence > PAUSE;
    states.step(isPause);
    frames++;
    if (heard) belief.hear(states.hear(onsets.weight));
    if (frames % REST_FRAMES === 0 && !isPause) states.rest();
    for (let note = 0; note < onsets.count; note++) {
      belief.note(onsets.at[note] as number, onsets.loudness[note] as number);
    }
    if (frames % LOOK_FRAMES > 0) return;
    if (isPause) belief.wait(silence);
    else belief.look((onsets.next - 0.5) * FRAME, now, silence);
  };

  const advance = (now: number): void => {
    while (started && onsets.next < firstOpen(now)) {
      const closes = (onsets.next + 1) * FRAME + WAIT;
      belief.advance(closes);
      if (closes - lastNote > FORGET) stop();
      else step(closes);
    }
    if (started) belief.advance(now);
  };

  return {
    grid: line,
    note(source, channel, key, velocity, performedAt, arrivedAt, role) {
      if (!(Number.isFinite(performedAt) && Number.isFinite(arrivedAt))) return;
      stats.notes++;
      if (performedAt > arrivedAt + AHEAD || performedAt < firstOpen(arrivedAt) * FRAME) {
        stats.dropped++;
        return;
      }
      // What is due is done here only when the note can't wait for `advance`: it makes no difference otherwise.
      const isFull = frameOf(arrivedAt + AHEAD) >= onsets.next + OPEN_FRAMES;
      if (isFull || arrivedAt - lastNote > FORGET) advance(arrivedAt);
      if (!started) start(performedAt);
      if (!onsets.add(source, channel, key, velocity, performedAt, role)) stats.dropped++;
    },
    advance,
    reset: stop,
    get stats() {
      stats.changes = belief.changes;
      return stats;
    },
  };
}
