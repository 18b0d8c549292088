/**
 * Follows the timing clock and transport of one stream.
 *
 * Takes  its real-time messages and song positions with their times of performance, and how many of its packets were lost.
 * Gives  tempo, phase, song position and transport, as a PulseSource.
 * Keeps  a line through the clocks (pulse-line.ts) and their count. Pure; allocates nothing per message.
 *
 * Network jitter is not in the times of performance; what strays is the sender. The count is right in spite of loss: what
 * the recovery journal brings back is gathered and weighed as a whole; where a peer keeps no journal of
 * its clock, lost packets and the time that passed tell how many clocks are missing. Without loss a longer interval is a
 * slower clock, whatever its length.
 */
import type { MidiMessage } from '../core/midi-message.ts';
import { fromMillis, type Instant, type Micros } from '../core/time.ts';
import { PulseLine } from './pulse-line.ts';
import { type PulseSource, TransportChanges } from './pulse-source.ts';

/** Clocks to a MIDI beat, the unit of song positions. */
export const CLOCKS_PER_BEAT: number = 6;
export const CLOCKS_PER_QUARTER: number = 24;
/** A clock that isn't heard goes on for this long; when the transport stands still there is little to go on with. */
const COAST: Micros = fromMillis(1_000);
const COAST_STOPPED: Micros = fromMillis(300);
/** A clock that is foretold is given late: the later, the better it is known that the source went on. */
const FORETOLD: Micros = fromMillis(4);
/** A longer gap is not counted through. */
const COUNTED_GAP: Micros = fromMillis(10_000);
/** A journal's position may differ by so many clocks from what the time that passed tells. */
const DOUBT = 2;
/** When a clock counts as missing: half a period after it fell another clock is not it; a transport message soon. */
const HALF = 0.5;
const SOONER = 0.9;

export class ClockFollower implements PulseSource {
  readonly changes: TransportChanges = new TransportChanges();
  readonly foretold: number = FORETOLD;
  readonly #line = new PulseLine();
  heard = 0;
  running = false;
  /** Times of performance: of the last clock, and of the last sign of life. */
  #clockAt = Number.NEGATIVE_INFINITY;
  #aliveAt = Number.NEGATIVE_INFINITY;
  /** While running: the pulse of position 0. */
  #base = 0;
  #stoppedAt = 0;
  #lost = 0;
  /** A journal tells of this clock: what it doesn't say isn't so. */
  #journalled = false;
  /** What the journal says at present: the state at the time of its packet. */
  readonly #word = { speaking: false, at: 0, position: 0, clocks: 0, running: false, start: false };

  get period(): number {
    return this.#line.period;
  }

  get steady(): boolean {
    return this.#line.steady;
  }

  get begun(): number {
    return this.#line.begun;
  }

  get position(): number {
    return this.running ? this.heard - this.#base : this.#stoppedAt;
  }

  get silentAt(): number {
    return this.#aliveAt + (this.running ? COAST : COAST_STOPPED);
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

  /** `packetsLost`: of this stream, in all, up to this message. */
  receive(
    message: MidiMessage,
    performedAt: Instant,
    recovered: boolean,
    packetsLost: number,
  ): void {
    if (recovered) {
      this.#lost = packetsLost;
      this.#hearJournal(message, performedAt);
      return;
    }
    this.#settle(message.kind === 'timingClock' && performedAt === this.#word.at ? HALF : SOONER);
    switch (message.kind) {
      case 'timingClock':
        this.#countLost(performedAt, packetsLost, HALF);
        this.#line.add(this.heard, performedAt);
        this.heard++;
        this.#clockAt = performedAt;
        return;
      case 'start':
        this.#countLost(performedAt, packetsLost, SOONER);
        if (!this.running || this.position > 0) this.#run(performedAt, 0, true);
        return;
      case 'continue':
        this.#countLost(performedAt, packetsLost, SOONER);
        if (!this.running) this.#run(performedAt, this.#stoppedAt, false);
        return;
      case 'stop':
        this.#countLost(performedAt, packetsLost, SOONER);
        this.#stop(performedAt, this.position);
        return;
      case 'songPosition':
        this.#countLost(performedAt, packetsLost, SOONER);
        this.#locate(performedAt, message.beats * CLOCKS_PER_BEAT);
        return;
      default:
        return;
    }
  }

  /** Draws the conclusion from what the journal brought back, once all of it is here. */
  settle(): void {
    this.#settle(SOONER);
  }

  /** A packet that brings a clock itself speaks of what was before that one. */
  #settle(rounding: number): void {
    const word = this.#word;
    if (!word.speaking) return;
    word.speaking = false;
    const { at } = word;
    const passed = this.#passed(at, rounding);
    const known = this.position;
    const told = this.#believe(known);
    const missed = told - known;
    const isLoss = this.steady
      ? missed >= 0 && missed <= passed + DOUBT
      : missed >= 0 && missed <= CLOCKS_PER_QUARTER;
    if (this.running) {
      if (word.running && isLoss && !word.start) {
        this.heard += missed;
      } else if (word.running) {
        this.heard += Math.max(passed, word.start ? told : 0);
        if (word.start) this.#run(at, 0, true, told);
        else this.#locate(at, told);
      } else {
        this.heard += Math.max(passed, isLoss ? missed : 0);
        this.#stop(at, told);
      }
      return;
    }
    if (!word.running) {
      this.heard += word.clocks;
      if (missed !== 0) this.#locate(at, told);
      return;
    }
    this.heard += Math.max(passed, word.start ? told : isLoss ? missed : 0);
    if (word.start) this.#run(at, 0, true, told);
    else if (isLoss) this.#run(at, known, false, missed);
    else this.#run(at, told, false);
  }

  #hearJournal(message: MidiMessage, at: number): void {
    const word = this.#word;
    if (!word.speaking) {
      word.speaking = true;
      word.at = at;
      word.position = this.position;
      word.running = this.running;
      word.start = false;
      word.clocks = 0;
    }
    this.#journalled = true;
    switch (message.kind) {
      case 'timingClock':
        word.clocks++;
        return;
      case 'start':
      case 'songPosition':
        word.position = message.kind === 'start' ? 0 : message.beats * CLOCKS_PER_BEAT;
        word.clocks = 0;
        word.start = message.kind === 'start';
        if (word.start) word.running = true;
        return;
      case 'continue':
      case 'stop':
        word.running = message.kind === 'continue';
        return;
      default:
        return;
    }
  }

  /** A journal that stands still tells the nearest sixteenth: what was counted is more exact. Nor do clocks move it then. */
  #believe(known: number): number {
    const { position, clocks, running } = this.#word;
    if (this.running || running) return position + clocks;
    return Math.abs(known - position) <= CLOCKS_PER_BEAT / 2 ? known : position;
  }

  /** Counts clocks that fell before `at` and were lost, where no journal does. */
  #countLost(at: number, packetsLost: number, rounding: number): void {
    const lost = packetsLost !== this.#lost;
    this.#lost = packetsLost;
    // Chapter Q says nothing of clocks while the transport stands still.
    if (lost && !(this.#journalled && this.running)) this.heard += this.#passed(at, rounding);
    // After a silence nothing tells when the next clock falls.
    if (at > this.silentAt) this.#line.restart();
    this.#aliveAt = at;
  }

  /** How many clocks fell unheard up to `at`, going by the time. */
  #passed(at: number, rounding: number): number {
    if (!this.steady || at - this.#clockAt > COUNTED_GAP) return 0;
    return Math.max(0, Math.floor(this.#line.numberAt(at) - this.heard + rounding));
  }

  /** `since`: so many clocks of it have fallen already. */
  #run(at: number, position: number, start: boolean, since: number = 0): void {
    const pulse = this.heard - since;
    this.running = true;
    this.#base = pulse - position;
    this.changes.push(at, pulse, true, position, start);
  }

  #stop(at: number, position: number): void {
    const pulse = this.running ? Math.min(this.heard, this.#base + position) : this.heard;
    this.running = false;
    this.#stoppedAt = position;
    this.changes.push(at, pulse, false, position, false);
  }

  #locate(at: number, position: number): void {
    this.#base = this.heard - position;
    this.#stoppedAt = position;
    this.changes.push(at, this.heard, this.running, position, false);
  }
}
