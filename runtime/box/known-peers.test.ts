import { expect, test } from 'vitest';
import { openMemoryStorage } from '../../sim/memory-storage.ts';
import {
  type KnownPeer,
  MAX_KNOWN,
  readKnownPeers,
  withoutPeer,
  withPeer,
  writeKnownPeers,
} from './known-peers.ts';

const peer = (port: number, how: KnownPeer['how'] = 'dialled', name = `p${port}`): KnownPeer => ({
  name,
  host: '10.0.0.1',
  port,
  how,
});

test('known peers are read as they were written; none leave no file', async () => {
  const storage = openMemoryStorage();
  expect(await readKnownPeers(storage)).toEqual([]);
  const peers = [peer(5004), { ...peer(6000, 'met'), host: 'fe80::1%eth0' }];
  await writeKnownPeers(storage, peers);
  expect(await readKnownPeers(storage)).toEqual(peers);
  await writeKnownPeers(storage, []);
  expect(await storage.list('')).toEqual([]);
});

test.each([
  ['no JSON', '{"peers'],
  ['another version', JSON.stringify({ version: 2, peers: [] })],
  ['a port that is none', JSON.stringify({ version: 1, peers: [peer(70_000)] })],
  ['a host that is none', JSON.stringify({ version: 1, peers: [{ ...peer(1), host: 'a b' }] })],
  ['too many', JSON.stringify({ version: 1, peers: Array(MAX_KNOWN + 1).fill(peer(1)) })],
])('a file with %s is as none', async (_what, text) => {
  const storage = openMemoryStorage();
  await storage.write('peers/known', new TextEncoder().encode(text));
  expect(await readKnownPeers(storage)).toEqual([]);
});

test('the newest is first, once, with its name; whoever was asked for stays asked for', () => {
  const some = [peer(1), peer(2, 'met')];
  expect(withPeer(some, peer(2, 'dialled', ''))).toEqual([peer(2), peer(1)]);
  expect(withPeer(some, peer(1, 'met', 'new'))).toEqual([
    peer(1, 'dialled', 'new'),
    peer(2, 'met'),
  ]);
  expect(withoutPeer(some, { host: '10.0.0.1', port: 1 })).toEqual([peer(2, 'met')]);
});

test('who is known by name is in the list once, where it was last (item 46)', () => {
  const some = [peer(1, 'named', 'Studio Mac'), peer(2)];
  expect(withPeer(some, peer(3, 'named', 'Studio Mac'))).toEqual([
    peer(3, 'named', 'Studio Mac'),
    peer(2),
  ]);
  expect(withPeer(some, peer(1, 'dialled', 'mac'))).toEqual(some);
});

test('a full list gives up the oldest that was met, or else the oldest', () => {
  const full = Array.from({ length: MAX_KNOWN }, (_, i) =>
    peer(i + 1, i === 3 ? 'met' : 'dialled'),
  );
  const more = withPeer(full, peer(100));
  expect(more).toHaveLength(MAX_KNOWN);
  expect(more.some(({ port }) => port === 4)).toBe(false);
  const evenMore = withPeer(more, peer(101, 'met'));
  expect(evenMore).toHaveLength(MAX_KNOWN);
  expect(evenMore[0]).toEqual(peer(101, 'met'));
  expect(evenMore.some(({ port }) => port === MAX_KNOWN)).toBe(false);
});
