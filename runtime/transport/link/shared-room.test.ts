import { expect, test } from 'vitest';
import { SharedRoom } from './shared-room.ts';

function openRoom(places: number) {
  const room = new SharedRoom(places);
  const lost: string[] = [];
  const enter = (caller: string) => room.enter(caller, () => lost.push(caller));
  return { enter, lost };
}

test('who calls often has to make room for others, and never for itself', () => {
  const { enter, lost } = openRoom(4);
  for (let call = 0; call < 4; call++) expect(enter('loud')).toBeDefined();
  expect(enter('loud')).toBeUndefined();
  expect(enter('ann')).toBeDefined();
  expect(enter('ben')).toBeDefined();
  expect(enter('loud')).toBeUndefined();
  expect(lost).toEqual(['loud', 'loud']);
});

test('a place is not taken from one only to give as many to another', () => {
  const { enter, lost } = openRoom(4);
  for (const caller of ['ann', 'ben', 'ann', 'ben']) enter(caller);
  expect(enter('carl')).toBeDefined();
  expect(lost).toEqual(['ann']);
  expect(enter('carl')).toBeUndefined();
  expect(enter('ann')).toBeUndefined();
});

test('a place that was given back is free, once', () => {
  const { enter, lost } = openRoom(1);
  const place = enter('ann');
  place?.[Symbol.dispose]();
  place?.[Symbol.dispose]();
  expect(enter('ben')).toBeDefined();
  expect(enter('carl')).toBeUndefined();
  expect(lost).toEqual([]);
});
