import { fromMillis } from '../../runtime/core/time.ts';
import { openImpairedNetwork } from '../../sim/network/impaired-network.ts';
import { NETWORK_PROFILES, type NetworkProfile } from '../../sim/network/profiles.ts';
import { openVirtualNetwork } from '../../sim/network/virtual-network.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { datagramNetworkContract } from '../contracts/datagram-network.contract.ts';
import { streamNetworkContract } from '../contracts/stream-network.contract.ts';
import { turnToFinish, turnUntil } from './virtual-rig.ts';

const openRig = (profile: NetworkProfile) => {
  const clock = new VirtualClock();
  const net = openVirtualNetwork({ clock, randomness: seededRandomness(1) });
  const behind = (address: string) => {
    const { datagrams, streams } = net.host(address);
    const randomness = seededRandomness(address);
    return openImpairedNetwork({ clock, randomness, datagrams, streams }, { profile });
  };
  return { clock, near: behind('10.0.0.1'), far: behind('10.0.0.2') };
};

const { perfect, transatlantic } = NETWORK_PROFILES;
const lossless = { ...transatlantic, loss: perfect.loss };

for (const [name, profile] of Object.entries({ perfect, 'transatlantic without loss': lossless })) {
  datagramNetworkContract(`ImpairedNetwork (${name})`, () => {
    const { clock, near, far } = openRig(profile);
    return {
      clock,
      near: near.datagrams,
      nearHost: '10.0.0.1',
      far: far.datagrams,
      farHost: '10.0.0.2',
      until: (reached) => turnUntil(clock, reached),
      quiet: () => clock.advanceSettling(fromMillis(500)),
    };
  });

  streamNetworkContract(`ImpairedNetwork (${name})`, () => {
    const { clock, near, far } = openRig(profile);
    return {
      near: near.streams,
      far: far.streams,
      nearHost: '10.0.0.1',
      farHost: '10.0.0.2',
      until: (reached) => turnUntil(clock, reached),
      finish: (promise) => turnToFinish(clock, promise),
    };
  });
}
