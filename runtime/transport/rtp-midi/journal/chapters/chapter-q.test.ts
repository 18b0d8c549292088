/** Chapter Q, the receiver's side. What is written is in tests/vectors/rtp-midi. */
import { describe, expect, test } from 'vitest';
import { repaired } from '../../../../../tests/channel-journal/by-hand.ts';
import {
  journalOf,
  journalWith,
  played,
  systemJournalOf,
} from '../../../../../tests/system-journals.ts';

/** What is played to one who heard this much, when the journal tells of that much; then the two agree. */
function repairs(heard: string, sent: string): string {
  const state = played(`90403c ${heard}`);
  const source = played(`90403c ${sent}`);
  const journal = journalOf(source);
  const emitted = repaired(state, journal).join(' ');
  const { running, next } = state.system.sequencer;
  expect([running, next]).toEqual([source.system.sequencer.running, source.system.sequencer.next]);
  expect(repaired(state, journal)).toEqual([]);
  return emitted;
}

describe('Chapter Q acts on a difference, once (item 29a)', () => {
  // what was heard, what was sent, what is played
  test.each([
    ['nothing is missing', 'fa f8x9', 'fa f8x9', ''],
    ['a clock while stopped', 'fa f8x9 fc', 'fa f8x9 fc f8', ''],
    ['Stop', 'fa f8x9', 'fa f8x9 fc', 'fc'],
    ['Start', '', 'fa', 'fa'],
    ['Start in the middle of the song', 'fa f8x30', 'fa f8x30 fa', 'fa'],
    ['Start after Stop', 'fa f8x30 fc', 'fa f8x30 fc fa', 'fa'],
    ['Continue', 'fa f8x30 fc', 'fa f8x30 fc fb', 'fb'],
    ['Continue at the start', '', 'fb', 'f20000 fb'],
    ['Start and Stop', '', 'fa fc', 'f20000'],
    ['Start of one that continued from nobody knows where', 'fb', 'fb fa', 'fa'],
    ['a clock of one that continued from nobody knows where', 'fb f8', 'fb f8 f8', 'f8'],
    ['nothing of one that stands nobody knows where', 'fb f8x9 fc', 'fb f8x9 fc', ''],
    [
      'a clock of one that stands nobody knows where',
      'fb f8 fc',
      'fb f8 f8 fc',
      'f20000 fb f8 f8 fc',
    ],
    ['Start while a Continue at the start is known', 'f20000 fb', 'f20000 fb fa', ''],
    ['Song Position while stopped', 'fa f8x30 fc', 'fa f8x30 fc f21001', 'f21001'],
    ['Song Position and Continue', 'fa f8x30 fc', 'fa f8x30 fc f21001 fb', 'f21001 fb'],
    ['Song Position 0 and Continue', 'fa f8x30 fc', 'fa f8x30 fc f20000 fb', 'f20000 fb'],
    ['Stop, Song Position and Continue', 'fa f8x30', 'fa f8x30 fc f21001 fb', 'fc f21001 fb'],
    ['Stop and Continue', 'fa f8x30', 'fa f8x30 fc fb', ''],
  ])('%s', (_what, heard, sent, emitted) => {
    expect(repairs(heard, sent)).toBe(emitted);
  });
});

test('Chapter Q: after a loss that no journal covers, one that stands nobody knows where is placed (item 29a)', () => {
  const journal = journalOf(played('90403c fb f8x9 fc'));
  expect(repaired(played('90403c fb f8x9 fc'), journal, { joining: true })).toEqual(
    'f20100 fb f8 f8 f8 fc'.split(' '),
  );
});

describe('Chapter Q corrects the position when clocks are missing', () => {
  test.each([
    ['one', 'fa f8x9', 'fa f8x10', 'f8'],
    ['as many as are played', 'fa f8x9', 'fa f8x21', new Array(12).fill('f8').join(' ')],
    ['more: a jump to the beat, and what is left', 'fa f8x9', 'fa f8x80', 'fc f20d00 fb f8 f8'],
    ['and Stop', 'fa f8x9', 'fa f8x11 fc', 'f8 f8 fc'],
    ['and many, and Stop', 'fa f8x9', 'fa f8x80 fc', 'fc f20d00 fb f8 f8 fc'],
    ['and Continue and Stop', 'fa f8x9 fc', 'fa f8x9 fc fb f8 f8 fc', 'fb f8 f8 fc'],
    ['and many, while it stood', 'fa f8x9 fc', 'fa f8x80 fc', 'f20d00 fb f8 f8 fc'],
    ['and Start', '', 'fa f8 f8', 'fa f8 f8'],
    ['and Start, in the song', 'fa f8x30', 'fa f8x30 fa f8 f8', 'fa f8 f8'],
    ['and Start, and many', '', 'fa f8x49', 'f20800 fb f8'],
    ['and Continue', 'fa f8x30 fc', 'fa f8x30 fc fb f8', 'fb f8'],
    ['beyond the last Song Position', 'f27f7f fb f8x7', 'f27f7f fb f8x37', ''],
  ])('%s', (_what, heard, sent, emitted) => {
    const state = played(`90403c ${heard}`);
    const journal = journalOf(played(`90403c ${sent}`));
    expect(repaired(state, journal).join(' ')).toBe(emitted);
    expect(journalOf(state)).toBe(journal);
    expect(repaired(state, journal)).toEqual([]);
  });

  test('as the only thing when the song is beyond what a Song Position can say', () => {
    expect(repairs('f27f7f fb f8x7 fc', 'f27f7f fb f8x37')).toBe('fb');
    expect(repairs('f27f7f fb f8x7', 'f27f7f fb f8x37 fc')).toBe('fc');
  });
});

test('Chapter Q: TIMETOOLS is passed over, TOP without CLOCK means nothing (item 29)', () => {
  expect(repaired(played('90403c'), journalWith('9008 f8 0001 00abcd'))).toEqual([
    'fa',
    'f8',
    'f8',
  ]);
  expect(repaired(played('90403c'), journalWith('9006 c8 00abcd'))).toEqual(['fa']);
  expect(repaired(played('fa f8x30'), journalWith('9003 87'))).toEqual(['fc', 'f20000']);
});

test('Chapter Q: a peer that never sets D is followed without a jump', () => {
  const heard = played('fa f8x30');
  expect(repaired(heard, journalWith('9005 d0001d'))).toEqual([]);
  expect(heard.system.sequencer.position).toBe(29);
  expect(repaired(heard, journalWith('9005 d0001f'))).toEqual(['f8', 'f8']);
  // One that does set it means a clock earlier when it says so.
  const exact = played('fa f8x30');
  expect(repaired(exact, journalWith('9005 f0001e'))).toEqual(['f8']);
  expect(repaired(exact, journalWith('9005 d0001e'))).toEqual(['fc', 'f20500', 'fb']);
});

test('Chapter Q: a song that has come round is not at its start', () => {
  const state = played('f27f7f fb');
  const { sequencer } = state.system;
  for (let clocks = 98_298; clocks <= 0x8_0000; clocks++) sequencer.clock(5);
  expect(sequencer.position).toBe(0);
  expect(journalOf(state)).toBe(journalWith('9005 f00000'));
  const heard = played('90403c');
  repaired(heard, journalOf(state));
  expect(systemJournalOf(heard)).toBe('9005f00000');
});
