/**
 * Joins the participants of the session with RTP-MIDI peers: who dials, whose stream is whose, who is heard, and whom the
 * ensemble clock follows.
 *
 * Takes  links coming and going (session), peers coming and going (rtp-midi), who is muted, the session's clock reference.
 * Gives  lanes and invitations to rtp-midi, events with their player's name to the engine, statistics to the session.
 * Keeps  the two maps between BoxId and SSRC. A peer that is no participant plays under a name made of its SSRC.
 * Lane   1. `sourceOf` allocates nothing once a peer is known.
 *
 * A participant with an encrypted link has its place (`box:<id>`) for an address, whichever way packets take there: only
 * what comes from that place is its stream. The smaller id dials. Over an open link it is who has its SSRC, and the side
 * that dialed the link dials.
 */
import type { BoxId } from '../core/ensemble.ts';
import { Teardown } from '../core/lifecycle.ts';
import { Listeners } from '../core/listeners.ts';
import type { MidiMessage } from '../core/midi-message.ts';
import { after, fromSeconds, type Instant, type Micros } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { NetAddress } from '../ports/datagram-network.ts';
import type { PredictionEngine } from '../prediction/engine.ts';
import type { ParticipantLink } from '../session/session.ts';
import type { SessionManager } from '../session/session-manager.ts';
import type { EnsembleClock } from '../transport/clock-sync/ensemble-clock.ts';
import { openPeerClock } from '../transport/clock-sync/peer-clock.ts';
import type { LinkLanes } from '../transport/link/link-lanes.ts';
import { placeOfBox } from '../transport/link/place.ts';
import type {
  RtpMidiConnection,
  RtpMidiEndpoint,
  RtpMidiPeer,
} from '../transport/rtp-midi/endpoint.ts';
import { sameAddress, sameHost } from '../transport/rtp-midi/host.ts';

export interface PeerWiring extends AsyncDisposable {
  /** BoxId of a participant, or `rtp-` and the SSRC of a peer that is none. */
  sourceOf(peer: RtpMidiPeer): string;
  /** The peer whose events come under this name. */
  peerOf(source: string): RtpMidiPeer | undefined;
  /** Whether a linked participant lives at this address. */
  knows(address: NetAddress): boolean;
  /** Whether this is the stream of a linked participant: a box like this one. */
  isBox(ssrc: number): boolean;
  /** Whether packets are to be sent to it twice: it knows what to do with them, and they are worth it. */
  takesCopies(ssrc: number): boolean;
  /** What arrived, with its player; after the engine has it. `packetsLost`: of that player's stream, in all. */
  onArrived(
    listener: (
      source: string,
      message: MidiMessage,
      performedAt: Instant,
      arrivedAt: Instant,
      recovered: boolean,
      packetsLost: number,
    ) => void,
  ): Disposable;
  /** A source plays no more under this name. */
  onEnded(listener: (source: string) => void): Disposable;
  onChange(listener: () => void): Disposable;
}

export interface PeerWiringDeps {
  readonly clock: Clock;
  readonly rtp: RtpMidiEndpoint;
  readonly session: SessionManager;
  readonly engine: PredictionEngine;
  readonly ensembleClock: EnsembleClock;
  readonly lanes: LinkLanes;
}

interface Member {
  link: ParticipantLink;
  /** Where its control socket is. */
  readonly address: NetAddress;
  /** Undefined: packets go over plain UDP, or are passed on. */
  lane: Disposable | undefined;
  connection: RtpMidiConnection | undefined;
}

/** Its packets are passed on by another box. */
const isPassedOn = ({ secure, packets }: ParticipantLink): boolean => secure && !packets;

/** The same start of the same box. */
const isSameStart = (a: ParticipantLink, b: ParticipantLink): boolean =>
  a.peer.ssrc === b.peer.ssrc && a.peer.boot === b.peer.boot;

const STATS_PERIOD = fromSeconds(1);
/** With more participants than this, copies go to those only whose packets get lost. */
const COPIES_TO_ALL = 8;
const LOSES = 0.001;
/** So long after the last loss it is still one whose packets get lost. */
const LOSES_FOR = fromSeconds(60);

export function openPeerWiring(deps: PeerWiringDeps, init: { readonly self: BoxId }): PeerWiring {
  const { clock, rtp, session, engine, ensembleClock, lanes } = deps;
  const held = new Teardown();
  const members = new Map<BoxId, Member>();
  const boxBySsrc = new Map<number, BoxId>();
  const strangers = new Map<number, string>();
  const muted = new Set<string>();
  /** Until when those are taken for ones whose packets get lost. */
  const lossy = new Map<number, Instant>();
  const arrived = new Listeners<
    [
      source: string,
      message: MidiMessage,
      performedAt: Instant,
      arrivedAt: Instant,
      recovered: boolean,
      packetsLost: number,
    ]
  >();
  const ended = new Listeners<[source: string]>();
  const changed = new Listeners<[]>();
  let reference: BoxId | 'self' = 'self';
  let shift = 0 as Micros;
  let closed = false;

  /** Whose link has packets speaks from its place only: an SSRC is known to many. */
  const isAtHome = (box: BoxId, peer: RtpMidiPeer): boolean => {
    const member = members.get(box);
    return !member?.link.secure || member.address.host === peer.address.host;
  };

  const sourceOf = (peer: RtpMidiPeer): string => {
    const box = boxBySsrc.get(peer.ssrc);
    if (box !== undefined && isAtHome(box, peer)) return box;
    const known = strangers.get(peer.ssrc);
    if (known !== undefined) return known;
    const stranger = `rtp-${peer.ssrc.toString(16).padStart(8, '0')}`;
    strangers.set(peer.ssrc, stranger);
    return stranger;
  };
  const peerOf = (source: string): RtpMidiPeer | undefined =>
    rtp.peers.find((peer) => sourceOf(peer) === source);

  const end = (source: string): void => {
    engine.remove(source);
    ended.emit(source);
  };
  /** Without a goodbye: who has agreed to it is carried on for a while. */
  const lose = (source: string): void => {
    engine.lose(source);
    ended.emit(source);
  };

  /** It lives where a participant does, under an SSRC that it took because its own was taken. */
  const adopt = (peer: RtpMidiPeer): void => {
    if (boxBySsrc.has(peer.ssrc)) return;
    for (const [box, { address }] of members) {
      if (!sameAddress(peer.address, address)) continue;
      const stranger = strangers.get(peer.ssrc);
      if (stranger !== undefined) end(stranger);
      strangers.delete(peer.ssrc);
      boxBySsrc.set(peer.ssrc, box);
    }
  };

  /** Until the reference's stream is up, nothing is known of its clock, and ensemble time is not synced. */
  const unknown = openPeerClock({ clock });
  const follow = (): void => {
    const known = reference === 'self' ? 'self' : peerOf(reference)?.clock;
    ensembleClock.follow(known ?? unknown, shift);
    // Whoever is heard by way of others tells ensemble time itself; but whose time it is must be compared.
    for (const [box] of members) peerOf(box)?.followTime(box === reference);
  };

  const unlink = (box: BoxId): void => {
    const member = members.get(box);
    if (!member) return;
    const peer = peerOf(box);
    members.delete(box);
    for (const [ssrc, other] of boxBySsrc) if (other === box) boxBySsrc.delete(ssrc);
    lose(box);
    void member.connection?.[Symbol.asyncDispose]();
    peer?.disconnect();
    // Last, so that the goodbye still gets out.
    member.lane?.[Symbol.dispose]();
    changed.emit();
  };

  const laneOf = ({ peer, packets }: ParticipantLink): Disposable | undefined =>
    packets && lanes.attach(peer.box, packets);

  /** Over a link of its own it is a peer like any other; passed on, it is one of those who are sent one stream together. */
  const connect = (member: Member): void => {
    const { link, address } = member;
    const { box, ssrc, name } = link.peer;
    if (isPassedOn(link)) {
      const former = member.connection;
      member.connection = undefined;
      adopt(rtp.enlist({ address, ssrc, name }));
      // One that has brought a peer was closed by that; one that still invites is wanted no more.
      void former?.[Symbol.asyncDispose]();
      return;
    }
    if (member.connection) return;
    const dials = link.secure ? init.self < box : link.dialer;
    member.connection = dials ? rtp.connect(address, { proven: link.secure }) : undefined;
  };

  /** The same box by another way: its stream goes on. False when it has begun anew. */
  const renew = (link: ParticipantLink): boolean => {
    const member = members.get(link.peer.box);
    if (!member?.link.secure || !link.secure || !isSameStart(member.link, link)) return false;
    const former = member.lane;
    member.lane = laneOf(link);
    former?.[Symbol.dispose]();
    member.link = link;
    connect(member);
    follow();
    changed.emit();
    return true;
  };

  held.hold(
    session.onParticipant((link, state) => {
      const { peer: hello } = link;
      if (state === 'linked' && !closed && renew(link)) return;
      unlink(hello.box);
      if (state === 'unlinked' || closed) return;
      // A stream that came in before its link played under a stranger's name until now.
      const stranger = strangers.get(hello.ssrc);
      if (stranger !== undefined) end(stranger);
      strangers.delete(hello.ssrc);
      boxBySsrc.set(hello.ssrc, hello.box);
      const lane = laneOf(link);
      const address = link.secure
        ? placeOfBox(hello.box)
        : { host: link.remote.host, port: hello.rtpPort };
      const member: Member = { link, address, lane, connection: undefined };
      members.set(hello.box, member);
      connect(member);
      for (const peer of rtp.peers) adopt(peer);
      follow();
      changed.emit();
    }),
  );
  held.hold(
    session.onContext((context) => {
      const silenced = new Set<string>();
      for (const { id, muted } of context?.participants ?? []) if (muted) silenced.add(id);
      for (const box of silenced) if (!muted.has(box)) engine.remove(box);
      muted.clear();
      for (const box of silenced) muted.add(box);
    }),
  );
  held.hold(session.onRoutes((routes) => lanes.setRoutes(routes)));
  held.hold(lanes.onForged((box) => members.get(box)?.link.cut("it spoke in another box's name")));
  held.hold(
    session.onReference((box, newShift) => {
      reference = box;
      shift = newShift;
      follow();
    }),
  );
  held.hold(
    rtp.onPeer((peer, state) => {
      if (state === 'joined') adopt(peer);
      const source = sourceOf(peer);
      if (state === 'left') {
        if (boxBySsrc.has(peer.ssrc)) lose(source);
        else end(source);
        strangers.delete(peer.ssrc);
      } else if (source === reference) follow();
      changed.emit();
    }),
  );
  held.hold(
    rtp.onMidi((peer, message, performedAt, arrivedAt, recovered) => {
      const source = sourceOf(peer);
      // Everything else goes on: when it is heard again, its sounds and its time are right.
      if (message.kind === 'noteOn' && muted.has(source)) return;
      engine.receive(source, message, performedAt, arrivedAt, recovered);
      arrived.emit(source, message, performedAt, arrivedAt, recovered, peer.packetsLost);
    }),
  );

  const publish = held.hold(
    clock.alarm(() => {
      const now = clock.now();
      for (const [ssrc, until] of lossy) if (until <= now) lossy.delete(ssrc);
      for (const box of members.keys()) {
        const peer = peerOf(box);
        if (!peer) continue;
        const { stats } = peer;
        session.reportStats(box, stats);
        // What gets lost on the way here gets lost on the way back, too, more often than not.
        if (stats.loss > LOSES) lossy.set(peer.ssrc, after(now, LOSES_FOR));
      }
      publish.set(after(now, STATS_PERIOD));
    }),
  );
  publish.set(after(clock.now(), STATS_PERIOD));

  return {
    sourceOf,
    peerOf,
    knows: (address) => {
      for (const member of members.values())
        if (sameHost(member.address.host, address.host)) return true;
      return false;
    },
    isBox: (ssrc) => boxBySsrc.has(ssrc),
    takesCopies: (ssrc) =>
      boxBySsrc.has(ssrc) && (members.size <= COPIES_TO_ALL || lossy.has(ssrc)),
    onArrived: (listener) => arrived.add(listener),
    onEnded: (listener) => ended.add(listener),
    onChange: (listener) => changed.add(listener),
    async [Symbol.asyncDispose]() {
      closed = true;
      await held[Symbol.asyncDispose]();
      for (const box of [...members.keys()]) unlink(box);
    },
  };
}
