/**
 * Tight mode for one remote part: notes are played before they arrive, and reconciled with what comes.
 *
 * Takes  the part's notes as they arrive, before they sound (it is their gate); the predictor's expectations.
 * Gives  predicted notes to the part's keys, each at its time; of true notes what is still to be struck of them.
 * Keeps  the predicted notes, what came of them, how sure one must be (false-note-budget.ts). Fixed arrays.
 * Lane   2. One alarm; nothing allocated per event or decision.
 *
 * A note that arrives before its prediction is due takes its place. A prediction that nothing confirms is ended soon, and
 * is a false note. A note that nobody foresaw is played late by its role: rhythm on the next subdivision when that is close,
 * harmony softer.
 *
 * A part that falls silent is not played for: a second after its last release nothing predicted may sound, and after a
 * few false notes in a row nothing is predicted until a true one comes. When its link is gone it may be carried on.
 */
import type { Role } from '../../core/ensemble.ts';
import { fromMillis, type Instant, type Micros } from '../../core/time.ts';
import type { Alarm, Clock } from '../../ports/clock.ts';
import { CarryOn } from '../fallback/carry-on.ts';
import { type BeatGrid, SLOTS_PER_BEAT } from '../grid/beat-grid.ts';
import type { Quantizer } from '../groove/quantizer.ts';
import type { NoteGate } from '../live/live-stream.ts';
import type { NoteOff, NoteOn, SoundingKeys, Timing } from '../live/sounding-keys.ts';
import type { TellNote } from '../note-tap.ts';
import { DRUM_CLASS_OF_KEY, DRUM_CLASSES } from '../predictor/drums/drum-classes.ts';
import type { ExpectedNotes, PartPredictor } from '../predictor/part-predictor.ts';
import { FalseNoteBudget, scoreOf } from './false-note-budget.ts';
import { CONFIRMED, FALSE, NONE, PENDING, SHADOW, SOUNDED } from './predicted-notes.ts';
import { noteOnOf, type PredictedNote, PredictedPlayer } from './predicted-player.ts';
import { IN_TIME, PredictionCounts } from './prediction-counts.ts';
import { SlotDecisions } from './slot-decisions.ts';

/** `off`: nobody is asked. `watch`: predicted notes are compared with what comes, and not played. */
export type TightActivity = 'off' | 'watch' | 'play';

export interface TightPartDeps {
  readonly clock: Clock;
  readonly grid: BeatGrid;
  readonly keys: SoundingKeys;
  readonly quantizer: Quantizer;
  /** Quantile of the way here lately. */
  readonly networkDelay: (q: number) => Micros;
  readonly tell: TellNote;
  /** It was carried on to the end, and nobody came back. */
  readonly carriedOut: () => void;
}

/** Every note sounds so long after its performance, if it can: what jitter is left of a short way. */
export const TIGHT_BUDGET: Micros = fromMillis(4);
/** A true note within this of a predicted one is that note. */
const WINDOW = 60_000;
/** One that comes so early before a prediction which is still to be played takes its place. */
const FORESTALLED = 85_000;
/** What is expected so near a note of the same key that has come is that note. */
const REPEAT = 45_000;
/** An expectation whose time has passed by more is no use. */
const PASSED = 8_000;
/** After most packets have come, those that the journal brings back. */
const STRAGGLERS = 35_000;
/** On a way no longer than this, what comes is hardly late: a prediction waits a little for a note that may forestall it. */
const SHORT_WAY = 35_000;
const HELD_BACK = 3_000;
/** A predicted note shorter than this ends by itself; a longer one, when its note-off comes. */
const SHORT = 140_000;
const SHORTEST = 30_000;
/** After the last release that is known, nothing predicted sounds later. */
const SILENT_AFTER = 940_000;
const FALSE_RUN = 4;
/** What is played later than this is late to the ear. */
const LATE = 25_000;
/** Rhythm that is later still waits for the next subdivision, if that is so near. */
const OFF_THE_BEAT = 40_000;
const SNAP = 10_000;
const KEYS = 128;
const PERCUSSION: number = DRUM_CLASSES.indexOf('percussion');
const LATE_HARMONY = 0.88;
/** Of events up to there, most have come. */
const KNOWN = 0.8;
const SLOWEST = 0.95;

export class TightPart implements NoteGate {
  readonly counts: PredictionCounts = new PredictionCounts();
  readonly #deps: TightPartDeps;
  readonly #alarm: Alarm;
  readonly #decisions: SlotDecisions;
  readonly #player: PredictedPlayer;
  readonly #carry: CarryOn;
  readonly #held = new Uint8Array(16 * 128);
  readonly #offAt = new Float64Array(16 * 128).fill(Number.NEGATIVE_INFINITY);
  readonly #lastStruck = new Float64Array(2 * KEYS).fill(Number.NEGATIVE_INFINITY);
  readonly #note: PredictedNote = {
    kind: 0,
    channel: 0,
    key: 0,
    velocity: 0,
    at: 0,
    end: 0,
    deadline: 0,
    isShadow: false,
    isCarried: false,
  };
  #heldCount = 0;
  #predictor: PartPredictor | undefined;
  #role: Role = 'melody';
  #budget = new FalseNoteBudget('melody');
  #activity: TightActivity = 'off';
  /** 0: nothing predicted is played; 1: as much as the role's budget of false notes allows. */
  #wet = 1;
  /** Latest performance, of a note-on or note-off, that is known. */
  #lastPerformed = Number.NEGATIVE_INFINITY;
  #foreseen = false;

  constructor(deps: TightPartDeps) {
    this.#deps = deps;
    this.#decisions = new SlotDecisions(deps.grid);
    this.#player = new PredictedPlayer(deps.keys, this.counts, deps.tell);
    this.#carry = new CarryOn(deps.grid);
    this.#alarm = deps.clock.alarm(() => this.#wake());
  }

  get predictor(): PartPredictor | undefined {
    return this.#predictor;
  }

  /** Up to when most of what was performed is known. */
  get knownUntil(): Instant {
    const { clock, networkDelay } = this.#deps;
    return this.#carry.active
      ? this.#carry.knownUntil
      : ((clock.now() - networkDelay(KNOWN)) as Instant);
  }

  /** Bars for which it is carried on still; undefined: it is not. */
  get carriedBars(): number | undefined {
    return this.#carry.active ? this.#carry.barsLeft(this.#deps.clock.now()) : undefined;
  }

  setPredictor(predictor: PartPredictor | undefined, role: Role): void {
    this.#player.withdraw(this.#deps.clock.now());
    this.#predictor = predictor;
    if (role !== this.#role) {
      this.#role = role;
      this.#budget = new FalseNoteBudget(role);
      this.#budget.setShare(this.#wet > 0 ? this.#wet : 1);
    }
    this.#decisions.restart();
    this.#arm();
  }

  setActivity(activity: TightActivity): void {
    if (activity === this.#activity) return;
    this.#activity = activity;
    if (this.#carry.active) return;
    this.#decisions.restart();
    if (activity !== 'play') this.#player.withdraw(this.#deps.clock.now());
    this.#arm();
  }

  setWet(wet: number): void {
    this.#wet = wet;
    // With nothing to be played, all that would be is watched.
    this.#budget.setShare(wet > 0 ? wet : 1);
  }

  /** The link is gone. False: nothing can be carried on. */
  carryOn(bars: number): boolean {
    const now = this.#deps.clock.now();
    this.#player.withdraw(now);
    if (!this.#predictor || this.#wet === 0) return false;
    if (!this.#carry.begin(now, this.#lastPerformed, bars)) return false;
    this.#decisions.restart();
    this.#arm();
    return true;
  }

  noteOn(message: NoteOn, timing: Timing): NoteOn | undefined {
    const { performedAt } = timing;
    const { channel, key, velocity } = message;
    if (this.#carry.active) this.#return();
    this.#predictor?.noteOn(channel, key, velocity, performedAt as Instant);
    this.#hold(channel, key, true, performedAt);
    const kind = this.#kindOf(key);
    this.#lastStruck[kind] = Math.max(performedAt, this.#lastStruck[kind] ?? performedAt);
    this.#player.falseRun = 0;
    this.#foreseen = false;
    if (this.#activity === 'off') return message;
    this.#budget.truth();
    const place = this.#find(kind, performedAt);
    const struck =
      place === NONE ? this.#lateByRole(message, timing) : this.#confirm(place, message, timing);
    this.#arm();
    return struck;
  }

  struck({ channel, key, velocity }: NoteOn, timing: Timing, due: number): void {
    const late = due - timing.performedAt;
    this.counts.heard(late, this.#foreseen);
    if (!this.#foreseen && late > IN_TIME) this.counts.late++;
    this.#deps.tell(late > LATE ? 'late' : 'received', channel, key, velocity, due);
  }

  noteOff(message: NoteOff, timing: Timing): void {
    if (this.#carry.active) this.#return();
    this.#predictor?.noteOff(message.channel, message.key, timing.performedAt as Instant);
    this.#hold(message.channel, message.key, false, timing.performedAt);
  }

  /** What is predicted and has not sounded will not; what sounds and is not confirmed ends. */
  release(): void {
    this.#carry.end();
    this.#player.withdraw(this.#deps.clock.now());
    this.#held.fill(0);
    this.#heldCount = 0;
    this.#lastPerformed = Number.NEGATIVE_INFINITY;
    this.#decisions.restart();
    this.#arm();
  }

  [Symbol.dispose](): void {
    this.release();
    this.#alarm[Symbol.dispose]();
  }

  /** Back again: what was played in the meantime ends, and the part is what comes. */
  #return(): void {
    this.#carry.end();
    this.#player.withdraw(this.#deps.clock.now());
    this.#decisions.restart();
  }

  #hold(channel: number, key: number, on: boolean, performedAt: number): void {
    const slot = (channel << 7) | key;
    const was = this.#held[slot] ?? 0;
    // A note-off may come before its note-on.
    const is = on && performedAt > (this.#offAt[slot] ?? 0) ? 1 : 0;
    if (!on) this.#offAt[slot] = Math.max(performedAt, this.#offAt[slot] ?? performedAt);
    this.#held[slot] = is;
    this.#heldCount += is - was;
    if (performedAt > this.#lastPerformed) this.#lastPerformed = performedAt;
  }

  /** Keys of one drum are one kind; of other percussion, which has a class for want of a better one, each key is. */
  #kindOf(key: number): number {
    if (this.#role !== 'rhythm') return key;
    const drum = DRUM_CLASS_OF_KEY[key] ?? PERCUSSION;
    return drum === PERCUSSION ? key : KEYS + drum;
  }

  #find(kind: number, performedAt: number): number {
    const { notes } = this.#player;
    const place = notes.nearest(kind, performedAt, WINDOW, FORESTALLED);
    if (place === NONE || notes.stage[place] === PENDING) return place;
    return (notes.at[place] ?? 0) - performedAt <= WINDOW ? place : NONE;
  }

  #confirm(place: number, message: NoteOn, timing: Timing): NoteOn | undefined {
    const { notes } = this.#player;
    const { counts } = this;
    const at = notes.at[place] ?? 0;
    const deviation = at - timing.performedAt;
    const stage = notes.stage[place];
    if (notes.fate[place] === FALSE) {
      this.#budget.pardon();
      if (stage === SOUNDED) counts.falseNotes--;
    } else counts.resolved(Math.abs(deviation) <= IN_TIME);
    notes.fate[place] = CONFIRMED;
    this.#foreseen = true;
    if (stage === PENDING) {
      counts.forestalled++;
      return message;
    }
    if (stage === SHADOW) return this.#lateByRole(message, timing);
    counts.confirmed++;
    counts.heard(deviation, true);
    if (Math.abs(deviation) <= IN_TIME) counts.precise++;
    this.#deps.keys.confirm(message, timing, notes.key[place] ?? 0, at);
    this.#deps.tell('confirmed', message.channel, message.key, message.velocity, at);
    return undefined;
  }

  #lateByRole(message: NoteOn, timing: Timing): NoteOn {
    const late = timing.arrivedAt - timing.performedAt;
    if (this.#activity !== 'play' || late < LATE) return message;
    switch (this.#role) {
      case 'rhythm': {
        const place = this.#deps.grid.beatAt(timing.arrivedAt as Instant) * SLOTS_PER_BEAT;
        const next = this.#predictor?.expectedTime(Math.ceil(place)) ?? 0;
        if (late >= OFF_THE_BEAT && next > timing.arrivedAt && next - timing.arrivedAt < SNAP) {
          timing.delay = next - timing.performedAt;
        }
        return message;
      }
      case 'harmony':
        return noteOnOf(message.channel, message.key, message.velocity * LATE_HARMONY) ?? message;
      case 'bass':
      case 'melody':
        return message;
    }
  }

  #wake(): void {
    const { clock } = this.#deps;
    const now = clock.now();
    this.#player.settle(now, this.#budget);
    if (this.#carry.active && this.#carry.isOver(now)) {
      this.#carry.end();
      this.#player.withdraw(now);
      this.#arm();
      this.#deps.carriedOut();
      return;
    }
    const predictor = this.#predictor;
    if (predictor && this.#isAsking(now)) {
      this.#decisions.run(predictor, now, this.knownUntil, this.#onExpected);
    } else this.#decisions.restart();
    this.#arm();
  }

  #isAsking(now: Instant): boolean {
    if (this.#carry.active) return true;
    return this.#activity !== 'off' && !this.#isSilent(now);
  }

  /** So long that nothing may be predicted. */
  #isSilent(now: Instant): boolean {
    return this.#heldCount === 0 && now > this.#lastPerformed + SILENT_AFTER;
  }

  readonly #onExpected = (_slot: number, expected: ExpectedNotes): void => {
    const now = this.#deps.clock.now();
    if (this.#carry.active) {
      for (let i = 0; i < expected.count; i++) this.#carryOnWith(expected, i, now);
    } else if (this.#activity !== 'off') {
      for (let i = 0; i < expected.count; i++) this.#consider(expected, i, now);
    }
    this.#arm();
  };

  #consider(expected: ExpectedNotes, i: number, now: Instant): void {
    const { quantizer, networkDelay } = this.#deps;
    const held = networkDelay(0.5) < SHORT_WAY ? HELD_BACK : 0;
    const at = quantizer.move(expected.at[i] ?? 0) + held;
    const likely = expected.likely[i] ?? 0;
    const score = scoreOf(likely, expected.precise[i] ?? 0);
    const kind = this.#kindOf(expected.key[i] ?? 0);
    if (Math.abs((this.#lastStruck[kind] ?? 0) - at) < REPEAT) return;
    if (score < this.#budget.threshold || this.#player.falseRun >= FALSE_RUN) return;
    if (at < now - PASSED) {
      this.counts.tooLate++;
      return;
    }
    const deadline = at + WINDOW + networkDelay(SLOWEST) + STRAGGLERS;
    const length = expected.length[i] ?? 0;
    let end = length > 0 && length < SHORT ? Math.min(at + length, deadline) : deadline;
    if (this.#heldCount === 0) end = Math.min(end, this.#lastPerformed + SILENT_AFTER);
    if (end < at + SHORTEST) return;
    const note = this.#fill(expected, i, kind, Math.max(at, now));
    note.end = Math.max(end, note.at + SHORTEST);
    note.deadline = deadline;
    note.isShadow = this.#activity !== 'play' || this.#wet === 0;
    note.isCarried = false;
    this.#player.add(note);
  }

  #carryOnWith(expected: ExpectedNotes, i: number, now: Instant): void {
    const carry = this.#carry;
    const at = Math.max(expected.at[i] ?? 0, now);
    if (!carry.plays(expected.likely[i] ?? 0) || at + SHORTEST > carry.until) return;
    const note = this.#fill(expected, i, this.#kindOf(expected.key[i] ?? 0), at);
    note.velocity = carry.velocityAt(at, note.velocity);
    note.end = Math.min(at + Math.max(SHORTEST, expected.length[i] ?? 0), carry.until);
    note.deadline = note.end;
    note.isShadow = false;
    note.isCarried = true;
    this.#player.add(note);
  }

  #fill(expected: ExpectedNotes, i: number, kind: number, at: number): PredictedNote {
    const note = this.#note;
    note.kind = kind;
    note.channel = expected.channel[i] ?? 0;
    note.key = expected.key[i] ?? 0;
    note.velocity = expected.velocity[i] ?? 64;
    note.at = at;
    return note;
  }

  #arm(): void {
    let next = this.#player.nextDue;
    const predictor = this.#predictor;
    const now = this.#deps.clock.now();
    if (this.#carry.active && this.#carry.until < next) next = this.#carry.until;
    if (predictor && this.#isAsking(now)) {
      const decision = this.#decisions.nextDue(predictor, now);
      if (decision < next) next = decision;
    }
    if (next === Number.POSITIVE_INFINITY) this.#alarm.clear();
    else this.#alarm.set(next as Instant);
  }
}
