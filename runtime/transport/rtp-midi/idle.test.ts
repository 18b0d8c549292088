/** Sessions in which nothing is played: they stay up, and cost next to nothing. */
import { expect, test } from 'vitest';
import { NOTE_ON, openSessionRig } from '../../../tests/apple-midi-rig.ts';
import { fromMillis, fromSeconds } from '../../core/time.ts';

const A = '10.0.0.1';
const B = '10.0.0.2';
const HALF_AN_HOUR = fromSeconds(1_800);

test('two of ours stay connected through half an hour of silence, and the first note after it is heard (items 42, 52)', async () => {
  const rig = openSessionRig();
  const [a, b] = [await rig.open(A), await rig.open(B)];
  const connection = a.connect({ host: B, port: 5004 });
  await rig.run(fromSeconds(10));
  const [before, there] = [a.stats.datagrams, b.stats.datagrams];
  rig.log.length = 0;
  rig.clock.advance(HALF_AN_HOUR);
  expect(rig.log).toEqual([]);
  expect(connection.state).toBe('connected');
  // An answer a second here, a question and its thanks a second there.
  expect(a.stats.datagrams - before).toBeLessThan(1_900);
  expect(b.stats.datagrams - there).toBeLessThan(3_700);
  a.send(NOTE_ON, rig.clock.now());
  b.send(NOTE_ON, rig.clock.now());
  await rig.run(fromMillis(20));
  expect(rig.log.toSorted()).toEqual([`${A}: noteOn`, `${B}: noteOn`]);
});

test.each([
  ['answers our questions', true],
  ['answers none', false],
])(
  'a peer that asks for the time every ten seconds and %s stays connected for half an hour, its held note too (items 42, 52)',
  async (_what, answers) => {
    const rig = openSessionRig();
    const a = await rig.open(A);
    const peer = await rig.raw(B, { answers });
    await peer.join(rig, A);
    peer.askTimeEvery(fromSeconds(10));
    await rig.run(fromSeconds(30));
    peer.play([0x90, 60, 100], { host: A, port: 5005 });
    await rig.run(fromMillis(50));
    rig.log.length = 0;
    rig.clock.advance(HALF_AN_HOUR);
    expect(rig.log).toEqual([]);
    expect(a.peers).toHaveLength(1);
    peer.play([0x80, 60, 64], { host: A, port: 5005 });
    await rig.run(fromMillis(50));
    expect(rig.log).toEqual([`${A}: noteOff`]);
    // It vanishes.
    peer.falls();
    peer.play([0x90, 60, 100], { host: A, port: 5005 });
    await peer.close();
    await rig.run(fromSeconds(answers ? 4 : 20));
    expect(rig.log.at(-1)).toBe(`${A}: noteOff recovered`);
    await rig.run(fromSeconds(60));
    expect(a.peers).toHaveLength(0);
  },
);

test('a session without any clock exchange for a minute is over, whatever else comes (item 42)', async () => {
  const rig = openSessionRig();
  const a = await rig.open(A);
  const peer = await rig.raw(B, { answers: false });
  await peer.join(rig, A);
  let seconds = 0;
  for (; a.peers.length > 0 && seconds < 100; seconds++) {
    peer.play([0x90, 60, 100], { host: A, port: 5005 });
    peer.play([0x80, 60, 64], { host: A, port: 5005 });
    await rig.run(fromSeconds(1));
  }
  expect(seconds).toBe(60);
  expect(peer.heard.at(-1)?.message.kind).toBe('BY');
});
