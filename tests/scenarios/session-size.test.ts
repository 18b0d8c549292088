import { expect, test } from 'vitest';
import { fromSeconds } from '../../runtime/core/time.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { countFrom } from '../document-rig.ts';
import { contents, openPeer, openPipe, type PipedPeer } from './session-pipes.ts';
import { never, openSessionRig, type SessionBox } from './session-rig.ts';

test('who comes late has tempo, roles and routing by one exchange, however many have played for hours', () => {
  const clock = new VirtualClock();
  const randomness = seededRandomness('late');
  const peers = Array.from({ length: 32 }, (_, place) => openPeer(clock, place, countFrom()));
  const [first, ...others] = peers as [PipedPeer, ...PipedPeer[]];
  for (const peer of others) openPipe(clock, randomness, [first, peer], []);
  first.documents.control.set({ name: 'Basement', mode: 'groove' });
  const ids = peers.map(({ box }) => box);
  for (let round = 0; round < 20; round++) {
    first.documents.control.set({
      timeline: { origin: 0 as never, bpm: 60 + round, beatsPerBar: 4 },
    });
    for (const { box, documents } of peers) {
      documents.participants.setSelf({
        name: `Player ${box.slice(0, 4)}`,
        role: 'bass',
        addresses: ['192.168.1.20'],
        links: ids.filter((id) => id !== box),
        stats: Object.fromEntries(
          ids.map((id) => [id, { rtt: round * 10, jitter: 10, loss: 0, recovered: round }]),
        ) as never,
      });
    }
    clock.advance(fromSeconds(1));
  }
  const late = openPeer(clock, 99, countFrom());
  const cuts: string[] = [];
  const pipe = openPipe(clock, randomness, [late, first], cuts);
  clock.advance(fromSeconds(0.2));
  expect(contents(late)).toEqual(contents(first));
  expect(late.documents.control.state).toMatchObject({ mode: 'groove', timeline: { bpm: 79 } });
  expect(cuts).toEqual([]);
  // Of each document: what I have, in both directions, and what the other lacks, in as many parts as frames have room for.
  const kinds = pipe.frames.map(({ channel, kind }) => `${channel}: ${kind}`).sort();
  expect(new Set(kinds)).toEqual(new Set(['1: 0', '1: 1', '2: 0', '2: 1', '2: 2', '3: 0']));
  const answers = pipe.frames.filter(({ kind, channel }) => kind === 1 && channel < 3);
  expect(answers).toHaveLength(4);
  expect(pipe.frames.length).toBeLessThanOrEqual(4 + 4 + 2 + 5);
});

test('a session takes so many boxes, and says politely to one more that it is full', async () => {
  const rig = openSessionRig(1);
  const sizeLimit = 4;
  const boxes: SessionBox[] = [];
  for (const name of 'ABCDE') boxes.push(await rig.start(name, { sizeLimit }));
  const [a, ...others] = boxes as [SessionBox, ...SessionBox[]];
  const late = others.pop() as SessionBox;
  await a.session.create('Basement');
  await rig.seconds(1);
  const join = (box: SessionBox): Promise<void> => {
    const [found] = box.session.found;
    if (!found) throw new Error('no session was found');
    return box.session.join(found, never());
  };
  for (const box of others) {
    const joined = join(box);
    await rig.seconds(1);
    await joined;
  }
  await rig.seconds(4);
  for (const box of [a, ...others]) expect(box.session.context?.participants).toHaveLength(4);
  const refused = join(late).catch((why: unknown) => why);
  await rig.seconds(3);
  expect(await refused).toMatchObject({
    reason: 'full',
    message: expect.stringContaining('the session is full: 4 boxes play in it'),
  });
  // Who was in it and comes back is not one more; and where one leaves there is room.
  await others[0]?.session.leave();
  await rig.seconds(2);
  const joined = join(late);
  await rig.seconds(3);
  await joined;
  expect(late.session.context?.participants).toHaveLength(4);
});
