/**
 * The control plane as a box sees it: who is where on the internet, and messages to them.
 *
 * Takes  the address of a server (`togthr server`) and this box's identity.
 * Gives  signalling to boxes that are elsewhere, ICE servers, a directory of sessions, invitations, a tunnel where UDP is
 *        blocked.
 * Keeps  one WebSocket, dialed again with a back-off. The server is not trusted: it can withhold, not forge.
 * Lane   4. Without a server everything on the local network works.
 */
import type { BoxId, SessionId } from '../core/ensemble.ts';
import type { WallTime } from '../core/time.ts';
import type { IceServer } from '../ports/peer-connection.ts';
import type { ByteStream } from '../ports/stream-network.ts';

export type ControlPlaneState = 'off' | 'connecting' | 'online' | 'offline';

/** A session as the directory knows it. */
export interface DirectoryEntry {
  readonly session: SessionId;
  readonly name: string;
  readonly host: BoxId;
  readonly hostName: string;
  /** Members that take calls, the host first. */
  readonly members: readonly BoxId[];
  readonly tempo: number;
  readonly participants: number;
}

/** What an invitation leads to, and the proof that whoever has it was invited. */
export interface Invitation {
  /** `togthr://HOST/i/CODE#SECRET`; the secret is never sent to the server. */
  readonly link: string;
  /** The same for a telephone, short enough to be photographed: `https://HOST/CODE#SEED`. */
  readonly webLink: string;
  readonly session: SessionId;
  /** What the server knows it by. */
  readonly code: string;
  /** 16 octets that the inviting box made: whoever proves to know them was invited. */
  readonly secret: Uint8Array;
  readonly expiresAt: WallTime;
}

/** The session that somebody was invited to, with what proves the invitation there. */
export interface InvitedEntry extends DirectoryEntry {
  readonly secret: Uint8Array;
}

export interface ControlPlane extends AsyncDisposable {
  readonly state: ControlPlaneState;
  /** Why it is offline, in words; empty otherwise. */
  readonly problem: string;
  onState(listener: (state: ControlPlaneState) => void): Disposable;

  /** One signalling message, at most 16 KiB, to a box that is online. Rejects with PortError 'unavailable' when it isn't. */
  signal(to: BoxId, message: Uint8Array): Promise<void>;
  /** `message` is the listener's to keep. */
  onSignal(listener: (from: BoxId, message: Uint8Array) => void): Disposable;
  /** STUN and TURN with credentials that last for some hours: while offline those that still do, if any. */
  iceServers(): Promise<readonly IceServer[]>;

  /** A stream through the server, for where UDP is blocked. Not encrypted by itself: whoever uses it seals it. */
  openTunnel(to: BoxId, signal: AbortSignal): Promise<ByteStream>;
  onTunnel(listener: (from: BoxId, stream: ByteStream) => void): Disposable;

  /** What the directory is to say of this box's session; undefined: nothing. Kept up to date until changed. */
  publish(entry: DirectoryEntry | undefined): void;
  /** An invitation to the published session. Rejects with PortError. */
  invite(): Promise<Invitation>;
  /** From now on the code leads nowhere. Rejects with PortError 'unavailable' while offline. */
  revoke(code: string): Promise<void>;
  /** The session behind an invitation's link in either form. Rejects with PortError. */
  open(link: string, signal: AbortSignal): Promise<InvitedEntry>;
  /** The session by its id, for coming back to it. Undefined: nobody in it is online. */
  find(session: SessionId, signal: AbortSignal): Promise<DirectoryEntry | undefined>;
}
