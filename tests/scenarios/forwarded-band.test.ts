import { expect, test } from 'vitest';
import type { ParticipantRoute } from '../../runtime/core/ensemble.ts';
import { type Band, type Member, millis, openBand, seconds } from './band.ts';

const BOXES = 6;
const MESH = 3;

const routesOf = ({ box }: Member): readonly (ParticipantRoute | undefined)[] =>
  (box.session.context?.participants ?? []).filter(({ self }) => !self).map(({ route }) => route);

/** Those who have a link with everybody. */
const forwarding = (band: Band, members: readonly Member[] = band.members): readonly Member[] =>
  members.filter((member) => routesOf(member).every((route) => route === 'local'));

async function openForwardedBand(seed: number): Promise<Band> {
  const band = await openBand({
    boxes: BOXES,
    network: 'wifi',
    seed,
    meshLimit: MESH,
    step: millis(2),
  });
  await band.gather();
  await band.until('links that are needed no more are ended', () =>
    band.members.every(
      (member) =>
        forwarding(band).length === 2 &&
        (forwarding(band).includes(member) ||
          routesOf(member).filter((route) => route === 'forwarded').length === BOXES - 3),
    ),
  );
  return band;
}

test('in a session beyond the mesh two forward, all hear all, and the box that forwards dies without a note that sticks', async () => {
  await using band = await openForwardedBand(1);
  const players = band.members.filter((member) => !forwarding(band).includes(member));
  const [player, ...listeners] = players as [Member, ...Member[]];
  player.press(60);
  player.press(64);
  await band.run(seconds(0.5));
  for (const listener of listeners) {
    expect(listener.sounding, listener.name).toEqual([
      [0, 60],
      [0, 64],
    ]);
  }
  const [first] = forwarding(band) as [Member];
  const relayed = (member: Member): number => member.box.lanes.stats.relayed;
  const used = [...forwarding(band)].sort((a, b) => relayed(b) - relayed(a))[0] ?? first;
  used.vanish();
  // In the middle of the phrase, into a hole.
  await band.run(millis(50));
  player.lift(60);
  await band.run(millis(400));
  player.press(67);
  await band.run(millis(1_550));
  for (const listener of listeners) {
    expect(listener.sounding, listener.name).toEqual([
      [0, 64],
      [0, 67],
    ]);
  }
  const rest = band.members.filter((member) => member !== used);
  await band.until('another is the spare', () => forwarding(band, rest).length === 2, seconds(30));
  player.lift(64);
  player.lift(67);
  player.press(72);
  await band.run(seconds(1));
  for (const listener of listeners) expect(listener.sounding, listener.name).toEqual([[0, 72]]);
  player.lift(72);
  await band.run(seconds(1));
  for (const listener of listeners) expect(listener.sounding, listener.name).toEqual([]);
});

test('a muted player is silent also where it is passed on', async () => {
  await using band = await openForwardedBand(2);
  const host = band.box(1);
  const players = band.members.filter(
    (member) => member !== host && !forwarding(band).includes(member),
  );
  const [player, listener] = players as [Member, Member];
  player.press(60);
  await band.run(seconds(0.5));
  expect(listener.sounding).toEqual([[0, 60]]);
  host.box.session.mute(player.box.id, true);
  await band.run(seconds(1));
  expect(listener.sounding).toEqual([]);
  player.press(62);
  await band.run(seconds(0.5));
  expect(listener.sounding).toEqual([]);
});
