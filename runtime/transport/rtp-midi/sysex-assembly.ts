/**
 * Puts the data octets of one SysEx command together.
 *
 * Takes  octets in order. Gives the whole.
 * Keeps  the octets so far, up to a limit; one more and the command is given up.
 * Spec   RFC 6295 section 3.2: receivers take a command in any number of segments.
 */
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

  /** A command has begun and has not ended. */
  get open(): boolean {
    return this.#open;
  }

  get length(): number {
    return this.#length;
  }

  begin(): void {
    this.drop();
    this.#open = true;
  }

  /** False when the command is longer than the limit: it is forgotten. Bit 7 of the octets is none of the data. */
  append(bytes: Uint8Array, from: number, to: number): boolean {
    const length = this.#length + to - from;
    if (length > this.#limit) {
      this.drop();
      return false;
    }
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(FIRST_OCTETS, length, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    for (let i = from, at = this.#length; i < to; i++)
      this.#bytes[at++] = (bytes[i] as number) & 0x7f;
    this.#length = length;
    return true;
  }

  /** Whether these octets, from the command's octet `first` on, say what is known of it already. */
  agrees(first: number, bytes: Uint8Array, from: number, to: number): boolean {
    const end = Math.min(this.#length, first + to - from);
    for (let i = first; i < end; i++) {
      if (this.#bytes[i] !== ((bytes[from + i - first] as number) & 0x7f)) return false;
    }
    return true;
  }

  /** The command is whole: its octets, in an array of their own. */
  finish(): Uint8Array {
    // Not `slice`: some hosts' byte arrays give a view of themselves for it.
    const data = new Uint8Array(this.#bytes.subarray(0, this.#length));
    this.drop();
    return data;
  }

  /** Forgets an unfinished command. */
  drop(): void {
    this.#open = false;
    this.#length = 0;
    if (this.#bytes.length > FIRST_OCTETS) this.#bytes = new Uint8Array(0);
  }
}
