import { afterEach, expect, test } from 'vitest';
import type { BoxId, SessionId } from '../../runtime/core/ensemble.ts';
import { JoinFailure } from '../../runtime/core/join-failure.ts';
import { Teardown } from '../../runtime/core/lifecycle.ts';
import type { PeerStream } from '../../runtime/ports/peer-connection.ts';
import type { CodePrompt } from '../../runtime/privacy/credentials.ts';
import type { FoundSession, JoinTarget } from '../../runtime/session/session.ts';
import { placeOfBox } from '../../runtime/transport/link/place.ts';
import { openSignalledNetwork } from '../../runtime/transport/link/signalled-network.ts';
import { openVirtualPeerConnections } from '../../sim/network/virtual-peer-connections.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import type { Letter } from '../../sim/virtual-control-plane.ts';
import {
  identityOf,
  never,
  openSessionRig,
  type SessionBox,
  type SessionRig,
} from './session-rig.ts';

let held = new Teardown();
afterEach(async () => {
  await held[Symbol.asyncDispose]();
  held = new Teardown();
});

const MALLORY = '10.0.0.66';

/** A is in a session that it made; B has met it, or has not. */
async function openRig(init: { readonly strangers?: boolean } = {}) {
  const rig = openSessionRig(7);
  const stranger = init.strangers === true;
  const a = await rig.start('A', { stranger });
  const b = await rig.start('B', { stranger });
  for (const { session } of [a, b]) held.hold(session);
  await a.session.create('Basement');
  await rig.seconds(3);
  const [found] = b.session.found;
  if (!found) throw new Error('the session was not found');
  /** B knows only what the attacker, or the server, tells it. */
  const hide = async (): Promise<void> => {
    rig.farApart(a, b);
    await rig.seconds(2);
    expect(b.session.found).toEqual([]);
  };
  /** Why B's joining came to nothing. */
  const failureOf = async (joining: Promise<void>): Promise<unknown> => {
    let outcome: unknown = 'joining';
    joining.then(
      () => (outcome = 'joined'),
      (failure: unknown) => (outcome = failure),
    );
    for (let second = 0; second < 60 && outcome === 'joining'; second++) await rig.seconds(1);
    return outcome;
  };
  const nobodyGotIn = (): void => {
    expect(b.session.context).toBeUndefined();
    expect(a.session.context?.participants.map(({ name }) => name)).toEqual(['A']);
    expect([...a.participants, ...b.participants]).toEqual([]);
  };
  return { rig, a, b, found, hide, failureOf, nobodyGotIn };
}

/** A machine that ends both connections itself, as a proxy that puts its own fingerprints in does. */
async function openProxy(rig: SessionRig, onto: SessionBox, box?: BoxId) {
  const host = rig.network.host(MALLORY);
  const randomness = seededRandomness('mallory');
  const { clock } = rig;
  const connections = openVirtualPeerConnections({ host, clock, randomness });
  const controlPlane = box && rig.hub.planeOf(box);
  const net = openSignalledNetwork({
    ...{ clock, randomness, connections, controlPlane },
    streams: host.streams,
  });
  const passed = { streams: 0, octets: 0 };
  const pipe = (from: PeerStream, to: PeerStream): void => {
    from.onBytes((bytes) => {
      passed.octets += bytes.length;
      to.write(bytes);
    });
    from.packets?.onPacket((packet) => to.packets?.send(packet));
    from.onClosed(() => void to[Symbol.asyncDispose]());
  };
  const target = box ? placeOfBox(onto.id) : { host: onto.address, port: 5008 };
  held.hold(
    await net.listen({ port: 5008 }, (near) => {
      net.connect(target, never()).then(
        (far) => {
          passed.streams++;
          pipe(near, far);
          pipe(far, near);
        },
        () => void near[Symbol.asyncDispose](),
      );
    }),
  );
  return passed;
}

/** The session as an announcement puts it that was tampered with. */
const lure = (found: FoundSession): JoinTarget => ({
  session: found.session,
  name: found.name,
  addresses: [MALLORY],
  port: 5008,
});

test('a proxy on the local network that puts in fingerprints of its own gets a member nowhere', async () => {
  const { rig, a, b, found, hide, failureOf, nobodyGotIn } = await openRig();
  await hide();
  const passed = await openProxy(rig, a);
  const failure = await failureOf(b.session.join(lure(found), never()));
  // The greeting did get through; the proofs in it don't hold on two connections.
  expect(passed.streams).toBeGreaterThan(0);
  expect(passed.octets).toBeGreaterThan(300);
  expect(failure).toBeInstanceOf(JoinFailure);
  expect(failure).toMatchObject({ reason: 'intercepted' });
  expect(String(failure)).toContain('somebody may be in between');
  nobodyGotIn();
  expect(a.session.stats.refused).toBeGreaterThan(0);
});

test('nor a stranger: no code is shown or asked for through a proxy', async () => {
  const { rig, a, b, found, hide, failureOf, nobodyGotIn } = await openRig({ strangers: true });
  await hide();
  await openProxy(rig, a);
  let asked = 0;
  const enterCode: CodePrompt = async () => {
    asked++;
    return a.session.code?.code ?? '';
  };
  const failure = await failureOf(b.session.join(lure(found), never(), enterCode));
  expect(failure).toMatchObject({ reason: 'intercepted' });
  expect(asked).toBe(0);
  nobodyGotIn();
});

test('TXT records that were tampered with lead nowhere', async () => {
  const { b, found, failureOf, nobodyGotIn } = await openRig();
  const other = 'ee'.repeat(16) as SessionId;
  const failure = await failureOf(b.session.join({ ...found, session: other }, never()));
  expect(String(failure)).toContain('that session is not played here any more');
  nobodyGotIn();
  // Where nothing is tampered with the same box gets in.
  expect(await failureOf(b.session.join(found, never()))).toBe('joined');
});

test('signalling that was recorded and is sent again brings nobody in', async () => {
  const { rig, a, b, found, hide, failureOf } = await openRig();
  await hide();
  const places = { ...lure(found), addresses: [placeOfBox(a.id).host] };
  expect(await failureOf(b.session.join(places, never()))).toBe('joined');
  const letters = [...rig.hub.letters];
  expect(letters.length).toBeGreaterThan(2);
  await b.session.leave();
  b.kill();
  await rig.seconds(15);
  const before = a.session.stats.links;
  for (const letter of letters) {
    if (letter.to === a.id) rig.hub.deliver(letter);
    await rig.seconds(0.1);
  }
  await rig.seconds(20);
  expect([before, a.session.stats.links]).toEqual([0, 0]);
  expect(a.session.context?.participants.map(({ name }) => name)).toEqual(['A']);
});

test('a server that puts itself between two boxes is found out by both', async () => {
  const { rig, a, b, hide, failureOf, nobodyGotIn } = await openRig({ strangers: true });
  await hide();
  const mallory = identityOf('M').box;
  const passed = await openProxy(rig, a, mallory);
  // To B it speaks as A, to A as B.
  rig.hub.misdeeds.letter = ({ from, to, message }: Letter): readonly Letter[] => {
    if (from === b.id && to === a.id) return [{ from: b.id, to: mallory, message }];
    if (from === mallory && to === b.id) return [{ from: a.id, to: b.id, message }];
    if (from === mallory && to === a.id) return [{ from: b.id, to: a.id, message }];
    if (from === a.id && to === b.id) return [{ from: a.id, to: mallory, message }];
    return [{ from, to, message }];
  };
  const inviting = a.session.invite();
  await rig.seconds(1);
  const { link } = await inviting;
  const failure = await failureOf(b.session.openInvitation(link, never()));
  expect(passed.streams).toBeGreaterThan(0);
  expect(failure).toMatchObject({ reason: 'intercepted' });
  nobodyGotIn();
});

test('a server that sends a guest to another box in place of the host is found out', async () => {
  const { rig, a, b, hide, failureOf, nobodyGotIn } = await openRig({ strangers: true });
  await hide();
  const m = await rig.start('M', { stranger: true });
  held.hold(m.session);
  await m.session.create('Basement');
  await rig.seconds(2);
  const inviting = a.session.invite();
  await rig.seconds(1);
  const { link } = await inviting;
  // Letters to A go to M, whose answers are said to be A's.
  rig.hub.misdeeds.letter = ({ from, to, message }: Letter): readonly Letter[] => {
    if (from === b.id && to === a.id) return [{ from, to: m.id, message }];
    if (from === m.id && to === b.id) return [{ from: a.id, to, message }];
    return [{ from, to, message }];
  };
  const failure = await failureOf(b.session.openInvitation(link, never()));
  // M is in a session of its own; had it claimed to be in A's, its key would give it away.
  expect(String(failure)).toContain('that session is not played here any more');
  nobodyGotIn();
  expect(m.participants).toEqual([]);
});

test('a server that makes up a session for an invitation gets nobody into it without a code', async () => {
  const { rig, a, b, hide, failureOf, nobodyGotIn } = await openRig({ strangers: true });
  await hide();
  const m = await rig.start('M', { stranger: true });
  held.hold(m.session);
  await m.session.create('Basement');
  await rig.seconds(2);
  const made = m.session.context?.session;
  if (!made) throw new Error('M is in no session');
  const inviting = a.session.invite();
  await rig.seconds(1);
  const { link } = await inviting;
  rig.hub.misdeeds.entry = (entry) => ({ ...entry, session: made, host: m.id, members: [m.id] });
  const failure = await failureOf(b.session.openInvitation(link, never()));
  // M doesn't know the invitation's secret, which never went over the server.
  expect(failure).toBeInstanceOf(Error);
  expect(String(failure)).toContain('code');
  nobodyGotIn();
  expect(m.participants).toEqual([]);
});
