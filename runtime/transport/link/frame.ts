/**
 * Frames of the link: cutting a byte stream into them, and making them. FORMAT.md, "frames".
 *
 * Takes bytes cut anywhere, gives channel and payload, touches nothing else. Memory is bounded by one frame.
 */

/** Of channel and payload together. */
export const MAX_FRAME = 262_144;
/** Until the link is open. */
export const MAX_GREETING = 2_048;
const LENGTH_OCTETS = 4;

export type FrameFault = 'empty' | 'oversize';

/** `length(4) channel(1) payload`. Undefined when the payload is too long for a frame. */
export function encodeFrame(channel: number, payload: Uint8Array): Uint8Array | undefined {
  const length = 1 + payload.length;
  if (length > MAX_FRAME) return undefined;
  const frame = new Uint8Array(LENGTH_OCTETS + length);
  new DataView(frame.buffer).setUint32(0, length);
  frame[LENGTH_OCTETS] = channel;
  frame.set(payload, LENGTH_OCTETS + 1);
  return frame;
}

/** Puts frames together. After a fault, or once it was stopped, it takes nothing any more. */
export class FrameReader {
  #limit = MAX_GREETING;
  /** Start of a frame whose rest has not come yet; `#filled` octets of it. */
  #held = new Uint8Array(256);
  #filled = 0;
  #stopped = false;

  /** Allows frames of full size: the link is open. */
  open(): void {
    this.#limit = MAX_FRAME;
  }

  stop(): void {
    this.#stopped = true;
  }

  /**
   * Calls `frame` for each frame that `bytes` completes; the payload is valid during that call only. `frame` may stop
   * the reader.
   */
  push(
    bytes: Uint8Array,
    frame: (channel: number, payload: Uint8Array) => void,
  ): FrameFault | undefined {
    let at = 0;
    while (at < bytes.length && !this.#stopped) {
      if (this.#filled < LENGTH_OCTETS) {
        at += this.#hold(bytes, at, LENGTH_OCTETS);
        if (this.#filled < LENGTH_OCTETS) return undefined;
        const fault = this.#checkLength();
        if (fault) return fault;
      }
      const whole = LENGTH_OCTETS + this.#length();
      at += this.#hold(bytes, at, whole);
      if (this.#filled < whole) return undefined;
      this.#filled = 0;
      frame(this.#held[LENGTH_OCTETS] ?? 0, this.#held.subarray(LENGTH_OCTETS + 1, whole));
    }
    return undefined;
  }

  #checkLength(): FrameFault | undefined {
    const length = this.#length();
    if (length >= 1 && length <= this.#limit) return undefined;
    this.#stopped = true;
    return length === 0 ? 'empty' : 'oversize';
  }

  #length(): number {
    return new DataView(this.#held.buffer).getUint32(0);
  }

  /** Copies octets until `upTo` are held; returns how many it took. */
  #hold(bytes: Uint8Array, at: number, upTo: number): number {
    const taken = Math.min(upTo - this.#filled, bytes.length - at);
    const needed = this.#filled + taken;
    if (needed > this.#held.length) {
      const roomier = new Uint8Array(Math.max(needed, this.#held.length * 2));
      roomier.set(this.#held.subarray(0, this.#filled));
      this.#held = roomier;
    }
    this.#held.set(bytes.subarray(at, at + taken), this.#filled);
    this.#filled += taken;
    return taken;
  }
}
