import { expect, test } from 'vitest';
import type { Instant } from '../../../core/time.ts';
import { type DialerState, INVITE_TIMES, startDialer, stepDialer } from './dialer.ts';

const at = (seconds: number): Instant => (seconds * 1e6) as Instant;

test('twelve invitations a second apart, then over again with another token (item 41)', () => {
  let state: DialerState = startDialer(at(0), 100);
  const sent: string[] = [];
  for (let second = 0; second < 14; second++) {
    const step = stepDialer(state, { kind: 'time' }, at(second), 200 + second);
    state = step.state;
    for (const effect of step.effects)
      sent.push(effect.kind === 'invite' ? `${effect.channel} ${effect.token}` : effect.kind);
  }
  expect(sent.slice(0, INVITE_TIMES)).toEqual(Array(INVITE_TIMES).fill('control 100'));
  expect(sent.slice(INVITE_TIMES)).toEqual(['gaveUp', 'control 212', 'control 212']);
});

test('an answer on the control port leads to the data port, and that one to the session', () => {
  const accepted = (token: number, channel: 'control' | 'data') =>
    ({ kind: 'accepted', token, channel }) as const;
  let step = stepDialer(startDialer(at(0), 7), { kind: 'time' }, at(0), 8);
  step = stepDialer(step.state, accepted(9, 'control'), at(0.1), 8);
  expect(step.effects).toEqual([]);
  step = stepDialer(step.state, accepted(7, 'control'), at(0.1), 8);
  expect(step.effects).toEqual([{ kind: 'invite', channel: 'data', token: 7 }]);
  step = stepDialer(step.state, accepted(7, 'data'), at(0.2), 8);
  expect(step.effects).toEqual([{ kind: 'join', token: 7 }]);
  step = stepDialer(step.state, accepted(7, 'data'), at(0.3), 8);
  expect(step.effects).toEqual([]);
  step = stepDialer(step.state, { kind: 'ended' }, at(5), 8);
  expect(step.state).toMatchObject({ phase: 'control', token: 8, due: at(5) });
});

test('an answer that the network doubles joins nobody; a peer that always answers at the wrong port is met', () => {
  const accepted = { kind: 'accepted', token: 7, channel: 'control' } as const;
  let step = stepDialer(startDialer(at(0), 7), { kind: 'time' }, at(0), 8);
  step = stepDialer(step.state, accepted, at(0.1), 8);
  step = stepDialer(step.state, accepted, at(0.1), 8);
  expect(step.effects).toEqual([]);
  step = stepDialer(step.state, { kind: 'time' }, at(1.1), 8);
  expect(step.effects).toEqual([{ kind: 'invite', channel: 'data', token: 7 }]);
  step = stepDialer(step.state, accepted, at(1.2), 8);
  expect(step.effects).toEqual([{ kind: 'join', token: 7 }]);
});

test('a refusal is asked again after five seconds, with another token', () => {
  let step = stepDialer(startDialer(at(0), 7), { kind: 'time' }, at(0), 8);
  step = stepDialer(step.state, { kind: 'refused', token: 7 }, at(0.1), 8);
  expect(step.effects).toEqual([{ kind: 'gaveUp', because: 'refused' }]);
  expect(stepDialer(step.state, { kind: 'time' }, at(5), 9).effects).toEqual([]);
  expect(stepDialer(step.state, { kind: 'time' }, at(5.1), 9).effects).toEqual([
    { kind: 'invite', channel: 'control', token: 8 },
  ]);
});

test('whoever speaks for the peer hurries the next invitation, but not more than five times a second', () => {
  let step = stepDialer(startDialer(at(0), 7), { kind: 'time' }, at(0), 8);
  step = stepDialer(step.state, { kind: 'hurry' }, at(0.1), 8);
  expect(step.state).toMatchObject({ due: at(0.2) });
  step = stepDialer(step.state, { kind: 'hurry' }, at(0.7), 8);
  expect(step.state).toMatchObject({ due: at(0.2) });
  step = stepDialer(step.state, { kind: 'time' }, at(0.7), 8);
  expect(step.effects).toHaveLength(1);
});

test('a dialer that may tire asks every second at first, then every five seconds, in the end twice a minute', () => {
  let state: DialerState = startDialer(at(0), 7);
  const sent: number[] = [];
  for (let second = 0; second < 7_200; second++) {
    const step = stepDialer(state, { kind: 'time' }, at(second), second, { tires: true });
    state = step.state;
    if (step.effects.some(({ kind }) => kind === 'invite')) sent.push(second);
  }
  const between = (from: number, to: number): number =>
    sent.filter((second) => second >= from && second < to).length;
  expect(between(0, 300)).toBe(300);
  expect(between(600, 1_200)).toBe(120);
  expect(between(5_400, 6_000)).toBe(20);
});

test('a peer that is proven to be there is invited to both ports at once, and joins with whichever answers complete it', () => {
  const proven = { proven: true };
  const answer = (channel: 'control' | 'data') =>
    ({ kind: 'accepted', token: 7, channel }) as const;
  const first = stepDialer(startDialer(at(0), 7), { kind: 'time' }, at(0), 8, proven);
  expect(first.effects).toEqual([
    { kind: 'invite', channel: 'control', token: 7 },
    { kind: 'invite', channel: 'data', token: 7 },
  ]);
  const half = stepDialer(first.state, answer('control'), at(0.02), 8, proven);
  expect(half.effects).toEqual([]);
  // Doubled by the network: no answer to the other invitation.
  expect(stepDialer(half.state, answer('control'), at(0.02), 8, proven).effects).toEqual([]);
  const joined = [{ kind: 'join', token: 7 }];
  expect(stepDialer(half.state, answer('data'), at(0.03), 8, proven).effects).toEqual(joined);
  // It was overtaken; nobody accepts there without having accepted here.
  expect(stepDialer(first.state, answer('data'), at(0.02), 8, proven).effects).toEqual(joined);
  const again = stepDialer(half.state, { kind: 'time' }, at(0.25), 8, proven);
  expect(again.effects).toEqual([{ kind: 'invite', channel: 'data', token: 7 }]);
});
