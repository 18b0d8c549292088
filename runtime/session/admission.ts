/**
 * Whom this box lets in, and by what it is let in itself.
 *
 * Takes  Storage, where known boxes and invitations lie.
 * Gives  the credentials of each session's links, the code to be shown, the boxes that are known.
 * Keeps  codes, known boxes and invitations, which outlive a session.
 */
import type { BoxId, SessionId } from '../core/ensemble.ts';
import { Teardown } from '../core/lifecycle.ts';
import type { LinkCredentials, LinkSecurity } from '../privacy/credentials.ts';
import { type InvitationSecrets, openInvitationSecrets } from '../privacy/invitation-secrets.ts';
import { type KnownBoxes, openKnownBoxes } from '../privacy/known-boxes.ts';
import type { MembershipProof } from '../privacy/membership-proof.ts';
import { openPairingCodes, type PairingCodes } from '../privacy/pairing-codes.ts';
import type { SessionDeps } from './session.ts';

export interface Admission extends AsyncDisposable {
  readonly codes: PairingCodes;
  readonly known: KnownBoxes;
  readonly invitations: InvitationSecrets;
  credentials(session: AdmissionFacts): LinkCredentials;
}

/** What is asked of the session while it is open. */
export interface AdmissionFacts {
  readonly session: SessionId;
  proof: MembershipProof | undefined;
  hosting(): boolean;
  removed(box: BoxId): boolean;
  /** Whether that box has an entry among the participants, which outlives its presence. */
  listed(box: BoxId): boolean;
  /** It was let in by another proof than it had. */
  onProof(proof: MembershipProof): void;
}

/** Rejects with PortError when storage can't be read. */
export async function openAdmission(
  deps: SessionDeps,
  init: { readonly security: LinkSecurity },
): Promise<Admission> {
  const { clock, wallClock, storage, randomness, log, identity, signatures } = deps;
  const held = new Teardown();
  const known = held.hold(await openKnownBoxes({ storage, wallClock, log }));
  const invitations = await openInvitationSecrets({ storage, wallClock, log });
  const codes = held.hold(openPairingCodes({ clock, randomness }));
  return {
    codes,
    known,
    invitations,
    credentials: (facts) => ({
      identity,
      signatures,
      randomness,
      wallClock,
      security: init.security,
      known,
      membership: () => facts.proof,
      removed: (box) => facts.removed(box),
      listed: (box) => facts.listed(box),
      admissionMeans: () => (facts.hosting() ? { codes, invitations } : undefined),
      onAdmitted(proof) {
        facts.proof = proof;
        facts.onProof(proof);
      },
    }),
    [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
  };
}
