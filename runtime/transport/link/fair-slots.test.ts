import { expect, test } from 'vitest';
import { FairSlots } from './fair-slots.ts';

function openSlots(count: number) {
  const slots = new FairSlots(count);
  const lost: string[] = [];
  const take = (caller: string) => slots.take(caller, () => lost.push(caller));
  return { take, lost };
}

test('who calls often has to give way to others, and never for itself', () => {
  const { take, lost } = openSlots(4);
  for (let call = 0; call < 4; call++) expect(take('loud')).toBeDefined();
  expect(take('loud')).toBeUndefined();
  expect(take('ann')).toBeDefined();
  expect(take('ben')).toBeDefined();
  expect(take('loud')).toBeUndefined();
  expect(lost).toEqual(['loud', 'loud']);
});

test('a slot is not taken from one only to give as many to another', () => {
  const { take, lost } = openSlots(4);
  for (const caller of ['ann', 'ben', 'ann', 'ben']) take(caller);
  expect(take('carl')).toBeDefined();
  expect(lost).toEqual(['ann']);
  expect(take('carl')).toBeUndefined();
  expect(take('ann')).toBeUndefined();
});

test('a slot that was given back is free, once', () => {
  const { take, lost } = openSlots(1);
  const slot = take('ann');
  slot?.[Symbol.dispose]();
  slot?.[Symbol.dispose]();
  expect(take('ben')).toBeDefined();
  expect(take('carl')).toBeUndefined();
  expect(lost).toEqual([]);
});
