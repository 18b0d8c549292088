import { expect, test } from 'vitest';
import { fromMillis, fromSeconds, type Instant } from '../../../core/time.ts';
import type { Ticks } from '../ticks.ts';
import {
  CLOCK_TIMEOUT,
  type ClockExchangeState,
  type ClockPace,
  clockDue,
  startClockExchange,
  takeClockMessage,
  tickClock,
} from './clock-exchange.ts';

const at = (seconds: number): Instant => (seconds * 1e6) as Instant;
const PACE: ClockPace = { interval: fromSeconds(1), rtt: fromMillis(5) };

/** Asks and answers for `seconds`; the times of asking. */
function askFor(
  seconds: number,
  answered: boolean,
  pace: ClockPace = PACE,
): { asked: number[]; doubts: number; end: string } {
  let state: ClockExchangeState = startClockExchange(true, at(0));
  const asked: number[] = [];
  let doubts = 0;
  for (let now = 0; now <= seconds * 1_000; now += 100) {
    const step = tickClock(state, at(now / 1_000), now as Ticks, pace);
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
      state = takeClockMessage(state, answer, at(now / 1_000 + 0.01), now as Ticks, pace).state;
    }
  }
  return { asked, doubts, end: 'never' };
}

test('a box is asked ten times in quick succession, then at the interval', () => {
  const { asked } = askFor(5, true, { ...PACE, eager: true });
  expect(asked.filter((time) => time < 2.05)).toHaveLength(11);
  expect(asked.slice(11).map((time, i) => time - (asked[i + 10] ?? 0))).toEqual(
    asked.slice(11).map(() => expect.closeTo(1, 1)),
  );
});

test('clocks are compared at once, six times at a second and a half at most, then at the interval (item 42)', () => {
  const rarely = { ...PACE, interval: fromSeconds(10) };
  expect(askFor(40, true, rarely).asked).toEqual([0, 1.5, 3, 4.5, 6, 7.5, 9, 19, 29, 39]);
  expect(askFor(4, true).asked).toEqual([0, 1, 2, 3, 4]);
});

test('without answers it asks again after 300 ms, doubts after two, asks on and gives up after a minute (item 42)', () => {
  const { asked, doubts, end } = askFor(100, false);
  expect(asked.slice(0, 6)).toEqual([0, 0.3, 0.6, 0.9, 1.5, 2.5]);
  expect(doubts).toBeGreaterThan(5);
  expect(asked.length).toBeLessThan(70);
  expect(end).toBe(`${CLOCK_TIMEOUT / 1e6}`);
});

test('the side that was invited asks too, when it was not asked for a quarter of a minute', () => {
  let state = startClockExchange(false, at(0));
  expect(tickClock(state, at(14.9), 1 as Ticks, PACE).effects).toEqual([]);
  const asked = tickClock(state, at(15), 1 as Ticks, PACE);
  expect(asked.effects).toMatchObject([{ kind: 'send', count: 0 }]);
  const answer = {
    kind: 'CK',
    ssrc: 1,
    count: 1,
    t1: 1 as Ticks,
    t2: 9 as Ticks,
    t3: 0 as Ticks,
  } as const;
  const answered = takeClockMessage(asked.state, answer, at(15.01), 2 as Ticks, PACE);
  expect(answered.effects.map(({ kind }) => kind)).toEqual(['send', 'sample']);
  state = answered.state;
  expect(clockDue(state)).toBe(at(30.01));
});

test('answers that take longer than the next question still count', () => {
  const slow: ClockPace = { ...PACE, rtt: undefined };
  let state = startClockExchange(true, at(0));
  const way = 0.75;
  const onTheWay: { at: number; t1: Ticks }[] = [];
  let samples = 0;
  for (let now = 0; now < 20_000; now += 50) {
    const step = tickClock(state, at(now / 1_000), now as Ticks, slow);
    state = step.state;
    for (const effect of step.effects)
      if (effect.kind === 'send') onTheWay.push({ at: now / 1_000 + way, t1: effect.t1 });
    while (onTheWay[0] && onTheWay[0].at <= now / 1_000) {
      const { t1 } = onTheWay.shift() ?? { t1: 0 as Ticks };
      const answer = { kind: 'CK', ssrc: 1, count: 1, t1, t2: 5 as Ticks, t3: 0 as Ticks } as const;
      const taken = takeClockMessage(state, answer, at(now / 1_000), now as Ticks, slow);
      state = taken.state;
      samples += taken.effects.filter(({ kind }) => kind === 'sample').length;
    }
  }
  expect(samples).toBeGreaterThan(8);
});

test('the alarm for the end of a session finds it over, whatever the fractions of its times', () => {
  for (let i = 0; i < 1_000; i++) {
    const begun = startClockExchange(false, (36_757_598 + i * 1_009.543_208_04) as Instant);
    const state = { ...begun, due: Number.POSITIVE_INFINITY as Instant };
    const step = tickClock(state, clockDue(state), 0 as Ticks, PACE);
    expect(step.effects).toEqual([{ kind: 'timeout' }]);
  }
});

test('both sides learn from one exchange', () => {
  const here = startClockExchange(true, at(10));
  const there = startClockExchange(false, at(3));
  // The other clock is 7 s behind; each way takes 20 ms.
  const asked = tickClock(here, at(10), 100_000 as Ticks, PACE);
  const question = asked.effects[0];
  if (question?.kind !== 'send') throw new Error('it asks');
  const answered = takeClockMessage(
    there,
    { ...question, kind: 'CK', ssrc: 1 },
    at(3.02),
    30_200 as Ticks,
    PACE,
  );
  const answer = answered.effects[0];
  if (answer?.kind !== 'send') throw new Error('it answers');
  const closed = takeClockMessage(
    asked.state,
    { ...answer, kind: 'CK', ssrc: 2 },
    at(10.04),
    100_400 as Ticks,
    PACE,
  );
  expect(closed.effects[1]).toEqual({
    kind: 'sample',
    asked: true,
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
    PACE,
  );
  expect(learnt.effects).toEqual([
    { kind: 'sample', asked: false, sentAt: at(3.02), remoteAt: at(10.04), receivedAt: at(3.06) },
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
  expect(takeClockMessage(state, message, at(1), 10_000 as Ticks, PACE).effects).toEqual([]);
  expect(clockDue(state)).toBe(at(0));
});
