/**
 * Tight mode for one remote part: notes are played before they arrive, and reconciled with what comes.
 *
 * Takes  the part's notes as they arrive, before they sound (it is their gate); the predictor's expectations.
 * Gives  predicted notes to the part's keys, each at its time; of true notes what is still to be struck of them.
 * Keeps  the predicted notes, what came of them, how sure one must be (false-note-budget.ts). Fixed arrays.
 * Lane   2. One alarm; nothing allocated per event or decision.
 *
 * For every slot of the grid the predictor is asked LEAD before the part's events of that slot are due, so that an answer
 * which takes a while and a note which is played early still find their time ahead. A note that arrives before its
 * prediction is due takes its place. A prediction that nothing confirms is ended soon, and is a false note. A note that
 * nobody foresaw is played late by its role: rhythm on the next subdivision when that is close, harmony softer.
 *
 * A part that falls silent is not played for: a second after its last release nothing predicted may sound, and after a
 * few false notes in a row nothing is predicted until a true one comes.
 */
import type { Role } from '../../core/ensemble.ts';
import { STATUS, shortMessage } from '../../core/midi-bytes.ts';
import { fromMillis, type Instant, type Micros } from '../../core/time.ts';
import type { Alarm, Clock } from '../../ports/clock.ts';
import { type BeatGrid, SLOTS_PER_BEAT } from '../grid/beat-grid.ts';
import type { NoteGate } from '../live/live-stream.ts';
import type { NoteOff, NoteOn, SoundingKeys, Timing } from '../live/sounding-keys.ts';
import { DRUM_CLASS_OF_KEY } from '../predictor/drums/drum-classes.ts';
import type { ExpectedNotes, PartPredictor } from '../predictor/part-predictor.ts';
import { FalseNoteBudget, scoreOf } from './false-note-budget.ts';
import {
  CONFIRMED,
  FALSE,
  NONE,
  OPEN,
  PENDING,
  PredictedNotes,
  SHADOW,
  SOUNDED,
} from './predicted-notes.ts';
import { IN_TIME, PredictionCounts } from './prediction-counts.ts';

/** `off`: nobody is asked. `watch`: predicted notes are compared with what comes, and not played. */
export type TightActivity = 'off' | 'watch' | 'play';

export interface TightPartDeps {
  readonly clock: Clock;
  readonly grid: BeatGrid;
  readonly keys: SoundingKeys;
  /** Quantile of the way here lately. */
  networkDelay(q: number): Micros;
}

/** Every note sounds so long after its performance, if it can: what jitter is left of a short way. */
export const TIGHT_BUDGET: Micros = fromMillis(4);
const LEAD = 45_000;
/** Before it is due, a predicted note is handed over: by then it can't be taken back. */
const HANDOVER = 6_000;
/** A true note within this of a predicted one is that note. */
const WINDOW = 60_000;
/** One that comes so early before a prediction which is still to be played takes its place. */
const FORESTALLED = 85_000;
/** Two notes of one key are not closer. */
const REPEAT = 45_000;
/** An expectation whose time has passed by more is no use. */
const PASSED = 8_000;
/** After most packets have come, those that the journal brings back. */
const STRAGGLERS = 35_000;
/** A predicted note shorter than this ends by itself; a longer one, when its note-off comes. */
const SHORT = 140_000;
/** After the last release that is known, nothing predicted sounds later. */
const SILENT_AFTER = 940_000;
const LEAST_LENGTH = 30_000;
const FALSE_RUN = 4;
const FORGOTTEN = 1_500_000;
const LEAST_CONFIDENCE = 0.3;
/** What is played later than this is late to the ear. */
const LATE = 25_000;
const SNAP = 10_000;
const LATE_HARMONY = 0.88;

const FALSE_NOTES: Readonly<Record<Role, number>> = {
  rhythm: 0.046,
  bass: 0.046,
  harmony: 0.027,
  melody: 0.027,
};

export class TightPart implements NoteGate {
  readonly counts = new PredictionCounts();
  readonly #clock: Clock;
  readonly #grid: BeatGrid;
  readonly #keys: SoundingKeys;
  readonly #networkDelay: (q: number) => Micros;
  readonly #alarm: Alarm;
  readonly #notes = new PredictedNotes();
  readonly #held = new Uint8Array(16 * 128);
  readonly #lastStruck = new Float64Array(128).fill(Number.NEGATIVE_INFINITY);
  #heldCount = 0;
  #predictor: PartPredictor | undefined;
  #role: Role = 'melody';
  #budget = new FalseNoteBudget(FALSE_NOTES.melody);
  #activity: TightActivity = 'off';
  /** 0: nothing predicted is played; 1: as much as the role's budget of false notes allows. */
  #wet = 1;
  #slot: number | undefined;
  #epoch = 0;
  /** Latest performance, of a note-on or note-off, that is known. */
  #lastPerformed = Number.NEGATIVE_INFINITY;
  #falseRun = 0;
  #foreseen = false;

  constructor(deps: TightPartDeps) {
    this.#clock = deps.clock;
    this.#grid = deps.grid;
    this.#keys = deps.keys;
    this.#networkDelay = deps.networkDelay;
    this.#alarm = deps.clock.alarm(() => this.#wake());
  }

  get role(): Role {
    return this.#role;
  }

  get threshold(): number {
    return this.#budget.threshold;
  }

  setPredictor(predictor: PartPredictor | undefined, role: Role): void {
    this.#predictor = predictor;
    if (role !== this.#role) {
      this.#role = role;
      this.#budget = new FalseNoteBudget(FALSE_NOTES[role]);
    }
    this.#slot = undefined;
  }

  setActivity(activity: TightActivity): void {
    if (activity === this.#activity) return;
    this.#activity = activity;
    this.#slot = undefined;
    if (activity !== 'play') this.#withdraw();
    this.#arm();
  }

  setWet(wet: number): void {
    this.#wet = wet;
  }

  noteOn(message: NoteOn, timing: Timing): NoteOn | undefined {
    const { performedAt } = timing;
    this.#predictor?.noteOn(message.channel, message.key, message.velocity, performedAt as Instant);
    this.#hold(message.channel, message.key, true, performedAt);
    const kind = this.#kindOf(message.key);
    this.#lastStruck[kind] = Math.max(performedAt, this.#lastStruck[kind] ?? performedAt);
    this.#falseRun = 0;
    this.#foreseen = false;
    if (this.#activity === 'off') return message;
    this.#budget.truth(this.#wet);
    const place = this.#find(kind, performedAt);
    const struck =
      place === NONE ? this.#lateByRole(message, timing) : this.#confirm(place, message, timing);
    if (this.#slot === undefined) this.#arm();
    return struck;
  }

  struck(_message: NoteOn, timing: Timing, due: number): void {
    this.counts.heard(due - timing.performedAt, this.#foreseen);
    if (!this.#foreseen && due - timing.performedAt > IN_TIME) this.counts.late++;
  }

  noteOff(message: NoteOff, timing: Timing): void {
    this.#predictor?.noteOff(message.channel, message.key, timing.performedAt as Instant);
    this.#hold(message.channel, message.key, false, timing.performedAt);
  }

  /** What is predicted and has not sounded will not; what sounds and is not confirmed ends. */
  release(): void {
    this.#withdraw();
    this.#held.fill(0);
    this.#heldCount = 0;
    this.#lastPerformed = Number.NEGATIVE_INFINITY;
    this.#arm();
  }

  [Symbol.dispose](): void {
    this.#withdraw();
    this.#alarm[Symbol.dispose]();
  }

  #hold(channel: number, key: number, on: boolean, performedAt: number): void {
    const slot = (channel << 7) | key;
    const was = this.#held[slot] ?? 0;
    this.#held[slot] = on ? 1 : 0;
    this.#heldCount += (on ? 1 : 0) - was;
    if (performedAt > this.#lastPerformed) this.#lastPerformed = performedAt;
  }

  #kindOf(key: number): number {
    return this.#role === 'rhythm' ? (DRUM_CLASS_OF_KEY[key] ?? 0) : key;
  }

  #find(kind: number, performedAt: number): number {
    const place = this.#notes.nearest(kind, performedAt, WINDOW, FORESTALLED);
    if (place === NONE || this.#notes.stage[place] === PENDING) return place;
    return (this.#notes.at[place] ?? 0) - performedAt <= WINDOW ? place : NONE;
  }

  #confirm(place: number, message: NoteOn, timing: Timing): NoteOn | undefined {
    const notes = this.#notes;
    const { counts } = this;
    const deviation = (notes.at[place] ?? 0) - timing.performedAt;
    const stage = notes.stage[place];
    if (notes.fate[place] === FALSE) {
      if (stage === SOUNDED) {
        this.#budget.pardoned();
        counts.falseNotes--;
      }
    } else counts.resolved(Math.abs(deviation) <= IN_TIME);
    notes.fate[place] = CONFIRMED;
    this.#foreseen = true;
    switch (stage) {
      case PENDING:
        counts.forestalled++;
        return message;
      case SOUNDED:
        this.#budget.resolved(notes.likely[place] ?? 0, false);
        counts.confirmed++;
        counts.heard(deviation, true);
        if (Math.abs(deviation) <= IN_TIME) counts.precise++;
        this.#keys.confirm(message, timing, notes.key[place] ?? 0, notes.at[place] ?? 0);
        return undefined;
      default:
        return this.#lateByRole(message, timing);
    }
  }

  #lateByRole(message: NoteOn, timing: Timing): NoteOn {
    const late = timing.arrivedAt - timing.performedAt;
    if (this.#activity !== 'play' || late < LATE) return message;
    switch (this.#role) {
      case 'rhythm': {
        const place = this.#grid.beatAt(timing.arrivedAt as Instant) * SLOTS_PER_BEAT;
        const next = this.#predictor?.expectedTime(Math.ceil(place)) ?? 0;
        if (next > timing.arrivedAt && next - timing.arrivedAt < SNAP) {
          timing.delay = next - timing.performedAt;
        }
        return message;
      }
      case 'harmony': {
        const softer = Math.max(1, Math.round(message.velocity * LATE_HARMONY));
        return noteOnOf(message.channel, message.key, softer) ?? message;
      }
      case 'bass':
      case 'melody':
        return message;
    }
  }

  #withdraw(): void {
    const notes = this.#notes;
    const now = this.#clock.now();
    for (let index = 0; index < notes.size; index++) {
      const place = notes.place(index);
      if (notes.fate[place] !== OPEN) continue;
      if (notes.stage[place] === SOUNDED) this.#end(place, now, 'corrected');
    }
    notes.clear();
  }

  #wake(): void {
    const now = this.#clock.now();
    this.#settle(now);
    this.#decide(now);
    this.#arm();
  }

  /** Plays what is due, ends what has had its time, and finds out what was false. */
  #settle(now: Instant): void {
    const notes = this.#notes;
    for (let index = 0; index < notes.size; index++) {
      const place = notes.place(index);
      if (notes.fate[place] !== OPEN) continue;
      if (notes.stage[place] === PENDING) {
        if ((notes.at[place] ?? 0) - HANDOVER <= now) this.#sound(place);
        continue;
      }
      const isFalse = (notes.deadline[place] ?? 0) <= now;
      if (notes.stage[place] === SOUNDED && (isFalse || (notes.end[place] ?? 0) <= now)) {
        this.#end(place, now, isFalse ? 'corrected' : 'predicted');
      }
      if (isFalse) this.#failed(place);
    }
    notes.forget(now - FORGOTTEN);
  }

  #sound(place: number): void {
    const notes = this.#notes;
    const message = noteOnOf(
      notes.channel[place] ?? 0,
      notes.key[place] ?? 0,
      notes.velocity[place] ?? 64,
    );
    if (!message) {
      notes.fate[place] = CONFIRMED;
      return;
    }
    this.counts.predicted++;
    notes.stage[place] = SOUNDED;
    notes.at[place] = this.#keys.predict(message, notes.at[place] ?? 0);
  }

  #end(place: number, at: number, cause: 'corrected' | 'predicted'): void {
    const notes = this.#notes;
    if (notes.ended[place] === 1) return;
    notes.ended[place] = 1;
    if (cause === 'corrected') this.counts.corrected++;
    const end = cause === 'predicted' ? (notes.end[place] ?? at) : at;
    this.#keys.endPredicted(
      notes.channel[place] ?? 0,
      notes.key[place] ?? 0,
      notes.at[place] ?? 0,
      Math.max(end, at),
      cause,
    );
  }

  #failed(place: number): void {
    const notes = this.#notes;
    notes.fate[place] = FALSE;
    this.counts.resolved(false);
    if (notes.stage[place] !== SOUNDED) return;
    this.counts.falseNotes++;
    this.#falseRun++;
    this.#budget.resolved(notes.likely[place] ?? 0, true);
  }

  #decide(now: Instant): void {
    const predictor = this.#predictor;
    const grid = this.#grid;
    if (!predictor || this.#activity === 'off' || this.#isSilent(now)) {
      this.#slot = undefined;
      return;
    }
    if (grid.confidence < LEAST_CONFIDENCE) {
      this.#slot = undefined;
      return;
    }
    if (this.#slot === undefined || this.#epoch !== grid.epoch) {
      this.#epoch = grid.epoch;
      this.#slot = this.#slotAfter(now);
    }
    const known = (now - this.#networkDelay(0.8)) as Instant;
    for (;;) {
      const slot: number = this.#slot;
      const due = predictor.expectedTime(slot) - LEAD;
      if (due > now) {
        // A grid that moved far: begin again where it is now.
        if (due > now + 4_000_000) this.#slot = this.#slotAfter(now);
        return;
      }
      this.#slot = slot + 1;
      if (due > now - LEAD) predictor.decide(slot, now, known, this.#onExpected);
      else if (due < now - 1_000_000) this.#slot = Math.max(slot + 1, this.#slotAfter(now));
    }
  }

  #slotAfter(now: Instant): number {
    return Math.ceil(this.#grid.beatAt((now + LEAD) as Instant) * SLOTS_PER_BEAT + 1e-6);
  }

  /** So long that nothing may be predicted. */
  #isSilent(now: Instant): boolean {
    return this.#heldCount === 0 && now > this.#lastPerformed + SILENT_AFTER;
  }

  readonly #onExpected = (_slot: number, expected: ExpectedNotes): void => {
    const now = this.#clock.now();
    if (this.#activity === 'off') return;
    for (let i = 0; i < expected.count; i++) this.#consider(expected, i, now);
    this.#arm();
  };

  #consider(expected: ExpectedNotes, i: number, now: Instant): void {
    const at = expected.at[i] ?? 0;
    const likely = expected.likely[i] ?? 0;
    const score = scoreOf(likely, expected.precise[i] ?? 0);
    const kind = this.#kindOf(expected.key[i] ?? 0);
    if (Math.abs((this.#lastStruck[kind] ?? 0) - at) < REPEAT) return;
    this.#budget.expected(score, likely);
    if (score < this.#budget.threshold) return;
    if (at < now - PASSED) {
      this.counts.tooLate++;
      return;
    }
    const notes = this.#notes;
    const deadline = at + WINDOW + this.#networkDelay(0.95) + STRAGGLERS;
    const length = expected.length[i] ?? 0;
    let end = length > 0 && length < SHORT ? Math.min(at + length, deadline) : deadline;
    if (this.#heldCount === 0) end = Math.min(end, this.#lastPerformed + SILENT_AFTER);
    if (this.#falseRun >= FALSE_RUN || end < at + LEAST_LENGTH) return;
    if (notes.nearest(kind, at, REPEAT, REPEAT) !== NONE) return;
    const place = notes.add();
    if (place === NONE) return;
    notes.stage[place] = this.#activity === 'play' && this.#wet > 0 ? PENDING : SHADOW;
    notes.channel[place] = expected.channel[i] ?? 0;
    notes.key[place] = (expected.key[i] ?? 0) & 0x7f;
    notes.velocity[place] = expected.velocity[i] ?? 64;
    notes.kind[place] = kind;
    notes.likely[place] = likely;
    notes.at[place] = Math.max(at, now);
    notes.deadline[place] = deadline;
    notes.end[place] = Math.max(end, now + LEAST_LENGTH);
  }

  /** When something is to be done next. */
  #arm(): void {
    const notes = this.#notes;
    let next = Number.POSITIVE_INFINITY;
    for (let index = 0; index < notes.size; index++) {
      const place = notes.place(index);
      if (notes.fate[place] !== OPEN) continue;
      const due =
        notes.stage[place] === PENDING
          ? (notes.at[place] ?? 0) - HANDOVER
          : notes.ended[place] === 1
            ? (notes.deadline[place] ?? 0)
            : Math.min(notes.end[place] ?? 0, notes.deadline[place] ?? 0);
      if (due < next) next = due;
    }
    const decision = this.#nextDecision();
    if (decision < next) next = decision;
    if (next === Number.POSITIVE_INFINITY) this.#alarm.clear();
    else this.#alarm.set(next as Instant);
  }

  #nextDecision(): number {
    const predictor = this.#predictor;
    if (!predictor || this.#activity === 'off') return Number.POSITIVE_INFINITY;
    if (this.#slot !== undefined) return predictor.expectedTime(this.#slot) - LEAD;
    const now = this.#clock.now();
    if (this.#isSilent(now)) return Number.POSITIVE_INFINITY;
    if (this.#grid.confidence < LEAST_CONFIDENCE) return now + 200_000;
    return now;
  }
}

function noteOnOf(channel: number, key: number, velocity: number): NoteOn | undefined {
  const message = shortMessage(STATUS.noteOn | channel, key, Math.min(127, Math.max(1, velocity)));
  return message?.kind === 'noteOn' ? message : undefined;
}
