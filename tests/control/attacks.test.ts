/** What somebody may try who has a WebSocket to the server, and no good intentions. */
import { bytesToHex } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { signedInPart } from '../../runtime/control/sign-in.ts';
import { fromSeconds } from '../../runtime/core/time.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import {
  type ControlRig,
  entryOf,
  identityOf,
  openControlRig,
  type RawBox,
} from './control-rig.ts';

const SEED = 815;
const text = (octets: Uint8Array): string => Buffer.from(octets).toString('base64url');
const nonceOf = (box: RawBox): Uint8Array =>
  Uint8Array.from(Buffer.from(String(box.last('challenge')?.['nonce']), 'base64url'));

function signInOf(name: string, server: string, nonce: Uint8Array): object {
  const { publicKey, sign } = identityOf(name);
  const signature = sign(signedInPart(server, nonce, publicKey));
  return { type: 'sign-in', key: text(publicKey), signature: text(signature), software: 'test' };
}

async function signedIn(rig: ControlRig, name: string, address?: string): Promise<RawBox> {
  const box = await rig.raw(address);
  box.send(signInOf(name, 'jam.example.org', nonceOf(box)));
  await rig.turn(60);
  expect(box.last('welcome')).toBeDefined();
  return box;
}

test('a sign-in that was recorded is good for nothing', async () => {
  const rig = openControlRig(SEED);
  const first = await rig.raw();
  const recorded = signInOf('ada', 'jam.example.org', nonceOf(first));
  first.send(recorded);
  await rig.turn(60);
  expect(first.last('welcome')).toBeDefined();
  const second = await rig.raw();
  second.send(recorded);
  await rig.turn(60);
  expect(second.last('welcome')).toBeUndefined();
  expect(second.ended?.code).toBe(4001);
  expect(first.ended).toBeUndefined();
});

test('a server in the middle can not pass a challenge on: the signature is for its own name', async () => {
  const rig = openControlRig(SEED);
  const eve = await rig.raw();
  // Ada dialed eve.example.org, which gives her the challenge of jam.example.org.
  eve.send(signInOf('ada', 'eve.example.org', nonceOf(eve)));
  await rig.turn(60);
  expect(eve.last('welcome')).toBeUndefined();
  expect(eve.ended).toMatchObject({
    code: 4001,
    reason: expect.stringContaining('jam.example.org'),
  });
});

test("somebody else's key without their signature is nobody", async () => {
  const rig = openControlRig(SEED);
  const eve = await rig.raw();
  const ofEve = signInOf('eve', 'jam.example.org', nonceOf(eve));
  eve.send({ ...ofEve, key: text(identityOf('ada').publicKey) });
  await rig.turn(60);
  expect(eve.ended?.code).toBe(4001);
  expect(await rig.store.list('account/')).toEqual([]);
});

test('nothing can be asked before the sign-in, and none comes twice', async () => {
  const rig = openControlRig(SEED);
  const early = await rig.raw();
  early.send({ type: 'find', id: 1, session: '0'.repeat(32) });
  await rig.turn(60);
  expect(early.ended).toMatchObject({ code: 4000 });
  const twice = await signedIn(rig, 'ada');
  twice.send(signInOf('ben', 'jam.example.org', nonceOf(twice)));
  await rig.turn(60);
  expect(twice.ended).toMatchObject({ code: 4000 });
});

test('who says nothing is sent away after five seconds', async () => {
  const rig = openControlRig(SEED);
  const silent = await rig.raw();
  await rig.turn(4_500);
  expect(silent.ended).toBeUndefined();
  await rig.turn(700);
  expect(silent.ended).toMatchObject({ code: 4006 });
  expect(rig.server().counters.connections).toBe(0);
});

test('a sender can not be made up: the server says who it was, whatever the message claims', async () => {
  const rig = openControlRig(SEED);
  const [ben] = await rig.online('ben');
  const heard: string[] = [];
  ben?.plane.onSignal((from) => heard.push(from));
  const eve = await signedIn(rig, 'eve');
  const to = ben?.identity.box;
  eve.send({ type: 'signal', id: 1, to, message: text(Uint8Array.of(1)) });
  await rig.turn(60);
  expect(heard).toEqual([identityOf('eve').box]);
  const forged = { type: 'signal', id: 2, to, from: identityOf('ada').box, message: 'AQ' };
  eve.send(forged);
  await rig.turn(60);
  expect(heard).toHaveLength(1);
  expect(eve.ended).toMatchObject({ code: 4000 });
});

test.each([
  ['too long', JSON.stringify({ type: 'ping', more: 'x'.repeat(25_000) })],
  ['too deep', `{"type":"ping","more":${'['.repeat(5_000)}${']'.repeat(5_000)}}`],
  ['no JSON', '{"type":"ping"'],
  ['of no type', '{"type":"elevate"}'],
  ['with a prototype', '{"type":"ping","__proto__":{"admin":true}}'],
])('a frame that is %s ends the connection with a reason', async (_how, frame) => {
  const rig = openControlRig(SEED);
  const box = await signedIn(rig, 'eve');
  box.socket.send(frame);
  await rig.turn(60);
  expect(box.ended).toMatchObject({ code: 4000, reason: expect.stringContaining('protocol') });
});

test('a signalling message of more than 16 KiB ends the connection', async () => {
  const rig = openControlRig(SEED);
  const box = await signedIn(rig, 'eve');
  const message = text(new Uint8Array(16_385));
  box.send({ type: 'signal', id: 1, to: identityOf('ben').box, message });
  await rig.turn(60);
  expect(box.ended).toMatchObject({ code: 4000 });
});

test('ten thousand frames of garbage harm nobody else, and every connection ends with a reason', async () => {
  const rig = openControlRig(SEED, {
    limits: { dialsPerMinute: 1e9, accountsPerAddressPerHour: 1e9 },
  });
  const [ada, ben] = await rig.online('ada', 'ben');
  const good = JSON.stringify(signInOf('eve', 'jam.example.org', new Uint8Array(32)));
  const randomness = seededRandomness(SEED);
  const garbage = (): string | Uint8Array => {
    const octets = randomness.bytes(randomness.uint32() % 60);
    if (randomness.uint32() % 3 === 0) return octets;
    if (randomness.uint32() % 2 === 0) return new TextDecoder('latin1').decode(octets);
    const at = randomness.uint32() % good.length;
    return `${good.slice(0, at)}${String.fromCharCode(32 + (randomness.uint32() % 95))}${good.slice(at + 1)}`;
  };
  let sent = 0;
  while (sent < 10_000) {
    const eves = await Promise.all(Array.from({ length: 100 }, () => rig.raw()));
    for (const eve of eves)
      for (let frame = 0; frame < 10; frame++, sent++) eve.socket.send(garbage());
    await rig.turn(60);
    for (const { ended, said } of eves) {
      expect(ended?.code).toBeGreaterThanOrEqual(4000);
      expect(said).toHaveLength(1);
    }
  }
  const heard: string[] = [];
  ben?.plane.onSignal((from) => heard.push(from));
  await rig.finish(
    ada?.plane.signal(ben?.identity.box ?? ('' as never), Uint8Array.of(1)) ?? Promise.reject(),
  );
  await rig.turn(50);
  expect(heard).toEqual([ada?.identity.box]);
  expect(rig.server().counters.connections).toBe(2);
});

test('arbitrary frames after the sign-in never throw, and answers go to requests only', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(fc.json({ maxDepth: 8 }), fc.uint8Array({ maxLength: 100 })), {
        maxLength: 5,
      }),
      async (frames) => {
        const rig = openControlRig(SEED);
        const box = await signedIn(rig, 'eve');
        for (const frame of frames) box.socket.send(frame);
        await rig.turn(60);
        // Octets of a tunnel that is no more are passed over.
        const bad = frames.some((frame) => typeof frame === 'string' || frame.length <= 8);
        expect(box.ended?.code).toBe(bad ? 4000 : undefined);
        expect(box.said.filter((said) => String(said).includes('"id"'))).toEqual([]);
      },
    ),
    { numRuns: 100 },
  );
});

test('a flood is cut off with its reason', async () => {
  const rig = openControlRig(SEED);
  const box = await signedIn(rig, 'eve');
  for (let frame = 0; frame < 1_000; frame++) box.send({ type: 'ping' });
  await rig.turn(100);
  expect(box.ended).toMatchObject({ code: 4003, reason: 'too many messages' });
});

test('signalling above the rate is refused, whichever connection it comes over, and comes back with time', async () => {
  const rig = openControlRig(SEED, { limits: { signalsPerSecond: 5, messagesPerSecond: 1_000 } });
  const [ben] = await rig.online('ben');
  const flood = async (box: RawBox, count: number): Promise<number> => {
    for (let id = 1; id <= count; id++)
      box.send({ type: 'signal', id, to: ben?.identity.box, message: 'AQ' });
    await rig.turn(200);
    return box.said.filter((said) => String(said).includes('"done"')).length;
  };
  expect(await flood(await signedIn(rig, 'eve'), 100)).toBe(50);
  const again = await signedIn(rig, 'eve');
  expect(await flood(again, 20)).toBeLessThanOrEqual(3);
  expect(again.last('refused')).toMatchObject({ code: 'busy' });
  await rig.clock.advanceSettling(fromSeconds(5));
  expect(await flood(again, 20)).toBeGreaterThan(15);
});

test('codes of invitations have 65 random bits, and can be tried ten times a minute', async () => {
  const rig = openControlRig(SEED);
  const [ada] = await rig.online('ada');
  ada?.plane.publish(entryOf(ada.identity));
  const codes: string[] = [];
  for (let made = 0; made < 40; made++)
    codes.push((await rig.finish(ada?.plane.invite() ?? Promise.reject())).code);
  expect(new Set(codes).size).toBe(40);
  for (let at = 0; at < 13; at++)
    expect(new Set(codes.map((code) => code[at])).size).toBeGreaterThan(15);
  const eve = await signedIn(rig, 'eve');
  const randomness = seededRandomness(99);
  for (let id = 1; id <= 40; id++) {
    const code = bytesToHex(randomness.bytes(7)).slice(0, 13).toUpperCase();
    eve.send({ type: 'open', id, code });
  }
  await rig.turn(100);
  const answers = eve.said.map((said) => JSON.parse(String(said))).filter(({ id }) => id > 0);
  expect(answers.filter(({ code }) => code === 'unavailable')).toHaveLength(10);
  expect(answers.filter(({ code }) => code === 'busy')).toHaveLength(30);
  // Once more in six seconds; under a new identity, from the same address, no faster for long.
  for (const name of ['eve2', 'eve3', 'eve4', 'eve5']) {
    const next = await signedIn(rig, name);
    for (let id = 1; id <= 10; id++)
      next.send({ type: 'open', id, code: codes[0]?.replace(/./, 'Z') });
    await rig.turn(100);
  }
  expect(rig.server().counters.invitationsMissed).toBeLessThanOrEqual(31);
});

test('an address has so many connections, new accounts and dials; a neighbour is not affected', async () => {
  const rig = openControlRig(SEED, {
    limits: { connectionsPerAddress: 5, accountsPerAddressPerHour: 3 },
  });
  for (const name of ['a', 'b', 'c']) await signedIn(rig, name, '2001:db8:1:2::1');
  const fourth = await rig.raw('2001:db8:1:2:ffff::9');
  fourth.send(signInOf('d', 'jam.example.org', nonceOf(fourth)));
  await rig.turn(60);
  expect(fourth.ended).toMatchObject({ code: 1013 });
  await rig.raw('2001:db8:1:2::5');
  await rig.raw('2001:db8:1:2::6');
  await expect(rig.raw('2001:db8:1:2::7')).rejects.toThrow('429');
  await signedIn(rig, 'e', '2001:db8:1:3::1');
});

test('a server that admits no new boxes says so, and lets those in that it knows', async () => {
  const rig = openControlRig(SEED);
  const [ada] = await rig.online('ada');
  await rig.finish(rig.stop());
  rig.start({ allowNewAccounts: false });
  const eve = rig.box('eve');
  await rig.until(() => ada?.plane.state === 'online' && eve.plane.state === 'offline');
  expect(eve.plane.problem).toBe('jam.example.org admits no new boxes; ask whoever runs it');
});

test('more than the window, or credit for what never came, ends the tunnel and nothing else', async () => {
  const rig = openControlRig(SEED);
  const [ben] = await rig.online('ben');
  let closed = 0;
  ben?.plane.onTunnel((_from, stream) => stream.onClosed(() => closed++));
  const eve = await signedIn(rig, 'eve');
  const open = async (id: number): Promise<string> => {
    eve.send({ type: 'tunnel', id, to: ben?.identity.box });
    await rig.turn(100);
    return String(eve.last('opened')?.['tunnel']);
  };
  const first = await open(1);
  const frame = Buffer.concat([Buffer.from(first, 'hex'), Buffer.alloc(16_384)]);
  for (let sent = 0; sent < 12; sent++) eve.socket.send(Uint8Array.from(frame));
  await rig.turn(100);
  expect(eve.last('close')).toMatchObject({
    tunnel: first,
    reason: expect.stringContaining('window'),
  });
  const second = await open(2);
  eve.send({ type: 'credit', tunnel: second, octets: 1 });
  await rig.turn(100);
  expect(eve.last('close')).toMatchObject({ tunnel: second });
  expect(eve.ended).toBeUndefined();
  // Kept octets are for a listener that may still come: the first end is told after them.
  expect(closed).toBe(1);
  expect(rig.server().counters.tunnels).toBe(0);
});

test('a tunnel is of two boxes: a third that knows its id can neither speak in it nor close it', async () => {
  const rig = openControlRig(SEED);
  const [ben] = await rig.online('ben');
  const heard: number[] = [];
  let closed = false;
  ben?.plane.onTunnel((_from, stream) => {
    stream.onBytes((bytes) => heard.push(...bytes));
    stream.onClosed(() => {
      closed = true;
    });
  });
  const ada = await signedIn(rig, 'ada');
  ada.send({ type: 'tunnel', id: 1, to: ben?.identity.box });
  await rig.turn(100);
  const tunnel = String(ada.last('opened')?.['tunnel']);
  const eve = await signedIn(rig, 'eve');
  const frame = (octet: number) => Uint8Array.from([...Buffer.from(tunnel, 'hex'), octet]);
  eve.send({ type: 'accept', tunnel });
  eve.send({ type: 'credit', tunnel, octets: 5 });
  eve.socket.send(frame(6));
  eve.send({ type: 'close', tunnel, reason: 'mine' });
  ada.socket.send(frame(7));
  await rig.turn(100);
  expect([heard, closed, eve.ended]).toEqual([[7], false, undefined]);
});

test('a box that does not take what is sent to it is cut off before the server fills up', async () => {
  const rig = openControlRig(SEED, {
    limits: { unsent: 200_000, signalsPerSecond: 1e6, messagesPerSecond: 1e6 },
  });
  const [ada] = await rig.online('ada');
  const slow = await signedIn(rig, 'slow', '203.0.113.5');
  rig.sockets.stall(true, '203.0.113.5');
  const message = new Uint8Array(16_000);
  const to = identityOf('slow').box;
  for (let sent = 0; sent < 20; sent++)
    await rig.finish(ada?.plane.signal(to, message) ?? Promise.reject()).catch(() => {});
  expect(rig.server().counters.cutOff.get('tooSlow')).toBe(1);
  expect(slow.ended).toBeUndefined();
});
