import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import {
  decodeSessionMessage,
  isSessionMessage,
} from '../../runtime/transport/rtp-midi/apple-midi/messages.ts';
import { deltaTimeLength, deltaTimeValue } from '../../runtime/transport/rtp-midi/delta-time.ts';
import { SysExHistory } from '../../runtime/transport/rtp-midi/journal/sysex-history.ts';
import { takeSegment } from '../../runtime/transport/rtp-midi/sysex-segments.ts';
import { readPacket } from './rtp-midi-packet.ts';

const VECTORS = new URL('../vectors/rtp-midi/', import.meta.url);
/** A larger collection, captured from other implementations; not part of this repository. */
const COLLECTION = fileURLToPath(
  new URL('../../../shared/vectors/rtp-midi/vectors.json', import.meta.url),
);

const lines = (name: string): readonly string[] =>
  readFileSync(new URL(name, VECTORS), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));

const fromHex = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

test.each(lines('packets.txt').map((line) => line.split(' | ')))(
  '%s is read as written (item 51)',
  (_name, hex, commands, journal) => {
    const read = readPacket(fromHex(hex ?? ''));
    expect(read?.faults).toEqual([]);
    const shown = read?.commands.map(({ delta, midi }) => `${delta}:${midi}`).join(' ') || '-';
    expect(shown).toBe(commands);
    expect(read?.journal).toBe(journal !== '-');
  },
);

test.each(lines('sysex-segments.txt'))('segments %s make one command', (line) => {
  const history = new SysExHistory();
  const segments = line.split(' ').map(fromHex);
  let whole: unknown;
  for (const [index, segment] of segments.entries()) {
    expect(whole, `before segment ${index}`).toBeUndefined();
    const [head = 0] = segment;
    whole = takeSegment(history, head, segment, 1, segment.length - 1, segment.at(-1) ?? 0, 1);
  }
  expect(whole).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
});

interface Vector {
  readonly name: string;
  readonly kind: string;
  readonly hex: string;
  readonly ok?: boolean;
  readonly value?: number;
  readonly expected?: {
    readonly kind?: string;
    readonly command?: string;
    readonly token?: string;
    readonly ssrc?: string;
    readonly name?: string;
    readonly seq?: number;
    readonly ts?: number;
    readonly J?: number;
    readonly commands?: readonly { readonly delta: number; readonly midi: string }[];
    readonly journal?: { readonly checkpoint?: number };
  };
}

const hasCollection = existsSync(COLLECTION);
if (!hasCollection) {
  process.stderr.write(
    'rtp-midi-vectors: no collection beside this repository; only its own vectors were read\n',
  );
}
const collection: readonly Vector[] = hasCollection
  ? (JSON.parse(readFileSync(COLLECTION, 'utf8')) as readonly Vector[])
  : [];

describe.skipIf(!hasCollection)('vectors captured from other implementations', () => {
  test.each(collection.map((vector) => [vector.name, vector] as const))(
    '%s is read, or refused (item 51)',
    (_name, vector) => {
      const bytes = fromHex(vector.hex);
      const expected = vector.expected ?? {};
      switch (vector.kind) {
        case 'delta':
          expect(deltaTimeLength(bytes, 0, bytes.length)).toBe(bytes.length);
          expect(deltaTimeValue(bytes, 0, bytes.length)).toBe(vector.value);
          return;
        case 'applemidi': {
          expect(isSessionMessage(bytes)).toBe(true);
          const decoded = decodeSessionMessage(bytes);
          expect(decoded.ok).toBe(true);
          if (!decoded.ok) return;
          const { value } = decoded;
          expect(value.kind).toBe(expected.command);
          if (expected.ssrc) expect(value.ssrc.toString(16).padStart(8, '0')).toBe(expected.ssrc);
          if ('token' in value) {
            expect(value.token.toString(16).padStart(8, '0')).toBe(expected.token);
            expect(value.name).toBe(expected.name);
          }
          return;
        }
        case 'rtp': {
          const read = readPacket(bytes);
          expect(read).toBeDefined();
          expect(read?.sequence).toBe(expected.seq);
          expect(read?.timestamp).toBe(expected.ts);
          expect(read?.ssrc.toString(16).padStart(8, '0')).toBe(expected.ssrc);
          expect(read?.commands).toEqual(expected.commands);
          if (vector.ok) {
            expect(read?.faults).toEqual([]);
            expect(read?.journal).toBe(expected.J === 1);
            if (expected.journal) expect(read?.checkpoint).toBe(expected.journal.checkpoint);
          } else {
            expect(read?.faults).not.toEqual([]);
          }
          return;
        }
        default:
          // Raw MIDI and fragments: not for this port, and harmless.
          expect(readPacket(bytes)).toBeUndefined();
          expect(isSessionMessage(bytes)).toBe(false);
      }
    },
  );
});
