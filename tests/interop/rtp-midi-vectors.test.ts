import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { encodeMessage } from '../../runtime/core/midi-bytes.ts';
import type { Instant, Micros } from '../../runtime/core/time.ts';
import {
  decodeSessionMessage,
  isSessionMessage,
} from '../../runtime/transport/rtp-midi/apple-midi/messages.ts';
import { deltaTimeLength, deltaTimeValue } from '../../runtime/transport/rtp-midi/delta-time.ts';
import { FaultCounters } from '../../runtime/transport/rtp-midi/faults.ts';
import { SysExHistory } from '../../runtime/transport/rtp-midi/journal/sysex-history.ts';
import { emptyRtpHeader, readRtpHeader } from '../../runtime/transport/rtp-midi/rtp-header.ts';
import { StreamReceiver } from '../../runtime/transport/rtp-midi/stream-receiver.ts';
import { takeSegment } from '../../runtime/transport/rtp-midi/sysex-segments.ts';
import { chaptersOf, readPacket } from './rtp-midi-packet.ts';

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

test.each(lines('sysex-segments.txt'))('segments %s make one command (item 51)', (line) => {
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
    readonly journal?: ExpectedJournal;
  };
}

interface ExpectedJournal {
  readonly checkpoint?: number;
  readonly system?: { readonly toc: string };
  readonly channels?: readonly ExpectedChannel[];
}

interface ExpectedChannel {
  readonly channel: number;
  readonly toc: string;
  readonly P?: { readonly program: number };
  readonly C?: readonly { readonly num: number; readonly A: number; readonly val: number }[];
  readonly W?: { readonly value: number };
  readonly N?: {
    readonly logs: readonly { readonly note: number; readonly Y: number; readonly vel: number }[];
  };
  readonly T?: { readonly pressure: number };
}

const octets = (...bytes: readonly number[]): string => Buffer.from(bytes).toString('hex');

/** What one who joins with this packet has to be told, as far as the expected decoding says it. */
function repairsOf({ channel, P, C, W, N, T }: ExpectedChannel): string[] {
  const notes = N?.logs.filter(({ Y }) => Y === 1) ?? [];
  return [
    ...(P ? [octets(0xc0 | channel, P.program)] : []),
    ...(C ?? []).filter(({ A }) => A === 0).map(({ num, val }) => octets(0xb0 | channel, num, val)),
    ...(W ? [octets(0xe0 | channel, W.value & 127, W.value >> 7)] : []),
    ...notes.map(({ note, vel }) => octets(0x90 | channel, note, vel)),
    ...(T ? [octets(0xd0 | channel, T.pressure)] : []),
  ];
}

/** What the journal of a stream's first packet brings back. */
function repair(bytes: Uint8Array): readonly string[] {
  const heard: string[] = [];
  const header = emptyRtpHeader();
  const receiver = new StreamReceiver(
    {
      message: (message, _time, _at, recovered) => {
        if (recovered) heard.push(Buffer.from(encodeMessage(message)).toString('hex'));
      },
      report: () => undefined,
    },
    new FaultCounters(),
    0 as Micros,
  );
  expect(readRtpHeader(bytes, header)).toBeUndefined();
  receiver.receive(bytes, header, 1_000_000 as Instant);
  return heard;
}

function checkJournal(bytes: Uint8Array, checkpoint: unknown, expected: ExpectedJournal): void {
  expect(checkpoint).toBe(expected.checkpoint);
  const channels = expected.channels ?? [];
  const letters = new Set([
    ...(expected.system?.toc ?? ''),
    ...channels.flatMap(({ toc }) => [...toc]),
  ]);
  expect([...chaptersOf(bytes)].sort()).toEqual([...letters].sort());
  const heard = repair(bytes);
  const wanted = channels.flatMap(repairsOf);
  expect(heard).toEqual(expect.arrayContaining(wanted));
  const isNoteOn = (hex: string): boolean => hex.startsWith('9');
  expect(heard.filter(isNoteOn)).toEqual(wanted.filter(isNoteOn));
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
            if (expected.journal) checkJournal(bytes, read?.checkpoint, expected.journal);
          } else {
            expect(read?.faults).not.toEqual([]);
            // Harmless all the same.
            repair(bytes);
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
