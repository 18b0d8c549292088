/**
 * CK exchanges of one session, either side: a pure state machine.
 *
 * Takes  CK messages and the time. Gives CK messages to send, samples of the two clocks, and word that the peer is silent.
 *
 * The initiator asks at once, six times more at 1.5 s (a box: ten times at 0.12 s), then at the interval. A question without answer is asked again
 * after 300 ms (or what the way takes), more slowly the longer it lasts; after two of them the peer is doubted. The other
 * side asks too, but rarely, when nobody else does. Both sides learn: who asks from t1, t2 and the answer's arrival, who
 * answers from t2, t3 and the arrival of the third message. A session without any CK for 60 s is over.
 */
import {
  after,
  fromMillis,
  fromSeconds,
  type Instant,
  type Micros,
  micros,
} from '../../../core/time.ts';
import { remoteInstant, type Ticks } from '../ticks.ts';
import type { SessionMessage } from './messages.ts';

export const CLOCK_TIMEOUT: Micros = fromSeconds(60);
const EARLY_INTERVAL = fromMillis(1_500);
const EARLY_TIMES = 6;
/** The same of a box like this one: its time is known to a few milliseconds within a second or two. */
const EAGER_INTERVAL = fromMillis(120);
const EAGER_TIMES = 10;
const RETRY: Micros = fromMillis(300);
const SLOWEST_RETRY: Micros = fromSeconds(1);
/** Unanswered in a row: the peer may have forgotten the session, so it is invited again. */
const DOUBTFUL_AFTER = 2;
/** The invited side asks when it was not asked for so long. */
const UNASKED: Micros = fromSeconds(15);
/** Stamps that an answer may still come for: a way of a second takes several questions. */
const OPEN = 4;

type ClockMessage = Extract<SessionMessage, { kind: 'CK' }>;

/** What we stamped, as ticks and exactly. */
interface Stamp {
  readonly ticks: Ticks;
  readonly at: Instant;
}

export interface ClockExchangeState {
  readonly initiator: boolean;
  /** When to ask next. */
  readonly due: Instant;
  readonly asked: number;
  readonly unanswered: number;
  /** Questions and answers of ours that were not answered yet, newest last. */
  readonly questions: readonly Stamp[];
  readonly answers: readonly Stamp[];
  readonly heardAt: Instant;
}

export type ClockEffect =
  | {
      readonly kind: 'send';
      readonly count: number;
      readonly t1: Ticks;
      readonly t2: Ticks;
      readonly t3: Ticks;
    }
  | {
      readonly kind: 'sample';
      /** It answered a question of ours. */
      readonly asked: boolean;
      readonly sentAt: Instant;
      readonly remoteAt: Instant;
      readonly receivedAt: Instant;
    }
  /** The peer doesn't answer: invite it again, in case it began anew. */
  | { readonly kind: 'doubt' }
  | { readonly kind: 'timeout' };

export interface ClockStep {
  readonly state: ClockExchangeState;
  readonly effects: readonly ClockEffect[];
}

/** What does not change while a session lasts, or slowly. */
export interface ClockPace {
  /** Between exchanges once the first ones are done. */
  readonly interval: Micros;
  readonly rtt: Micros | undefined;
  /** The clocks are compared often at first. */
  readonly eager?: boolean;
}

const NO_TICKS = 0 as Ticks;

export function startClockExchange(initiator: boolean, now: Instant): ClockExchangeState {
  return {
    initiator,
    due: initiator ? now : after(now, UNASKED),
    asked: 0,
    unanswered: 0,
    questions: [],
    answers: [],
    heardAt: now,
  };
}

/** Invited again: the same session, looked at afresh. */
export function renewClockExchange(
  state: ClockExchangeState,
  initiator: boolean,
  now: Instant,
): ClockExchangeState {
  if (initiator) return { ...startClockExchange(true, now), questions: state.questions };
  return { ...state, heardAt: now };
}

/** When `tickClock` has something to do. */
export function clockDue(state: ClockExchangeState): Instant {
  return Math.min(state.due, after(state.heardAt, CLOCK_TIMEOUT)) as Instant;
}

export function tickClock(
  state: ClockExchangeState,
  now: Instant,
  ticks: Ticks,
  pace: ClockPace,
): ClockStep {
  // As `clockDue` reckons: a difference, rounded another way, could miss the alarm it is called for.
  if (now >= after(state.heardAt, CLOCK_TIMEOUT)) return { state, effects: [{ kind: 'timeout' }] };
  if (now < state.due) return { state, effects: [] };
  const unanswered = state.questions.length === 0 ? state.unanswered : state.unanswered + 1;
  const step = askClock({ ...state, asked: state.asked + 1, unanswered }, now, ticks);
  const due = after(now, state.initiator ? retryAfter(unanswered, pace) : UNASKED);
  const doubtful = state.initiator && unanswered > 0 && unanswered % DOUBTFUL_AFTER === 0;
  const effects: ClockEffect[] = doubtful
    ? [...step.effects, { kind: 'doubt' }]
    : [...step.effects];
  return { state: { ...step.state, due }, effects };
}

/** Asks now, besides what is asked in turn. */
export function askClock(state: ClockExchangeState, now: Instant, ticks: Ticks): ClockStep {
  return {
    state: { ...state, questions: newest(state.questions, { ticks, at: now }) },
    effects: [{ kind: 'send', count: 0, t1: ticks, t2: NO_TICKS, t3: NO_TICKS }],
  };
}

export function takeClockMessage(
  state: ClockExchangeState,
  message: ClockMessage,
  now: Instant,
  ticks: Ticks,
  pace: ClockPace,
): ClockStep {
  const heard = { ...state, heardAt: now };
  switch (message.count) {
    case 0:
      // Whoever asks is answered, whichever side began.
      return {
        state: {
          ...heard,
          due: state.initiator ? state.due : after(now, UNASKED),
          answers: newest(state.answers, { ticks, at: now }),
        },
        effects: [{ kind: 'send', count: 1, t1: message.t1, t2: ticks, t3: NO_TICKS }],
      };
    case 1: {
      const question = state.questions.find((open) => open.ticks === message.t1);
      if (!question) return { state: heard, effects: [] };
      const early = state.asked <= (pace.eager === true ? EAGER_TIMES : EARLY_TIMES);
      const soon = pace.eager === true ? EAGER_INTERVAL : EARLY_INTERVAL;
      const wait = early ? Math.min(soon, pace.interval) : pace.interval;
      return {
        state: {
          ...heard,
          questions: [],
          unanswered: 0,
          due: state.initiator ? after(question.at, micros(wait)) : after(now, UNASKED),
        },
        effects: [
          { kind: 'send', count: 2, t1: message.t1, t2: message.t2, t3: ticks },
          sample(true, question.at, message.t2, now),
        ],
      };
    }
    default: {
      const answer = state.answers.find((open) => open.ticks === message.t2);
      if (!answer) return { state: heard, effects: [] };
      return {
        state: { ...heard, answers: [] },
        effects: [sample(false, answer.at, message.t3, now)],
      };
    }
  }
}

function retryAfter(unanswered: number, { rtt }: ClockPace): Micros {
  const first = Math.max(RETRY, (rtt ?? 0) * 1.5);
  const slower = first * 2 ** Math.min(Math.max(0, unanswered - DOUBTFUL_AFTER), 4);
  return micros(Math.max(first, Math.min(slower, SLOWEST_RETRY)));
}

function newest(stamps: readonly Stamp[], stamp: Stamp): readonly Stamp[] {
  return [...stamps.slice(1 - OPEN), stamp];
}

function sample(asked: boolean, sentAt: Instant, remote: Ticks, receivedAt: Instant): ClockEffect {
  return { kind: 'sample', asked, sentAt, remoteAt: remoteInstant(remote), receivedAt };
}
