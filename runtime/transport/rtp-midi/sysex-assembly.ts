/**
 * Puts segmented SysEx commands together.
 *
 * Takes  segments in stream order, and word of a loss. Gives whole commands.
 * Keeps  the octets so far, up to a limit; more is a fault, and the command is dropped.
 * Spec   RFC 6295 section 3.2: first F0..F0, middle F7..F0, last F7..F7 or F7..F5, cancel F7 F4.
 */
export type SysExFault =
  /** A middle or last segment without a first one: it was lost. */
  | 'sysExOrphan'
  /** A new command before the last one ended. */
  | 'sysExInterrupted'
  | 'sysExTooLong';

const MAX_SYSEX_OCTETS = 262_144;
const FIRST_OCTETS = 512;

export class SysExAssembly {
  readonly #limit: number;
  #bytes: Uint8Array = new Uint8Array(0);
  #length = 0;
  #open = false;

  constructor(limit: number = MAX_SYSEX_OCTETS) {
    this.#limit = limit;
  }

  get open(): boolean {
    return this.#open;
  }

  /** Data octets of a command that is whole now, in an array of its own; a fault; or nothing yet. */
  take(
    head: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    tail: number,
  ): Uint8Array | SysExFault | undefined {
    const ends = tail === 0xf7 || tail === 0xf5;
    if (head === 0xf0) {
      const interrupted = this.#open;
      this.drop();
      if (ends) return to - from > this.#limit ? 'sysExTooLong' : copyOf(bytes, from, to);
      this.#open = true;
      return this.#append(bytes, from, to) ?? (interrupted ? 'sysExInterrupted' : undefined);
    }
    if (!this.#open) return 'sysExOrphan';
    if (tail === 0xf4) {
      this.drop();
      return undefined;
    }
    const fault = this.#append(bytes, from, to);
    if (fault || !ends) return fault;
    const data = copyOf(this.#bytes, 0, this.#length);
    this.drop();
    return data;
  }

  /** Forgets an unfinished command: a segment of it was lost. */
  drop(): void {
    this.#open = false;
    this.#length = 0;
    if (this.#bytes.length > FIRST_OCTETS) this.#bytes = new Uint8Array(0);
  }

  #append(bytes: Uint8Array, from: number, to: number): SysExFault | undefined {
    const length = this.#length + to - from;
    if (length > this.#limit) {
      this.drop();
      return 'sysExTooLong';
    }
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(FIRST_OCTETS, length, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes.subarray(from, to), this.#length);
    this.#length = length;
    return undefined;
  }
}

/** Not `slice`: some hosts' byte arrays give a view of themselves for it. */
function copyOf(bytes: Uint8Array, from: number, to: number): Uint8Array {
  return new Uint8Array(bytes.subarray(from, to));
}
