/**
 * The session that this box is in, as the session manager sees it: what it takes, what it gives, what it can be asked for.
 * Opened in open-active-session.ts.
 */
import type { ControlPlane } from '../control/control-plane.ts';
import type { BoxId, EnsembleContext, LinkStats, SessionId } from '../core/ensemble.ts';
import type { Log } from '../core/log.ts';
import type { Micros } from '../core/time.ts';
import type { Clock, WallClock } from '../ports/clock.ts';
import type { NetAddress } from '../ports/datagram-network.ts';
import type { NetworkWatch } from '../ports/network-watch.ts';
import type { Randomness } from '../ports/randomness.ts';
import type { LinkCredentials, LinkEntry } from '../privacy/credentials.ts';
import type { MembershipProof } from '../privacy/membership-proof.ts';
import type { TimeWish } from '../timeline/time-wish.ts';
import type { LinkCounters } from '../transport/link/link-counters.ts';
import type { PeerNetwork } from '../transport/link/peer-network.ts';
import type { ControlPatch, ControlState } from './control-document.ts';
import type { DocumentsDeps, StoredDocuments } from './documents.ts';
import type { FoundMember } from './found-sessions.ts';
import type { ParticipantEntry } from './participants-document.ts';
import type { Presence } from './presence.ts';
import type { ParticipantLink, RtpFacts, SessionClock } from './session.ts';
import type { Reference } from './time-keeping.ts';

export interface ActiveSessionDeps extends DocumentsDeps {
  readonly clock: Clock;
  readonly wallClock: WallClock;
  readonly peers: PeerNetwork;
  readonly controlPlane?: ControlPlane | undefined;
  readonly watch?: NetworkWatch | undefined;
  readonly randomness: Randomness;
  readonly log: Log;
  readonly ensembleClock: SessionClock;
  readonly counters: LinkCounters;
}

export interface ActiveSessionInit {
  readonly session: SessionId;
  /** The name it goes by until its documents tell. */
  readonly name: string;
  readonly box: BoxId;
  readonly boot: number;
  readonly self: SelfEntry;
  readonly rtp: RtpFacts;
  readonly linkPort: number;
  readonly host?: string;
  readonly onParticipant: (link: ParticipantLink, state: 'linked' | 'unlinked') => void;
  readonly onReference: (box: BoxId | 'self', shift: Micros) => void;
  readonly onRoutes: (routes: ReadonlyMap<BoxId, readonly BoxId[]>) => void;
  readonly onContext: (context: EnsembleContext) => void;
  /** A link was cut off since somebody broke a rule, in words. */
  readonly onCut: (text: string) => void;
  /** The host has put this box out. */
  readonly onRemoved: () => void;
  /** By what this box comes in, and lets others in. */
  readonly credentials: LinkCredentials;
  /** What was stored of the documents when this box was in the session last. */
  readonly stored?: StoredDocuments | undefined;
  /** Boxes that are linked each with each. Default: as was measured. */
  readonly meshLimit?: number | undefined;
  /** Boxes that play at once. Default: as was measured. */
  readonly sizeLimit?: number | undefined;
}

/** What a box says of itself besides what follows from the session. */
export type SelfEntry = Pick<
  ParticipantEntry,
  'name' | 'instrument' | 'role' | 'roleByHand' | 'carryOn'
>;

export interface ActiveSession extends AsyncDisposable {
  readonly box: BoxId;
  readonly session: SessionId;
  /** Undefined until it was entered. */
  readonly context: EnsembleContext | undefined;
  readonly reference: Reference | undefined;
  readonly presence: Presence;
  readonly linkPort: number;
  readonly links: number;
  /** Addresses at which members answered. */
  readonly members: readonly NetAddress[];
  /** Resolves once the documents of whoever answers first are here. Rejects with PortError, or the signal's reason. */
  reach(places: readonly NetAddress[], signal: AbortSignal, entry?: LinkEntry): Promise<void>;
  /** Takes part from now on. `made`: this box makes the session, under that name. */
  enter(made?: { readonly name: string; readonly proof: MembershipProof }): void;
  setSelf(self: SelfEntry): void;
  /** False when the session is locked and this box doesn't host it. */
  control(patch: ControlPatch): boolean;
  /** The same of timeline and song. */
  setTime(wish: TimeWish): boolean;
  readonly controlState: ControlState;
  /** Whether that box has an entry among the participants, present or not. */
  lists(box: BoxId): boolean;
  readonly hosting: boolean;
  /** It hosts by right, not for another one that is away. */
  readonly hostingByRight: boolean;
  /** To be stored. */
  encode(): StoredDocuments;
  /** What is to be stored has changed. */
  onLasting(listener: () => void): Disposable;
  reportStats(peer: BoxId, stats: LinkStats): void;
  /** Members that announce themselves on the local network; this box's own announcement among them. */
  setFound(members: readonly FoundMember[]): void;
  /** Tells the others that this box leaves. */
  sayGoodbye(): void;
}
