/**
 * Datagrams that nobody should send, made from datagrams that somebody sent.
 *
 * Takes  a source of chance and real datagrams. Gives random octets, damaged copies, and copies in which just the fields
 *        that lead a reader on are wrong: LENs, LENGTHs, counts, tables of contents.
 */
import type { Randomness } from '../../runtime/ports/randomness.ts';

const RTP_OCTETS = 12;
const MAX_OCTETS = 1_500;
/** Where signs and sizes of fields change. */
const EDGES: readonly number[] = [
  0, 1, 2, 3, 0x0f, 0x10, 0x3f, 0x40, 0x7f, 0x80, 0x81, 0xf0, 0xf7, 0xff,
];

export class Mutator {
  readonly #random: Randomness;
  readonly #sources: readonly Uint8Array[];

  constructor(random: Randomness, sources: readonly Uint8Array[]) {
    this.#random = random;
    this.#sources = sources;
  }

  below(limit: number): number {
    return this.#random.uint32() % limit;
  }

  next(): Uint8Array {
    switch (this.below(8)) {
      case 0:
        return this.#random.bytes(this.below(this.below(10) === 0 ? MAX_OCTETS : 60));
      case 1:
        return this.#spliced();
      case 2:
      case 3:
        return this.#damaged();
      default:
        return this.#misled();
    }
  }

  #source(): Uint8Array {
    return (this.#sources[this.below(this.#sources.length)] as Uint8Array).slice();
  }

  /** The beginning of one, the end of another one. */
  #spliced(): Uint8Array {
    const first = this.#source();
    const second = this.#source();
    const octets = [
      ...first.subarray(0, this.below(first.length + 1)),
      ...second.subarray(this.below(second.length + 1)),
    ];
    return Uint8Array.from(octets.slice(0, MAX_OCTETS));
  }

  #damaged(): Uint8Array {
    const source = this.#source();
    const length = this.below(8) === 0 ? this.below(source.length + 1) : source.length;
    const bytes = new Uint8Array(length + (this.below(16) === 0 ? this.below(20) : 0));
    bytes.set(source.subarray(0, length));
    // Past the header, mostly: a wrong SSRC is thrown away too soon to be of interest.
    const first = this.below(6) === 0 || bytes.length <= RTP_OCTETS ? 0 : RTP_OCTETS;
    for (let count = this.below(6); count > 0 && bytes.length > first; count--) {
      bytes[first + this.below(bytes.length - first)] = this.#octet();
    }
    return bytes;
  }

  #misled(): Uint8Array {
    const bytes = this.#source();
    const fields = leadingFields(bytes);
    for (let count = 1 + this.below(3); count > 0 && fields.length > 0; count--) {
      const at = fields[this.below(fields.length)] as number;
      const held = bytes[at] ?? 0;
      const change = this.below(4);
      if (change === 0) bytes[at] = held + 1;
      else if (change === 1) bytes[at] = held - 1;
      else if (change === 2) bytes[at] = held ^ (1 << this.below(8));
      else bytes[at] = this.#octet();
    }
    if (this.below(8) > 0) return bytes;
    return bytes.slice(0, this.below(bytes.length + 1));
  }

  #octet(): number {
    return this.below(2) === 0 ? this.below(256) : (EDGES[this.below(EDGES.length)] as number);
  }
}

/** Where the recovery journal of a data packet begins; -1 when it has none. */
export function journalOf(bytes: Uint8Array): number {
  const header = bytes[RTP_OCTETS] ?? 0;
  if (bytes[0] !== 0x80 || (header & 0x40) === 0) return -1;
  const short = RTP_OCTETS + 1 + (header & 15);
  const at =
    (header & 0x80) === 0 ? short : short + 1 + 255 * (header & 15) + (bytes[RTP_OCTETS + 1] ?? 0);
  return at + 3 <= bytes.length ? at : -1;
}

/**
 * The offsets of octets that tell a reader where to go on: the section's header, journal headers, tables of contents,
 * and the first octets of chapters. Found by walking along the LENGTHs, as far as they lead.
 */
function leadingFields(bytes: Uint8Array): readonly number[] {
  const fields: number[] = [];
  if (bytes[0] !== 0x80 || bytes.length <= RTP_OCTETS) return [0, 1, 2, 3];
  const header = bytes[RTP_OCTETS] ?? 0;
  const long = (header & 0x80) !== 0;
  fields.push(RTP_OCTETS);
  if (long) fields.push(RTP_OCTETS + 1);
  const listAt = RTP_OCTETS + (long ? 2 : 1);
  const journalAt = journalOf(bytes);
  const listEnd = journalAt < 0 ? bytes.length : journalAt;
  for (let at = listAt; at < listEnd; at++) {
    if ((bytes[at] ?? 0) >= 0x80) fields.push(at);
  }
  if (journalAt < 0) return fields;
  const journal = bytes[journalAt] ?? 0;
  fields.push(journalAt, journalAt + 1, journalAt + 2);
  let at = journalAt + 3;
  const part = (headerOctets: number): void => {
    const length = (((bytes[at] ?? 0) & 3) << 8) | (bytes[at + 1] ?? 0);
    // The chapters begin at once, and nobody but a reader knows where the later ones do: any octet may lead.
    for (let field = at; field < Math.min(at + length, bytes.length); field++) {
      if (field < at + headerOctets + 4 || field % 3 === 0) fields.push(field);
    }
    at += Math.max(headerOctets, length);
  };
  if ((journal & 0x40) !== 0) part(2);
  if ((journal & 0x20) !== 0) {
    for (let left = (journal & 15) + 1; left > 0 && at < bytes.length; left--) part(3);
  }
  return fields.filter((field) => field < bytes.length);
}
