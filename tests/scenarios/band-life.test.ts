import { expect, test } from 'vitest';
import { silentLog } from '../../runtime/core/log.ts';
import { openRtpMidiEndpoint } from '../../runtime/transport/rtp-midi/endpoint.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { screenText } from '../panel/screen-text.ts';
import { type Band, type Member, openBand, seconds } from './band.ts';

const hearsAll = (band: Band, member: Member, others: number): boolean =>
  member.box.rtp.peers.length === others &&
  member.box.rtp.peers.every((peer) => peer.clock.synced) &&
  band.clock.now() > 0;

/**
 * A key on one box, heard on others and ended there. A stroke may be lost for good where packets are (its repair would come
 * too late to be music), but not three.
 */
async function playsTo(
  band: Band,
  from: Member,
  to: readonly Member[],
  key: number,
): Promise<void> {
  const waiting = new Set(to);
  for (let stroke = 0; stroke < 3 && waiting.size > 0; stroke++) {
    from.press(key);
    await band.run(seconds(0.5));
    for (const member of to) if (isOnly(member.sounding, key)) waiting.delete(member);
    from.lift(key);
    await band.run(seconds(0.5));
    for (const member of to)
      expect(member.sounding, `${member.name} after ${from.name}`).toEqual([]);
  }
  expect(
    [...waiting].map(({ name }) => name),
    `who does not hear ${from.name}`,
  ).toEqual([]);
}

function isOnly(sounding: Member['sounding'], key: number): boolean {
  return sounding.length === 1 && sounding[0]?.[1] === key;
}

test.each([
  ['city', 1],
  ['badwifi60', 2],
  ['hostile', 3],
] as const)(
  'over %s, a box that is switched off and on again rejoins by one click, and is heard',
  async (network, seed) => {
    await using band = await openBand({ boxes: 3, network, seed });
    await band.gather();
    const third = band.box(3);
    let off = false;
    const going = third.switchOff().then(() => {
      off = true;
    });
    await band.until('it is off', () => off);
    await going;
    await band.run(seconds(20));
    await third.switchOn();
    await band.run(seconds(3));
    const screen = screenText(third.panel.display.frame);
    expect(screen.rows[screen.chosen ?? 0]).toContain('Rejoin');
    await third.click();
    await band.until('all hear all again', () =>
      band.members.every((member) => hearsAll(band, member, 2)),
    );
    expect(third.box.session.context?.participants).toHaveLength(3);
    await band.run(seconds(2));
    await playsTo(band, third, [band.box(1), band.box(2)], 60);
    await playsTo(band, band.box(1), [third], 64);
  },
);

test.each([
  ['lan', 1],
  ['transatlantic', 2],
  ['hostile', 3],
] as const)(
  'over %s, after a partition everybody hears everybody again, without a click',
  async (network, seed) => {
    await using band = await openBand({ boxes: 4, network, seed });
    await band.gather();
    band.network.partition(['10.0.0.1', '10.0.0.2'], ['10.0.0.3', '10.0.0.4']);
    band.box(1).press(50);
    await band.run(seconds(90));
    await playsTo(band, band.box(3), [band.box(4)], 70);
    band.network.heal();
    await band.until(
      'all hear all again',
      () => band.members.every((member) => hearsAll(band, member, 3)),
      seconds(60),
    );
    band.box(1).lift(50);
    await band.run(seconds(3));
    for (const member of band.members) expect(member.sounding, member.name).toEqual([]);
    const modes = band.members.map(({ box }) => box.session.context?.participants.length);
    expect(modes).toEqual([4, 4, 4, 4]);
    await playsTo(band, band.box(2), [band.box(3), band.box(4)], 71);
  },
);

test('who joins late has the program and the controllers that were set before', async () => {
  await using band = await openBand({ boxes: 3, network: 'city' });
  const [first, second, third] = band.members as [Member, Member, Member];
  await first.box.session.create('Jam');
  first.play({ kind: 'programChange', channel: 3, program: 42 });
  first.play({ kind: 'controlChange', channel: 3, controller: 7, value: 33 });
  first.play({ kind: 'pitchBend', channel: 3, value: 9_000 });
  for (const member of [second, third]) {
    await band.until('it is found', () => member.box.session.found.length > 0);
    const [target] = member.box.session.found;
    if (!target) throw new Error('no session was found');
    let joined = false;
    const joining = member.box.session.join(target, new AbortController().signal).then(() => {
      joined = true;
    });
    await band.until('it is joined', () => joined);
    await joining;
  }
  await band.run(seconds(8));
  for (const member of [second, third]) {
    const heard = member.heard.messages.map(({ message }) => message);
    expect(heard, member.name).toContainEqual({ kind: 'programChange', channel: 3, program: 42 });
    expect(heard, member.name).toContainEqual({
      kind: 'controlChange',
      channel: 3,
      controller: 7,
      value: 33,
    });
    expect(heard, member.name).toContainEqual({ kind: 'pitchBend', channel: 3, value: 9_000 });
  }
});

test('any RTP-MIDI peer that invites a box is heard there, hears it, and leaves no note behind', async () => {
  await using band = await openBand({ boxes: 1, network: 'lan' });
  const only = band.box(1);
  const stranger = await openRtpMidiEndpoint(
    {
      clock: band.clock,
      network: band.network.host('10.0.0.99').datagrams,
      randomness: seededRandomness('stranger'),
      log: silentLog,
    },
    { name: 'Somebody', port: 5004 },
  );
  const heard: string[] = [];
  stranger.onMidi((_peer, message) => heard.push(message.kind));
  stranger.connect({ host: '10.0.0.1', port: only.box.rtp.controlPort });
  await band.until('they are peers', () => stranger.peers.length === 1);
  await band.run(seconds(1));
  stranger.send({ kind: 'noteOn', channel: 5, key: 61, velocity: 80 }, band.clock.now());
  only.press(40);
  await band.run(seconds(0.5));
  expect(only.sounding).toEqual([[5, 61]]);
  expect(heard).toContain('noteOn');
  await stranger[Symbol.asyncDispose]();
  await band.run(seconds(1));
  expect(only.sounding).toEqual([]);
});

test('local thru sounds on this box alone, and ends what it holds when it is turned off', async () => {
  await using band = await openBand({
    boxes: 1,
    network: 'lan',
    settings: { midi: { thru: true } },
  });
  const only = band.box(1);
  only.press(60);
  await band.run(seconds(0.1));
  expect(only.sounding).toEqual([[0, 60]]);
  only.box.midi.setRoutes({ session: 'all', thru: [] });
  await band.run(seconds(0.1));
  expect(only.sounding, 'what thru holds ends with it').toEqual([]);
});
