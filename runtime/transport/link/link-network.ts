/**
 * Dialing and accepting links.
 *
 * Takes  a PeerNetwork, and what this box says of itself.
 * Gives  open links, or a PortError whose message is for people.
 * Keeps  at most 16 streams that have not greeted yet, shared among callers; more are closed at once.
 * Lane   1.
 */
import { followSignals } from '../../core/abort.ts';
import { PortError, type PortErrorCode } from '../../core/errors.ts';
import { JoinFailure, type JoinFailureReason } from '../../core/join-failure.ts';
import { after, type Micros } from '../../core/time.ts';
import type { NetAddress } from '../../ports/datagram-network.ts';
import type { PeerStream } from '../../ports/peer-connection.ts';
import type { StreamListener } from '../../ports/stream-network.ts';
import { boxAt, nobodyAt } from './connection-words.ts';
import { FairSlots } from './fair-slots.ts';
import type { Hello } from './hello.ts';
import { greetStream, type Link, type LinkDeps, type LinkInit } from './link.ts';
import type { Refusal, RefusalCode } from './link-message.ts';
import type { LinkEnd } from './link-state.ts';
import type { ConnectHow, PeerNetwork } from './peer-network.ts';
import { boxOfPlace } from './place.ts';

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
    /** Somebody called and did not get in. Not told of those who were too many to be heard. */
    readonly onTurnedAway?: ((end: LinkEnd, from: NetAddress) => void) | undefined;
    readonly terms: LinkTerms;
  },
): Promise<StreamListener> {
  const greeting = new Set<{ attempt?: AsyncDisposable }>();
  const slots = new FairSlots(MAX_GREETING);
  const listener = await deps.peers.listen(
    init.host === undefined ? { port: init.port } : { port: init.port, host: init.host },
    (stream) => {
      // Entered first: a stream may have its greeting with it, and be open before greetStream returns.
      const place: { attempt?: AsyncDisposable } = {};
      const slot = slots.take(stream.remote.host, () => {
        deps.counters.refused++;
        void place.attempt?.[Symbol.asyncDispose]();
      });
      if (!slot) {
        deps.counters.refused++;
        void stream[Symbol.asyncDispose]();
        return;
      }
      greeting.add(place);
      const leave = (): void => {
        greeting.delete(place);
        slot[Symbol.dispose]();
      };
      place.attempt = greetStream(deps, stream, {
        ...init.terms,
        dialer: false,
        hello: init.hello(stream.remote),
        judge: (peer) => init.judge(peer, stream.remote),
        onOpen: (link) => {
          leave();
          init.onLink(link);
        },
        onFailed(end) {
          leave();
          init.onTurnedAway?.(end, stream.remote);
        },
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

/** What a greeting needs besides who is greeted. */
export type LinkTerms = Omit<LinkInit, 'dialer' | 'hello' | 'judge' | 'onOpen' | 'onFailed'>;

export interface DialInit {
  readonly to: NetAddress;
  readonly signal: AbortSignal;
  /** How long nobody may answer. What follows has limits of its own. */
  readonly limit: Micros;
  readonly better?: ConnectHow['better'];
}

/** Rejects with PortError, or with the signal's reason. */
export async function connectTo(deps: LinkNetworkDeps, init: DialInit): Promise<PeerStream> {
  const { to, signal, better } = init;
  signal.throwIfAborted();
  const patience = followSignals([signal]);
  const alarm = deps.clock.alarm(() => patience.abort(nobodyAt(to)));
  alarm.set(after(deps.clock.now(), init.limit));
  try {
    return await deps.peers.connect(to, patience.signal, {
      onReached: () => alarm.clear(),
      better,
    });
  } catch (failure) {
    if (signal.aborted) throw signal.reason;
    throw explainSilence(to, failure);
  } finally {
    alarm[Symbol.dispose]();
    patience[Symbol.dispose]();
  }
}

/** Rejects with PortError, or with the signal's reason; then the stream is closed. */
export function greetDialed(
  deps: LinkNetworkDeps,
  stream: PeerStream,
  init: LinkTerms & {
    readonly to: NetAddress;
    readonly hello: Hello;
    readonly signal: AbortSignal;
  },
): Promise<Link> {
  const { to, signal, ...terms } = init;
  return new Promise<Link>((resolve, reject) => {
    const settle = (): void => signal.removeEventListener('abort', giveUp);
    // Entered first: a stream may have its answer with it, and be open before greetStream returns.
    const place: { attempt?: AsyncDisposable } = {};
    const giveUp = (): void => void place.attempt?.[Symbol.asyncDispose]();
    place.attempt = greetStream(deps, stream, {
      ...terms,
      dialer: true,
      onOpen(link) {
        settle();
        resolve(link);
      },
      onFailed(end) {
        settle();
        reject(signal.aborted ? signal.reason : explain(end, to));
      },
    });
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
  });
}

/** Connects and greets. Rejects with PortError, or with the signal's reason. */
export async function dialLink(
  deps: LinkNetworkDeps,
  init: LinkTerms & DialInit & { readonly hello: Hello },
): Promise<Link> {
  const { limit: _limit, better: _better, ...terms } = init;
  return greetDialed(deps, await connectTo(deps, init), terms);
}

/** What the network says where it knows more than that nobody is there. */
function explainSilence(to: NetAddress, failure: unknown): unknown {
  if (!(failure instanceof PortError)) return failure;
  const knowsMore =
    boxOfPlace(to) || failure instanceof JoinFailure || failure.code !== 'unavailable';
  return knowsMore ? failure : nobodyAt(to, failure);
}

/** Refusals that the panel has a screen for; the others are told in words. */
const REASONS: Readonly<Partial<Record<RefusalCode, JoinFailureReason>>> = {
  version: 'version',
  full: 'full',
  removed: 'removed',
  askHost: 'askHost',
  codeWrong: 'wrongCode',
  codeExpired: 'codeExpired',
  codeLocked: 'locked',
  declined: 'declined',
  busy: 'busy',
  keyChanged: 'keyChanged',
  notProven: 'intercepted',
};
const CODES: Readonly<Partial<Record<RefusalCode, PortErrorCode>>> = {
  session: 'unavailable',
  duplicate: 'busy',
};

function explain(end: LinkEnd, to: NetAddress): PortError {
  switch (end.kind) {
    case 'refused':
      return refusal(end, `${boxAt(to)} says: ${end.text}`);
    case 'refusing':
      return refusal(end, `${end.text} (${boxAt(to)})`);
    case 'lost':
    case 'bye':
      return new JoinFailure('hostGone', `${boxAt(to)} hung up during the greeting; try again`);
    default:
      return new PortError(
        'disconnected',
        `${boxAt(to)} does not greet as a jam.togthr box does, or is too slow; check address and port`,
      );
  }
}

function refusal({ code, wait }: Refusal, text: string): PortError {
  const reason = REASONS[code];
  return reason
    ? new JoinFailure(reason, text, wait === undefined ? {} : { wait })
    : new PortError(CODES[code] ?? 'denied', text);
}
