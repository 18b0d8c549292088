/**
 * One link as a state machine: what is due when in the greeting, keep-alive, and how it ends. FORMAT.md, "opening", "the
 * code" and "while open".
 *
 * Takes  inputs with their time, and verdicts of whoever checks proofs (greeting-dialer.ts, greeting-acceptor.ts).
 * Gives  the next state and what is to be done. No sockets, no timers, no keys.
 */
import { after, fromMillis, fromSeconds, type Instant, type Micros } from '../../core/time.ts';
import type { FrameFault } from './frame.ts';
import { LINK_PROTOCOL } from './hello.ts';
import type { ByeCode, LinkMessage, Refusal } from './link-message.ts';
import { REFUSED } from './refusals.ts';

export type { Refusal } from './link-message.ts';

/** For each message that the far end owes in the greeting. */
const STEP_LIMIT: Micros = fromSeconds(3);
/** Short, so that a silence of a second and a half means something to whoever looks for a better way. */
const PING_AFTER: Micros = fromMillis(500);
const DEAD_AFTER: Micros = fromSeconds(6);

/** What the far end did against FORMAT.md. */
type LinkFault = FrameFault | 'malformed' | 'unexpected' | 'rate' | 'late';

/** How a link came to its end. */
export type LinkEnd =
  | { readonly kind: 'closed' }
  | { readonly kind: 'bye'; readonly code: ByeCode; readonly text: string }
  /** By the far end. */
  | ({ readonly kind: 'refused' } & Refusal)
  /** By this one, dialer or acceptor. */
  | ({ readonly kind: 'refusing' } & Refusal)
  /** A newer link to the same box took over. */
  | { readonly kind: 'replaced' }
  /** The stream ended without a goodbye. */
  | { readonly kind: 'lost' }
  | { readonly kind: 'silent' }
  /** Our octets did not get out. */
  | { readonly kind: 'backlog' }
  /** Cut off by us; `reason` is a LinkFault, or the word of whoever reads the frames. */
  | { readonly kind: 'cut'; readonly reason: string };

/** What the far end owes; of `typing`, the player. */
type Step = 'hello' | 'prove' | 'enter' | 'typing' | 'answer' | 'welcome' | 'try' | 'confirm';

interface Greeting {
  readonly phase: 'greeting';
  readonly dialer: boolean;
  readonly step: Step;
  readonly deadline: Instant;
  /** A code was asked for: both ends keep the link alive. */
  readonly code: { readonly expiresAt: Instant; readonly heardAt: Instant } | undefined;
}

export type LinkState =
  | Greeting
  | { readonly phase: 'open'; readonly heardAt: Instant }
  | { readonly phase: 'ended'; readonly end: LinkEnd };

/** What is to become of the greeting after a message that was due. */
export type Verdict =
  | { readonly kind: 'next'; readonly messages: readonly LinkMessage[] }
  /** The acceptor shows a code, the dialer asks its player for it: for so long. */
  | {
      readonly kind: 'code';
      readonly messages: readonly LinkMessage[];
      readonly lifetime: Micros;
    }
  | { readonly kind: 'open'; readonly messages: readonly LinkMessage[] }
  | { readonly kind: 'refuse'; readonly refusal: Refusal };

export type LinkInput =
  | { readonly kind: 'message'; readonly message: LinkMessage | undefined; readonly at: Instant }
  /** A frame on another channel. */
  | { readonly kind: 'frame'; readonly at: Instant }
  | { readonly kind: 'verdict'; readonly verdict: Verdict; readonly at: Instant }
  /** The player has entered a code. */
  | { readonly kind: 'entered'; readonly message: LinkMessage; readonly at: Instant }
  | { readonly kind: 'refuse'; readonly refusal: Refusal }
  | { readonly kind: 'time'; readonly at: Instant }
  | { readonly kind: 'end'; readonly end: LinkEnd };

export type LinkEffect =
  | { readonly kind: 'send'; readonly message: LinkMessage }
  | { readonly kind: 'wake'; readonly due: Instant }
  /** The message that was due: answer with the input 'verdict'. */
  | { readonly kind: 'check'; readonly message: LinkMessage }
  | { readonly kind: 'open' }
  | { readonly kind: 'deliver' }
  | { readonly kind: 'ended'; readonly end: LinkEnd };

export interface LinkStep {
  readonly state: LinkState;
  readonly effects: readonly LinkEffect[];
}

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

function greet(state: Greeting, message: LinkMessage, at: Instant): LinkStep {
  const next: Greeting = state.code ? { ...state, code: { ...state.code, heardAt: at } } : state;
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

function follow(state: Greeting, verdict: Verdict, at: Instant): LinkStep {
  switch (verdict.kind) {
    case 'next':
      return goTo(state, AFTER[state.step], verdict.messages, at);
    case 'code': {
      const expiresAt = state.code?.expiresAt ?? after(at, verdict.lifetime);
      const heardAt = state.code?.heardAt ?? at;
      const asking: Greeting = { ...state, code: { expiresAt, heardAt } };
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

function goTo(
  state: Greeting,
  step: Step,
  messages: readonly LinkMessage[],
  at: Instant,
): LinkStep {
  const { code } = state;
  const patient = code && PATIENT.has(step);
  // The acceptor tells when a code has expired; the dialer waits a little longer for that.
  const deadline = after(patient ? code.expiresAt : at, STEP_LIMIT);
  const next: Greeting = { ...state, step, deadline };
  return { state: next, effects: [...messages.map(send), wakeFor(next, at)] };
}

/** Steps in which somebody reads and types. */
const PATIENT: ReadonlySet<Step> = new Set(['typing', 'try', 'confirm']);

function passGreetingTime(state: Greeting, at: Instant): LinkStep {
  if (at >= state.deadline) {
    return PATIENT.has(state.step) ? refuse(REFUSED.codeExpired()) : cut('late');
  }
  if (!state.code) return { state, effects: [wakeFor(state, at)] };
  if (at >= after(state.code.heardAt, DEAD_AFTER)) return endWith({ kind: 'silent' });
  const wake = wakeFor(state, at);
  const quiet = at >= after(state.code.heardAt, PING_AFTER);
  return { state, effects: quiet ? [PING, wake] : [wake] };
}

function wakeFor({ deadline, code }: Greeting, at: Instant): LinkEffect {
  if (!code) return { kind: 'wake', due: deadline };
  const ping = after(code.heardAt, PING_AFTER);
  const next = ping > at ? ping : after(at, PING_AFTER);
  const dead = after(code.heardAt, DEAD_AFTER);
  return { kind: 'wake', due: Math.min(next, dead, deadline) as Instant };
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

const NOTHING: readonly LinkEffect[] = [];
const DELIVER: readonly LinkEffect[] = [{ kind: 'deliver' }];
const PING: LinkEffect = { kind: 'send', message: { kind: 'ping' } };
const PONG: readonly LinkEffect[] = [{ kind: 'send', message: { kind: 'pong' } }];

const send = (message: LinkMessage): LinkEffect => ({ kind: 'send', message });
const stay = (state: LinkState): LinkStep => ({ state, effects: NOTHING });
const heard = (at: Instant): LinkState => ({ phase: 'open', heardAt: at });

const cut = (reason: LinkFault): LinkStep => {
  const end: LinkEnd = { kind: 'cut', reason };
  return endWith(end, farewell(end));
};

const refuse = (refusal: Refusal): LinkStep =>
  endWith({ kind: 'refusing', ...refusal }, { kind: 'refuse', ...refusal });

function endWith(end: LinkEnd, last?: LinkMessage): LinkStep {
  const ended: LinkEffect = { kind: 'ended', end };
  return {
    state: { phase: 'ended', end },
    effects: last ? [send(last), ended] : [ended],
  };
}

function farewell(end: LinkEnd): LinkMessage | undefined {
  if (end.kind === 'closed') return { kind: 'bye', code: 'leaving', text: '' };
  if (end.kind === 'replaced') return { kind: 'bye', code: 'replaced', text: '' };
  if (end.kind === 'cut') return { kind: 'bye', code: 'misbehaved', text: end.reason };
  return undefined;
}
