/**
 * What both sides of a greeting have in common: what they say, what they are told, and the words between them and the
 * link's state machine.
 */
import type { SessionId } from '../../core/ensemble.ts';
import type { LinkCredentials } from '../../privacy/credentials.ts';
import { boxIdOf } from '../../privacy/identity.ts';
import {
  checkMembership,
  type MembershipProof,
  vouchersOf,
} from '../../privacy/membership-proof.ts';
import { type Greeting, type Hello, NONCE_OCTETS } from './hello.ts';
import type { LinkMessage, Refusal } from './link-message.ts';
import type { Verdict } from './link-state.ts';
import { REFUSED } from './refusals.ts';

/** Checks what the far end shows, and says what to answer. Disposing it gives up codes and questions. */
export interface GreetingSide extends Disposable {
  /** Said first by the dialer, in answer by the acceptor. */
  readonly hello: LinkMessage;
  /** The far end, once it has said hello; proven when the link is open. */
  readonly peer: Greeting | undefined;
  /** `payload`: the message as it came; valid during the call. Never throws. */
  hear(message: LinkMessage, payload: Uint8Array): Verdict;
}

export interface GreetingParts {
  readonly credentials: LinkCredentials;
  /** What this box says of itself. */
  readonly hello: Hello;
  /** Undefined: the connection is not encrypted. */
  readonly binding: Uint8Array | undefined;
}

export function ownGreeting({ credentials, hello }: GreetingParts): LinkMessage & Greeting {
  const { identity, randomness } = credentials;
  return {
    kind: 'hello',
    hello,
    publicKey: identity.publicKey,
    nonce: randomness.bytes(NONCE_OCTETS),
  };
}

/** Why nothing is to be said on this connection at all. */
export function unfit({ credentials, binding }: GreetingParts): Refusal | undefined {
  return binding || credentials.security === 'open' ? undefined : REFUSED.notEncrypted();
}

/** Whether a hello can be true at all. Nothing of it is proven yet. */
export function implausible(own: GreetingParts, peer: Greeting): Refusal | undefined {
  const { box } = peer.hello;
  if (boxIdOf(peer.publicKey) !== box) return REFUSED.wrongId();
  if (box === own.credentials.identity.box) return REFUSED.sameBox();
  return undefined;
}

/** Hellos are compared by session on both sides: a member of another session is nobody here. */
export const otherSession = (own: Hello, theirs: SessionId): Refusal | undefined =>
  own.session === theirs ? undefined : REFUSED.session();

/**
 * Why a membership counts for nothing. A box that was put out goes on being able to sign grants, for keys that it makes
 * up: whoever it vouches for has to be known to the session already.
 */
export function unfounded(
  { credentials, hello }: GreetingParts,
  proof: MembershipProof,
  holder: Uint8Array,
): 'notProven' | 'vouchedByRemoved' | undefined {
  if (checkMembership(credentials.signatures, proof, hello.session, holder)) return 'notProven';
  const removed = vouchersOf(proof).some((voucher) => credentials.removed(voucher));
  return removed && !credentials.listed(boxIdOf(holder)) ? 'vouchedByRemoved' : undefined;
}

export const refuse = (refusal: Refusal): Verdict => ({ kind: 'refuse', refusal });
export const next = (...messages: readonly LinkMessage[]): Verdict => ({ kind: 'next', messages });
/** The state machine lets nothing through that was not due: this is what is left for the type checker. */
export const notDue = (): Verdict => refuse(REFUSED.intercepted());
