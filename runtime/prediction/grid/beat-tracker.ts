/**
 * Beats and bars for players without a shared click, found in what they play, live.
 *
 * Takes  note-ons of one or several players as they arrive: late, a little out of order; and the time that goes by.
 * Gives  a BeatGrid that reaches ahead. Its confidence is low until the beat is sure, when playing is free, and when nobody has
 *        played for some bars.
 * Keeps  probabilities of tempo, metre and place in the bar (beat-tracker-states.ts), and the beats that are believed
 *        (beat-tracker-line.ts), which go on as they were until others are clearly more probable.
 * Lane   2. Nothing allocated per note. Answers depend on what has arrived, not on how often it is asked.
 */
import type { Role } from '../../core/ensemble.ts';
import type { Instant } from '../../core/time.ts';
import type { BeatGrid } from './beat-grid.ts';
import { accentPatterns } from './beat-tracker-accents.ts';
import { BeatBelief } from './beat-tracker-belief.ts';
import { BeatLine } from './beat-tracker-line.ts';
import { FRAME, OnsetFrames } from './beat-tracker-onsets.ts';
import { BarStates, REST_FRAMES, type Tuning } from './beat-tracker-states.ts';

export interface BeatTrackerInit {
  readonly tuning?: Partial<Tuning>;
}

export interface BeatTracker {
  readonly grid: BeatGrid;
  /** A note-on arrived. `source` tells players apart; notes that arrive much later than others are not heard. */
  note(
    source: number,
    channel: number,
    key: number,
    velocity: number,
    performedAt: Instant,
    arrivedAt: Instant,
    role?: Role,
  ): void;
  /** Time has gone by: to be called a few times a second at least, also when nobody plays. */
  advance(now: Instant): void;
  /** Forgets everything: another song. */
  reset(): void;
  readonly stats: { readonly notes: number; readonly dropped: number; readonly changes: number };
}

export const TUNING: Tuning = {
  onsetPower: 0.35,
  restPower: 0.2,
  steadiness: 120,
  surprise: 1e-4,
  change: 0.02,
  tempoMean: 105,
  tempoDeviation: 0.4,
};

/** Frames wait so long for notes that are late (microseconds). */
const WAIT = 180_000;
/** 222 to 50 beats a minute. */
const SHORTEST = 13.5;
const LONGEST = 60;
/** Frames between two looks at what is believed. */
const LOOK_FRAMES = 6;
/** Without a note for that long, nothing is known any more. */
const FORGET = 20_000_000;
/** Tempo and place stay as they are in a pause that is longer. */
const PAUSE = 1_500_000;

export function openBeatTracker(init: BeatTrackerInit = {}): BeatTracker {
  const onsets = new OnsetFrames();
  const states = new BarStates({
    patterns: accentPatterns(),
    shortest: SHORTEST,
    longest: LONGEST,
    tuning: { ...TUNING, ...init.tuning },
  });
  const line = new BeatLine();
  const belief = new BeatBelief(states, line);
  let started = false;
  let lastNote = Number.NEGATIVE_INFINITY;
  let frames = 0;
  let notes = 0;

  const step = (now: number): void => {
    const heard = onsets.close();
    const silence = onsets.next * FRAME - lastNote;
    states.step(silence < PAUSE);
    frames++;
    if (heard) states.hear(onsets.weight);
    if (frames % REST_FRAMES === 0 && silence < PAUSE) states.rest();
    for (let note = 0; note < onsets.count; note++) {
      const at = onsets.at[note] ?? 0;
      lastNote = Math.max(lastNote, at);
      belief.note(at, onsets.loudness[note] ?? 0);
    }
    if (frames % LOOK_FRAMES === 0) belief.look((onsets.next - 0.5) * FRAME, now, silence);
  };

  const advance = (now: number): void => {
    if (!started) return;
    if (now - lastNote > FORGET && now - onsets.next * FRAME > FORGET) {
      started = false;
      line.confidence = 0;
      return;
    }
    while ((onsets.next + 1) * FRAME + WAIT <= now) {
      const at = (onsets.next + 1) * FRAME + WAIT;
      belief.advance(at);
      step(at);
    }
    belief.advance(now);
  };

  const reset = (): void => {
    started = false;
    line.confidence = 0;
  };

  const start = (at: number): void => {
    started = true;
    lastNote = at;
    frames = 0;
    onsets.restart(Math.floor(at / FRAME) - 1);
    states.restart();
    belief.restart(at);
  };

  return {
    grid: line,
    note(source, channel, key, velocity, performedAt, arrivedAt, role) {
      if (!Number.isFinite(performedAt) || !Number.isFinite(arrivedAt)) return;
      notes++;
      advance(arrivedAt);
      if (!started) start(Math.min(performedAt, arrivedAt));
      onsets.add(source, channel, key, velocity, performedAt, role);
    },
    advance,
    reset,
    get stats() {
      return { notes, dropped: onsets.dropped, changes: belief.changes };
    },
  };
}
