import { expect, test } from 'vitest';
import { KitClasses } from './kit-classes.ts';

test('keys of the percussion map have their class; others get one that is free', () => {
  const kit = new KitClasses();
  expect([36, 35, 38, 42, 46].map((key) => kit.of(key))).toEqual([0, 0, 1, 2, 3]);
  const [low, high] = [kit.of(64), kit.of(63)];
  expect(low).not.toBe(high);
  expect(kit.of(64)).toBe(low);
});

test('more percussion than classes shares one', () => {
  const kit = new KitClasses();
  const classes = Array.from({ length: 20 }, (_, key) => kit.of(60 + key));
  expect(Math.max(...classes)).toBe(9);
  expect(new Set(classes).size).toBeGreaterThan(4);
});
