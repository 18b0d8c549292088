/**
 * A sequencer that follows MIDI clock and a tape machine that follows MIDI time code, for rtp-midi-synthesizer.ts.
 *
 * Spec   MIDI 1.0 Detailed Specification 4.2, system common and real-time messages; MIDI Time Code 1.0.
 */
import type { RealTimeMessage, SystemCommonMessage } from '../../runtime/core/midi-message.ts';

const CLOCKS_PER_BEAT = 6;
/** Frames a second, by the two bits above the hours. */
const RATES: readonly number[] = [24, 25, 30, 30];

export class SyntheticTransport {
  song = -1;
  /** Undefined until something was said of it. */
  running: boolean | undefined;
  /** The clock that is played next. */
  position = 0;
  /** Where it is was said. */
  located = false;
  /** The last whole time code: hours with the rate, minutes, seconds, frames. */
  tape = '';
  /** Quarter frames since, in order. */
  readonly #pieces = new Uint8Array(8);
  #count = 0;
  #last = -1;
  #direction = 0;

  take(message: RealTimeMessage | SystemCommonMessage): void {
    switch (message.kind) {
      case 'start':
        this.running = true;
        this.position = 0;
        this.located = true;
        return;
      case 'continue':
        this.running = true;
        return;
      case 'stop':
        this.running = false;
        return;
      case 'songPosition':
        this.position = message.beats * CLOCKS_PER_BEAT;
        this.located = true;
        return;
      case 'timingClock':
        if (this.running) this.position++;
        return;
      case 'songSelect':
        this.song = message.song;
        return;
      case 'mtcQuarterFrame':
        this.#takeQuarterFrame(message.piece, message.nibble);
        return;
      // Not its business.
      case 'activeSensing':
      case 'systemReset':
      case 'sysEx':
      case 'tuneRequest':
        return;
    }
  }

  /** False: it is no time code. */
  takeFullFrame(data: Uint8Array): boolean {
    const [id, , kind, value, ...time] = data;
    if (data.length !== 8 || id !== 0x7f || kind !== 1 || value !== 1) return false;
    this.tape = time.join(':');
    this.#count = 0;
    return true;
  }

  reset(): void {
    this.song = -1;
    this.running = undefined;
    this.position = 0;
    this.located = false;
    this.tape = '';
    this.#count = 0;
  }

  /** In frames of its rate; drop-frame numbers are not counted. */
  get frames(): number {
    const [hours = 0, minutes = 0, seconds = 0, frames = 0] = this.tape.split(':').map(Number);
    const rate = RATES[(hours >> 5) & 3] ?? 30;
    return (((hours & 31) * 60 + minutes) * 60 + seconds) * rate + frames;
  }

  #takeQuarterFrame(piece: number, nibble: number): void {
    const follows = this.#count > 0 && piece === this.#last + this.#direction;
    if (!follows) {
      this.#count = 0;
      // A tape that turns says its last piece once: it belongs to the way it came.
      const turns = (piece === 7 && this.#last === 6) || (piece === 0 && this.#last === 1);
      this.#last = piece;
      if (turns || (piece !== 0 && piece !== 7)) return;
      this.#direction = piece === 0 ? 1 : -1;
    }
    this.#pieces[piece] = nibble;
    this.#last = piece;
    this.#count++;
    if (this.#count < 8) return;
    const p = this.#pieces;
    const two = (at: number): number => ((p[at + 1] ?? 0) << 4) | (p[at] ?? 0);
    this.tape = [two(6), two(4), two(2), two(0)].join(':');
    this.#count = 0;
  }
}
