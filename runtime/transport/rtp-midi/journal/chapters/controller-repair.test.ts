/** Chapter C, the receiver's side, also of journals that others write. */
import { describe, expect, test } from 'vitest';
import {
  journalOf,
  oneChannel,
  played,
  repaired,
} from '../../../../../tests/channel-journal/by-hand.ts';
import { StreamState } from '../stream-state.ts';

describe('what is missing', () => {
  test.each([
    ['controllers, in their order', '', 'b00701 b00a02', ['b00701', 'b00a02']],
    ['all notes off', '903c64', '903c64 b07b00', ['b07b00']],
    ['a reset of controllers', 'b00140', 'b00140 b07900', ['b07900']],
    [
      'a controller set before and after a reset',
      'b00140',
      'b00140 b07900 b00140',
      ['b07900', 'b00140'],
    ],
    ['Mono Mode with its value', '', 'b07e04', ['b07e04']],
    ['a reset of controllers with its value', '', 'b07905', ['b07905']],
    [
      'both of a pair that exclude each other, the newer one last',
      '',
      'b07e02 b07f00',
      ['b07e02', 'b07f00'],
    ],
    ['Local Control', '', 'b07a00', ['b07a00']],
  ])('%s (item 21)', (_what, heard, source, messages) => {
    expect(repaired(played(heard), journalOf(source))).toEqual(messages);
  });

  test('14-bit controllers: an MSB alone clears its LSB, so the order of the two counts (item 21)', () => {
    // The same values, and yet the LSB was cleared, or came after.
    expect(repaired(played('b00764 b02705'), journalOf('b00764 b02705 b00764'))).toEqual([
      'b00764',
    ]);
    expect(repaired(played('b02705 b00764'), journalOf('b02705 b00764 b02705'))).toEqual([
      'b02705',
    ]);
    expect(repaired(played('b0075a b02705'), journalOf('b00764 b02705'))).toEqual([
      'b00764',
      'b02705',
    ]);
    // What an LSB alone moves in is put right by its MSB.
    expect(repaired(played('b02705 b00764'), journalOf('b02706 b00764'))).toEqual([
      'b02706',
      'b00764',
    ]);
    // A CC 121 clears it too.
    const after = 'b02105 b07900 b02105';
    expect(repaired(played('b02105'), journalOf(after))).toEqual(['b07900', 'b02105']);
    expect(repaired(played('b02105 b07900'), journalOf('b02105 b07900'))).toEqual([]);
  });

  test('data entry of its own does not fall into a parameter that is still selected here (items 21, 22c)', () => {
    const heard = played('b06500 b06402 b00640');
    const journal = journalOf('b06500 b06402 b00640 b0657f b0647f b00611');
    expect(repaired(heard, journal)).toEqual(['b0657f', 'b0647f', 'b00611']);
    expect(heard.channel(0).parameters.find(false, 0, 2)?.entryMsb).toBe(0x40);
  });
});

describe('switches', () => {
  test('a pedal that went up and down again in the gap lets go of what it held (item 21b)', () => {
    expect(repaired(played('b0407f'), journalOf('b0407f b04000 b0407f'))).toEqual([
      'b04000',
      'b0407f',
    ]);
    expect(repaired(played('b0407f b04000'), journalOf('b0407f b04000 b0407f b04000'))).toEqual([]);
    expect(repaired(played(''), journalOf('b04000'))).toEqual(['b04000']);
  });

  test('a pedal that was repaired once is not repaired again (items 19, 21b)', () => {
    const heard = played('b0407f');
    const journal = journalOf('b0407f b04000 b0407f b04000 b0407f');
    expect(repaired(heard, journal)).toEqual(['b04000', 'b0407f']);
    expect(repaired(heard, journal)).toEqual([]);
  });

  test('toggles stay in step over a reset of controllers, so no pedal is lifted for nothing (items 21a, 21b)', () => {
    const heard = played('b0407f');
    repaired(heard, journalOf('b0407f b04000 b0407f b07900'));
    expect(heard.channel(0).toggles[64]).toBe(4);
    const on = played('');
    repaired(on, journalOf('b0407f b07900'));
    expect(on.channel(0).toggles[64]).toBe(2);
  });

  test('toggles without a value: an odd difference is a switch, an even one off and on (item 21b)', () => {
    const toggles = (count: number): string =>
      oneChannel('40', `0040${(0x80 | count).toString(16)}`);
    expect(repaired(played(''), toggles(1))).toEqual(['b0407f']);
    expect(repaired(played('b04050'), toggles(2))).toEqual(['b04000']);
    expect(repaired(played('b04050'), toggles(3))).toEqual(['b04000', 'b04050']);
    expect(repaired(played('b0407f b04000'), toggles(4))).toEqual([]);
    expect(repaired(played('b04050'), toggles(1))).toEqual([]);
  });

  test('a value says more than toggles that were counted in another way', () => {
    const heard = played('b0407f');
    expect(repaired(heard, oneChannel('40', '01' + '407f' + '4082'))).toEqual(['b04000', 'b0407f']);
    expect(heard.channel(0).isOn(64)).toBe(true);
    expect(repaired(heard, oneChannel('40', '01' + '407f' + '4082'))).toEqual([]);
  });
});

describe('counts', () => {
  test('a count alone is made up for once, with the default of its controller (item 21b)', () => {
    const counts = (controller: string): string => oneChannel('40', `00${controller}c3`);
    expect(repaired(played(''), counts('7b'))).toEqual(['b07b00']);
    expect(repaired(played(''), counts('07'))).toEqual(['b00764']);
    expect(repaired(played(''), counts('0a'))).toEqual(['b00a40']);
    expect(repaired(played(''), counts('0b'))).toEqual(['b00b7f']);
    const heard = played('b05410 b05410 b05410');
    expect(repaired(heard, counts('54'))).toEqual([]);
  });

  test('count, value and toggle of one command are one repair (item 21b)', () => {
    const journal = oneChannel('40', '02' + '42c1' + '4270' + '4281');
    const heard = played('');
    expect(repaired(heard, journal)).toEqual(['b04270']);
    expect(repaired(heard, journal)).toEqual([]);
    expect(heard.channel(0).counts[0x42]).toBe(1);
  });

  test('to one who joins, commands that are over are not played, and counts are taken over (items 17, 21b)', () => {
    const heard = new StreamState();
    const journal = journalOf('b07b00 b07800 b0407f b00764');
    expect(repaired(heard, journal, { joining: true })).toEqual(['b0407f', 'b00764']);
    expect(repaired(heard, journal)).toEqual([]);
    // A count that is the same by chance says nothing; nor does a difference of toggles.
    const mono = oneChannel('40', '01' + '7ec0' + '7e02');
    expect(repaired(new StreamState(), mono, { joining: true })).toEqual(['b07e02']);
    const soft = oneChannel('40', '01' + '437f' + '4383');
    expect(repaired(played('b0437f'), soft, { joining: true })).toEqual([]);
    const even = journalOf('b0407f b04000 b0407f b04000');
    expect(repaired(new StreamState(), even, { joining: true })).toEqual(['b04000']);
  });
});

describe('enhanced lists (H = 1), several commands of one controller', () => {
  /** Steps of an encoder: commands 5, 6 and 7, by value, the oldest also by count. */
  const list = oneChannel('40', '03' + '10c5' + '1001' + '1041' + '1002').replace(
    /^20(....)00/,
    '30$104',
  );
  const heard = (commands: number): StreamState =>
    played(Array.from({ length: commands }, () => 'b0107f').join(' '));

  test('each lost one is played, and none twice (item 21c)', () => {
    expect(repaired(heard(7), list)).toEqual([]);
    expect(repaired(heard(6), list)).toEqual(['b01002']);
    expect(repaired(heard(5), list)).toEqual(['b01041', 'b01002']);
    expect(repaired(heard(4), list)).toEqual(['b01001', 'b01041', 'b01002']);
    expect(repaired(heard(1), list)).toEqual(['b01001', 'b01041', 'b01002']);
    const receiver = heard(5);
    repaired(receiver, list);
    expect(repaired(receiver, list)).toEqual([]);
  });

  test('to one who joins, only the newest counts (item 21c)', () => {
    const receiver = heard(0);
    expect(repaired(receiver, list, { joining: true })).toEqual(['b01002']);
    expect(repaired(receiver, list)).toEqual([]);
  });

  test('without counts they are values, of which the last remains (item 21c)', () => {
    expect(repaired(played(''), oneChannel('40', '01' + '1001' + '1002')).at(-1)).toBe('b01002');
  });
});

describe('others tell of all by value', () => {
  test('All Notes Off that was not heard since the checkpoint is played, and then not again', () => {
    const journal = oneChannel('40', '00' + '7b00');
    const heard = played('903c64', 90);
    expect(repaired(heard, journal, { checkpoint: 80 })).toEqual(['b07b00']);
    expect(repaired(heard, journal, { checkpoint: 80 })).toEqual([]);
    // An older one is not this one.
    const again = played('b07b00 903c64', 10);
    expect(repaired(again, journal, { checkpoint: 80 })).toEqual(['b07b00']);
  });

  test('All Notes Off that was heard is another one if the journal has forgotten a note that sounds here', () => {
    const forgotten = oneChannel('40', '00' + '7b00');
    const known = oneChannel('48', '00' + '7b00' + '81f0' + '3ce4');
    const ended = oneChannel('48', '00' + '7b00' + '0077' + '08');
    const heard = (): StreamState => played('b07b00 903c64', 90);
    expect(repaired(heard(), known, { checkpoint: 80 })).toEqual([]);
    expect(repaired(heard(), ended, { checkpoint: 80 })).toEqual(['803c40']);
    expect(repaired(heard(), forgotten, { checkpoint: 80 })).toEqual(['b07b00']);
  });

  test('a reset of controllers is another one if something here is not as it left it', () => {
    const journal = oneChannel('40', '01' + '0150' + '7900');
    expect(repaired(played('b00150 b07900', 90), journal, { checkpoint: 80 })).toEqual([]);
    expect(repaired(played('b07900 b00150', 90), journal, { checkpoint: 80 })).toEqual(['b07900']);
    const since = oneChannel('40', '01' + '7900' + '0150');
    expect(repaired(played('b07900 b00150', 90), since, { checkpoint: 80 })).toEqual([]);
    expect(repaired(played('b07900', 90), since, { checkpoint: 80 })).toEqual(['b00150']);
  });

  test('a mode is the one that was chosen last', () => {
    const poly = oneChannel('40', '01' + '7e01' + '7f00');
    expect(repaired(played('b07e01 b07f00', 90), poly, { checkpoint: 80 })).toEqual([]);
    expect(repaired(played('b07f00 b07e01', 90), poly, { checkpoint: 80 })).toEqual(['b07f00']);
  });

  test('a value from before a reset of controllers is not brought back (item 21)', () => {
    const journal = oneChannel('40', '01' + '0132' + '79c1');
    expect(repaired(played('b00132 b07900'), journal)).toEqual([]);
    expect(repaired(played('b00132'), journal)).toEqual(['b07900']);
  });

  test('numbers of parameters used as controllers are values like others (item 22c)', () => {
    const journal = oneChannel('40', '00' + '6305');
    const heard = played('');
    expect(repaired(heard, journal)).toEqual(['b06305']);
    expect(repaired(heard, journal)).toEqual([]);
  });
});
