/**
 * Dialing and accepting links.
 *
 * Takes  a PeerNetwork, and what this box says of itself.
 * Gives  open links, or a PortError whose message is for people.
 * Keeps  at most 16 streams that have not greeted yet; more are closed at once.
 * Lane   1.
 */
import { followSignals } from '../../core/abort.ts';
import { PortError, type PortErrorCode } from '../../core/errors.ts';
import { after, type Micros } from '../../core/time.ts';
import type { NetAddress } from '../../ports/datagram-network.ts';
import type { StreamListener } from '../../ports/stream-network.ts';
import type { Hello } from './hello.ts';
import { greetStream, type Link, type LinkDeps } from './link.ts';
import type { RefusalCode } from './link-message.ts';
import type { LinkEnd, Refusal } from './link-state.ts';
import type { PeerNetwork } from './peer-network.ts';

export interface LinkNetworkDeps extends LinkDeps {
  readonly peers: PeerNetwork;
}

const MAX_GREETING = 16;

/** Rejects as PeerNetwork.listen does. Disposing stops listening; links stay. */
export async function listenForLinks(
  deps: LinkNetworkDeps,
  init: {
    readonly port: number;
    readonly host?: string;
    /** What to say to someone who calls from there. */
    readonly hello: (from: NetAddress) => Hello;
    readonly judge: (peer: Hello, from: NetAddress) => Refusal | undefined;
    readonly onLink: (link: Link) => void;
  },
): Promise<StreamListener> {
  const greeting = new Set<{ attempt?: AsyncDisposable }>();
  const listener = await deps.peers.listen(
    init.host === undefined ? { port: init.port } : { port: init.port, host: init.host },
    (stream) => {
      if (greeting.size >= MAX_GREETING) {
        deps.counters.refused++;
        void stream[Symbol.asyncDispose]();
        return;
      }
      // Entered first: a stream may have its greeting with it, and be open before greetStream returns.
      const place: { attempt?: AsyncDisposable } = {};
      greeting.add(place);
      place.attempt = greetStream(deps, stream, {
        dialer: false,
        hello: init.hello(stream.remote),
        judge: (peer) => init.judge(peer, stream.remote),
        onOpen: (link) => {
          greeting.delete(place);
          init.onLink(link);
        },
        onFailed: () => greeting.delete(place),
      });
    },
  );
  return {
    local: listener.local,
    async [Symbol.asyncDispose]() {
      await listener[Symbol.asyncDispose]();
      for (const { attempt } of [...greeting]) await attempt?.[Symbol.asyncDispose]();
    },
  };
}

/** Rejects with PortError, or with the signal's reason. `limit` bounds the connecting; the greeting has its own. */
export async function dialLink(
  deps: LinkNetworkDeps,
  init: {
    readonly to: NetAddress;
    readonly hello: Hello;
    readonly signal: AbortSignal;
    readonly limit: Micros;
  },
): Promise<Link> {
  const { to, signal } = init;
  signal.throwIfAborted();
  const patience = followSignals([signal]);
  const alarm = deps.clock.alarm(() => patience.abort(nobodyAt(to)));
  alarm.set(after(deps.clock.now(), init.limit));
  let giveUp: (() => void) | undefined;
  try {
    const stream = await deps.peers
      .connect(to, patience.signal)
      .catch((failure: unknown): never => {
        throw signal.aborted ? signal.reason : nobodyAt(to, failure);
      });
    alarm.clear();
    return await new Promise<Link>((resolve, reject) => {
      const attempt = greetStream(deps, stream, {
        dialer: true,
        hello: init.hello,
        onOpen: resolve,
        onFailed: (end) => reject(signal.aborted ? signal.reason : explain(end, to)),
      });
      giveUp = () => void attempt[Symbol.asyncDispose]();
      patience.signal.addEventListener('abort', giveUp, { once: true });
    });
  } finally {
    alarm[Symbol.dispose]();
    patience[Symbol.dispose]();
    // From now on the link is its owner's to end.
    if (giveUp) patience.signal.removeEventListener('abort', giveUp);
  }
}

const written = ({ host, port }: NetAddress): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

const nobodyAt = (to: NetAddress, cause?: unknown): PortError =>
  new PortError(
    'unavailable',
    `nobody answers at ${written(to)}: is the box on, and in the same network?`,
    { cause },
  );

const CODES: Readonly<Record<RefusalCode, PortErrorCode>> = {
  version: 'denied',
  session: 'unavailable',
  full: 'full',
  misbehaved: 'denied',
  duplicate: 'busy',
};

function explain(end: LinkEnd, to: NetAddress): PortError {
  if (end.kind === 'refused') {
    return new PortError(CODES[end.code], `the box at ${written(to)} says: ${end.text}`);
  }
  if (end.kind === 'lost' || end.kind === 'bye') {
    return new PortError(
      'disconnected',
      `the box at ${written(to)} hung up during the greeting; try again`,
    );
  }
  return new PortError(
    'unavailable',
    `what answers at ${written(to)} is no jam.togthr box, or it is too slow; check address and port`,
  );
}
