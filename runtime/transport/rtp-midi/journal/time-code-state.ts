/**
 * Where the tape is, as MIDI Time Code told so far: what Chapter F describes.
 *
 * Takes  Quarter Frames and Full Frames with a stamp that grows.
 * Gives  the newest complete frame value, the series of Quarter Frames that has begun, and the direction; nibbles and
 *        values as they stand in Chapter F. Stamps of 0: nothing active to code.
 * Keeps  a few numbers. A series begins with piece 0 forward or piece 7 in reverse; what the source began elsewhere
 *        counts for the direction only.
 * Spec   RFC 6295 appendix B.4; MIDI Time Code 1.0.
 */
import { fullFrameOf, movedBy, nibbleOf, withNibble } from './time-code-frame.ts';

const PIECES = 8;
/** A forward series takes this long, so it tells of the time when it began (B.4). */
const LATENCY_FRAMES = 2;
const NONE = -1;

/** Quarter Frames one after the other in one direction, from its first piece on. */
interface Series {
  length: number;
  nibbles: number;
}

export class TimeCodeState {
  /** COMPLETE: eight nibbles, two frames on if forward, or the four octets of a Full Frame. Unsigned. */
  complete = 0;
  /** `complete` comes from Quarter Frames. */
  fromQuarterFrames = false;
  completeStamp = 0;
  reverse = false;
  /** Of the newest command. */
  stamp = 0;
  readonly #forward: Series = { length: 0, nibbles: 0 };
  readonly #backward: Series = { length: 0, nibbles: 0 };
  #known = false;
  #last = NONE;
  /** The series behind `complete`, as it was sent. */
  #sent = 0;

  /** PARTIAL: nibbles of the series that has begun, `length` of them. */
  get series(): number {
    return this.#begun.nibbles;
  }

  get length(): number {
    return this.#begun.length;
  }

  /** The piece that the series has come to; without one, what POINT says then. */
  get point(): number {
    if (this.length === 0) return this.reverse ? 0 : PIECES - 1;
    return this.#last;
  }

  quarterFrame(piece: number, nibble: number, stamp: number): void {
    this.stamp = stamp;
    const step = this.#last === NONE ? 0 : (piece - this.#last) & 7;
    this.#turn(piece, step);
    this.#last = piece;
    // The first piece of one direction may be the last of the other, so both are followed.
    extend(this.#forward, piece === 0 ? 0 : step === 1 ? piece : NONE, piece, nibble);
    const left = PIECES - 1 - piece;
    extend(this.#backward, left === 0 ? 0 : step === 7 ? left : NONE, piece, nibble);
    const series = this.#begun;
    if (series.length < PIECES) return;
    this.#sent = series.nibbles;
    this.complete = this.reverse ? series.nibbles : movedBy(series.nibbles, LATENCY_FRAMES);
    this.fromQuarterFrames = true;
    this.completeStamp = stamp;
    this.#known = true;
    end(series);
  }

  /** `value`: hr mn sc fr, the first highest. */
  fullFrame(value: number, stamp: number): void {
    this.stamp = stamp;
    this.complete = value;
    this.fromQuarterFrames = false;
    this.completeStamp = stamp;
    this.reverse = false;
    this.#known = true;
    this.#last = NONE;
    this.#endSeries();
  }

  /** The newest complete value is this one, be it that the peer forgot the two frames and the form of Quarter Frames. */
  isAt(complete: number, fromQuarterFrames: boolean): boolean {
    if (!this.#known) return false;
    if (this.fromQuarterFrames === fromQuarterFrames) return this.complete === complete;
    return this.fromQuarterFrames && fullFrameOf(this.#sent) === complete;
  }

  /** The series so far is how this one begins. */
  begins(series: number, length: number, reverse: boolean): boolean {
    if (this.length > length || this.reverse !== reverse) return false;
    for (let i = 0; i < this.length; i++) {
      const piece = reverse ? PIECES - 1 - i : i;
      if (nibbleOf(series, piece) !== nibbleOf(this.series, piece)) return false;
    }
    return true;
  }

  /** The series as its source sends it that makes this COMPLETE (from Quarter Frames). */
  seriesOf(complete: number): number {
    return this.reverse ? complete : movedBy(complete, -LATENCY_FRAMES);
  }

  /** The newest complete value is that of Quarter Frames, although a Full Frame stood for them. */
  assumeComplete(complete: number): void {
    this.complete = complete;
    this.fromQuarterFrames = true;
  }

  /** As a Chapter F says: what has begun (nothing: length 0), and the direction. */
  assumeSeries(nibbles: number, length: number, reverse: boolean): void {
    if (length === 0 && this.length === 0 && this.reverse === reverse) return;
    this.#last = NONE;
    if (length > 0) this.#last = reverse ? PIECES - length : length - 1;
    this.#endSeries();
    this.reverse = reverse;
    this.#begun.nibbles = nibbles;
    this.#begun.length = length;
  }

  /** Nothing before is active, or ever was. */
  reset(): void {
    this.complete = 0;
    this.fromQuarterFrames = false;
    this.completeStamp = 0;
    this.reverse = false;
    this.stamp = 0;
    this.#known = false;
    this.#last = NONE;
    this.#endSeries();
  }

  get #begun(): Series {
    return this.reverse ? this.#backward : this.#forward;
  }

  /** The direction follows from two neighbours, or from a piece that begins a series. */
  #turn(piece: number, step: number): void {
    if (step === 1) this.reverse = false;
    else if (step === 7) this.reverse = true;
    else if (piece === 0) this.reverse = false;
    else if (piece === PIECES - 1) this.reverse = true;
  }

  #endSeries(): void {
    end(this.#forward);
    end(this.#backward);
  }
}

/** `before`: how many pieces the series has, if this one is its next; NONE if it can't be. */
function extend(series: Series, before: number, piece: number, nibble: number): void {
  if (before !== 0 && before !== series.length) {
    end(series);
    return;
  }
  series.nibbles = withNibble(before === 0 ? 0 : series.nibbles, piece, nibble);
  series.length = before + 1;
}

function end(series: Series): void {
  series.length = 0;
  series.nibbles = 0;
}
