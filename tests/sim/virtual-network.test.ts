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

const HOSTS = [
  { kind: 'IPv4', near: '10.0.0.1', far: '10.0.0.2' },
  { kind: 'IPv6', near: 'fd00::1', far: 'fd00::2' },
  { kind: 'link-local IPv6', near: 'fe80::1%sim0', far: 'fe80::2%sim0' },
];

for (const { kind, near, far } of HOSTS) {
  datagramNetworkContract(`VirtualNetwork (${kind})`, () => {
    const clock = new VirtualClock();
    const net = openVirtualNetwork({ clock, randomness: seededRandomness(1) });
    return {
      clock,
      near: net.host(near).datagrams,
      nearHost: near,
      far: net.host(far).datagrams,
      farHost: far,
      until: (reached) => turnUntil(clock, reached),
      quiet: () => clock.advanceSettling(fromMillis(500)),
    };
  });
  streamNetworkContract(`VirtualNetwork (${kind})`, () => {
    const clock = new VirtualClock();
    const net = openVirtualNetwork({ clock, randomness: seededRandomness(1) });
    return {
      near: net.host(near).streams,
      nearHost: near,
      far: net.host(far).streams,
      farHost: far,
      until: (reached) => turnUntil(clock, reached),
      finish: (promise) => turnToFinish(clock, promise),
    };
  });
}

datagramNetworkContract('VirtualNetwork (wifi without loss)', () => {
  const clock = new VirtualClock();
  const net = openVirtualNetwork({ clock, profile: lossless, randomness: seededRandomness(1) });
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

streamNetworkContract('VirtualNetwork (badwifi60)', () => {
  const clock = new VirtualClock();
  const net = openVirtualNetwork({
    clock,
    profile: 'badwifi60',
    randomness: seededRandomness(1),
  });
  return {
    near: net.host('10.0.0.1').streams,
    nearHost: '10.0.0.1',
    far: net.host('10.0.0.2').streams,
    farHost: '10.0.0.2',
    until: (reached) => turnUntil(clock, reached),
    finish: (promise) => turnToFinish(clock, promise),
  };
});
