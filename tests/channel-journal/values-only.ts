/** A journal as a sender writes it that knows no tool of Chapter C but the value, like macOS: CC 123 is a value of 0. */
export function valuesOnly(journal: string): string {
  const bytes = [...Buffer.from(journal, 'hex')];
  const first = bytes[0] as number;
  let next = 3;
  if ((first & 0x40) !== 0) next += lengthAt(bytes, next);
  const out = bytes.slice(0, next);
  while (next < bytes.length) {
    const length = lengthAt(bytes, next);
    out.push(...channel(bytes.slice(next, next + length)));
    next += length;
  }
  return Buffer.from(out).toString('hex');
}

function lengthAt(bytes: readonly number[], at: number): number {
  return (((bytes[at] as number) & 3) << 8) | (bytes[at + 1] as number);
}

function channel(bytes: readonly number[]): number[] {
  const contents = bytes[2] as number;
  if ((contents & 0x40) === 0) return [...bytes];
  const at = 3 + ((contents & 0x80) !== 0 ? 3 : 0);
  const header = bytes[at] as number;
  const end = at + 1 + 2 * ((header & 127) + 1);
  const logs: number[] = [];
  let last = -1;
  for (let log = at + 1; log < end; log += 2) {
    const number = bytes[log] as number;
    const field = bytes[log + 1] as number;
    // A value after a count replaces it; toggles go.
    if (field < 0x80 && last === number) logs.splice(-2);
    if (field < 0x80 || field >= 0xc0) {
      logs.push(number, field < 0x80 ? field : 0);
      last = number;
    }
  }
  const list = logs.length === 0 ? [] : [(header & 0x80) | (logs.length / 2 - 1), ...logs];
  const out = [...bytes.slice(0, at), ...list, ...bytes.slice(end)];
  if (logs.length === 0) out[2] = contents & ~0x40;
  out[0] = ((out[0] as number) & 0xfc) | (out.length >> 8);
  out[1] = out.length & 0xff;
  return out;
}
