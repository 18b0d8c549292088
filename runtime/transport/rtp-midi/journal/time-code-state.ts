/**
 * Where the tape is, as MIDI Time Code told so far: what Chapter F describes.
 *
 * Takes  Quarter Frames and Full Frames with a stamp that grows.
 * Gives  the newest complete frame value, the series of Quarter Frames that has begun, and the direction; nibbles and
 *        values as they stand in Chapter F. Stamps of 0: nothing active to code.
 * Keeps  a few numbers. A series counts from its proper start, piece 0 forward or piece 7 in reverse; one that the
 *        source began elsewhere counts for the direction only.
 * Spec   RFC 6295 appendix B.4; MIDI Time Code 1.0.
 */
import { fullFrameOf, movedBy, nibbleOf, withNibble } from './time-code-frame.ts';

const PIECES = 8;
/** A forward series takes this long, so it tells of the time when it began (B.4). */
const LATENCY_FRAMES = 2;
const NONE = -1;

export class TimeCodeState {
  /** COMPLETE: eight nibbles, two frames on if forward, or the four octets of a Full Frame. Unsigned. */
  complete = 0;
  /** `complete` comes from Quarter Frames. */
  fromQuarterFrames = false;
  completeStamp = 0;
  /** PARTIAL: nibbles of the series that has begun, `length` of them. */
  series = 0;
  length = 0;
  reverse = false;
  /** Of the newest command. */
  stamp = 0;
  #known = false;
  #last = NONE;
  /** The series behind `complete`, as it was sent. */
  #sent = 0;

  /** The piece that the series has come to; without one, what POINT says then. */
  get point(): number {
    if (this.length === 0) return this.reverse ? 0 : PIECES - 1;
    return this.#last;
  }

  quarterFrame(piece: number, nibble: number, stamp: number): void {
    this.stamp = stamp;
    const step = this.#last === NONE ? 0 : (piece - this.#last) & 7;
    const turned = this.#turn(piece, step);
    this.#last = piece;
    if (piece === (this.reverse ? PIECES - 1 : 0)) {
      this.length = 1;
      this.series = 0;
    } else if (this.length > 0 && !turned && (step === 1 || step === 7)) {
      this.length++;
    } else {
      this.#endSeries();
      return;
    }
    this.series = withNibble(this.series, piece, nibble);
    if (this.length < PIECES) return;
    this.#sent = this.series;
    this.complete = this.reverse ? this.series : movedBy(this.series, LATENCY_FRAMES);
    this.fromQuarterFrames = true;
    this.completeStamp = stamp;
    this.#known = true;
    this.#endSeries();
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
  assumeSeries(series: number, length: number, reverse: boolean): void {
    if (length > 0) this.#last = reverse ? PIECES - length : length - 1;
    else if (this.length > 0 || this.reverse !== reverse) this.#last = NONE;
    this.series = series;
    this.length = length;
    this.reverse = reverse;
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

  /** The direction follows from two neighbours, or from a piece that begins a series. True when it changed. */
  #turn(piece: number, step: number): boolean {
    const before = this.reverse;
    if (step === 1) this.reverse = false;
    else if (step === 7) this.reverse = true;
    else if (piece === 0) this.reverse = false;
    else if (piece === PIECES - 1) this.reverse = true;
    return this.reverse !== before;
  }

  #endSeries(): void {
    this.length = 0;
    this.series = 0;
  }
}
