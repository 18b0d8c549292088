import { expect, test } from 'vitest';
import { openVirtualNetwork } from '../../../sim/network/virtual-network.ts';
import { openVirtualPeerConnections } from '../../../sim/network/virtual-peer-connections.ts';
import { seededRandomness } from '../../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../../sim/virtual-clock.ts';
import { type Letter, openVirtualControlPlane } from '../../../sim/virtual-control-plane.ts';
import { turnToFinish } from '../../../tests/sim/virtual-rig.ts';
import type { BoxId } from '../../core/ensemble.ts';
import { fromMillis, fromSeconds } from '../../core/time.ts';
import type { IceServer, PeerStream } from '../../ports/peer-connection.ts';
import { placeOfBox } from './place.ts';
import { encodeSignal } from './signal-message.ts';
import { openSignalledNetwork } from './signalled-network.ts';

const PORT = 5008;
const never = (): AbortSignal => new AbortController().signal;
const idOf = (name: string): BoxId => name.charCodeAt(0).toString(16).repeat(16) as BoxId;
const packet = (...rest: number[]): Uint8Array =>
  Uint8Array.from([0x80, 97, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, ...rest]);

const ICE: readonly IceServer[] = [
  { url: 'stun:10.9.9.9:3478' },
  { url: 'turn:10.9.9.9:3478?transport=udp', username: 'u', credential: 'c' },
];

function openRig(iceServers: readonly IceServer[] = []) {
  const clock = new VirtualClock();
  const net = openVirtualNetwork({ clock, randomness: seededRandomness(1), profile: 'lan' });
  const hub = openVirtualControlPlane({ clock, randomness: seededRandomness(2), iceServers });
  const addressOf = (name: string): string => `10.0.0.${name.charCodeAt(0)}`;
  const place = (name: string) => ({ host: addressOf(name), port: PORT });
  const open = (name: string) => {
    const host = net.host(addressOf(name));
    const randomness = seededRandomness(name);
    const connections = openVirtualPeerConnections({ host, clock, randomness });
    const controlPlane = hub.planeOf(idOf(name));
    const { streams } = host;
    const network = openSignalledNetwork({ clock, randomness, streams, connections, controlPlane });
    const calls: PeerStream[] = [];
    const listen = () =>
      network.listen({ port: PORT }, (stream) => {
        calls.push(stream);
      });
    return { host, connections, network, calls, listen };
  };
  const turn = (seconds: number) => clock.advanceSettling(fromSeconds(seconds), fromMillis(5));
  const finish = <T>(promise: Promise<T>): Promise<T> => turnToFinish(clock, promise);
  const failure = (promise: Promise<unknown>): Promise<{ code: string; message: string }> =>
    finish(
      promise.then(
        () => ({ code: 'none', message: 'it opened' }),
        (reason) => reason,
      ),
    );
  return { clock, net, hub, open, place, turn, finish, failure };
}

type Box = ReturnType<ReturnType<typeof openRig>['open']>;

/** What one end says arrives at the other, on both lanes. */
async function converse(
  turn: (seconds: number) => Promise<void>,
  one: PeerStream,
  other: PeerStream,
): Promise<void> {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    const heard: string[] = [];
    to.onBytes((bytes) => heard.push(Buffer.from(bytes).toString()));
    to.packets?.onPacket((bytes) => heard.push(`${bytes.length}`));
    from.write(Buffer.from('hello'));
    from.packets?.send(packet(1, 2, 3));
    await turn(0.2);
    expect(heard.sort()).toEqual(['15', 'hello']);
  }
}

const only = (box: Box): PeerStream => {
  expect(box.calls).toHaveLength(1);
  return box.calls[0] as PeerStream;
};

test('boxes on one network connect at an address, and nothing is left of the signalling', async () => {
  const { open, place, finish, turn } = openRig();
  const [a, b] = [open('A'), open('B')];
  await b.listen();
  const stream = await finish(a.network.connect(place('B'), never()));
  await turn(1);
  expect(stream.remote).toEqual(place('B'));
  expect(stream.route.kind).toBe('local');
  expect(stream.binding).toHaveLength(32);
  expect(only(b).binding).toEqual(stream.binding);
  expect(only(b).remote.host).toBe('10.0.0.65');
  await converse(turn, stream, only(b));
  expect([a.connections.size, b.connections.size]).toEqual([1, 1]);
  await finish(stream[Symbol.asyncDispose]());
  await turn(1);
  expect([a.connections.size, b.connections.size]).toEqual([0, 0]);
  expect(b.network.faults).toEqual({ busy: 0, malformed: 0, late: 0 });
});

test('boxes elsewhere connect through the control plane, which hears no word of what they say', async () => {
  const { open, hub, finish, turn } = openRig();
  const [a, b] = [open('A'), open('B')];
  await b.listen();
  const stream = await finish(a.network.connect(placeOfBox(idOf('B')), never()));
  expect(stream.remote).toEqual(placeOfBox(idOf('B')));
  await turn(0.5);
  expect(only(b).remote).toEqual(placeOfBox(idOf('A')));
  await converse(turn, stream, only(b));
  for (const { message } of hub.letters) expect(Buffer.from(message).includes('hello')).toBe(false);
});

test('a box that is not online, or that has no server in common, is said to be so', async () => {
  const { open, hub, failure } = openRig();
  const a = open('A');
  const gone = await failure(a.network.connect(placeOfBox(idOf('Z')), never()));
  expect(gone.message).toContain('not online');
  hub.setUp(false, idOf('A'));
  const cut = await failure(a.network.connect(placeOfBox(idOf('Z')), never()));
  expect(cut).toMatchObject({ reason: 'serverUnreachable' });
});

test('where UDP is blocked the stream goes through a tunnel after a second, the next time at once', async () => {
  const { clock, open, hub, finish, turn, failure } = openRig();
  const [a, b] = [open('A'), open('B')];
  await b.listen();
  a.connections.blockUdp(true);
  const took: number[] = [];
  for (let time = 0; time < 2; time++) {
    const begun = clock.now();
    const stream = await finish(a.network.connect(placeOfBox(idOf('B')), never()));
    took.push((clock.now() - begun) / 1e6);
    await turn(1);
    expect(stream.route.kind).toBe('tunnelled');
    expect(b.calls[time]?.binding).toEqual(stream.binding);
    await converse(turn, stream, b.calls[time] as PeerStream);
    await finish(stream[Symbol.asyncDispose]());
  }
  expect(took[0]).toBeGreaterThan(1);
  expect(took[0]).toBeLessThan(1.3);
  expect(took[1]).toBeLessThan(0.3);
  for (const { message } of hub.letters) expect(Buffer.from(message).includes('hello')).toBe(false);
  const straight = a.network.connect(placeOfBox(idOf('B')), never(), { better: 'untunnelled' });
  expect((await failure(straight)).message).toContain('does a firewall block UDP');
  a.connections.blockUdp(false);
  const again = await finish(
    a.network.connect(placeOfBox(idOf('B')), never(), { better: 'untunnelled' }),
  );
  expect(again.route.kind).toBe('local');
  await turn(12);
  expect(a.connections.size).toBe(1);
  expect(b.connections.size).toBe(1);
});

test('servers that answer over UDP are a reason to wait for a connection; a tunnel helps when none opens', async () => {
  const { clock, open, net, hub, finish, turn } = openRig(ICE);
  const [a, b] = [open('A'), open('B')];
  await b.listen();
  const begun = clock.now();
  const connecting = a.network.connect(placeOfBox(idOf('B')), never());
  // Both have learned their addresses, and nothing gets from one to the other.
  await turn(0.001);
  net.partition([a.host.address], [b.host.address]);
  const stream = await finish(connecting);
  expect(stream.route.kind).toBe('tunnelled');
  expect((clock.now() - begun) / 1e6).toBeGreaterThan(3);
  expect((clock.now() - begun) / 1e6).toBeLessThan(3.3);
  expect(hub.letters.length).toBeGreaterThan(0);
});

test('a box whose own router lets no UDP out shows the caller no sign of life either', async () => {
  const { clock, open, finish } = openRig(ICE);
  const [a, b] = [open('A'), open('B')];
  await b.listen();
  b.connections.blockUdp(true);
  const begun = clock.now();
  const stream = await finish(a.network.connect(placeOfBox(idOf('B')), never()));
  expect(stream.route.kind).toBe('tunnelled');
  expect((clock.now() - begun) / 1e6).toBeLessThan(1.3);
});

test('a tunnel that the server refuses at first is asked for again: the join does not fail', async () => {
  const { clock, open, hub, finish, turn } = openRig();
  const [a, b] = [open('A'), open('B')];
  await b.listen();
  a.connections.blockUdp(true);
  const begun = clock.now();
  const connecting = a.network.connect(placeOfBox(idOf('B')), never());
  await turn(0.5);
  hub.setUp(false, idOf('B'));
  await turn(2);
  hub.setUp(true, idOf('B'));
  const stream = await finish(connecting);
  expect(stream.route.kind).toBe('tunnelled');
  expect((clock.now() - begun) / 1e6).toBeLessThan(5);
  await turn(0.1);
  await converse(turn, stream, b.calls.at(-1) as PeerStream);
});

test('a straight connection is not one through a relay, and opens as soon as there is a way', async () => {
  const { open, finish, turn, failure } = openRig(ICE);
  const [a, b] = [open('A'), open('B')];
  await b.listen();
  for (const { connections } of [a, b]) connections.setStrictNat(true);
  const place = placeOfBox(idOf('B'));
  const relayed = await finish(a.network.connect(place, never()));
  expect(relayed.route.kind).toBe('relayed');
  expect(await failure(a.network.connect(place, never(), { better: 'straight' }))).toMatchObject({
    reason: 'tookTooLong',
  });
  for (const { connections } of [a, b]) {
    connections.setStrictNat(false);
    connections.setBehindNat(true);
  }
  const straight = await finish(a.network.connect(place, never(), { better: 'straight' }));
  expect(straight.route.kind).toBe('direct');
  await turn(12);
  expect([a.connections.size, b.connections.size]).toEqual([2, 2]);
});

test('a tunnel that the server changes on the way comes to nothing, and says so', async () => {
  const { open, hub, failure, turn } = openRig();
  const [a, b] = [open('A'), open('B')];
  await b.listen();
  a.connections.blockUdp(true);
  hub.misdeeds.tunnelBytes = (bytes) => bytes.map((octet, at) => (at === 40 ? octet ^ 1 : octet));
  const refused = await failure(a.network.connect(placeOfBox(idOf('B')), never()));
  expect(refused).toMatchObject({ reason: 'intercepted' });
  // The other end has sent its answer, and learns that nobody could read it.
  let ended = 0;
  for (const stream of b.calls) stream.onClosed(() => ended++);
  await turn(1);
  expect(ended).toBe(b.calls.length);
});

test('on the local network a connection that never opens is given up in words, and at both ends', async () => {
  const { clock, open, place, failure, turn } = openRig();
  const [a, b] = [open('A'), open('B')];
  await b.listen();
  b.connections.blockUdp(true);
  const begun = clock.now();
  const refused = await failure(a.network.connect(place('B'), never()));
  expect((clock.now() - begun) / 1e6).toBeCloseTo(10, 0);
  expect(refused).toMatchObject({ reason: 'tookTooLong' });
  expect(refused.message).toContain(
    'the box at 10.0.0.66:5008 answers, but no connection to it opens',
  );
  await turn(0.5);
  expect([a.connections.size, b.connections.size]).toEqual([0, 0]);
});

test('who gives up leaves nothing behind at either end', async () => {
  const { open, place, turn } = openRig();
  const [a, b] = [open('A'), open('B')];
  await b.listen();
  b.connections.blockUdp(true);
  for (const to of [place('B'), placeOfBox(idOf('B'))]) {
    const stop = new AbortController();
    const given = expect(a.network.connect(to, stop.signal)).rejects.toBe('enough');
    await turn(1);
    expect(b.connections.size).toBe(1);
    stop.abort('enough');
    await given;
    await turn(0.5);
    expect([a.connections.size, b.connections.size]).toEqual([0, 0]);
  }
});

test('a first connection that hangs is helped by a second after three seconds; one is left', async () => {
  const { clock, open, place, finish, turn } = openRig();
  const [a, b] = [open('A'), open('B')];
  await b.listen();
  b.connections.blockUdp(true);
  const begun = clock.now();
  const connecting = a.network.connect(place('B'), never());
  await turn(2.9);
  // The first one's end of the network stays dead: only what is opened from now on can reach it.
  const [first] = [b.connections.size];
  expect(first).toBe(1);
  await turn(0.3);
  expect(b.connections.size).toBe(2);
  b.connections.blockUdp(false);
  const stream = await finish(connecting);
  expect((clock.now() - begun) / 1e6).toBeLessThan(5);
  await turn(1);
  expect([a.connections.size, b.connections.size]).toEqual([1, 1]);
  const live = b.calls.filter(({ binding }) => binding?.join() === stream.binding?.join());
  expect(live).toHaveLength(1);
  await converse(turn, stream, live[0] as PeerStream);
});

test.each([
  ['loses every third', () => (count: number) => (count % 3 === 2 ? 0 : 1)],
  ['says everything twice', () => () => 2],
] as const)('a server that %s of the messages keeps nobody apart', async (_does, make) => {
  const { open, hub, finish, turn } = openRig();
  const [a, b] = [open('A'), open('B')];
  await b.listen();
  const copies = make();
  let count = 0;
  hub.misdeeds.letter = (letter) => Array.from({ length: copies(count++) }, () => letter);
  const stream = await finish(a.network.connect(placeOfBox(idOf('B')), never()));
  await turn(1);
  const ends = b.calls.filter(({ binding }) => binding?.join() === stream.binding?.join());
  expect(ends).toHaveLength(1);
  await turn(12);
  // Where too much was lost for a connection, it is a tunnel.
  const held = stream.route.kind === 'tunnelled' ? 0 : 1;
  expect([a.connections.size, b.connections.size]).toEqual([held, held]);
  await converse(turn, stream, ends[0] as PeerStream);
});

test('candidates that a server lets overtake their offer wait for it', async () => {
  const { clock, open, hub, finish } = openRig();
  const [a, b] = [open('A'), open('B')];
  await b.listen();
  // The dialer says two things: its offer, and its only candidate.
  const held: Letter[] = [];
  hub.misdeeds.letter = (letter) => {
    if (letter.from !== idOf('A') || held.length > 1) return [letter];
    held.push(letter);
    return held.length === 2 ? [...held].reverse() : [];
  };
  const begun = clock.now();
  const stream = await finish(a.network.connect(placeOfBox(idOf('B')), never()));
  expect(stream.route.kind).toBe('local');
  expect((clock.now() - begun) / 1e6).toBeLessThan(0.5);
  expect(b.network.faults).toEqual({ busy: 0, malformed: 0, late: 0 });
});

test('an exchange that is replayed, in whole, reversed or to somebody else, leads to nobody', async () => {
  const { open, hub, finish, turn } = openRig();
  const [a, b, c] = [open('A'), open('B'), open('C')];
  await b.listen();
  await c.listen();
  const stream = await finish(a.network.connect(placeOfBox(idOf('B')), never()));
  await turn(1);
  const recorded = [...hub.letters];
  for (const letters of [recorded, [...recorded].reverse()]) {
    for (const letter of letters) {
      hub.deliver(letter);
      hub.deliver({ ...letter, to: idOf('C') });
      hub.deliver({ ...letter, from: idOf('C') });
    }
    await turn(15);
  }
  expect(b.calls).toHaveLength(1);
  expect(c.calls).toHaveLength(0);
  expect([a.connections.size, b.connections.size, c.connections.size]).toEqual([1, 1, 0]);
  await converse(turn, stream, only(b));
});

test('whoever calls and says nothing, nonsense or too much is hung up on and counted', async () => {
  const { open, place, turn, net } = openRig();
  const b = open('B');
  await b.listen();
  const call = () => net.host('10.0.0.99').streams.connect(place('B'), never());
  const silent = call();
  await turn(0.1);
  const closed: string[] = [];
  (await silent).onClosed(() => closed.push('silent'));
  const nonsense = [
    [2],
    [1, 0, 0],
    [1, 0xff, 0xff],
    [1, 0, 1, 99],
    [1, 0, 3, 4, 1, 0],
    [1, 0, 2, 3, 7],
  ];
  for (const octets of nonsense) {
    const calling = call();
    await turn(0.1);
    const stream = await calling;
    stream.onBytes(() => {});
    stream.onClosed(() => closed.push(octets.join()));
    stream.write(Uint8Array.from(octets));
    await turn(0.1);
  }
  expect(closed).toEqual(nonsense.map((octets) => octets.join()));
  await turn(2);
  expect(closed.at(-1)).toBe('silent');
  expect(b.network.faults).toEqual({ busy: 0, malformed: nonsense.length, late: 1 });
  const many = Array.from({ length: 20 }, call);
  await turn(0.3);
  await Promise.all(many);
  expect(b.network.faults.busy).toBe(4);
  expect(b.connections.size).toBe(0);
});

test('one address that keeps all places at the door taken keeps nobody else out', async () => {
  const { open, place, turn, net, finish } = openRig();
  const [a, b] = [open('A'), open('B')];
  await b.listen();
  const { streams } = net.host('10.0.0.99');
  for (let count = 0; count < 30; count++) {
    const calling = streams.connect(place('B'), never());
    await turn(0.15);
    const stream = await calling;
    stream.onBytes(() => {});
    // The version, and a candidate of nobody: as if there were more to come.
    const candidate = encodeSignal({
      kind: 'signal',
      attempt: 0,
      signal: {
        kind: 'candidate',
        candidate: 'candidate:1 1 UDP 1 10.0.0.99 9 typ host',
        mid: '0',
      },
    });
    stream.write(Uint8Array.of(1, 0, candidate.length, ...candidate));
    await turn(0.15);
  }
  expect(b.network.faults.malformed).toBe(0);
  const stream = await finish(a.network.connect(place('B'), never()));
  await turn(1);
  await converse(turn, stream, only(b));
});

test('ten thousand octets of chance at the door never throw', async () => {
  const { open, place, turn, net } = openRig();
  const b = open('B');
  await b.listen();
  const random = seededRandomness('door');
  for (let count = 0; count < 200; count++) {
    const calling = net.host(`10.0.1.${count}`).streams.connect(place('B'), never());
    await turn(0.05);
    const stream = await calling;
    stream.onBytes(() => {});
    const octets = random.bytes(50);
    octets.set([1, 0, random.uint32() % 48, 1 + (random.uint32() % 5), random.uint32() % 3]);
    stream.write(octets);
    await turn(0.05);
    void stream[Symbol.asyncDispose]();
  }
  await turn(15);
  expect(b.network.faults.malformed).toBeGreaterThan(100);
  expect(b.connections.size).toBe(0);
});
