/**
 * Model test of the channel chapters: whatever was lost, after the repair a synthesizer that heard the rest and the repair
 * is in the state of one that heard all. The synthesizer knows nothing of journals.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arbitrarySteps, play } from '../../../../tests/channel-journal/arbitrary-stream.ts';
import { commandsOf, LossyStream } from '../../../../tests/channel-journal/lossy-stream.ts';

const RUNS = Number(process.env['JOURNAL_RUNS'] ?? 1_000);

describe('after a repair both ends agree, whatever was lost', () => {
  const AGREE = { counts: true };

  test.each([
    ['a peer that reports', false, false],
    ['a peer that never does, all lasting state anchored', true, false],
    ['a peer that joins in the middle', true, true],
  ])('%s (items 15, 17, 19, 20, 21, 22c, 23, 24, 25, 26a, 27)', (_who, anchored, joins) => {
    fc.assert(
      fc.property(arbitrarySteps(25, true), (steps) => {
        const stream = new LossyStream(anchored, joins);
        play(stream, steps, () => {
          expect(stream.fault).toBeUndefined();
          expect(stream.sent.differences(stream.heard, AGREE)).toEqual([]);
        });
      }),
      { numRuns: RUNS },
    );
  });

  test('a long stream with many losses (items 15, 17, 19)', () => {
    fc.assert(
      fc.property(arbitrarySteps(200, true), fc.boolean(), (steps, anchored) => {
        const stream = new LossyStream(anchored);
        play(stream, steps, () => {
          expect(stream.sent.differences(stream.heard, AGREE)).toEqual([]);
        });
      }),
      { numRuns: RUNS / 10 },
    );
  });

  test('one gap in a stream heard from the start: NoteOns agree in number too (items 25, 26a)', () => {
    fc.assert(
      fc.property(arbitrarySteps(12, false), arbitrarySteps(12, false), (heard, lost) => {
        const stream = new LossyStream();
        for (const { commands } of heard) stream.send(commands, false);
        for (const { commands } of lost) stream.send(commands, true);
        stream.send([], false);
        expect(stream.sent.differences(stream.heard)).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });

  test('when NoteOns come too late to be played, nothing sounds that should not, and all else agrees (items 24b, 25)', () => {
    fc.assert(
      fc.property(arbitrarySteps(40, true), fc.boolean(), (steps, anchored) => {
        const stream = new LossyStream(anchored);
        const check = (): void => {
          expect(stream.sent.differences(stream.heard, { late: true })).toEqual([]);
        };
        play(stream, steps, check, true);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('a repair plays nothing but what is missing', () => {
  test('a journal changes nothing where all was heard (item 19)', () => {
    fc.assert(
      fc.property(arbitrarySteps(25, true), fc.boolean(), (steps, anchored) => {
        const stream = new LossyStream(anchored);
        for (const { commands, report } of steps) {
          stream.journal = stream.write();
          stream.read(stream.next, false, false);
          expect(stream.repaired).toEqual([]);
          stream.send(commands, false);
          if (report >= 0) stream.report(report);
        }
      }),
      { numRuns: RUNS },
    );
  });

  test('a journal that was acted upon changes nothing when it is read again (item 19)', () => {
    fc.assert(
      fc.property(arbitrarySteps(25, true), fc.boolean(), (steps, anchored) => {
        const stream = new LossyStream(anchored);
        play(stream, steps, () => {
          stream.read(stream.next, false, false);
          expect(stream.repaired).toEqual([]);
        });
      }),
      { numRuns: RUNS },
    );
  });

  test('chapters act in their order: P, C, M, W, N with E, T, A, channel by channel (item 19)', () => {
    const stream = new LossyStream();
    const first = 'a03c10 d020 903c64 803c21 e00150 b06500 b06402 b00640 b00750 b00001 c005';
    const second = first.replaceAll(/(^| )(.)0/g, '$1$21');
    stream.send(commandsOf('903c60 913c60'), false);
    stream.send([...commandsOf(second), ...commandsOf(first)], true);
    stream.send([], false);
    const order = 'b00001 c005 b00750 b06500 b06402 b00640 e00150 803c21 d020 a03c10'.split(' ');
    expect(stream.repaired).toEqual([
      ...order,
      ...order.map((message) => message.replace(/^(.)0/, '$11')),
    ]);
  });
});
