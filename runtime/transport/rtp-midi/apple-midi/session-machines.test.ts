import { expect, test } from 'vitest';
import { fromMillis, fromSeconds, type Instant } from '../../../core/time.ts';
import type { Ticks } from '../ticks.ts';
import { Admission } from './admission.ts';
import {
  CLOCK_TIMEOUT,
  type ClockExchangeState,
  clockDue,
  startClockExchange,
  takeClockMessage,
  tickClock,
} from './clock-exchange.ts';
import { type DialerState, INVITE_TIMES, startDialer, stepDialer } from './dialer.ts';
import { Invitees } from './invitees.ts';

const at = (seconds: number): Instant => (seconds * 1e6) as Instant;
const INTERVAL = fromSeconds(10);

test('twelve invitations a second apart, then over again with another token', () => {
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

/** Asks and answers for `seconds`; the times of asking. */
function askFor(
  seconds: number,
  answered: boolean,
): { asked: number[]; doubts: number; end: string } {
  let state: ClockExchangeState = startClockExchange(true, at(0));
  const asked: number[] = [];
  let doubts = 0;
  for (let now = 0; now <= seconds * 1_000; now += 100) {
    const step = tickClock(state, at(now / 1_000), now as Ticks, INTERVAL);
    state = step.state;
    for (const effect of step.effects) {
      if (effect.kind === 'timeout') return { asked, doubts, end: `${now / 1_000}` };
      if (effect.kind === 'doubt') doubts++;
      if (effect.kind !== 'send') continue;
      asked.push(now / 1_000);
      if (!answered) continue;
      const answer = {
        kind: 'CK',
        ssrc: 1,
        count: 1,
        t1: effect.t1,
        t2: 5 as Ticks,
        t3: 0 as Ticks,
      } as const;
      state = takeClockMessage(state, answer, at(now / 1_000 + 0.01), now as Ticks, INTERVAL).state;
    }
  }
  return { asked, doubts, end: 'never' };
}

test('clocks are compared at once, six times at a second and a half, then every ten seconds', () => {
  expect(askFor(40, true).asked).toEqual([0, 1.5, 3, 4.5, 6, 7.5, 9, 19, 29, 39]);
});

test('without answers they are asked for again soon, the peer is doubted, and given up after a minute', () => {
  const { asked, doubts, end } = askFor(100, false);
  expect(asked.slice(0, 5)).toEqual([0, 1.5, 3, 4.5, 6]);
  expect(doubts).toBeGreaterThan(5);
  expect(end).toBe(`${CLOCK_TIMEOUT / 1e6}`);
});

test('the alarm for the end of a session finds it over, whatever the fractions of its times', () => {
  for (let i = 0; i < 1_000; i++) {
    const state = startClockExchange(false, (36_757_598 + i * 1_009.543_208_04) as Instant);
    const step = tickClock(state, clockDue(state), 0 as Ticks, INTERVAL);
    expect(step.effects).toEqual([{ kind: 'timeout' }]);
  }
});

test('both sides learn from one exchange', () => {
  const here = startClockExchange(true, at(10));
  const there = startClockExchange(false, at(3));
  // The other clock is 7 s behind; each way takes 20 ms.
  const asked = tickClock(here, at(10), 100_000 as Ticks, INTERVAL);
  const question = asked.effects[0];
  if (question?.kind !== 'send') throw new Error('it asks');
  const answered = takeClockMessage(
    there,
    { ...question, kind: 'CK', ssrc: 1 },
    at(3.02),
    30_200 as Ticks,
    INTERVAL,
  );
  const answer = answered.effects[0];
  if (answer?.kind !== 'send') throw new Error('it answers');
  const closed = takeClockMessage(
    asked.state,
    { ...answer, kind: 'CK', ssrc: 2 },
    at(10.04),
    100_400 as Ticks,
    INTERVAL,
  );
  expect(closed.effects[1]).toEqual({
    kind: 'sample',
    sentAt: at(10),
    remoteAt: at(3.02),
    receivedAt: at(10.04),
  });
  const last = closed.effects[0];
  if (last?.kind !== 'send') throw new Error('it tells the result');
  const learnt = takeClockMessage(
    answered.state,
    { ...last, kind: 'CK', ssrc: 1 },
    at(3.06),
    30_600 as Ticks,
    INTERVAL,
  );
  expect(learnt.effects).toEqual([
    { kind: 'sample', sentAt: at(3.02), remoteAt: at(10.04), receivedAt: at(3.06) },
  ]);
});

test('an answer to a question that was not asked teaches nothing', () => {
  const state = startClockExchange(true, at(0));
  const message = {
    kind: 'CK',
    ssrc: 1,
    count: 1,
    t1: 4 as Ticks,
    t2: 5 as Ticks,
    t3: 0 as Ticks,
  } as const;
  expect(takeClockMessage(state, message, at(1), 10_000 as Ticks, INTERVAL).effects).toEqual([]);
  expect(clockDue(state)).toBe(at(0));
});

test('a host may knock sixty-four times, and then ten times a second', () => {
  const admission = new Admission();
  const allowed = (count: number, now: Instant): number =>
    Array.from({ length: count }, () => admission.allows('a', now)).filter(Boolean).length;
  expect(allowed(100, at(0))).toBe(64);
  expect(allowed(100, at(2))).toBe(20);
  expect(admission.allows('b', at(2))).toBe(true);
});

test('an invitation accepted by half waits fifteen seconds, and so do at most thirty-two of them', () => {
  const invitees = new Invitees();
  const knock = (ssrc: number, since: Instant): void =>
    invitees.add({ ssrc, token: 1, name: '', control: { host: 'h', port: 1 }, since });
  knock(1, at(0));
  expect(invitees.take(1, 1, 'elsewhere', at(1))).toBeUndefined();
  expect(invitees.take(1, 2, 'h', at(1))).toBeUndefined();
  expect(invitees.take(1, 1, 'h', at(1))).toBeDefined();
  expect(invitees.take(1, 1, 'h', at(1))).toBeUndefined();
  knock(2, at(0));
  expect(invitees.take(2, 1, 'h', (at(15) + fromMillis(1)) as Instant)).toBeUndefined();
  for (let ssrc = 100; ssrc < 140; ssrc++) knock(ssrc, at(20));
  const kept = Array.from({ length: 40 }, (_, i) => invitees.take(100 + i, 1, 'h', at(21)));
  expect(kept.filter(Boolean)).toHaveLength(32);
});
