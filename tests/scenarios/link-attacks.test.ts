import { ristretto255 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromMillis, fromSeconds } from '../../runtime/core/time.ts';
import { encodeMembership, type MembershipProof } from '../../runtime/privacy/membership-proof.ts';
import { encodeFrame, FrameReader } from '../../runtime/transport/link/frame.ts';
import { LINK_PROTOCOL } from '../../runtime/transport/link/hello.ts';
import {
  decodeLinkMessage,
  encodeLinkMessage,
  type LinkMessage,
} from '../../runtime/transport/link/link-message.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { identityOf, letIn, makeSession, openTestBox, type TestBox } from '../credentials-rig.ts';
import { greet, helloOf, openPlayer, type Side, turn, wrongFor } from '../link-rig.ts';
import { openHonestPair, openStreamPair, type TestStream } from '../peer-stream-pair.ts';

async function openRig() {
  const clock = new VirtualClock();
  const anna = await openTestBox({ clock }, 'anna');
  const bert = await openTestBox({ clock }, 'bert');
  const session = makeSession(anna);
  let bindings = 10;
  /** A stranger asks anna for a code. */
  const knock = async (guest: TestBox = bert) => {
    const { dialer, acceptor } = openHonestPair(clock, bindings++);
    const player = openPlayer();
    const door = greet(clock, acceptor, { dialer: false, box: anna, session });
    const caller = greet(clock, dialer, {
      dialer: true,
      box: guest,
      session,
      entry: player.entry,
    });
    await turn(clock);
    return { door, caller, player };
  };
  return { clock, anna, bert, session, knock };
}

const textOf = ({ end }: Side): string => (end && 'text' in end ? end.text : '');
const write = (stream: TestStream, message: LinkMessage): void => {
  stream.write(encodeFrame(0, encodeLinkMessage(message)) ?? new Uint8Array());
};
/** What one end was told on channel 0. */
function messagesOf(octets: Uint8Array): LinkMessage[] {
  const messages: LinkMessage[] = [];
  new FrameReader().push(octets, (_channel, payload) => {
    const message = decodeLinkMessage(payload);
    if (message) messages.push(message);
  });
  return messages;
}

/** Two connections, of which the one in the middle has both: what comes in at one goes out at the other. */
function openIntercepted(
  clock: VirtualClock,
  alter: (message: LinkMessage, from: 'dialer' | 'acceptor') => LinkMessage | undefined = (same) =>
    same,
) {
  const near = openHonestPair(clock, 1);
  const far = openHonestPair(clock, 2);
  const relay = (from: TestStream, to: TestStream, whose: 'dialer' | 'acceptor'): void => {
    const reader = new FrameReader();
    reader.open();
    from.onBytes((bytes) => {
      reader.push(bytes, (channel, payload) => {
        const message = channel === 0 ? decodeLinkMessage(payload) : undefined;
        const passed = message && alter(message, whose);
        if (passed) write(to, passed);
        else if (!message) to.write(encodeFrame(channel, payload) ?? new Uint8Array());
      });
    });
  };
  relay(near.acceptor, far.dialer, 'dialer');
  relay(far.dialer, near.acceptor, 'acceptor');
  return { dialer: near.dialer, acceptor: far.acceptor };
}

/** A stream of which messages of that kind that come in go on to `to` instead. */
function divert(stream: TestStream, kind: LinkMessage['kind'], to: TestStream): TestStream {
  const onBytes = (listener: (bytes: Uint8Array) => void): Disposable =>
    stream.onBytes((bytes) => {
      for (const message of messagesOf(bytes)) {
        if (message.kind === kind) write(to, message);
        else listener(encodeFrame(0, encodeLinkMessage(message)) ?? new Uint8Array());
      }
    });
  return new Proxy(stream, {
    get(target, name) {
      if (name === 'onBytes') return onBytes;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

test('three wrong codes lock the host’s desk, longer each time, whoever entered them', async () => {
  const { clock, anna, knock } = await openRig();
  const locks: unknown[] = [];
  for (const [index, seconds] of [30, 60, 120].entries()) {
    const { door, caller, player } = await knock(await openTestBox({ clock }, `guest ${index}`));
    for (let tries = 0; tries < 3; tries++) {
      player.enter(wrongFor(anna.codes.shown?.code));
      await turn(clock);
    }
    expect([door.outcome, caller.outcome]).toEqual(['refused codeWrong', 'refusing codeWrong']);
    expect(textOf(caller)).toContain('no try is left');
    expect(anna.codes.shown).toBeUndefined();
    const locked = await knock(await openTestBox({ clock }, 'dora'));
    expect(locked.caller.outcome).toBe('refused codeLocked');
    expect(textOf(locked.caller)).toContain('too many wrong codes');
    locks.push(locked.caller.end && 'wait' in locked.caller.end && locked.caller.end.wait);
    await turn(clock, fromSeconds(seconds));
  }
  expect(locks).toEqual([30, 60, 120].map(fromSeconds));
  // The right code is as good as ever when the lock is over.
  const { caller, player } = await knock();
  player.enter(anna.codes.shown?.code ?? '');
  await turn(clock);
  expect(caller.outcome).toBe('open');
});

test('who hangs up after each wrong answer pays for it all the same', async () => {
  const { clock, anna, knock } = await openRig();
  for (let guess = 0; guess < 3; guess++) {
    const { caller, player } = await knock();
    player.enter(wrongFor(anna.codes.shown?.code));
    await turn(clock);
    await caller[Symbol.asyncDispose]();
    await turn(clock);
  }
  expect((await knock()).caller.outcome).toBe('refused codeLocked');
});

test('a code lets one guest in, and is good for nothing afterwards', async () => {
  const { clock, anna, knock } = await openRig();
  const first = await knock();
  const code = anna.codes.shown?.code ?? '';
  first.player.enter(code);
  await turn(clock);
  expect(first.caller.outcome).toBe('open');
  const second = await knock(await openTestBox({ clock }, 'carl'));
  expect(anna.codes.shown?.code).not.toBe(code);
  second.player.enter(code);
  await turn(clock);
  expect(second.player.asked[1]).toMatchObject({ wrong: true, triesLeft: 2 });
});

test('a code that comes after its time lets nobody in', async () => {
  const { clock, anna, knock } = await openRig();
  const { caller, player } = await knock();
  const code = anna.codes.shown?.code ?? '';
  await turn(clock, fromSeconds(121));
  player.enter(code);
  await turn(clock);
  expect(caller.outcome).toBe('refused codeExpired');
  expect(textOf(caller)).toContain('not entered in time');
});

test('somebody in the middle who passes everything on is noticed on both sides', async () => {
  const { clock, anna, bert, session } = await openRig();
  letIn(anna, bert);
  const { dialer, acceptor } = openIntercepted(clock);
  const door = greet(clock, acceptor, { dialer: false, box: anna, session });
  const caller = greet(clock, dialer, { dialer: true, box: bert, session });
  await turn(clock);
  for (const side of [door, caller]) {
    expect(side.end).toMatchObject({ code: 'notProven' });
    expect(textOf(side)).toContain('somebody may be in between');
  }
});

test('nor does it help to keep the refusals from either side', async () => {
  const { clock, anna, bert, session } = await openRig();
  letIn(anna, bert);
  const { dialer, acceptor } = openIntercepted(clock, (message) =>
    message.kind === 'refuse' ? undefined : message,
  );
  const door = greet(clock, acceptor, { dialer: false, box: anna, session });
  const caller = greet(clock, dialer, { dialer: true, box: bert, session });
  await turn(clock);
  expect([door.outcome, caller.outcome]).toEqual(['refusing notProven', 'refusing notProven']);
  expect([door.counters.refusals, caller.counters.refusals]).toEqual([
    { notProven: 1 },
    { notProven: 1 },
  ]);
});

test('one in the middle with keys of its own can’t pass the code exchange on to the host', async () => {
  const { clock, anna, bert, session } = await openRig();
  const mallory = await openTestBox({ clock }, 'mallory');
  // To anna it is a guest by bert's name. To bert it is the host, as far as it comes to showing a code.
  const asHost: TestBox = {
    ...mallory,
    membership: () => anna.proof,
    admissionMeans: () => ({ codes: mallory.codes, invitations: mallory.invitations }),
  };
  const toBert = openHonestPair(clock, 1);
  const toAnna = openHonestPair(clock, 2);
  const bertsPlayer = openPlayer();
  const door = greet(clock, toAnna.acceptor, { dialer: false, box: anna, session });
  greet(clock, divert(toAnna.dialer, 'answer', toBert.acceptor), {
    dialer: true,
    box: mallory,
    session,
    hello: { name: 'bert' },
    ...openPlayer(),
  });
  greet(clock, divert(toBert.acceptor, 'try', toAnna.dialer), {
    dialer: false,
    box: asHost,
    session,
    hello: { name: 'anna' },
  });
  const { entry } = bertsPlayer;
  const caller = greet(clock, toBert.dialer, { dialer: true, box: bert, session, entry });
  await turn(clock);
  expect(anna.codes.shown).toMatchObject({ guest: 'bert', triesLeft: 3 });
  // Bert reads the right code from anna's display.
  bertsPlayer.enter(anna.codes.shown?.code ?? '');
  await turn(clock);
  expect(anna.codes.shown?.triesLeft).toBe(2);
  expect(bertsPlayer.asked[1]).toMatchObject({ wrong: true });
  expect([door.outcome, caller.outcome]).toEqual(['greeting', 'greeting']);
});

test('a host that doesn’t know the code is found out, and learns nothing to try it with', async () => {
  const { clock, bert } = await openRig();
  const mallory = await openTestBox({ clock }, 'mallory');
  const evil = makeSession(mallory);
  const { dialer, acceptor } = openHonestPair(clock);
  const player = openPlayer();
  greet(clock, acceptor, { dialer: false, box: mallory, session: evil, hello: { name: 'anna' } });
  const caller = greet(clock, dialer, {
    dialer: true,
    box: bert,
    session: evil,
    entry: player.entry,
  });
  await turn(clock);
  for (let tries = 0; tries < 3; tries++) {
    // The code on anna's display, which mallory has not seen.
    player.enter(wrongFor(mallory.codes.shown?.code));
    await turn(clock);
  }
  expect(caller.outcome).toBe('refusing codeWrong');
  expect(bert.proof).toBeUndefined();
  expect(bert.known.all).toEqual([]);
});

test('the player is warned when a box of a known name has another key', async () => {
  const { clock, anna, bert } = await openRig();
  bert.known.meet(anna.identity.publicKey, 'Anna');
  const mallory = await openTestBox({ clock }, 'mallory');
  const evil = makeSession(mallory);
  const { dialer, acceptor } = openHonestPair(clock);
  const player = openPlayer();
  greet(clock, acceptor, {
    dialer: false,
    box: mallory,
    session: evil,
    hello: { name: ' an\u200bna ' },
  });
  greet(clock, dialer, { dialer: true, box: bert, session: evil, entry: player.entry });
  await turn(clock);
  expect(player.asked[0]).toMatchObject({ nameKnown: true });
});

test('a host that lets a stranger in unasked is not believed', async () => {
  const { clock, bert } = await openRig();
  const mallory = await openTestBox({ clock }, 'mallory');
  const evil = makeSession(mallory);
  // As if both had met.
  mallory.known.meet(bert.identity.publicKey, 'bert');
  const claims = openIntercepted(clock, (message) =>
    message.kind === 'enter' ? { ...message, knowsYou: true } : message,
  );
  // The relay is mallory's own: it has the same binding on both sides.
  Object.assign(claims.acceptor, { binding: claims.dialer.binding });
  greet(clock, claims.acceptor, { dialer: false, box: mallory, session: evil });
  const caller = greet(clock, claims.dialer, { dialer: true, box: bert, session: evil });
  await turn(clock);
  expect(caller.outcome).toBe('refusing notProven');
  expect(textOf(caller)).toContain('join by a code');
  expect(bert.proof).toBeUndefined();
});

test('a host that a lying server leads to doesn’t know the invitation, and is not believed', async () => {
  const { clock, bert } = await openRig();
  const mallory = await openTestBox({ clock }, 'mallory');
  const evil = makeSession(mallory);
  mallory.invitations.add(new Uint8Array(16).fill(1), evil);
  mallory.known.meet(bert.identity.publicKey, 'bert');
  const { dialer, acceptor } = openHonestPair(clock);
  greet(clock, acceptor, { dialer: false, box: mallory, session: evil });
  const caller = greet(clock, dialer, {
    dialer: true,
    box: bert,
    session: evil,
    entry: { invitation: new Uint8Array(16).fill(2) },
  });
  await turn(clock);
  expect(caller.link).toBeUndefined();
  expect(bert.proof).toBeUndefined();
});

test('a greeting that was recorded opens nothing on another connection', async () => {
  const { clock, anna, bert, session } = await openRig();
  letIn(anna, bert);
  const recorded = openHonestPair(clock, 1);
  greet(clock, recorded.acceptor, { dialer: false, box: anna, session });
  const caller = greet(clock, recorded.dialer, { dialer: true, box: bert, session });
  await turn(clock, fromMillis(5));
  expect(caller.outcome).toBe('open');
  for (const binding of [1, 2]) {
    const { dialer, acceptor } = openHonestPair(clock, binding);
    const door = greet(clock, acceptor, { dialer: false, box: anna, session });
    dialer.write(recorded.dialer.written);
    await turn(clock);
    expect(door.outcome).toBe('refusing notProven');
  }
});

test('an acceptor’s greeting that was recorded is not believed either', async () => {
  const { clock, anna, bert, session } = await openRig();
  letIn(anna, bert);
  const recorded = openHonestPair(clock, 1);
  greet(clock, recorded.acceptor, { dialer: false, box: anna, session });
  greet(clock, recorded.dialer, { dialer: true, box: bert, session });
  await turn(clock, fromMillis(5));
  const { dialer, acceptor } = openHonestPair(clock, 1);
  const caller = greet(clock, dialer, { dialer: true, box: bert, session });
  acceptor.write(recorded.acceptor.written);
  await turn(clock);
  expect(caller.outcome).toBe('refusing notProven');
});

test('a box’s own words sent back to it, and its proof with the roles exchanged, are not taken', async () => {
  const { clock, anna, bert, session } = await openRig();
  letIn(anna, bert);
  const { dialer, acceptor } = openHonestPair(clock);
  const caller = greet(clock, dialer, { dialer: true, box: bert, session });
  acceptor.onBytes((bytes) => acceptor.write(bytes));
  await turn(clock);
  expect(caller.outcome).toBe('refusing duplicate');
  // Anna's hello, then bert's own proof in place of hers.
  const mixed = openHonestPair(clock);
  const again = greet(clock, mixed.dialer, { dialer: true, box: bert, session });
  mixed.acceptor.onBytes((bytes) => {
    for (const message of messagesOf(bytes)) {
      if (message.kind === 'hello') {
        const { publicKey } = anna.identity;
        const nonce = new Uint8Array(16);
        write(mixed.acceptor, { kind: 'hello', hello: helloOf(anna, session), publicKey, nonce });
      } else if (message.kind === 'prove') write(mixed.acceptor, message);
    }
  });
  await turn(clock);
  expect(again.outcome).toBe('refusing notProven');
});

test('a key that doesn’t fit the box’s id is refused before anything else', async () => {
  const { clock, anna, bert, session } = await openRig();
  letIn(anna, bert);
  for (const dials of [true, false]) {
    const { dialer, acceptor } = openHonestPair(clock);
    const hello = { box: identityOf('somebody else').box };
    const door = greet(clock, acceptor, {
      dialer: false,
      box: anna,
      session,
      ...(dials ? {} : { hello }),
    });
    const caller = greet(clock, dialer, {
      dialer: true,
      box: bert,
      session,
      ...(dials ? { hello } : {}),
    });
    await turn(clock);
    const honest = dials ? door : caller;
    expect(honest.outcome).toBe('refusing notProven');
    expect(textOf(honest)).toContain('its key doesn’t fit');
  }
});

test('whoever answers in place of the box that was meant is refused, and named as another one', async () => {
  const { clock, anna, bert, session } = await openRig();
  letIn(anna, bert);
  const { dialer, acceptor } = openHonestPair(clock);
  greet(clock, acceptor, { dialer: false, box: anna, session });
  const expected = identityOf('the one that was here').box;
  const caller = greet(clock, dialer, { dialer: true, box: bert, session, entry: { expected } });
  await turn(clock);
  expect(caller.outcome).toBe('refusing keyChanged');
  expect(textOf(caller)).toContain('its key is a different one');
});

test('an id without its key proves nothing', async () => {
  const { clock, anna, bert, session } = await openRig();
  letIn(anna, bert);
  const mallory = await openTestBox({ clock }, 'mallory');
  const { dialer, acceptor } = openHonestPair(clock);
  const door = greet(clock, acceptor, { dialer: false, box: anna, session });
  // Bert's public key and membership, which are no secrets, and mallory's signature.
  const liar: TestBox = {
    ...mallory,
    identity: { ...bert.identity, sign: mallory.identity.sign },
    membership: () => bert.proof,
  };
  const caller = greet(clock, dialer, { dialer: true, box: liar, session });
  await turn(clock);
  expect([door.outcome, caller.outcome]).toEqual(['refusing notProven', 'refused notProven']);
});

const change = (octets: Uint8Array, at: number): Uint8Array => {
  const changed = octets.slice();
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
};

test.each<[string, (proof: MembershipProof, other: MembershipProof) => MembershipProof]>([
  ['of another session', (_proof, other) => other],
  ['of somebody else', (proof) => ({ ...proof, grants: proof.grants.slice(0, 1) })],
  ['that says it made the session', (proof) => ({ ...proof, grants: [] })],
  ['whose first grant was cut out', (proof) => ({ ...proof, grants: proof.grants.slice(1) })],
  [
    'spliced onto another session',
    (proof, other) => ({
      ...other,
      grants: [...other.grants.slice(0, 1), ...proof.grants.slice(1)],
    }),
  ],
  ['with another nonce', (proof) => ({ ...proof, nonce: change(proof.nonce, 0) })],
  ['with another creator', (proof, other) => ({ ...proof, creator: other.creator })],
  [
    'with another time',
    (proof) => ({
      ...proof,
      grants: proof.grants.map((grant) => ({ ...grant, at: (grant.at + 1) as typeof grant.at })),
    }),
  ],
  [
    'with a changed signature',
    (proof) => ({
      ...proof,
      grants: proof.grants.map((grant) => ({ ...grant, signature: change(grant.signature, 9) })),
    }),
  ],
])(
  'a membership %s lets nobody in, nor is a member who shows it believed',
  async (_name, forge) => {
    const { clock, anna, bert, session } = await openRig();
    const carl = await openTestBox({ clock }, 'carl');
    letIn(anna, carl);
    letIn(carl, bert);
    const dora = await openTestBox({ clock }, 'dora');
    makeSession(dora);
    const erik = await openTestBox({ clock }, 'erik');
    letIn(dora, erik);
    letIn(erik, bert);
    const other = bert.proof;
    letIn(carl, bert);
    if (!bert.proof || !other) throw new Error('no proofs');
    const forged = forge(bert.proof, other);
    const honest = bert.proof;
    bert.proof = forged;
    const { dialer, acceptor } = openHonestPair(clock);
    const door = greet(clock, acceptor, { dialer: false, box: anna, session });
    const caller = greet(clock, dialer, { dialer: true, box: bert, session });
    await turn(clock);
    expect([door.outcome, caller.outcome]).toEqual(['refusing notProven', 'refused notProven']);
    expect(textOf(caller)).toContain('proof of being in this session');
    // The other way round: a member dials, and who answers shows the forged one.
    const back = openHonestPair(clock);
    greet(clock, back.acceptor, { dialer: false, box: bert, session });
    const member = greet(clock, back.dialer, { dialer: true, box: carl, session });
    await turn(clock);
    expect(member.outcome).toBe('refusing notProven');
    bert.proof = honest;
  },
);

test('who was put out can’t come back under another key that it vouches for', async () => {
  const { clock, anna, bert, session } = await openRig();
  letIn(anna, bert);
  anna.removals.add(bert.identity.box);
  const alias = await openTestBox({ clock }, 'alias');
  letIn(bert, alias);
  const attempt = async (member: TestBox) => {
    const { dialer, acceptor } = openHonestPair(clock);
    greet(clock, acceptor, { dialer: false, box: member, session });
    const caller = greet(clock, dialer, { dialer: true, box: alias, session });
    await turn(clock);
    return caller.outcome;
  };
  expect(await attempt(anna)).toBe('refused codeNeeded');
  const carl = await openTestBox({ clock }, 'carl');
  letIn(anna, carl);
  carl.removals.add(bert.identity.box);
  expect(await attempt(carl)).toBe('refused askHost');
  // Nor does a member take it for one when it answers.
  const { dialer, acceptor } = openHonestPair(clock);
  greet(clock, acceptor, { dialer: false, box: alias, session });
  const member = greet(clock, dialer, { dialer: true, box: carl, session });
  await turn(clock);
  expect(member.outcome).toBe('refusing removed');
  // Whom it let in while it was a member, and everybody has seen, stays one.
  anna.listing.add(alias.identity.box);
  expect(await attempt(anna)).toBe('open');
});

test('whom a box vouched for that was put out comes in by a code, with a membership of its own', async () => {
  const { clock, anna, bert, session } = await openRig();
  letIn(anna, bert);
  anna.removals.add(bert.identity.box);
  const carl = await openTestBox({ clock }, 'carl');
  letIn(bert, carl);
  const player = openPlayer();
  const { dialer, acceptor } = openHonestPair(clock);
  greet(clock, acceptor, { dialer: false, box: anna, session });
  const { entry } = player;
  const caller = greet(clock, dialer, { dialer: true, box: carl, session, entry });
  await turn(clock);
  player.enter(anna.codes.shown?.code ?? '');
  await turn(clock);
  expect(caller.outcome).toBe('open');
  expect(carl.proof?.grants).toHaveLength(1);
});

test('a chain that is too long is no message at all', async () => {
  const { clock, anna, bert, session } = await openRig();
  letIn(anna, bert);
  const [grant] = bert.proof?.grants ?? [];
  if (!grant || !bert.proof) throw new Error('no proof');
  bert.proof = { ...bert.proof, grants: new Array(17).fill(grant) };
  expect(encodeMembership(bert.proof).length).toBeLessThan(2_048);
  const { dialer, acceptor } = openHonestPair(clock);
  const door = greet(clock, acceptor, { dialer: false, box: anna, session });
  greet(clock, dialer, { dialer: true, box: bert, session });
  await turn(clock);
  expect(door.end).toEqual({ kind: 'cut', reason: 'malformed' });
});

test('a welcome is taken only with a grant by whoever says it, for whoever asked', async () => {
  const { clock, anna, bert, session } = await openRig();
  const carl = await openTestBox({ clock }, 'carl');
  letIn(anna, carl);
  anna.known.meet(bert.identity.publicKey, 'bert');
  bert.known.meet(anna.identity.publicKey, 'anna');
  const welcomedWith = async (membership: MembershipProof | undefined) => {
    const way = openIntercepted(clock, (message) =>
      message.kind === 'welcome' && membership ? { ...message, membership } : message,
    );
    Object.assign(way.acceptor, { binding: way.dialer.binding });
    greet(clock, way.acceptor, { dialer: false, box: anna, session });
    const caller = greet(clock, way.dialer, { dialer: true, box: bert, session });
    await turn(clock);
    return [caller.outcome, bert.proof?.grants.length];
  };
  // By another member; the acceptor's own; somebody else's.
  letIn(carl, bert);
  const byCarl = bert.proof;
  bert.proof = undefined;
  for (const membership of [byCarl, anna.proof, carl.proof]) {
    expect(await welcomedWith(membership)).toEqual(['refusing notProven', undefined]);
  }
  expect(await welcomedWith(undefined)).toEqual(['open', 1]);
});

test('on an unencrypted connection nobody is asked for a code', async () => {
  const { clock, anna, bert, session } = await openRig();
  anna.security = 'open';
  bert.security = 'open';
  const way = openIntercepted(clock, (message) =>
    message.kind === 'welcome'
      ? { kind: 'code', triesLeft: 3, lifetime: fromSeconds(120) }
      : message,
  );
  Object.assign(way.dialer, { binding: undefined });
  Object.assign(way.acceptor, { binding: undefined });
  const player = openPlayer();
  greet(clock, way.acceptor, { dialer: false, box: anna, session });
  const { entry } = player;
  const caller = greet(clock, way.dialer, { dialer: true, box: bert, session, entry });
  await turn(clock);
  expect(caller.outcome).toBe('refusing notProven');
  expect(player.asked).toEqual([]);
});

test('a hello that was changed on the way is noticed, whatever was changed in it', async () => {
  const patches = [
    { name: 'anna ' },
    { rtpPort: 9 },
    { linkPort: 9 },
    { ssrc: 9 },
    { boot: 9 },
    { seenAs: '6.6.6.6' },
  ];
  for (const whose of ['dialer', 'acceptor'] as const) {
    for (const patch of patches) {
      const { clock, anna, bert, session } = await openRig();
      letIn(anna, bert);
      const way = openIntercepted(clock, (message, from) =>
        message.kind === 'hello' && from === whose
          ? { ...message, hello: { ...message.hello, ...patch } }
          : message,
      );
      // Even where the connection is one and the same.
      Object.assign(way.acceptor, { binding: way.dialer.binding });
      const door = greet(clock, way.acceptor, { dialer: false, box: anna, session });
      const caller = greet(clock, way.dialer, { dialer: true, box: bert, session });
      await turn(clock);
      expect([door.link, caller.link], JSON.stringify(patch)).toEqual([undefined, undefined]);
      expect(door.end).toMatchObject({ code: 'notProven' });
      expect(caller.end).toMatchObject({ code: 'notProven' });
    }
  }
});

test('a box of version 1, or one that is made to look like one, is told to be updated', async () => {
  const { clock, anna, bert, session } = await openRig();
  letIn(anna, bert);
  const { dialer, acceptor } = openHonestPair(clock);
  const door = greet(clock, acceptor, { dialer: false, box: anna, session });
  const caller = greet(clock, dialer, { dialer: true, box: bert, session, hello: { protocol: 1 } });
  await turn(clock);
  expect([door.outcome, caller.outcome]).toEqual(['refusing version', 'refused version']);
  expect(textOf(caller)).toContain(`${LINK_PROTOCOL} and 1; update the older one`);
});

test('an encrypted box does not talk over a connection that is not, on either side', async () => {
  for (const encrypted of ['anna', 'bert']) {
    const { clock, anna, bert, session } = await openRig();
    letIn(anna, bert);
    anna.security = encrypted === 'anna' ? 'encrypted' : 'open';
    bert.security = encrypted === 'bert' ? 'encrypted' : 'open';
    const { dialer, acceptor } = openStreamPair(clock);
    const door = greet(clock, acceptor, { dialer: false, box: anna, session });
    const caller = greet(clock, dialer, { dialer: true, box: bert, session });
    await turn(clock);
    expect([door.link, caller.link]).toEqual([undefined, undefined]);
    const strict = encrypted === 'anna' ? door : caller;
    expect(strict.outcome).toBe('refusing notProven');
    expect(textOf(strict)).toContain('not encrypted');
    // Nothing was said but that.
    const stream = encrypted === 'anna' ? acceptor : dialer;
    expect(messagesOf(stream.written).map(({ kind }) => kind)).toEqual(['refuse']);
  }
});

test('an open box asks for nothing on an encrypted connection that it would not ask an encrypted one for', async () => {
  const { clock, anna, bert, session } = await openRig();
  anna.security = 'open';
  const { dialer, acceptor } = openHonestPair(clock);
  greet(clock, acceptor, { dialer: false, box: anna, session });
  const caller = greet(clock, dialer, { dialer: true, box: bert, session });
  await turn(clock);
  expect(caller.outcome).toBe('refused codeNeeded');
});

test('frames on other channels before the link is open end it', async () => {
  const { clock, anna, session } = await openRig();
  const { dialer, acceptor } = openHonestPair(clock);
  const door = greet(clock, acceptor, { dialer: false, box: anna, session });
  dialer.write(encodeFrame(1, new Uint8Array(3)) ?? new Uint8Array());
  await turn(clock);
  expect(door.end).toEqual({ kind: 'cut', reason: 'unexpected' });
});

test('a code question is not a way to come in: documents sent while it is asked end the link', async () => {
  const { clock, anna, bert, session } = await openRig();
  const { dialer, acceptor } = openHonestPair(clock);
  const door = greet(clock, acceptor, { dialer: false, box: anna, session });
  greet(clock, dialer, { dialer: true, box: bert, session, ...openPlayer() });
  await turn(clock);
  dialer.write(encodeFrame(1, new Uint8Array(3)) ?? new Uint8Array());
  await turn(clock);
  expect(door.end).toEqual({ kind: 'cut', reason: 'unexpected' });
  expect(anna.codes.shown).toBeUndefined();
});

test('greetings that are too long, make no sense or never end are cut off', async () => {
  const { clock, anna, session } = await openRig();
  const outcomes = async (feed: (stream: TestStream) => Promise<void> | void) => {
    const { dialer, acceptor } = openHonestPair(clock);
    const door = greet(clock, acceptor, { dialer: false, box: anna, session });
    await feed(dialer);
    await turn(clock);
    return door.end;
  };
  const cut = (reason: string) => ({ kind: 'cut', reason });
  const huge = Buffer.concat([Buffer.from('00000801', 'hex'), Buffer.alloc(2_049)]);
  expect(await outcomes((stream) => void stream.write(huge))).toEqual(cut('oversize'));
  expect(await outcomes((stream) => void stream.write(Buffer.from('GET / HTTP/1.1')))).toEqual(
    cut('oversize'),
  );
  const garbage = encodeFrame(0, Uint8Array.of(99, 1, 2)) ?? new Uint8Array();
  expect(await outcomes((stream) => void stream.write(garbage))).toEqual(cut('malformed'));
  // An octet every tenth of a second does not buy time.
  const started = clock.now();
  const trickled = await outcomes(async (stream) => {
    stream.write(Uint8Array.of(0, 0, 4));
    for (let octets = 0; octets < 40; octets++) {
      stream.write(Uint8Array.of(0));
      await turn(clock, fromMillis(100));
    }
  });
  expect(trickled).toEqual(cut('late'));
  expect(clock.now() - started).toBeLessThan(fromSeconds(5));
});

test('a greeting is cut off at whichever step it stops, and out of order at once', async () => {
  const { clock, anna, bert, session } = await openRig();
  letIn(anna, bert);
  const until = async (stops: LinkMessage['kind']) => {
    const way = openIntercepted(clock, (message) => (message.kind === stops ? undefined : message));
    Object.assign(way.acceptor, { binding: way.dialer.binding });
    const door = greet(clock, way.acceptor, { dialer: false, box: anna, session });
    const caller = greet(clock, way.dialer, { dialer: true, box: bert, session });
    await turn(clock, fromSeconds(7));
    return [door.outcome, caller.outcome];
  };
  expect(await until('hello')).toEqual(['cut', 'cut']);
  for (const kind of ['prove', 'enter'] as const) {
    expect(await until(kind)).not.toContain('open');
  }
  // The acceptor has let bert in, and finds nobody there.
  expect(await until('welcome')).toEqual(['bye misbehaved', 'cut']);

  const unordered: LinkMessage[] = [
    { kind: 'prove', signature: new Uint8Array(64) },
    { kind: 'try', share: new Uint8Array(32) },
    { kind: 'confirm', tag: new Uint8Array(64) },
    { kind: 'ping' },
    { kind: 'code', triesLeft: 3, lifetime: fromSeconds(9) },
  ];
  for (const message of unordered) {
    const { dialer, acceptor } = openHonestPair(clock);
    const door = greet(clock, acceptor, { dialer: false, box: anna, session });
    write(dialer, message);
    await turn(clock);
    expect(door.end, message.kind).toEqual({ kind: 'cut', reason: 'unexpected' });
  }
});

test('a second hello, or a second proof, ends an open link', async () => {
  const { clock, anna, bert, session } = await openRig();
  letIn(anna, bert);
  const { dialer, acceptor } = openHonestPair(clock);
  const door = greet(clock, acceptor, { dialer: false, box: anna, session });
  greet(clock, dialer, { dialer: true, box: bert, session });
  await turn(clock);
  const [hello] = messagesOf(dialer.written);
  if (hello) write(dialer, hello);
  await turn(clock);
  expect(door.end).toEqual({ kind: 'cut', reason: 'unexpected' });
});

test('a share that is no honest one costs a try, and tells nothing', async () => {
  const { clock, anna, bert, session } = await openRig();
  const { dialer, acceptor } = openHonestPair(clock);
  const door = greet(clock, acceptor, { dialer: false, box: anna, session });
  greet(clock, dialer, { dialer: true, box: bert, session, ...openPlayer() });
  await turn(clock);
  // The neutral element: with it the key would not depend on the code.
  write(dialer, { kind: 'try', share: new Uint8Array(32) });
  await turn(clock);
  expect(door.outcome).toBe('refusing codeWrong');
  expect(messagesOf(acceptor.written).some(({ kind }) => kind === 'answer')).toBe(false);
});

test('a guess is not let in for saying that it was right', async () => {
  const { clock, anna, bert, session } = await openRig();
  const { dialer, acceptor } = openHonestPair(clock);
  const door = greet(clock, acceptor, { dialer: false, box: anna, session });
  // The box says what is due, up to the code; then the test speaks in its place.
  const mute = divert(dialer, 'answer', openHonestPair(clock).dialer);
  greet(clock, mute, { dialer: true, box: bert, session, ...openPlayer() });
  await turn(clock);
  // A share like any other, by which the answer can't be checked; its tag is sent back, too.
  write(dialer, { kind: 'try', share: ristretto255.Point.BASE.toBytes() });
  await turn(clock);
  const answer = messagesOf(acceptor.written).find(({ kind }) => kind === 'answer');
  if (answer?.kind !== 'answer') throw new Error('no answer');
  write(dialer, { kind: 'confirm', tag: answer.tag });
  await turn(clock);
  expect(door.outcome).toBe('refusing codeWrong');
  expect(anna.known.all).toEqual([]);
});

test('guesses without a player: a thousand connections get no more than three tries', async () => {
  const { clock, anna, session } = await openRig();
  const shown = new Set<string>();
  anna.codes.onCode((code) => code && shown.add(code.code));
  let answers = 0;
  for (let attempt = 0; attempt < 1_000; attempt++) {
    const { dialer, acceptor } = openHonestPair(clock, attempt % 256);
    const guest = await openTestBox({ clock }, `guest ${attempt}`);
    const player = openPlayer();
    greet(clock, acceptor, { dialer: false, box: anna, session });
    const caller = greet(clock, dialer, {
      dialer: true,
      box: guest,
      session,
      entry: player.entry,
    });
    await turn(clock, fromMillis(6));
    player.enter('000000');
    await turn(clock, fromMillis(6));
    answers += messagesOf(acceptor.written).filter(({ kind }) => kind === 'answer').length;
    await caller[Symbol.asyncDispose]();
    await turn(clock, fromMillis(3));
  }
  // Fifteen seconds have passed: one lock, of thirty.
  expect(answers).toBe(3);
  // Nor does the panel flicker with codes.
  expect(shown.size).toBeLessThanOrEqual(4);
}, 60_000);

test('ten thousand random greetings never throw, open nothing, and end', async () => {
  const { clock, anna, bert, session } = await openRig();
  letIn(anna, bert);
  const seed = 4;
  const random = seededRandomness(seed);
  const honest = openHonestPair(clock);
  greet(clock, honest.acceptor, { dialer: false, box: anna, session });
  greet(clock, honest.dialer, { dialer: true, box: bert, session });
  await turn(clock);
  const recorded = {
    true: messagesOf(honest.acceptor.written).map(encodeLinkMessage),
    false: messagesOf(honest.dialer.written).map(encodeLinkMessage),
  };
  const payloads = fc.sample(fc.uint8Array({ maxLength: 90 }), { numRuns: 500, seed });
  const ended: Record<string, number> = {};
  const pick = <T>(list: readonly T[]): T | undefined => list[random.uint32() % list.length];
  for (let stream = 0; stream < 10_000; stream++) {
    const dials = stream % 2 === 0;
    const { dialer, acceptor } = openHonestPair(clock, 3);
    const victim = greet(clock, dials ? dialer : acceptor, {
      dialer: dials,
      box: dials ? bert : anna,
      session,
    });
    const attacker = dials ? acceptor : dialer;
    for (let frame = 0; frame < 4; frame++) {
      const known = pick(recorded[`${dials}`]) ?? new Uint8Array();
      const payload =
        random.uint32() % 2 === 0
          ? change(known, random.uint32() % Math.max(1, known.length))
          : (pick([known, ...payloads]) ?? known);
      const cut = random.uint32() % 16 === 0 ? 2 : 0;
      attacker.write(
        encodeFrame(random.uint32() % 12 === 0 ? 1 : 0, payload)?.subarray(cut) ?? payload,
      );
    }
    clock.advance(fromMillis(4_000));
    expect(victim.link, `seed ${seed}, stream ${stream}`).toBeUndefined();
    ended[victim.outcome] = (ended[victim.outcome] ?? 0) + 1;
  }
  expect(ended['greeting']).toBeUndefined();
  expect(Object.keys(ended)).toEqual(
    expect.arrayContaining(['cut', 'refusing notProven', 'refusing version']),
  );
}, 120_000);
