import { expect, test } from 'vitest';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import type { BoxId } from '../core/ensemble.ts';
import { fromSeconds } from '../core/time.ts';
import { type IssuedCode, openPairingCodes, type ShownCode, sixDigits } from './pairing-codes.ts';

function openRig() {
  const clock = new VirtualClock();
  const codes = openPairingCodes({ clock, randomness: seededRandomness(1) });
  const told: (ShownCode | undefined)[] = [];
  const withdrawn: string[] = [];
  codes.onCode((shown) => told.push(shown));
  const guest = (name: string) => ({ box: name as BoxId, name, nameKnown: false });
  const ask = (name = 'bert') => codes.issue(guest(name), (why) => withdrawn.push(why));
  const issue = (name?: string): IssuedCode => {
    const issued = ask(name);
    if ('reason' in issued) throw new Error(issued.reason);
    return issued;
  };
  /** A guest that uses up `tries` and goes. */
  const fail = (tries: number, name?: string): void => {
    const issued = issue(name);
    for (let count = 0; count < tries; count++) issued.takeTry();
    issued[Symbol.dispose]();
  };
  return { clock, codes, told, withdrawn, ask, issue, fail };
}

test('a code is shown with its guest, its tries and its time, and is gone when it was used', () => {
  const { clock, codes, told, issue } = openRig();
  const issued = issue();
  const shown = codes.shown;
  expect(shown).toMatchObject({ guest: 'bert', triesLeft: 3 });
  expect(shown?.expiresAt).toBe(clock.now() + fromSeconds(120));
  expect(issued.takeTry()).toBe(shown?.code);
  expect(codes.shown?.triesLeft).toBe(2);
  issued.succeed();
  expect(codes.shown).toBeUndefined();
  expect(told.map((each) => each?.triesLeft)).toEqual([3, 2, undefined]);
  expect(issued.takeTry()).toBeUndefined();
});

test('after two minutes a code is taken back', () => {
  const { clock, codes, withdrawn, issue } = openRig();
  const issued = issue();
  clock.advance(fromSeconds(119.9));
  expect(codes.shown).toBeDefined();
  clock.advance(fromSeconds(0.1));
  expect(codes.shown).toBeUndefined();
  expect(withdrawn).toEqual(['expired']);
  expect(issued.takeTry()).toBeUndefined();
});

test('wrong tries count across codes and guests', () => {
  const { ask, issue, fail } = openRig();
  fail(1, 'bert');
  fail(1, 'carl');
  const third = issue('dora');
  expect(third.triesLeft).toBe(1);
  expect(third.takeTry()).toBeDefined();
  expect(third.triesLeft).toBe(0);
  expect(third.takeTry()).toBeUndefined();
  third[Symbol.dispose]();
  expect(ask('erik')).toEqual({ reason: 'locked', wait: fromSeconds(30) });
});

test('the last try may be the right one, and lifts the lock', () => {
  const { ask, issue } = openRig();
  const issued = issue();
  for (let count = 0; count < 3; count++) issued.takeTry();
  issued.succeed();
  expect(ask('carl')).not.toHaveProperty('reason');
});

test('locks double up to ten minutes, and begin anew after a success or a quiet hour', () => {
  const { clock, ask, issue, fail } = openRig();
  const lock = (): number => {
    clock.advance(fromSeconds(60));
    fail(3);
    const refused = ask();
    if (!('reason' in refused)) throw new Error('there is no lock');
    expect(refused.reason).toBe('locked');
    clock.advance(refused.wait);
    return refused.wait;
  };
  const seconds = [30, 60, 120, 240, 480, 600, 600].map(fromSeconds);
  expect(seconds.map(lock)).toEqual(seconds);
  const right = issue();
  right.takeTry();
  right.succeed();
  expect(lock()).toBe(fromSeconds(30));
  expect(lock()).toBe(fromSeconds(60));
  clock.advance(fromSeconds(3_600));
  expect(lock()).toBe(fromSeconds(30));
});

test('a second guest waits for as long as the first one’s code may last', () => {
  const { clock, ask, issue } = openRig();
  const first = issue('bert');
  clock.advance(fromSeconds(20));
  expect(ask('carl')).toEqual({ reason: 'busy', wait: fromSeconds(100) });
  first[Symbol.dispose]();
  expect(ask('carl')).not.toHaveProperty('reason');
});

test('a guest who went long ago can’t take the next one’s code back', () => {
  const { codes, issue } = openRig();
  const first = issue('bert');
  first[Symbol.dispose]();
  issue('carl');
  first[Symbol.dispose]();
  first.succeed();
  expect(first.takeTry()).toBeUndefined();
  expect(codes.shown).toMatchObject({ guest: 'carl', triesLeft: 3 });
});

test('codes don’t pop up on the panel more often than four at once and one in 15 s', () => {
  const { clock, ask, told } = openRig();
  let shown = 0;
  for (let second = 0; second < 150; second++) {
    for (let attempt = 0; attempt < 10; attempt++) {
      const issued = ask(`guest ${second} ${attempt}`);
      if ('reason' in issued) continue;
      shown++;
      issued[Symbol.dispose]();
    }
    clock.advance(fromSeconds(1));
  }
  expect(shown).toBe(4 + 9);
  expect(told.length).toBe(2 * shown);
});

test('whom the host turned down is told so for a minute, others are not held up', () => {
  const { clock, codes, withdrawn, ask, issue } = openRig();
  codes.decline();
  issue('bert');
  codes.decline();
  expect(withdrawn).toEqual(['declined']);
  expect(codes.shown).toBeUndefined();
  expect(ask('bert')).toEqual({ reason: 'declined', wait: fromSeconds(60) });
  expect(ask('carl')).not.toHaveProperty('reason');
  codes.decline();
  clock.advance(fromSeconds(60));
  expect(ask('bert')).not.toHaveProperty('reason');
});

test('every code is as likely as any other: the numbers that would favour some are drawn again', () => {
  const drawn = [4_294_967_295, 4_294_000_000, 4_293_999_999, 7];
  const codes = { uint32: () => drawn.shift() ?? 0, bytes: () => new Uint8Array() };
  expect(sixDigits(codes)).toBe('999999');
  expect(sixDigits(codes)).toBe('000007');
  const counts = new Array<number>(10).fill(0);
  const random = seededRandomness('codes');
  for (let count = 0; count < 20_000; count++) {
    for (const digit of sixDigits(random)) counts[Number(digit)] = (counts[Number(digit)] ?? 0) + 1;
  }
  // Six digits each, so 12,000 of each on average, with a deviation of 104.
  for (const count of counts) expect(Math.abs(count - 12_000)).toBeLessThan(600);
});
