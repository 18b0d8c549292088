/** The keys, pedals and wheels that one input holds as far as one route has been told. */
import type { MidiMessage } from '../core/midi-message.ts';
import { endOf, NO_VOICE, startsVoice, VOICES, voiceOf } from '../core/midi-voices.ts';

export class HeldVoices {
  readonly #held: Uint8Array = new Uint8Array(VOICES);
  #count = 0;

  /** The message would end something that is held. */
  isEndedBy(message: MidiMessage): boolean {
    if (this.#count === 0) return false;
    const voice = voiceOf(message);
    return voice !== NO_VOICE && this.#held[voice] === 1 && !startsVoice(message);
  }

  note(message: MidiMessage): void {
    const voice = voiceOf(message);
    if (voice === NO_VOICE) return;
    const held = startsVoice(message) ? 1 : 0;
    this.#count += held - (this.#held[voice] ?? 0);
    this.#held[voice] = held;
  }

  /** Forgets all that is held, telling what ends it. */
  release(emit: (end: MidiMessage) => void): void {
    for (let voice = 0; voice < VOICES && this.#count > 0; voice++) {
      if (this.#held[voice] !== 1) continue;
      this.#held[voice] = 0;
      this.#count--;
      emit(endOf(voice));
    }
  }
}
