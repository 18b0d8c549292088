/**
 * Connections to boxes on the internet: signalled through the control plane, or tunnelled through it where UDP is
 * blocked. SIGNALLING.md, "the tunnel".
 *
 * Takes  the control plane, which is not trusted, and PeerConnections.
 * Gives  streams that this box dials or that others do.
 * Keeps  which boxes only a tunnel led to the last time, whoever dialed. Connections that came too late are released.
 * Lane   1.
 */

import type { ControlPlane } from '../../control/control-plane.ts';
import type { BoxId } from '../../core/ensemble.ts';
import type { IceServer, PeerStream } from '../../ports/peer-connection.ts';
import { CallerRates } from './caller-rates.ts';
import { type AttemptDeps, answerConnections, offerConnection } from './connection-attempts.ts';
import { raceConnection } from './connection-race.ts';
import type { SignalFaults } from './lan-signalling.ts';
import type { ConnectHow } from './peer-network.ts';
import { boxOfPlace, placeOfBox } from './place.ts';
import { type SealDeps, sealStream } from './sealed-stream.ts';
import { openServerSignalling } from './server-signalling.ts';

const MAX_TUNNELS_OPENING = 16;
const MAX_TUNNELLED = 64;

export interface ServerConnectionsDeps extends AttemptDeps, SealDeps {
  readonly controlPlane: ControlPlane;
  readonly faults: SignalFaults;
}

export interface ServerConnections extends Disposable {
  /** Rejects with PortError, or with the signal's reason. */
  connect(to: BoxId, signal: AbortSignal, how?: ConnectHow): Promise<PeerStream>;
  /** Who calls from now on; undefined: nobody is let in, and whoever is on the way in is given up. */
  listen(onStream: ((stream: PeerStream) => void) | undefined): void;
}

export function openServerConnections(
  deps: ServerConnectionsDeps,
  init: { readonly host?: string | undefined; readonly relayOnly?: boolean | undefined },
): ServerConnections {
  const { clock, controlPlane, faults } = deps;
  const signalling = openServerSignalling(deps);
  const tunnelled = new Set<BoxId>();
  const rates = new CallerRates(1, 4);
  const answering = new Set<AsyncDisposable>();
  let opening = 0;
  let closing = new AbortController();
  let onStream: ((stream: PeerStream) => void) | undefined;

  /** None is known where there is no network: host candidates may do. */
  const iceServers = (): Promise<readonly IceServer[]> => controlPlane.iceServers().catch(() => []);

  const dialConnection = async (
    to: BoxId,
    signal: AbortSignal,
    how: { readonly onStuck?: () => void; readonly straight?: boolean },
  ): Promise<PeerStream> => {
    const servers = await iceServers();
    signal.throwIfAborted();
    const path = signalling.dial(to);
    return offerConnection(deps, path, { ...init, iceServers: servers, ...how }, signal);
  };

  const dialTunnel = async (to: BoxId, signal: AbortSignal): Promise<PeerStream> => {
    const stream = await controlPlane.openTunnel(to, signal);
    return sealStream(deps, stream, { initiator: true, remote: placeOfBox(to) }, signal);
  };

  const note = (box: BoxId, { route }: PeerStream): void => {
    tunnelled.delete(box);
    if (route.kind !== 'tunnelled') return;
    const [oldest] = tunnelled;
    if (tunnelled.size >= MAX_TUNNELLED && oldest !== undefined) tunnelled.delete(oldest);
    tunnelled.add(box);
  };

  const race = (to: BoxId, signal: AbortSignal): Promise<PeerStream> =>
    raceConnection(
      deps,
      {
        connection: (either, onStuck) => dialConnection(to, either, { onStuck }),
        tunnel: (either) => dialTunnel(to, either),
        tunnelAtOnce: tunnelled.has(to),
      },
      signal,
    );

  signalling.listen((path) => {
    const accepts = onStream;
    const from = boxOfPlace(path.remote);
    void iceServers().then((servers) => {
      if (!accepts || onStream !== accepts) {
        path.send({ kind: 'refuse', code: 'closed' });
        void path[Symbol.asyncDispose]();
        return;
      }
      const attempt = answerConnections(deps, path, {
        ...init,
        iceServers: servers,
        onStream(stream) {
          if (from !== undefined) note(from, stream);
          accepts(stream);
        },
        onEnded: () => answering.delete(attempt),
      });
      answering.add(attempt);
    });
  });
  const tunnels = controlPlane.onTunnel((from, stream) => {
    const accepts = onStream;
    if (!accepts || opening >= MAX_TUNNELS_OPENING || !rates.take(from, clock.now())) {
      if (accepts) faults.busy++;
      void stream[Symbol.asyncDispose]();
      return;
    }
    opening++;
    sealStream(deps, stream, { initiator: false, remote: placeOfBox(from) }, closing.signal)
      .then(
        (sealed) => {
          if (onStream !== accepts) return void sealed[Symbol.asyncDispose]();
          note(from, sealed);
          accepts(sealed);
        },
        () => faults.malformed++,
      )
      .finally(() => opening--);
  });

  return {
    async connect(to, signal, how) {
      how?.onReached?.();
      const stream = how?.better
        ? await dialConnection(to, signal, { straight: how.better === 'straight' })
        : await race(to, signal);
      note(to, stream);
      return stream;
    },
    listen(listener) {
      onStream = listener;
      if (listener) return;
      closing.abort();
      closing = new AbortController();
      for (const attempt of [...answering]) void attempt[Symbol.asyncDispose]();
    },
    [Symbol.dispose]() {
      onStream = undefined;
      closing.abort();
      for (const attempt of [...answering]) void attempt[Symbol.asyncDispose]();
      tunnels[Symbol.dispose]();
      signalling[Symbol.dispose]();
    },
  };
}
