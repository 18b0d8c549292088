/**
 * Renders MIDI Time Code that is followed: quarter frames, evenly, and Full Frames where the tape was sent.
 *
 * Takes  a TimeCodeFollower and a constant delay behind it.
 * Gives  messages with their due times, a little ahead; when it wants to be called again.
 * Keeps  which pulse it is at, by which anchor. Pure on given instants; allocates for Full Frames only.
 *
 * It begins with a first piece, so that the receiver's eight belong together, and tells what the source told `delay` before.
 * After a jump it goes on with the first piece of the new place. A source that falls silent has stopped: so does it.
 */
import { STATUS, shortMessage } from '../core/midi-bytes.ts';
import { fromMillis, type Instant, type Micros } from '../core/time.ts';
import type { Give } from './clock-generator.ts';
import { glided, paced } from './pacing.ts';
import { framesPerDay, fullFrame, nibbleOf, PIECES } from './time-code.ts';
import { type CodeAnchor, frameAt, pieceAt, type TimeCodeFollower } from './time-code-follower.ts';

const AHEAD: Micros = fromMillis(20);
const AHEAD_FORETOLD: Micros = fromMillis(4);
const LEAST_INTERVAL: Micros = fromMillis(2);
const ROUNDS = 64;
const NEVER = Number.POSITIVE_INFINITY;
const NONE = Number.NEGATIVE_INFINITY;

export class TimeCodeGenerator {
  readonly #give: Give;
  #source: TimeCodeFollower | undefined;
  readonly #anchor: CodeAnchor = { pulse: 0, frame: 0, rate: 1, backward: false };
  #version = -1;
  #locates = 0;
  #delay = 0;
  #wantedDelay = 0;
  #pulse = 0;
  #lastDue = NONE;
  /** Quarter frames are being given. */
  running = false;

  constructor(give: Give) {
    this.#give = give;
  }

  get delay(): Micros {
    return this.#delay as Micros;
  }

  set delay(wanted: Micros) {
    this.#wantedDelay = wanted;
    if (!this.running) this.#delay = wanted;
  }

  follow(source: TimeCodeFollower): void {
    this.#source = source;
    this.#version = -1;
    // The place where it was sent just now is told; earlier ones are past.
    this.#locates = source.locked ? source.locates : Math.max(0, source.locates - 1);
    this.running = false;
  }

  release(): void {
    this.#source = undefined;
    this.running = false;
  }

  /** The frame that is being told, with its rate; undefined while it stands still. */
  get told(): { readonly frame: number; readonly rate: number } | undefined {
    if (!this.running) return undefined;
    return { frame: frameAt(this.#anchor, this.#pulse), rate: this.#anchor.rate };
  }

  step(now: Instant): number {
    for (let round = 0; round < ROUNDS; round++) {
      const source = this.#source;
      if (!source) return NEVER;
      if (source.locates !== this.#locates) {
        const due = Math.max(now, source.placedAt + this.#delay);
        if (due - AHEAD > now) return due - AHEAD;
        this.#locates = source.locates;
        this.running = false;
        this.#send(due, fullFrame(source.place));
        continue;
      }
      if (!this.#adopt(source, now) || this.#pulse >= source.horizon) {
        const silent = source.silentAt + this.#delay;
        if (this.running && silent > now) return silent;
        this.running = false;
        return NEVER;
      }
      const due = this.#dueOf(source, now);
      const ahead = this.#pulse < source.heard ? AHEAD : AHEAD_FORETOLD;
      if (due - ahead > now) return due - ahead;
      if (this.running)
        this.#delay = glided(this.#delay, this.#wantedDelay, due - this.#lastDue, true);
      this.running = true;
      this.#giveQuarter(due);
    }
    return now + LEAST_INTERVAL;
  }

  /** The anchor in force at #pulse. False: the source has told no time that goes for it. */
  #adopt(source: TimeCodeFollower, now: number): boolean {
    if (this.#version === source.version && source.locked) {
      if (!this.running) this.#enter(source, now);
      return true;
    }
    if (this.running && this.#pulse < source.ended) return true;
    if (!source.locked) return false;
    this.#version = source.version;
    const { pulse, frame, rate, backward } = source.anchor;
    this.#anchor.pulse = pulse;
    this.#anchor.frame = frame;
    this.#anchor.rate = rate;
    this.#anchor.backward = backward;
    const before = this.#pulse;
    this.#enter(source, now);
    // Pulses that are left out leave a gap.
    if (this.#pulse !== before) this.running = false;
    return true;
  }

  /** To the next first piece. */
  #enter(source: TimeCodeFollower, now: number): void {
    if (!this.running) this.#delay = this.#wantedDelay;
    const first = Math.ceil(source.pulseAt(now - this.#delay));
    const since = (this.running ? Math.max(first, this.#pulse) : first) - this.#anchor.pulse;
    this.#pulse = this.#anchor.pulse + Math.max(0, Math.ceil(since / PIECES)) * PIECES;
  }

  #dueOf(source: TimeCodeFollower, now: number): number {
    const { period } = source;
    const wanted = source.timeOf(this.#pulse) + this.#delay;
    if (!this.running) return Math.max(wanted, now, this.#lastDue + LEAST_INTERVAL);
    const off = source.steady ? (wanted - this.#lastDue) / period - 1 : 0;
    if (Math.abs(off) > PIECES) {
      // Too far off to be slewed: it goes on with the next time that can be told in whole.
      this.running = false;
      this.#enter(source, now);
      return Math.max(
        source.timeOf(this.#pulse) + this.#delay,
        now,
        this.#lastDue + LEAST_INTERVAL,
      );
    }
    return Math.max(paced(wanted, this.#lastDue, source.steady ? period : 0, LEAST_INTERVAL), now);
  }

  #giveQuarter(due: number): void {
    const piece = pieceAt(this.#anchor, this.#pulse);
    const { rate } = this.#anchor;
    const frame = frameAt(this.#anchor, this.#pulse) % framesPerDay(rate);
    const message = shortMessage(
      STATUS.mtcQuarterFrame,
      (piece << 4) | nibbleOf(rate, frame, piece),
      0,
    );
    this.#pulse++;
    if (message) this.#send(due, message);
  }

  #send(due: number, message: Parameters<Give>[0]): void {
    if (due > this.#lastDue) this.#lastDue = due;
    this.#give(message, this.#lastDue as Instant);
  }
}
