/**
 * The words of the session room: what it takes, gives and can be asked for. Opened in session-manager.ts.
 */

import type { ControlPlane, Invitation } from '../control/control-plane.ts';
import type {
  BoxId,
  EnsembleContext,
  JamMode,
  LinkStats,
  Role,
  SessionId,
  Song,
  Timeline,
} from '../core/ensemble.ts';
import type { Log } from '../core/log.ts';
import type { EnsembleTime, Instant, Micros, WallTime } from '../core/time.ts';
import type { Clock, WallClock } from '../ports/clock.ts';
import type { NetAddress } from '../ports/datagram-network.ts';
import type { Discovery } from '../ports/discovery.ts';
import type { NetworkWatch } from '../ports/network-watch.ts';
import type { PacketLane, Route } from '../ports/peer-connection.ts';
import type { Randomness } from '../ports/randomness.ts';
import type { Signatures } from '../ports/signatures.ts';
import type { Storage } from '../ports/storage.ts';
import type { LinkSecurity } from '../privacy/credentials.ts';
import type { Identity } from '../privacy/identity.ts';
import type { Hello } from '../transport/link/hello.ts';
import type { PeerNetwork } from '../transport/link/peer-network.ts';
import type { PresenceState } from './presence.ts';

export interface SessionDeps {
  readonly clock: Clock;
  readonly wallClock: WallClock;
  readonly peers: PeerNetwork;
  readonly discovery: Discovery;
  readonly storage: Storage;
  readonly randomness: Randomness;
  readonly log: Log;
  readonly ensembleClock: SessionClock;
  readonly identity: Identity;
  readonly signatures: Signatures;
  /** Undefined: there is none, and nobody is reached but on the local network. */
  readonly controlPlane?: ControlPlane | undefined;
  /** Undefined: the network never changes. */
  readonly watch?: NetworkWatch | undefined;
}

/** What the session needs of the ensemble clock, to carry its time on when the reference goes away. */
export interface SessionClock {
  toEnsemble(local: Instant): EnsembleTime;
  readonly synced: boolean;
}

/** The RTP-MIDI end point of this box. */
export interface RtpFacts {
  readonly port: number;
  readonly ssrc: number;
  /** The clock that peers see of this box, less its own: the session's reference is the clock that they see. */
  readonly clockOffset: Micros;
}

export interface SessionInit {
  readonly name: string;
  readonly instrument: string;
  /** Others may carry on this player's part for a while when the link is gone. Default: no. */
  readonly carryOn?: boolean;
  readonly rtp: RtpFacts;
  /** 0: any free one. */
  readonly linkPort: number;
  /** Default: links are encrypted. */
  readonly security?: LinkSecurity | undefined;
  /** Boxes that are linked each with each. Default: as was measured. */
  readonly meshLimit?: number | undefined;
  /** Boxes that play at once. Default: as was measured. */
  readonly sizeLimit?: number | undefined;
  /** Address to listen on; undefined: all interfaces. */
  readonly host?: string;
}

export interface JoinTarget {
  /** Hosts, those most likely to answer first; `host:port` or `[host]:port` where the port is another than `port`. */
  readonly addresses: readonly string[];
  readonly port: number;
  readonly session: SessionId;
  readonly name: string;
  /** Where its host takes links: it alone lets boxes in that nobody knows. Empty, or left out: not known. */
  readonly hostAddresses?: readonly string[];
  /** Whoever answers there has to be that box. */
  readonly expected?: BoxId | undefined;
}

/** A session that members announce on the local network. It is a JoinTarget, too. */
export interface FoundSession extends JoinTarget {
  readonly tempo: number;
  readonly participants: number;
  /** Name of the box that hosts it, or of another member while the host doesn't announce. */
  readonly host: string;
  /** Whose name that is; the id is the fingerprint of its key. */
  readonly hostBox: BoxId;
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

/** The code that this box, as host, is to show: someone unknown wants in. */
export interface ShownCode {
  /** Six digits. */
  readonly code: string;
  /** What the box that wants in calls itself; nothing of it is proven. */
  readonly guest: string;
  readonly expiresAt: Instant;
  readonly triesLeft: number;
}

/** A box whose key this one has pinned. */
export interface KnownBox {
  readonly box: BoxId;
  readonly name: string;
  readonly metAt: WallTime;
}

/** Something a player should read: what was not done and why, or what another box did to this one. */
export interface SessionNotice {
  readonly kind: /** Only the host may do that. */
    | 'notHost'
    /** The host has locked the session. */
    | 'locked'
    /** The host has put this box out of the session. */
    | 'removed'
    /** The host has muted this box, or has let it be heard again. */
    | 'muted'
    | 'unmuted'
    /** This box hosts now: it was handed the session, or took over. */
    | 'hosting'
    /** Another box was cut off, since it broke a rule. */
    | 'cut';
  /** A sentence that says what to do. */
  readonly text: string;
}

/** The end of a link that those who play over it see. */
export interface ParticipantLink {
  readonly peer: Pick<Hello, 'box' | 'name' | 'rtpPort' | 'ssrc' | 'linkPort' | 'boot'>;
  readonly remote: NetAddress;
  /** This box dialed it. */
  readonly dialer: boolean;
  /** Encrypted, and the far end is who it says it is. */
  readonly secure: boolean;
  /** Where RTP-MIDI goes; undefined: over plain UDP, or, if secure, passed on by another box: there is no link. */
  readonly packets: PacketLane | undefined;
  readonly route: Route | undefined;
  onClosed(listener: () => void): Disposable;
  /** Ends it since the far end broke a rule; it is told which. */
  cut(reason: string): void;
}

interface SelfPatch {
  readonly name?: string;
  readonly instrument?: string;
  /** Set by hand; null takes it back, so that it may be detected. */
  readonly role?: Role | null;
  /** Others may carry on this player's part for a while when the link is gone. */
  readonly carryOn?: boolean;
}

export interface SessionStats {
  /** Links up. */
  readonly links: number;
  readonly framesIn: number;
  readonly framesOut: number;
  readonly octetsIn: number;
  readonly octetsOut: number;
  /** Links refused to others (wrong session, version, full). */
  readonly refused: number;
  /** Peers that were cut off, by reason. */
  readonly cut: Readonly<Record<string, number>>;
}

export interface SessionManager extends AsyncDisposable {
  /** Undefined: in no session. */
  readonly context: EnsembleContext | undefined;
  onContext(listener: (context: EnsembleContext | undefined) => void): Disposable;
  /** Makes a session, hosts and announces it. Leaves the present one first. Rejects with PortError. */
  create(name: string): Promise<void>;
  /**
   * Resolves once the session's documents are here. Rejects with PortError, whose message is for people, or with the
   * signal's reason; then the box is in no session. `enterCode` is asked when the host doesn't know this box; without
   * it such a join is rejected with 'denied'.
   */
  join(target: JoinTarget, signal: AbortSignal, enterCode?: CodePrompt): Promise<void>;
  /** Says goodbye, then lets go. Harmless when in no session. */
  leave(): Promise<void>;
  /**
   * Back to the last session: joins it where it is found, else opens it again under its own identity, and those who
   * return find this box there. Rejects with PortError 'unavailable' when none is remembered.
   */
  rejoinLast(signal: AbortSignal, enterCode?: CodePrompt): Promise<void>;
  readonly last: { readonly name: string; readonly session: SessionId } | undefined;

  setMode(mode: JamMode): void;
  /** Quarter notes a minute, 20 to 400, from the next beat on that all can hear of in time. */
  setTempo(bpm: number): void;
  /** Beats in a bar, 1 to 32, from the next bar line on. */
  setMetre(beatsPerBar: number): void;
  /** The song plays from its top with a bar line, after `countInBars` of them; it ends with a bar. */
  setPlaying(playing: boolean, how?: { readonly countInBars?: number }): void;
  /** For who leads the time (an instrument's clock): timeline and song as it has them. */
  leadTime(timeline: Timeline, song?: Song): void;
  setSelf(patch: SelfPatch): void;
  rename(name: string): void;
  /** For the host only: while locked, mode, tempo, metre, name and playing are the host's to change. */
  setLocked(locked: boolean): void;
  /** For the host only: everybody drops that participant's notes. */
  mute(box: BoxId, muted: boolean): void;
  /** For the host only: everybody ends its links to that box, and lets it in no more. */
  remove(box: BoxId): void;
  /** For the host only: takes `remove` back. */
  letBackIn(box: BoxId): void;
  /** For the host only: that participant hosts from now on. */
  handOver(box: BoxId): void;
  /** What was asked for and not done, and what the host did to this box, in words. */
  onNotice(listener: (notice: SessionNotice) => void): Disposable;

  /** To be shown to whoever wants in; undefined: nobody does. */
  readonly code: ShownCode | undefined;
  onCode(listener: (shown: ShownCode | undefined) => void): Disposable;
  /** No to whoever the code is shown to: they are told so. */
  declineGuest(): void;
  /** Boxes that need no code here, by name. */
  readonly known: readonly KnownBox[];
  /** Its key is not trusted any more: it needs a code again. */
  forget(box: BoxId): void;

  /** A link that lets whoever has it into the present session. Rejects with PortError. */
  invite(): Promise<Invitation>;
  /** Joins the session behind such a link, in either form. Rejects as `join` does. */
  openInvitation(link: string, signal: AbortSignal, enterCode?: CodePrompt): Promise<void>;

  /** Statistics of the stream from that peer, published at most every second. */
  reportStats(peer: BoxId, stats: LinkStats): void;

  onParticipant(
    listener: (link: ParticipantLink, state: 'linked' | 'unlinked') => void,
  ): Disposable;
  /** Whose clock ensemble time follows: ensemble time = the clock that is seen of it + shift; of `self`, its own. */
  readonly reference: { readonly box: BoxId | 'self'; readonly shift: Micros } | undefined;
  onReference(listener: (box: BoxId | 'self', shift: Micros) => void): Disposable;
  /** For each participant: which others pass packets on to it, best first. None: it is reached over a link only. */
  onRoutes(listener: (routes: ReadonlyMap<BoxId, readonly BoxId[]>) => void): Disposable;

  /** What this box does just now, told to the others at most 5 times a second. */
  setPresence(state: PresenceState): void;
  onPresence(listener: (box: BoxId, state: PresenceState | undefined) => void): Disposable;

  readonly found: readonly FoundSession[];
  onFound(listener: (found: readonly FoundSession[]) => void): Disposable;
  readonly stats: SessionStats;
}
