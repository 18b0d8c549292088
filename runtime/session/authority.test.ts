import { expect, test } from 'vitest';
import type { BoxId } from '../core/ensemble.ts';
import { effective, hostChain, nextStamp } from './authority.ts';
import type { Registers } from './control-values.ts';

const id = (digit: string): BoxId => digit.repeat(32) as BoxId;
const [A, B, C, EVE] = ['a', 'b', 'c', 'e'].map(id) as [BoxId, BoxId, BoxId, BoxId];
const ENDLESS = Number.POSITIVE_INFINITY;
const by = (...all: readonly (readonly [BoxId, Registers])[]) => new Map(all);
const hosted = (box: BoxId) => ({ hosts: [{ box, until: ENDLESS }], reference: undefined });

test('whoever made the session hosts it, until it hands it over', () => {
  expect(hostChain(by(), A)).toEqual([{ box: A, until: ENDLESS }]);
  expect(hostChain(by([A, { host: { stamp: 5, value: B } }]), A)).toEqual([
    { box: A, until: 5 },
    { box: B, until: ENDLESS },
  ]);
  expect(hostChain(by(), undefined)).toEqual([]);
});

test('a session is handed on, and back, and nobody who does not host it can hand it over', () => {
  const registers = by(
    [A, { host: { stamp: 5, value: B } }],
    [B, { host: { stamp: 9, value: A } }],
    [EVE, { host: { stamp: 99, value: EVE } }],
    [C, { host: { stamp: 50, value: EVE } }],
  );
  expect(hostChain(registers, A).at(-1)).toEqual({ box: A, until: ENDLESS });
});

test('hosts that hand over in a ring come to an end', () => {
  const registers = by(
    [A, { host: { stamp: 5, value: B } }],
    [B, { host: { stamp: 6, value: C } }],
    [C, { host: { stamp: 7, value: A } }],
  );
  expect(hostChain(registers, A).map(({ box }) => box)).toEqual([A, B, C, A]);
});

test('what is the host’s counts from the host alone', () => {
  const registers = by(
    [A, { muted: { stamp: 3, value: [EVE] }, locked: { stamp: 3, value: false } }],
    [EVE, { muted: { stamp: 99, value: [A] }, locked: { stamp: 99, value: true } }],
  );
  expect(effective(registers, hosted(A), 'muted')?.value).toEqual([EVE]);
  expect(effective(registers, hosted(A), 'locked')?.value).toBe(false);
  // Nobody unmutes itself by being silent about it either.
  expect(
    effective(by([EVE, { muted: { stamp: 9, value: [] } }]), hosted(A), 'muted'),
  ).toBeUndefined();
});

test('what a former host has said counts as of when it handed over, and not what it says later', () => {
  const hosts = [
    { box: A, until: 5 },
    { box: B, until: ENDLESS },
  ];
  const before = by([A, { muted: { stamp: 4, value: [C] } }]);
  expect(effective(before, { hosts, reference: undefined }, 'muted')?.value).toEqual([C]);
  const later = by(
    [A, { muted: { stamp: 8, value: [B] } }],
    [B, { muted: { stamp: 6, value: [] } }],
  );
  expect(effective(later, { hosts, reference: undefined }, 'muted')?.value).toEqual([]);
});

test('tempo and name are everybody’s, unless the host has locked them', () => {
  const registers = by(
    [A, { name: { stamp: 3, value: 'Attic' } }],
    [B, { name: { stamp: 7, value: 'Basement' } }],
  );
  expect(effective(registers, hosted(A), 'name')?.value).toBe('Basement');
  const locked = by(
    [A, { name: { stamp: 3, value: 'Attic' }, locked: { stamp: 8, value: true } }],
    [B, { name: { stamp: 9, value: 'Basement' }, locked: { stamp: 10, value: false } }],
  );
  expect(effective(locked, hosted(A), 'name')?.value).toBe('Attic');
});

test('what a box that is put out has said does not count, nor how late it says it was', () => {
  const registers = by(
    [A, { name: { stamp: 3, value: 'Attic' }, removed: { stamp: 4, value: [EVE] } }],
    [EVE, { name: { stamp: 2 ** 48, value: 'Mine' } }],
  );
  expect(effective(registers, hosted(A), 'name')?.value).toBe('Attic');
  expect(nextStamp(registers, hosted(A), 2 ** 48)).toBe(5);
});

test('of what was said at once, all hold the same', () => {
  const registers = by(
    [B, { mode: { stamp: 3, value: 'live' } }],
    [A, { mode: { stamp: 3, value: 'tight' } }],
  );
  const reversed = new Map([...registers].reverse());
  expect(effective(registers, hosted(C), 'mode')).toEqual(effective(reversed, hosted(C), 'mode'));
});
