/**
 * The initiator's side of an AppleMIDI invitation: a pure state machine.
 *
 * Takes  (state, input): the time, answers, and word that the session ended.
 * Gives  the next state and what to do: send an invitation, or take a peer in.
 *
 * IN on the control port, then on the data port, each once a second, twelve times; then over again with a new token,
 * for as long as the connection is wanted. A refusal is asked again more rarely. So a peer that comes back is met
 * within a second.
 */
import { after, fromSeconds, type Instant, type Micros } from '../../../core/time.ts';

const INVITE_EVERY: Micros = fromSeconds(1);
export const INVITE_TIMES = 12;
const REFUSED_WAIT = fromSeconds(5);

export type DialerState =
  | {
      readonly phase: 'control' | 'data';
      readonly token: number;
      readonly tries: number;
      readonly due: Instant;
      readonly refused: boolean;
    }
  | { readonly phase: 'joined'; readonly token: number };

export type DialerInput =
  | { readonly kind: 'time' }
  | { readonly kind: 'accepted'; readonly token: number; readonly channel: 'control' | 'data' }
  | { readonly kind: 'refused'; readonly token: number }
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

/** `token` is a fresh random one, used when an invitation begins anew. */
export function startDialer(now: Instant, token: number): DialerState {
  return { phase: 'control', token, tries: 0, due: now, refused: false };
}

export function stepDialer(
  state: DialerState,
  input: DialerInput,
  now: Instant,
  token: number,
): DialerStep {
  if (state.phase === 'joined') {
    if (input.kind === 'ended') return { state: startDialer(now, token), effects: [] };
    return input.kind === 'refused' && input.token === state.token
      ? refuse(now, token)
      : stay(state);
  }
  switch (input.kind) {
    case 'time':
      return now < state.due ? stay(state) : invite(state, now, token);
    case 'accepted':
      if (input.token !== state.token) return stay(state);
      if (state.phase === 'data') {
        // The OK of the control port, which the network sent twice, must not pass for that of the data port. A peer
        // that answers at the wrong port does so again.
        if (input.channel === 'control' && state.tries < 2) return stay(state);
        return {
          state: { phase: 'joined', token: state.token },
          effects: [{ kind: 'join', token: state.token }],
        };
      }
      return invite({ ...state, phase: 'data', tries: 0, refused: false }, now, token);
    case 'refused':
      if (input.token !== state.token) return stay(state);
      return refuse(now, token);
    case 'ended':
      return stay(state);
  }
}

function invite(
  state: Exclude<DialerState, { phase: 'joined' }>,
  now: Instant,
  token: number,
): DialerStep {
  const again = state.tries >= INVITE_TIMES;
  const current = again
    ? { ...state, phase: 'control' as const, token, tries: 0, refused: false }
    : state;
  const effects: DialerEffect[] = again ? [{ kind: 'gaveUp', because: 'silence' }] : [];
  effects.push({ kind: 'invite', channel: current.phase, token: current.token });
  return {
    state: { ...current, tries: current.tries + 1, due: after(now, INVITE_EVERY) },
    effects,
  };
}

/** By the peer, or by us once it had accepted: either way it is asked again later, not at once. */
function refuse(now: Instant, token: number): DialerStep {
  return {
    state: { phase: 'control', token, tries: 0, due: after(now, REFUSED_WAIT), refused: true },
    effects: [{ kind: 'gaveUp', because: 'refused' }],
  };
}

function stay(state: DialerState): DialerStep {
  return { state, effects: [] };
}
