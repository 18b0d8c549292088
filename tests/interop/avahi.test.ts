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
  test('our discovery and avahi find one another', (context) => {
    context.skip(`not tested: ${why}`);
  });
} else {
  describe('our discovery and avahi, on a network of their own', () => {
    const teardown = new Teardown();
    let spaces: NamespacePair;
    let avahi: Avahi;
    let peer: Peer;

    beforeAll(async () => {
      const directory = await mkdtemp(join(tmpdir(), 'togthr-avahi-'));
      teardown.defer(() => rm(directory, { recursive: true, force: true }));
      spaces = teardown.hold(await openNamespaces());
      avahi = await startAvahi(spaces.here, join(directory, 'avahi'));
      peer = await startPeer(spaces.there);
      for (const type of [SESSION, MIDI]) peer.tell({ do: 'browse', type });
    });
    afterAll(() => teardown[Symbol.asyncDispose]());

    const browseUntil = async (
      type: ServiceType,
      reached: (found: readonly AvahiService[]) => boolean,
    ): Promise<readonly AvahiService[]> => {
      for (let tried = 0; tried < 30; tried++) {
        const found = await avahi.browse(type);
        if (reached(found)) return found;
        await sleep(200);
      }
      throw new Error(`avahi did not see it: ${JSON.stringify(await avahi.browse(type))}`);
    };

    test('avahi finds our session with its host, address, port and TXT record', async () => {
      const txt = { name: 'Blue Monday', tempo: '120' };
      peer.tell({ do: 'announce', advert: { name: 'Böx One', type: SESSION, port: 7_001, txt } });
      const found = await browseUntil(SESSION, (list) => list.length > 0);
      expect(found).toMatchObject([
        { name: 'Böx One', type: SESSION, address: spaces.there.address, port: 7_001 },
      ]);
      expect(found[0]?.host).toMatch(/\.local$/);
      expect(found[0]?.txt).toContain('"tempo=120"');
      expect(found[0]?.txt).toContain('"name=Blue Monday"');
    });

    test('avahi sees the new TXT record, and only that (item 46)', async () => {
      peer.tell({ do: 'update', txt: { tempo: '133' } });
      const found = await browseUntil(SESSION, (list) => list[0]?.txt.includes('133') === true);
      expect(found).toHaveLength(1);
      expect(found[0]?.txt).toBe('"tempo=133"');
    });

    test('avahi sees our new address when the interface changes, and not the old one (item 46)', async () => {
      const { there } = spaces;
      const move = async (from: string, to: string): Promise<void> => {
        await there.ip('addr', 'del', `${from}/24`, 'dev', there.interface);
        await there.ip('addr', 'add', `${to}/24`, 'dev', there.interface);
      };
      for (const [from, to] of [
        [there.address, '10.77.0.9'],
        ['10.77.0.9', there.address],
      ] as const) {
        await move(from, to);
        const found = await browseUntil(SESSION, (list) => list[0]?.address === to);
        expect(found).toHaveLength(1);
      }
    });

    test('avahi sees our goodbye at once (item 46)', async () => {
      peer.tell({ do: 'withdraw' });
      await browseUntil(SESSION, (list) => list.length === 0);
    });

    test('names with dots go both ways as they are (item 46)', async () => {
      const name = 'Dr. Beat v1.0 \\ Ö';
      peer.tell({ do: 'announce', advert: { name, type: MIDI, port: 5_004, txt: {} } });
      const found = await browseUntil(MIDI, (list) => list.length > 0);
      expect(found.map((each) => each.name)).toEqual([name]);
      peer.tell({ do: 'withdraw' });
      await browseUntil(MIDI, (list) => list.length === 0);
      const publisher = avahi.publish('St. Peter (2.5)', MIDI, 5_004);
      await waitUntil(() => peer.found.some((each) => each.name === 'St. Peter (2.5)'), 15);
      await publisher.end();
      await waitUntil(() => peer.found.every(({ type }) => type !== MIDI), 10);
    });

    test('we find what avahi publishes, with its address, and see it go (item 46)', async () => {
      const publisher = avahi.publish('Grand Piano', MIDI, 5_004, 'model=D', 'flag');
      await waitUntil(() => peer.found.some(({ type }) => type === MIDI), 15);
      expect(peer.found).toMatchObject([
        {
          name: 'Grand Piano',
          type: MIDI,
          port: 5_004,
          txt: { model: 'D', flag: '' },
          host: 'avahi-peer.local',
        },
      ]);
      expect(peer.found[0]?.addresses[0]).toBe(spaces.here.address);
      await publisher.end();
      await waitUntil(() => peer.found.length === 0, 10);
    });

    test('a name that avahi has gets a number from us (item 46)', async () => {
      const publisher = avahi.publish('Taken', MIDI, 5_006);
      await waitUntil(() => peer.found.some(({ name }) => name === 'Taken'), 15);
      peer.tell({ do: 'announce', advert: { name: 'Taken', type: MIDI, port: 5_008, txt: {} } });
      await waitUntil(() => peer.announced === 'Taken (2)', 15);
      const found = await browseUntil(MIDI, (list) => list.length === 2);
      const ports = found.map(({ name, port }) => `${name} ${port}`).sort();
      expect(ports).toEqual(['Taken (2) 5008', 'Taken 5006']);
      await publisher.end();
      peer.tell({ do: 'withdraw' });
      await browseUntil(MIDI, (list) => list.length === 0);
    });

    test('a name that we have gets a number from avahi (item 46)', async () => {
      peer.tell({ do: 'announce', advert: { name: 'Ours', type: MIDI, port: 5_010, txt: {} } });
      await waitUntil(() => peer.announced === 'Ours', 15);
      const publisher = avahi.publish('Ours', MIDI, 5_012);
      await waitUntil(() => peer.found.length === 2, 15);
      expect(peer.found.map(({ name, port }) => `${name} ${port}`)).toEqual([
        'Ours 5010',
        'Ours #2 5012',
      ]);
      await publisher.end();
      peer.tell({ do: 'withdraw' });
      await waitUntil(() => peer.found.length === 0, 10);
    });

    test('a service announced without a network is found when the network comes', async () => {
      const { there } = spaces;
      await there.ip('link', 'set', there.interface, 'down');
      await there.ip('link', 'set', 'lo', 'down');
      // Longer than it takes us to notice.
      await sleep(2_500);
      peer.tell({ do: 'announce', advert: { name: 'Early', type: SESSION, port: 7_003, txt: {} } });
      const warned = (line: string): boolean => line.includes('no network yet');
      await waitUntil(() => peer.said.some(warned), 15);
      await there.ip('link', 'set', 'lo', 'up');
      await there.ip('link', 'set', there.interface, 'up');
      await there.ip('route', 'replace', 'default', 'dev', there.interface);
      const found = await browseUntil(SESSION, (list) => list.length === 1);
      expect(found).toMatchObject([{ name: 'Early', address: there.address }]);
    });

    test('when we are ended in order, avahi hears goodbye', async () => {
      peer.tell({ do: 'quit' });
      await waitUntil(() => peer.process.ended, 5);
      await browseUntil(SESSION, (list) => list.length === 0);
    });
  });

  test('two processes find one another where there is nothing but loopback', async () => {
    await using spaces = await openNamespaces();
    const { here } = spaces;
    await here.ip('link', 'set', here.interface, 'down');
    const [one, other] = await Promise.all([startPeer(here), startPeer(here)]);
    for (const each of [one, other]) each.tell({ do: 'browse', type: SESSION });
    one.tell({ do: 'announce', advert: { name: 'One', type: SESSION, port: 1, txt: {} } });
    other.tell({ do: 'announce', advert: { name: 'Other', type: SESSION, port: 2, txt: {} } });
    for (const each of [one, other]) {
      await waitUntil(() => each.found.length === 2, 10);
      expect(each.found.map(({ name, addresses }) => `${name} ${addresses[0]}`)).toEqual([
        'One 127.0.0.1',
        'Other 127.0.0.1',
      ]);
    }
  });

  test('two processes on a machine with a network find one another', async () => {
    await using spaces = await openNamespaces();
    const { here } = spaces;
    const [one, other] = await Promise.all([startPeer(here), startPeer(here)]);
    other.tell({ do: 'browse', type: MIDI });
    one.tell({ do: 'announce', advert: { name: 'One', type: MIDI, port: 5_004, txt: {} } });
    await waitUntil(() => other.found.length === 1, 10);
    expect(other.found).toMatchObject([{ name: 'One' }]);
    expect(other.found[0]?.addresses[0]).toBe(here.address);
  });
}
