/**
 * What a command list holds, until the stream's state may take it.
 *
 * Takes  messages as they are added to a list: whole, or a SysEx as far as some octet. Gives them to the state.
 * Keeps  as many as a list can hold.
 */
import type { MidiMessage } from '../../core/midi-message.ts';
import type { Instant } from '../../core/time.ts';
import { CommandList, LIST_OCTETS } from './command-list.ts';
import type { StreamState } from './journal/stream-state.ts';

export class TakenCommands {
  /** Undefined: a SysEx is cancelled. */
  readonly #messages: (MidiMessage | undefined)[] = new Array(LIST_OCTETS).fill(undefined);
  readonly #times = new Float64Array(LIST_OCTETS);
  /** What CommandList.add returned. */
  readonly #upTo = new Float64Array(LIST_OCTETS);
  /** SysEx commands among them. */
  sysEx = 0;
  #count = 0;
  #stamp = 0;

  clear(): void {
    this.#count = 0;
    this.sysEx = 0;
  }

  add(message: MidiMessage, at: Instant, upTo: number): void {
    this.#messages[this.#count] = message;
    this.#times[this.#count] = at;
    this.#upTo[this.#count++] = upTo;
    if (message.kind === 'sysEx') this.sysEx++;
  }

  addCancel(): void {
    this.#messages[this.#count++] = undefined;
  }

  /** True when there was SysEx among them. */
  apply(state: StreamState): boolean {
    let hasSysEx = false;
    for (let i = 0; i < this.#count; i++) {
      const message = this.#messages[i];
      const upTo = this.#upTo[i] as number;
      this.#messages[i] = undefined;
      this.#stamp++;
      if (!message) state.cancelSegments(this.#stamp);
      else if (message.kind === 'sysEx' && !CommandList.isWhole(message, upTo))
        state.applySegment(message.data, upTo, this.#stamp);
      else state.apply(message, this.#stamp, this.#times[i] as Instant);
      if (message === undefined || message.kind === 'sysEx') hasSysEx = true;
    }
    this.#count = 0;
    return hasSysEx;
  }
}
