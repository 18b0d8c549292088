import { fromMillis, fromSeconds } from '../../runtime/core/time.ts';
import { openPlainNetwork } from '../../runtime/transport/link/plain-network.ts';
import { openSignalledNetwork } from '../../runtime/transport/link/signalled-network.ts';
import { NETWORK_PROFILES } from '../../sim/network/profiles.ts';
import { openVirtualNetwork } from '../../sim/network/virtual-network.ts';
import { openVirtualPeerConnections } from '../../sim/network/virtual-peer-connections.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { type LinkRig, linkContract } from '../contracts/link.contract.ts';
import { turnToFinish, turnUntil } from './virtual-rig.ts';

const NEAR = '10.0.0.1';
const FAR = '10.0.0.2';
const { lan, wifi } = NETWORK_PROFILES;

function openRig(profile: typeof lan, security: 'encrypted' | 'open'): LinkRig {
  const clock = new VirtualClock();
  const network = openVirtualNetwork({ clock, randomness: seededRandomness(1), profile });
  const peers = (address: string) => {
    const host = network.host(address);
    const { streams } = host;
    if (security === 'open') return openPlainNetwork({ streams });
    const randomness = seededRandomness(address);
    const connections = openVirtualPeerConnections({ host, clock, randomness });
    return openSignalledNetwork({ clock, randomness, streams, connections });
  };
  return {
    near: peers(NEAR),
    far: peers(FAR),
    farHost: FAR,
    clock,
    supports: { packets: security === 'encrypted' },
    until: (reached) => turnUntil(clock, reached),
    finish: (promise) => turnToFinish(clock, promise),
    quiet: (seconds) => clock.advanceSettling(fromSeconds(seconds), fromMillis(5)),
    part: () => network.partition([NEAR], [FAR]),
    [Symbol.asyncDispose]: async () => {},
  };
}

linkContract('A link over virtual connections', () => openRig(lan, 'encrypted'));
linkContract('A link over virtual connections with jitter', () =>
  openRig({ ...wifi, loss: lan.loss }, 'encrypted'),
);
linkContract('An open link over virtual TCP', () => openRig(lan, 'open'));
