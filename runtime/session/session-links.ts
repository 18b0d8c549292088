/**
 * The links of a session, with its documents kept level over each of them.
 *
 * Takes  what this box says of itself, and the documents.
 * Gives  the mesh; participants as they come and go; whether all that the others have is here.
 * Keeps  out who is of another session, or one too many.
 */
import type { BoxId, ParticipantRoute, SessionId } from '../core/ensemble.ts';
import { Listeners } from '../core/listeners.ts';
import type { Log } from '../core/log.ts';
import { TokenBucket } from '../core/token-bucket.ts';
import type { Clock } from '../ports/clock.ts';
import type { NetAddress } from '../ports/datagram-network.ts';
import type { LinkCredentials, LinkEntry } from '../privacy/credentials.ts';
import { type Hello, LINK_PROTOCOL } from '../transport/link/hello.ts';
import type { Link } from '../transport/link/link.ts';
import type { Refusal } from '../transport/link/link-message.ts';
import type { LinkEnd } from '../transport/link/link-state.ts';
import type { LevelPeer, SessionDocuments } from './documents.ts';
import { sameValue } from './equality.ts';
import { reachLevel } from './joining.ts';
import { type Mesh, type MeshDeps, openMesh } from './mesh.ts';
import { MAX_MEMBERS } from './participants-document.ts';
import type { ParticipantLink, RtpFacts } from './session.ts';

export interface SessionLinks extends AsyncDisposable {
  readonly mesh: Mesh;
  /** Whether every link has brought all that its far end had. */
  level(): boolean;
  /** Addresses under which others have reached this box, or say they have. */
  readonly seenAs: ReadonlySet<string>;
  /** Resolves once the documents of whoever answers first are here. Rejects with PortError or the signal's reason. */
  reach(places: readonly NetAddress[], signal: AbortSignal, entry?: LinkEntry): Promise<void>;
}

export interface SessionLinksInit {
  readonly session: SessionId;
  readonly box: BoxId;
  readonly boot: number;
  readonly rtp: RtpFacts;
  readonly linkPort: number;
  readonly host: string | undefined;
  readonly name: () => string;
  readonly documents: SessionDocuments;
  /** Boxes that play in the session just now. */
  readonly within: () => ReadonlySet<BoxId>;
  /** How many may do so. */
  readonly sizeLimit: number;
  readonly credentials: LinkCredentials;
  readonly onLinked: (link: ParticipantLink, state: 'linked' | 'unlinked') => void;
}

const MAX_SEEN_AS = 16;

/** Rejects with PortError when the link port can't be listened on. */
export async function openSessionLinks(
  deps: MeshDeps & { readonly log: Log },
  init: SessionLinksInit,
): Promise<SessionLinks> {
  const { box, session, documents } = init;
  const levels = new Map<Link, LevelPeer>();
  const synced = new Listeners<[]>();
  /** One for each box that says so: none can crowd out what the others say. */
  const seenBy = new Map<BoxId, string>();
  const logged = new TokenBucket(LOGGED_PER_SECOND, LOGGED_AT_ONCE);

  const judge = (peer: Hello): Refusal | undefined => {
    if (peer.session !== session) {
      return { code: 'session', text: 'that session is not played here any more' };
    }
    const { entries } = documents.participants;
    const present = init.within();
    if (!present.has(peer.box) && present.size >= init.sizeLimit) {
      return { code: 'full', text: `the session is full: ${init.sizeLimit} boxes play in it` };
    }
    if (entries.has(peer.box) || entries.size < MAX_MEMBERS) return undefined;
    const text = `the session is full: ${MAX_MEMBERS} boxes have been in it; make a new one`;
    return { code: 'full', text };
  };

  const mesh = await openMesh(deps, {
    self: box,
    port: init.linkPort,
    ...(init.host === undefined ? {} : { host: init.host }),
    hello: (linkPort, address) => ({
      protocol: LINK_PROTOCOL,
      box,
      session,
      name: init.name(),
      rtpPort: init.rtp.port,
      ssrc: init.rtp.ssrc,
      linkPort,
      boot: init.boot,
      seenAs: address,
    }),
    judge,
    terms: { credentials: init.credentials },
    onTurnedAway: (end, from) => noteTurnedAway(deps, logged, end, from),
  });

  const tell = (link: Link, state: 'linked' | 'unlinked'): void => init.onLinked(seen(link), state);

  mesh.onLink((link, replaced) => {
    if (replaced) levels.delete(replaced);
    const level = documents.attach(link);
    levels.set(link, level);
    level.onSynced(() => synced.emit());
    const { box: peer, seenAs } = link.peer;
    if (seenAs !== '' && (seenBy.has(peer) || seenBy.size < MAX_SEEN_AS)) seenBy.set(peer, seenAs);
    if (replaced && !continues(replaced, link)) tell(replaced, 'unlinked');
    // Where packets go over the link, those who play have to know of the new one.
    if (!replaced || link.packets || !continues(replaced, link)) tell(link, 'linked');
  });
  mesh.onUnlink((link, end) => {
    levels.delete(link);
    deps.log.info('link ended', { box: link.peer.box, name: link.peer.name, ...end });
    tell(link, 'unlinked');
  });

  const suspected = new Set<string>();
  mesh.onSuspicion((suspect, failure) => {
    // Dialed each second, said once.
    if (suspected.has(suspect) || suspected.size >= MAX_MEMBERS) return;
    suspected.add(suspect);
    const { reason, message } = failure;
    deps.log.warn('a box of the session is not who answers', { box: suspect, reason, message });
  });

  return {
    mesh,
    level: () => [...levels.values()].every((peer) => peer.synced),
    get seenAs() {
      return new Set(seenBy.values());
    },
    reach: (places, signal, entry) =>
      reachLevel({ clock: deps.clock, mesh, levels, synced }, { places, entry }, signal),
    [Symbol.asyncDispose]: () => mesh[Symbol.asyncDispose](),
  };
}

/** What a stranger can write to the log is bounded. */
const LOGGED_PER_SECOND = 1 / 10;
const LOGGED_AT_ONCE = 20;

/** An attack is to be seen in the log of the box that it was made on, too. */
function noteTurnedAway(
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  logged: TokenBucket,
  end: LinkEnd,
  from: NetAddress,
): void {
  if (!logged.take(1, clock.now())) return;
  const unproven = 'code' in end && end.code === 'notProven';
  if (unproven) log.warn('a box could not prove who it is', { from: from.host, ...end });
  else log.info('a box did not come in', { from: from.host, ...end });
}

/** The link as those see it who play over it. */
const seen = (link: Link): ParticipantLink => ({
  peer: link.peer,
  remote: link.remote,
  dialer: link.dialer,
  secure: link.secure,
  packets: link.packets,
  get route() {
    return link.route;
  },
  onClosed: (listener) => link.onClosed(() => listener()),
  cut: (reason) => link.cut(reason),
});

/** By which way what is played there gets here. */
export const routeOf = ({ secure, route }: Link): ParticipantRoute =>
  secure ? route.kind : 'open';

/**
 * The link was renewed, no more: the same RTP-MIDI end point of the same start of that box. Over plain UDP it has to be at
 * the same address, dialed by the same side.
 */
function continues(old: Link, link: Link): boolean {
  const samePeer = sameValue(
    { ...old.peer, name: '', seenAs: '' },
    { ...link.peer, name: '', seenAs: '' },
  );
  if (old.packets && link.packets) return samePeer;
  return samePeer && old.dialer === link.dialer && old.remote.host === link.remote.host;
}
