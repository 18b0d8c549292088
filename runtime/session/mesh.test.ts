import { expect, test } from 'vitest';
import { openVirtualNetwork } from '../../sim/network/virtual-network.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import type { BoxId, SessionId } from '../core/ensemble.ts';
import { fromMillis, fromSeconds } from '../core/time.ts';
import { type Hello, LINK_PROTOCOL } from '../transport/link/hello.ts';
import { LinkCounters } from '../transport/link/link-counters.ts';
import { dialLink } from '../transport/link/link-network.ts';
import { openPlainNetwork } from '../transport/link/plain-network.ts';
import { type Mesh, openMesh } from './mesh.ts';

const PORT = 5008;
const never = (): AbortSignal => new AbortController().signal;
const idOf = (name: string): BoxId => name.charCodeAt(0).toString(16).repeat(16) as BoxId;
const helloOf = (name: string, linkPort: number, seenAs: string): Hello => ({
  protocol: LINK_PROTOCOL,
  box: idOf(name),
  session: '0'.repeat(32) as SessionId,
  name,
  rtpPort: 0,
  ssrc: 0,
  linkPort,
  boot: 1,
  seenAs,
});

function openRig() {
  const clock = new VirtualClock();
  const network = openVirtualNetwork({ clock, randomness: seededRandomness(1), profile: 'lan' });
  const addressOf = (name: string): string => `10.0.0.${name.charCodeAt(0)}`;
  const depsOf = (name: string) => ({
    clock,
    peers: openPlainNetwork({ streams: network.host(addressOf(name)).streams }),
    counters: new LinkCounters(),
    randomness: seededRandomness(name),
  });
  const place = (name: string) => ({ host: addressOf(name), port: PORT });
  const open = async (name: string) => {
    const log: string[] = [];
    const mesh = await openMesh(depsOf(name), {
      self: idOf(name),
      port: PORT,
      hello: (linkPort, seenAs) => helloOf(name, linkPort, seenAs),
      judge: () => undefined,
    });
    mesh.onLink((link, replaced) => log.push(`${replaced ? 're' : ''}linked ${link.peer.name}`));
    mesh.onUnlink((link, end) => log.push(`unlinked ${link.peer.name}: ${end.kind}`));
    return { mesh, log };
  };
  const want = (mesh: Mesh, name: string): void =>
    mesh.want(new Map([[idOf(name), { addresses: [place(name)], faint: false }]]));
  /** Turns the clock, and ticks the meshes four times a second. */
  const turn = async (seconds: number, ...meshes: Mesh[]): Promise<void> => {
    for (let quarter = 0; quarter < seconds * 4; quarter++) {
      for (const mesh of meshes) mesh.tick();
      await clock.advanceSettling(fromMillis(250));
    }
  };
  return { clock, network, depsOf, place, open, want, turn, addressOf };
}

test('two boxes that dial each other at once keep one link, and the same one', async () => {
  const { open, place, turn } = openRig();
  const a = await open('A');
  const b = await open('B');
  const dials = [a.mesh.dial([place('B')], never()), b.mesh.dial([place('A')], never())];
  const settled = Promise.allSettled(dials);
  await turn(1);
  await settled;
  const [ofA, ofB] = [a.mesh.links.get(idOf('B')), b.mesh.links.get(idOf('A'))];
  // The one that the smaller id dialed.
  expect([ofA?.dialer, ofB?.dialer]).toEqual([true, false]);
  let heard = 0;
  ofB?.onFrame(() => heard++);
  expect(ofA?.send(1, new Uint8Array(1))).toBe(true);
  await turn(10);
  expect(heard).toBe(1);
  expect([a.mesh.links.size, b.mesh.links.size]).toEqual([1, 1]);
});

test('a box that dials again is let in at once: its former link is dead, though nobody has noticed', async () => {
  const { open, depsOf, place, turn } = openRig();
  const a = await open('A');
  const dial = () =>
    dialLink(depsOf('B'), {
      to: place('A'),
      hello: helloOf('B', PORT, ''),
      signal: never(),
      limit: fromSeconds(3),
    });
  for (const seconds of [0.5, 3]) {
    const dialing = dial();
    await turn(seconds);
    await dialing;
  }
  const last = dial();
  await turn(0.25);
  const link = await last;
  expect(a.log).toEqual(['linked B', 'relinked B', 'relinked B']);
  expect(a.mesh.links.size).toBe(1);
  expect(link.send(1, new Uint8Array(1))).toBe(true);
});

test('the box with the smaller id dials, and the other one when that does not come', async () => {
  const { open, want, turn } = openRig();
  const a = await open('A');
  const b = await open('B');
  want(b.mesh, 'A');
  await turn(2.5, a.mesh, b.mesh);
  expect(b.mesh.links.size).toBe(0);
  await turn(1.5, a.mesh, b.mesh);
  expect(b.mesh.links.get(idOf('A'))?.dialer).toBe(true);

  const c = await open('C');
  want(a.mesh, 'C');
  want(c.mesh, 'A');
  await turn(0.5, a.mesh, c.mesh);
  expect(a.mesh.links.get(idOf('C'))?.dialer).toBe(true);
});

test('a lost link is dialed again soon, and with patience while nobody answers', async () => {
  const { open, want, turn, network, addressOf } = openRig();
  const a = await open('A');
  const b = await open('B');
  want(a.mesh, 'B');
  await turn(1, a.mesh);
  network.host(addressOf('B')).disconnect();
  await turn(60, a.mesh);
  expect(a.mesh.links.size).toBe(0);
  network.host(addressOf('B')).reconnect();
  await turn(9, a.mesh);
  expect(a.log).toEqual(['linked B', 'unlinked B: silent', 'linked B']);
  b.mesh.links.get(idOf('A'))?.cut('author');
  await turn(1, a.mesh);
  expect(a.log.at(-1)).toBe('unlinked B: bye');
  // Cut off: neither side tries for half a minute.
  await turn(28, a.mesh);
  expect(a.mesh.links.size).toBe(0);
  await turn(5, a.mesh);
  expect(a.mesh.links.size).toBe(1);
});

test('a box never links with itself', async () => {
  const { open, place, turn } = openRig();
  const a = await open('A');
  const refused = expect(a.mesh.dial([place('A')], never())).rejects.toMatchObject({
    code: 'busy',
  });
  await turn(1);
  await refused;
  expect(a.log).toEqual([]);
});
