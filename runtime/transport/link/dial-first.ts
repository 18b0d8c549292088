/**
 * Dialing a session or a box that may be at one of several places.
 *
 * Takes  places, those most likely to answer first; how to connect to one, and how to greet whoever answers.
 * Gives  the first link that opens; or the most telling of the failures.
 * Keeps  connecting to several places at once, but greeting one at a time: whoever greets may be asked for a code. Streams
 *        that are not needed are closed.
 * Lane   1.
 */
import { followSignals } from '../../core/abort.ts';
import { PortError } from '../../core/errors.ts';
import { JoinFailure, type JoinFailureReason } from '../../core/join-failure.ts';
import { after, fromMillis } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { NetAddress } from '../../ports/datagram-network.ts';
import type { PeerStream } from '../../ports/peer-connection.ts';
import type { Link } from './link.ts';

/** The next place is tried beside the others when none has answered for so long (RFC 8305 has 250 ms). */
const STAGGER = fromMillis(250);
const MAX_AT_ONCE = 6;

export interface Dialing {
  readonly connect: (to: NetAddress, signal: AbortSignal) => Promise<PeerStream>;
  /** Closes the stream when it fails. */
  readonly greet: (stream: PeerStream, to: NetAddress, signal: AbortSignal) => Promise<Link>;
}

/** Rejects with PortError, or with the signal's reason. */
export async function dialFirst(
  deps: { readonly clock: Clock },
  places: readonly NetAddress[],
  signal: AbortSignal,
  dialing: Dialing,
): Promise<Link> {
  const { clock } = deps;
  signal.throwIfAborted();
  const others = followSignals([signal]);
  const queue = [...places];
  /** Places whose greeting got lost: what answered once is worth a second try. */
  const again = new Set<NetAddress>();
  const failures: unknown[] = [];
  const answered: { readonly to: NetAddress; readonly stream: PeerStream }[] = [];
  let next = 0;
  let greeting = false;
  let settled = false;
  let proceed = (): void => {};
  const alarm = clock.alarm(() => proceed());
  try {
    return await new Promise<Link>((resolve, reject) => {
      const fail = (failure: unknown): void => {
        failures.push(failure);
        if (signal.aborted) reject(signal.reason);
        else if (isFinal(failure)) reject(failure);
        else if (!settled) proceed();
      };
      const connect = (to: NetAddress): void => {
        dialing.connect(to, others.signal).then((stream) => {
          answered.push({ to, stream });
          // Too late: another one was faster.
          if (settled) closeAll(answered);
          else proceed();
        }, fail);
      };
      const greet = ({ to, stream }: { to: NetAddress; stream: PeerStream }): void => {
        greeting = true;
        dialing.greet(stream, to, others.signal).then(
          (link) => {
            greeting = false;
            if (settled) void link[Symbol.asyncDispose]();
            settled = true;
            resolve(link);
          },
          (failure: unknown) => {
            greeting = false;
            if (isPassing(failure) && !again.has(to)) {
              again.add(to);
              queue.push(to);
            }
            fail(failure);
          },
        );
      };
      proceed = () => {
        if (greeting) return;
        const first = answered.shift();
        if (first) return greet(first);
        if (failures.length >= queue.length) return reject(mostTelling(failures));
        const to = queue[next];
        if (!to || next - failures.length >= MAX_AT_ONCE) return;
        next++;
        alarm.set(after(clock.now(), STAGGER));
        connect(to);
      };
      proceed();
    });
  } finally {
    settled = true;
    alarm[Symbol.dispose]();
    others.abort();
    others[Symbol.dispose]();
    closeAll(answered);
  }
}

function closeAll(answered: { readonly stream: PeerStream }[]): void {
  for (const { stream } of answered.splice(0)) void stream[Symbol.asyncDispose]();
}

/** What the host has said, and what other members would not change; or what the player should know at once. */
const FINAL: ReadonlySet<JoinFailureReason> = new Set([
  'wrongCode',
  'codeExpired',
  'locked',
  'declined',
  'full',
  'removed',
  'intercepted',
]);

const isFinal = (failure: unknown): boolean =>
  failure instanceof JoinFailure && FINAL.has(failure.reason);

/** It answered, and was not heard of any more. */
const isPassing = (failure: unknown): boolean =>
  failure instanceof JoinFailure
    ? failure.reason === 'hostGone'
    : failure instanceof PortError && failure.code === 'disconnected';

/** A box that answered and said no tells more than a place where nobody is. */
function mostTelling(failures: readonly unknown[]): unknown {
  const [most] = [...failures].sort((a, b) => weight(b) - weight(a));
  return (
    most ??
    new PortError('invalid', 'no address is known to dial; choose the session from the list again')
  );
}

function weight(failure: unknown): number {
  if (!(failure instanceof PortError)) return 0;
  if (failure instanceof JoinFailure) return failure.reason === 'tookTooLong' ? 2 : 4;
  return failure.code === 'unavailable' ? 1 : 3;
}
