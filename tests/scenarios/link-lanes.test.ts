import { expect, test } from 'vitest';
import { fromMillis, fromSeconds } from '../../runtime/core/time.ts';
import { type LaneBand, type LaneBox, openLaneBand } from './lane-band.ts';

/** Everybody linked with the first two, who pass packets on between the others. */
async function openStar(band: LaneBand): Promise<readonly LaneBox[]> {
  const [first, spare, ...players] = band.boxes as [LaneBox, LaneBox, ...LaneBox[]];
  await band.link(first, spare);
  for (const player of players) {
    await band.link(first, player);
    await band.link(spare, player);
    const by = [first.id, spare.id];
    player.lanes.setRoutes(
      new Map(players.filter((other) => other !== player).map(({ id }) => [id, by])),
    );
  }
  band.meet(band.boxes);
  await band.run(fromSeconds(1));
  return players;
}

test.each([1, 2, 3, 4, 9, 10])(
  'three boxes jam over links that lose five percent: what each holds at the end is what all hear (seed %i)',
  async (seed) => {
    const band = await openLaneBand(3, { seed, profile: 'hostile' });
    const [a, b, c] = band.boxes as [LaneBox, LaneBox, LaneBox];
    for (const [one, other] of [
      [a, b],
      [a, c],
      [b, c],
    ] as const)
      await band.link(one, other);
    band.meet(band.boxes);
    await band.run(fromSeconds(2));
    await band.jam(band.boxes, 20, fromSeconds(10));
    await band.run(fromSeconds(1));
    expect(band.lost(band.boxes), `seed ${seed}`).toBe(0);
    expect(a.played.lines.some((line) => line.startsWith('key'))).toBe(true);
    for (const box of band.boxes) box.endNotes();
    await band.run(fromSeconds(1));
    expect(band.lost(band.boxes), `seed ${seed}`).toBe(0);
    for (const box of band.boxes) {
      expect(box.left).toEqual([]);
      expect(box.lanes.stats).toMatchObject({ malformed: 0, flooded: 0, unexpected: 0, forged: 0 });
    }
  },
);

test('a link is replaced while notes sound: none ends, none sticks, and the session goes on', async () => {
  const band = await openLaneBand(2, { seed: 4, profile: 'wifi' });
  const [a, b] = band.boxes as [LaneBox, LaneBox];
  const old = await band.link(a, b);
  band.meet(band.boxes);
  await band.run(fromSeconds(1));
  await band.jam(band.boxes, 20, fromSeconds(2));
  const sounding = (): number =>
    b.heard.get(a.id)?.lines.filter((line) => line.startsWith('key')).length ?? 0;
  expect(sounding()).toBeGreaterThan(0);
  const renewed = await band.link(a, b);
  await band.jam(band.boxes, 20, fromSeconds(1));
  await old[Symbol.asyncDispose]();
  expect(sounding()).toBeGreaterThan(0);
  await band.jam(band.boxes, 20, fromSeconds(1));
  await band.run(fromMillis(500));
  expect(band.lost(band.boxes)).toBe(0);
  for (const box of band.boxes) box.endNotes();
  await band.run(fromMillis(500));
  expect(band.lost(band.boxes)).toBe(0);
  expect(sounding()).toBe(0);
  expect([...a.left, ...b.left]).toEqual([]);
  await renewed[Symbol.asyncDispose]();
});

test.each([5, 6, 7])(
  'the box that passes packets on dies in the middle of a phrase: within two seconds all is back, by the spare one (seed %i)',
  async (seed) => {
    const band = await openLaneBand(6, { seed, profile: 'wifi' });
    const players = await openStar(band);
    await band.jam(players, 10, fromSeconds(3));
    const [first, spare] = band.boxes as [LaneBox, LaneBox];
    expect(first.lanes.stats.relayed).toBeGreaterThan(1_000);
    const before = spare.lanes.stats.relayed;
    first.host.disconnect();
    await band.jam(players, 10, fromSeconds(2));
    await band.run(fromMillis(150));
    expect(band.lost(players), `seed ${seed}`).toBe(0);
    expect(spare.lanes.stats.relayed - before).toBeGreaterThan(500);
    await band.jam(players, 10, fromSeconds(3));
    for (const player of players) player.endNotes();
    await band.run(fromMillis(500));
    expect(band.lost(players), `seed ${seed}`).toBe(0);
    for (const player of players) {
      // Of the others' sessions none has ended.
      expect(player.left).not.toContain(players.find((other) => other !== player)?.id);
      expect(player.lanes.stats).toMatchObject({ malformed: 0, unexpected: 0, forged: 0 });
    }
  },
);

test('packets that are passed on come later by one link, and by nothing else', async () => {
  const band = await openLaneBand(4, { seed: 8, profile: 'city' });
  const players = await openStar(band);
  await band.run(fromSeconds(10));
  const [a, b] = players as [LaneBox, LaneBox];
  const rttOf = (box: LaneBox, name: string): number =>
    box.rtp.peers.find((peer) => peer.name === name)?.stats.rtt ?? 0;
  const direct = rttOf(a, band.boxes[0]?.rtp.name ?? '');
  const passedOn = rttOf(a, b.rtp.name);
  expect(passedOn).toBeGreaterThan(1.8 * direct);
  expect(passedOn).toBeLessThan(2.2 * direct);
});
