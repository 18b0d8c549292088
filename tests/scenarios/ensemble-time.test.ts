import { expect, test } from 'vitest';
import { toMillis } from '../../runtime/core/time.ts';
import { type Band, type Member, openBand, seconds } from './band.ts';

/** How far the boxes' ensemble times lie apart now, in milliseconds. */
function apart(band: Band, members: readonly Member[]): number {
  const now = band.clock.now();
  const times = members.map(({ box }) => box.ensembleClock.toEnsemble(now));
  return (Math.max(...times) - Math.min(...times)) / 1_000;
}

test.each([
  ['lan', 2],
  ['city', 8],
  ['transatlantic', 25],
] as const)('over %s all boxes agree on the time within %i ms', async (network, within) => {
  await using band = await openBand({ boxes: 3, network });
  await band.gather();
  await band.run(seconds(10));
  expect(band.members.every(({ box }) => box.ensembleClock.synced)).toBe(true);
  expect(apart(band, band.members)).toBeLessThan(within);
});

test('the time goes on when the box that kept it leaves, and again when the next one does', async () => {
  await using band = await openBand({ boxes: 4, network: 'city' });
  await band.gather();
  await band.run(seconds(10));
  const last = band.box(4);
  let at = band.clock.now();
  let time = last.box.ensembleClock.toEnsemble(at);
  for (const leaving of [1, 2]) {
    band.box(leaving).host.disconnect();
    await band.run(seconds(30));
    const now = band.clock.now();
    const passed = toMillis((last.box.ensembleClock.toEnsemble(now) - time) as never);
    expect(Math.abs(passed - (now - at) / 1_000), `box ${leaving} left`).toBeLessThan(20);
    expect(apart(band, band.members.slice(leaving))).toBeLessThan(20);
    at = now;
    time = last.box.ensembleClock.toEnsemble(at);
  }
});

test('a box that has just joined does not claim to know the time', async () => {
  await using band = await openBand({ boxes: 2, network: 'transatlantic' });
  await band.box(1).box.session.create('Jam');
  await band.until('it is found', () => band.box(2).box.session.found.length > 0);
  const [target] = band.box(2).box.session.found;
  if (!target) throw new Error('no session was found');
  let joined = false;
  const joining = band
    .box(2)
    .box.session.join(target, new AbortController().signal)
    .then(() => {
      joined = true;
    });
  await band.until('it is joined', () => joined);
  await joining;
  expect(band.box(2).box.ensembleClock.synced).toBe(false);
  await band.until('its clock is known', () => band.box(2).box.ensembleClock.synced);
});
