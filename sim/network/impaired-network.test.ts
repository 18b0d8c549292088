import { expect, test } from 'vitest';
import { fromMillis, fromSeconds } from '../../runtime/core/time.ts';
import { seededRandomness } from '../seeded-randomness.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { type ImpairedNetwork, openImpairedNetwork } from './impaired-network.ts';
import { NETWORK_PROFILES } from './profiles.ts';
import { openVirtualNetwork } from './virtual-network.ts';

const NEVER = new AbortController().signal;

function openRig(): {
  clock: VirtualClock;
  impaired: ImpairedNetwork;
  behind: ReturnType<typeof openVirtualNetwork>;
} {
  const clock = new VirtualClock();
  const behind = openVirtualNetwork({ clock, randomness: seededRandomness(1) });
  const { datagrams, streams } = behind.host('10.0.0.1');
  const randomness = seededRandomness(2);
  return {
    clock,
    behind,
    impaired: openImpairedNetwork({ clock, randomness, datagrams, streams }),
  };
}

test('a profile may be changed in the middle, for all or for one destination', async () => {
  const { clock, impaired, behind } = openRig();
  const near = await impaired.datagrams.bind({ port: 0 });
  const delays: Record<string, number[]> = { b: [], c: [] };
  const sentAt = (): number => clock.now();
  let sent = sentAt();
  const hear = async (host: string, name: 'b' | 'c') => {
    const socket = await behind.host(host).datagrams.bind({ port: 5_004 });
    socket.onDatagram((_bytes, _from, at) => void delays[name]?.push(Math.round(at - sent)));
    return socket.local;
  };
  const b = await hear('10.0.0.2', 'b');
  const c = await hear('10.0.0.3', 'c');
  const slow = { ...NETWORK_PROFILES.perfect, base: fromMillis(70) };
  const round = (): void => {
    sent = sentAt();
    near.send(Uint8Array.of(1), b);
    near.send(Uint8Array.of(1), c);
    clock.advance(fromMillis(100));
  };
  round();
  impaired.setProfile(slow, b);
  round();
  impaired.setProfile(slow);
  round();
  impaired.setProfile('perfect');
  round();
  expect(delays).toEqual({ b: [0, 70_000, 70_000, 0], c: [0, 0, 70_000, 0] });
});

test('what waits when the socket is disposed is not sent', async () => {
  const { clock, impaired, behind } = openRig();
  impaired.setProfile('transatlantic');
  const near = await impaired.datagrams.bind({ port: 0 });
  near.send(Uint8Array.of(1), { host: '10.0.0.1', port: 9 });
  await near[Symbol.asyncDispose]();
  clock.advance(fromSeconds(1));
  expect(behind.stats.sent).toBe(0);
});

test('a flood fills the queue, whose newest are dropped and counted', async () => {
  const { clock, impaired, behind } = openRig();
  impaired.setProfile({ ...NETWORK_PROFILES.perfect, base: fromMillis(50) });
  const near = await impaired.datagrams.bind({ port: 0 });
  for (let sent = 0; sent < 5_000; sent++) {
    near.send(Uint8Array.of(1), { host: '10.0.0.1', port: 9 });
  }
  clock.advance(fromSeconds(1));
  expect(impaired.stats).toMatchObject({ sent: 5_000, dropped: 5_000 - 4_096, lost: 0 });
  expect(behind.stats.sent).toBe(4_096);
});

test('loss, duplicates and a partition are counted', async () => {
  const { clock, impaired } = openRig();
  impaired.setProfile({ ...NETWORK_PROFILES.badwifi60, duplicates: 0.2 });
  const near = await impaired.datagrams.bind({ port: 0 });
  const to = { host: '10.0.0.2', port: 9 };
  for (let sent = 0; sent < 1_000; sent++) {
    if (sent === 500) impaired.part(to);
    if (sent === 600) impaired.heal();
    near.send(Uint8Array.of(1), to);
    clock.advance(fromMillis(1));
  }
  const { lost, duplicated, parted } = impaired.stats;
  expect(parted).toBe(100);
  expect(lost).toBeGreaterThan(10);
  expect(duplicated).toBeGreaterThan(100);
});

test('a stream stalls while parted and delivers everything after', async () => {
  const { clock, impaired, behind } = openRig();
  impaired.setProfile('badwifi60');
  const received: number[] = [];
  let closed = 0;
  await behind.host('10.0.0.2').streams.listen({ port: 7 }, (stream) => {
    stream.onBytes((bytes) => void received.push(...bytes));
    stream.onClosed(() => closed++);
  });
  const dialling = impaired.streams.connect({ host: '10.0.0.2', port: 7 }, NEVER);
  await clock.advanceSettling(fromMillis(10));
  const stream = await dialling;
  for (let octet = 0; octet < 100; octet++) {
    if (octet === 30) impaired.part();
    if (octet === 60) impaired.heal();
    stream.write(Uint8Array.of(octet));
    await clock.advanceSettling(fromMillis(50), fromMillis(10));
    if (octet === 59) expect(received.length).toBeLessThan(40);
  }
  const disposing = stream[Symbol.asyncDispose]();
  await clock.advanceSettling(fromSeconds(2), fromMillis(10));
  await disposing;
  expect(received).toEqual(Array.from({ length: 100 }, (_, octet) => octet));
  expect(closed).toBe(1);
});
