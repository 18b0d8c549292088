import { fromMillis } from '../../runtime/core/time.ts';
import { NETWORK_PROFILES } from '../../sim/network/profiles.ts';
import { openVirtualNetwork } from '../../sim/network/virtual-network.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { datagramNetworkContract } from '../contracts/datagram-network.contract.ts';
import { streamNetworkContract } from '../contracts/stream-network.contract.ts';
import { turnToFinish, turnUntil } from './virtual-rig.ts';

const { perfect, wifi } = NETWORK_PROFILES;
const lossless = { ...wifi, loss: perfect.loss };

for (const [name, profile] of Object.entries({ perfect, 'wifi without loss': lossless })) {
  datagramNetworkContract(`VirtualNetwork (${name})`, () => {
    const clock = new VirtualClock();
    const net = openVirtualNetwork({ clock, profile, randomness: seededRandomness(1) });
    return {
      clock,
      near: net.host('10.0.0.1').datagrams,
      nearHost: '10.0.0.1',
      far: net.host('10.0.0.2').datagrams,
      farHost: '10.0.0.2',
      until: (reached) => turnUntil(clock, reached),
      quiet: () => clock.advanceSettling(fromMillis(500)),
    };
  });
}

for (const profile of ['perfect', 'badwifi60'] as const) {
  streamNetworkContract(`VirtualNetwork (${profile})`, () => {
    const clock = new VirtualClock();
    const net = openVirtualNetwork({ clock, profile, randomness: seededRandomness(1) });
    return {
      near: net.host('10.0.0.1').streams,
      far: net.host('10.0.0.2').streams,
      farHost: '10.0.0.2',
      until: (reached) => turnUntil(clock, reached),
      finish: (promise) => turnToFinish(clock, promise),
    };
  });
}
