/**
 * Plays the predicted notes of one part: each at its time, ended in time, and false when nothing came of it.
 *
 * Takes  predicted notes; what became of them.
 * Gives  note-ons and note-offs to the part's keys; counts; when it has something to do next.
 * Keeps  the predicted notes (predicted-notes.ts). Nothing allocated.
 */
import { STATUS, shortMessage } from '../../core/midi-bytes.ts';
import type { Instant } from '../../core/time.ts';
import type { NoteOn, SoundingKeys } from '../live/sounding-keys.ts';
import type { TellNote } from '../note-tap.ts';
import type { FalseNoteBudget } from './false-note-budget.ts';
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
import type { PredictionCounts } from './prediction-counts.ts';

export interface PredictedNote {
  kind: number;
  channel: number;
  key: number;
  velocity: number;
  at: number;
  /** When it ends unless it is confirmed. */
  end: number;
  /** When it is false unless it is confirmed. */
  deadline: number;
  /** It is only watched. */
  isShadow: boolean;
  /** Nobody will tell whether it was right. */
  isCarried: boolean;
}

/** Before it is due, a predicted note is handed over: by then it can't be taken back. */
const HANDOVER = 6_000;
const FORGOTTEN = 1_500_000;
/** Two notes of one key are not closer. */
const REPEAT = 45_000;

export class PredictedPlayer {
  readonly notes: PredictedNotes = new PredictedNotes();
  /** False notes since the last true one. */
  falseRun = 0;
  readonly #keys: SoundingKeys;
  readonly #counts: PredictionCounts;
  readonly #tell: TellNote;

  constructor(keys: SoundingKeys, counts: PredictionCounts, tell: TellNote) {
    this.#keys = keys;
    this.#counts = counts;
    this.#tell = tell;
  }

  /** One that is too near another of its kind is not added. */
  add(note: PredictedNote): void {
    const { notes } = this;
    if (notes.nearest(note.kind, note.at, REPEAT, REPEAT) !== NONE) return;
    const place = notes.add();
    if (place === NONE) return;
    notes.stage[place] = note.isShadow ? SHADOW : PENDING;
    notes.carried[place] = note.isCarried ? 1 : 0;
    notes.kind[place] = note.kind;
    notes.channel[place] = note.channel;
    notes.key[place] = note.key & 0x7f;
    notes.velocity[place] = note.velocity;
    notes.at[place] = note.at;
    notes.end[place] = note.end;
    notes.deadline[place] = note.deadline;
  }

  /** Plays what is due, ends what has had its time, and finds out what was false. */
  settle(now: Instant, budget: FalseNoteBudget): void {
    const { notes } = this;
    for (let index = 0; index < notes.size; index++) {
      const place = notes.place(index);
      if (notes.fate[place] !== OPEN) continue;
      if (notes.stage[place] === PENDING) {
        if ((notes.at[place] ?? 0) - HANDOVER <= now) this.#sound(place);
        continue;
      }
      const isFalse = (notes.deadline[place] ?? 0) <= now;
      if (notes.stage[place] === SOUNDED && (isFalse || (notes.end[place] ?? 0) <= now)) {
        this.#end(place, now, isFalse && notes.carried[place] === 0 ? 'corrected' : 'predicted');
      }
      if (isFalse) this.#failed(place, budget);
    }
    notes.forget(now - FORGOTTEN);
  }

  /** What has not sounded will not; what sounds and is not confirmed ends. */
  withdraw(now: Instant): void {
    const { notes } = this;
    for (let index = 0; index < notes.size; index++) {
      const place = notes.place(index);
      if (notes.fate[place] === OPEN && notes.stage[place] === SOUNDED) {
        this.#end(place, now, 'corrected');
      }
    }
    notes.clear();
  }

  /** When something is to be done next. */
  get nextDue(): number {
    const { notes } = this;
    let next = Number.POSITIVE_INFINITY;
    for (let index = 0; index < notes.size; index++) {
      const place = notes.place(index);
      if (notes.fate[place] !== OPEN) continue;
      const due = this.#dueOf(place);
      if (due < next) next = due;
    }
    return next;
  }

  #dueOf(place: number): number {
    const { notes } = this;
    const deadline = notes.deadline[place] ?? 0;
    if (notes.stage[place] === PENDING) return (notes.at[place] ?? 0) - HANDOVER;
    const ends = notes.stage[place] === SOUNDED && notes.ended[place] === 0;
    return ends ? Math.min(notes.end[place] ?? 0, deadline) : deadline;
  }

  #sound(place: number): void {
    const { notes } = this;
    const channel = notes.channel[place] ?? 0;
    const key = notes.key[place] ?? 0;
    const velocity = notes.velocity[place] ?? 0;
    const message = noteOnOf(channel, key, velocity);
    if (!message) {
      notes.fate[place] = CONFIRMED;
      return;
    }
    notes.stage[place] = SOUNDED;
    notes.at[place] = this.#keys.predict(message, notes.at[place] ?? 0);
    if (notes.carried[place] === 0) this.#counts.predicted++;
    this.#tell('predicted', channel, key, velocity, notes.at[place] ?? 0);
  }

  #end(place: number, now: number, cause: 'corrected' | 'predicted'): void {
    const { notes } = this;
    if (notes.ended[place] === 1) return;
    notes.ended[place] = 1;
    if (cause === 'corrected') {
      this.#counts.corrected++;
      this.#tellOf(place, 'corrected');
    }
    const end = cause === 'predicted' ? Math.max(notes.end[place] ?? now, now) : now;
    this.#keys.endPredicted(
      notes.channel[place] ?? 0,
      notes.key[place] ?? 0,
      notes.at[place] ?? 0,
      end,
      cause,
    );
    if (notes.carried[place] === 1) notes.fate[place] = CONFIRMED;
  }

  #failed(place: number, budget: FalseNoteBudget): void {
    const { notes } = this;
    if (notes.carried[place] === 1) return;
    notes.fate[place] = FALSE;
    this.#counts.resolved(false);
    // What is only watched is steered as if it were played, so that it tells how that would be.
    budget.falseNote();
    this.falseRun++;
    if (notes.stage[place] !== SOUNDED) return;
    this.#counts.falseNotes++;
    this.#tellOf(place, 'false');
  }

  #tellOf(place: number, fate: 'corrected' | 'false'): void {
    const { notes } = this;
    this.#tell(
      fate,
      notes.channel[place] ?? 0,
      notes.key[place] ?? 0,
      notes.velocity[place] ?? 0,
      notes.at[place] ?? 0,
    );
  }
}

export function noteOnOf(channel: number, key: number, velocity: number): NoteOn | undefined {
  const held = Math.min(127, Math.max(1, Math.round(velocity)));
  const message = shortMessage(STATUS.noteOn | (channel & 15), key & 0x7f, held);
  return message?.kind === 'noteOn' ? message : undefined;
}
