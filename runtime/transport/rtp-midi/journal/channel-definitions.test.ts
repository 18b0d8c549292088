/**
 * What is written into channel journals, against the definitions of RFC 6295 appendix A taken at their word: for arbitrary
 * histories, checkpoints and packets.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arbitrarySteps, type Step } from '../../../../tests/channel-journal/arbitrary-stream.ts';
import { type DecodedJournal, decodeJournal } from '../../../../tests/channel-journal/decoder.ts';
import { expectedChapters, type Sent } from '../../../../tests/channel-journal/definitions.ts';
import { LossyStream } from '../../../../tests/channel-journal/lossy-stream.ts';
import { PLAY_HINT } from './chapters/chapter-n.ts';

const RUNS = Number(process.env['JOURNAL_RUNS'] ?? 1_000);
const ORACLE = fileURLToPath(
  new URL('../../../../../shared/tools/rtp-midi-oracle.py', import.meta.url),
);
const CHANNELS = [0, 9];

/** Plays all steps to a peer that hears them, and gives every journal with what it should be. */
function journals(
  steps: readonly Step[],
  anchored: boolean,
  look: (hex: string, stream: LossyStream, history: readonly Sent[], now: number) => void,
): void {
  const stream = new LossyStream(anchored);
  const history: Sent[] = [];
  let now = 0;
  for (const { commands, report, wait } of steps) {
    stream.wait(wait);
    now += wait;
    look(stream.write(), stream, history, now);
    for (const octets of commands) history.push({ packet: stream.next, octets, at: now });
    stream.send(commands, false);
    if (report >= 0) stream.report(report);
  }
}

/** Logs that may stand in Chapter C beside those that are due: a bank that Chapter P would undo. */
function withoutOldBank(elements: readonly string[], due: readonly string[]): readonly string[] {
  return elements.filter((log) => due.includes(log) || !/^S\d (0|32) value/.test(log));
}

describe('for any history, checkpoint and packet', () => {
  test.each([
    ['what is due', false],
    ['all that is active, where lasting state is anchored', true],
  ])(
    'chapters hold %s, with the values, order and bits of their definitions (items 14, 15, 15a, 15b, 15c, 20, 21, 21a, 22, 22a, 22b, 23, 24, 24b, 26, 27)',
    (_what, anchored) => {
      fc.assert(
        fc.property(arbitrarySteps(30, true), (steps) => {
          journals(steps, anchored, (hex, stream, history, now) => {
            const { channels } = decodeJournal(hex);
            for (const channel of CHANNELS) {
              const expected = expectedChapters(history, {
                channel,
                checkpoint: stream.checkpoint,
                packet: stream.next,
                anchored,
                now,
                hint: PLAY_HINT / 1_000,
              });
              const found = channels.find((journal) => journal.channel === channel);
              const due = Object.fromEntries(expected);
              const written = Object.fromEntries(
                [...(found?.chapters ?? [])].map(([letter, { header, elements }]) => [
                  letter,
                  { header, elements },
                ]),
              );
              if (written['C']) {
                const elements = withoutOldBank(written['C'].elements, due['C']?.elements ?? []);
                if (elements.length > 0) written['C'] = { header: '', elements };
                else delete written['C'];
              }
              expect(written).toEqual(due);
            }
          });
        }),
        { numRuns: RUNS },
      );
    },
  );

  test('S is 0 in an element exactly if it tells of the packet before, and then in all that enclose it (item 15a)', () => {
    fc.assert(
      fc.property(arbitrarySteps(30, true), fc.boolean(), (steps, anchored) => {
        journals(steps, anchored, (hex, stream, history) => {
          const journal = decodeJournal(hex);
          checkEnclosing(journal);
          // An empty packet before: nothing tells of it.
          const before = history.filter(({ packet }) => packet === stream.next - 1);
          if (before.length === 0) expect(journal.s).toBe(1);
        });
      }),
      { numRuns: RUNS },
    );
  });

  test('channels ascend, each once; LENGTH and LEN lead from element to element; reserved bits are 0 (items 14, 14a)', () => {
    fc.assert(
      fc.property(
        arbitrarySteps(30, true),
        fc.boolean(),
        fc.array(fc.integer({ min: 0, max: 15 }), { minLength: 1, maxLength: 8 }),
        (steps, anchored, shift) => {
          const moved = steps.map((step, i) => ({
            ...step,
            commands: step.commands.map(([status, data1, data2]) => {
              const channel = (status + (shift[i % shift.length] as number)) & 15;
              const where = status < 0xf0 ? (status & 0xf0) | channel : status;
              return [where, data1, data2] as const;
            }),
          }));
          journals(moved, anchored, (hex, stream) => {
            const { channels, checkpoint } = decodeJournal(hex);
            const numbers = channels.map(({ channel }) => channel);
            expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
            expect(checkpoint).toBe(stream.checkpoint & 0xffff);
            for (const { length } of channels) expect(length).toBeLessThan(1_024);
          });
        },
      ),
      { numRuns: RUNS / 2 },
    );
  });

  test.skipIf(!existsSync(ORACLE))(
    'a strict decoder finds nothing that a sender must not do (items 14, 14a)',
    (context) => {
      if (spawnSync('python3', ['--version']).status !== 0)
        return context.skip('python3 is missing');
      const packets: string[] = [];
      fc.assert(
        fc.property(arbitrarySteps(30, true), fc.boolean(), (steps, anchored) => {
          journals(steps, anchored, (hex) => packets.push(`80610001000000010000000140${hex}`));
        }),
        { numRuns: RUNS / 10, seed: 1 },
      );
      const answer = spawnSync('python3', [ORACLE, '--hex'], {
        input: packets.join('\n'),
        encoding: 'utf8',
        maxBuffer: 1 << 28,
      });
      expect(answer.stdout.trim().split('\n')).toHaveLength(packets.length);
      const faults = answer.stdout
        .split('\n')
        .filter((line) => /"(musts|errors|error|rtp_error)"/.test(line));
      expect(faults).toEqual([]);
      expect(packets.length).toBeGreaterThan(RUNS / 10);
    },
  );
});

function checkEnclosing({ s, systemS, channels }: DecodedJournal): void {
  let all = systemS;
  for (const channel of channels) {
    let inChannel = 1;
    for (const { s: own, header, elements } of channel.chapters.values()) {
      // The header of M tells of the newest command as well, which may close a transaction that has no log.
      const inside = [...elements, header.replace('B', 'S')];
      expect(own).toBe(inside.some((element) => element.startsWith('S0')) ? 0 : 1);
      inChannel &= own;
    }
    expect(channel.s).toBe(inChannel);
    all &= inChannel;
  }
  expect(s).toBe(all);
}
