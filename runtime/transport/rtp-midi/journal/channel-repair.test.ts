/**
 * Model test of the channel chapters: whatever was lost, after the repair a synthesizer that heard the rest and the repair
 * is in the state of one that heard all. The synthesizer knows nothing of journals.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  arbitrarySteps,
  play,
  type Step,
} from '../../../../tests/channel-journal/arbitrary-stream.ts';
import { decodeJournal } from '../../../../tests/channel-journal/decoder.ts';
import { commandsOf, LossyStream } from '../../../../tests/channel-journal/lossy-stream.ts';
import { valuesOnly } from '../../../../tests/channel-journal/values-only.ts';
import type { Instant } from '../../../core/time.ts';

const RUNS = Number(process.env['JOURNAL_RUNS'] ?? 1_000);

/** A pressure that All Notes Off made void, both lost, before a note on its key. */
const VOID_PRESSURE: Step[] = [
  { commands: [[0xa0, 60, 0]], lost: true, report: -1, wait: 0 },
  { commands: [[0xb0, 123, 0]], lost: true, report: -1, wait: 0 },
  { commands: [[0x90, 60, 100]], lost: false, report: -1, wait: 0 },
  { commands: [], lost: true, report: -1, wait: 0 },
];

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

test('after a loss that the journal does not cover, nothing sounds that should not, and all that is coded agrees (items 17, 19)', () => {
  fc.assert(
    fc.property(
      arbitrarySteps(25, false),
      arbitrarySteps(25, false),
      fc.integer({ min: 0, max: 5 }),
      (before, after, packets) => {
        const stream = new LossyStream();
        play(stream, before, () => {});
        stream.send([], true);
        for (const { commands } of after) stream.send(commands, true);
        stream.giveUp(packets);
        stream.send([], false);
        const coded = namesIn(stream.journal);
        for (const difference of stream.sent.differences(stream.heard, { late: true })) {
          const [, name = ''] = /^(.*?):/.exec(difference) ?? [];
          expect(name === '' || coded.has(name), difference).toBe(false);
        }
      },
    ),
    { numRuns: RUNS },
  );
});

/** What a journal tells of, as the synthesizer names it. */
function namesIn(journal: string): Set<string> {
  const names = new Set<string>();
  for (const { channel, chapters } of decodeJournal(journal).channels) {
    const add = (name: string): Set<string> => names.add(`channel ${channel}, ${name}`);
    for (const [letter, { elements }] of chapters) {
      if (letter === 'P') add('program');
      if (letter === 'W') add('wheel');
      if (letter === 'T') add('pressure');
      if (letter === 'M') add('selected');
      for (const element of elements) {
        const [, number = ''] = element.split(' ');
        if (letter === 'C' && !element.includes('count')) add(`CC ${number}`);
        if (letter === 'N') add(`key ${number}`);
        if (letter === 'M') add(number);
        if (letter === 'A' && element.includes('X0')) add(`pressure of key ${number}`);
      }
    }
  }
  return names;
}

describe('senders of other makes', () => {
  test('where S is always 0, repairs are the same (items 15a, 19)', () => {
    fc.assert(
      fc.property(arbitrarySteps(25, true), (steps) => {
        const stream = new LossyStream();
        stream.habits = { previous: -1 };
        play(stream, steps, () => {
          expect(stream.sent.differences(stream.heard, { counts: true })).toEqual([]);
        });
      }),
      { numRuns: RUNS },
    );
  });

  test('where Y is always 0, lost notes stay silent, and all else agrees (items 24b, 25)', () => {
    fc.assert(
      fc.property(arbitrarySteps(25, true), (steps) => {
        const stream = new LossyStream();
        stream.habits = { at: 1e15 as Instant };
        play(stream, steps, () => {
          expect(stream.sent.differences(stream.heard, { late: true })).toEqual([]);
        });
      }),
      { numRuns: RUNS },
    );
  });

  test('where all controllers are told of by value, no key sounds on (items 21, 25)', () => {
    fc.assert(
      fc.property(arbitrarySteps(25, true), (steps) => {
        const stream = new LossyStream();
        stream.rewrite = valuesOnly;
        play(stream, steps, () => {
          expect(stream.fault).toBeUndefined();
          for (const channel of [0, 9]) {
            const source = stream.sent.channel(channel).velocity;
            const there = stream.heard.channel(channel).velocity;
            expect(there.filter((velocity, key) => velocity !== 0 && source[key] === 0)).toEqual(
              [],
            );
          }
        });
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
      { numRuns: RUNS, examples: [[VOID_PRESSURE, false]] },
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
