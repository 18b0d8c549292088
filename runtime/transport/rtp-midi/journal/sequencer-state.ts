/**
 * Where the song is and whether it runs: what Chapter Q describes.
 *
 * Takes  Song Position, Start, Continue, Stop and Timing Clocks, with a stamp that grows.
 * Gives  run state, position and downbeat, and the stamps that make Chapter Q due. Stamps of 0: nothing active to code.
 * Keeps  a few numbers. Positions count timing clocks, 24 to a quarter note, modulo 524288.
 * Spec   RFC 6295 appendix B.3; MIDI 1.0 Detailed Specification 4.2, System Real Time and Song Position Pointer.
 */

/** Positions have 19 bits. */
export const POSITION_SPAN = 0x8_0000;
/** A Song Position Pointer counts MIDI beats. */
export const CLOCKS_PER_BEAT = 6;

export class SequencerState {
  running = false;
  position = 0;
  /** The position was played: the next clock leads to the one after it. Otherwise the next clock plays it. */
  played = false;
  /** The position was said. Otherwise it is the start of the song, wherever others may stand. */
  located = false;
  /** Of the newest command that changed something. */
  changed = 0;
  /** Of the newest command that had a say, even if all stayed as it was. */
  stamp = 0;
  /** Of a receiver: the peer was seen to set `played` in a journal. */
  peerMarksPlayed = false;
  /** The last of Start and Continue was Continue. */
  #continued = false;
  /** The count came round to 0: this is not the start of the song. */
  #wrapped = false;

  /** What the next clock plays, once the sequencer runs. */
  get next(): number {
    return this.played ? (this.position + 1) % POSITION_SPAN : this.position;
  }

  /** The position is coded as "start of the song" (C = 0). */
  get atStart(): boolean {
    if (this.position !== 0 || this.#wrapped) return false;
    return !(this.running && !this.played && this.#continued);
  }

  start(stamp: number): void {
    const same = this.running && !this.played && this.atStart;
    this.running = true;
    this.#continued = false;
    this.#locate(0);
    this.#note(!same, stamp);
  }

  continue(stamp: number): void {
    const same = this.running && (this.#continued || this.played || this.position !== 0);
    this.running = true;
    this.#continued = true;
    this.#note(!same, stamp);
  }

  stop(stamp: number): void {
    const same = !this.running;
    this.running = false;
    this.#note(!same, stamp);
  }

  locate(beats: number, stamp: number): void {
    const position = beats * CLOCKS_PER_BEAT;
    const same = position === this.position && !this.played && !this.#wrapped;
    this.#locate(position);
    this.#note(!same, stamp);
  }

  /** A clock moves nothing while the song is stopped. */
  clock(stamp: number): void {
    if (!this.running) return;
    if (this.played) {
      this.position = (this.position + 1) % POSITION_SPAN;
      if (this.position === 0) this.#wrapped = true;
    }
    this.played = true;
    this.#note(true, stamp);
  }

  /** As a Chapter Q says it is. */
  assume(running: boolean, played: boolean, position: number, atStart: boolean): void {
    this.running = running;
    this.played = played;
    this.position = position;
    this.located = true;
    const startByContinue = position === 0 && running && !played && !atStart;
    if (position === 0) this.#wrapped = !atStart && !startByContinue;
    if (position === 0 && running && !played) this.#continued = startByContinue;
  }

  /** Nothing before is active. */
  reset(): void {
    this.running = false;
    this.#continued = false;
    this.#locate(0);
    this.located = false;
    this.changed = 0;
    this.stamp = 0;
  }

  forget(): void {
    this.reset();
    this.peerMarksPlayed = false;
  }

  #locate(position: number): void {
    this.position = position;
    this.located = true;
    this.played = false;
    this.#wrapped = false;
  }

  #note(changed: boolean, stamp: number): void {
    this.stamp = stamp;
    if (changed) this.changed = stamp;
  }
}
