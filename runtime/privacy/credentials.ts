/**
 * What a box shows at the start of a link, and by what it lets others in: the words between the link and whoever keeps
 * keys, codes and lists.
 */
import type { BoxId } from '../core/ensemble.ts';
import type { Micros } from '../core/time.ts';
import type { WallClock } from '../ports/clock.ts';
import type { Randomness } from '../ports/randomness.ts';
import type { Signatures } from '../ports/signatures.ts';
import type { Identity } from './identity.ts';
import type { InvitationSecrets } from './invitation-secrets.ts';
import type { KnownBoxes } from './known-boxes.ts';
import type { MembershipProof } from './membership-proof.ts';
import type { PairingCodes } from './pairing-codes.ts';

/** `open`: for diagnosis on the local network; links are not encrypted, and whoever finds the session gets in. */
export type LinkSecurity = 'encrypted' | 'open';

/** What goes for all links of a session. */
export interface LinkCredentials {
  readonly identity: Identity;
  readonly signatures: Signatures;
  readonly randomness: Randomness;
  readonly wallClock: WallClock;
  readonly security: LinkSecurity;
  readonly known: KnownBoxes;
  /** This box's own. Undefined: it was not let in yet. */
  membership(): MembershipProof | undefined;
  /** Whether the host has put that box out of the session. */
  removed(box: BoxId): boolean;
  /** Whether that box is listed in the session: others have seen it there, not only whoever let it in. */
  listed(box: BoxId): boolean;
  /** By what strangers are let in. Undefined: this box does not host the session, and lets no strangers in. */
  admissionMeans(): AdmissionMeans | undefined;
  /** This box was let in; from now on `membership` is to give that proof. */
  onAdmitted(proof: MembershipProof, by: BoxId): void;
}

export interface AdmissionMeans {
  readonly codes: PairingCodes;
  readonly invitations: InvitationSecrets;
}

/** What goes for one dialing of a session that this box has no proof for. */
export interface LinkEntry {
  /** Undefined: nobody is there to enter a code, and none is asked for. */
  readonly enterCode?: CodePrompt;
  /** 16 octets, of an invitation's link. */
  readonly invitation?: Uint8Array;
  /** Whoever answers has to be that box. */
  readonly expected?: BoxId;
}

/** What to show while a code is asked for. */
export interface CodeQuestion {
  /** Name of the box that shows the code. */
  readonly host: string;
  readonly triesLeft: number;
  readonly expiresIn: Micros;
  /** The code given before was wrong. */
  readonly wrong: boolean;
  /** Another box of that name is known under another key: this may be an impostor. */
  readonly nameKnown: boolean;
}

/** Asks the player for the code that the host shows. Rejects with the signal's reason when nobody needs it any more. */
export type CodePrompt = (asked: CodeQuestion, signal: AbortSignal) => Promise<string>;
