/** Records in a stream: `length(2)`, then so many octets. SIGNALLING.md: frames on the local network, and in the tunnel. */
const LENGTH_OCTETS = 2;

export function frameRecord(record: Uint8Array): Uint8Array {
  const framed = new Uint8Array(LENGTH_OCTETS + record.length);
  framed[0] = record.length >> 8;
  framed[1] = record.length & 0xff;
  framed.set(record, LENGTH_OCTETS);
  return framed;
}

/** Cuts a stream into records. After a fault it takes nothing any more. Memory is bounded by one record. */
export class RecordReader {
  readonly #held: Uint8Array;
  readonly #max: number;
  #filled = 0;
  #stopped = false;

  constructor(max: number) {
    this.#max = max;
    this.#held = new Uint8Array(LENGTH_OCTETS + max);
  }

  /** Calls `take` for each record, valid during the call only. False: a length is out of bounds, or `take` said so. */
  push(bytes: Uint8Array, take: (record: Uint8Array) => boolean): boolean {
    for (let at = 0; at < bytes.length && !this.#stopped; ) {
      at += this.#hold(bytes, at, LENGTH_OCTETS);
      if (this.#filled < LENGTH_OCTETS) return true;
      const length = ((this.#held[0] ?? 0) << 8) | (this.#held[1] ?? 0);
      if (length === 0 || length > this.#max) return this.#stop();
      at += this.#hold(bytes, at, LENGTH_OCTETS + length);
      if (this.#filled < LENGTH_OCTETS + length) return true;
      this.#filled = 0;
      if (!take(this.#held.subarray(LENGTH_OCTETS, LENGTH_OCTETS + length))) return this.#stop();
    }
    return !this.#stopped;
  }

  #stop(): false {
    this.#stopped = true;
    return false;
  }

  /** Copies octets until `upTo` are held; returns how many it took. */
  #hold(bytes: Uint8Array, at: number, upTo: number): number {
    const taken = Math.max(0, Math.min(upTo - this.#filled, bytes.length - at));
    this.#held.set(bytes.subarray(at, at + taken), this.#filled);
    this.#filled += taken;
    return taken;
  }
}
