/**
 * What links of a simulated box are made of: real WebRTC over loopback behind a seeded bad network; or plain TCP when the
 * settings say that links are open.
 *
 * Takes  the settings, and the impaired network for the signalling.
 * Gives  a PeerNetwork, and a hand on the profile of its connections.
 */
import type { Log } from '../../runtime/core/log.ts';
import { openWebRtcConnections } from '../../runtime/platform/webrtc-connections.ts';
import type { Clock } from '../../runtime/ports/clock.ts';
import type { NetAddress } from '../../runtime/ports/datagram-network.ts';
import type { Randomness } from '../../runtime/ports/randomness.ts';
import type { StreamNetwork } from '../../runtime/ports/stream-network.ts';
import type { Settings } from '../../runtime/settings/settings.ts';
import type { PeerNetwork } from '../../runtime/transport/link/peer-network.ts';
import { openPlainNetwork } from '../../runtime/transport/link/plain-network.ts';
import { openSignalledNetwork } from '../../runtime/transport/link/signalled-network.ts';
import { openImpairedPeerConnections } from '../network/impaired-peer-connections.ts';
import type { ProfileName } from '../network/profiles.ts';

export interface SimLinks extends AsyncDisposable {
  readonly peers: PeerNetwork;
  /** Of packets and streams of connections, to one far end or to all. */
  setProfile(profile: ProfileName, to?: NetAddress): void;
}

export async function openLinks(
  deps: {
    readonly clock: Clock;
    readonly log: Log;
    readonly randomness: Randomness;
    readonly streams: StreamNetwork;
  },
  init: { readonly settings: Settings; readonly profile: ProfileName; readonly host: string },
): Promise<SimLinks> {
  const { clock, log, randomness, streams } = deps;
  if (init.settings.link.security === 'open') {
    return {
      peers: openPlainNetwork({ streams }),
      setProfile: () => {},
      [Symbol.asyncDispose]: async () => {},
    };
  }
  const real = await openWebRtcConnections({ clock, log });
  const { host, profile } = init;
  const connections = openImpairedPeerConnections(
    { clock, randomness, connections: real },
    { profile },
  );
  const peers = openSignalledNetwork({ clock, randomness, streams, connections }, { host });
  return {
    peers,
    setProfile: (name, to) => connections.setProfile(name, to),
    async [Symbol.asyncDispose]() {
      peers[Symbol.dispose]();
      await real[Symbol.asyncDispose]();
    },
  };
}
