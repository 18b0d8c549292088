import fc from 'fast-check';
import { type MidiData, writeMidi } from 'midi-file';
import { describe, expect, test } from 'vitest';
import { PortError } from '../runtime/core/errors.ts';
import { readMidiFile } from './midi-file.ts';

const encode = (data: MidiData): Uint8Array => Uint8Array.from(writeMidi(data));
const end = { deltaTime: 0, type: 'endOfTrack', meta: true } as const;

const twoTempos: MidiData = {
  header: { format: 1, numTracks: 2, ticksPerBeat: 480 },
  tracks: [
    [
      { deltaTime: 0, type: 'setTempo', meta: true, microsecondsPerBeat: 600_000 },
      {
        deltaTime: 0,
        type: 'timeSignature',
        meta: true,
        numerator: 6,
        denominator: 8,
        metronome: 24,
        thirtyseconds: 8,
      },
      { deltaTime: 960, type: 'setTempo', meta: true, microsecondsPerBeat: 300_000 },
      end,
    ],
    [
      { deltaTime: 0, type: 'trackName', meta: true, text: 'bass' },
      { deltaTime: 480, type: 'noteOn', channel: 2, noteNumber: 40, velocity: 90 },
      { deltaTime: 960, type: 'noteOff', channel: 2, noteNumber: 40, velocity: 0 },
      { deltaTime: 0, type: 'sysEx', data: [1, 2, 0xf7] },
      { deltaTime: 480, type: 'endOfTrack', meta: true },
    ],
  ],
};

describe('a MIDI file', () => {
  test('plays at the times that its tempo map gives, also across a change', () => {
    const song = readMidiFile(encode(twoTempos));
    expect(song.tracks).toHaveLength(1);
    expect(song.tracks[0]?.name).toBe('bass');
    expect(song.tracks[0]?.events.map((event) => [event.at, event.message.kind])).toEqual([
      [600_000, 'noteOn'],
      [1_500_000, 'noteOff'],
      [1_500_000, 'sysEx'],
    ]);
    expect(song.duration).toBe(1_800_000);
    expect(song.bpm).toBe(100);
    expect(song.beatsPerBar).toBe(3);
    expect(song.tempos.map(({ at, beat, bpm }) => [at, beat, bpm])).toEqual([
      [0, 0, 100],
      [1_200_000, 2, 200],
    ]);
  });

  test('may have chunks of other kinds between its tracks', () => {
    const bytes = encode(twoTempos);
    const alien = Uint8Array.from([0x58, 0x46, 0x49, 0x48, 0, 0, 0, 2, 1, 2]);
    const mixed = new Uint8Array(bytes.length + alien.length);
    mixed.set(bytes.subarray(0, 14));
    mixed.set(alien, 14);
    mixed.set(bytes.subarray(14), 14 + alien.length);
    expect(readMidiFile(mixed).tracks).toHaveLength(1);
  });

  test('with time code instead of beats ignores tempo', () => {
    const bytes = encode(twoTempos);
    bytes[12] = 0x100 - 25;
    bytes[13] = 40;
    expect(readMidiFile(bytes).tracks[0]?.events[0]?.at).toBe(480_000);
  });

  test.each([
    ['an empty file', new Uint8Array(0), /MThd/],
    ['a text', new TextEncoder().encode('this is not music at all'), /MThd/],
    ['a file that is cut off', encode(twoTempos).subarray(0, 60), /cut off: 14 bytes|cut off/],
    ['a file of format 2', encode(twoTempos).with(9, 2), /format 2/],
    ['a division of zero', encode(twoTempos).with(12, 0).with(13, 0), /division/],
    ['fewer tracks than announced', encode(twoTempos).with(11, 5), /5 tracks announced, 2 found/],
  ])('that is really %s is refused with the reason', (_, bytes, reason) => {
    expect(() => readMidiFile(bytes)).toThrow(reason);
  });

  test('of arbitrary or damaged bytes gives a song or PortError invalid, nothing else', () => {
    const good = encode(twoTempos);
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 300 }),
          fc
            .array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 6 })
            .map((edits) => edits.reduce((bytes, [at, value]) => bytes.with(at, value), good)),
        ),
        (bytes) => {
          try {
            const song = readMidiFile(bytes);
            for (const track of song.tracks) {
              for (const event of track.events) expect(event.at).toBeGreaterThanOrEqual(0);
            }
          } catch (failure) {
            expect(failure).toBeInstanceOf(PortError);
            expect((failure as PortError).code).toBe('invalid');
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
