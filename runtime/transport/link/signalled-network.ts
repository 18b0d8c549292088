/**
 * The usual PeerNetwork: encrypted connections, signalled over TCP on the local network and through the control plane
 * elsewhere. SIGNALLING.md.
 *
 * Takes  streams for the signalling, PeerConnections, and a control plane if there is one.
 * Gives  peer streams; `remote` of each is where the far end may be dialed again.
 * Lane   1.
 */
import type { ControlPlane } from '../../control/control-plane.ts';
import type { Clock } from '../../ports/clock.ts';
import type { PeerConnections } from '../../ports/peer-connection.ts';
import type { Randomness } from '../../ports/randomness.ts';
import type { StreamNetwork } from '../../ports/stream-network.ts';
import { answerConnections, offerConnection } from './connection-attempts.ts';
import { noControlPlane } from './connection-words.ts';
import { lanPath, openLanAcceptor, type SignalFaults } from './lan-signalling.ts';
import type { PeerNetwork } from './peer-network.ts';
import { boxOfPlace } from './place.ts';
import { openServerConnections } from './server-connections.ts';

export interface SignalledNetworkDeps {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly streams: StreamNetwork;
  readonly connections: PeerConnections;
  readonly controlPlane?: ControlPlane | undefined;
}

export interface SignalledNetworkInit {
  /** Address that connections are bound to; undefined: all interfaces. */
  readonly host?: string | undefined;
  /** Only through TURN servers, to hide addresses from those who play along. */
  readonly relayOnly?: boolean | undefined;
}

export interface SignalledNetwork extends PeerNetwork, Disposable {
  /** What callers did that they should not have; for the status page. */
  readonly faults: Readonly<SignalFaults>;
}

export function openSignalledNetwork(
  deps: SignalledNetworkDeps,
  init: SignalledNetworkInit = {},
): SignalledNetwork {
  const { streams, controlPlane } = deps;
  const faults: SignalFaults = { busy: 0, malformed: 0, late: 0 };
  const servers = controlPlane && openServerConnections({ ...deps, controlPlane, faults }, init);
  // On the local network everybody has a host candidate, and nobody outside needs to know of it.
  const local = { ...init, relayOnly: false, iceServers: [] };

  return {
    faults,
    async listen(where, onStream) {
      const answering = new Set<AsyncDisposable>();
      const acceptor = openLanAcceptor({ ...deps, faults }, (path) => {
        const attempt = answerConnections(deps, path, {
          ...local,
          onStream,
          onEnded: () => answering.delete(attempt),
        });
        answering.add(attempt);
      });
      const listener = await streams.listen(where, (stream) => acceptor.accept(stream));
      servers?.listen(onStream);
      return {
        local: listener.local,
        async [Symbol.asyncDispose]() {
          servers?.listen(undefined);
          await listener[Symbol.asyncDispose]();
          for (const attempt of [...answering]) await attempt[Symbol.asyncDispose]();
        },
      };
    },
    async connect(to, signal, how) {
      const box = boxOfPlace(to);
      if (box) {
        if (!servers) throw noControlPlane();
        return servers.connect(box, signal, how);
      }
      const stream = await streams.connect(to, signal);
      how?.onReached?.();
      return offerConnection(deps, lanPath(stream), local, signal);
    },
    [Symbol.dispose]: () => servers?.[Symbol.dispose](),
  };
}
