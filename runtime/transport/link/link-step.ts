/**
 * The words of a link's state machine: states, inputs, effects, and how it ends. link-state.ts, greeting-state.ts.
 */
import { fromMillis, fromSeconds, type Instant, type Micros } from '../../core/time.ts';
import type { FrameFault } from './frame.ts';
import type { ByeCode, LinkMessage, Refusal } from './link-message.ts';

/** Short, so that a silence of a second and a half means something to whoever looks for a better way. */
export const PING_AFTER: Micros = fromMillis(500);
export const DEAD_AFTER: Micros = fromSeconds(6);

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
export type Step =
  | 'hello'
  | 'prove'
  | 'enter'
  | 'typing'
  | 'answer'
  | 'welcome'
  | 'try'
  | 'confirm';

export interface GreetingState {
  readonly phase: 'greeting';
  readonly dialer: boolean;
  readonly step: Step;
  readonly deadline: Instant;
  /** A code was asked for: both ends keep the link alive. */
  readonly code: { readonly expiresAt: Instant; readonly heardAt: Instant } | undefined;
}

export type LinkState =
  | GreetingState
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

export const NOTHING: readonly LinkEffect[] = [];
export const PING: LinkEffect = { kind: 'send', message: { kind: 'ping' } };
export const PONG: readonly LinkEffect[] = [{ kind: 'send', message: { kind: 'pong' } }];

export const send = (message: LinkMessage): LinkEffect => ({ kind: 'send', message });
export const stay = (state: LinkState): LinkStep => ({ state, effects: NOTHING });
export const heard = (at: Instant): LinkState => ({ phase: 'open', heardAt: at });

export const cut = (reason: LinkFault): LinkStep => {
  const end: LinkEnd = { kind: 'cut', reason };
  return endWith(end, farewell(end));
};

export const refuse = (refusal: Refusal): LinkStep =>
  endWith({ kind: 'refusing', ...refusal }, { kind: 'refuse', ...refusal });

export function endWith(end: LinkEnd, last?: LinkMessage): LinkStep {
  const ended: LinkEffect = { kind: 'ended', end };
  return {
    state: { phase: 'ended', end },
    effects: last ? [send(last), ended] : [ended],
  };
}

export function farewell(end: LinkEnd): LinkMessage | undefined {
  if (end.kind === 'closed') return { kind: 'bye', code: 'leaving', text: '' };
  if (end.kind === 'replaced') return { kind: 'bye', code: 'replaced', text: '' };
  if (end.kind === 'cut') return { kind: 'bye', code: 'misbehaved', text: end.reason };
  return undefined;
}
