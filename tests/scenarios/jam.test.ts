import { describe, expect, test } from 'vitest';
import { type Band, openBand, seconds } from './band.ts';
import { ghosts, playDensely } from './dense-playing.ts';

describe('a band in one session', () => {
  test('hears a key that goes down on one box, and hears it end', async () => {
    await using band = await openBand({ boxes: 3, network: 'city' });
    await band.gather();
    band.box(1).press(60, 90);
    await band.run(seconds(0.3));
    expect(band.box(2).sounding).toEqual([[0, 60]]);
    expect(band.box(3).sounding).toEqual([[0, 60]]);
    expect(band.box(1).sounding, 'local thru is off').toEqual([]);
    band.box(1).lift(60);
    await band.run(seconds(0.5));
    expect(band.box(2).sounding).toEqual([]);
    expect(band.box(3).sounding).toEqual([]);
  });

  test('passes on controllers, programs, bends and system exclusive', async () => {
    await using band = await openBand({ network: 'lan' });
    await band.gather();
    const played = [
      { kind: 'programChange', channel: 2, program: 33 },
      { kind: 'controlChange', channel: 2, controller: 7, value: 99 },
      { kind: 'pitchBend', channel: 2, value: 12_000 },
      { kind: 'channelPressure', channel: 2, pressure: 44 },
      { kind: 'sysEx', data: Uint8Array.from({ length: 300 }, (_, octet) => octet & 0x7f) },
    ] as const;
    for (const message of played) band.box(1).play(message);
    await band.run(seconds(1));
    expect(band.box(2).heard.messages.map(({ message }) => message)).toEqual(
      expect.arrayContaining([...played]),
    );
  });

  test('keeps the same key of two players apart: one letting go does not cut the other', async () => {
    await using band = await openBand({ boxes: 3, network: 'lan' });
    await band.gather();
    band.box(1).press(60);
    band.box(2).press(60);
    await band.run(seconds(0.3));
    band.box(1).lift(60);
    await band.run(seconds(0.3));
    expect(band.box(3).sounding).toEqual([[0, 60]]);
    band.box(2).lift(60);
    await band.run(seconds(0.3));
    expect(band.box(3).sounding).toEqual([]);
  });
});

describe('no note hangs', () => {
  test('when a player holding keys is cut off from the network', async () => {
    await using band = await openBand({ boxes: 3, network: 'lan' });
    await band.gather();
    for (const key of [48, 52, 55]) band.box(1).press(key);
    await band.run(seconds(0.3));
    expect(band.box(2).sounding).toHaveLength(3);
    band.box(1).vanish();
    await band.until('silence', () => band.members.slice(1).every(silent), seconds(15));
  });

  test('when a player leaves the session, or switches the box off', async () => {
    await using band = await openBand({ boxes: 3, network: 'lan' });
    await band.gather();
    band.box(1).press(50);
    band.box(2).press(57);
    await band.run(seconds(0.3));
    expect(band.box(3).sounding).toHaveLength(2);
    await whileTurning(band, band.box(1).box.session.leave());
    await whileTurning(band, band.box(2).switchOff());
    await band.run(seconds(2));
    expect(band.box(3).sounding).toEqual([]);
    expect(band.box(2).sounding).toEqual([]);
  });

  test('when the keyboard is unplugged in mid-chord', async () => {
    await using band = await openBand({ network: 'lan' });
    await band.gather();
    for (const key of [48, 52, 55]) band.box(1).press(key);
    await band.run(seconds(0.2));
    band.box(1).unplugKeys();
    await band.run(seconds(0.5));
    expect(band.box(2).sounding).toEqual([]);
  });

  test('after panic, which silences the box it is pressed on', async () => {
    await using band = await openBand({ network: 'lan' });
    await band.gather();
    band.box(1).press(48);
    await band.run(seconds(0.2));
    band.box(2).box.panic();
    await band.run(seconds(0.1));
    expect(band.box(2).sounding).toEqual([]);
    band.box(1).press(50);
    await band.run(seconds(0.2));
    expect(band.box(2).sounding).toEqual([[0, 50]]);
  });

  test.each([1, 2, 3])(
    'through five percent bursty loss, reordering and duplicates (seed %i)',
    async (seed) => {
      await using band = await openBand({ boxes: 3, network: 'hostile', seed });
      await band.gather();
      await playDensely(band, seconds(20), `${seed}`);
      await band.run(seconds(3));
      for (const member of band.members) expect(member.sounding, member.name).toEqual([]);
      expect(ghosts(band), 'ghost notes').toEqual([]);
    },
    120_000,
  );
});

function silent(member: { readonly sounding: readonly unknown[] }): boolean {
  return member.sounding.length === 0;
}

async function whileTurning(band: Band, work: Promise<void>): Promise<void> {
  let done = false;
  const finished = work.finally(() => {
    done = true;
  });
  await band.until('it is done', () => done);
  await finished;
}
