/**
 * The words of the session room: what it takes, gives and can be asked for. Opened in session-manager.ts.
 */
import type {
  BoxId,
  EnsembleContext,
  JamMode,
  LinkStats,
  Role,
  SessionId,
} from '../core/ensemble.ts';
import type { Log } from '../core/log.ts';
import type { EnsembleTime, Instant, Micros } from '../core/time.ts';
import type { Clock, WallClock } from '../ports/clock.ts';
import type { Discovery } from '../ports/discovery.ts';
import type { Randomness } from '../ports/randomness.ts';
import type { Storage } from '../ports/storage.ts';
import type { StreamNetwork } from '../ports/stream-network.ts';
import type { Hello } from '../transport/link/hello.ts';
import type { PresenceState } from './presence.ts';

export interface SessionDeps {
  readonly clock: Clock;
  readonly wallClock: WallClock;
  readonly streams: StreamNetwork;
  readonly discovery: Discovery;
  readonly storage: Storage;
  readonly randomness: Randomness;
  readonly log: Log;
  readonly ensembleClock: SessionClock;
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
  readonly box: BoxId;
  readonly name: string;
  readonly instrument: string;
  readonly rtp: RtpFacts;
  /** 0: any free one. */
  readonly linkPort: number;
  /** Address to listen on; undefined: all interfaces. */
  readonly host?: string;
}

export interface JoinTarget {
  /** Hosts, those most likely to answer first; `host:port` or `[host]:port` where the port is another than `port`. */
  readonly addresses: readonly string[];
  readonly port: number;
  readonly session: SessionId;
  readonly name: string;
}

/** A session that members announce on the local network. It is a JoinTarget, too. */
export interface FoundSession extends JoinTarget {
  readonly tempo: number;
  readonly participants: number;
  /** Name of the box that hosts it, or of another member while the host doesn't announce. */
  readonly host: string;
}

interface SelfPatch {
  readonly name?: string;
  readonly instrument?: string;
  /** Set by hand; null takes it back, so that it may be detected. */
  readonly role?: Role | null;
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
   * signal's reason; then the box is in no session.
   */
  join(target: JoinTarget, signal: AbortSignal): Promise<void>;
  /** Says goodbye, then lets go. Harmless when in no session. */
  leave(): Promise<void>;
  /**
   * Back to the last session: joins it where it is found, else opens it again under its own identity, and those who
   * return find this box there. Rejects with PortError 'unavailable' when none is remembered.
   */
  rejoinLast(signal: AbortSignal): Promise<void>;
  readonly last: { readonly name: string; readonly session: SessionId } | undefined;

  setMode(mode: JamMode): void;
  /** Quarter notes a minute, 20 to 400; the beat goes on from where it is. */
  setTempo(bpm: number): void;
  setPlaying(playing: boolean): void;
  setSelf(patch: SelfPatch): void;
  rename(name: string): void;
  /** For the host only: while locked, mode, tempo, name and playing are the host's to change. */
  setLocked(locked: boolean): void;
  /** Statistics of the stream from that peer, published at most every second. */
  reportStats(peer: BoxId, stats: LinkStats): void;

  /** `dialer`: this box dialed the link, and is to dial the peer's RTP-MIDI port, too. */
  onParticipant(
    listener: (
      hello: Hello,
      address: string,
      state: 'linked' | 'unlinked',
      dialer: boolean,
    ) => void,
  ): Disposable;
  /** Whose clock ensemble time follows: ensemble time = the clock that is seen of it + shift; of `self`, its own. */
  readonly reference: { readonly box: BoxId | 'self'; readonly shift: Micros } | undefined;
  onReference(listener: (box: BoxId | 'self', shift: Micros) => void): Disposable;

  /** What this box does just now, told to the others at most 5 times a second. */
  setPresence(state: PresenceState): void;
  onPresence(listener: (box: BoxId, state: PresenceState | undefined) => void): Disposable;

  readonly found: readonly FoundSession[];
  onFound(listener: (found: readonly FoundSession[]) => void): Disposable;
  readonly stats: SessionStats;
}
