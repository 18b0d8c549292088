import { expect, test } from 'vitest';
import type { SessionId } from '../../runtime/core/ensemble.ts';
import { PortError } from '../../runtime/core/errors.ts';
import type { Micros } from '../../runtime/core/time.ts';
import { beatAt } from '../../runtime/timeline/timeline.ts';
import { agreed, never, openSessionRig, type SessionBox } from './session-rig.ts';

const found = (box: SessionBox, name: string) => {
  const session = box.session.found.find((candidate) => candidate.name === name);
  if (!session) throw new Error(`no session ${name} was found`);
  return session;
};

async function jam(seed: number, names: readonly string[]) {
  const rig = openSessionRig(seed);
  const boxes: SessionBox[] = [];
  for (const name of names) boxes.push(await rig.start(name));
  const [first, ...others] = boxes as [SessionBox, ...SessionBox[]];
  await first.session.create('Basement');
  await rig.seconds(1);
  for (const box of others) {
    const joined = box.session.join(found(box, 'Basement'), never());
    await rig.seconds(1);
    await joined;
  }
  await rig.seconds(4);
  return { rig, boxes };
}

test('a session made on one box is found by others, who join and see the same ensemble', async () => {
  const { boxes } = await jam(1, ['A', 'B', 'C']);
  const [a, b, c] = boxes as [SessionBox, SessionBox, SessionBox];
  expect(agreed(a)).toMatchObject({ name: 'Basement', host: a.id, mode: 'auto', playing: false });
  expect(agreed(b)).toEqual(agreed(a));
  expect(agreed(c)).toEqual(agreed(a));
  expect(
    b.session.context?.participants.map(({ name, self, connected }) => [name, self, connected]),
  ).toEqual([
    ['B', true, true],
    ['A', false, true],
    ['C', false, true],
  ]);
  expect(a.session.stats.links).toBe(2);
  expect(c.participants).toEqual(['linked A', 'linked B']);
  expect(a.session.stats.cut).toEqual({});
});

test('what one participant changes, all see: name, mode, tempo, playing, roles, names', async () => {
  const { rig, boxes } = await jam(2, ['A', 'B', 'C']);
  const [a, b, c] = boxes as [SessionBox, SessionBox, SessionBox];
  a.session.rename('Attic');
  b.session.setMode('groove');
  c.session.setTempo(96);
  b.session.setPlaying(true);
  c.session.setSelf({ name: 'Cleo', role: 'bass' });
  await rig.seconds(1);
  expect(agreed(a)).toMatchObject({
    name: 'Attic',
    mode: 'groove',
    playing: true,
    timeline: { bpm: 96, beatsPerBar: 4 },
  });
  expect(a.session.context?.participants[2]).toMatchObject({
    name: 'Cleo',
    role: 'bass',
    roleByHand: true,
  });
  expect(agreed(b)).toEqual(agreed(a));
  expect(agreed(c)).toEqual(agreed(a));
  c.session.setSelf({ role: null });
  await rig.seconds(1);
  expect(a.session.context?.participants[2]).toMatchObject({ role: undefined, roleByHand: false });
  expect(found(await rig.start('D'), 'Attic')).toMatchObject({ participants: 3, host: 'A' });
  await rig.seconds(3);
});

test('a change of tempo keeps the beat where it is', async () => {
  const { rig, boxes } = await jam(3, ['A', 'B']);
  const [a, b] = boxes as [SessionBox, SessionBox];
  await rig.seconds(0.3);
  const beat = () => {
    const timeline = a.session.context?.timeline;
    return timeline ? beatAt(timeline, a.ensembleNow()) : Number.NaN;
  };
  const before = beat();
  b.session.setTempo(77.5);
  await rig.seconds(1);
  // The new tempo came with a beat: each part of that second at the old tempo or the new one.
  expect(beat() - before).toBeGreaterThan(77.5 / 60);
  expect(beat() - before).toBeLessThan(120 / 60);
  expect(a.session.context?.timeline).toMatchObject({ bpm: 77.5, before: [{ bpm: 120 }] });
  const turned = beat();
  await rig.seconds(1);
  expect(beat() - turned).toBeCloseTo(77.5 / 60, 6);
});

test('nothing is pushed while nothing changes', async () => {
  const { rig, boxes } = await jam(4, ['A', 'B', 'C']);
  const before = boxes.map((box) => box.contexts.length);
  await rig.seconds(60);
  expect(boxes.map((box) => box.contexts.length)).toEqual(before);
});

test('link statistics reach the snapshot of the box that measured them', async () => {
  const { rig, boxes } = await jam(5, ['A', 'B']);
  const [a, b] = boxes as [SessionBox, SessionBox];
  const stats = { rtt: 40_000 as Micros, jitter: 3_000 as Micros, loss: 0.02, recovered: 7 };
  a.session.reportStats(b.id, stats);
  await rig.seconds(1);
  expect(a.session.context?.participants[1]?.stats).toEqual(stats);
  expect(b.session.context?.participants[1]?.stats).toBeUndefined();
});

test('when the host dies the next one by id stands in for it, and ensemble time goes on', async () => {
  const { rig, boxes } = await jam(6, ['A', 'B', 'C']);
  const [a, b, c] = boxes as [SessionBox, SessionBox, SessionBox];
  const { timeline } = a.session.context ?? {};
  const offset = () => b.ensembleNow() - (rig.clock.now() as number);
  const before = offset();
  a.kill();
  await rig.seconds(8);
  expect(b.session.context?.participants.map(({ name, connected }) => [name, connected])).toEqual([
    ['B', true],
    ['A', false],
    ['C', true],
  ]);
  await rig.seconds(9);
  expect(b.session.context).toMatchObject({ host: b.id, name: 'Basement', timeline });
  expect(agreed(c)).toEqual(agreed(b));
  expect(b.session.context?.participants.map(({ name }) => name)).toEqual(['B', 'C']);
  expect(b.session.reference?.box).toBe('self');
  expect(c.session.reference?.box).toBe(b.id);
  expect(Math.abs(offset() - before)).toBeLessThan(1);
  expect(Math.abs(c.ensembleNow() - b.ensembleNow())).toBeLessThan(1);

  // It comes back, with another clock: to its own session, and to the time of the others.
  const again = await rig.start('A');
  const back = again.session.rejoinLast(never());
  await rig.seconds(5);
  await back;
  await rig.seconds(3);
  expect(agreed(again)).toEqual(agreed(b));
  expect(again.session.context?.host).toBe(again.id);
  expect(again.session.reference?.box).toBe(b.id);
  expect(again.session.context?.participants).toHaveLength(3);
  expect(Math.abs(offset() - before)).toBeLessThan(1);
  expect(Math.abs(again.ensembleNow() - b.ensembleNow())).toBeLessThan(1);
});

test('a session of two outlives its host, who finds it again', async () => {
  const { rig, boxes } = await jam(7, ['A', 'B']);
  const [a, b] = boxes as [SessionBox, SessionBox];
  b.session.setTempo(90);
  await rig.seconds(1);
  const offset = () => b.ensembleNow() - (rig.clock.now() as number);
  const before = offset();
  a.kill();
  await rig.seconds(60);
  expect(b.session.context).toMatchObject({ host: b.id, timeline: { bpm: 90 } });
  const again = await rig.start('A');
  const back = again.session.rejoinLast(never());
  await rig.seconds(6);
  await back;
  await rig.seconds(3);
  expect(agreed(again)).toEqual(agreed(b));
  expect(b.session.context).toMatchObject({ host: again.id, timeline: { bpm: 90 } });
  expect(Math.abs(offset() - before)).toBeLessThan(1);
  expect(Math.abs(again.ensembleNow() - b.ensembleNow())).toBeLessThan(1);
});

test('a host that leaves is succeeded at once, and is no participant any more', async () => {
  const { rig, boxes } = await jam(8, ['A', 'B', 'C']);
  const [a, b, c] = boxes as [SessionBox, SessionBox, SessionBox];
  await a.session.leave();
  expect(a.session.context).toBeUndefined();
  expect(a.contexts.at(-1)).toBeUndefined();
  await rig.seconds(1);
  expect(b.session.context?.host).toBe(b.id);
  expect(agreed(c)).toEqual(agreed(b));
  expect(b.session.context?.participants.map(({ name }) => name)).toEqual(['B', 'C']);
  expect(c.participants).toEqual(['linked A', 'linked B', 'unlinked A']);
  // The session is still there to be joined.
  const joined = a.session.join(found(a, 'Basement'), never());
  await rig.seconds(2);
  await joined;
  await rig.seconds(1);
  expect(agreed(a)).toEqual(agreed(b));
});

test('a parted ensemble goes on in both halves and is one again when the network heals', async () => {
  const { rig, boxes } = await jam(9, ['A', 'B', 'C', 'D']);
  const [a, b, c, d] = boxes as [SessionBox, SessionBox, SessionBox, SessionBox];
  // Nor is there a way around by way of the control plane.
  rig.hub.setUp(false);
  rig.network.partition([a.address, b.address], [c.address, d.address]);
  await rig.seconds(20);
  expect(a.session.context?.participants.map(({ name }) => name)).toEqual(['A', 'B']);
  expect(d.session.context?.participants.map(({ name }) => name)).toEqual(['D', 'C']);
  expect(a.session.context?.host).toBe(a.id);
  expect(c.session.context?.host).toBe(c.id);
  a.session.setMode('tight');
  d.session.setTempo(140);
  await rig.seconds(5);
  rig.network.heal();
  rig.hub.setUp(true);
  await rig.seconds(15);
  for (const box of [b, c, d]) expect(agreed(box)).toEqual(agreed(a));
  expect(a.session.context).toMatchObject({ mode: 'tight', timeline: { bpm: 140 } });
  expect(a.session.context?.participants).toHaveLength(4);
  expect(Math.abs(a.ensembleNow() - d.ensembleNow())).toBeLessThan(1);
  for (const box of boxes) expect(box.session.stats.cut['author']).toBeUndefined();
});

test('a short drop of the link is repaired without a change of host', async () => {
  const { rig, boxes } = await jam(10, ['A', 'B', 'C']);
  const [a, b, c] = boxes as [SessionBox, SessionBox, SessionBox];
  rig.network.host(a.address).disconnect();
  await rig.seconds(7);
  rig.network.host(a.address).reconnect();
  await rig.seconds(8);
  for (const box of [b, c]) expect(agreed(box)).toEqual(agreed(a));
  expect(a.session.context?.participants.every(({ connected }) => connected)).toBe(true);
});

test('boxes of which none remembers the session but by name find each other in it again', async () => {
  const { rig, boxes } = await jam(11, ['A', 'B']);
  for (const box of boxes) box.kill();
  await rig.seconds(5);
  const a = await rig.start('A');
  const b = await rig.start('B');
  const both = [a.session.rejoinLast(never()), b.session.rejoinLast(never())];
  await rig.seconds(12);
  await Promise.all(both);
  await rig.seconds(8);
  expect(a.session.context).toMatchObject({ name: 'Basement', host: a.id });
  expect(a.session.context?.participants).toHaveLength(2);
  expect(agreed(b)).toEqual(agreed(a));
  expect(Math.abs(a.ensembleNow() - b.ensembleNow())).toBeLessThan(1);
});

test('joining tells people why it did not work', async () => {
  const { rig, boxes } = await jam(12, ['A', 'B']);
  const [a] = boxes as [SessionBox];
  const c = await rig.start('C');
  const target = { ...found(c, 'Basement'), hostAddresses: [] };
  const failure = async (join: Promise<void>): Promise<PortError> => {
    const outcome = join.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    await rig.seconds(10);
    const reason = await outcome;
    expect(reason).toBeInstanceOf(PortError);
    return reason as PortError;
  };
  const nobody = await failure(c.session.join({ ...target, addresses: ['10.0.0.77'] }, never()));
  expect(nobody).toMatchObject({
    code: 'unavailable',
    message: 'nobody answers at 10.0.0.77:5008: is the box on, and in the same network?',
  });
  const wrong = 'f'.repeat(32) as SessionId;
  const gone = await failure(c.session.join({ ...target, session: wrong }, never()));
  expect(gone).toMatchObject({ code: 'unavailable' });
  expect(gone.message).toContain('that session is not played here any more');
  const nowhere = await failure(c.session.join({ ...target, addresses: [] }, never()));
  expect(nowhere.code).toBe('invalid');
  expect((await failure(c.session.rejoinLast(never()))).code).toBe('unavailable');
  expect(c.session.context).toBeUndefined();
  expect(a.session.stats.refused).toBe(1);

  const stop = new AbortController();
  const given = c.session.join({ ...target, addresses: ['10.0.0.77'] }, stop.signal);
  const outcome = expect(given).rejects.toBe('enough');
  stop.abort('enough');
  await outcome;

  // The first address is dead, the second is not: it is joined all the same, and soon.
  const joined = c.session.join(
    { ...target, addresses: ['10.0.0.77', ...target.addresses] },
    never(),
  );
  await rig.seconds(1);
  await joined;
  expect(c.session.context?.name).toBe('Basement');
});

test('a locked session is its host to change', async () => {
  const { rig, boxes } = await jam(13, ['A', 'B']);
  const [a, b] = boxes as [SessionBox, SessionBox];
  b.session.setLocked(true);
  a.session.setLocked(true);
  await rig.seconds(1);
  b.session.setMode('live');
  b.session.setTempo(60);
  a.session.setPlaying(true);
  await rig.seconds(1);
  expect(b.session.context).toMatchObject({ mode: 'auto', playing: true, timeline: { bpm: 120 } });
});

test('presence is heard by those who are linked, and ends with the link', async () => {
  const { rig, boxes } = await jam(14, ['A', 'B']);
  const [a, b] = boxes as [SessionBox, SessionBox];
  const heard: string[] = [];
  a.session.onPresence((box, state) => heard.push(`${box === b.id} ${state?.playing}`));
  for (let turn = 0; turn < 40; turn++) {
    b.session.setPresence({ playing: turn % 2 === 0 });
    await rig.seconds(0.05);
  }
  // Two seconds of flicker, at most five frames in each.
  expect(heard.length).toBeGreaterThan(3);
  expect(heard.length).toBeLessThanOrEqual(11);
  await b.session.leave();
  await rig.seconds(1);
  expect(heard.at(-1)).toBe('true undefined');
});

test('eight boxes that all join at once end up with one link to each', async () => {
  const rig = openSessionRig(15);
  const a = await rig.start('A');
  await a.session.create('Basement');
  await rig.seconds(1);
  const others = await Promise.all([...'BCDEFGH'].map((name) => rig.start(name)));
  const joins = others.map((box) => box.session.join(found(box, 'Basement'), never()));
  await rig.seconds(6);
  await Promise.all(joins);
  await rig.seconds(4);
  for (const box of [a, ...others]) {
    expect(agreed(box)).toEqual(agreed(a));
    expect(box.session.stats.links).toBe(7);
    expect(box.session.stats.cut).toEqual({});
  }
  for (const box of [a, ...others]) await box.session[Symbol.asyncDispose]();
});
