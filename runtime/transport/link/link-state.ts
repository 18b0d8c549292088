/**
 * One link as a state machine: greeting, keep-alive, and how it ends. FORMAT.md, "opening" and "while open".
 *
 * Takes inputs with their time, gives the next state and what is to be done. No sockets, no timers.
 */
import { after, fromSeconds, type Instant, type Micros } from '../../core/time.ts';
import type { FrameFault } from './frame.ts';
import type { Hello } from './hello.ts';
import { LINK_PROTOCOL } from './hello.ts';
import type { ByeCode, LinkMessage, RefusalCode } from './link-message.ts';

const GREETING_LIMIT: Micros = fromSeconds(3);
const PING_AFTER: Micros = fromSeconds(2);
const DEAD_AFTER: Micros = fromSeconds(6);

/** What the far end did against FORMAT.md. */
type LinkFault = FrameFault | 'malformed' | 'unexpected' | 'rate' | 'late';

export interface Refusal {
  readonly code: RefusalCode;
  readonly text: string;
}

/** How a link came to its end. */
export type LinkEnd =
  | { readonly kind: 'closed' }
  | { readonly kind: 'bye'; readonly code: ByeCode; readonly text: string }
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly text: string }
  | { readonly kind: 'refusing'; readonly code: RefusalCode }
  /** A newer link to the same box took over. */
  | { readonly kind: 'replaced' }
  /** The stream ended without a goodbye. */
  | { readonly kind: 'lost' }
  | { readonly kind: 'silent' }
  /** Our octets did not get out. */
  | { readonly kind: 'backlog' }
  /** Cut off by us; `reason` is a LinkFault, or the word of whoever reads the frames. */
  | { readonly kind: 'cut'; readonly reason: string };

export type LinkState =
  | { readonly phase: 'greeting'; readonly dialer: boolean; readonly deadline: Instant }
  | { readonly phase: 'open'; readonly heardAt: Instant }
  | { readonly phase: 'ended'; readonly end: LinkEnd };

export type LinkInput =
  | { readonly kind: 'message'; readonly message: LinkMessage | undefined; readonly at: Instant }
  /** A frame on another channel. */
  | { readonly kind: 'frame'; readonly at: Instant }
  /** What the acceptor thinks of the hello it was told of. */
  | { readonly kind: 'accept'; readonly hello: Hello; readonly peer: Hello; readonly at: Instant }
  | { readonly kind: 'refuse'; readonly refusal: Refusal }
  | { readonly kind: 'time'; readonly at: Instant }
  | { readonly kind: 'end'; readonly end: LinkEnd };

export type LinkEffect =
  | { readonly kind: 'send'; readonly message: LinkMessage }
  | { readonly kind: 'wake'; readonly due: Instant }
  /** Someone wants in: answer with the input 'accept' or 'refuse'. */
  | { readonly kind: 'judge'; readonly peer: Hello }
  | { readonly kind: 'open'; readonly peer: Hello }
  | { readonly kind: 'deliver' }
  | { readonly kind: 'ended'; readonly end: LinkEnd };

export interface LinkStep {
  readonly state: LinkState;
  readonly effects: readonly LinkEffect[];
}

export function startLink(hello: Hello | undefined, at: Instant): LinkStep {
  const deadline = after(at, GREETING_LIMIT);
  const wake: LinkEffect = { kind: 'wake', due: deadline };
  return {
    state: { phase: 'greeting', dialer: hello !== undefined, deadline },
    effects: hello ? [{ kind: 'send', message: { kind: 'hello', hello } }, wake] : [wake],
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
    case 'accept':
      return {
        state: heard(input.at),
        effects: [
          { kind: 'send', message: { kind: 'hello', hello: input.hello } },
          { kind: 'open', peer: input.peer },
          { kind: 'wake', due: after(input.at, PING_AFTER) },
        ],
      };
    case 'refuse':
      return endWith(
        { kind: 'refusing', code: input.refusal.code },
        { kind: 'refuse', ...input.refusal },
      );
    case 'time':
      return passTime(state, input.at);
    case 'end':
      return endWith(input.end, farewell(input.end));
  }
}

function greet(
  state: Extract<LinkState, { phase: 'greeting' }>,
  message: LinkMessage,
  at: Instant,
): LinkStep {
  if (state.dialer && message.kind === 'refuse') {
    return endWith({ kind: 'refused', code: message.code, text: message.text });
  }
  if (message.kind === 'bye')
    return endWith({ kind: 'bye', code: message.code, text: message.text });
  if (message.kind !== 'hello') return cut('unexpected');
  const { hello } = message;
  if (hello.protocol !== LINK_PROTOCOL) {
    const text = `the boxes speak different versions of the link: ${LINK_PROTOCOL} and ${hello.protocol}; update the older one`;
    return state.dialer
      ? endWith({ kind: 'refused', code: 'version', text })
      : endWith({ kind: 'refusing', code: 'version' }, { kind: 'refuse', code: 'version', text });
  }
  if (!state.dialer) return { state, effects: [{ kind: 'judge', peer: hello }] };
  return {
    state: heard(at),
    effects: [
      { kind: 'open', peer: hello },
      { kind: 'wake', due: after(at, PING_AFTER) },
    ],
  };
}

function converse(message: LinkMessage, at: Instant): LinkStep {
  switch (message.kind) {
    case 'ping':
      return { state: heard(at), effects: PONG };
    case 'pong':
      return { state: heard(at), effects: NOTHING };
    case 'bye':
      return endWith({ kind: 'bye', code: message.code, text: message.text });
    case 'hello':
    case 'refuse':
      return cut('unexpected');
  }
}

function passTime(state: Exclude<LinkState, { phase: 'ended' }>, at: Instant): LinkStep {
  if (state.phase === 'greeting') {
    if (at >= state.deadline) return cut('late');
    return { state, effects: [{ kind: 'wake', due: state.deadline }] };
  }
  const dead = after(state.heardAt, DEAD_AFTER);
  if (at >= dead) return endWith({ kind: 'silent' });
  const ping = after(state.heardAt, PING_AFTER);
  if (at < ping) return { state, effects: [{ kind: 'wake', due: ping }] };
  const again = after(at, PING_AFTER);
  return {
    state,
    effects: [
      { kind: 'send', message: { kind: 'ping' } },
      { kind: 'wake', due: Math.min(again, dead) as Instant },
    ],
  };
}

const NOTHING: readonly LinkEffect[] = [];
const DELIVER: readonly LinkEffect[] = [{ kind: 'deliver' }];
const PONG: readonly LinkEffect[] = [{ kind: 'send', message: { kind: 'pong' } }];

const heard = (at: Instant): LinkState => ({ phase: 'open', heardAt: at });

const cut = (reason: LinkFault): LinkStep => {
  const end: LinkEnd = { kind: 'cut', reason };
  return endWith(end, farewell(end));
};

function endWith(end: LinkEnd, last?: LinkMessage): LinkStep {
  const ended: LinkEffect = { kind: 'ended', end };
  return {
    state: { phase: 'ended', end },
    effects: last ? [{ kind: 'send', message: last }, ended] : [ended],
  };
}

function farewell(end: LinkEnd): LinkMessage | undefined {
  if (end.kind === 'closed') return { kind: 'bye', code: 'leaving', text: '' };
  if (end.kind === 'replaced') return { kind: 'bye', code: 'replaced', text: '' };
  if (end.kind === 'cut') return { kind: 'bye', code: 'misbehaved', text: end.reason };
  return undefined;
}
