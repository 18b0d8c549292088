import { decodeMessage } from '../../runtime/core/midi-bytes.ts';
import type { MidiMessage } from '../../runtime/core/midi-message.ts';
import type { Instant } from '../../runtime/core/time.ts';
import type { MidiInput } from '../../runtime/ports/midi-input.ts';

export interface HeardMessage {
  readonly at: Instant;
  readonly message: MidiMessage;
}

/** A synth's ear: every message on the wire, and what sounds as a result. It knows nothing of the box. */
export class HeardWire {
  readonly messages: HeardMessage[] = [];
  readonly #sounding = new Map<number, number>();

  /** The far end of a wire that delivers whole messages. */
  listen(far: MidiInput): void {
    far.onBytes((bytes, at) => {
      const decoded = decodeMessage(bytes);
      if (!decoded.ok) throw new Error(`a malformed message on the wire: ${decoded.fault}`);
      this.#hear(decoded.value, at);
    });
  }

  get sounding(): readonly (readonly [channel: number, key: number])[] {
    return [...this.#sounding.keys()]
      .sort((a, b) => a - b)
      .map((voice) => [voice >> 7, voice & 0x7f] as const);
  }

  get noteOns(): readonly HeardMessage[] {
    return this.messages.filter(({ message }) => message.kind === 'noteOn');
  }

  #hear(message: MidiMessage, at: Instant): void {
    this.messages.push({ at, message });
    if (message.kind === 'noteOn') {
      this.#sounding.set((message.channel << 7) | message.key, message.velocity);
    } else if (message.kind === 'noteOff') {
      this.#sounding.delete((message.channel << 7) | message.key);
    } else if (
      message.kind === 'controlChange' &&
      (message.controller === 120 || message.controller === 123)
    ) {
      for (const voice of [...this.#sounding.keys()]) {
        if (voice >> 7 === message.channel) this.#sounding.delete(voice);
      }
    }
  }
}
