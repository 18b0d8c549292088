/**
 * What the panel shows of getting into a session: codes asked and shown, failures, invitations, boxes that are known.
 */
import type { BoxId } from '../core/ensemble.ts';
import type { JoinFailureReason } from '../core/join-failure.ts';
import type { Instant } from '../core/time.ts';

/** The host asks for the code that its display shows. A new object is a new question: the digits begin again. */
export interface PanelCodeAsked {
  readonly host: string;
  readonly triesLeft: number;
  readonly expiresAt: Instant;
  /** The code before this one was wrong. */
  readonly wrong: boolean;
  /** Another box of that name is known under another key. */
  readonly nameKnown: boolean;
}

/** The code that this box shows, as host, to whoever stands before it. */
export interface PanelCodeShown {
  /** Six digits. */
  readonly code: string;
  readonly guest: string;
  readonly expiresAt: Instant;
  readonly triesLeft: number;
}

/** A wish that failed, with a screen of its own. A new object is a new failure. */
export interface PanelFailure {
  readonly reason: JoinFailureReason;
  /** The session that was wanted. */
  readonly name: string;
  /** The box or server that it is about; empty when that is not known. */
  readonly who: string;
  /** Before it, another try is refused. */
  readonly retryAt: Instant | undefined;
}

export interface PanelKnownBox {
  readonly box: BoxId;
  readonly name: string;
}

/** Its two forms say the same. */
export interface PanelInvitation {
  readonly link: string;
  /** For telephones. */
  readonly webLink: string;
}

/** What the box knows of the networks it is on. */
export interface PanelNetwork {
  /** Its own; empty: it is on no network. Undefined: nobody looks. */
  readonly addresses: readonly string[] | undefined;
  /** What is between it and the internet: a line, and a sentence about what that means. Undefined: not known. */
  readonly verdict: { readonly short: string; readonly sentence: string } | undefined;
  readonly server: {
    /** Empty: none is set. */
    readonly address: string;
    readonly state: 'off' | 'connecting' | 'online' | 'offline';
    /** Why it is offline. */
    readonly problem: string;
  };
  /** What new links are made as. */
  readonly security: 'encrypted' | 'open';
}
