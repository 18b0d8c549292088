/**
 * Multicast DNS messages: bytes in, values out, and back.
 *
 * Takes  datagrams of any content; a message that is broken anywhere is refused whole.
 * Gives  questions and records of the types that DNS-SD needs; others are stepped over. Names as dns-name.ts writes them.
 * Keeps  nothing. At most MAX_ITEMS questions and records are read, whatever the header says.
 * Spec: RFC 1035 section 4, RFC 2782 (SRV), RFC 3596 (AAAA), RFC 6762 sections 10.2 (cache flush) and 18.
 */
import { DnsReader, DnsWriter } from './dns-octets.ts';
import { addressOctets, addressText, plainHost } from './ip-text.ts';

interface Common {
  readonly name: string;
  /** Seconds; 0 says goodbye. */
  readonly ttl: number;
  /** Nobody else has records of this name and type: forget older ones. */
  readonly flush: boolean;
}
export type DnsRecord =
  | (Common & { readonly type: 'PTR'; readonly data: string })
  | (Common & {
      readonly type: 'SRV';
      readonly data: { readonly port: number; readonly target: string };
    })
  | (Common & { readonly type: 'TXT'; readonly data: Buffer[] })
  | (Common & { readonly type: 'A' | 'AAAA'; readonly data: string });

/** Types that we ask for or answer to. */
export type QuestionType = DnsRecord['type'] | 'ANY';
export interface DnsQuestion {
  readonly name: string;
  readonly type: QuestionType;
}

export interface DnsMessage {
  readonly kind: 'query' | 'response';
  readonly questions: readonly DnsQuestion[];
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
}

export const TYPE_NUMBERS: Readonly<Record<QuestionType, number>> = {
  A: 1,
  PTR: 12,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  ANY: 255,
};
const TYPES = new Map<number, QuestionType>(
  Object.entries(TYPE_NUMBERS).map(([type, number]) => [number, type as QuestionType]),
);
const IN = 1;
const ANY_CLASS = 255;
/** Of a record: flush the cache. Of a question: an answer to the asker alone would do. */
const TOP_BIT = 0x8000;
const RESPONSE = 0x8000;
const AUTHORITATIVE = 0x0400;
/** Messages with another opcode or an error code are to be ignored (RFC 6762 sections 18.3 and 18.11). */
const OPCODE_AND_RCODE = 0x780f;
const MAX_ITEMS = 512;

export function decodeDnsMessage(bytes: Uint8Array): DnsMessage | undefined {
  const reader = new DnsReader(bytes);
  reader.u16(); // the id means nothing here
  const flags = reader.u16();
  if ((flags & OPCODE_AND_RCODE) !== 0) return undefined;
  const [asked, answered, claimed, added] = [
    reader.u16(),
    reader.u16(),
    reader.u16(),
    reader.u16(),
  ];
  let room = MAX_ITEMS;
  const read = <T>(count: number, one: (reader: DnsReader) => T | undefined): T[] => {
    const items: T[] = [];
    for (let at = 0; at < count && room > 0 && !reader.failed; at++, room--) {
      const item = one(reader);
      if (item !== undefined) items.push(item);
    }
    return items;
  };
  const message: DnsMessage = {
    kind: (flags & RESPONSE) === 0 ? 'query' : 'response',
    questions: read(asked, readQuestion),
    answers: read(answered, readRecord),
    authorities: read(claimed, readRecord),
    additionals: read(added, readRecord),
  };
  return reader.failed ? undefined : message;
}

function readQuestion(reader: DnsReader): DnsQuestion | undefined {
  const name = reader.name();
  const type = TYPES.get(reader.u16());
  const kind = reader.u16() & ~TOP_BIT;
  return type !== undefined && (kind === IN || kind === ANY_CLASS) ? { name, type } : undefined;
}

function readRecord(reader: DnsReader): DnsRecord | undefined {
  const name = reader.name();
  const type = TYPES.get(reader.u16());
  const kind = reader.u16();
  const ttl = reader.u32();
  const end = reader.u16() + reader.at;
  const common = { name, ttl, flush: (kind & TOP_BIT) !== 0 };
  const known = (kind & ~TOP_BIT) === IN ? type : undefined;
  const record = reader.within(end, () => readData(reader, known, common, end));
  return name === '' ? undefined : record;
}

function readData(
  reader: DnsReader,
  type: QuestionType | undefined,
  common: Common,
  end: number,
): DnsRecord | undefined {
  switch (type) {
    case 'PTR': {
      const data = reader.name();
      return data === '' ? undefined : { ...common, type, data };
    }
    case 'SRV': {
      reader.u32(); // priority and weight: a service has one place here
      const port = reader.u16();
      const target = reader.name();
      return port === 0 || target === '' ? undefined : { ...common, type, data: { port, target } };
    }
    case 'TXT': {
      const data: Buffer[] = [];
      while (reader.at < end && !reader.failed) data.push(Buffer.from(reader.take(reader.u8())));
      return { ...common, type, data };
    }
    case 'A':
    case 'AAAA': {
      const octets = reader.take(type === 'A' ? 4 : 16);
      return reader.failed ? undefined : { ...common, type, data: plainHost(addressText(octets)) };
    }
    case 'ANY':
    case undefined:
      return undefined;
  }
}

/** Throws RangeError for a name that no DNS message can hold, and for more than fits one. */
export function encodeDnsMessage(
  message: Partial<DnsMessage> & Pick<DnsMessage, 'kind'>,
): Uint8Array {
  const { kind, questions = [], answers = [], authorities = [], additionals = [] } = message;
  const writer = new DnsWriter();
  writer.u16(0);
  writer.u16(kind === 'response' ? RESPONSE | AUTHORITATIVE : 0);
  for (const { length } of [questions, answers, authorities, additionals]) writer.u16(length);
  for (const { name, type } of questions) {
    writer.name(name);
    writer.u16(TYPE_NUMBERS[type]);
    writer.u16(IN);
  }
  for (const record of [...answers, ...authorities, ...additionals]) writeRecord(writer, record);
  return writer.written;
}

function writeRecord(writer: DnsWriter, record: DnsRecord): void {
  writer.name(record.name);
  writer.u16(TYPE_NUMBERS[record.type]);
  writer.u16(record.flush ? IN | TOP_BIT : IN);
  writer.u32(record.ttl);
  writer.lengthOf(() => writeData(writer, record));
}

function writeData(writer: DnsWriter, record: DnsRecord): void {
  switch (record.type) {
    case 'PTR':
      writer.name(record.data);
      break;
    case 'SRV':
      writer.u32(0);
      writer.u16(record.data.port);
      writer.name(record.data.target);
      break;
    case 'TXT':
      for (const entry of record.data) {
        writer.u8(entry.length);
        writer.octets(entry);
      }
      break;
    case 'A':
    case 'AAAA': {
      const octets = addressOctets(record.data);
      if (octets?.length !== (record.type === 'A' ? 4 : 16)) {
        throw new RangeError(`${record.data} is no address of an ${record.type} record`);
      }
      writer.octets(octets);
    }
  }
}
