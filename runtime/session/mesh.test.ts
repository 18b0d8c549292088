import { expect, test } from 'vitest';
import { type MeshBox, type MeshRig, openMeshRig } from '../../tests/mesh-rig.ts';
import { fromSeconds } from '../core/time.ts';
import type { Link } from '../transport/link/link.ts';
import { placeOfBox } from '../transport/link/place.ts';

const never = (): AbortSignal => new AbortController().signal;
const linkOf = (of: MeshBox, to: MeshBox): Link | undefined =>
  of.mesh.links.get(to.box.identity.box);

/** A and B, linked, and wanting to be. */
async function pair(rig: MeshRig): Promise<[MeshBox, MeshBox]> {
  const [a, b] = [await rig.open('A'), await rig.open('B')];
  rig.want(a, 'B');
  rig.want(b, 'A');
  await rig.until('A and B are linked', () => a.log.length > 0 && b.log.length > 0, 2);
  return [a, b];
}

test('two boxes that dial each other at once keep one link, and the same one', async () => {
  const rig = await openMeshRig();
  const [a, b] = [await rig.open('A'), await rig.open('B')];
  const dials = [a.mesh.dial([rig.place('B')], never()), b.mesh.dial([rig.place('A')], never())];
  const settled = Promise.allSettled(dials);
  await rig.turn(3);
  await settled;
  const [ofA, ofB] = [linkOf(a, b), linkOf(b, a)];
  // The one that the smaller id dialed.
  expect([ofA?.dialer, ofB?.dialer]).toEqual([true, false]);
  let heard = 0;
  ofB?.onFrame(() => heard++);
  expect(ofA?.send(1, new Uint8Array(1))).toBe(true);
  await rig.turn(10);
  expect(heard).toBe(1);
  expect([a.mesh.links.size, b.mesh.links.size]).toEqual([1, 1]);
  expect([a.connections.size, b.connections.size]).toEqual([1, 1]);
});

test('a link that is renewed takes the place of the old one without a gap, and what was on its way arrives', async () => {
  const rig = await openMeshRig();
  const [a, b] = await pair(rig);
  await rig.turn(3);
  const old = linkOf(a, b);
  const heard: string[] = [];
  linkOf(b, a)?.onFrame((_channel, frame) => heard.push(`old ${frame[0]}`));
  const dialing = a.mesh.dial([rig.place('B')], never());
  await rig.until('it is renewed', () => a.log.length > 1, 1);
  await dialing;
  linkOf(b, a)?.onFrame((_channel, frame) => heard.push(`new ${frame[0]}`));
  old?.send(1, Uint8Array.of(1));
  linkOf(a, b)?.send(1, Uint8Array.of(2));
  await rig.turn(0.2);
  expect(heard.sort()).toEqual(['new 2', 'old 1']);
  await rig.turn(2);
  expect(old?.send(1, Uint8Array.of(3))).toBe(false);
  expect(a.log).toEqual(['linked B', 'relinked B']);
  expect(b.log).toEqual(['linked A', 'relinked A']);
  expect([a.connections.size, b.connections.size]).toEqual([1, 1]);
});

test('the box with the smaller id dials, and the other one when that does not come', async () => {
  const rig = await openMeshRig();
  const [a, b] = [await rig.open('A'), await rig.open('B')];
  rig.want(b, 'A');
  await rig.turn(1.5);
  expect(b.mesh.links.size).toBe(0);
  await rig.turn(1);
  expect(linkOf(b, a)?.dialer).toBe(true);

  const c = await rig.open('C');
  rig.want(a, 'C');
  rig.want(c, 'A');
  await rig.turn(0.5);
  expect(linkOf(a, c)?.dialer).toBe(true);
});

test('a box that was cut off is not linked with for half a minute, by neither side', async () => {
  const rig = await openMeshRig();
  const [a, b] = await pair(rig);
  linkOf(b, a)?.cut('author');
  await rig.turn(1);
  expect(a.log.at(-1)).toBe('unlinked B: bye');
  await rig.turn(28);
  expect(a.mesh.links.size).toBe(0);
  await rig.turn(5);
  expect(a.mesh.links.size).toBe(1);
});

test('a box never links with itself', async () => {
  const rig = await openMeshRig();
  const a = await rig.open('A');
  const refused = expect(a.mesh.dial([rig.place('A')], never())).rejects.toMatchObject({
    code: 'busy',
  });
  await rig.turn(1);
  await refused;
  expect(a.log).toEqual([]);
});

test.each([1, 5, 60])(
  'after a cut of %i s the boxes are linked within two seconds',
  async (cut) => {
    const took: number[] = [];
    for (let seed = 1; seed <= 20; seed++) {
      const rig = await openMeshRig({ seed });
      const [a, b] = await pair(rig);
      await rig.turn(2 + seed / 10);
      rig.network.partition([rig.addressOf('A')], [rig.addressOf('B')]);
      await rig.turn(cut);
      const healed = rig.clock.now();
      rig.network.heal();
      const heard = (of: MeshBox, to: MeshBox): boolean => (linkOf(of, to)?.heardAt ?? 0) > healed;
      took.push(await rig.until('they hear each other', () => heard(a, b) && heard(b, a), 10));
      if (cut < 6) expect(a.log, `seed ${seed}`).not.toContain('unlinked B: silent');
      await rig.turn(8);
      expect([a.mesh.links.size, b.mesh.links.size], `seed ${seed}`).toEqual([1, 1]);
      expect([a.connections.size, b.connections.size], `seed ${seed}`).toEqual([1, 1]);
    }
    took.sort((x, y) => x - y);
    expect(took[18], `p95 of ${took.join(', ')}`).toBeLessThan(2);
  },
  60_000,
);

test('a link whose streams are dead for good is dialed again beside it before anybody calls it lost', async () => {
  const rig = await openMeshRig();
  const [a, b] = await pair(rig);
  await rig.turn(3);
  // A NAT has forgotten the connection: what is open hears nothing any more, what is new goes through.
  const old = linkOf(a, b);
  const heardAt = old?.heardAt ?? rig.clock.now();
  Object.defineProperty(old, 'heardAt', { value: heardAt });
  const took = await rig.until('there is another link', () => a.log.length > 1, 4);
  expect(took).toBeLessThan(2.5);
  expect(a.log).toEqual(['linked B', 'relinked B']);
});

test('a box that got another address is linked again from there, without an end in between', async () => {
  const rig = await openMeshRig();
  const [a, b] = await pair(rig);
  await rig.turn(3);
  // B's machine has moved; its mesh lives on. (The virtual host stays where it was: what counts is who dials, and when.)
  b.move('10.0.0.77');
  const took = await rig.until('the link is renewed', () => b.log.length > 1, 3);
  expect(took).toBeLessThan(0.6);
  await rig.turn(3);
  expect(b.log).toEqual(['linked A', 'relinked A']);
  expect(a.log).toEqual(['linked B', 'relinked B']);
  b.move('10.0.0.77', rig.addressOf('B'));
  await rig.turn(3);
  expect(b.log, 'the link still stands on an address that it has').toHaveLength(2);
});

test.each(['A', 'B'] as const)(
  'box %s, killed and started again, replaces its old link at once',
  async (killed) => {
    const rig = await openMeshRig();
    const pairOf = await pair(rig);
    await rig.turn(3);
    const [victim, other] = killed === 'A' ? pairOf : [pairOf[1], pairOf[0]];
    const peer = killed === 'A' ? 'B' : 'A';
    victim.kill();
    await rig.turn(1);
    const again = await rig.open(killed);
    rig.want(again, peer);
    const dialing = again.mesh.dial([rig.place(peer)], never());
    const took = await rig.until('it is linked again', () => again.mesh.links.size === 1, 2);
    await dialing;
    expect(took).toBeLessThan(0.5);
    await rig.turn(8);
    expect(other.log.slice(0, 2)).toEqual([`linked ${killed}`, `relinked ${killed}`]);
    expect(other.mesh.links.size).toBe(1);
    expect(other.connections.size).toBe(1);
  },
);

test('while a link runs through a tunnel a connection is tried each minute, and moved to', async () => {
  const rig = await openMeshRig();
  const [a, b] = [await rig.open('A'), await rig.open('B')];
  a.connections.blockUdp(true);
  rig.wantByServer(a, 'B');
  await rig.until('they are linked', () => a.mesh.links.size === 1, 6);
  expect(linkOf(a, b)?.route.kind).toBe('tunnelled');
  expect(linkOf(a, b)?.packets).toBeDefined();
  await rig.turn(75);
  expect(a.log).toEqual(['linked B']);
  a.connections.blockUdp(false);
  await rig.until('it has moved', () => a.log.length > 1, 70);
  expect(linkOf(a, b)?.route.kind).toBe('local');
  expect(a.log).toEqual(['linked B', 'relinked B']);
  await rig.turn(130);
  expect(a.log, 'and stays there').toHaveLength(2);
});

test('a link through a relay moves to a straight way that is there after all, within seconds; else it stays', async () => {
  const rig = await openMeshRig({ iceServers: [{ url: 'turn:10.9.9.9:3478?transport=udp' }] });
  const [a, b] = [await rig.open('A'), await rig.open('B')];
  const strict = (on: boolean): void => {
    for (const { connections } of [a, b]) connections.setStrictNat(on);
  };
  strict(true);
  rig.wantByServer(a, 'B');
  await rig.until('they are linked', () => a.mesh.links.size === 1, 6);
  expect(linkOf(a, b)?.route.kind).toBe('relayed');
  await rig.turn(75);
  expect(a.log, 'no relay is better than another').toEqual(['linked B']);
  expect([a.connections.size, b.connections.size]).toEqual([1, 1]);
  linkOf(a, b)?.cut('author');
  a.log.length = 0;
  await rig.until('they are linked again', () => a.mesh.links.size === 1, 40);
  expect(linkOf(a, b)?.route.kind).toBe('relayed');
  strict(false);
  await rig.until('it has moved', () => linkOf(a, b)?.route.kind === 'local', 6);
  expect(a.log).toEqual(expect.arrayContaining(['linked B', 'relinked B']));
});

test('of several places the first that answers is taken, without waiting for the dead ones', async () => {
  const rig = await openMeshRig();
  const [a, b] = [await rig.open('A'), await rig.open('B')];
  const dead = ['10.0.0.98', '10.0.0.99'].map((host) => ({ host, port: 5008 }));
  const begun = rig.clock.now();
  const dialing = a.mesh.dial([...dead, rig.place('B'), placeOfBox(b.box.identity.box)], never());
  await rig.until('they are linked', () => a.mesh.links.size === 1, 2);
  const link = await dialing;
  expect(link.peer.name).toBe('B');
  expect(rig.clock.now() - begun).toBeLessThan(fromSeconds(0.8));
  await rig.turn(3);
  expect([a.connections.size, b.connections.size]).toEqual([1, 1]);
});
