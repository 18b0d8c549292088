/**
 * One output and what sounds on it. Keeps the promise that every start that left this wire is followed by its end.
 *
 * Takes  starts and ends of voices and other messages, in the order in which they take effect.
 * Gives  them to one MidiOutput, strictly alternating per key: a start of a key that sounds is preceded by its end.
 * Keeps  per voice what was handed over, what the output has reported, and ends that the output's full queue refused.
 *        Those are retried until they are taken; while one is owed, nothing else goes out.
 * Lane   0. A message of a voice never overtakes an earlier one of the same voice, whatever its `due`.
 */
import {
  encodedLength,
  encodeMessage,
  encodeMessageInto,
  shortMessage,
} from '../core/midi-bytes.ts';
import { CONTROLLER, type MidiMessage } from '../core/midi-message.ts';
import { endOf, isKey, NO_VOICE, VOICES } from '../core/midi-voices.ts';
import type { Instant } from '../core/time.ts';
import type { MidiOutput } from '../ports/midi-output.ts';
import type { SentSlots } from './sent-slots.ts';

const NONE = -1;
const CONTROL_CHANGE = 0xb0;
/** What ends everything on a channel even if our books were wrong. */
const SILENCERS: readonly number[] = [
  CONTROLLER.allSoundOff,
  CONTROLLER.allNotesOff,
  CONTROLLER.sustain,
  CONTROLLER.sostenuto,
];

export class OutputLane<Source> {
  readonly output: MidiOutput;
  /** This output's bit in SentSlots. */
  readonly bit: number;
  readonly #slots: SentSlots<Source>;
  readonly #now: () => Instant;
  /** On, after everything that was handed over. */
  readonly #handed: Uint8Array = new Uint8Array(VOICES);
  /** On, as of the last report. */
  readonly #wire: Uint8Array = new Uint8Array(VOICES);
  /** Handed over and not reported. */
  readonly #inFlight: Uint16Array = new Uint16Array(VOICES);
  /** The tag of an end that the full queue refused, or NONE. */
  readonly #owed: Int32Array = new Int32Array(VOICES).fill(NONE);
  #owedEnds = 0;
  /** SILENCERS still to be sent, a bit for each channel, and whether there are any. */
  readonly #silencersOwed: Uint16Array = new Uint16Array(SILENCERS.length);
  #owesSilencers = false;
  /** The latest `due` handed over. */
  readonly #lastDue: Float64Array = new Float64Array(VOICES);
  #channelsUsed = 0;
  #lost = false;
  #retired = false;
  #silencing = false;
  readonly #scratch: readonly Uint8Array[] = [1, 2, 3].map((length) => new Uint8Array(length));

  constructor(output: MidiOutput, bit: number, slots: SentSlots<Source>, now: () => Instant) {
    this.output = output;
    this.bit = bit;
    this.#slots = slots;
    this.#now = now;
  }

  /** Something must go out before anything else may. */
  get owes(): boolean {
    return this.#owedEnds > 0 || this.#owesSilencers;
  }

  isLit(voice: number): boolean {
    return this.#wire[voice] === 1 || this.#handed[voice] === 1;
  }

  /** A message that starts and ends nothing. False: not taken. */
  pass(message: MidiMessage, due: Instant, tag: number): boolean {
    if (this.#retired || (this.#owedEnds > 0 && !this.settle())) return false;
    if ('channel' in message) this.#channelsUsed |= 1 << message.channel;
    return this.#hand(message, due, tag);
  }

  /** Starts a voice, ending it first where it sounds already. False: not taken. */
  start(voice: number, message: MidiMessage, due: Instant, tag: number): boolean {
    if (this.#retired || (this.#owedEnds > 0 && !this.settle())) return false;
    if ('channel' in message) this.#channelsUsed |= 1 << message.channel;
    if (this.#handed[voice] === 1 && isKey(voice)) {
      if (!this.#handEnd(voice, due, this.#openOwn(endOf(voice), voice), true)) return false;
    }
    return this.#handVoice(voice, true, message, due, tag);
  }

  /**
   * Ends a voice, later if need be. False: there is nothing to end here. A later message of the same voice waits for it.
   */
  end(voice: number, due: Instant, tag: number): boolean {
    if (this.#lost || this.#handed[voice] !== 1 || this.#owed[voice] !== NONE) return false;
    if (this.#owedEnds > 0) this.settle();
    if (this.#handEnd(voice, due, tag, false)) return true;
    if (this.#lost) return false;
    this.#owe(voice, tag);
    return true;
  }

  /** Retries what is owed. True when nothing is owed any more. */
  settle(): boolean {
    if (this.#lost) return true;
    for (let voice = 0; voice < VOICES && this.#owedEnds > 0; voice++) {
      const tag = this.#owed[voice] ?? NONE;
      if (tag === NONE) continue;
      this.#owed[voice] = NONE;
      this.#owedEnds--;
      if (this.#handEnd(voice, this.#now(), tag, false)) continue;
      if (this.#lost) return true;
      this.#owe(voice, tag);
      return false;
    }
    return this.#settleSilencers();
  }

  /** What the output reports of a message of ours. */
  sent(tag: number, leftAt: Instant | undefined): void {
    if (!this.#slots.isWaiting(tag, this.bit)) return;
    const { voice, starts } = this.#slots.at(tag);
    if (voice !== NO_VOICE) {
      this.#inFlight[voice] = (this.#inFlight[voice] ?? 1) - 1;
      if (leftAt !== undefined) this.#wire[voice] = starts ? 1 : 0;
    }
    this.#slots.report(tag, this.bit, leftAt);
    if (voice !== NO_VOICE) this.#reconcile(voice);
    if (!this.#silencing && this.owes) this.settle();
  }

  /** Drops what has not left and ends all that sounds or may sound. `everything`: and what we do not know of. */
  silence(everything: boolean): void {
    // A retired wire has been silenced; flushing it now could drop its last note-offs.
    if (this.#retired) return;
    this.#silencing = true;
    this.output.flush();
    this.#silencing = false;
    this.#lastDue.fill(0);
    if (everything) {
      this.#silencersOwed.fill(this.#channelsUsed);
      this.#owesSilencers = true;
      this.#settleSilencers();
    }
    for (let voice = 0; voice < VOICES; voice++) {
      if (!this.isLit(voice) && this.#inFlight[voice] === 0) continue;
      this.#handed[voice] = 1;
      if (this.#owed[voice] !== NONE) continue;
      const tag = this.#openOwn(endOf(voice), voice);
      this.#owe(voice, tag);
      this.#slots.handed(tag);
    }
    this.settle();
  }

  /** Silences this wire and takes nothing more. */
  retire(): void {
    this.silence(false);
    this.#retired = true;
  }

  /** The output is gone: nothing sounds on it, nothing is owed. */
  lose(): void {
    this.#lost = true;
    this.#retired = true;
    this.#handed.fill(0);
    this.#wire.fill(0);
    this.#inFlight.fill(0);
    this.#owed.fill(NONE);
    this.#owedEnds = 0;
    this.#owesSilencers = false;
    this.#slots.forget(this.bit);
  }

  /** Once nothing is under way, the wire as reported is the truth: a message that never left may have broken a pair. */
  #reconcile(voice: number): void {
    if (this.#silencing || this.#lost || this.#inFlight[voice] !== 0) return;
    if (this.#owed[voice] !== NONE) return;
    if (this.#wire[voice] === 0) this.#handed[voice] = 0;
    else if (this.#handed[voice] === 0) {
      this.#handed[voice] = 1;
      this.#endByItself(voice);
    }
  }

  #owe(voice: number, tag: number): void {
    this.#slots.expect(tag, this.bit);
    this.#owed[voice] = tag;
    this.#owedEnds++;
  }

  #endByItself(voice: number): void {
    const tag = this.#openOwn(endOf(voice), voice);
    this.end(voice, this.#now(), tag);
    this.#slots.handed(tag);
  }

  #settleSilencers(): boolean {
    if (!this.#owesSilencers) return true;
    for (let index = 0; index < SILENCERS.length; index++) {
      let channels = this.#silencersOwed[index] ?? 0;
      for (let channel = 0; channels !== 0; channel++, channels >>= 1) {
        if ((channels & 1) === 0) continue;
        const message = shortMessage(CONTROL_CHANGE | channel, SILENCERS[index] ?? 0, 0);
        if (message === undefined) continue;
        const tag = this.#openOwn(message, NO_VOICE);
        const taken = this.#hand(message, this.#now(), tag);
        this.#slots.handed(tag);
        if (!taken) return this.#lost;
        this.#silencersOwed[index] = (this.#silencersOwed[index] ?? 0) & ~(1 << channel);
      }
    }
    this.#owesSilencers = false;
    return true;
  }

  /** A slot for a message of the ledger's own. */
  #openOwn(message: MidiMessage, voice: number): number {
    return this.#slots.open(message, voice, false, undefined, 'corrected', this.#now());
  }

  #handEnd(voice: number, due: Instant, tag: number, own: boolean): boolean {
    const taken = this.#handVoice(voice, false, this.#slots.at(tag).message, due, tag);
    if (own) this.#slots.handed(tag);
    return taken;
  }

  /** The books are changed before the output is called, so that a report inside the call finds them right. */
  #handVoice(voice: number, on: boolean, message: MidiMessage, due: Instant, tag: number): boolean {
    const was = this.#handed[voice] ?? 0;
    const lastDue = (this.#lastDue[voice] ?? 0) as Instant;
    const at = due > lastDue ? due : lastDue;
    this.#handed[voice] = on ? 1 : 0;
    this.#inFlight[voice] = (this.#inFlight[voice] ?? 0) + 1;
    if (this.#hand(message, at, tag)) {
      this.#lastDue[voice] = at;
      return true;
    }
    if (this.#lost) return false;
    this.#handed[voice] = was;
    this.#inFlight[voice] = (this.#inFlight[voice] ?? 1) - 1;
    return false;
  }

  #hand(message: MidiMessage, due: Instant, tag: number): boolean {
    if (this.#lost) return false;
    this.#slots.expect(tag, this.bit);
    if (this.output.send(this.#encode(message), due, tag)) return true;
    if (!this.#lost) this.#slots.unexpect(tag, this.bit);
    return false;
  }

  /** The output copies, so short messages share three arrays. */
  #encode(message: MidiMessage): Uint8Array {
    const scratch = this.#scratch[encodedLength(message) - 1];
    if (scratch === undefined || message.kind === 'sysEx') return encodeMessage(message);
    encodeMessageInto(message, scratch, 0);
    return scratch;
  }
}
