/**
 * The greeting of a link as a state machine: which message is due when, and for how long. FORMAT.md, "opening" and "the
 * code".
 *
 * Takes  messages with their time, and verdicts of whoever checks them (greeting-dialer.ts, greeting-acceptor.ts).
 * Gives  the next state and what is to be done.
 */
import { after, fromSeconds, type Instant, type Micros } from '../../core/time.ts';
import { LINK_PROTOCOL } from './hello.ts';
import type { LinkMessage } from './link-message.ts';
import {
  cut,
  DEAD_AFTER,
  endWith,
  type GreetingState,
  heard,
  type LinkEffect,
  type LinkStep,
  NOTHING,
  PING,
  PING_AFTER,
  PONG,
  refuse,
  type Step,
  send,
  type Verdict,
} from './link-step.ts';
import { REFUSED } from './refusals.ts';

/** For each message that the far end owes. */
export const STEP_LIMIT: Micros = fromSeconds(3);

/** Which messages the far end may send in a step, besides those that end the greeting. */
const DUE: Readonly<Record<Step, readonly LinkMessage['kind'][]>> = {
  hello: ['hello'],
  prove: ['prove'],
  enter: ['enter'],
  typing: [],
  answer: ['answer'],
  welcome: ['welcome'],
  try: ['try'],
  // Another try, when the answer has shown the dialer that the last one was wrong.
  confirm: ['confirm', 'try'],
};
const DIALER_ENTERS: readonly LinkMessage['kind'][] = ['welcome', 'code'];

const AFTER: Readonly<Record<Step, Step>> = {
  hello: 'prove',
  prove: 'enter',
  enter: 'enter',
  typing: 'answer',
  answer: 'welcome',
  welcome: 'welcome',
  try: 'confirm',
  confirm: 'confirm',
};

export function greet(state: GreetingState, message: LinkMessage, at: Instant): LinkStep {
  const next: GreetingState = state.code
    ? { ...state, code: { ...state.code, heardAt: at } }
    : state;
  switch (message.kind) {
    case 'refuse': {
      const { code, text, wait } = message;
      return endWith({ kind: 'refused', code, text, ...(wait === undefined ? {} : { wait }) });
    }
    case 'bye':
      return endWith({ kind: 'bye', code: message.code, text: message.text });
    case 'ping':
      return state.code ? { state: next, effects: PONG } : cut('unexpected');
    case 'pong':
      return state.code ? { state: next, effects: NOTHING } : cut('unexpected');
    default: {
      const due = state.dialer && state.step === 'enter' ? DIALER_ENTERS : DUE[state.step];
      if (!due.includes(message.kind)) return cut('unexpected');
      if (message.kind === 'hello' && message.hello.protocol !== LINK_PROTOCOL) {
        return refuse(REFUSED.version(LINK_PROTOCOL, message.hello.protocol));
      }
      return { state: next, effects: [{ kind: 'check', message }] };
    }
  }
}

export function follow(state: GreetingState, verdict: Verdict, at: Instant): LinkStep {
  switch (verdict.kind) {
    case 'next':
      return goTo(state, AFTER[state.step], verdict.messages, at);
    case 'code': {
      const expiresAt = state.code?.expiresAt ?? after(at, verdict.lifetime);
      const heardAt = state.code?.heardAt ?? at;
      const asking: GreetingState = { ...state, code: { expiresAt, heardAt } };
      return goTo(asking, state.dialer ? 'typing' : 'try', verdict.messages, at);
    }
    case 'open':
      return {
        state: heard(at),
        effects: [
          ...verdict.messages.map(send),
          { kind: 'open' },
          { kind: 'wake', due: after(at, PING_AFTER) },
        ],
      };
    case 'refuse':
      return refuse(verdict.refusal);
  }
}

export function goTo(
  state: GreetingState,
  step: Step,
  messages: readonly LinkMessage[],
  at: Instant,
): LinkStep {
  const { code } = state;
  const patient = code && PATIENT.has(step);
  // The acceptor tells when a code has expired; the dialer waits a little longer for that.
  const deadline = after(patient ? code.expiresAt : at, STEP_LIMIT);
  const next: GreetingState = { ...state, step, deadline };
  return { state: next, effects: [...messages.map(send), wakeFor(next, at)] };
}

/** Steps in which somebody reads and types. */
const PATIENT: ReadonlySet<Step> = new Set(['typing', 'try', 'confirm']);

export function passGreetingTime(state: GreetingState, at: Instant): LinkStep {
  if (at >= state.deadline) {
    return PATIENT.has(state.step) ? refuse(REFUSED.codeExpired()) : cut('late');
  }
  if (!state.code) return { state, effects: [wakeFor(state, at)] };
  if (at >= after(state.code.heardAt, DEAD_AFTER)) return endWith({ kind: 'silent' });
  const wake = wakeFor(state, at);
  const quiet = at >= after(state.code.heardAt, PING_AFTER);
  return { state, effects: quiet ? [PING, wake] : [wake] };
}

function wakeFor({ deadline, code }: GreetingState, at: Instant): LinkEffect {
  if (!code) return { kind: 'wake', due: deadline };
  const ping = after(code.heardAt, PING_AFTER);
  const next = ping > at ? ping : after(at, PING_AFTER);
  const dead = after(code.heardAt, DEAD_AFTER);
  return { kind: 'wake', due: Math.min(next, dead, deadline) as Instant };
}
