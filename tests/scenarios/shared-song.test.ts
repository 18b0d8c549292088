/** MIDI clock at the instruments of whole boxes: the session's song, whoever starts it and whenever a box joins it. */
import { expect, test } from 'vitest';
import { fromMillis, type Instant } from '../../runtime/core/time.ts';
import { place } from '../bench/midi-clock-measure.ts';
import { type Band, type Member, openBand, seconds } from './band.ts';

const TRANSPORT = new Set(['start', 'continue', 'stop', 'songPosition']);

const openSong = (): Promise<Band> =>
  openBand({
    boxes: 3,
    network: 'city',
    settings: { midi: { clockOut: 'session', clockIn: 'lead' } },
  });

const transport = ({ heard }: Member): string[] =>
  heard.messages.flatMap(({ message }) => (TRANSPORT.has(message.kind) ? [message.kind] : []));

/** Clocks since the song's top that its instrument has counted, with when the last one came (milliseconds). */
function songOf({ heard }: Member): { readonly position: number; readonly at: number } {
  const last = place(heard.messages).at(-1);
  return { position: last?.position ?? Number.NaN, at: (last?.at ?? Number.NaN) / 1_000 };
}

/** How far a box's instrument is from that of box 1, in milliseconds. */
function apart(band: Band, member: Member, bpm: number): number {
  const first = songOf(band.box(1));
  const other = songOf(member);
  const period = 60_000 / (bpm * 24);
  return Math.abs(other.at - first.at - (other.position - first.position) * period);
}

test('instruments everywhere start on the same bar line and stop on another', async () => {
  await using band = await openSong();
  await band.gather();
  band.box(2).box.session.setPlaying(true);
  await band.run(seconds(10));
  for (const member of band.members) {
    expect(transport(member)).toEqual(['start']);
    expect(apart(band, member, 120)).toBeLessThan(3);
  }
  band.box(3).box.session.setPlaying(false);
  await band.run(seconds(5));
  const positions = band.members.map((member) => songOf(member).position + 1);
  expect(new Set(positions).size).toBe(1);
  expect((positions[0] ?? 0) % 96).toBe(0);
  for (const member of band.members) expect(transport(member)).toEqual(['start', 'stop']);
});

test('a box that joins in the middle of the song tells its instruments the place and lets them in with a bar', async () => {
  await using band = await openSong();
  await band.gather();
  band.box(1).box.session.setPlaying(true);
  await band.run(seconds(6));
  const late = band.box(3);
  const { session } = late.box;
  await band.until('it has left', () => transport(late).includes('start'));
  const left = session.leave();
  await band.run(seconds(3));
  await left;
  expect(transport(late)).toEqual(['start', 'stop']);
  await band.until('it finds the session', () => session.found.length > 0);
  const [target] = session.found;
  if (!target) throw new Error('no session was found');
  const joined = session.join(target, new AbortController().signal);
  joined.catch(() => {}); // awaited below
  await band.run(seconds(10));
  await joined;
  expect(transport(late).slice(2)).toEqual(['songPosition', 'continue']);
  const again = late.heard.messages.findLast(({ message }) => message.kind === 'songPosition');
  expect(again?.message.kind === 'songPosition' && again.message.beats % 16).toBe(0);
  expect(apart(band, late, 120)).toBeLessThan(4);
});

test('a clock at one box’s input leads the instruments of all: tempo, start and stop', async () => {
  await using band = await openSong();
  await band.gather();
  const player = band.box(2);
  const bpm = 104;
  const period = 60e6 / (bpm * 24);
  const begun = band.clock.now();
  let sent = 0;
  const tick = band.clock.alarm(() => {
    player.play({ kind: 'timingClock' });
    sent++;
    tick.set((begun + sent * period) as Instant);
  });
  player.play({ kind: 'start' });
  tick.set(begun as Instant);
  await band.run(seconds(20));
  for (const member of band.members) {
    expect(member.box.session.context?.timeline.bpm).toBeCloseTo(bpm, 0);
    expect(transport(member).at(-1)).toBe('continue');
    // As far in the song as the clock that leads.
    const { position, at } = songOf(member);
    const there = (at * 1_000 - begun) / period;
    expect(Math.abs(position - there) * (period / 1_000), member.name).toBeLessThan(6);
  }
  player.play({ kind: 'stop' });
  tick.clear();
  await band.run(fromMillis(1_500));
  for (const member of band.members) expect(transport(member).at(-1)).toBe('stop');
  expect(band.box(1).box.session.context?.playing).toBe(false);
});

test('a song does not play on by itself when its box was restarted, and plays when it is asked for', async () => {
  await using band = await openBand({
    boxes: 1,
    settings: { midi: { clockOut: 'session', click: { mode: 'on' } } },
  });
  const only = band.box(1);
  await only.box.session.create('Jam');
  only.box.session.setTempo(140);
  only.box.session.setPlaying(true);
  await band.run(seconds(5));
  expect(transport(only)).toEqual(['start']);
  const off = only.switchOff();
  await band.run(seconds(2));
  await off;
  await only.switchOn();
  const { session } = only.box;
  const rejoined = session.rejoinLast(new AbortController().signal);
  rejoined.catch(() => {}); // awaited below
  const before = only.heard.messages.length;
  await band.run(seconds(10));
  await rejoined;
  const since = only.heard.messages.slice(before).map(({ message }) => message.kind);
  expect(since.filter((kind) => kind !== 'timingClock')).toEqual([]);
  expect(session.context).toMatchObject({ playing: false, timeline: { bpm: 140 } });
  session.setPlaying(true);
  await band.run(seconds(4));
  expect(transport(only).at(-1)).toBe('start');
  expect(session.context).toMatchObject({ playing: true, timeline: { bpm: 140 } });
});

test('a box that never heard of the session gives its instruments nothing before it has the session’s time', async () => {
  await using band = await openBand({
    boxes: 2,
    network: 'transatlantic',
    settings: { midi: { clockOut: 'session' } },
  });
  const [first, second] = [band.box(1), band.box(2)];
  await first.box.session.create('Jam');
  first.box.session.setPlaying(true);
  await band.run(seconds(5));
  const { session, ensembleClock } = second.box;
  await band.until('it is found', () => session.found.length > 0);
  const [target] = session.found;
  if (!target) throw new Error('no session was found');
  const joined = session.join(target, new AbortController().signal);
  joined.catch(() => {}); // awaited below
  await band.until(
    'it knows the time',
    () => ensembleClock.synced && session.context !== undefined,
  );
  expect(transport(second)).toEqual([]);
  await band.run(seconds(6));
  await joined;
  expect(transport(second)).toEqual(['songPosition', 'continue']);
  expect(apart(band, second, 120)).toBeLessThan(6);
});
