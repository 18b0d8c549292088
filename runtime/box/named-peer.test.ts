import { expect, test } from 'vitest';
import { settle, VirtualClock } from '../../sim/virtual-clock.ts';
import { fromSeconds } from '../core/time.ts';
import type { NetAddress } from '../ports/datagram-network.ts';
import type { Discovery, FoundService } from '../ports/discovery.ts';
import { type Dialling, openNamedPeer } from './named-peer.ts';

/** A network on which `answers` are the hosts that answer, and `found` is what is announced. */
function openStudio(name: string) {
  const clock = new VirtualClock();
  const answers = new Set<string>();
  const dialled: string[] = [];
  const open: string[] = [];
  let listener: (found: readonly FoundService[]) => void = () => {};
  const discovery: Discovery = {
    announce: () => Promise.reject(new Error('not here')),
    browse: (_type, told) => {
      listener = told;
      told([]);
      return { [Symbol.dispose]: () => {} };
    },
    [Symbol.asyncDispose]: async () => {},
  };
  const dial = ({ host, port }: NetAddress): Dialling => {
    const where = `${host} ${port}`;
    dialled.push(where);
    open.push(where);
    return {
      get state() {
        return answers.has(host) ? 'connected' : 'inviting';
      },
      [Symbol.asyncDispose]: async () => {
        open.splice(open.indexOf(where), 1);
      },
    };
  };
  const service = (addresses: readonly string[], port: number = 5_004): FoundService => ({
    name: 'Studio Mac',
    type: '_apple-midi._udp',
    port,
    txt: {},
    host: 'mac.local',
    addresses,
  });
  const peer = openNamedPeer({ clock, discovery, dial }, name);
  return {
    clock,
    peer,
    answers,
    dialled,
    open,
    find: (addresses: readonly string[], port?: number) => listener([service(addresses, port)]),
    findNothing: () => listener([]),
  };
}

test.each(['Studio Mac', 'studio mac', 'MAC.local'])(
  'a peer is dialled as soon as it is announced, under the name %s (item 46)',
  (name) => {
    const studio = openStudio(name);
    studio.clock.advance(fromSeconds(5));
    expect(studio.peer.state).toBe('looking');
    studio.answers.add('192.0.2.7');
    studio.find(['192.0.2.7']);
    expect(studio.peer.state).toBe('connected');
    expect(studio.dialled).toEqual(['192.0.2.7 5004']);
    expect(studio.peer.address).toEqual({ host: '192.0.2.7', port: 5_004 });
  },
);

test('another name is not dialled, but can be told', () => {
  const studio = openStudio('Stage');
  studio.find(['192.0.2.7']);
  expect(studio.dialled).toEqual([]);
  expect(studio.peer.names).toEqual(['Studio Mac']);
});

test('an announced address that does not answer costs three seconds, then the next is tried, round and round (items 45, 46)', async () => {
  const studio = openStudio('Studio Mac');
  studio.find(['192.0.2.7', 'fe80::7%eth0']);
  studio.clock.advance(fromSeconds(10));
  await settle();
  expect(studio.dialled).toEqual([
    '192.0.2.7 5004',
    'fe80::7%eth0 5004',
    '192.0.2.7 5004',
    'fe80::7%eth0 5004',
  ]);
  expect(studio.open).toHaveLength(1);
  studio.answers.add('fe80::7%eth0');
  studio.clock.advance(fromSeconds(60));
  expect(studio.peer.state).toBe('connected');
  expect(studio.dialled).toHaveLength(4);
});

test('the only address is dialled once, and goes on being invited', () => {
  const studio = openStudio('Studio Mac');
  studio.find(['192.0.2.7']);
  studio.clock.advance(fromSeconds(60));
  expect(studio.dialled).toHaveLength(1);
});

test('a session that is up is left alone while its address is announced, or nothing is', () => {
  const studio = openStudio('Studio Mac');
  studio.answers.add('192.0.2.7');
  studio.find(['192.0.2.7']);
  studio.find(['10.0.0.7', '192.0.2.7']);
  studio.findNothing();
  studio.clock.advance(fromSeconds(60));
  expect(studio.dialled).toHaveLength(1);
});

test('a peer that moves to another address or port is dialled there at once (item 46)', async () => {
  const studio = openStudio('Studio Mac');
  studio.answers.add('192.0.2.7').add('192.0.2.8');
  studio.find(['192.0.2.7']);
  studio.find(['192.0.2.8']);
  expect(studio.dialled.at(-1)).toBe('192.0.2.8 5004');
  studio.find(['192.0.2.8'], 5_010);
  expect(studio.dialled.at(-1)).toBe('192.0.2.8 5010');
  await settle();
  expect(studio.open).toEqual(['192.0.2.8 5010']);
});

test('disposing ends the looking and the connection', async () => {
  const studio = openStudio('Studio Mac');
  studio.find(['192.0.2.7', '192.0.2.8']);
  await studio.peer[Symbol.asyncDispose]();
  await studio.peer[Symbol.asyncDispose]();
  studio.find(['192.0.2.9']);
  studio.clock.advance(fromSeconds(60));
  expect(studio.open).toEqual([]);
  expect(studio.dialled).toHaveLength(1);
});
