import { expect, test } from 'vitest';
import { fromMillis, fromSeconds } from '../../runtime/core/time.ts';
import { checkMembership, MAX_GRANTS } from '../../runtime/privacy/membership-proof.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { letIn, makeSession, openTestBox, signatures } from '../credentials-rig.ts';
import { greet, openPlayer, turn, wrongFor } from '../link-rig.ts';
import { openHonestPair, openStreamPair } from '../peer-stream-pair.ts';

async function openRig() {
  const clock = new VirtualClock();
  const anna = await openTestBox({ clock }, 'anna');
  const bert = await openTestBox({ clock }, 'bert');
  const session = makeSession(anna);
  return { clock, anna, bert, session };
}

test('two members open a link without a code, and each has the proven key of the other', async () => {
  const { clock, anna, bert, session } = await openRig();
  letIn(anna, bert);
  const { dialer, acceptor } = openHonestPair(clock);
  const door = greet(clock, acceptor, { dialer: false, box: anna, session });
  const caller = greet(clock, dialer, { dialer: true, box: bert, session });
  await turn(clock, fromMillis(5));
  expect([door.outcome, caller.outcome]).toEqual(['open', 'open']);
  expect(caller.link).toMatchObject({ secure: true, dialer: true, key: anna.identity.publicKey });
  expect(door.link).toMatchObject({ secure: true, dialer: false, key: bert.identity.publicKey });
  expect(caller.link?.route.kind).toBe('local');
  const heard: string[] = [];
  door.link?.onFrame((channel, frame) => heard.push(`${channel}:${frame.join()}`));
  caller.link?.send(1, Uint8Array.of(1, 2));
  await turn(clock);
  expect(heard).toEqual(['1:1,2']);
  // Nobody was let in by anybody's word: no key is pinned.
  expect([...anna.known.all, ...bert.known.all]).toEqual([]);
});

test('a stranger comes in by the code that the host shows, and is known from then on', async () => {
  const { clock, anna, bert, session } = await openRig();
  const player = openPlayer();
  const { dialer, acceptor } = openHonestPair(clock);
  const door = greet(clock, acceptor, { dialer: false, box: anna, session });
  const caller = greet(clock, dialer, { dialer: true, box: bert, session, entry: player.entry });
  await turn(clock);
  expect(player.asked).toEqual([
    expect.objectContaining({ host: 'anna', triesLeft: 3, wrong: false, nameKnown: false }),
  ]);
  expect(anna.codes.shown).toMatchObject({ guest: 'bert', triesLeft: 3 });
  // People take their time; the link is kept alive meanwhile.
  await turn(clock, fromSeconds(60));
  const code = anna.codes.shown?.code ?? '';
  expect(code).toMatch(/^[0-9]{6}$/);
  player.enter(`${code.slice(0, 3)} ${code.slice(3)}`);
  await turn(clock);
  expect([door.outcome, caller.outcome]).toEqual(['open', 'open']);
  expect(anna.codes.shown).toBeUndefined();
  expect(anna.known.all.map(({ name }) => name)).toEqual(['bert']);
  expect(bert.known.all.map(({ name }) => name)).toEqual(['anna']);
  expect(bert.admittedBy).toEqual([anna.identity.box]);
  if (!bert.proof) throw new Error('no proof was granted');
  const fault = checkMembership(signatures, bert.proof, session, bert.identity.publicKey);
  expect(fault).toBeUndefined();
});

test('who knows the host and is known to it comes into its next session without a code', async () => {
  const { clock, anna, bert } = await openRig();
  anna.known.meet(bert.identity.publicKey, 'bert');
  bert.known.meet(anna.identity.publicKey, 'anna');
  const session = makeSession(anna);
  const { dialer, acceptor } = openHonestPair(clock);
  const door = greet(clock, acceptor, { dialer: false, box: anna, session });
  const caller = greet(clock, dialer, { dialer: true, box: bert, session });
  await turn(clock, fromMillis(5));
  expect([door.outcome, caller.outcome]).toEqual(['open', 'open']);
  expect(bert.proof?.grants).toHaveLength(1);
});

test('who forgot the host, or was forgotten by it, is asked for a code again', async () => {
  for (const forgetful of ['anna', 'bert']) {
    const { clock, anna, bert, session } = await openRig();
    if (forgetful === 'bert') anna.known.meet(bert.identity.publicKey, 'bert');
    else bert.known.meet(anna.identity.publicKey, 'anna');
    const player = openPlayer();
    const { dialer, acceptor } = openHonestPair(clock);
    greet(clock, acceptor, { dialer: false, box: anna, session });
    greet(clock, dialer, { dialer: true, box: bert, session, entry: player.entry });
    await turn(clock);
    expect(player.asked).toHaveLength(1);
  }
});

test('whoever has an invitation’s secret comes in without a code, and both are known from then on', async () => {
  const { clock, anna, bert, session } = await openRig();
  const invitation = new Uint8Array(16).fill(9);
  anna.invitations.add(invitation, session);
  const { dialer, acceptor } = openHonestPair(clock);
  const door = greet(clock, acceptor, { dialer: false, box: anna, session });
  const caller = greet(clock, dialer, { dialer: true, box: bert, session, entry: { invitation } });
  await turn(clock, fromMillis(5));
  expect([door.outcome, caller.outcome]).toEqual(['open', 'open']);
  expect(anna.known.isKnown(bert.identity.box)).toBe(true);
  expect(bert.known.isKnown(anna.identity.box)).toBe(true);
});

test('an invitation that was revoked, has run out or is for another session lets nobody in', async () => {
  const { clock, anna, bert, session } = await openRig();
  const invitation = new Uint8Array(16).fill(9);
  const attempt = async () => {
    const { dialer, acceptor } = openHonestPair(clock);
    greet(clock, acceptor, { dialer: false, box: anna, session });
    const caller = greet(clock, dialer, {
      dialer: true,
      box: bert,
      session,
      entry: { invitation },
    });
    await turn(clock);
    return caller.outcome;
  };
  anna.invitations.add(invitation, session);
  anna.invitations.revoke(invitation);
  expect(await attempt()).toBe('refused codeNeeded');
  anna.invitations.add(invitation, makeSession(await openTestBox({ clock }, 'carl')));
  expect(await attempt()).toBe('refused codeNeeded');
  anna.invitations.add(invitation, session);
  clock.advance(fromSeconds(24 * 3_600 + 1));
  expect(await attempt()).toBe('refused codeNeeded');
});

test('a member who doesn’t host sends strangers to the host', async () => {
  const { clock, anna, bert, session } = await openRig();
  const carl = await openTestBox({ clock }, 'carl');
  letIn(anna, bert);
  const { dialer, acceptor } = openHonestPair(clock);
  greet(clock, acceptor, { dialer: false, box: bert, session });
  const caller = greet(clock, dialer, { dialer: true, box: carl, session, ...openPlayer() });
  await turn(clock);
  expect(caller.end).toMatchObject({ kind: 'refused', code: 'askHost' });
  expect(caller.end).toHaveProperty('text', expect.stringContaining('only the host'));
});

test('where nobody is there to enter a code, none is shown', async () => {
  const { clock, anna, bert, session } = await openRig();
  const { dialer, acceptor } = openHonestPair(clock);
  greet(clock, acceptor, { dialer: false, box: anna, session });
  const caller = greet(clock, dialer, { dialer: true, box: bert, session });
  await turn(clock);
  expect(caller.outcome).toBe('refused codeNeeded');
  expect(anna.codes.shown).toBeUndefined();
});

test('who mistypes is asked again on the same link, and comes in', async () => {
  const { clock, anna, bert, session } = await openRig();
  const player = openPlayer();
  const { dialer, acceptor } = openHonestPair(clock);
  const door = greet(clock, acceptor, { dialer: false, box: anna, session });
  greet(clock, dialer, { dialer: true, box: bert, session, entry: player.entry });
  await turn(clock);
  const code = anna.codes.shown?.code;
  player.enter(wrongFor(code));
  await turn(clock);
  expect(player.asked[1]).toMatchObject({ triesLeft: 2, wrong: true });
  expect(anna.codes.shown).toMatchObject({ code, triesLeft: 2 });
  player.enter(code ?? '');
  await turn(clock);
  expect(door.outcome).toBe('open');
});

test('a code that nobody enters expires on both sides', async () => {
  const { clock, anna, bert, session } = await openRig();
  const player = openPlayer();
  const { dialer, acceptor } = openHonestPair(clock);
  const door = greet(clock, acceptor, { dialer: false, box: anna, session });
  const caller = greet(clock, dialer, { dialer: true, box: bert, session, entry: player.entry });
  await turn(clock, fromSeconds(119));
  expect([door.outcome, caller.outcome]).toEqual(['greeting', 'greeting']);
  await turn(clock, fromSeconds(2));
  expect([door.outcome, caller.outcome]).toEqual(['refusing codeExpired', 'refused codeExpired']);
  expect(player.waiting).toBe(false);
  expect(anna.codes.shown).toBeUndefined();
});

test('the host turns a guest down, who is told, and is not shown again for a minute', async () => {
  const { clock, anna, bert, session } = await openRig();
  const attempt = async () => {
    const { dialer, acceptor } = openHonestPair(clock);
    greet(clock, acceptor, { dialer: false, box: anna, session });
    const caller = greet(clock, dialer, { dialer: true, box: bert, session, ...openPlayer() });
    await turn(clock);
    return caller;
  };
  const caller = await attempt();
  expect(anna.codes.shown).toBeDefined();
  anna.codes.decline();
  await turn(clock);
  expect(caller.outcome).toBe('refused declined');
  expect((await attempt()).end).toMatchObject({ code: 'declined', wait: fromSeconds(60) });
  expect(anna.codes.shown).toBeUndefined();
});

test('a guest who turns away takes the code from the host’s display', async () => {
  const { clock, anna, bert, session } = await openRig();
  const player = openPlayer();
  const { dialer, acceptor } = openHonestPair(clock);
  const door = greet(clock, acceptor, { dialer: false, box: anna, session });
  const caller = greet(clock, dialer, { dialer: true, box: bert, session, entry: player.entry });
  await turn(clock);
  expect(anna.codes.shown).toBeDefined();
  player.cancel();
  await turn(clock);
  expect([door.outcome, caller.outcome]).toEqual(['bye leaving', 'closed']);
  expect(anna.codes.shown).toBeUndefined();
});

test('a display that fails while it asks for the code gives the guest up, and nothing else', async () => {
  const { clock, anna, bert, session } = await openRig();
  const { dialer, acceptor } = openHonestPair(clock);
  greet(clock, acceptor, { dialer: false, box: anna, session });
  const enterCode = (): never => {
    throw new Error('no display');
  };
  const caller = greet(clock, dialer, { dialer: true, box: bert, session, entry: { enterCode } });
  await turn(clock);
  expect(caller.outcome).toBe('closed');
  expect(anna.codes.shown).toBeUndefined();
});

test('of two guests at once the second one waits, and is told so', async () => {
  const { clock, anna, bert, session } = await openRig();
  const carl = await openTestBox({ clock }, 'carl');
  const outcomes = [bert, carl].map((box) => {
    const { dialer, acceptor } = openHonestPair(clock);
    greet(clock, acceptor, { dialer: false, box: anna, session });
    return greet(clock, dialer, { dialer: true, box, session, ...openPlayer() });
  });
  await turn(clock);
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(['greeting', 'refused busy']);
});

test('who was put out by the host gets in nowhere, though the proof still holds', async () => {
  const { clock, anna, bert, session } = await openRig();
  letIn(anna, bert);
  anna.removals.add(bert.identity.box);
  const { dialer, acceptor } = openHonestPair(clock);
  greet(clock, acceptor, { dialer: false, box: anna, session });
  const caller = greet(clock, dialer, { dialer: true, box: bert, session });
  await turn(clock);
  expect(caller.outcome).toBe('refused removed');
  // And is not dialed either.
  const back = openHonestPair(clock);
  greet(clock, back.acceptor, { dialer: false, box: bert, session });
  const other = greet(clock, back.dialer, { dialer: true, box: anna, session });
  await turn(clock);
  expect(other.outcome).toBe('refusing removed');
});

test('a chain of grants of full length is not made longer', async () => {
  const { clock, anna, bert, session } = await openRig();
  let last = anna;
  for (let length = 1; length <= MAX_GRANTS; length++) {
    const following = await openTestBox({ clock }, `member ${length}`);
    letIn(last, following);
    last = following;
  }
  expect(last.proof?.grants).toHaveLength(MAX_GRANTS);
  const invitation = new Uint8Array(16).fill(1);
  last.hosting = true;
  last.invitations.add(invitation, session);
  const { dialer, acceptor } = openHonestPair(clock);
  greet(clock, acceptor, { dialer: false, box: last, session });
  const caller = greet(clock, dialer, { dialer: true, box: bert, session, entry: { invitation } });
  await turn(clock);
  expect(caller.end).toHaveProperty('text', expect.stringContaining('whoever made the session'));
  // Its holder is a member like any other.
  const again = openHonestPair(clock);
  const door = greet(clock, again.acceptor, { dialer: false, box: anna, session });
  greet(clock, again.dialer, { dialer: true, box: last, session });
  await turn(clock);
  expect(door.outcome).toBe('open');
});

test('packets pass both ways once the link is open, and none before or after', async () => {
  const { clock, anna, bert, session } = await openRig();
  letIn(anna, bert);
  const { dialer, acceptor } = openHonestPair(clock);
  const door = greet(clock, acceptor, { dialer: false, box: anna, session });
  const early = Uint8Array.of(0x80, 1);
  dialer.packets?.send(early);
  await turn(clock);
  expect(door.counters.packetsDropped).toBe(1);
  const caller = greet(clock, dialer, { dialer: true, box: bert, session });
  await turn(clock, fromMillis(5));
  const heard: number[][] = [];
  door.link?.packets?.onPacket((packet) => heard.push([...packet]));
  caller.link?.packets?.send(Uint8Array.of(0x80, 97, 5, 6), 3);
  await turn(clock);
  expect(heard).toEqual([[0x80, 97, 5]]);
  await caller[Symbol.asyncDispose]();
  caller.link?.packets?.send(early);
  dialer.packets?.send(early);
  await turn(clock);
  expect(heard).toHaveLength(1);
});

test('with both boxes set to open, an unencrypted stream is enough, and nobody is pinned', async () => {
  const { clock, anna, bert, session } = await openRig();
  anna.security = 'open';
  bert.security = 'open';
  const { dialer, acceptor } = openStreamPair(clock);
  const door = greet(clock, acceptor, { dialer: false, box: anna, session });
  const caller = greet(clock, dialer, { dialer: true, box: bert, session });
  await turn(clock);
  expect([door.outcome, caller.outcome]).toEqual(['open', 'open']);
  expect(caller.link).toMatchObject({ secure: false, packets: undefined });
  expect([...anna.known.all, ...bert.known.all]).toEqual([]);
});
