/**
 * What a stream of messages leaves behind, told apart by channel and number: keys, controllers, programs, wheels.
 *
 * Takes  messages. Gives the sheet as sorted lines, to be compared with another's.
 */
import type { MidiMessage } from '../../../runtime/core/midi-message.ts';

export class StateSheet {
  readonly #values = new Map<string, number>();

  take(message: MidiMessage): void {
    switch (message.kind) {
      case 'noteOn':
        this.#values.set(`key ${message.channel} ${message.key}`, message.velocity);
        return;
      case 'noteOff':
        this.#values.delete(`key ${message.channel} ${message.key}`);
        return;
      case 'controlChange':
        this.#values.set(`controller ${message.channel} ${message.controller}`, message.value);
        return;
      case 'pitchBend':
        this.#values.set(`wheel ${message.channel}`, message.value);
        return;
      case 'programChange':
        this.#values.set(`program ${message.channel}`, message.program);
        return;
      default:
    }
  }

  get lines(): string[] {
    return [...this.#values].map(([name, value]) => `${name} = ${value}`).sort();
  }
}

/** Lines of one sheet that the other hasn't. */
export function differences(one: readonly string[], other: readonly string[]): number {
  const known = new Set(other);
  return one.filter((line) => !known.has(line)).length;
}
