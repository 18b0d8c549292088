/**
 * Messages that wait to be sent, in order, each with the time of its performance and when it came.
 *
 * Takes  messages. Gives the first one, and those that may overtake a SysEx.
 * Keeps  MESSAGES at most, and SYSEX_OCTETS of SysEx. What is refused then is counted; see the drop policy of Outbox.
 */
import type { MidiMessage } from '../../core/midi-message.ts';
import type { Instant } from '../../core/time.ts';

/** A power of two. */
const MESSAGES = 1_024;
const SYSEX_OCTETS = 1_048_576;
const FIRST_PEDAL = 64;
const LAST_PEDAL = 69;
const FIRST_MODE = 120;
const NEVER = Number.POSITIVE_INFINITY as Instant;

export class WaitingMessages {
  dropped = 0;
  /** SysEx that was not sent, or not all of it. */
  cancelled = 0;
  /** When the newest one came. */
  newestAdded = 0 as Instant;
  readonly #messages: (MidiMessage | undefined)[] = new Array(MESSAGES).fill(undefined);
  readonly #times = new Float64Array(MESSAGES);
  readonly #added = new Float64Array(MESSAGES);
  #from = 0;
  #to = 0;
  #sysEx = 0;
  #sysExOctets = 0;

  get isEmpty(): boolean {
    return this.#from === this.#to;
  }

  get count(): number {
    return this.#to - this.#from;
  }

  get hasSysEx(): boolean {
    return this.#sysEx > 0;
  }

  get first(): MidiMessage | undefined {
    return this.at(0);
  }

  get firstTime(): Instant {
    return this.timeAt(0);
  }

  /** Of those behind it, counted from the first one. */
  at(index: number): MidiMessage | undefined {
    return this.#messages[(this.#from + index) % MESSAGES];
  }

  timeAt(index: number): Instant {
    return this.#times[(this.#from + index) % MESSAGES] as Instant;
  }

  /** The time of the first one that is no SysEx and can't overtake one; Infinity when there is none. */
  get timeOfNext(): Instant {
    const next = this.#nextBound();
    return next < 0 ? NEVER : this.timeAt(next);
  }

  /** Since when that one waits. */
  get nextSince(): Instant {
    const next = this.#nextBound();
    return next < 0 ? NEVER : (this.#added[(this.#from + next) % MESSAGES] as Instant);
  }

  add(message: MidiMessage, at: Instant, now: Instant): void {
    this.newestAdded = now;
    const isSysEx = message.kind === 'sysEx';
    const octets = isSysEx ? message.data.length : 0;
    const { count } = this;
    if (
      count >= MESSAGES ||
      (count >= MESSAGES / 2 && !endsSomething(message)) ||
      this.#sysExOctets + octets > SYSEX_OCTETS
    ) {
      this.dropped++;
      return;
    }
    if (isSysEx) this.#sysEx++;
    this.#sysExOctets += octets;
    const slot = this.#to++ % MESSAGES;
    this.#messages[slot] = message;
    this.#times[slot] = at;
    this.#added[slot] = now;
  }

  shift(): void {
    this.take(0);
  }

  /** Takes out the one that so many are before. */
  take(index: number): void {
    const slot = (this.#from + index) % MESSAGES;
    const message = this.#messages[slot];
    if (message?.kind === 'sysEx') {
      this.#sysEx--;
      this.#sysExOctets -= message.data.length;
    }
    this.#messages[slot] = undefined;
    while (this.#from < this.#to && this.#messages[this.#from % MESSAGES] === undefined)
      this.#from++;
  }

  /** Takes out all SysEx. */
  dropSysEx(): void {
    for (let index = this.count - 1; index >= 0 && this.#sysEx > 0; index--) {
      if (this.at(index)?.kind !== 'sysEx') continue;
      this.take(index);
      this.cancelled++;
    }
  }

  /** The next one after this one that may stand between the segments of a SysEx; -1 when there is none. */
  nextRealTime(after: number): number {
    const { count } = this;
    for (let index = 0; index < count; index++) {
      const message = this.at(index);
      // A Start or a clock counts from there.
      if (message?.kind === 'songPosition' || message?.kind === 'songSelect') return -1;
      if (index > after && message && isFree(message)) return index;
    }
    return -1;
  }

  #nextBound(): number {
    const { count } = this;
    for (let index = 0; index < count; index++) {
      const message = this.at(index);
      if (message && message.kind !== 'sysEx' && !isFree(message)) return index;
    }
    return -1;
  }
}

function isFree(message: MidiMessage): boolean {
  switch (message.kind) {
    case 'timingClock':
    case 'start':
    case 'continue':
    case 'stop':
    case 'activeSensing':
      return true;
    default:
      return false;
  }
}

/** NoteOffs, pedals going up, the channel modes that end notes, Reset. */
function endsSomething(message: MidiMessage): boolean {
  if (message.kind === 'noteOff' || message.kind === 'systemReset') return true;
  if (message.kind !== 'controlChange') return false;
  const { controller, value } = message;
  return (
    controller >= FIRST_MODE ||
    (controller >= FIRST_PEDAL && controller <= LAST_PEDAL && value < 64)
  );
}
