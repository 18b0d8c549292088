/**
 * What the links of a box are made of, as its settings say: encrypted connections, or plain TCP for diagnosis.
 *
 * Takes  the settings, and the key that the box goes by.
 * Gives  a PeerNetwork, the control plane if there is one, and word of changed addresses.
 */
import { openControlClient } from '../runtime/control/client.ts';
import type { ControlPlane } from '../runtime/control/control-plane.ts';
import { Teardown } from '../runtime/core/lifecycle.ts';
import type { Log } from '../runtime/core/log.ts';
import { admitting, isLocalSubnet } from '../runtime/platform/local-subnet.ts';
import { openSystemNetworkWatch } from '../runtime/platform/system-network-watch.ts';
import { openTcpNetwork } from '../runtime/platform/tcp-network.ts';
import { openWebRtcConnections } from '../runtime/platform/webrtc-connections.ts';
import { openWsSockets } from '../runtime/platform/ws-sockets.ts';
import type { Clock } from '../runtime/ports/clock.ts';
import type { NetworkWatch } from '../runtime/ports/network-watch.ts';
import type { Randomness } from '../runtime/ports/randomness.ts';
import type { Identity } from '../runtime/privacy/identity.ts';
import type { Settings } from '../runtime/settings/settings.ts';
import type { PeerNetwork } from '../runtime/transport/link/peer-network.ts';
import { openPlainNetwork } from '../runtime/transport/link/plain-network.ts';
import { openSignalledNetwork } from '../runtime/transport/link/signalled-network.ts';

export interface BoxNetwork extends AsyncDisposable {
  readonly peers: PeerNetwork;
  /** Undefined when the settings name no server. */
  readonly controlPlane: ControlPlane | undefined;
  readonly watch: NetworkWatch;
}

/** Rejects with PortError when the library for encrypted connections does not run here, or the server's address is none. */
export async function openBoxNetwork(
  deps: {
    readonly clock: Clock;
    readonly log: Log;
    readonly randomness: Randomness;
    readonly identity: Identity;
  },
  settings: Settings,
  software: string,
): Promise<BoxNetwork> {
  const held = new Teardown();
  const watch = held.hold(openSystemNetworkWatch());
  // Who is let in is proven inside the link; that strangers far away get no answer at all is one worry less.
  const near = settings.rtp.accept === 'anyone' ? (): boolean => true : isLocalSubnet;
  const streams = admitting(openTcpNetwork(), near);
  const close = (): Promise<void> => held[Symbol.asyncDispose]();
  if (settings.link.security === 'open') {
    const peers = openPlainNetwork({ streams });
    return { peers, watch, controlPlane: undefined, [Symbol.asyncDispose]: close };
  }
  try {
    const connections = held.hold(await openWebRtcConnections(deps));
    const { server, certificate } = settings.control;
    const controlPlane =
      server === ''
        ? undefined
        : held.hold(
            openControlClient(
              { ...deps, webSockets: openWsSockets(), watch },
              { server, software, ...(certificate === '' ? {} : { certificate }) },
            ),
          );
    const peers = held.hold(openSignalledNetwork({ ...deps, streams, connections, controlPlane }));
    return { peers, watch, controlPlane, [Symbol.asyncDispose]: close };
  } catch (failure) {
    await close();
    throw failure;
  }
}
