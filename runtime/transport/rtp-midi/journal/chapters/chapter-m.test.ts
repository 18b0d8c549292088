/** Chapter M, octet by octet beside figures A.4.1 to A.4.7 of RFC 6295, and its repair. */
import { describe, expect, test } from 'vitest';
import {
  CHECKPOINT,
  journalOf,
  oneChannel,
  play,
  played,
  repaired,
  written,
} from '../../../../../tests/channel-journal/by-hand.ts';
import { StreamState } from '../stream-state.ts';

/** Chapter M of a journal that has nothing else, S set; '' when there is none. */
function chapterOf(state: StreamState, anchor = 0, confirmed = anchor): string {
  const journal = written(state, { anchor, confirmed });
  if (journal === `80${CHECKPOINT.toString(16)}`) return '';
  expect(journal.slice(10, 12)).toBe('20');
  return journal.slice(12);
}

const RPN_2 = 'b06500 b06402';
const NULL = 'b0657f b0647f';

describe('written', () => {
  test.each([
    [
      'a registered parameter in progress: E, and short logs (U, Z)',
      `${RPN_2} b00640`,
      'b405' + '828240',
    ],
    ['a non-registered one: W, Z', 'b06300 b06202 b00640', 'ac05' + '828240'],
    ['numbers from 128 on are long', 'b06501 b06402 b00640', 'a006' + '82018240'],
    [
      'logs of both kinds are long, with Q, the oldest first',
      `b06300 b06205 b00601 ${RPN_2} b00640`,
      'a00a' + '85808201' + '82008240',
    ],
    ['the null parameter has no log and ends E', `${RPN_2} b00640 ${NULL}`, '9405' + '828240'],
    ['the null parameter alone', NULL, '8002'],
    ['half a number: P, PENDING, no E', 'b06305', 'c003' + '85'],
    [
      'half a registered number after a transaction',
      `${RPN_2} b00640 b06505`,
      'd406' + '05' + '828240',
    ],
    [
      'a number without its MSB takes the last one',
      `b06501 b06402 b06403`,
      'a008' + '820102' + '830102',
    ],
    ['data without an LSB of the number belong to LSB 0', 'b06503 b00611', 'a006' + '80038211'],
    ['a parameter that was only selected', RPN_2, 'b404' + '8202'],
    [
      'after CC 121 there is no transaction, and X tells what came before',
      `${RPN_2} b00640 b02611 b07900`,
      '9406' + '82c2c091',
    ],
  ])('%s (items 22, 22a, 22b)', (_what, source, chapter) => {
    const state = played(source);
    const reset = source.endsWith('b07900');
    const found = written(state);
    expect(reset ? found.slice(18) : chapterOf(state)).toBe(chapter);
  });

  test.each([
    ['an entry of MSB and LSB', 'b00640 b02611', 'c2' + '40' + '11'],
    ['an LSB older than its MSB is left out', 'b00640 b02611 b00641', '82' + '41'],
    ['an LSB alone', 'b02611', '42' + '11'],
    ['increments less decrements', 'b06000 b06000 b06100', '22' + '0001'],
    ['decrements: G', 'b06100 b06100', '22' + '8002'],
    [
      'an entry ends the count of increments, which is told while one of them is due',
      'b06000 b00640',
      'a2' + '40' + '0000',
    ],
    ['increments after an entry', 'b00640 b06000', 'a2' + '40' + '0001'],
  ])('%s (item 22b)', (_what, data, fields) => {
    const chapter = chapterOf(played(`${RPN_2} ${data}`));
    expect(chapter.slice(6)).toBe(fields);
  });

  test('C-BUTTON counts since CC 121, and is left out if it says the same or all came before (item 22b)', () => {
    const before = written(played(`${RPN_2} b06000 b06000 b07900`)).slice(-8);
    expect(before).toBe('82224002');
    const around = written(played(`${RPN_2} b06000 b06000 b07900 ${RPN_2} b06100`)).slice(-12);
    expect(around).toBe('823200018001');
    const since = written(played(`${RPN_2} b07900 ${RPN_2} b06000`)).slice(-8);
    expect(since).toBe('82220001');
  });

  test('sums stop at 16383 (item 22b)', () => {
    const state = played(RPN_2);
    for (let i = 0; i < 16_400; i++) play(state, 'b06000', 10 + i);
    expect(chapterOf(state).slice(-4)).toBe('3fff');
    play(state, 'b06100', 20_000);
    expect(chapterOf(state).slice(-4)).toBe('3ffe');
  });

  test('a parameter is due if it was selected or changed, not if it was only left (items 15, 22a)', () => {
    const state = played(`${RPN_2} b00640 ${NULL}`);
    expect(chapterOf(state, 2)).toBe('9405' + '828240');
    expect(chapterOf(state, 3)).toBe('8002');
    expect(chapterOf(state, 5)).toBe('');
  });

  test('a sweep through more parameters than fit is told of its newest ones; what is left out is counted (items 14a, 22a)', () => {
    const state = new StreamState();
    for (let i = 0; i < 1_000; i++) {
      const lsb = (i & 127).toString(16).padStart(2, '0');
      play(state, `b0630${i >> 7} b062${lsb} b00640 b02611`, 1 + 4 * i);
    }
    const chapter = chapterOf(state);
    expect(chapter.length / 2).toBeGreaterThan(740);
    expect(chapter.length / 2).toBeLessThanOrEqual(757);
    expect(chapter.slice(-10)).toBe('e787c24011');
    expect(state.channel(0).parameters.leftOut).toBe(1);
    // What is confirmed, and only anchored, is told of in fewer logs.
    const lasting = chapterOf(state, 0, 4_000);
    expect(lasting.length / 2).toBe(2 + 64 * 5);
    expect(state.channel(0).parameters.leftOut).toBe(1);
    // With all that lasts on a channel it is within LENGTH, so that it can always be sent.
    play(state, 'b0637f b0627f', 5_000);
    for (let controller = 0; controller < 128; controller++) {
      const number = controller.toString(16).padStart(2, '0');
      if (controller < 98 || controller > 101) play(state, `b0${number}50`, 5_002 + controller);
    }
    play(state, 'b00001 c001 e00000 d011', 6_000);
    const journal = Buffer.from(written(state), 'hex');
    expect(journal[5]).toBe(0xf2);
    expect(journal.length - 3).toBeGreaterThan(1_000);
    expect(journal.length - 3).toBeLessThanOrEqual(1_023);
  });
});

describe('repaired', () => {
  test.each([
    ['a parameter', '', `${RPN_2} b00640`, `${RPN_2} b00640`],
    ['its value only, while it is selected', RPN_2, `${RPN_2} b00640`, 'b00640'],
    ['the end of a transaction', `${RPN_2} b00640`, `${RPN_2} b00640 ${NULL}`, NULL],
    [
      'the whole of one, and its end',
      '',
      `b06301 b06202 b00640 b02611 b0637f b0627f`,
      `b06301 b06202 b00640 b02611 ${NULL}`,
    ],
    ['half a number', '', 'b06305', 'b06305'],
    ['the other half', 'b06305', 'b06305 b06207', 'b06207'],
    ['increments', 'b06301 b06202 b06000', 'b06301 b06202 b06000 b06000 b06000', 'b06000 b06000'],
    ['decrements', 'b06301 b06202 b06000', 'b06301 b06202 b06000 b06100 b06100', 'b06100 b06100'],
    [
      'an entry after increments',
      `${RPN_2} b00640 b06000 b06000`,
      `${RPN_2} b00640 b06000 b06000 b00640`,
      'b00640',
    ],
    [
      'an MSB that cleared its LSB',
      `${RPN_2} b00640 b02611`,
      `${RPN_2} b00640 b02611 b00640`,
      'b00640',
    ],
    [
      'another parameter that is selected now',
      `${RPN_2} b00640`,
      `${RPN_2} b00640 b06301 b06203`,
      'b06301 b06203',
    ],
    ['a transaction that CC 121 has ended', RPN_2, `${RPN_2} b07900`, 'b07900'],
    [
      'nothing, if only the number was sent again',
      `${RPN_2} b00640`,
      `${RPN_2} b00640 ${RPN_2}`,
      '',
    ],
  ])('%s (item 22c)', (_what, heard, source, messages) => {
    const state = played(heard);
    expect(repaired(state, journalOf(source)).join(' ')).toBe(messages);
    expect(repaired(state, journalOf(source))).toEqual([]);
  });

  test('after the repair of other parameters, the one that was selected is selected again (item 22c)', () => {
    const source = `b06301 b06203 b00601 ${RPN_2} b00640`;
    expect(repaired(played(`${RPN_2} b00640`), journalOf(source))).toEqual(
      `b06301 b06203 b00601 ${RPN_2} b00640`.split(' ').filter((message) => message !== 'b00640'),
    );
  });

  test('short and long logs, with every field, are read alike (items 22a, 22b)', () => {
    const messages = 'b06300 b06205 b00640 b02611 b06100 b06100';
    const fields = 'fc' + '40' + '11' + '8002' + '0000' + '07';
    const short = oneChannel('20', `0c0b85fe${fields.slice(2)}`);
    const long = oneChannel('20', `000c8580fe${fields.slice(2)}`);
    for (const journal of [short, long]) {
      const heard = played('');
      expect(repaired(heard, journal)).toEqual([...messages.split(' '), ...NULL.split(' ')]);
      expect(repaired(heard, journal)).toEqual([]);
      expect(heard.channel(0).parameters.find(true, 0, 5)?.transactions).toBe(7);
    }
  });

  test('where only transactions are counted, a lost one is at least begun again (item 22b)', () => {
    const journal = oneChannel('20', '20060501' + '0c' + '02');
    const heard = played('b06501 b06405');
    expect(repaired(played(''), journal)).toEqual(['b06501', 'b06405']);
    repaired(heard, journal);
    expect(heard.channel(0).parameters.find(false, 1, 5)?.transactions).toBe(2);
    expect(repaired(heard, journal)).toEqual([]);
  });

  test('not more than 127 increments are made up for at once', () => {
    const journal = oneChannel('20', '20070501' + '22' + '3fff');
    expect(repaired(played(''), journal)).toHaveLength(2 + 127);
  });
});
