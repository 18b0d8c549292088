/**
 * What is written into system journals, against the definitions of RFC 6295 appendices A.1 and B.1 to B.4 taken at their
 * word, for arbitrary histories, checkpoints and packets.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectedSystemJournal, type SentCommand } from '../../../../tests/system-definitions.ts';
import { journalOf, messagesOf, NOW, systemJournalOf } from '../../../../tests/system-journals.ts';
import { StreamState } from './stream-state.ts';

const RUNS = 1_000;
const ORACLE = fileURLToPath(
  new URL('../../../../../shared/tools/rtp-midi-oracle.py', import.meta.url),
);
/** An RTP header, and an empty command section with a journal. */
const PACKET = '8061000500000064a1b2c3d440';

const hex = (value: number): string => value.toString(16).padStart(2, '0');
const data7 = fc.nat(127).map(hex);
/** Words of hex; quarter frames that follow on each other, so that series come about. */
const words = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('f8', 'f8 f8', 'fa', 'fb', 'fc', 'fc fb', 'fa f8') },
  { weight: 2, arbitrary: fc.constantFrom('fe', 'f6', 'ff', 'f305', 'f306', 'c005') },
  { weight: 1, arbitrary: fc.tuple(data7, data7).map(([low, high]) => `f2${low}${high}`) },
  { weight: 1, arbitrary: fc.constantFrom('f20000', 'f20100', 'f07e7f0901f7', 'f07e7f0a02f7') },
  {
    weight: 1,
    arbitrary: fc.tuple(data7, data7, data7, data7).map((time) => `f07f7f0101${time.join('')}f7`),
  },
  {
    weight: 5,
    arbitrary: fc
      .tuple(
        fc.nat(7),
        fc.constantFrom(1, 1, 7, 7, 0, 3),
        fc.array(fc.nat(15), { minLength: 1, maxLength: 11 }),
        fc.boolean(),
      )
      .map(([start, step, nibbles, proper]) => {
        const first = proper ? (step === 7 ? 7 : 0) : start;
        return nibbles
          .map((nibble, i) => `f1${hex((((first + i * step) & 7) << 4) | nibble)}`)
          .join(' ');
      }),
  },
);
/** The words of each packet, and how far back the next one's checkpoint lies. */
const history = fc.array(fc.record({ words: fc.array(words, { maxLength: 4 }), back: fc.nat(6) }), {
  minLength: 1,
  maxLength: 12,
});
type Packets = readonly { readonly words: readonly string[]; readonly back: number }[];

/** Calls `look` for the journal of each packet. */
function journals(
  packets: Packets,
  anchored: boolean,
  look: (
    journal: string,
    system: string,
    sent: readonly SentCommand[],
    checkpoint: number,
    packet: number,
  ) => void,
): void {
  const state = new StreamState();
  const sent: SentCommand[] = [];
  const stamps: number[] = [];
  let stamp = 0;
  for (const [packet, { words, back }] of [...packets, { words: [], back: 3 }].entries()) {
    const checkpoint = Math.max(0, packet - back);
    const confirmed = stamps[checkpoint - 1] ?? 0;
    const view = { confirmed, anchor: anchored ? 0 : confirmed, previous: stamps[packet - 2] ?? 0 };
    look(journalOf(state, view), systemJournalOf(state, view), sent, checkpoint, packet);
    for (const message of messagesOf(words.join(' '))) state.apply(message, ++stamp, NOW);
    for (const word of words.join(' ').split(' ')) {
      if (word !== '') sent.push({ packet, octets: [...Buffer.from(word, 'hex')] });
    }
    stamps.push(stamp);
  }
}

/** Header, the letters D V Q F that it says, and the octets of these chapters: Chapter X is the last. */
function readSystem(
  system: string,
  length: number,
): { s: number; chapters: string; octets: string } {
  const header = Number.parseInt(system.slice(0, 2), 16);
  const chapters = [...'DVQF'].filter((_, i) => (header & (0x40 >> i)) !== 0).join('');
  return { s: header >> 7, chapters, octets: system.slice(4, 4 + 2 * length) };
}

describe('for any history, checkpoint and packet', () => {
  test.each([
    ['what is due', false],
    ['all that is active, where lasting state is anchored', true],
  ])(
    'Chapters D, V, Q and F hold %s, with the values and S bits of their definitions (items 14, 15, 15a, 15b, 28, 29, 29a, 30)',
    (_what, anchored) => {
      fc.assert(
        fc.property(history, (packets) => {
          journals(packets, anchored, (_journal, system, sent, checkpoint, packet) => {
            const expected = expectedSystemJournal(sent, { checkpoint, packet, anchored });
            const read = readSystem(system, expected.octets.length);
            expect(read.chapters).toBe(expected.chapters);
            expect(read.octets).toBe(expected.octets.map(hex).join(''));
          });
        }),
        { numRuns: RUNS },
      );
    },
  );

  test('S is 0 in the system journal and in the header exactly if it is in a chapter; LENGTH and Y are right (items 14, 14a, 15a)', () => {
    fc.assert(
      fc.property(history, (packets) => {
        journals(packets, false, (journal, system, sent, checkpoint, packet) => {
          const { bits, octets } = expectedSystemJournal(sent, {
            checkpoint,
            packet,
            anchored: false,
          });
          const header = Number.parseInt(journal.slice(0, 2), 16);
          expect((header & 0x40) !== 0).toBe(system !== '');
          if (system === '') return;
          const first = Number.parseInt(system.slice(0, 4), 16);
          const x = system.slice(4 + 2 * octets.length);
          const all = x === '' ? bits : [...bits, Number.parseInt(x.slice(0, 2), 16) >> 7];
          expect(first >> 15).toBe(all.every((bit) => bit === 1) ? 1 : 0);
          if (first < 0x8000) expect(header >> 7).toBe(0);
          expect((first & 0x0400) !== 0).toBe(x !== '');
          expect(2 * (first & 0x03ff)).toBe(system.length);
        });
      }),
      { numRuns: RUNS },
    );
  });
});

const hasOracle = existsSync(ORACLE) && spawnSync('python3', ['--version']).status === 0;
if (!hasOracle) {
  process.stderr.write('system-definitions: no strict decoder here; it judged nothing\n');
}

test.skipIf(!hasOracle)(
  'a strict decoder finds nothing in system journals that a sender must not do (items 14, 14a, 15a)',
  () => {
    const packets = fc.sample(history, { numRuns: 300, seed: 6_295 }).flatMap((sample) => {
      const found: string[] = [];
      journals(sample, false, (journal) => found.push(PACKET + journal));
      return found;
    });
    const { stdout } = spawnSync('python3', [ORACLE, '--hex'], {
      input: packets.join('\n'),
      encoding: 'utf8',
      maxBuffer: 64 * 1_024 * 1_024,
    });
    const faults = stdout
      .trim()
      .split('\n')
      .filter((line) => /"(errors?|musts|rtp_error)"/.test(line));
    expect(stdout.trim().split('\n')).toHaveLength(packets.length);
    expect(faults).toEqual([]);
  },
);
