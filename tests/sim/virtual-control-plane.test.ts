import { expect, test } from 'vitest';
import type { ControlPlane, DirectoryEntry } from '../../runtime/control/control-plane.ts';
import type { BoxId, SessionId } from '../../runtime/core/ensemble.ts';
import { fromMillis, fromSeconds } from '../../runtime/core/time.ts';
import type { ByteStream } from '../../runtime/ports/stream-network.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import {
  openVirtualControlPlane,
  type VirtualControlPlane,
} from '../../sim/virtual-control-plane.ts';

const NEVER = new AbortController().signal;
const ADA = 'a'.repeat(32) as BoxId;
const BEN = 'b'.repeat(32) as BoxId;
const EVE = 'e'.repeat(32) as BoxId;
const ENTRY: DirectoryEntry = {
  session: '5'.repeat(32) as SessionId,
  name: 'Jam',
  host: ADA,
  hostName: 'Ada',
  members: [ADA],
  tempo: 120,
  participants: 1,
};

interface Rig {
  readonly hub: VirtualControlPlane;
  readonly ada: ControlPlane;
  readonly ben: ControlPlane;
  turn(millis: number): Promise<void>;
  finish<T>(promise: Promise<T>): Promise<T>;
}

function openRig(): Rig {
  const clock = new VirtualClock();
  const hub = openVirtualControlPlane({ clock, randomness: seededRandomness(1) });
  const turn = (millis: number): Promise<void> => clock.advanceSettling(fromMillis(millis));
  return {
    hub,
    ada: hub.planeOf(ADA),
    ben: hub.planeOf(BEN),
    turn,
    async finish(promise) {
      let done = false;
      const ended = promise.finally(() => {
        done = true;
      });
      ended.catch(() => {});
      for (let round = 0; round < 100 && !done; round++) await turn(10);
      return ended;
    },
  };
}

test('letters arrive in order, and who sent them is known', async () => {
  const { ada, ben, finish, turn } = openRig();
  const heard: [BoxId, number | undefined][] = [];
  ben.onSignal((from, message) => heard.push([from, message[0]]));
  for (let number = 0; number < 20; number++) await finish(ada.signal(BEN, Uint8Array.of(number)));
  await turn(100);
  expect(heard).toEqual(Array.from({ length: 20 }, (_, number) => [ADA, number]));
});

test('a server may withhold, repeat, and lie about who sent a letter', async () => {
  const { hub, ada, ben, finish, turn } = openRig();
  const heard: BoxId[] = [];
  ben.onSignal((from) => heard.push(from));
  hub.misdeeds.letter = (letter) => [letter, letter, { ...letter, from: EVE }];
  await finish(ada.signal(BEN, Uint8Array.of(1)));
  await turn(100);
  expect(heard.sort()).toEqual([ADA, ADA, EVE]);
  hub.misdeeds.letter = () => [];
  await finish(ada.signal(BEN, Uint8Array.of(2)));
  await turn(100);
  expect(heard).toHaveLength(3);
  expect(hub.letters.map(({ message }) => message[0])).toEqual([1, 2]);
});

test('a box that is not online, or a server that is down, is said in words', async () => {
  const { hub, ada, ben, finish } = openRig();
  await expect(finish(ada.signal(EVE, Uint8Array.of(1)))).rejects.toMatchObject({
    code: 'unavailable',
  });
  const states: string[] = [];
  ada.onState((state) => states.push(state));
  hub.setUp(false);
  expect([ada.state, ben.state, ada.problem]).toEqual([
    'offline',
    'offline',
    'https://jam.example.org does not answer',
  ]);
  await expect(ada.signal(BEN, Uint8Array.of(1))).rejects.toMatchObject({ code: 'unavailable' });
  hub.setUp(true);
  expect(states).toEqual(['offline', 'online']);
});

test('an invitation in either form leads to the session and its secret, until it expires or is revoked', async () => {
  const clock = new VirtualClock();
  const hub = openVirtualControlPlane({
    clock,
    randomness: seededRandomness(2),
    delay: [fromMillis(1), fromMillis(1)],
  });
  const ada = hub.planeOf(ADA);
  const ben = hub.planeOf(BEN);
  const finish = async <T>(promise: Promise<T>): Promise<T> => {
    promise.catch(() => {});
    await clock.advanceSettling(fromMillis(20));
    return promise;
  };
  await expect(finish(ada.invite())).rejects.toMatchObject({ code: 'invalid' });
  ada.publish(ENTRY);
  const { link, webLink, secret, code } = await finish(ada.invite());
  for (const form of [link, webLink])
    expect(await finish(ben.open(form, NEVER))).toEqual({ ...ENTRY, secret });
  expect(await finish(ben.find(ENTRY.session, NEVER))).toEqual(ENTRY);
  await finish(ada.revoke(code));
  await expect(finish(ben.open(link, NEVER))).rejects.toMatchObject({ code: 'unavailable' });
  const later = await finish(ada.invite());
  clock.advance(fromSeconds(24 * 3_600 + 1));
  await expect(finish(ben.open(later.link, NEVER))).rejects.toMatchObject({ code: 'unavailable' });
});

test('a tunnel passes bytes both ways in order, and breaks with the server', async () => {
  const { hub, ada, ben, finish, turn } = openRig();
  let far: ByteStream | undefined;
  let from: BoxId | undefined;
  ben.onTunnel((who, stream) => {
    from = who;
    far = stream;
  });
  const near = await finish(ada.openTunnel(BEN, NEVER));
  near.write(Uint8Array.of(1, 2));
  near.write(Uint8Array.of(3));
  await turn(100);
  expect(from).toBe(ADA);
  const atFar: number[] = [];
  far?.onBytes((bytes) => atFar.push(...bytes));
  far?.write(Uint8Array.of(9));
  const atNear: number[] = [];
  near.onBytes((bytes) => atNear.push(...bytes));
  await turn(100);
  expect([atFar, atNear]).toEqual([[1, 2, 3], [9]]);
  let closed = 0;
  near.onClosed(() => closed++);
  far?.onClosed(() => closed++);
  hub.setUp(false, BEN);
  expect(closed).toBe(2);
});

test('a server may lead a tunnel elsewhere under a false name, and change what goes through', async () => {
  const { hub, ada, ben, finish, turn } = openRig();
  const eve = hub.planeOf(EVE);
  const heard: [BoxId, number[]][] = [];
  const listen = (plane: ControlPlane): void => {
    plane.onTunnel((from, stream) => stream.onBytes((bytes) => heard.push([from, [...bytes]])));
  };
  listen(ben);
  listen(eve);
  hub.misdeeds.tunnel = () => ({ from: BEN, to: EVE });
  hub.misdeeds.tunnelBytes = (bytes) => bytes.map((octet) => octet ^ 1);
  (await finish(ada.openTunnel(BEN, NEVER))).write(Uint8Array.of(2, 4));
  await turn(100);
  expect(heard).toEqual([[BEN, [3, 5]]]);
});
