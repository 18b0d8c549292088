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

async function rejoin(band: Band, member: Member): Promise<void> {
  let isBack = false;
  const back = member.box.session.rejoinLast(new AbortController().signal).finally(() => {
    isBack = true;
  });
  back.catch(() => {}); // awaited below
  await band.until('it is back', () => isBack);
  await back;
  await band.run(seconds(3));
}

const isHeardBy = (band: Band, player: Member): readonly Member[] =>
  band.members.filter((member) => member !== player);

/** Those who are passed on, of whom the last joined latest. */
const passedOn = (band: Band): readonly Member[] =>
  band.members.filter((member) => !forwarding(band).includes(member));

test.each([3, 4])(
  'on every hop five percent are lost in bursts: all hear in the end what sounds, and nobody hears what does not (seed %i)',
  async (seed) => {
    await using band = await openForwardedBand(seed);
    const [player] = passedOn(band) as [Member];
    band.network.setProfile('hostile');
    const down: number[] = [];
    for (let i = 0; i < 60; i++) {
      const key = 40 + ((i * 7) % 25);
      if (down.includes(key)) {
        player.lift(key);
        down.splice(down.indexOf(key), 1);
      } else {
        player.press(key);
        down.push(key);
      }
      await band.run(millis(30 + ((i * 13) % 60)));
    }
    const [held] = down as [number];
    for (const key of down.slice(1)) player.lift(key);
    await band.run(seconds(1.5));
    for (const listener of isHeardBy(band, player)) {
      // A note-on may come too late to be worth hearing; a note-off never does.
      const kept = listener.sounding.filter(([, key]) => key !== held);
      expect(kept, `${listener.name}, seed ${seed}`).toEqual([]);
    }
    player.lift(held);
    await band.run(seconds(1));
    for (const listener of band.members)
      expect(listener.sounding, `${listener.name}, seed ${seed}`).toEqual([]);
  },
);

test('a player who is passed on starts again in the middle of a note: it ends, and what is played then is heard', async () => {
  await using band = await openForwardedBand(5);
  const player = passedOn(band).at(-1) as Member;
  player.press(60);
  await band.run(seconds(0.5));
  const off = player.switchOff();
  await band.run(seconds(1));
  await off;
  for (const listener of isHeardBy(band, player))
    expect(listener.sounding, listener.name).toEqual([]);
  await player.switchOn();
  await rejoin(band, player);
  player.press(64);
  await band.run(seconds(1));
  for (const listener of isHeardBy(band, player))
    expect(listener.sounding, listener.name).toEqual([[0, 64]]);
  // And it hears the others.
  const other = passedOn(band).find((member) => member !== player) as Member;
  other.press(70);
  await band.run(seconds(1));
  expect(player.sounding).toEqual([[0, 70]]);
});

test('the box that forwards starts again, and nobody loses a note that is held meanwhile', async () => {
  await using band = await openForwardedBand(6);
  const [player, listener] = passedOn(band).slice(-2) as [Member, Member];
  player.press(48);
  await band.run(seconds(0.5));
  const relayed = (member: Member): number => member.box.lanes.stats.relayed;
  const used = [...forwarding(band)].sort((a, b) => relayed(b) - relayed(a))[0] as Member;
  const off = used.switchOff();
  await band.run(seconds(1));
  await off;
  expect(listener.sounding).toEqual([[0, 48]]);
  player.press(50);
  await band.run(seconds(1));
  expect(listener.sounding).toEqual([
    [0, 48],
    [0, 50],
  ]);
  await used.switchOn();
  await rejoin(band, used);
  player.lift(48);
  await band.run(seconds(1));
  for (const each of isHeardBy(band, player).filter((member) => member !== used))
    expect(each.sounding, each.name).toEqual([[0, 50]]);
  player.lift(50);
  await band.run(seconds(1));
  for (const each of band.members) expect(each.sounding, each.name).toEqual([]);
});
