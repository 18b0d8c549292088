import { expect, test } from 'vitest';
import type { SessionNotice } from '../../runtime/session/session.ts';
import { agreed, never, openSessionRig, type SessionBox, type SessionRig } from './session-rig.ts';

const target = (box: SessionBox) => {
  const [found] = box.session.found;
  if (!found) throw new Error('no session was found');
  return found;
};

async function joinAll(rig: SessionRig, boxes: readonly SessionBox[]): Promise<void> {
  for (const box of boxes) {
    const joined = box.session.join(target(box), never());
    await rig.seconds(1);
    await joined;
  }
}

async function jam(seed: number, names: readonly string[]) {
  const rig = openSessionRig(seed);
  const boxes: SessionBox[] = [];
  for (const name of names) boxes.push(await rig.start(name));
  const [first, ...others] = boxes as [SessionBox, ...SessionBox[]];
  await first.session.create('Basement');
  await rig.seconds(1);
  await joinAll(rig, others);
  await rig.seconds(4);
  const notices = boxes.map((box) => {
    const heard: SessionNotice['kind'][] = [];
    box.session.onNotice(({ kind }) => heard.push(kind));
    return heard;
  });
  return { rig, boxes, notices };
}

const participant = (box: SessionBox, of: SessionBox) =>
  box.session.context?.participants.find(({ id }) => id === of.id);

test('what only the host may do, others are told, and nothing happens', async () => {
  const { rig, boxes, notices } = await jam(1, ['A', 'B', 'C']);
  const [a, b, c] = boxes as [SessionBox, SessionBox, SessionBox];
  const before = agreed(a);
  b.session.setLocked(true);
  b.session.mute(c.id, true);
  b.session.remove(c.id);
  b.session.letBackIn(c.id);
  b.session.handOver(b.id);
  await rig.seconds(2);
  expect(agreed(a)).toEqual(before);
  expect(agreed(c)).toEqual(before);
  expect(notices[1]).toEqual(['notHost', 'notHost', 'notHost', 'notHost', 'notHost']);
});

test('whom the host mutes is muted for everybody, knows it, and is heard again later', async () => {
  const { rig, boxes, notices } = await jam(2, ['A', 'B', 'C']);
  const [a, b, c] = boxes as [SessionBox, SessionBox, SessionBox];
  a.session.mute(b.id, true);
  await rig.seconds(1);
  for (const box of boxes) expect(participant(box, b)?.muted).toBe(true);
  for (const box of boxes) expect(participant(box, c)?.muted).toBe(false);
  a.session.mute(b.id, false);
  await rig.seconds(1);
  for (const box of boxes) expect(participant(box, b)?.muted).toBe(false);
  expect(notices).toEqual([[], ['muted', 'unmuted'], []]);
});

test('whom the host removes leaves with words, is refused by all, and may come back when let in again', async () => {
  const { rig, boxes, notices } = await jam(3, ['A', 'B', 'C']);
  const [a, b, c] = boxes as [SessionBox, SessionBox, SessionBox];
  a.session.remove(b.id);
  await rig.seconds(2);
  expect(b.session.context).toBeUndefined();
  expect(notices[1]).toEqual(['removed']);
  expect(c.participants.at(-1)).toBe('unlinked B');
  for (const box of [a, c]) {
    expect(box.session.context?.participants.map(({ name }) => name)).not.toContain('B');
    expect(box.session.context?.removed).toEqual([{ id: b.id, name: 'B' }]);
  }
  for (const back of [
    () => b.session.join(target(b), never()),
    () => b.session.rejoinLast(never()),
  ]) {
    const outcome = back().catch((failure: unknown) => failure);
    await rig.seconds(8);
    expect(await outcome).toMatchObject({ code: 'denied', reason: 'removed' });
  }
  a.session.letBackIn(b.id);
  await rig.seconds(2);
  await joinAll(rig, [b]);
  await rig.seconds(5);
  for (const box of [b, c]) expect(agreed(box)).toEqual(agreed(a));
  expect(a.session.context?.participants).toHaveLength(3);
});

test('a session that is handed over has its new host everywhere, with all that the former one decided', async () => {
  const { rig, boxes, notices } = await jam(4, ['A', 'B', 'C']);
  const [a, b, c] = boxes as [SessionBox, SessionBox, SessionBox];
  a.session.mute(c.id, true);
  a.session.setLocked(true);
  a.session.setTempo(88);
  await rig.seconds(1);
  a.session.handOver(b.id);
  await rig.seconds(2);
  for (const box of boxes) {
    expect(box.session.context).toMatchObject({ host: b.id, locked: true, timeline: { bpm: 88 } });
    expect(participant(box, c)?.muted).toBe(true);
  }
  expect(notices[1]).toEqual(['hosting']);
  // And the former one has nothing to say any more.
  a.session.setTempo(140);
  a.session.mute(c.id, false);
  b.session.setTempo(77);
  await rig.seconds(1);
  for (const box of boxes) {
    expect(box.session.context).toMatchObject({ timeline: { bpm: 77 } });
    expect(participant(box, c)?.muted).toBe(true);
  }
  // Also not when it was away.
  a.kill();
  await rig.seconds(20);
  const again = await rig.start('A');
  const back = again.session.rejoinLast(never());
  await rig.seconds(5);
  await back;
  await rig.seconds(3);
  expect(again.session.context).toMatchObject({ host: b.id, locked: true });
  expect(agreed(again)).toEqual(agreed(b));
});

test('who stands in for the host keeps its decisions, makes its own, and gives the place back', async () => {
  const { rig, boxes } = await jam(5, ['A', 'B', 'C', 'D']);
  const [a, b, c, d] = boxes as [SessionBox, SessionBox, SessionBox, SessionBox];
  a.session.mute(d.id, true);
  a.session.setLocked(true);
  await rig.seconds(1);
  a.kill();
  await rig.seconds(20);
  for (const box of [b, c, d]) {
    expect(box.session.context).toMatchObject({ host: b.id, locked: true });
    expect(participant(box, d)?.muted).toBe(true);
  }
  b.session.setTempo(66);
  b.session.mute(c.id, true);
  b.session.handOver(c.id);
  await rig.seconds(1);
  for (const box of [b, c, d]) {
    expect(box.session.context).toMatchObject({ host: b.id, timeline: { bpm: 66 } });
    expect(participant(box, c)?.muted).toBe(true);
  }
  const again = await rig.start('A');
  const back = again.session.rejoinLast(never());
  await rig.seconds(5);
  await back;
  await rig.seconds(4);
  for (const box of [again, b, c, d]) {
    // The tempo goes on; who is muted is the host's to say again.
    expect(box.session.context).toMatchObject({ host: a.id, locked: true, timeline: { bpm: 66 } });
    expect(participant(box, d)?.muted).toBe(true);
    expect(participant(box, c)?.muted).toBe(false);
  }
});

test('parted halves have one host each, and the whole has the former one again', async () => {
  const { rig, boxes } = await jam(6, ['A', 'B', 'C', 'D']);
  const [a, b, c, d] = boxes as [SessionBox, SessionBox, SessionBox, SessionBox];
  const time = (box: SessionBox) => box.ensembleNow() - (rig.clock.now() as number);
  const before = boxes.map(time);
  for (let turn = 0; turn < 2; turn++) {
    rig.hub.setUp(false);
    rig.network.partition([a.address, b.address], [c.address, d.address]);
    await rig.seconds(20);
    expect(boxes.map((box) => box.session.context?.host)).toEqual([a.id, a.id, c.id, c.id]);
    c.session.remove(a.id);
    rig.network.heal();
    rig.hub.setUp(true);
    await rig.seconds(15);
    // Whoever stood in has put nobody out who hosts by right.
    for (const box of boxes) {
      expect(box.session.context).toMatchObject({ host: a.id, removed: [] });
      expect(agreed(box)).toEqual(agreed(a));
    }
    for (const [index, box] of boxes.entries()) {
      expect(Math.abs(time(box) - (before[index] ?? 0))).toBeLessThan(1);
    }
  }
});

test('tempo, roles and who is muted survive when everybody left, also with one box alone', async () => {
  const { rig, boxes } = await jam(7, ['A', 'B', 'C']);
  const [a, b, c] = boxes as [SessionBox, SessionBox, SessionBox];
  a.session.setTempo(93);
  b.session.setSelf({ role: 'bass' });
  a.session.mute(c.id, true);
  a.session.setMode('groove');
  await rig.seconds(7);
  // One leaves in good order, the others lose power.
  await c.session.leave();
  a.kill();
  b.kill();
  await rig.seconds(60);
  const alone = await rig.start('B');
  const opened = alone.session.rejoinLast(never());
  await rig.seconds(8);
  await opened;
  await rig.seconds(2);
  expect(alone.session.context).toMatchObject({ mode: 'groove', timeline: { bpm: 93 } });
  const again = await rig.start('A');
  const back = again.session.rejoinLast(never());
  await rig.seconds(8);
  await back;
  await joinAll(rig, [c]);
  await rig.seconds(5);
  for (const box of [again, alone, c]) {
    expect(box.session.context).toMatchObject({
      host: a.id,
      mode: 'groove',
      timeline: { bpm: 93 },
    });
    expect(participant(box, c)?.muted).toBe(true);
  }
});

test('a stranger gets in by the code that the host shows, and needs none afterwards', async () => {
  const rig = openSessionRig(8);
  const a = await rig.start('A');
  const stranger = await rig.start('S', { stranger: true });
  await a.session.create('Basement');
  await rig.seconds(1);
  const asked: string[] = [];
  const shown: (string | undefined)[] = [];
  a.session.onCode((code) => shown.push(code?.guest));
  const joined = stranger.session.join(target(stranger), never(), async ({ host }) => {
    asked.push(host);
    return a.session.code?.code ?? '';
  });
  await rig.seconds(5);
  await joined;
  expect(asked).toEqual(['A']);
  // Told again when a try is taken; and taken down at the end.
  expect([...new Set(shown)]).toEqual(['S', undefined]);
  expect(a.session.known.map(({ name }) => name)).toContain('S');
  await stranger.session.leave();
  await rig.seconds(1);
  // By the proof that it was given; and as a known box, when that is lost.
  const back = stranger.session.rejoinLast(never());
  await rig.seconds(5);
  await back;
  expect(asked).toHaveLength(1);
  a.session.forget(stranger.id);
  expect(a.session.known.map(({ name }) => name)).not.toContain('S');
});

test('an invitation leads from elsewhere into the session, and to nobody else’s', async () => {
  const rig = openSessionRig(9);
  const a = await rig.start('A');
  const b = await rig.start('B');
  const stranger = await rig.start('S', { stranger: true });
  await expect(a.session.invite()).rejects.toMatchObject({ code: 'unavailable' });
  await a.session.create('Basement');
  await rig.seconds(1);
  await joinAll(rig, [b]);
  await rig.seconds(2);
  await expect(b.session.invite()).rejects.toMatchObject({ reason: 'askHost' });
  const inviting = a.session.invite();
  await rig.seconds(1);
  const { link } = await inviting;
  const joined = stranger.session.openInvitation(link, never());
  await rig.seconds(6);
  await joined;
  await rig.seconds(3);
  expect(stranger.session.context?.name).toBe('Basement');
  expect(agreed(stranger)).toEqual(agreed(a));
});

test('who was put out does not come back as somebody else by an invitation it knows', async () => {
  const rig = openSessionRig(11);
  const a = await rig.start('A');
  const [guest, disguise] = [
    await rig.start('G', { stranger: true }),
    await rig.start('H', { stranger: true }),
  ];
  await a.session.create('Basement');
  await rig.seconds(1);
  const inviting = a.session.invite();
  await rig.seconds(1);
  const { link } = await inviting;
  const joined = guest.session.openInvitation(link, never());
  await rig.seconds(6);
  await joined;
  a.session.remove(guest.id);
  await rig.seconds(3);
  expect(guest.session.context).toBeUndefined();
  const back = disguise.session.openInvitation(link, never()).then(
    () => 'in',
    ({ code }) => code,
  );
  await rig.seconds(8);
  expect(await back).toBe('denied');
  // A new one is as good as ever.
  const again = a.session.invite();
  await rig.seconds(1);
  const another = disguise.session.openInvitation((await again).link, never());
  await rig.seconds(6);
  await another;
  expect(disguise.session.context?.name).toBe('Basement');
});

test('without a control server an invitation says what to do', async () => {
  const rig = openSessionRig(10);
  const a = await rig.start('A');
  rig.hub.setUp(false);
  await rig.seconds(2);
  await a.session.create('Basement');
  await expect(a.session.invite()).rejects.toMatchObject({ code: 'unavailable' });
});
