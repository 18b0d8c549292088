import { describe, expect, test } from 'vitest';
import type { SimFate } from '../../app/prediction-protocol.ts';
import type { SimNote } from '../../app/protocol.ts';
import { MAX_SPANS, openRollSpans } from './roll-spans.ts';

const note = (at: number, on: boolean, more: Partial<SimNote> = {}): SimNote => ({
  kind: 'heard',
  participant: 'a',
  on,
  channel: 0,
  key: 60,
  velocity: 90,
  at,
  cause: 'received',
  ...more,
});

test('a note-on and its note-off are one span', () => {
  const roll = openRollSpans();
  roll.add(note(100, true));
  expect(roll.spans).toMatchObject([{ start: 100, end: undefined }]);
  roll.add(note(250, false));
  expect(roll.spans).toMatchObject([{ start: 100, end: 250 }]);
});

test('played, arrived and heard are spans of their own, and so are two players on one key', () => {
  const roll = openRollSpans();
  roll.add(note(1, true, { kind: 'arrived' }));
  roll.add(note(2, true));
  roll.add(note(3, true, { participant: 'b' }));
  roll.add(note(9, false));
  expect(roll.spans.map((span) => span.end)).toEqual([undefined, 9, undefined]);
});

test('a note-off without a note is nothing, and one that comes before its note-on ends it there', () => {
  const roll = openRollSpans();
  roll.add(note(5, false));
  expect(roll.spans).toEqual([]);
  roll.add(note(10, true));
  roll.add(note(8, false));
  expect(roll.spans).toMatchObject([{ start: 10, end: 10 }]);
});

test('a key struck twice ends once for each note-off, the older first', () => {
  const roll = openRollSpans();
  roll.add(note(1, true));
  roll.add(note(2, true));
  roll.add(note(3, false));
  expect(roll.spans.map((span) => span.end)).toEqual([3, undefined]);
  roll.add(note(4, false));
  expect(roll.spans.map((span) => span.end)).toEqual([3, 4]);
});

test('when the connection is lost everything ends', () => {
  const roll = openRollSpans();
  roll.add(note(1, true));
  roll.add(note(2, true, { key: 64 }));
  roll.endAll(50);
  expect(roll.spans.every((span) => span.end === 50)).toBe(true);
});

test('memory is bounded, and what has scrolled away is forgotten', () => {
  const roll = openRollSpans();
  for (let i = 0; i < 3 * MAX_SPANS; i++) {
    roll.add(note(i, true));
    roll.add(note(i + 0.5, false));
  }
  expect(roll.spans.length).toBeLessThanOrEqual(MAX_SPANS);
  roll.prune(3 * MAX_SPANS - 10);
  expect(roll.spans.length).toBeLessThanOrEqual(10);
});

describe('what became of a note', () => {
  const fate = (fate: SimFate['fate'], at: number): SimFate => ({
    ...{ participant: 'a', fate, channel: 0, key: 60, velocity: 90, at },
  });

  test('is told before it is heard, and once more when it has come', () => {
    const roll = openRollSpans();
    roll.settle(fate('predicted', 100));
    roll.add(note(103, true, { cause: 'predicted' }));
    expect(roll.spans).toMatchObject([{ fate: 'predicted' }]);
    roll.settle(fate('confirmed', 100));
    expect(roll.spans).toMatchObject([{ fate: 'confirmed' }]);
  });

  test('is of the stroke that it was told of, not of another of the same key', () => {
    const roll = openRollSpans();
    roll.add(note(100, true, { cause: 'predicted' }));
    roll.add(note(150, false));
    roll.add(note(350, true, { cause: 'predicted' }));
    roll.settle(fate('false', 101));
    expect(roll.spans.map((span) => span.fate)).toEqual(['false', 'predicted']);
  });

  test('is what its cause says where the engine is not looked into, and nothing of what was only played', () => {
    const roll = openRollSpans();
    roll.add(note(1, true, { cause: 'recovered' }));
    roll.add(note(2, true, { kind: 'played', cause: 'thru' }));
    expect(roll.spans.map((span) => span.fate)).toEqual(['received', undefined]);
  });
});
