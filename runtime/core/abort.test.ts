import { expect, test } from 'vitest';
import { followSignals } from './abort.ts';

test('it is aborted with the first of its sources, with that one’s reason', () => {
  const [a, b] = [new AbortController(), new AbortController()];
  const following = followSignals([a.signal, b.signal]);
  b.abort('b');
  a.abort('a');
  expect(following.signal.reason).toBe('b');
  expect(followSignals([a.signal]).signal.reason).toBe('a');
});

test('once disposed it follows nobody, and can still be aborted itself', () => {
  const source = new AbortController();
  const following = followSignals([source.signal]);
  following[Symbol.dispose]();
  source.abort('late');
  expect(following.signal.aborted).toBe(false);
  following.abort('own');
  expect(following.signal.reason).toBe('own');
});
