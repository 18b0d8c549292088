import { expect, test } from 'vitest';
import type { SessionId } from '../../runtime/core/ensemble.ts';
import { fromSeconds } from '../../runtime/core/time.ts';
import { grantMembership } from '../../runtime/privacy/membership-proof.ts';
import { clientIdOf } from '../../runtime/session/client-id.ts';
import { type DocumentValue, encodeUpdate } from '../../runtime/session/document-update.ts';
import { CONTROL_CHANNEL, PARTICIPANTS_CHANNEL } from '../../runtime/session/documents.ts';
import { readLastSession } from '../../runtime/session/last-session.ts';
import { LINK_PROTOCOL } from '../../runtime/transport/link/hello.ts';
import { LinkCounters } from '../../runtime/transport/link/link-counters.ts';
import { dialLink } from '../../runtime/transport/link/link-network.ts';
import { openSignalledNetwork } from '../../runtime/transport/link/signalled-network.ts';
import { openVirtualPeerConnections } from '../../sim/network/virtual-peer-connections.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { identityOf as keyOf, openTestBox } from '../credentials-rig.ts';
import { signedAs } from '../document-rig.ts';
import { agreed, identityOf, never, openSessionRig, type SessionBox } from './session-rig.ts';

const EVE = keyOf('eve');

/** A, who hosts, B and C play; Eve has come in, too, with a link to each and a program of her own. */
async function jamWithEve(seed: number) {
  const rig = openSessionRig(seed);
  const boxes: SessionBox[] = [];
  for (const name of ['A', 'B', 'C']) boxes.push(await rig.start(name));
  const [a, b, c] = boxes as [SessionBox, SessionBox, SessionBox];
  await a.session.create('Basement');
  await rig.seconds(1);
  for (const box of [b, c]) {
    const target = box.session.found[0];
    if (!target) throw new Error('no session was found');
    const joined = box.session.join(target, never());
    await rig.seconds(1);
    await joined;
  }
  await rig.seconds(4);
  const session = a.session.context?.session as SessionId;
  const eve = await openTestBox({ clock: rig.clock }, 'eve');
  // A has let her in some time ago.
  const proof = (await readLastSession(a.storage))?.proof;
  if (!proof) throw new Error('A has no proof of its membership');
  const now = rig.clock.wallNow();
  eve.proof = grantMembership(identityOf('A'), proof, EVE.publicKey, now);
  const host = rig.network.host('10.0.0.66');
  const { clock } = rig;
  const randomness = seededRandomness('eve');
  const connections = openVirtualPeerConnections({ host, clock, randomness });
  const peers = openSignalledNetwork({ clock, randomness, streams: host.streams, connections });
  const ends: string[] = [];
  const dial = async (to: SessionBox) => {
    const dialing = dialLink(
      {
        clock,
        peers,
        counters: new LinkCounters(),
      },
      {
        to: { host: to.address, port: 5008 },
        credentials: eve,
        hello: {
          protocol: LINK_PROTOCOL,
          box: EVE.box,
          session,
          name: 'Eve',
          rtpPort: 5004,
          ssrc: 66,
          linkPort: 0,
          boot: 1,
          seenAs: '',
        },
        signal: never(),
        limit: fromSeconds(3),
      },
    );
    await rig.seconds(1);
    const link = await dialing;
    const heard: Uint8Array[] = [];
    link.onFrame((channel, frame) => {
      if (channel === PARTICIPANTS_CHANNEL) heard.push(frame.slice());
    });
    link.onClosed((end) => ends.push(`${end.kind} ${'text' in end ? end.text : ''}`.trim()));
    const send = (channel: number, values: readonly DocumentValue[], kind = 2): void =>
      sendBytes(channel, encodeUpdate(values), kind);
    const sendBytes = (channel: number, update: Uint8Array, kind = 2): void => {
      const length: number[] = [];
      for (let rest = update.length; ; rest = Math.floor(rest / 128)) {
        if (rest < 128) {
          length.push(rest);
          break;
        }
        length.push((rest % 128) + 128);
      }
      link.send(channel, Uint8Array.of(kind, ...length, ...update));
    };
    return { link, heard, send, sendBytes };
  };
  const own = (key: string, value: unknown, count = 0): DocumentValue =>
    signedAs(EVE, { session, key, value, count });
  const said = (key: string, value: unknown, count = 0): DocumentValue =>
    signedAs(EVE, { session, root: `control/${EVE.box}`, key, value: [count, value], count });
  /** The others go on, and none of them was parted from the rest. */
  const playsOn = async (): Promise<void> => {
    b.session.setTempo(91);
    c.session.setSelf({ role: 'bass' });
    await rig.seconds(3);
    expect(a.session.context?.timeline.bpm).toBe(91);
    for (const box of [b, c]) expect(agreed(box)).toEqual(agreed(a));
    const names = a.session.context?.participants.map(({ name, role }) => `${name} ${role}`);
    expect(names?.slice(0, 3)).toEqual(['A undefined', 'B undefined', 'C bass']);
    for (const box of [a, b, c]) expect(box.session.stats.links).toBeGreaterThanOrEqual(2);
  };
  return { rig, a, b, c, session, ends, dial, own, said, playsOn };
}
type Jam = Awaited<ReturnType<typeof jamWithEve>>;
type Line = Awaited<ReturnType<Jam['dial']>>;

const PROFILE = { name: 'Eve', instrument: '', role: null, roleByHand: false, joined: 0 };
const byBen = (jam: Jam, change: Partial<DocumentValue>): DocumentValue =>
  signedAs(EVE, { session: jam.session, key: 'profile', value: PROFILE }, change);

const attacks: readonly [string, string, (jam: Jam, line: Line) => void | Promise<void>][] = [
  [
    'a value in another’s map',
    'author',
    (jam, line) => line.send(PARTICIPANTS_CHANNEL, [byBen(jam, { root: jam.b.id })]),
  ],
  [
    'a value in another’s map, under that one’s client ids',
    'signature',
    (jam, line) =>
      line.send(PARTICIPANTS_CHANNEL, [
        byBen(jam, { root: jam.b.id, client: clientIdOf(jam.b.id, 1_000_000) }),
      ]),
  ],
  [
    'a tempo in the host’s name',
    'signature',
    (jam, line) =>
      line.send(CONTROL_CHANNEL, [
        byBen(jam, {
          root: `control/${jam.a.id}`,
          key: 'mode',
          client: clientIdOf(jam.a.id, 1_000_000),
        }),
      ]),
  ],
  [
    'garbage where a schema is',
    'value',
    (jam, line) => line.send(PARTICIPANTS_CHANNEL, [jam.own('place', { everywhere: true })]),
  ],
  [
    'octets that are no update',
    'malformed',
    (_jam, line) => line.sendBytes(1, Uint8Array.of(9, 9)),
  ],
  [
    'an update of 100 KiB',
    'oversize',
    (_jam, line) => line.sendBytes(PARTICIPANTS_CHANNEL, new Uint8Array(100_000)),
  ],
  [
    'something sound with something forged',
    'author',
    (jam, line) =>
      line.send(PARTICIPANTS_CHANNEL, [
        jam.own('profile', PROFILE),
        byBen(jam, { root: jam.c.id }),
      ]),
  ],
  [
    '10,000 updates in a second',
    'rate',
    async (jam, line) => {
      for (let burst = 0; burst < 200; burst++) {
        for (let count = 0; count < 50; count++) {
          line.send(PARTICIPANTS_CHANNEL, [jam.own('profile', PROFILE, count)]);
        }
        await jam.rig.seconds(0.005);
      }
    },
  ],
];

test.each(attacks)(
  'who sends %s is cut off for it, and the others play on',
  async (_name, reason, attack) => {
    const jam = await jamWithEve(21);
    const line = await jam.dial(jam.a);
    const before = jam.a.session.context?.participants.length;
    await attack(jam, line);
    await jam.rig.seconds(1);
    expect(jam.ends).toEqual([`bye ${reason}`]);
    expect(jam.a.session.stats.cut).toEqual({ [reason]: 1 });
    await expect(jam.dial(jam.a)).rejects.toMatchObject({ code: 'denied' });
    await jam.playsOn();
    expect(jam.a.session.context?.participants).toHaveLength(before ?? 0);
  },
);

test('what was recorded and is played again changes nothing', async () => {
  const jam = await jamWithEve(22);
  const line = await jam.dial(jam.a);
  // As any box that comes in: what there is, and then each change.
  line.sendBytes(PARTICIPANTS_CHANNEL, Uint8Array.of(0), 0);
  await jam.rig.seconds(1);
  jam.b.session.setSelf({ name: 'Bea', role: 'melody' });
  await jam.rig.seconds(1);
  jam.b.session.setSelf({ name: 'B', role: null });
  await jam.rig.seconds(1);
  const recorded = line.heard.filter((frame) => frame[0] !== 0);
  expect(recorded.length).toBeGreaterThan(1);
  for (const frame of recorded) line.link.send(PARTICIPANTS_CHANNEL, frame);
  await jam.rig.seconds(1);
  expect(jam.a.session.context?.participants.map(({ name }) => name)).toEqual(['A', 'B', 'C']);
  expect(jam.ends).toEqual([]);
  await jam.playsOn();
});

test('who makes itself host stays what it was', async () => {
  const jam = await jamWithEve(23);
  const line = await jam.dial(jam.a);
  const late = 2 ** 40;
  line.send(CONTROL_CHANNEL, [
    jam.said('host', EVE.box, 1),
    signedAs(EVE, {
      session: jam.session,
      root: `control/${EVE.box}`,
      key: 'standsIn',
      value: [0, true],
      count: 2,
    }),
    signedAs(EVE, {
      session: jam.session,
      root: `control/${EVE.box}`,
      key: 'reference',
      value: [late, { box: EVE.box, boot: 1, shift: 12_345_678 }],
      count: 3,
    }),
    jam.said('made', '00'.repeat(16), 4),
  ]);
  await jam.rig.seconds(5);
  for (const box of [jam.a, jam.b, jam.c]) {
    expect(box.session.context?.host).toBe(jam.a.id);
    expect([jam.a.id, 'self']).toContain(box.session.reference?.box);
  }
  await jam.playsOn();
});

test('who has been muted does not unmute itself, and is cut off when it keeps trying', async () => {
  const jam = await jamWithEve(24);
  const line = await jam.dial(jam.a);
  line.send(PARTICIPANTS_CHANNEL, [
    jam.own('profile', PROFILE),
    jam.own(
      'place',
      { addresses: [], linkPort: 0, rtpPort: 5004, ssrc: 66, boot: 1, present: true },
      1,
    ),
  ]);
  await jam.rig.seconds(12);
  jam.a.session.mute(EVE.box, true);
  await jam.rig.seconds(1);
  const muted = () =>
    jam.b.session.context?.participants.find(({ id }) => id === EVE.box)?.muted ?? 'gone';
  expect(muted()).toBe(true);
  for (let attempt = 0; attempt < 12; attempt++) {
    line.send(CONTROL_CHANNEL, [jam.said('muted', [jam.a.id], 10 + attempt)]);
    await jam.rig.seconds(0.5);
    expect(muted()).not.toBe(false);
    expect(jam.b.session.context?.participants.find(({ id }) => id === jam.a.id)?.muted).toBe(
      false,
    );
  }
  expect(jam.ends).toEqual(['bye overreach']);
  await jam.playsOn();
});

test('in a locked session the word of others counts for nothing, however late they say it was', async () => {
  const jam = await jamWithEve(25);
  const line = await jam.dial(jam.a);
  jam.a.session.setLocked(true);
  await jam.rig.seconds(1);
  line.send(CONTROL_CHANNEL, [
    signedAs(EVE, {
      session: jam.session,
      root: `control/${EVE.box}`,
      key: 'name',
      value: [2 ** 48, 'Mine'],
      count: 1,
    }),
  ]);
  await jam.rig.seconds(2);
  for (const box of [jam.a, jam.b, jam.c]) expect(box.session.context?.name).toBe('Basement');
  jam.a.session.rename('Attic');
  await jam.rig.seconds(1);
  for (const box of [jam.a, jam.b, jam.c]) expect(box.session.context?.name).toBe('Attic');
});

test('a box that was put out gets no word in by way of others', async () => {
  const jam = await jamWithEve(26);
  const line = await jam.dial(jam.b);
  line.send(PARTICIPANTS_CHANNEL, [jam.own('profile', PROFILE)]);
  line.send(CONTROL_CHANNEL, [
    signedAs(EVE, {
      session: jam.session,
      root: `control/${EVE.box}`,
      key: 'mode',
      value: [500, 'groove'],
      count: 1_000,
    }),
  ]);
  await jam.rig.seconds(2);
  expect(jam.c.session.context?.mode).toBe('groove');
  jam.a.session.remove(EVE.box);
  await jam.rig.seconds(2);
  expect(jam.ends).toEqual(['bye']);
  for (const box of [jam.a, jam.b, jam.c]) expect(box.session.context?.mode).toBe('auto');
  await expect(jam.dial(jam.c)).rejects.toMatchObject({ reason: 'removed' });
  expect(jam.a.session.context?.removed).toEqual([{ id: EVE.box, name: 'Eve' }]);
  await jam.playsOn();
});
