/**
 * The acceptor's side of the greeting: who is let in. FORMAT.md, "who is let in" and "the code".
 *
 * Takes  the dialer's messages, one after the other as they are due, and what the mesh thinks of it.
 * Gives  what to send; `onWithdrawn` when the code that is shown is taken back.
 * Keeps  the code that was issued for this dialer, until the greeting is over.
 */

import { type CpaceKeys, startCpace } from '../../privacy/cpace.ts';
import { invitationMac } from '../../privacy/invitation-secrets.ts';
import { grantMembership, type MembershipProof } from '../../privacy/membership-proof.ts';
import type { IssuedCode, NoCode, PairingCodes } from '../../privacy/pairing-codes.ts';
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
import type { Greeting, Hello } from './hello.ts';
import { encodeLinkMessage, type LinkMessage, type Refusal } from './link-message.ts';
import type { Verdict } from './link-state.ts';
import { REFUSED } from './refusals.ts';

type Enter = Extract<LinkMessage, { kind: 'enter' }>;

export function openAcceptorSide(
  parts: GreetingParts & {
    /** The mesh's word on a box that has proven its key. Undefined: it may come in, as far as the mesh is concerned. */
    readonly judge: (peer: Hello) => Refusal | undefined;
    readonly onWithdrawn: (refusal: Refusal) => void;
  },
): GreetingSide {
  const { credentials } = parts;
  const { identity, signatures, known } = credentials;
  const secure = parts.binding !== undefined;
  const binding = parts.binding ?? NO_BINDING;
  const hello = ownGreeting(parts);
  let peer: Greeting | undefined;
  let transcript = NO_BINDING;
  let issued: IssuedCode | undefined;
  let tries = 0;
  let keys: CpaceKeys | undefined;

  const meet = (dialer: Greeting, payload: Uint8Array): Verdict => {
    const refusal = implausible(parts, dialer) ?? otherSession(parts.hello, dialer.hello.session);
    if (refusal) return refuse(refusal);
    peer = dialer;
    transcript = transcriptOf(binding, payload, encodeLinkMessage(hello));
    return next(hello, { kind: 'prove', signature: signProof(identity, 'acceptor', transcript) });
  };

  const admit = (dialer: Greeting, shown: Enter): Verdict => {
    const { box } = dialer.hello;
    const refusal =
      (credentials.removed(box) ? REFUSED.removed() : undefined) ?? parts.judge(dialer.hello);
    if (refusal) return refuse(refusal);
    const own = credentials.membership();
    // In no position to let anybody in: it waits to be let in itself.
    if (!own) return refuse(REFUSED.askHost());
    if (shown.membership) {
      const fault = unfounded(parts, shown.membership, dialer.publicKey);
      if (fault === 'notProven') return refuse(REFUSED.notMember());
      if (!fault) return open(own);
    }
    if (!secure) return grant(dialer, own);
    return admitStranger(dialer, own, shown);
  };

  const admitStranger = (dialer: Greeting, own: MembershipProof, shown: Enter): Verdict => {
    const { box, session } = dialer.hello;
    const admissionMeans = credentials.admissionMeans();
    if (!admissionMeans) return refuse(REFUSED.askHost());
    const { invitation } = shown;
    const secret =
      invitation && admissionMeans.invitations.find(session, transcript, 'guest', invitation);
    if (secret) {
      known.meet(dialer.publicKey, dialer.hello.name);
      return grant(dialer, own, invitationMac(secret, 'host', transcript));
    }
    if (known.isKnown(box) && shown.knowsYou) {
      known.meet(dialer.publicKey, dialer.hello.name);
      return grant(dialer, own);
    }
    return shown.prompts ? issue(dialer, admissionMeans.codes) : refuse(REFUSED.codeNeeded());
  };

  const issue = (dialer: Greeting, codes: PairingCodes): Verdict => {
    const { box, name } = dialer.hello;
    const guest = { box, name, nameKnown: known.isNameOfAnother(name, box) };
    const given = codes.issue(guest, (why) => {
      issued = undefined;
      parts.onWithdrawn(why === 'expired' ? REFUSED.codeExpired() : REFUSED.declined());
    });
    if ('reason' in given) return refuse(noCode(given));
    issued = given;
    const { triesLeft, expiresIn } = given;
    const message: LinkMessage = { kind: 'code', triesLeft, lifetime: expiresIn };
    return { kind: 'code', messages: [message], lifetime: expiresIn };
  };

  const answer = (dialer: Greeting, share: Uint8Array): Verdict => {
    keys = undefined;
    const code = issued?.takeTry();
    if (code === undefined) return refuse(REFUSED.codeWrong());
    tries++;
    const inputs = codeInputs(code, tries, {
      binding,
      transcript,
      dialerKey: dialer.publicKey,
      acceptorKey: identity.publicKey,
    });
    const exchange = startCpace('responder', inputs, credentials.randomness);
    keys = exchange.derive(share);
    // No honest dialer sends such a share; the try is spent.
    if (!keys) return refuse(REFUSED.codeWrong());
    return next({ kind: 'answer', share: exchange.share, tag: keys.tag });
  };

  const confirm = (dialer: Greeting, tag: Uint8Array): Verdict => {
    const right = keys?.confirms(tag) === true;
    keys = undefined;
    if (!right || !issued) return refuse(REFUSED.codeWrong());
    issued.succeed();
    issued = undefined;
    known.meet(dialer.publicKey, dialer.hello.name);
    const own = credentials.membership();
    return own ? grant(dialer, own) : refuse(REFUSED.askHost());
  };

  const grant = (dialer: Greeting, own: MembershipProof, invitation?: Uint8Array): Verdict => {
    const at = credentials.wallClock.wallNow();
    const proof = grantMembership(identity, own, dialer.publicKey, at);
    return proof ? open(proof, invitation) : refuse(REFUSED.chainFull());
  };

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
          return proofHolds(signatures, peer.publicKey, 'dialer', transcript, message.signature)
            ? next()
            : refuse(REFUSED.intercepted());
        case 'enter':
          return admit(peer, message);
        case 'try':
          return answer(peer, message.share);
        case 'confirm':
          return confirm(peer, message.tag);
        default:
          return notDue();
      }
    },
    [Symbol.dispose]() {
      issued?.[Symbol.dispose]();
      issued = undefined;
    },
  };
}

const open = (membership: MembershipProof, invitation?: Uint8Array): Verdict => ({
  kind: 'open',
  messages: [{ kind: 'welcome', membership, invitation }],
});

function noCode({ reason, wait }: NoCode): Refusal {
  switch (reason) {
    case 'busy':
      return REFUSED.busy(wait);
    case 'locked':
      return REFUSED.codeLocked(wait);
    case 'declined':
      return REFUSED.declined(wait);
  }
}
