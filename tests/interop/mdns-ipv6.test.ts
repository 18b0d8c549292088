import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Teardown } from '../../runtime/core/lifecycle.ts';
import type { ServiceType } from '../../runtime/ports/discovery.ts';
import { waitUntil } from '../platform/real-rig.ts';
import { type Avahi, type AvahiService, startAvahi } from './avahi-daemon.ts';
import { linkLocalOf } from './link-local.ts';
import { type NamespacePair, openNamespaces, whyNoNamespaces } from './net-namespaces.ts';
import { type Peer, startPeer } from './peer-process.ts';

const MIDI: ServiceType = '_apple-midi._udp';
const why = await whyNoNamespaces(['avahi-daemon', 'avahi-browse', 'avahi-publish', 'dbus-daemon']);

if (why !== undefined) {
  test('services are announced and found over IPv6', (context) => {
    context.skip(`not tested: ${why}`);
  });
} else {
  describe('over IPv4 and IPv6 at once', () => {
    const teardown = new Teardown();
    let spaces: NamespacePair;
    let avahi: Avahi;
    let ours: Peer;
    /** A box like ours, on the machine where avahi is: through avahi. */
    let through: Peer;
    let [hereLink, thereLink] = ['', ''];

    beforeAll(async () => {
      const directory = await mkdtemp(join(tmpdir(), 'togthr-avahi-'));
      teardown.defer(() => rm(directory, { recursive: true, force: true }));
      spaces = teardown.hold(await openNamespaces());
      [hereLink, thereLink] = await Promise.all([
        linkLocalOf(spaces.here),
        linkLocalOf(spaces.there),
      ]);
      avahi = await startAvahi(spaces.here, directory, { ipv6: true });
      [ours, through] = await Promise.all([
        startPeer(spaces.there),
        startPeer(spaces.here, avahi.bus),
      ]);
      for (const peer of [ours, through]) peer.tell({ do: 'browse', type: MIDI });
    });
    afterAll(() => teardown[Symbol.asyncDispose]());

    const browseUntil = async (
      reached: (found: readonly AvahiService[]) => boolean,
    ): Promise<readonly AvahiService[]> => {
      for (let tried = 0; tried < 40; tried++) {
        const found = await avahi.browse(MIDI);
        if (reached(found)) return found;
        await sleep(200);
      }
      throw new Error(`avahi did not see it: ${JSON.stringify(await avahi.browse(MIDI))}`);
    };

    test('avahi sees us over both, with the address of each (items 45, 46)', async () => {
      const advert = { name: 'Both', type: MIDI, port: 5_004, txt: {} };
      ours.tell({ do: 'announce', advert });
      const seen = await browseUntil((list) => new Set(list.map((each) => each.protocol)).size > 1);
      expect(seen.map(({ name }) => name)).toEqual(['Both', 'Both']);
      const host = seen[0]?.host ?? '';
      expect(await avahi.resolve(host, 4)).toBe(spaces.there.address);
      expect(await avahi.resolve(host, 6)).toBe(thereLink);
    });

    test('through avahi it is one service with both addresses, the link-local one with its interface (items 45, 46)', async () => {
      await waitUntil(() => through.found[0]?.addresses.length === 2, 15);
      expect(through.found).toHaveLength(1);
      expect(through.found[0]?.addresses).toEqual([
        spaces.there.address,
        `${thereLink}%${spaces.here.interface}`,
      ]);
      ours.tell({ do: 'withdraw' });
      await waitUntil(() => through.found.length === 0 && ours.found.length === 0, 10);
    });

    test('what avahi publishes is one service for us, with both addresses (items 45, 46)', async () => {
      const publisher = avahi.publish('Theirs', MIDI, 5_006);
      await waitUntil(() => ours.found[0]?.addresses.length === 2, 15);
      expect(ours.found.map(({ name }) => name)).toEqual(['Theirs']);
      expect(ours.found[0]?.addresses).toEqual([
        spaces.here.address,
        `${hereLink}%${spaces.there.interface}`,
      ]);
      for (const list of ours.lists) expect(list.length).toBeLessThanOrEqual(1);
      await publisher.end();
      await waitUntil(() => ours.found.length === 0, 10);
    });

    test('a second network between the same two makes no second service (items 45, 46)', async () => {
      const { here, there } = spaces;
      const [a, b] = [`${here.interface}2`, `${there.interface}2`];
      await here.ip('link', 'add', a, 'type', 'veth', 'peer', 'name', b, 'netns', there.name);
      await here.ip('addr', 'add', '10.78.0.1/24', 'dev', a);
      await there.ip('addr', 'add', '10.78.0.2/24', 'dev', b);
      await here.ip('link', 'set', a, 'up');
      await there.ip('link', 'set', b, 'up');
      const second = await startPeer(here);
      second.tell({
        do: 'announce',
        advert: { name: 'Twice', type: MIDI, port: 5_008, txt: {} },
      });
      await waitUntil(() => (ours.found[0]?.addresses.length ?? 0) >= 4, 20);
      expect(ours.found).toHaveLength(1);
      const [found] = ours.found;
      expect(found?.addresses.slice(0, 2)).toEqual([here.address, '10.78.0.1']);
      const zones = found?.addresses.slice(2).map((address) => address.split('%')[1]);
      expect(zones?.sort()).toEqual([there.interface, b].sort());
      second.tell({ do: 'quit' });
      await waitUntil(() => ours.found.length === 0, 10);
      await here.ip('link', 'delete', a);
    });

    test('where there is no IPv4 at all, we find one another by link-local addresses (items 45, 46)', async () => {
      for (const space of [spaces.here, spaces.there]) {
        await space.ip('addr', 'flush', 'dev', space.interface, 'scope', 'global');
      }
      ours.tell({
        do: 'announce',
        advert: { name: 'Six', type: MIDI, port: 5_010, txt: {} },
      });
      const third = await startPeer(spaces.here);
      third.tell({ do: 'browse', type: MIDI });
      for (const peer of [third, through]) {
        const only = `${thereLink}%${spaces.here.interface}`;
        const six = () => peer.found.find(({ name }) => name === 'Six');
        // What was announced a moment before the addresses went is corrected.
        await waitUntil(() => six()?.addresses.join() === only, 20);
      }
    });
  });
}
