import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Teardown } from '../../runtime/core/lifecycle.ts';
import type { ServiceType } from '../../runtime/ports/discovery.ts';
import { waitUntil } from '../platform/real-rig.ts';
import { type Avahi, type AvahiService, startAvahi } from './avahi-daemon.ts';
import { type NamespacePair, openNamespaces, whyNoNamespaces } from './net-namespaces.ts';
import { type Peer, startPeer } from './peer-process.ts';

const SESSION: ServiceType = '_jam-togthr._tcp';
const MIDI: ServiceType = '_apple-midi._udp';

const why = await whyNoNamespaces(['avahi-daemon', 'avahi-browse', 'avahi-publish', 'dbus-daemon']);

if (why !== undefined) {
  test('a box that has avahi announces through it', (context) => {
    context.skip(`not tested: ${why}`);
  });
} else {
  test('two boxes on a machine with avahi find one another, also where there is nothing but loopback (item 46)', async () => {
    await using teardown = new Teardown();
    const directory = await mkdtemp(join(tmpdir(), 'togthr-avahi-'));
    teardown.defer(() => rm(directory, { recursive: true, force: true }));
    const { here } = teardown.hold(await openNamespaces());
    const avahi = await startAvahi(here, directory, { loopback: true });
    const [one, other] = await Promise.all([
      startPeer(here, avahi.bus),
      startPeer(here, avahi.bus),
    ]);
    for (const each of [one, other]) each.tell({ do: 'browse', type: MIDI });
    one.tell({ do: 'announce', advert: { name: 'One', type: MIDI, port: 5_004, txt: {} } });
    for (const each of [one, other]) {
      await waitUntil(() => each.found[0]?.addresses[0] === here.address, 15);
      expect(each.found).toHaveLength(1);
    }
    await here.ip('link', 'set', here.interface, 'down');
    for (const each of [one, other]) {
      await waitUntil(() => each.found[0]?.addresses.join() === '127.0.0.1', 15);
    }
  });

  /** We are in `there`, with an avahi of our own; who looks at us is in `here`, with another. */
  describe('a box on a machine with avahi, and avahi on another', () => {
    const teardown = new Teardown();
    let spaces: NamespacePair;
    let other: Avahi;
    let ours: Avahi;
    let peer: Peer;

    beforeAll(async () => {
      const directory = await mkdtemp(join(tmpdir(), 'togthr-avahi-'));
      teardown.defer(() => rm(directory, { recursive: true, force: true }));
      spaces = teardown.hold(await openNamespaces());
      [other, ours] = await Promise.all([
        startAvahi(spaces.here, join(directory, 'other')),
        startAvahi(spaces.there, join(directory, 'ours'), { hostName: 'box' }),
      ]);
      peer = await startPeer(spaces.there, ours.bus);
      peer.tell({ do: 'browse', type: MIDI });
    });
    afterAll(() => teardown[Symbol.asyncDispose]());

    const browseUntil = async (
      type: ServiceType,
      reached: (found: readonly AvahiService[]) => boolean,
    ): Promise<readonly AvahiService[]> => {
      for (let tried = 0; tried < 160; tried++) {
        const found = await other.browse(type);
        if (reached(found)) return found;
        await sleep(200);
      }
      throw new Error(`avahi did not see it: ${JSON.stringify(await other.browse(type))}`);
    };
    const found = (): string[] => peer.found.map(({ name, port }) => `${name} ${port}`);

    const nameNow = async (): Promise<string | undefined> => {
      const said = (): number => peer.said.filter((line) => line.includes('"announced"')).length;
      const before = said();
      peer.tell({ do: 'say name' });
      await waitUntil(() => said() > before, 5);
      return peer.announced;
    };

    test('is seen with the host that avahi says, its address, port and TXT record (item 46)', async () => {
      const txt = { model: 'D', empty: '' };
      const advert = { name: 'Dr. Böx', type: MIDI, port: 5_004, txt };
      peer.tell({ do: 'announce', advert });
      const [seen] = await browseUntil(MIDI, (list) => list.length === 1);
      const address = spaces.there.address;
      expect(seen).toMatchObject({ name: 'Dr. Böx', host: 'box.local', address, port: 5_004 });
      expect(seen?.txt).toContain('"model=D"');
      await waitUntil(() => peer.found.length === 1, 10);
      expect(peer.found).toMatchObject([advert]);
    });

    test('a new TXT record takes the place of the old one (item 46)', async () => {
      peer.tell({ do: 'update', txt: { model: 'B' } });
      const [seen] = await browseUntil(MIDI, (list) => list[0]?.txt.includes('B') === true);
      expect(seen?.txt).toBe('"model=B"');
      await waitUntil(() => peer.found[0]?.txt['model'] === 'B', 10);
    });

    test('a new address is seen, and the old one no more (item 46)', async () => {
      const { there } = spaces;
      for (const [from, to] of [
        [there.address, '10.77.0.9'],
        ['10.77.0.9', there.address],
      ] as const) {
        await there.ip('addr', 'del', `${from}/24`, 'dev', there.interface);
        await there.ip('addr', 'add', `${to}/24`, 'dev', there.interface);
        const seen = await browseUntil(MIDI, (list) => list[0]?.address === to);
        expect(seen).toHaveLength(1);
      }
    });

    test('what the other end publishes is found with its address, and lost again (item 46)', async () => {
      const publisher = other.publish('St. Piano', MIDI, 5_006, 'grand=yes');
      await waitUntil(() => found().includes('St. Piano 5006'), 15);
      expect(peer.found.find(({ name }) => name === 'St. Piano')).toMatchObject({
        host: 'avahi-peer.local',
        addresses: [spaces.here.address],
        txt: { grand: 'yes' },
      });
      await publisher.end();
      await waitUntil(() => !found().includes('St. Piano 5006'), 10);
    });

    test('a name that the other end has is not ours: avahi proposes the next one (item 46)', async () => {
      peer.tell({ do: 'withdraw' });
      await browseUntil(MIDI, (list) => list.length === 0);
      const publisher = other.publish('Taken', MIDI, 5_010);
      await waitUntil(() => found().includes('Taken 5010'), 15);
      peer.tell({ do: 'announce', advert: { name: 'Taken', type: MIDI, port: 5_008, txt: {} } });
      await waitUntil(() => peer.announced === 'Taken #2', 15);
      await waitUntil(() => found().length === 2, 10);
      expect(found()).toEqual(['Taken 5010', 'Taken #2 5008']);
      await publisher.end();
    });

    test('a name that we have is ours: who comes later takes the next one (item 46)', async () => {
      await waitUntil(() => found().join() === 'Taken #2 5008', 15);
      const publisher = other.publish('Taken #2', MIDI, 5_012);
      await waitUntil(() => found().length === 2, 15);
      expect(found()).toEqual(['Taken #2 5008', 'Taken #3 5012']);
      await publisher.end();
      await waitUntil(() => found().length === 1, 10);
    });

    test('two networks that become one have a conflict, and one of the two gives way (item 46)', async () => {
      const { there } = spaces;
      await there.ip('link', 'set', there.interface, 'down');
      const publisher = other.publish('Taken #2', MIDI, 5_014);
      await browseUntil(MIDI, (list) => list.some(({ port }) => port === 5_014));
      await there.ip('link', 'set', there.interface, 'up');
      await there.ip('route', 'replace', 'default', 'dev', there.interface);
      const seen = await browseUntil(
        MIDI,
        (list) => new Set(list.map((each) => each.name)).size === 2,
      );
      expect(seen.map(({ name }) => name).sort()).toEqual(['Taken #2', 'Taken #3']);
      const ours = seen.find(({ port }) => port === 5_008);
      expect(await nameNow()).toBe(ours?.name);
      await publisher.end();
      await waitUntil(() => found().length === 1, 15);
    });

    test('when avahi is restarted, the service is announced again under its name, and no list is told as empty (item 46)', async () => {
      const publisher = other.publish('Steady', MIDI, 5_016);
      await waitUntil(() => found().includes('Steady 5016'), 15);
      await waitUntil(() => found().length === 2, 15);
      const before = peer.lists.length;
      const names = found();
      await ours.restart();
      await browseUntil(MIDI, (list) => list.some(({ port }) => port === 5_008));
      await sleep(5_000);
      expect(found()).toEqual(names);
      for (const list of peer.lists.slice(before)) {
        expect(list.map(({ name }) => name)).toContain('Steady');
      }
      await publisher.end();
      await waitUntil(() => found().length === 1, 15);
    });

    test('when avahi is gone for good, our own responder answers, and hands over without a goodbye when it is back (item 46)', async () => {
      await ours.stop();
      const by = (): string | undefined =>
        peer.said.findLast((line) => line.includes('services are announced'));
      await waitUntil(() => by()?.includes('own responder') === true, 15);
      const [seen] = await browseUntil(MIDI, (list) => list.some(({ port }) => port === 5_008));
      expect(seen?.host).not.toBe('box.local');
      const watcher = await startPeer(spaces.here, other.bus);
      watcher.tell({ do: 'browse', type: MIDI });
      await waitUntil(() => watcher.found.length === 1, 15);
      const before = watcher.lists.length;
      await ours.restart();
      await waitUntil(() => by()?.includes('avahi') === true, 15);
      const [again] = await browseUntil(MIDI, (list) => list[0]?.host === 'box.local');
      expect(again).toMatchObject({ name: seen?.name, port: 5_008 });
      await waitUntil(() => watcher.found[0]?.host === 'box.local', 15);
      const lists = watcher.lists.slice(before);
      expect(lists.map((list) => list.length)).toEqual(lists.map(() => 1));
      await watcher.process.end();
    });

    test('a box that is killed is gone from the network at once: avahi says goodbye for it (item 46)', async () => {
      await peer.process.end('SIGKILL');
      const from = performance.now();
      await browseUntil(MIDI, (list) => list.length === 0);
      // Without a goodbye it would stay for two minutes (RFC 6762 section 10), and its TXT record for 75.
      expect(performance.now() - from).toBeLessThan(60_000);
    });

    test('where avahi is told not to publish, our own responder does (item 46)', async () => {
      await ours.stop();
      const directory = await mkdtemp(join(tmpdir(), 'togthr-avahi-'));
      teardown.defer(() => rm(directory, { recursive: true, force: true }));
      const silent = await startAvahi(spaces.there, directory, {
        hostName: 'box',
        publishes: false,
      });
      const shy = await startPeer(spaces.there, silent.bus);
      shy.tell({ do: 'announce', advert: { name: 'Shy', type: SESSION, port: 7_000, txt: {} } });
      const [seen] = await browseUntil(SESSION, (list) => list.length === 1);
      expect(seen).toMatchObject({ name: 'Shy', port: 7_000 });
      expect(shy.said.some((line) => line.includes('avahi does not publish for us'))).toBe(true);
    });
  });
}
