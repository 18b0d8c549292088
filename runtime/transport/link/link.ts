/**
 * A link: ordered frames between two boxes that have proven to each other who they are. FORMAT.md.
 *
 * Takes  a peer stream, and what this box comes in by and lets others in by.
 * Gives  frames by channel, the packet lane once the link is open; the end, once, with its cause.
 * Keeps  keep-alive and the bounds on what a peer may send. A peer that breaks them is cut off and counted.
 * Lane   1. Never throws at what the far end sends.
 */
import { Listeners } from '../../core/listeners.ts';
import type { Instant } from '../../core/time.ts';
import { TokenBucket } from '../../core/token-bucket.ts';
import type { Clock } from '../../ports/clock.ts';
import type { NetAddress } from '../../ports/datagram-network.ts';
import type { PacketLane, PeerStream, Route } from '../../ports/peer-connection.ts';
import type { LinkCredentials, LinkEntry } from '../../privacy/credentials.ts';
import { encodeFrame, FrameReader } from './frame.ts';
import { openAcceptorSide } from './greeting-acceptor.ts';
import { openDialerSide } from './greeting-dialer.ts';
import { type GreetingSide, unfit } from './greeting-side.ts';
import type { Greeting, Hello } from './hello.ts';
import type { LinkCounters } from './link-counters.ts';
import { decodeLinkMessage, encodeLinkMessage } from './link-message.ts';
import {
  type LinkEffect,
  type LinkEnd,
  type LinkInput,
  type LinkState,
  type LinkStep,
  type Refusal,
  startLink,
  stepLink,
} from './link-state.ts';
import { gatePackets } from './packet-gate.ts';

/** Channels of FORMAT.md; 0 is the link's own. */
const OWN_CHANNEL = 0;

export interface Link extends AsyncDisposable {
  readonly peer: Hello;
  /** Public key of the peer, which it has proven to have. */
  readonly key: Uint8Array;
  readonly remote: NetAddress;
  /** This side dialed. */
  readonly dialer: boolean;
  /** Encrypted, and nobody in between. */
  readonly secure: boolean;
  /** How the octets go just now. */
  readonly route: Route;
  /** When anything came last: a frame, or a packet of the fast lane. */
  readonly heardAt: Instant;
  /** Undefined: there is none, and RTP-MIDI goes over plain UDP. Silent once the link has ended. */
  readonly packets: PacketLane | undefined;
  /** False, having sent nothing, when the link has ended or the frame is too long. Never throws. */
  send(channel: number, frame: Uint8Array): boolean;
  /** `frame` is valid during the call only. Frames that came before the first listener are kept for it. */
  onFrame(listener: (channel: number, frame: Uint8Array) => void): Disposable;
  /** Told once. */
  onClosed(listener: (end: LinkEnd) => void): Disposable;
  /** Ends the link since the far end broke a rule; it is told which. */
  cut(reason: string): void;
  /** Ends the link since a newer one to the same box takes over. */
  replace(): void;
}

export interface LinkDeps {
  readonly clock: Clock;
  readonly counters: LinkCounters;
}

export interface LinkInit {
  readonly dialer: boolean;
  /** What this box says of itself; the dialer says it first. */
  readonly hello: Hello;
  readonly credentials: LinkCredentials;
  /** The dialer's: what else it may come in by. */
  readonly entry?: LinkEntry;
  /** The acceptor's word on a box that has proven its key, before it is let in. Undefined: it may come in. */
  readonly judge?: (peer: Hello) => Refusal | undefined;
  readonly onOpen: (link: Link) => void;
  /** It ended before it was open. */
  readonly onFailed: (end: LinkEnd) => void;
}

const FRAMES_PER_SECOND = 400;
const FRAMES_AT_ONCE = 2_000;
const OCTETS_PER_SECOND = 1_048_576;
const OCTETS_AT_ONCE = 4_194_304;
/** Frames kept for a listener that has not come yet. */
const MAX_WAITING = 64;

/** Greets, and tells of the outcome by `onOpen` or `onFailed`. Disposing the result gives up. */
export function greetStream(deps: LinkDeps, stream: PeerStream, init: LinkInit): AsyncDisposable {
  const { clock, counters } = deps;
  const { credentials, hello, dialer } = init;
  const { binding } = stream;
  const frames = new Listeners<[channel: number, frame: Uint8Array]>();
  const closed = new Listeners<[end: LinkEnd]>();
  const reader = new FrameReader();
  const framesAllowed = new TokenBucket(FRAMES_PER_SECOND, FRAMES_AT_ONCE);
  const octetsAllowed = new TokenBucket(OCTETS_PER_SECOND, OCTETS_AT_ONCE);
  let waiting: { channel: number; frame: Uint8Array }[] | undefined = [];
  /** The frame that is being looked at. */
  let arrived: { channel: number; frame: Uint8Array } | undefined;
  let state: LinkState;
  let link: Link | undefined;
  let released: Promise<void> | undefined;
  let heardAt = clock.now();

  const parts = { credentials, hello, binding };
  const side: GreetingSide = dialer
    ? openDialerSide(deps, {
        ...parts,
        entry: init.entry ?? {},
        onEntered: (message) => feed({ kind: 'entered', message, at: clock.now() }),
        onGivenUp: () => end({ kind: 'closed' }),
      })
    : openAcceptorSide({
        ...parts,
        judge: (peer) => init.judge?.(peer),
        onWithdrawn: (refusal) => feed({ kind: 'refuse', refusal }),
      });

  const alarm = clock.alarm(() => feed({ kind: 'time', at: clock.now() }));

  const write = (channel: number, payload: Uint8Array): boolean => {
    const frame = encodeFrame(channel, payload);
    if (!frame || !stream.write(frame)) return false;
    counters.framesOut++;
    counters.octetsOut += frame.length;
    return true;
  };

  const feed = (input: LinkInput): void => take(stepLink(state, input));
  const take = (step: LinkStep): void => {
    state = step.state;
    for (const effect of step.effects) perform(effect);
  };

  const perform = (effect: LinkEffect): void => {
    switch (effect.kind) {
      case 'send':
        write(OWN_CHANNEL, encodeLinkMessage(effect.message));
        return;
      case 'wake':
        alarm.set(effect.due);
        return;
      case 'check': {
        const verdict = side.hear(effect.message, arrived?.frame ?? NOTHING);
        feed({ kind: 'verdict', verdict, at: clock.now() });
        return;
      }
      case 'open':
        open();
        return;
      case 'deliver':
        deliver();
        return;
      case 'ended':
        counters.noteEnd(effect.end);
        void release();
        if (link) closed.emit(effect.end);
        else init.onFailed(effect.end);
        return;
    }
  };

  const open = (): void => {
    const { peer } = side;
    // Only a far end that has said hello and proven it gets here.
    if (!peer) {
      end({ kind: 'closed' });
      return;
    }
    side[Symbol.dispose]();
    reader.open();
    link = makeLink(peer);
    init.onOpen(link);
  };

  const deliver = (): void => {
    if (!arrived) return;
    const { channel, frame } = arrived;
    if (!waiting) frames.emit(channel, frame);
    else if (waiting.length < MAX_WAITING) waiting.push({ channel, frame: frame.slice() });
    else feed({ kind: 'end', end: { kind: 'cut', reason: 'rate' } });
  };

  const release = (): Promise<void> => {
    reader.stop();
    alarm[Symbol.dispose]();
    side[Symbol.dispose]();
    lane?.[Symbol.dispose]();
    // Whether the far end heard of it or not: the stream is done with.
    released ??= Promise.resolve(stream[Symbol.asyncDispose]()).catch(() => {});
    return released;
  };

  const end = (how: LinkEnd): void => feed({ kind: 'end', end: how });

  const lane =
    stream.packets &&
    gatePackets(stream.packets, {
      isOpen: () => state.phase === 'open',
      onHeard(at) {
        heardAt = at;
      },
      onDropped() {
        counters.packetsDropped++;
      },
    });

  const makeLink = (peer: Greeting): Link => ({
    peer: peer.hello,
    key: peer.publicKey,
    remote: stream.remote,
    dialer,
    secure: binding !== undefined,
    get route() {
      return stream.route;
    },
    get heardAt() {
      return heardAt;
    },
    packets: lane,
    send(channel, frame) {
      if (state.phase !== 'open') return false;
      if (write(channel, frame)) return true;
      end({ kind: 'backlog' });
      return false;
    },
    onFrame(listener) {
      const handle = frames.add(listener);
      const kept = waiting ?? [];
      waiting = undefined;
      for (const { channel, frame } of kept) listener(channel, frame);
      return handle;
    },
    onClosed: (listener) => closed.add(listener),
    cut: (reason) => end({ kind: 'cut', reason }),
    replace: () => end({ kind: 'replaced' }),
    async [Symbol.asyncDispose]() {
      end({ kind: 'closed' });
      await release();
    },
  });

  const onFrame = (channel: number, payload: Uint8Array): void => {
    counters.framesIn++;
    const at = clock.now();
    heardAt = at;
    arrived = { channel, frame: payload };
    if (!framesAllowed.take(1, at)) {
      end({ kind: 'cut', reason: 'rate' });
    } else if (channel === OWN_CHANNEL) {
      feed({ kind: 'message', message: decodeLinkMessage(payload), at });
    } else {
      feed({ kind: 'frame', at });
    }
    arrived = undefined;
  };

  const first = startLink(dialer ? side.hello : undefined, clock.now());
  state = first.state;
  const refusal = unfit(parts);
  // Before the far end is told who this is.
  if (refusal) feed({ kind: 'refuse', refusal });
  else take(first);
  stream.onClosed(() => end({ kind: 'lost' }));
  stream.onBytes((bytes) => {
    counters.octetsIn += bytes.length;
    if (!octetsAllowed.take(bytes.length, clock.now())) end({ kind: 'cut', reason: 'rate' });
    const fault = reader.push(bytes, onFrame);
    if (fault) end({ kind: 'cut', reason: fault });
  });

  return {
    async [Symbol.asyncDispose]() {
      end({ kind: 'closed' });
      await release();
    },
  };
}

const NOTHING = new Uint8Array(0);
