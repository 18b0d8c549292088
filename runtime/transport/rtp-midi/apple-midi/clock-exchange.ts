/**
 * CK exchanges of one session, either side: a pure state machine.
 *
 * Takes  CK messages and the time. Gives CK messages to send, samples of the two clocks, and word that the peer is silent.
 *
 * The initiator asks at once, six times more at 1.5 s, then at the interval; an answer that is missing is asked for
 * again after 1.5 s. Both sides learn: the initiator from t1, t2 and the answer's arrival, the responder from t2, t3 and
 * the arrival of the third message. A session without any CK for 60 s is over.
 */
import { after, fromMillis, fromSeconds, type Instant, type Micros } from '../../../core/time.ts';
import { remoteInstant, type Ticks } from '../ticks.ts';
import type { SessionMessage } from './messages.ts';

export const CLOCK_TIMEOUT: Micros = fromSeconds(60);
const EARLY_INTERVAL = fromMillis(1_500);
const EARLY_TIMES = 6;
/** Unanswered in a row: the peer may have forgotten the session, so it is invited again. */
const DOUBTFUL_AFTER = 3;

type ClockMessage = Extract<SessionMessage, { kind: 'CK' }>;

export interface ClockExchangeState {
  readonly initiator: boolean;
  /** When to ask next; only the initiator does. */
  readonly due: Instant;
  readonly asked: number;
  readonly unanswered: number;
  /** The exchange in progress: what we stamped, as ticks and exactly. */
  readonly sentTicks: Ticks | undefined;
  readonly sentAt: Instant;
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

const NO_TICKS = 0 as Ticks;

export function startClockExchange(initiator: boolean, now: Instant): ClockExchangeState {
  return {
    initiator,
    due: now,
    asked: 0,
    unanswered: 0,
    sentTicks: undefined,
    sentAt: now,
    heardAt: now,
  };
}

/** When `tickClock` has something to do. */
export function clockDue(state: ClockExchangeState): Instant {
  const end = after(state.heardAt, CLOCK_TIMEOUT);
  return state.initiator ? (Math.min(state.due, end) as Instant) : end;
}

export function tickClock(
  state: ClockExchangeState,
  now: Instant,
  ticks: Ticks,
  interval: Micros,
): ClockStep {
  // As `clockDue` reckons: a difference, rounded another way, could miss the alarm it is called for.
  if (now >= after(state.heardAt, CLOCK_TIMEOUT)) return { state, effects: [{ kind: 'timeout' }] };
  if (!state.initiator || now < state.due) return { state, effects: [] };
  const unanswered = state.sentTicks === undefined ? state.unanswered : state.unanswered + 1;
  const asked = state.asked + 1;
  const often = asked <= EARLY_TIMES || unanswered > 0;
  const effects: ClockEffect[] = [
    { kind: 'send', count: 0, t1: ticks, t2: NO_TICKS, t3: NO_TICKS },
  ];
  if (unanswered > 0 && unanswered % DOUBTFUL_AFTER === 0) effects.push({ kind: 'doubt' });
  return {
    state: {
      ...state,
      due: after(now, often ? (Math.min(EARLY_INTERVAL, interval) as Micros) : interval),
      asked,
      unanswered,
      sentTicks: ticks,
      sentAt: now,
    },
    effects,
  };
}

export function takeClockMessage(
  state: ClockExchangeState,
  message: ClockMessage,
  now: Instant,
  ticks: Ticks,
  interval: Micros,
): ClockStep {
  const heard = { ...state, heardAt: now };
  switch (message.count) {
    case 0:
      // Whoever asks is answered, whichever side began.
      return {
        state: state.initiator ? heard : { ...heard, sentTicks: ticks, sentAt: now },
        effects: [{ kind: 'send', count: 1, t1: message.t1, t2: ticks, t3: NO_TICKS }],
      };
    case 1: {
      if (message.t1 !== state.sentTicks || !state.initiator) return { state: heard, effects: [] };
      const settled = state.asked > EARLY_TIMES;
      return {
        state: {
          ...heard,
          sentTicks: undefined,
          unanswered: 0,
          due: settled ? after(state.sentAt, interval) : state.due,
        },
        effects: [
          { kind: 'send', count: 2, t1: message.t1, t2: message.t2, t3: ticks },
          sample(state.sentAt, message.t2, now),
        ],
      };
    }
    default: {
      if (message.t2 !== state.sentTicks || state.initiator) return { state: heard, effects: [] };
      return {
        state: { ...heard, sentTicks: undefined },
        effects: [sample(state.sentAt, message.t3, now)],
      };
    }
  }
}

function sample(sentAt: Instant, remote: Ticks, receivedAt: Instant): ClockEffect {
  return { kind: 'sample', sentAt, remoteAt: remoteInstant(remote), receivedAt };
}
