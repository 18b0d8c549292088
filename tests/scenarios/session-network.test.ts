/** Sessions over a network that loses, lies and sits in the middle: who gets in, and what the others are told. */
import { expect, test } from 'vitest';
import type { Invitation } from '../../runtime/control/control-plane.ts';
import { JoinFailure } from '../../runtime/core/join-failure.ts';
import type { CodePrompt, FoundSession } from '../../runtime/session/session.ts';
import { openVirtualPeerConnections } from '../../sim/network/virtual-peer-connections.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { sitInTheMiddle } from './man-in-the-middle.ts';
import { agreed, never, openSessionRig, type SessionBox, type SessionRig } from './session-rig.ts';

const found = (box: SessionBox): FoundSession => {
  const [session] = box.session.found;
  if (!session) throw new Error('no session was found');
  return session;
};

/** What came of it, after at most `seconds`. */
async function outcome(
  rig: SessionRig,
  promise: Promise<unknown>,
  seconds = 25,
): Promise<{ reason: string; message: string }> {
  let result: { reason: string; message: string } | undefined;
  promise.then(
    () => (result = { reason: 'joined', message: '' }),
    (failure: unknown) =>
      (result = {
        reason: failure instanceof JoinFailure ? failure.reason : 'other',
        message: failure instanceof Error ? failure.message : String(failure),
      }),
  );
  for (let tenth = 0; tenth < seconds * 10 && !result; tenth++) await rig.seconds(0.1);
  return result ?? { reason: 'pending', message: 'nothing came of it' };
}

async function hosted(seed: number, name = 'A'): Promise<[SessionRig, SessionBox]> {
  const rig = openSessionRig(seed);
  const a = await rig.start(name);
  await a.session.create('Basement');
  await rig.seconds(1);
  return [rig, a];
}

async function invitation(rig: SessionRig, host: SessionBox): Promise<Invitation> {
  const inviting = host.session.invite();
  await rig.seconds(0.3);
  return inviting;
}

/** A box in a network of its own: whatever it finds or dials, it is through the server. */
async function farBox(rig: SessionRig, name: string, from: SessionBox): Promise<SessionBox> {
  const box = await rig.start(name, { stranger: true });
  rig.farApart(box, from);
  return box;
}

test('three boxes that have met join over the local network, and link each with each in secret', async () => {
  const [rig, a] = await hosted(1);
  const [b, c] = [await rig.start('B'), await rig.start('C')];
  await rig.seconds(1);
  for (const box of [b, c]) {
    expect(await outcome(rig, box.session.join(found(box), never()))).toMatchObject({
      reason: 'joined',
    });
  }
  await rig.seconds(3);
  for (const box of [a, b, c]) {
    expect(agreed(box)).toEqual(agreed(a));
    const routes = box.session.context?.participants.map(({ self, route }) => self || route);
    expect(routes).toEqual([true, 'local', 'local']);
  }
});

test('a stranger comes in with the code that the host shows, and needs none the next time', async () => {
  const [rig, a] = await hosted(2);
  const b = await rig.start('B', { stranger: true });
  await rig.seconds(1);
  const asked: string[] = [];
  const enterCode: CodePrompt = async ({ host }) => {
    asked.push(host);
    return a.session.code?.code ?? '';
  };
  const joining = b.session.join(found(b), never(), enterCode);
  expect(await outcome(rig, joining)).toMatchObject({ reason: 'joined' });
  expect(asked).toEqual(['A']);
  await b.session.leave();
  await rig.seconds(1);
  const again = b.session.join(found(b), never(), enterCode);
  expect(await outcome(rig, again)).toMatchObject({ reason: 'joined' });
  expect(asked).toHaveLength(1);
});

test('who is elsewhere comes in by an invitation, through the server and then straight', async () => {
  const [rig, a] = await hosted(3);
  const b = await farBox(rig, 'B', a);
  const { link } = await invitation(rig, a);
  expect(await outcome(rig, b.session.openInvitation(link, never()))).toMatchObject({
    reason: 'joined',
  });
  await rig.seconds(2);
  expect(agreed(b)).toEqual(agreed(a));
  expect(b.connections.size).toBe(1);
});

test.each([
  ['loses every fourth message', (letters: number) => (letters % 4 === 3 ? [] : [0])],
  ['says everything three times', () => [0, 0, 0]],
  ['repeats what was said before', (letters: number) => [0, ...(letters > 4 ? [4, 2] : [])]],
] as const)('a server that %s keeps nobody out', async (_does, which) => {
  for (const seed of [4, 5, 6]) {
    const [rig, a] = await hosted(seed);
    const b = await farBox(rig, 'B', a);
    const { link } = await invitation(rig, a);
    let count = 0;
    rig.hub.misdeeds.letter = (letter) =>
      which(count++).map((back) => rig.hub.letters[rig.hub.letters.length - 1 - back] ?? letter);
    expect(
      await outcome(rig, b.session.openInvitation(link, never())),
      `seed ${seed}`,
    ).toMatchObject({ reason: 'joined' });
    await rig.seconds(14);
    expect([a.connections.size, b.connections.size].sort()).not.toContain(2);
    expect(a.session.stats.links).toBe(1);
  }
});

test('somebody in the middle who swaps fingerprints has two connections, and no guest: both hear why', async () => {
  const [rig, a] = await hosted(7);
  const b = await farBox(rig, 'B', a);
  const { link, secret } = await invitation(rig, a);
  const host = rig.network.host('10.0.0.66');
  const randomness = seededRandomness('mallory');
  const connections = openVirtualPeerConnections({ host, clock: rig.clock, randomness });
  const middle = sitInTheMiddle(rig.hub, connections);
  const failure = await outcome(rig, b.session.openInvitation(link, never()));
  expect(middle.bridged).toBeGreaterThan(0);
  expect(failure.reason).toBe('intercepted');
  expect(failure.message).toContain('don’t see the same connection');
  expect(b.session.context).toBeUndefined();
  expect(a.session.stats.links).toBe(0);
  expect(a.session.context?.participants).toHaveLength(1);
  // What passed through in clear are greetings: names are in them, secrets are not.
  const clear = Buffer.concat(middle.heard);
  expect(clear.length).toBeGreaterThan(100);
  expect(clear.includes(Buffer.from(secret))).toBe(false);
});

test('a server that leads to somebody else gets that box refused, in words', async () => {
  const [rig, a] = await hosted(8);
  const b = await farBox(rig, 'B', a);
  const c = await farBox(rig, 'C', a);
  await c.session.create('Trap');
  const { link } = await invitation(rig, a);
  // The right session, the wrong box.
  rig.hub.misdeeds.entry = (entry) => ({ ...entry, host: c.id, members: [c.id] });
  const elsewhere = await outcome(rig, b.session.openInvitation(link, never()));
  expect(elsewhere.message).toContain('that session is not played here');
  // The right box by name, another at the end of the way.
  rig.hub.misdeeds.entry = undefined;
  rig.hub.misdeeds.letter = (letter) => {
    if (letter.to === a.id) return [{ ...letter, to: c.id }];
    if (letter.from === c.id) return [{ ...letter, from: a.id }];
    return [letter];
  };
  const instead = await outcome(rig, b.session.openInvitation(link, never()));
  expect(instead.message).toContain('that session is not played here');
  expect(b.session.context).toBeUndefined();
  expect([a, c].map(({ session }) => session.context?.participants.length)).toEqual([1, 1]);
});

test('an announcement that was tampered with leads to no link with anybody else, and to words', async () => {
  const [rig, a] = await hosted(9);
  const other = await rig.start('D');
  await other.session.create('Attic');
  const b = await rig.start('B');
  await rig.seconds(1);
  const target = b.session.found.find(({ name }) => name === 'Basement') as FoundSession;
  const attempts: [what: string, changed: Partial<FoundSession>, says: string][] = [
    ['a port where nobody is', { port: 5999 }, 'nobody answers at 10.0.0.1:5999'],
    ['an address where nobody is', { hostAddresses: ['10.0.0.77'] }, 'nobody answers at 10.0.0.77'],
    [
      "another box's address",
      { hostAddresses: [other.address], expected: undefined },
      'that session is not played here',
    ],
    ["another box's key", { expected: other.id }, 'another box answers'],
    ['another session', { session: '00'.repeat(16) as FoundSession['session'] }, 'not played here'],
  ];
  for (const [what, changed, says] of attempts) {
    const failure = await outcome(rig, b.session.join({ ...target, ...changed }, never()));
    expect(failure.message, what).toContain(says);
    expect(b.session.context, what).toBeUndefined();
  }
  expect([a, other].map(({ session }) => session.stats.links)).toEqual([0, 0]);
  expect(await outcome(rig, b.session.join(target, never()))).toMatchObject({ reason: 'joined' });
});

test('where UDP is blocked a session goes through the sealed tunnel, and a server that listens hears nothing', async () => {
  const [rig, a] = await hosted(10);
  const b = await farBox(rig, 'B', a);
  b.connections.blockUdp(true);
  const heard: Uint8Array[] = [];
  rig.hub.misdeeds.tunnelBytes = (bytes) => {
    heard.push(bytes.slice());
    return bytes;
  };
  const { link, secret } = await invitation(rig, a);
  expect(await outcome(rig, b.session.openInvitation(link, never()))).toMatchObject({
    reason: 'joined',
  });
  await rig.seconds(3);
  const route = b.session.context?.participants.find(({ self }) => !self)?.route;
  expect(route).toBe('tunnelled');
  const tapped = Buffer.concat(heard);
  expect(tapped.length).toBeGreaterThan(1_000);
  for (const secretive of [Buffer.from('Basement'), Buffer.from(secret), Buffer.from(a.id)]) {
    expect(tapped.includes(secretive)).toBe(false);
  }
  b.connections.blockUdp(false);
  await rig.seconds(70);
  expect(b.session.context?.participants.find(({ self }) => !self)?.route).not.toBe('tunnelled');
  expect(b.participants.filter((line) => line.startsWith('unlinked'))).toEqual([]);
});
