/** The last events, for diagnosis: a ring that is written instead of a log. Allocates nothing when written. */
import type { MidiMessage } from '../core/midi-message.ts';
import type { Instant } from '../core/time.ts';

export interface RecentEvent {
  readonly at: Instant;
  /** Name of the input. */
  readonly input: string;
  readonly message: MidiMessage;
}

export class RecentEvents {
  readonly #at: Float64Array;
  readonly #inputs: string[];
  readonly #messages: (MidiMessage | undefined)[];
  #written = 0;

  constructor(size: number = 256) {
    this.#at = new Float64Array(size);
    this.#inputs = new Array(size).fill('');
    this.#messages = new Array(size).fill(undefined);
  }

  add(at: Instant, input: string, message: MidiMessage): void {
    const index = this.#written % this.#at.length;
    this.#at[index] = at;
    this.#inputs[index] = input;
    // A long SysEx is not kept alive by a diagnosis.
    this.#messages[index] = message.kind === 'sysEx' ? shortened(message) : message;
    this.#written++;
  }

  /** Oldest first. */
  list(): readonly RecentEvent[] {
    const size = this.#at.length;
    const events: RecentEvent[] = [];
    for (let number = Math.max(0, this.#written - size); number < this.#written; number++) {
      const message = this.#messages[number % size];
      if (message === undefined) continue;
      const at = (this.#at[number % size] ?? 0) as Instant;
      events.push({ at, input: this.#inputs[number % size] ?? '', message });
    }
    return events;
  }
}

const SYSEX_KEPT = 32;
function shortened(message: Extract<MidiMessage, { kind: 'sysEx' }>): MidiMessage {
  if (message.data.length <= SYSEX_KEPT) return message;
  return { kind: 'sysEx', data: message.data.slice(0, SYSEX_KEPT) };
}
