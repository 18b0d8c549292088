import { expect, test } from 'vitest';
import { fromMillis, fromSeconds, micros } from '../../runtime/core/time.ts';
import type { MidiFileSong } from '../midi-file.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { TrackPlayer } from './player.ts';

/** Key 60 from 0.25 to 0.75 s, in a song of one second. */
const SONG: MidiFileSong = {
  tracks: [
    {
      name: 'Keys',
      events: [
        { at: micros(250_000), message: { kind: 'noteOn', channel: 0, key: 60, velocity: 90 } },
        { at: micros(750_000), message: { kind: 'noteOff', channel: 0, key: 60, velocity: 64 } },
      ],
    },
    {
      name: 'Program',
      events: [{ at: micros(500_000), message: { kind: 'programChange', channel: 0, program: 5 } }],
    },
  ],
  duration: fromSeconds(1),
  bpm: 120,
  beatsPerBar: 4,
  tempos: [{ at: micros(0), beat: 0, bpm: 120 }],
};

function rig() {
  const clock = new VirtualClock();
  const begun = clock.now();
  const fed: { at: number; bytes: number[] }[] = [];
  const player = new TrackPlayer({
    clock,
    song: (piece) => (piece === 'song' ? SONG : undefined),
    feed: (bytes) => fed.push({ at: (clock.now() - begun) / 1_000, bytes: [...bytes] }),
  });
  return { clock, fed, player };
}

test('plays each message at its time, and stops at the end', () => {
  const { clock, fed, player } = rig();
  player.play('song', 0, false);
  clock.advance(fromSeconds(3));
  expect(fed).toEqual([
    { at: 250, bytes: [0x90, 60, 90] },
    { at: 750, bytes: [0x80, 60, 64] },
  ]);
  expect(player.state.state).toBe('stopped');
});

test('several tracks are played as one, in order of time', () => {
  const { clock, fed, player } = rig();
  player.playAt('song', [0, 1], false, clock.now());
  clock.advance(fromSeconds(1));
  expect(fed.map(({ bytes }) => bytes)).toEqual([
    [0x90, 60, 90],
    [0xc0, 5],
    [0x80, 60, 64],
  ]);
});

test('a loop begins again exactly one song later', () => {
  const { clock, fed, player } = rig();
  player.play('song', 0, true);
  clock.advance(fromMillis(10_300));
  expect(fed.filter(({ bytes }) => bytes[0] === 0x90).map(({ at }) => at)).toEqual(
    Array.from({ length: 11 }, (_, turn) => turn * 1_000 + 250),
  );
});

test('stopping ends the note that is held, once', () => {
  const { clock, fed, player } = rig();
  player.play('song', 0, true);
  clock.advance(fromMillis(400));
  player.stop();
  player.stop();
  clock.advance(fromSeconds(2));
  expect(fed.map(({ bytes }) => bytes[0])).toEqual([0x90, 0x80]);
});

test('an unknown piece or track stops it', () => {
  const { clock, fed, player } = rig();
  player.play('song', 0, true);
  player.play('song', 7, true);
  clock.advance(fromSeconds(2));
  expect(fed).toEqual([]);
  expect(player.state.state).toBe('stopped');
});
