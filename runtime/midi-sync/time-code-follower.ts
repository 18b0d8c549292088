/**
 * Follows the MIDI Time Code of one stream.
 *
 * Takes  its quarter frames and Full Frames with their times of performance, and how many of its packets were lost.
 * Gives  which frame is told when, in either direction, at the speed at which it runs; places it was sent to.
 * Keeps  a line through the quarter frames (pulse-line.ts) and the last time that was told in whole. Allocates nothing per message.
 *
 * Once eight pieces in a row have told a time, lost ones are counted by the time that passed and by the number that each
 * piece carries, so the count is right after any loss that is not longer than the source is even. A time that contradicts
 * the count is a jump. A Full Frame that the recovery journal brought back agrees with the count, or is a jump.
 */
import type { MidiMessage } from '../core/midi-message.ts';
import { fromMillis, type Instant, type Micros } from '../core/time.ts';
import { PulseLine } from './pulse-line.ts';
import {
  type CodedFrame,
  FRAMES_TOLD,
  PIECES,
  QUARTERS,
  readFullFrame,
  readNibbles,
} from './time-code.ts';

/** Tape that isn't heard runs on for so long. */
const COAST: Micros = fromMillis(500);
/** A recovered time may be off by so many frames, told two frames late as it is. */
const SAME_PLACE = 4;

/** From its pulse on, `frame` and what follows it are told. */
export interface CodeAnchor extends CodedFrame {
  pulse: number;
  backward: boolean;
}

export class TimeCodeFollower {
  readonly anchor: CodeAnchor = { pulse: 0, frame: 0, rate: 1, backward: false };
  /** Grows with each new anchor. What was before it ended with pulse `ended`. */
  version = 0;
  ended = 0;
  locked = false;
  /** Where the tape was sent last, and when; `locates` counts. */
  readonly place: CodedFrame = { frame: 0, rate: 1 };
  placedAt = 0;
  locates = 0;
  heard = 0;
  readonly #line = new PulseLine();
  readonly #nibbles = new Uint8Array(PIECES);
  readonly #told: CodedFrame = { frame: 0, rate: 1 };
  #last = -1;
  /** Pieces in a row, and which way they count. */
  #streak = 0;
  #backward = false;
  #lost = 0;
  #aliveAt = Number.NEGATIVE_INFINITY;

  get period(): number {
    return this.#line.period;
  }

  get steady(): boolean {
    return this.#line.steady;
  }

  get silentAt(): number {
    return this.#aliveAt + COAST;
  }

  get horizon(): number {
    if (!this.steady) return this.heard;
    return Math.max(this.heard, Math.ceil(this.#line.numberAt(this.silentAt)));
  }

  timeOf(pulse: number): number {
    return this.#line.timeOf(pulse);
  }

  pulseAt(time: number): number {
    return this.#line.numberAt(time);
  }

  receive(message: MidiMessage, at: Instant, recovered: boolean, packetsLost: number): void {
    if (message.kind === 'mtcQuarterFrame') {
      // A piece without its time is found again by its number and the time that passed.
      if (!recovered) this.#quarter(message.piece & 7, message.nibble & 15, at, packetsLost);
    } else if (readFullFrame(message, this.#told)) {
      if (!(recovered && this.#isWhere(this.#told, at))) this.#locate(at);
    }
  }

  #quarter(piece: number, nibble: number, at: number, packetsLost: number): void {
    const lost = packetsLost !== this.#lost;
    this.#lost = packetsLost;
    if (lost && this.steady) this.#skipTo(piece, at);
    if (at > this.silentAt) {
      this.#line.restart();
      this.#unlock();
    }
    this.#aliveAt = at;
    if (this.locked && pieceAt(this.anchor, this.heard) !== piece) this.#unlock();
    this.#line.add(this.heard, at);
    this.#assemble(piece, nibble);
    this.heard++;
  }

  /** Counts what was lost: as the time tells, and so that the numbers of the pieces agree. */
  #skipTo(piece: number, at: number): void {
    const passed = Math.max(0, Math.round(this.#line.numberAt(at) - this.heard));
    if (!this.locked) {
      this.heard += passed;
      return;
    }
    const expected = pieceAt(this.anchor, this.heard + passed);
    const ahead = this.anchor.backward ? expected - piece : piece - expected;
    // The nearest pulse with that number: three behind to four ahead.
    const nearest = ((ahead + 3 + PIECES) % PIECES) - 3;
    this.heard += passed + nearest < 0 ? passed + nearest + PIECES : passed + nearest;
  }

  #assemble(piece: number, nibble: number): void {
    const step = (piece - this.#last + PIECES) % PIECES;
    const backward = step === PIECES - 1;
    const follows = this.#last >= 0 && (step === 1 || backward);
    if (!follows) this.#streak = 1;
    else if (this.#streak > 1 && backward !== this.#backward) this.#streak = 2;
    else this.#streak++;
    this.#backward = backward && follows;
    this.#last = piece;
    this.#nibbles[piece] = nibble;
    const isLast = piece === (this.#backward ? 0 : PIECES - 1);
    if (!isLast || this.#streak < PIECES || !readNibbles(this.#nibbles, this.#told)) return;
    const first = this.heard - (PIECES - 1);
    const { anchor } = this;
    const known =
      this.locked &&
      anchor.rate === this.#told.rate &&
      anchor.backward === this.#backward &&
      frameAt(anchor, first) === this.#told.frame;
    if (known) return;
    this.#unlock();
    anchor.pulse = first;
    anchor.frame = this.#told.frame;
    anchor.rate = this.#told.rate;
    anchor.backward = this.#backward;
    this.locked = true;
    this.version++;
  }

  #unlock(): void {
    if (this.locked) this.ended = this.heard;
    this.locked = false;
  }

  #isWhere({ frame, rate }: Readonly<CodedFrame>, at: number): boolean {
    if (!this.locked || !this.steady || rate !== this.anchor.rate) return false;
    const now = this.anchor.frame + this.#framesSince(at) * (this.anchor.backward ? -1 : 1);
    return Math.abs(now - frame) <= SAME_PLACE;
  }

  #framesSince(at: number): number {
    return (this.#line.numberAt(at) - this.anchor.pulse) / QUARTERS;
  }

  #locate(at: number): void {
    this.#unlock();
    this.#streak = 0;
    this.#last = -1;
    this.place.frame = this.#told.frame;
    this.place.rate = this.#told.rate;
    this.placedAt = at;
    this.locates++;
  }
}

/** Which of the eight pieces falls on a pulse. */
export function pieceAt(anchor: CodeAnchor, pulse: number): number {
  const ahead = (((pulse - anchor.pulse) % PIECES) + PIECES) % PIECES;
  return anchor.backward ? PIECES - 1 - ahead : ahead;
}

/** The frame that the pieces around a pulse tell. */
export function frameAt(anchor: CodeAnchor, pulse: number): number {
  const times = Math.floor((pulse - anchor.pulse) / PIECES);
  return anchor.frame + times * FRAMES_TOLD * (anchor.backward ? -1 : 1);
}
