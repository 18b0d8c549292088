/**
 * The dialer's side of the greeting: it shows what it may come in by, and doesn't trust whoever lets it in.
 *
 * Takes  the acceptor's messages, one after the other as they are due; codes from the player.
 * Gives  what to send; `onEntered` when the player has entered a code, `onGivenUp` when nobody will.
 * Keeps  nothing that outlives the greeting. Admission and a new acquaintance are told to the credentials.
 */
import { after, elapsed, type Instant, type Micros } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';
import { type CpaceExchange, startCpace } from '../../privacy/cpace.ts';
import type { LinkEntry } from '../../privacy/credentials.ts';
import { equalOctets } from '../../privacy/equal-octets.ts';
import { invitationMac } from '../../privacy/invitation-secrets.ts';
import { granterOf, holderOf } from '../../privacy/membership-proof.ts';
import { codeInputs, NO_BINDING, proofHolds, signProof, transcriptOf } from './greeting-proof.ts';
import {
  type GreetingParts,
  type GreetingSide,
  implausible,
  next,
  notDue,
  otherSession,
  ownGreeting,
  refuse,
  unfounded,
} from './greeting-side.ts';
import type { Greeting } from './hello.ts';
import { encodeLinkMessage, type LinkMessage } from './link-message.ts';
import type { Verdict } from './link-state.ts';
import { REFUSED } from './refusals.ts';

/** Longer texts are no codes; they are cut, and wrong. */
const MAX_CODE = 32;

export function openDialerSide(
  deps: { readonly clock: Clock },
  parts: GreetingParts & {
    readonly entry: LinkEntry;
    readonly onEntered: (message: LinkMessage) => void;
    readonly onGivenUp: () => void;
  },
): GreetingSide {
  const { clock } = deps;
  const { credentials, entry } = parts;
  const { identity, signatures, known } = credentials;
  const secure = parts.binding !== undefined;
  const binding = parts.binding ?? NO_BINDING;
  const hello = ownGreeting(parts);
  const membership = credentials.membership();
  const asking = new AbortController();
  let peer: Greeting | undefined;
  let transcript = NO_BINDING;
  /** The code that is asked for now. */
  let code: { triesLeft: number; readonly expiresAt: Instant } | undefined;
  let tries = 0;
  let exchange: CpaceExchange | undefined;
  let confirmed = false;

  const meet = (acceptor: Greeting, payload: Uint8Array): Verdict => {
    const { box, session } = acceptor.hello;
    const refusal =
      implausible(parts, acceptor) ??
      (entry.expected !== undefined && entry.expected !== box ? REFUSED.keyChanged() : undefined) ??
      otherSession(parts.hello, session) ??
      (credentials.removed(box) ? REFUSED.removedPeer() : undefined);
    if (refusal) return refuse(refusal);
    peer = acceptor;
    transcript = transcriptOf(binding, encodeLinkMessage(hello), payload);
    return next({ kind: 'prove', signature: signProof(identity, 'dialer', transcript) });
  };

  const enter = (acceptor: Greeting, signature: Uint8Array): Verdict => {
    if (!proofHolds(signatures, acceptor.publicKey, 'acceptor', transcript, signature)) {
      return refuse(REFUSED.intercepted());
    }
    const { invitation, enterCode } = entry;
    return next({
      kind: 'enter',
      prompts: enterCode !== undefined,
      knowsYou: secure && known.isKnown(acceptor.hello.box),
      membership,
      invitation: invitation && invitationMac(invitation, 'guest', transcript),
    });
  };

  /** Asks the player. Whatever comes of it comes later. */
  const ask = (acceptor: Greeting, wrong: boolean): Verdict => {
    const { enterCode } = entry;
    if (!enterCode || !code) return refuse(REFUSED.codeNeeded());
    const { box, name } = acceptor.hello;
    const { triesLeft, expiresAt } = code;
    const expiresIn = elapsed(clock.now(), expiresAt);
    const nameKnown = known.isNameOfAnother(name, box);
    const question = { host: name, triesLeft, expiresIn, wrong, nameKnown };
    // In a promise from the start: whoever asks may fail at once.
    const answer = (async () => enterCode(question, asking.signal))();
    answer.then(
      (entered) => take(acceptor, entered),
      () => {
        if (!asking.signal.aborted) parts.onGivenUp();
      },
    );
    return { kind: 'code', messages: [], lifetime: Math.max(0, expiresIn) as Micros };
  };

  const take = (acceptor: Greeting, entered: string): void => {
    if (asking.signal.aborted) return;
    tries++;
    const text = entered.replace(/\s/g, '').slice(0, MAX_CODE);
    const inputs = codeInputs(text, tries, {
      binding,
      transcript,
      dialerKey: identity.publicKey,
      acceptorKey: acceptor.publicKey,
    });
    exchange = startCpace('initiator', inputs, credentials.randomness);
    parts.onEntered({ kind: 'try', share: exchange.share });
  };

  const confirm = (acceptor: Greeting, share: Uint8Array, tag: Uint8Array): Verdict => {
    const keys = exchange?.derive(share);
    exchange = undefined;
    if (keys?.confirms(tag)) {
      confirmed = true;
      return next({ kind: 'confirm', tag: keys.tag });
    }
    if (!code || code.triesLeft <= 1) return refuse(REFUSED.codeWrong());
    code.triesLeft--;
    return ask(acceptor, true);
  };

  const welcome = (
    acceptor: Greeting,
    message: Extract<LinkMessage, { kind: 'welcome' }>,
  ): Verdict => {
    const proof = message.membership;
    // Either this box is let in, or it was a member already and is shown that the acceptor is one, too.
    const granted = equalOctets(holderOf(proof), identity.publicKey);
    if (!granted && !membership) return refuse(REFUSED.notMember());
    const fault = unfounded(parts, proof, granted ? identity.publicKey : acceptor.publicKey);
    if (fault === 'notProven') return refuse(REFUSED.notMember());
    if (!granted) return fault ? refuse(REFUSED.removedPeer()) : { kind: 'open', messages: [] };

    const granter = granterOf(proof);
    if (!granter || !equalOctets(granter, acceptor.publicKey)) return refuse(REFUSED.notMember());
    const met = secure && (confirmed || provesInvitation(message.invitation));
    // Open links are for diagnosis: whoever answers is taken for who it says it is.
    if (secure && !met && !known.isKnown(acceptor.hello.box)) return refuse(REFUSED.notTrusted());
    if (met) known.meet(acceptor.publicKey, acceptor.hello.name);
    credentials.onAdmitted(proof, acceptor.hello.box);
    return { kind: 'open', messages: [] };
  };

  const provesInvitation = (mac: Uint8Array | undefined): boolean =>
    entry.invitation !== undefined &&
    mac !== undefined &&
    equalOctets(invitationMac(entry.invitation, 'host', transcript), mac);

  return {
    hello,
    get peer() {
      return peer;
    },
    hear(message, payload) {
      if (message.kind === 'hello') return meet(message, payload);
      if (!peer) return notDue();
      switch (message.kind) {
        case 'prove':
          return enter(peer, message.signature);
        case 'code':
          // On open links nobody is asked for anything.
          if (!secure) return refuse(REFUSED.notTrusted());
          code = {
            triesLeft: message.triesLeft,
            expiresAt: after(clock.now(), message.lifetime),
          };
          return ask(peer, false);
        case 'answer':
          return confirm(peer, message.share, message.tag);
        case 'welcome':
          return welcome(peer, message);
        default:
          return notDue();
      }
    },
    [Symbol.dispose]() {
      asking.abort();
    },
  };
}
