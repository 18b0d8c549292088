import { expect, test } from 'vitest';
import { fromMillis, fromSeconds } from '../../runtime/core/time.ts';
import type { DatagramSocket } from '../../runtime/ports/datagram-network.ts';
import type { ByteStream } from '../../runtime/ports/stream-network.ts';
import { seededRandomness } from '../seeded-randomness.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { NETWORK_PROFILES, type ProfileName } from './profiles.ts';
import { openVirtualNetwork, type VirtualNetwork } from './virtual-network.ts';

const NEVER = new AbortController().signal;
const HOSTS = ['10.0.0.1', '10.0.0.2', '10.0.0.3'] as const;

interface Rig {
  readonly clock: VirtualClock;
  readonly net: VirtualNetwork;
  readonly sockets: readonly [DatagramSocket, DatagramSocket, DatagramSocket];
  /** What each socket heard, as `octet@milliseconds`. */
  readonly heard: string[];
}

async function openRig(profile: ProfileName = 'perfect', seed: number = 1): Promise<Rig> {
  const clock = new VirtualClock();
  const start = clock.now();
  const net = openVirtualNetwork({ clock, profile, randomness: seededRandomness(seed) });
  const heard: string[] = [];
  const bind = async (host: string): Promise<DatagramSocket> => {
    const socket = await net.host(host).datagrams.bind({ port: 5_004 });
    socket.onDatagram((bytes, from, at) => {
      const milliseconds = Math.round((at - start) / 1_000);
      heard.push(`${from.host} to ${host}: ${bytes[0]} @${milliseconds}`);
    });
    return socket;
  };
  const sockets = [await bind(HOSTS[0]), await bind(HOSTS[1]), await bind(HOSTS[2])] as const;
  return { clock, net, sockets, heard };
}

async function openStream({ clock, net }: Rig): Promise<{ near: ByteStream; far: ByteStream }> {
  let far: ByteStream | undefined;
  await net.host(HOSTS[1]).streams.listen({ port: 7 }, (stream) => {
    far = stream;
  });
  const dialling = net.host(HOSTS[0]).streams.connect({ host: HOSTS[1], port: 7 }, NEVER);
  await clock.advanceSettling(fromSeconds(1), fromMillis(10));
  if (!far) throw new Error('nobody was accepted');
  return { near: await dialling, far };
}

test('the same seed gives the same run', async () => {
  const play = async (): Promise<unknown> => {
    const { clock, net, sockets, heard } = await openRig('badwifi60');
    for (let octet = 0; octet < 200; octet++) {
      sockets[0].send(Uint8Array.of(octet), sockets[1].local);
      sockets[1].send(Uint8Array.of(octet), sockets[2].local);
      clock.advance(fromMillis(3));
    }
    clock.advance(fromSeconds(1));
    return { heard, stats: { ...net.stats } };
  };
  expect(await play()).toEqual(await play());
});

test('what happens between two hosts does not depend on what others send', async () => {
  const play = async (busy: boolean): Promise<string[]> => {
    const { clock, sockets, heard } = await openRig('badwifi60');
    for (let octet = 0; octet < 100; octet++) {
      if (busy) sockets[2].send(Uint8Array.of(octet), sockets[1].local);
      sockets[0].send(Uint8Array.of(octet), sockets[1].local);
      clock.advance(fromMillis(3));
    }
    clock.advance(fromSeconds(1));
    return heard.filter((line) => line.startsWith(HOSTS[0]));
  };
  expect(await play(true)).toEqual(await play(false));
});

test('each direction has a profile of its own, and the last word wins', async () => {
  const { clock, net, sockets, heard } = await openRig();
  const [a, b, c] = sockets;
  const slow = (milliseconds: number): (typeof NETWORK_PROFILES)['perfect'] => ({
    ...NETWORK_PROFILES.perfect,
    base: fromMillis(milliseconds),
  });
  net.setProfile(slow(50), HOSTS[0], HOSTS[1]);
  net.setProfile(slow(20), undefined, HOSTS[2]);
  a.send(Uint8Array.of(1), b.local);
  b.send(Uint8Array.of(2), a.local);
  b.send(Uint8Array.of(3), c.local);
  clock.advance(fromMillis(100));
  net.setProfile('perfect');
  a.send(Uint8Array.of(4), b.local);
  clock.advance(fromMillis(100));
  expect(heard).toEqual([
    `${HOSTS[1]} to ${HOSTS[0]}: 2 @0`,
    `${HOSTS[1]} to ${HOSTS[2]}: 3 @20`,
    `${HOSTS[0]} to ${HOSTS[1]}: 1 @50`,
    `${HOSTS[0]} to ${HOSTS[1]}: 4 @100`,
  ]);
});

test('every datagram is accounted for', async () => {
  const { clock, net, sockets } = await openRig('badwifi60');
  net.setProfile({ ...NETWORK_PROFILES.badwifi60, duplicates: 0.1 });
  for (let sent = 0; sent < 5_000; sent++) {
    sockets[0].send(Uint8Array.of(1), { host: HOSTS[1], port: sent % 10 === 0 ? 9 : 5_004 });
    if (sent === 2_500) net.partition([HOSTS[0]]);
    if (sent === 3_000) net.heal();
    clock.advance(fromMillis(1));
  }
  clock.advance(fromSeconds(2));
  const { sent, delivered, duplicated, lost, parted, dropped, unheard } = net.stats;
  expect(sent).toBe(5_000);
  expect(delivered + unheard + lost + parted + dropped).toBe(sent + duplicated);
  for (const count of [delivered, duplicated, lost, parted, unheard]) {
    expect(count).toBeGreaterThan(100);
  }
});

test('a partition parts its groups, leaves the others together, and heals', async () => {
  const { clock, net, sockets, heard } = await openRig();
  const [a, b, c] = sockets;
  const round = (octet: number): void => {
    a.send(Uint8Array.of(octet), b.local);
    b.send(Uint8Array.of(octet), c.local);
    clock.advance(fromMillis(1));
  };
  net.partition([HOSTS[0]]);
  round(1);
  net.partition([HOSTS[0], HOSTS[1]], [HOSTS[2]]);
  round(2);
  net.heal();
  round(3);
  expect(heard.map((line) => line.split(' @')[0])).toEqual([
    `${HOSTS[1]} to ${HOSTS[2]}: 1`,
    `${HOSTS[0]} to ${HOSTS[1]}: 2`,
    `${HOSTS[0]} to ${HOSTS[1]}: 3`,
    `${HOSTS[1]} to ${HOSTS[2]}: 3`,
  ]);
});

test('an unplugged host sends and hears nothing, and knows that it could not send', async () => {
  const { clock, net, sockets, heard } = await openRig();
  const [a, b] = sockets;
  net.host(HOSTS[0]).disconnect();
  a.send(Uint8Array.of(1), b.local);
  b.send(Uint8Array.of(2), a.local);
  clock.advance(fromMillis(1));
  expect(heard).toEqual([]);
  expect([a.unsent, b.unsent]).toEqual([1, 0]);
  net.host(HOSTS[0]).reconnect();
  a.send(Uint8Array.of(3), b.local);
  clock.advance(fromMillis(1));
  expect(heard).toHaveLength(1);
});

test('what is on its way when the cable is pulled is lost', async () => {
  const { clock, net, sockets, heard } = await openRig('xcountry');
  sockets[0].send(Uint8Array.of(1), sockets[1].local);
  clock.advance(fromMillis(10));
  net.host(HOSTS[1]).disconnect();
  clock.advance(fromSeconds(1));
  expect(heard).toEqual([]);
  expect(net.stats.parted).toBe(1);
});

test('a host reaches itself, by its address or as 127.0.0.1, without the network', async () => {
  const { clock, net, sockets, heard } = await openRig('transatlantic');
  net.host(HOSTS[0]).disconnect();
  net.host(HOSTS[0]).reconnect();
  sockets[0].send(Uint8Array.of(1), { host: '127.0.0.1', port: 5_004 });
  sockets[0].send(Uint8Array.of(2), sockets[0].local);
  clock.advance(fromMillis(1));
  expect(heard.map((line) => line.split(': ')[1])).toEqual(['1 @0', '2 @0']);
});

test('a stream stalls while its hosts are parted and goes on, complete, when they are not', async () => {
  const rig = await openRig('badwifi60');
  const { clock, net } = rig;
  const { near, far } = await openStream(rig);
  const received: number[] = [];
  far.onBytes((bytes) => void received.push(...bytes));
  let closed = false;
  far.onClosed(() => {
    closed = true;
  });
  const parts: (() => void)[] = [
    () => net.partition([HOSTS[0]]),
    () => net.heal(),
    () => net.host(HOSTS[1]).disconnect(),
    () => net.host(HOSTS[1]).reconnect(),
  ];
  for (let octet = 0; octet < 200; octet++) {
    if (octet % 50 === 0) parts[octet / 50]?.();
    near.write(Uint8Array.of(octet));
    await clock.advanceSettling(fromMillis(40), fromMillis(10));
    if (octet === 99) expect(received.length).toBeGreaterThan(80);
    if (octet === 149) expect(received.length).toBeLessThan(120);
  }
  await near[Symbol.asyncDispose]();
  await clock.advanceSettling(fromSeconds(5), fromMillis(10));
  expect(received).toEqual(Array.from({ length: 200 }, (_, octet) => octet));
  expect(closed).toBe(true);
});

test('a host that does not answer is unavailable after three seconds', async () => {
  const rig = await openRig();
  const to = { host: '10.9.9.9', port: 7 };
  const started = rig.clock.now();
  let failed: unknown;
  let at = 0;
  rig.net
    .host(HOSTS[0])
    .streams.connect(to, NEVER)
    .catch((error: unknown) => {
      failed = error;
      at = rig.clock.now() - started;
    });
  await rig.clock.advanceSettling(fromSeconds(4), fromMillis(100));
  expect(failed).toMatchObject({ code: 'unavailable' });
  expect(at).toBe(fromSeconds(3));
});

test('a caller that gives up leaves no stream open at the far end', async () => {
  const rig = await openRig('xcountry');
  const { clock, net } = rig;
  const ends: string[] = [];
  await net.host(HOSTS[1]).streams.listen({ port: 7 }, (stream) => {
    ends.push('accepted');
    stream.onClosed(() => void ends.push('closed'));
  });
  const controller = new AbortController();
  const dialling = net
    .host(HOSTS[0])
    .streams.connect({ host: HOSTS[1], port: 7 }, controller.signal)
    .catch(() => void ends.push('gave up'));
  await clock.advanceSettling(fromMillis(100), fromMillis(10));
  controller.abort();
  await dialling;
  await clock.advanceSettling(fromSeconds(1), fromMillis(10));
  expect(ends).toEqual(['accepted', 'gave up', 'closed']);
});
