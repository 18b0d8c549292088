/**
 * The rules by which what was heard is counted: an outside scorer counts alike.
 */
import { describe, expect, test } from 'vitest';
import { readHeard } from '../../cli/eval/scoring/heard-notes.ts';
import { matchNotes } from '../../cli/eval/scoring/match-notes.ts';
import { quantile, scorePart } from '../../cli/eval/scoring/part-score.ts';
import { heardNote, sentNote } from './made-pieces.ts';

describe('a predicted note', () => {
  test('is the nearest performed one of its pitch within 60 ms', () => {
    const sent = [sentNote(1), sentNote(1.05)];
    const { heardOf, falseNotes } = matchNotes(sent, [heardNote(1.045, 'predicted')], false);
    expect([...heardOf]).toEqual([-1, 0]);
    expect(falseNotes).toBe(0);
  });

  test('is false further away, and when another pitch was played', () => {
    const sent = [sentNote(1)];
    const far = matchNotes(sent, [heardNote(1.061, 'predicted')], false);
    const other = matchNotes(sent, [heardNote(1, 'predicted', 61)], false);
    expect([far.falseNotes, other.falseNotes]).toEqual([1, 1]);
    expect([...far.heardOf, ...other.heardOf]).toEqual([-1, -1]);
  });

  test('stands for one performed note only; a second one nearby is a duplicate', () => {
    const heard = [heardNote(0.99, 'predicted'), heardNote(1.02, 'predicted')];
    const { heardOf, falseNotes, duplicates } = matchNotes([sentNote(1)], heard, false);
    expect([[...heardOf], falseNotes, duplicates]).toEqual([[0], 0, 1]);
  });

  test('of drums may be another key of its class', () => {
    const sent = [sentNote(1, 42)];
    const heard = [heardNote(1.01, 'predicted', 22)];
    expect([...matchNotes(sent, heard, true).heardOf]).toEqual([0]);
    expect([...matchNotes(sent, heard, false).heardOf]).toEqual([-1]);
  });

  test('of percussion without a class is its own key only', () => {
    const heard = [heardNote(1, 'predicted', 64)];
    expect([...matchNotes([sentNote(1, 76)], heard, true).heardOf]).toEqual([-1]);
    expect([...matchNotes([sentNote(1, 64)], heard, true).heardOf]).toEqual([0]);
  });
});

describe('a received note', () => {
  test('is its own performed note, however late', () => {
    const sent = [sentNote(1), sentNote(1.5)];
    const heard = [heardNote(1.4, 'received'), heardNote(3.1, 'received')];
    const { heardOf, falseNotes } = matchNotes(sent, heard, false);
    expect([[...heardOf], falseNotes]).toEqual([[0, 1], 0]);
  });

  test('is never one that has not arrived yet, however near that is', () => {
    const sent = [sentNote(1), sentNote(1.09)];
    const { heardOf } = matchNotes(sent, [heardNote(1.08, 'received')], false);
    expect([...heardOf]).toEqual([0, -1]);
  });

  test('does not take another one’s place after one was dropped', () => {
    const sent = [sentNote(1), sentNote(2), sentNote(3)];
    const heard = [heardNote(2.07, 'received'), heardNote(3.07, 'received')];
    expect([...matchNotes(sent, heard, false).heardOf]).toEqual([-1, 0, 1]);
  });

  test('is a duplicate when its note was heard as predicted', () => {
    const heard = [heardNote(0.99, 'predicted'), heardNote(1.07, 'received')];
    const sent = [sentNote(0.2), sentNote(1)];
    const { heardOf, falseNotes, duplicates } = matchNotes(sent, heard, false);
    expect([[...heardOf], falseNotes, duplicates]).toEqual([[-1, 0], 0, 1]);
  });
});

test('a prediction gives way to a received note where it can stand for another', () => {
  // A flam: 22 comes late and is played, 42 was predicted nearer to the 22.
  const sent = [sentNote(1, 22), sentNote(1.03, 42)];
  const heard = [heardNote(1.005, 'predicted', 42), heardNote(1.07, 'received', 22)];
  const { heardOf, falseNotes, duplicates } = matchNotes(sent, heard, true);
  expect([[...heardOf], falseNotes, duplicates]).toEqual([[1, 0], 0, 0]);
});

test('figures are per 100 performed notes, and unheard ones are outside', () => {
  const sent = [1, 2, 3, 4].map((at) => sentNote(at));
  const notes = [
    heardNote(1.005, 'predicted'),
    heardNote(1.9, 'predicted'),
    heardNote(2.07, 'received'),
    { ...heardNote(2.985, 'predicted'), velocity: 70, end: 3.2 },
  ];
  const { score, errors } = scorePart(sent, { notes, stuck: 0 });
  expect(score).toMatchObject({ w10: 25, w20: 50, w30: 50, falseNotes: 25, missed: 25 });
  expect(score).toMatchObject({ duplicates: 0, stuck: 0, predicted: 50 });
  expect(score.medianError).toBeCloseTo(15);
  expect(score.velocityError).toBeCloseTo(10 / 3);
  expect([...errors].map(Math.round)).toEqual([5, 70, -15]);
});

test('quantiles lie between values, and of nothing are 0', () => {
  expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
  expect(quantile([], 0.5)).toBe(0);
});

describe('the rules of a heard file', () => {
  const line = (time: number, bytes: string): string =>
    JSON.stringify({ peer: 'p', time, bytes, cause: 'received' });

  test('notes are read with their ends, channel by channel', () => {
    const { players, violations } = readHeard(
      [line(1, '903c40'), line(1.1, '913c41'), line(1.2, '803c00'), line(1.5, '913c00')],
      2,
    );
    expect(players.get('p')?.notes).toEqual([
      { at: 1, key: 60, velocity: 64, cause: 'received', end: 1.2 },
      { at: 1.1, key: 60, velocity: 65, cause: 'received', end: 1.5 },
    ]);
    expect(violations).toEqual([]);
  });

  test.each([
    ['a note that never ends', [line(1, '903c40')], /no note-off/],
    [
      'a key struck twice',
      [line(1, '903c40'), line(1.1, '903c40'), line(1.2, '803c00')],
      /no note/,
    ],
    ['a note before time 0', [line(-0.1, '903c40'), line(1.2, '803c00')], /before time 0/],
    ['disorder', [line(1, '903c40'), line(0.9, '803c00')], /out of order/],
    ['sound after the end', [line(1, '903c40'), line(3.1, '803c00')], /after the last release/],
  ])('%s is against them', (_, lines, words) => {
    expect(readHeard(lines, 2).violations.join()).toMatch(words);
  });
});
