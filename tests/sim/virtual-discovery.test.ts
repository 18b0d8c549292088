import { expect, test } from 'vitest';
import { fromSeconds } from '../../runtime/core/time.ts';
import { openVirtualNetwork } from '../../sim/network/virtual-network.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { openVirtualDiscovery } from '../../sim/virtual-discovery.ts';
import { discoveryContract } from '../contracts/discovery.contract.ts';
import { turnToFinish, turnUntil } from './virtual-rig.ts';

discoveryContract('VirtualDiscovery', 'v', () => {
  const clock = new VirtualClock();
  const discovery = openVirtualDiscovery({ clock });
  let boxes = 0;
  return {
    open: () => discovery.at(`10.0.0.${++boxes}`),
    until: (reached) => turnUntil(clock, reached),
    finish: (promise) => turnToFinish(clock, promise),
    quiet: () => clock.advanceSettling(fromSeconds(1)),
  };
});

test('services behind a partition are out of sight until it heals', async () => {
  const clock = new VirtualClock();
  const net = openVirtualNetwork({ clock, randomness: seededRandomness(1) });
  for (const address of ['10.0.0.1', '10.0.0.2']) net.host(address);
  const discovery = openVirtualDiscovery({
    clock,
    reachable: (from, to) => net.reachable(from, to),
  });
  await discovery
    .at('10.0.0.1')
    .announce({ name: 'Jam', type: '_jam-togthr._tcp', port: 1, txt: {} });
  const lists: string[][] = [];
  discovery.at('10.0.0.2').browse('_jam-togthr._tcp', (found) => {
    lists.push(found.map(({ name, addresses }) => `${name} at ${addresses.join()}`));
  });
  net.partition(['10.0.0.1']);
  clock.advance(fromSeconds(2));
  net.heal();
  clock.advance(fromSeconds(2));
  expect(lists).toEqual([['Jam at 10.0.0.1'], [], ['Jam at 10.0.0.1']]);
});
