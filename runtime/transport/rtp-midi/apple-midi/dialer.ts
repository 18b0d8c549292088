/**
 * The initiator's side of an AppleMIDI invitation: a pure state machine.
 *
 * Takes  (state, input): the time, answers, and word that the session ended.
 * Gives  the next state and what to do: send an invitation, or take a peer in.
 *
 * IN on the control port, then on the data port, each once a second, twelve times; then over again with a new token,
 * for as long as the connection is wanted. A refusal is asked again more rarely. So a peer that comes back is met
 * within a second. A dialer that may tire asks more rarely the longer nobody answers. Where the peer is proven to be
 * there already, both invitations go out at once, and again sooner.
 */
import { after, fromMillis, fromSeconds, type Instant, type Micros } from '../../../core/time.ts';

const INVITE_EVERY: Micros = fromSeconds(1);
export const INVITE_TIMES = 12;
const REFUSED_WAIT = fromSeconds(5);
/** Whatever urges it, invitations are this far apart. */
const HURRIED: Micros = fromMillis(200);
/** While a peer that is known to be there has not answered. */
const PROVEN_EVERY: Micros = fromMillis(250);
const PROVEN_TIMES = 4;
/** How often a dialer that may tire asks, by how long it has asked in vain. */
const TIRED: readonly { readonly until: Micros; readonly every: Micros }[] = [
  { until: fromSeconds(300), every: INVITE_EVERY },
  { until: fromSeconds(3_600), every: fromSeconds(5) },
  { until: Number.POSITIVE_INFINITY as Micros, every: fromSeconds(30) },
];

export type DialerState =
  | {
      readonly phase: 'control' | 'data';
      readonly token: number;
      readonly tries: number;
      /** When it began to ask in vain. */
      readonly since: Instant;
      /** Of the last invitation. */
      readonly askedAt: Instant;
      readonly due: Instant;
      readonly refused: boolean;
    }
  | { readonly phase: 'joined'; readonly token: number };

type Dialing = Exclude<DialerState, { phase: 'joined' }>;

export type DialerInput =
  | { readonly kind: 'time' }
  | { readonly kind: 'accepted'; readonly token: number; readonly channel: 'control' | 'data' }
  | { readonly kind: 'refused'; readonly token: number }
  /** Something speaks for it that the peer can be met now. */
  | { readonly kind: 'hurry' }
  /** The session is over, by a BY or by silence. */
  | { readonly kind: 'ended' };

export type DialerEffect =
  | { readonly kind: 'invite'; readonly channel: 'control' | 'data'; readonly token: number }
  | { readonly kind: 'join'; readonly token: number }
  | { readonly kind: 'gaveUp'; readonly because: 'refused' | 'silence' };

export interface DialerStep {
  readonly state: DialerState;
  readonly effects: readonly DialerEffect[];
}

export interface DialerManner {
  /** Asks more rarely the longer nobody answers. */
  readonly tires?: boolean;
  /** Something else has shown who is there, and that it hears us. */
  readonly proven?: boolean;
}

/** `token` is a fresh random one, used when an invitation begins anew. */
export function startDialer(now: Instant, token: number): DialerState {
  return {
    phase: 'control',
    token,
    tries: 0,
    since: now,
    askedAt: Number.NEGATIVE_INFINITY as Instant,
    due: now,
    refused: false,
  };
}

export function stepDialer(
  state: DialerState,
  input: DialerInput,
  now: Instant,
  token: number,
  manner: DialerManner = {},
): DialerStep {
  if (state.phase === 'joined') {
    if (input.kind === 'ended') return { state: startDialer(now, token), effects: [] };
    return input.kind === 'refused' && input.token === state.token
      ? refuse(now, now, token)
      : stay(state);
  }
  switch (input.kind) {
    case 'time':
      return now < state.due ? stay(state) : invite(state, now, token, manner);
    case 'accepted':
      if (input.token !== state.token) return stay(state);
      if (state.phase === 'control' && !(manner.proven && input.channel === 'data')) {
        const next: Dialing = { ...state, phase: 'data', refused: false };
        // It was invited there, too, and its other answer is under way.
        return manner.proven ? stay(next) : invite({ ...next, tries: 0 }, now, token, manner);
      }
      // The answer to the first invitation may come twice. One that still comes after a second is meant for this one.
      if (input.channel === 'control' && (state.tries < 2 || manner.proven)) return stay(state);
      return {
        state: { phase: 'joined', token: state.token },
        effects: [{ kind: 'join', token: state.token }],
      };
    case 'refused':
      return input.token === state.token ? refuse(state.since, now, token) : stay(state);
    case 'hurry': {
      const soonest = Math.max(now, after(state.askedAt, HURRIED));
      return stay({ ...state, since: now, due: Math.min(state.due, soonest) as Instant });
    }
    case 'ended':
      return stay(state);
  }
}

function invite(
  state: Dialing,
  now: Instant,
  token: number,
  { tires, proven }: DialerManner,
): DialerStep {
  const again = state.tries >= INVITE_TIMES;
  const current = again
    ? { ...state, phase: 'control' as const, token, tries: 0, refused: false }
    : state;
  const effects: DialerEffect[] = again ? [{ kind: 'gaveUp', because: 'silence' }] : [];
  effects.push({ kind: 'invite', channel: current.phase, token: current.token });
  if (proven && current.phase === 'control')
    effects.push({ kind: 'invite', channel: 'data', token: current.token });
  const soon = proven && !again && current.tries < PROVEN_TIMES ? PROVEN_EVERY : INVITE_EVERY;
  const wait = tires ? tired(now - state.since) : soon;
  return {
    state: { ...current, tries: current.tries + 1, askedAt: now, due: after(now, wait) },
    effects,
  };
}

/** By the peer, or by us once it had accepted: either way it is asked again later, not at once. */
function refuse(since: Instant, now: Instant, token: number): DialerStep {
  const due = after(now, REFUSED_WAIT);
  return {
    state: { phase: 'control', token, tries: 0, since, askedAt: now, due, refused: true },
    effects: [{ kind: 'gaveUp', because: 'refused' }],
  };
}

function tired(inVain: number): Micros {
  return TIRED.find(({ until }) => inVain < until)?.every ?? INVITE_EVERY;
}

function stay(state: DialerState): DialerStep {
  return { state, effects: [] };
}
