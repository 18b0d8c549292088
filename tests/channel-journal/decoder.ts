/**
 * Takes a recovery journal apart, for tests: written from the figures of RFC 6295, and sharing nothing with the reader.
 * Lists are given as text, so that a difference can be read.
 */
export interface DecodedChannel {
  readonly channel: number;
  readonly length: number;
  readonly s: number;
  /** Each chapter's S bit (B for N is an element of it), and its contents in a line of text for each element. */
  readonly chapters: ReadonlyMap<string, Chapter>;
}

export interface Chapter {
  readonly s: number;
  readonly header: string;
  readonly elements: readonly string[];
}

export interface DecodedJournal {
  readonly s: number;
  readonly checkpoint: number;
  readonly systemS: number;
  readonly channels: readonly DecodedChannel[];
}

export function decodeJournal(hex: string): DecodedJournal {
  const bytes = Buffer.from(hex, 'hex');
  const at = (i: number): number => {
    const octet = bytes[i];
    if (octet === undefined) throw new RangeError('the journal ends early');
    return octet;
  };
  const first = at(0);
  if ((first & 0x10) !== 0) throw new RangeError('H is set');
  let next = 3;
  let systemS = 1;
  if ((first & 0x40) !== 0) {
    systemS = at(next) >> 7;
    next += ((at(next) & 3) << 8) | at(next + 1);
  }
  const channels: DecodedChannel[] = [];
  const count = (first & 0x20) !== 0 ? (first & 15) + 1 : 0;
  if (count === 0 && (first & 15) !== 0) throw new RangeError('TOTCHAN without A');
  for (let i = 0; i < count; i++) {
    const length = ((at(next) & 3) << 8) | at(next + 1);
    channels.push(decodeChannel(bytes.subarray(next, next + length)));
    next += length;
  }
  if (next !== bytes.length) throw new RangeError('octets are left over');
  return { s: first >> 7, checkpoint: (at(1) << 8) | at(2), systemS, channels };
}

function decodeChannel(b: Uint8Array): DecodedChannel {
  const at = (i: number): number => {
    const octet = b[i];
    if (octet === undefined) throw new RangeError('a chapter runs past its channel journal');
    return octet;
  };
  if ((at(0) & 4) !== 0) throw new RangeError('H of a channel is set');
  const chapters = new Map<string, Chapter>();
  let q = 3;
  /** S NUMBER, flag, value: logs of two octets. */
  const pairs = (count: number, text: (flag: number, value: number) => string): string[] => {
    const list: string[] = [];
    for (let i = 0; i < count; i++, q += 2) {
      list.push(`S${at(q) >> 7} ${at(q) & 127} ${text(at(q + 1) >> 7, at(q + 1) & 127)}`);
    }
    return list;
  };
  const lists: Record<string, (flag: number, value: number) => string> = {
    C: (a, v) => (a === 0 ? `value ${v}` : v < 64 ? `toggle ${v}` : `count ${v - 64}`),
    E: (v, x) => (v === 0 ? `count ${x}` : `release ${x}`),
    A: (x, p) => `X${x} ${p}`,
  };
  for (const [i, letter] of [...'PCMWNETA'].entries()) {
    if ((at(2) & (0x80 >> i)) === 0) continue;
    const s = at(q) >> 7;
    const header = '';
    if (letter === 'P') {
      const bank = `B${at(q + 1) >> 7} ${at(q + 1) & 127} X${at(q + 2) >> 7} ${at(q + 2) & 127}`;
      chapters.set('P', { s, header, elements: [`S${s} ${at(q) & 127} ${bank}`] });
      q += 3;
    } else if (letter === 'W') {
      if (at(q + 1) > 127) throw new RangeError('R of W is set');
      chapters.set('W', { s, header, elements: [`S${s} ${at(q) & 127} ${at(q + 1)}`] });
      q += 2;
    } else if (letter === 'T') {
      chapters.set('T', { s, header, elements: [`S${s} ${at(q) & 127}`] });
      q += 1;
    } else if (letter === 'M') {
      const length = ((at(q) & 3) << 8) | at(q + 1);
      chapters.set('M', decodeParameters(b.subarray(q, q + length)));
      q += length;
    } else if (letter === 'N') {
      const low = at(q + 1) >> 4;
      const high = at(q + 1) & 15;
      let logs = at(q) & 127;
      if (logs === 127 && at(q + 1) === 0xf0) logs = 128;
      if (low > high && (low !== 15 || high > 1)) throw new RangeError('LOW and HIGH of N');
      if (low > high && high === 1 && logs !== 127) throw new RangeError('15/1 without 127 logs');
      q += 2;
      const elements = pairs(logs, (y, v) => `Y${y} ${v}`);
      const bits = low <= high ? high - low + 1 : 0;
      if (logs + bits === 0) throw new RangeError('an empty N');
      const off: string[] = [];
      for (let k = 0; k < bits * 8; k++) {
        if ((at(q + (k >> 3)) & (0x80 >> (k & 7))) !== 0) off.push(`off ${low * 8 + k}`);
      }
      if (bits > 0 && (at(q) === 0 || at(q + bits - 1) === 0)) throw new RangeError('idle bits');
      q += bits;
      const all = elements.every((element) => element.startsWith('S1')) ? s : 0;
      chapters.set('N', { s: all, header: `B${s}`, elements: [...elements, ...off] });
    } else {
      const count = (at(q) & 127) + 1;
      q += 1;
      chapters.set(letter, { s, header, elements: pairs(count, lists[letter] as never) });
    }
  }
  if (q !== b.length) throw new RangeError(`chapters take ${q} of ${b.length} octets`);
  const channel = (at(0) >> 3) & 15;
  return { channel, length: b.length, s: at(0) >> 7, chapters };
}

function decodeParameters(b: Uint8Array): Chapter {
  const first = b[0] as number;
  let q = 2;
  const octet = (): number => {
    const value = b[q++];
    if (value === undefined) throw new RangeError('Chapter M ends early');
    return value;
  };
  const bit = (n: number): number => (first >> n) & 1;
  let header = `S${bit(7)} P${bit(6)} E${bit(5)}`;
  if (bit(6) === 1) {
    const pending = octet();
    header += ` ${pending > 127 ? 'N' : 'R'}${pending & 127}`;
  }
  const short = bit(2) === 1 && bit(4) + bit(3) > 0;
  const elements: string[] = [];
  while (q < b.length) {
    const lsb = octet();
    const msb = short ? bit(3) << 7 : octet();
    const f = octet();
    if ((f & 5) !== 0) throw new RangeError('T or R of a parameter log is set');
    if ((f & 8) !== 0) throw new RangeError('COUNT without its tool');
    let text = `S${lsb >> 7} ${msb > 127 ? 'N' : 'R'}${msb & 127}.${lsb & 127}`;
    for (const [mask, name] of [
      [0x80, 'J'],
      [0x40, 'K'],
    ] as const) {
      if ((f & mask) === 0) continue;
      const value = octet();
      text += ` ${name}${value > 127 ? 'x' : ''}${value & 127}`;
    }
    for (const [mask, name] of [
      [0x20, 'L'],
      [0x10, 'M'],
    ] as const) {
      if ((f & mask) === 0) continue;
      const high = octet();
      const magnitude = ((high & 63) << 8) | octet();
      text += ` ${name}${(high & 64) !== 0 ? 'x' : ''}${high > 127 ? -magnitude : magnitude}`;
    }
    elements.push(text);
  }
  return { s: first >> 7, header, elements };
}
