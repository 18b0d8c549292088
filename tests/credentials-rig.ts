/** Boxes with keys, for tests of links: what each of them comes in by and lets others in by. */
import type { BoxId, SessionId } from '../runtime/core/ensemble.ts';
import { silentLog } from '../runtime/core/log.ts';
import { openNodeSignatures } from '../runtime/platform/node-signatures.ts';
import type { Clock, WallClock } from '../runtime/ports/clock.ts';
import type { LinkCredentials, LinkSecurity } from '../runtime/privacy/credentials.ts';
import { type Identity, identityFrom } from '../runtime/privacy/identity.ts';
import {
  type InvitationSecrets,
  openInvitationSecrets,
} from '../runtime/privacy/invitation-secrets.ts';
import { type KnownBoxes, openKnownBoxes } from '../runtime/privacy/known-boxes.ts';
import {
  grantMembership,
  type MembershipProof,
  newSession,
} from '../runtime/privacy/membership-proof.ts';
import { openPairingCodes, type PairingCodes } from '../runtime/privacy/pairing-codes.ts';
import { openMemoryStorage } from '../sim/memory-storage.ts';
import { seededRandomness } from '../sim/seeded-randomness.ts';

/** Shared by all tests: OpenSSL has no state of its own. */
export const signatures = openNodeSignatures();

/** The box that a name always gives. */
export const identityOf = (name: string): Identity =>
  identityFrom(signatures, seededRandomness(`identity of ${name}`).bytes(32));

export interface TestBox extends LinkCredentials {
  readonly name: string;
  readonly codes: PairingCodes;
  readonly invitations: InvitationSecrets;
  readonly known: KnownBoxes;
  readonly removals: Set<BoxId>;
  readonly listing: Set<BoxId>;
  /** By whom it was let in. */
  readonly admittedBy: BoxId[];
  proof: MembershipProof | undefined;
  hosting: boolean;
  security: LinkSecurity;
}

export async function openTestBox(
  deps: { readonly clock: Clock & WallClock },
  name: string,
  init: { readonly security?: LinkSecurity } = {},
): Promise<TestBox> {
  const { clock } = deps;
  const randomness = seededRandomness(`randomness of ${name}`);
  const stored = { storage: openMemoryStorage(), wallClock: clock, log: silentLog };
  const codes = openPairingCodes({ clock, randomness });
  const invitations = await openInvitationSecrets(stored);
  const box: TestBox = {
    name,
    identity: identityOf(name),
    signatures,
    randomness,
    wallClock: clock,
    security: init.security ?? 'encrypted',
    known: await openKnownBoxes(stored),
    codes,
    invitations,
    removals: new Set(),
    listing: new Set(),
    admittedBy: [],
    proof: undefined,
    hosting: false,
    membership: () => box.proof,
    removed: (id) => box.removals.has(id),
    listed: (id) => box.listing.has(id),
    admissionMeans: () => (box.hosting ? { codes, invitations } : undefined),
    onAdmitted(proof, by) {
      box.proof = proof;
      box.admittedBy.push(by);
    },
  };
  return box;
}

/** That box makes a session and hosts it. */
export function makeSession(box: TestBox): SessionId {
  const { session, proof } = newSession(box.identity, box.randomness);
  box.proof = proof;
  box.hosting = true;
  return session;
}

/** As if `guest` had been let in by `host` before. */
export function letIn(host: TestBox, guest: TestBox): void {
  if (!host.proof) throw new Error(`${host.name} is in no session`);
  const at = host.wallClock.wallNow();
  guest.proof = grantMembership(host.identity, host.proof, guest.identity.publicKey, at);
}
