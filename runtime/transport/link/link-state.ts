/**
 * One link as a state machine: the greeting, keep-alive, and how it ends. FORMAT.md, "opening" and "while open".
 *
 * Takes  inputs with their time.
 * Gives  the next state and what is to be done. No sockets, no timers, no keys.
 */
import { after, type Instant } from '../../core/time.ts';
import { follow, goTo, greet, passGreetingTime, STEP_LIMIT } from './greeting-state.ts';
import type { LinkMessage } from './link-message.ts';
import {
  cut,
  DEAD_AFTER,
  endWith,
  farewell,
  heard,
  type LinkEffect,
  type LinkInput,
  type LinkState,
  type LinkStep,
  NOTHING,
  PING,
  PING_AFTER,
  PONG,
  refuse,
  stay,
} from './link-step.ts';

export type { Refusal } from './link-message.ts';
export type { LinkEffect, LinkEnd, LinkInput, LinkState, LinkStep, Verdict } from './link-step.ts';

const DELIVER: readonly LinkEffect[] = [{ kind: 'deliver' }];

/** `hello`: the dialer's, which it sends at once. */
export function startLink(hello: LinkMessage | undefined, at: Instant): LinkStep {
  const deadline = after(at, STEP_LIMIT);
  const wake: LinkEffect = { kind: 'wake', due: deadline };
  const dialer = hello !== undefined;
  return {
    state: { phase: 'greeting', dialer, step: 'hello', deadline, code: undefined },
    effects: hello ? [{ kind: 'send', message: hello }, wake] : [wake],
  };
}

export function stepLink(state: LinkState, input: LinkInput): LinkStep {
  if (state.phase === 'ended') return { state, effects: NOTHING };
  switch (input.kind) {
    case 'message':
      if (input.message === undefined) return cut('malformed');
      return state.phase === 'greeting'
        ? greet(state, input.message, input.at)
        : converse(input.message, input.at);
    case 'frame':
      if (state.phase === 'greeting') return cut('unexpected');
      return { state: heard(input.at), effects: DELIVER };
    case 'verdict':
      return state.phase === 'greeting' ? follow(state, input.verdict, input.at) : stay(state);
    case 'entered':
      if (state.phase !== 'greeting' || state.step !== 'typing') return stay(state);
      return goTo(state, 'answer', [input.message], input.at);
    case 'refuse':
      return refuse(input.refusal);
    case 'time':
      return state.phase === 'greeting'
        ? passGreetingTime(state, input.at)
        : keepAlive(state, input.at);
    case 'end':
      return endWith(input.end, farewell(input.end));
  }
}

function converse(message: LinkMessage, at: Instant): LinkStep {
  switch (message.kind) {
    case 'ping':
      return { state: heard(at), effects: PONG };
    case 'pong':
      return { state: heard(at), effects: NOTHING };
    case 'bye':
      return endWith({ kind: 'bye', code: message.code, text: message.text });
    default:
      return cut('unexpected');
  }
}

function keepAlive(state: Extract<LinkState, { phase: 'open' }>, at: Instant): LinkStep {
  const dead = after(state.heardAt, DEAD_AFTER);
  if (at >= dead) return endWith({ kind: 'silent' });
  const ping = after(state.heardAt, PING_AFTER);
  if (at < ping) return { state, effects: [{ kind: 'wake', due: ping }] };
  const again = after(at, PING_AFTER);
  return { state, effects: [PING, { kind: 'wake', due: Math.min(again, dead) as Instant }] };
}
