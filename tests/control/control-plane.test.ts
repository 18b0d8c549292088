/** Both ends of the control plane on a virtual clock. */
import { expect, test } from 'vitest';
import type { ControlPlane } from '../../runtime/control/control-plane.ts';
import type { BoxId, SessionId } from '../../runtime/core/ensemble.ts';
import { fromMillis, fromSeconds } from '../../runtime/core/time.ts';
import type { ByteStream } from '../../runtime/ports/stream-network.ts';
import { entryOf, NEVER, openControlRig, type RigBox } from './control-rig.ts';

const SEED = 4711;

async function pair(rig: ReturnType<typeof openControlRig>): Promise<[RigBox, RigBox]> {
  const [ada, ben] = await rig.online('ada', 'ben');
  if (!ada || !ben) throw new Error('two were asked for');
  return [ada, ben];
}

const lettersOf = (plane: ControlPlane): [BoxId, string][] => {
  const heard: [BoxId, string][] = [];
  plane.onSignal((from, message) => heard.push([from, new TextDecoder().decode(message)]));
  return heard;
};
const letter = (text: string): Uint8Array => new TextEncoder().encode(text);

test('a box signs in, and is known by the hash of its key', async () => {
  const rig = openControlRig(SEED);
  const { plane, identity } = rig.box('ada');
  const states: string[] = [plane.state];
  plane.onState((state) => states.push(state));
  await rig.until(() => plane.state === 'online');
  expect(states).toEqual(['connecting', 'online']);
  expect(await rig.store.get(`account/${identity.box}`)).toBeDefined();
  expect(await rig.store.get(`presence/${identity.box}`)).toBeDefined();
  await plane[Symbol.asyncDispose]();
  await rig.turn(100);
  expect(await rig.store.get(`presence/${identity.box}`)).toBeUndefined();
  expect(rig.server().counters.connections).toBe(0);
});

test('signalling goes both ways in order, the longest message too', async () => {
  const rig = openControlRig(SEED);
  const [ada, ben] = await pair(rig);
  const [atAda, atBen] = [lettersOf(ada.plane), lettersOf(ben.plane)];
  const sent: Promise<void>[] = [];
  for (let number = 0; number < 20; number++) {
    sent.push(ada.plane.signal(ben.identity.box, letter(`to ben ${number}`)));
    sent.push(ben.plane.signal(ada.identity.box, letter(`to ada ${number}`)));
  }
  const longest = 'x'.repeat(16_384);
  sent.push(ada.plane.signal(ben.identity.box, letter(longest)));
  await rig.finish(Promise.all(sent));
  await rig.turn(100);
  const numbers = Array.from({ length: 20 }, (_, number) => number);
  expect(atAda).toEqual(numbers.map((number) => [ben.identity.box, `to ada ${number}`]));
  expect(atBen).toEqual([
    ...numbers.map((number) => [ada.identity.box, `to ben ${number}`]),
    [ada.identity.box, longest],
  ]);
  await expect(ada.plane.signal(ben.identity.box, letter(`${longest}!`))).rejects.toMatchObject({
    code: 'invalid',
  });
});

test('a signal to a box that is not online is refused in words', async () => {
  const rig = openControlRig(SEED);
  const [ada, ben] = await pair(rig);
  await ben.plane[Symbol.asyncDispose]();
  await rig.turn(100);
  await expect(
    rig.finish(ada.plane.signal(ben.identity.box, letter('hello'))),
  ).rejects.toMatchObject({ code: 'unavailable', message: 'that box is not online' });
});

test('a session is found by its id and by invitation, and by nothing else', async () => {
  const rig = openControlRig(SEED);
  const [ada, ben] = await pair(rig);
  const entry = entryOf(ada.identity);
  ada.plane.publish(entry);
  const invitation = await rig.finish(ada.plane.invite());
  expect(invitation.link).toMatch(
    /^togthr:\/\/jam\.example\.org\/i\/[0-9A-HJKMNP-TV-Z]{13}#[\w-]{22}$/,
  );
  expect(invitation.webLink).toMatch(/^https:\/\/jam\.example\.org\/[\w-]{11}#[\w-]{16}$/);
  const before = invitation.link.replace('togthr', 'https');
  expect(await rig.finish(ben.plane.find(entry.session, NEVER))).toEqual(entry);
  const unknown = '0'.repeat(32) as SessionId;
  expect(await rig.finish(ben.plane.find(unknown, NEVER))).toBeUndefined();
  for (const link of [invitation.link, invitation.webLink, before])
    expect(await rig.finish(ben.plane.open(link, NEVER))).toEqual({
      ...entry,
      secret: invitation.secret,
    });
});

test('a secret never reaches the server', async () => {
  const rig = openControlRig(SEED);
  const heard: string[] = [];
  const serve = rig.sockets.serve;
  serve((socket, address) => {
    socket.onMessage((message) => heard.push(String(message)));
    rig.server().accept(socket, address);
  });
  const [ada, ben] = await pair(rig);
  ada.plane.publish(entryOf(ada.identity));
  const { link, code } = await rig.finish(ada.plane.invite());
  await rig.finish(ben.plane.open(link, NEVER));
  expect(heard.some((text) => text.includes(code))).toBe(true);
  const secret = link.split('#')[1] ?? 'none';
  expect(heard.filter((text) => text.includes(secret))).toEqual([]);
});

test('an invitation ends after a day, and when it is withdrawn; by others it can not be', async () => {
  const rig = openControlRig(SEED);
  const [ada, ben] = await pair(rig);
  ada.plane.publish(entryOf(ada.identity));
  const first = await rig.finish(ada.plane.invite());
  await expect(rig.finish(ben.plane.revoke(first.code))).rejects.toMatchObject({
    code: 'invalid',
  });
  await rig.finish(ada.plane.revoke(first.code));
  const gone = { code: 'unavailable', message: expect.stringContaining('ask for a new one') };
  await expect(rig.finish(ben.plane.open(first.link, NEVER))).rejects.toMatchObject(gone);
  const second = await rig.finish(ada.plane.invite());
  expect(second.expiresAt - rig.clock.wallNow()).toBeGreaterThan(86_390_000);
  await rig.clock.advanceSettling(fromSeconds(86_400), fromSeconds(20));
  await rig.until(() => ben.plane.state === 'online' && ada.plane.state === 'online');
  await expect(rig.finish(ben.plane.open(second.link, NEVER))).rejects.toMatchObject(gone);
});

test('a session is gone from the directory with its last member', async () => {
  const rig = openControlRig(SEED);
  const [ada, ben] = await pair(rig);
  const [cem] = await rig.online('cem');
  if (!cem) throw new Error('one was asked for');
  const both = [ada.identity.box, ben.identity.box];
  const entry = entryOf(ada.identity, { members: both, participants: 2 });
  ada.plane.publish(entry);
  ben.plane.publish(entry);
  await rig.turn(100);
  const find = () => rig.finish(cem.plane.find(entry.session, NEVER));
  expect(await find()).toEqual(entry);
  await ada.plane[Symbol.asyncDispose]();
  await rig.turn(100);
  expect(await find()).toEqual({ ...entry, members: [ben.identity.box] });
  ben.plane.publish(undefined);
  await rig.turn(100);
  expect(await find()).toBeUndefined();
});

test('who publishes lies about a session displaces nobody', async () => {
  const rig = openControlRig(SEED);
  const [ada, ben] = await pair(rig);
  const [eve] = await rig.online('eve');
  if (!eve) throw new Error('one was asked for');
  const members = [ada.identity.box, ben.identity.box];
  const entry = entryOf(ada.identity, { members });
  for (const member of [ada, ben]) member.plane.publish(entry);
  eve.plane.publish({
    ...entry,
    host: eve.identity.box,
    members: [eve.identity.box],
    name: 'Mine',
  });
  await rig.turn(100);
  const found = await rig.finish(eve.plane.find(entry.session, NEVER));
  expect(found).toMatchObject({ host: ada.identity.box, name: 'Jam' });
  expect(found?.members.slice(0, 1)).toEqual([ada.identity.box]);
  expect(found?.members).toEqual(expect.arrayContaining(members));
});

test('a tunnel carries octets both ways, and its end is told after the last of them', async () => {
  const rig = openControlRig(SEED);
  const [ada, ben] = await pair(rig);
  let far: ByteStream | undefined;
  ben.plane.onTunnel((from, stream) => {
    expect(from).toBe(ada.identity.box);
    far = stream;
  });
  const near = await rig.finish(ada.plane.openTunnel(ben.identity.box, NEVER));
  await rig.until(() => far !== undefined);
  expect(near.remote.host).toBe(`box:${ben.identity.box}`);
  const atFar: number[] = [];
  const atNear: number[] = [];
  near.onBytes((bytes) => atNear.push(...bytes));
  near.write(Uint8Array.of(1, 2));
  await rig.turn(100);
  far?.onBytes((bytes) => atFar.push(...bytes));
  far?.write(Uint8Array.of(9));
  near.write(Uint8Array.of(3));
  let told = false;
  far?.onClosed(() => {
    told = true;
  });
  await rig.turn(100);
  near.write(Uint8Array.of(4));
  await rig.finish(near[Symbol.asyncDispose]());
  await rig.until(() => told);
  expect([atFar, atNear]).toEqual([[1, 2, 3, 4], [9]]);
  await rig.turn(200);
  expect(rig.server().counters.tunnels).toBe(0);
});

test('a far end that does not read fills its window and no more; nothing is lost when it reads', async () => {
  const rig = openControlRig(SEED, { limits: { tunnelOctetsPerSecond: 64 << 20 } });
  const [ada, ben] = await pair(rig);
  let far: ByteStream | undefined;
  ben.plane.onTunnel((_from, stream) => {
    far = stream;
  });
  const near = await rig.finish(ada.plane.openTunnel(ben.identity.box, NEVER));
  const part = Uint8Array.from({ length: 10_000 }, (_, at) => at % 251);
  let written = 0;
  while (near.write(part)) written++;
  expect(written * part.length).toBeGreaterThan(1 << 20);
  await rig.turn(3_000);
  expect(rig.server().counters.tunnelOctets).toBe(131_072);
  expect(near.write(part)).toBe(false);
  let arrived = 0;
  let wrong = 0;
  far?.onBytes((bytes) => {
    for (const octet of bytes) if (octet !== (arrived++ % part.length) % 251) wrong++;
  });
  await rig.until(() => arrived === written * part.length);
  expect(wrong).toBe(0);
});

test('a tunnel to who takes none, to who is away, or to oneself is refused in words', async () => {
  const rig = openControlRig(SEED);
  const [ada, ben] = await pair(rig);
  const away = 'd'.repeat(32) as BoxId;
  const open = (to: BoxId) => rig.finish(ada.plane.openTunnel(to, NEVER));
  await expect(open(away)).rejects.toMatchObject({ message: 'that box is not online' });
  await expect(open(ada.identity.box)).rejects.toMatchObject({ code: 'invalid' });
  const near = await open(ben.identity.box);
  let told = false;
  near.onClosed(() => {
    told = true;
  });
  await rig.until(() => told);
});

test('an account above its rate is slowed down, not cut off', async () => {
  const rig = openControlRig(SEED, { limits: { tunnelOctetsPerSecond: 65_536 } });
  const [ada, ben] = await pair(rig);
  let arrived = 0;
  ben.plane.onTunnel((_from, stream) => {
    stream.onBytes((bytes) => {
      arrived += bytes.length;
    });
  });
  const near = await rig.finish(ada.plane.openTunnel(ben.identity.box, NEVER));
  const began = rig.clock.now();
  const total = 1 << 20;
  for (let at = 0; at < total; at += 16_384) near.write(new Uint8Array(16_384));
  await rig.until(() => arrived === total, 60);
  // Eight seconds of the rate are saved up, the last window runs ahead.
  const seconds = (rig.clock.now() - began) / 1_000_000;
  expect(seconds).toBeGreaterThan((total - 8 * 65_536 - 131_072 - 65_536) / 65_536 - 1);
  expect(seconds).toBeLessThan(12);
});

test('an idle tunnel ends for both, with a reason', async () => {
  const rig = openControlRig(SEED);
  const [ada, ben] = await pair(rig);
  let ends = 0;
  ben.plane.onTunnel((_from, stream) => {
    stream.onBytes(() => {});
    stream.onClosed(() => ends++);
  });
  const near = await rig.finish(ada.plane.openTunnel(ben.identity.box, NEVER));
  near.onBytes(() => {});
  near.onClosed(() => ends++);
  await rig.clock.advanceSettling(fromSeconds(125), fromMillis(50));
  expect(ends).toBe(2);
});

test('after a restart of the server boxes are back within two seconds, published and reachable', async () => {
  const rig = openControlRig(SEED);
  const boxes = await rig.online('ada', 'ben', 'cem');
  const [ada, ben] = boxes;
  if (!ada || !ben) throw new Error('three were asked for');
  const entry = entryOf(ada.identity);
  ada.plane.publish(entry);
  await rig.turn(100);
  await rig.finish(rig.stop());
  await rig.turn(60_000);
  expect(ada.plane.problem).not.toBe('');
  await expect(ada.plane.signal(ben.identity.box, letter('x'))).rejects.toMatchObject({
    reason: 'serverUnreachable',
  });
  rig.start();
  const began = rig.clock.now();
  await rig.until(() => boxes.every(({ plane }) => plane.state === 'online'));
  expect(rig.clock.now() - began).toBeLessThan(2_000_000);
  await rig.turn(100);
  expect(await rig.finish(ben.plane.find(entry.session, NEVER))).toEqual(entry);
  const heard = lettersOf(ben.plane);
  await rig.finish(ada.plane.signal(ben.identity.box, letter('again')));
  await rig.turn(50);
  expect(heard).toEqual([[ada.identity.box, 'again']]);
});

test('a network that swallows everything is noticed in three seconds while a session is published', async () => {
  const rig = openControlRig(SEED);
  const ada = rig.box('ada', '198.51.100.9');
  await rig.until(() => ada.plane.state === 'online');
  ada.plane.publish(entryOf(ada.identity));
  await rig.turn(500);
  rig.sockets.stall(true, '198.51.100.9');
  const began = rig.clock.now();
  await rig.until(() => ada.plane.state === 'offline');
  expect(rig.clock.now() - began).toBeLessThan(3_200_000);
  rig.sockets.stall(false, '198.51.100.9');
  const back = rig.clock.now();
  await rig.until(() => ada.plane.state === 'online');
  expect(rig.clock.now() - back).toBeLessThan(2_000_000);
});

test('a box that connects anew takes the place of its earlier connection', async () => {
  const rig = openControlRig(SEED);
  const ada = rig.box('ada', '198.51.100.1');
  const [ben] = await rig.online('ben');
  await rig.until(() => ada.plane.state === 'online');
  rig.sockets.stall(true, '198.51.100.1');
  const again = rig.box('ada', '198.51.100.2');
  await rig.until(() => again.plane.state === 'online');
  const heard = lettersOf(again.plane);
  await rig.finish(ben?.plane.signal(ada.identity.box, letter('who?')) ?? Promise.reject());
  await rig.turn(100);
  expect(heard).toHaveLength(1);
  rig.sockets.stall(false, '198.51.100.1');
  await rig.until(() => ada.plane.state === 'offline');
  expect(ada.plane.problem).toContain('was its card copied?');
  expect(again.plane.state).toBe('online');
});

test('credentials for TURN last for hours and are of this box', async () => {
  const turn = {
    stun: ['stun:stun.example.org'],
    turn: ['turn:turn.example.org?transport=udp'],
    secret: 'north',
    lastsSeconds: 21_600,
  };
  const rig = openControlRig(SEED, { turn });
  const [ada] = await pair(rig);
  const [stun, relay] = await rig.finish(ada.plane.iceServers());
  expect(stun).toEqual({ url: 'stun:stun.example.org' });
  const [expiry, box] = relay?.username?.split(':') ?? [];
  expect(box).toBe(ada.identity.box);
  const lasts = Number(expiry) - rig.clock.wallNow() / 1_000;
  expect(Math.abs(lasts - 21_600)).toBeLessThan(2);
  const asked = rig.server().counters.messages;
  await rig.finish(ada.plane.iceServers());
  expect(rig.server().counters.messages).toBe(asked);
});

test('two servers that share a store and a bus are one control plane', async () => {
  const rig = openControlRig(SEED, {}, 2);
  const [ada, ben] = await pair(rig);
  expect(rig.servers().map(({ counters }) => counters.signedIn)).toEqual([1, 1]);
  const heard = lettersOf(ben.plane);
  await rig.finish(ada.plane.signal(ben.identity.box, letter('from the other server')));
  ada.plane.publish(entryOf(ada.identity));
  const { link } = await rig.finish(ada.plane.invite());
  expect(await rig.finish(ben.plane.open(link, NEVER))).toMatchObject({ name: 'Jam' });
  const atFar: number[] = [];
  ben.plane.onTunnel((_from, stream) => stream.onBytes((bytes) => atFar.push(...bytes)));
  const near = await rig.finish(ada.plane.openTunnel(ben.identity.box, NEVER));
  const all = Uint8Array.from({ length: 300_000 }, (_, at) => at % 251);
  near.write(all);
  await rig.until(() => atFar.length === all.length);
  expect(Uint8Array.from(atFar)).toEqual(all);
  expect(heard).toEqual([[ada.identity.box, 'from the other server']]);
});

test('after a long time away a changed address makes a box dial at once', async () => {
  const rig = openControlRig(SEED);
  let changed = (): void => {};
  const watch = {
    onChange(listener: () => void): Disposable {
      changed = listener;
      return { [Symbol.dispose]() {} };
    },
  };
  const { plane } = rig.box('ada', '198.51.100.7', watch);
  await rig.until(() => plane.state === 'online');
  await rig.finish(rig.stop());
  await rig.clock.advanceSettling(fromSeconds(3_600), fromMillis(50));
  rig.start();
  await rig.turn(1_000);
  expect(plane.state).toBe('offline');
  changed();
  await rig.turn(100);
  expect(plane.state).toBe('online');
});

test('a server that is gone for an hour is not besieged', async () => {
  const rig = openControlRig(SEED);
  const [ada] = await rig.online('ada');
  await rig.finish(rig.stop());
  let dials = 0;
  rig.sockets.serve(() => {
    dials++;
    throw new Error('not yet');
  });
  const dialed = async (seconds: number): Promise<number> => {
    const before = dials;
    await rig.clock.advanceSettling(fromSeconds(seconds), fromMillis(50));
    return dials - before;
  };
  expect(await dialed(60)).toBeGreaterThan(40);
  await dialed(150);
  expect(await dialed(600)).toBeLessThan(90);
  await dialed(2_700);
  expect(await dialed(600)).toBeLessThan(16);
  expect(ada?.plane.problem).toContain('not yet');
});
