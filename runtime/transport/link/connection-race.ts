/**
 * A connection and a tunnel to the same box: whichever opens first. SIGNALLING.md, "the tunnel".
 *
 * Takes  how to dial either.
 * Gives  the first stream; or, when neither way leads there, why the connection did not open.
 * Keeps  at most one of each on its way. What opens too late is closed.
 * Lane   1.
 */
import { followSignals } from '../../core/abort.ts';
import { JoinFailure, type JoinFailureReason } from '../../core/join-failure.ts';
import { after, fromSeconds } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { PeerStream } from '../../ports/peer-connection.ts';

/** So long a connection is tried alone, unless it is stuck before. */
const TUNNEL_AFTER = fromSeconds(3);
/** How long a tunnel is tried for, again and again: the server may be about to come back. */
const TUNNEL_LIMIT = fromSeconds(10);
const TUNNEL_AGAIN = fromSeconds(1);

export interface Ways {
  /** `onStuck` is called when it does not look as if it would open. */
  connection(signal: AbortSignal, onStuck: () => void): Promise<PeerStream>;
  tunnel(signal: AbortSignal): Promise<PeerStream>;
  /** A tunnel is what worked last. */
  readonly tunnelAtOnce: boolean;
}

/** Rejects with PortError, or with the signal's reason. */
export function raceConnection(
  deps: { readonly clock: Clock },
  ways: Ways,
  signal: AbortSignal,
): Promise<PeerStream> {
  const { clock } = deps;
  return new Promise((resolve, reject) => {
    const both = followSignals([signal]);
    let settled = false;
    let tunnel: 'none' | 'trying' | 'failed' = 'none';
    let connecting = true;
    let failure: unknown;

    const settle = (): void => {
      settled = true;
      for (const alarm of [start, again, limit]) alarm[Symbol.dispose]();
      both.abort();
      both[Symbol.dispose]();
    };
    const win = (stream: PeerStream): void => {
      // Too late: the other way was faster.
      if (settled) {
        void stream[Symbol.asyncDispose]();
        return;
      }
      settle();
      resolve(stream);
    };
    const lose = (): void => {
      if (settled || (!signal.aborted && (connecting || tunnel === 'trying'))) return;
      settle();
      reject(signal.aborted ? signal.reason : failure);
    };
    const giveUpTunnel = (): void => {
      tunnel = 'failed';
      again.clear();
      lose();
    };
    const dialTunnel = (): void => {
      ways.tunnel(both.signal).then(win, (reason: unknown) => {
        if (settled || tunnel !== 'trying') return;
        // That somebody tampers with it is worth more words than that UDP is blocked.
        if (isFailure(reason, 'intercepted')) {
          failure = reason;
          giveUpTunnel();
        } else if (signal.aborted) giveUpTunnel();
        else again.set(after(clock.now(), TUNNEL_AGAIN));
      });
    };
    const startTunnel = (): void => {
      if (settled || tunnel !== 'none') return;
      tunnel = 'trying';
      start.clear();
      limit.set(after(clock.now(), TUNNEL_LIMIT));
      dialTunnel();
    };
    const start = clock.alarm(startTunnel);
    const again = clock.alarm(dialTunnel);
    const limit = clock.alarm(giveUpTunnel);

    if (ways.tunnelAtOnce) startTunnel();
    else start.set(after(clock.now(), TUNNEL_AFTER));
    ways.connection(both.signal, startTunnel).then(win, (reason: unknown) => {
      connecting = false;
      failure ??= reason;
      // A box that is not there, or says no, does so in a tunnel as well.
      if (isFailure(reason, 'tookTooLong')) startTunnel();
      else tunnel = 'failed';
      lose();
    });
  });
}

const isFailure = (reason: unknown, why: JoinFailureReason): boolean =>
  reason instanceof JoinFailure && reason.reason === why;
