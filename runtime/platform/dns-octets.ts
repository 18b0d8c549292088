/**
 * Reading and writing the parts of a DNS message: numbers, octets, names with their compression.
 *
 * Takes  octets of any content. The reader never throws and never reads past the end: it fails once and for all, and
 *        gives zeros from then on.
 * Gives  names as dns-name.ts writes them; the writer compresses them.
 * Spec: RFC 1035 sections 2.3.4 (limits) and 4.1.4 (compression), RFC 6762 section 17 (message size).
 */
import { joinLabels, splitName } from './dns-name.ts';

const MAX_NAME = 255;
const MAX_LABEL = 63;
const POINTER = 0xc0;
/** With IP and UDP headers it makes 9000 octets, the most that a message may have. */
const MAX_MESSAGE = 8_940;
const MAX_OFFSET = 0x3fff;
const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });
const TO_UTF8 = new TextEncoder();
const NOTHING = new Uint8Array(0);

export class DnsReader {
  readonly #bytes: Uint8Array;
  #end: number;
  #at = 0;
  #failed = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#end = bytes.length;
  }

  get at(): number {
    return this.#at;
  }

  get failed(): boolean {
    return this.#failed;
  }

  u8(): number {
    return this.take(1)[0] ?? 0;
  }

  u16(): number {
    const octets = this.take(2);
    return ((octets[0] ?? 0) << 8) | (octets[1] ?? 0);
  }

  u32(): number {
    return this.u16() * 0x1_0000 + this.u16();
  }

  /** A view, valid as long as the bytes are. */
  take(count: number): Uint8Array {
    const next = this.#at + count;
    if (next > this.#end) {
      this.#failed = true;
      return NOTHING;
    }
    const taken = this.#bytes.subarray(this.#at, next);
    this.#at = next;
    return taken;
  }

  /** Empty for the root. */
  name(): string {
    const labels: string[] = [];
    let length = 0;
    let at = this.#at;
    /** Each jump goes before the octets that led to it, or a message could lead us in circles. */
    let before = this.#at;
    let jumped = false;
    for (;;) {
      const octet = at < (jumped ? this.#bytes.length : this.#end) ? this.#bytes[at] : undefined;
      if (octet === undefined) return this.#fail();
      at++;
      if (octet === 0) break;
      if (octet >= POINTER) {
        const low = this.#bytes[at];
        if (low === undefined) return this.#fail();
        if (!jumped) this.#at = at + 1;
        jumped = true;
        at = ((octet & ~POINTER) << 8) | low;
        if (at >= before) return this.#fail();
        before = at;
        continue;
      }
      length += octet + 1;
      if (octet > MAX_LABEL || length >= MAX_NAME || at + octet > this.#bytes.length) {
        return this.#fail();
      }
      labels.push(UTF8.decode(this.#bytes.subarray(at, at + octet)));
      at += octet;
    }
    if (!jumped) {
      if (at > this.#end) return this.#fail();
      this.#at = at;
    }
    return joinLabels(labels);
  }

  /** Reads what may go up to `end`, and goes on there whatever was read. */
  within<T>(end: number, read: () => T): T {
    const outer = this.#end;
    if (end > outer) this.#failed = true;
    else this.#end = end;
    const value = read();
    this.#end = outer;
    if (!this.#failed) this.#at = end;
    return value;
  }

  #fail(): string {
    this.#failed = true;
    return '';
  }
}

export class DnsWriter {
  readonly #bytes = Buffer.alloc(MAX_MESSAGE);
  readonly #names = new Map<string, number>();
  #at = 0;

  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  u8(value: number): void {
    this.#at = this.#bytes.writeUInt8(value, this.#at);
  }

  u16(value: number): void {
    this.#at = this.#bytes.writeUInt16BE(value, this.#at);
  }

  u32(value: number): void {
    this.#at = this.#bytes.writeUInt32BE(value, this.#at);
  }

  octets(octets: Uint8Array): void {
    this.#bytes.set(octets, this.#at);
    this.#at += octets.length;
  }

  name(name: string): void {
    const labels = splitName(name);
    let length = 1;
    for (let from = 0; from < labels.length; from++) {
      const rest = joinLabels(labels.slice(from));
      const known = this.#names.get(rest);
      if (known !== undefined) {
        this.u16((POINTER << 8) | known);
        return;
      }
      const label = TO_UTF8.encode(labels[from]);
      length += label.length + 1;
      if (label.length === 0 || label.length > MAX_LABEL || length > MAX_NAME) {
        throw new RangeError(`"${name}" is no domain name: a label has 1 to ${MAX_LABEL} octets`);
      }
      if (this.#at <= MAX_OFFSET) this.#names.set(rest, this.#at);
      this.u8(label.length);
      this.octets(label);
    }
    this.u8(0);
  }

  /** Writes 16 bits of length in front of what `write` writes. */
  lengthOf(write: () => void): void {
    const start = this.#at;
    this.u16(0);
    write();
    this.#bytes.writeUInt16BE(this.#at - start - 2, start);
  }
}
