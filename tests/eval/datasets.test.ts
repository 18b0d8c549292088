/**
 * Sets of pieces, from small folders that the tests make; and the real ones, where they are.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { bandParts } from '../../cli/eval/datasets/band.ts';
import { clickFromBeats } from '../../cli/eval/datasets/beats-to-click.ts';
import { datasetsIn, listPieces } from '../../cli/eval/datasets/catalogue.ts';
import { arrangeNotes, type Note } from '../../cli/eval/datasets/piece.ts';
import { splitOfGroup } from '../../cli/eval/datasets/split.ts';
import { writeDataFolder } from './made-pieces.ts';

const folder = mkdtempSync(join(tmpdir(), 'togthr-data-'));
writeDataFolder(folder);
afterAll(() => rmSync(folder, { recursive: true }));

const note = (at: number, key: number, duration: number = 0.1): Note => ({
  at,
  duration,
  key,
  velocity: 80,
});

test('a folder has the sets whose names it has', () => {
  expect(datasetsIn(folder)).toEqual(['groove', 'jtd_trio', 'jazzomat_solos']);
});

test('a groove is a long beat, at the metronome of its index; fills and short ones are left out', () => {
  const pieces = listPieces(folder, 'groove');
  expect(pieces.map(({ id, split }) => [id, split])).toEqual([
    ['groove/drummer1/session1/1', 'train'],
    ['groove/drummer7/session2/3', 'dev'],
    ['groove/drummer7/session1/4', 'kept'],
    ['groove/drummer9/session1/6', 'kept'],
  ]);
  const piece = pieces[0]?.load();
  expect(piece?.click).toEqual({ origin: 0.5, bpm: 100, beatsPerBar: 3 });
  expect(piece?.parts[0]).toMatchObject({ peer: 'drums', role: 'rhythm', channel: 9 });
  expect(piece?.parts[0]?.notes).toHaveLength(60);
  const [first, second] = piece?.parts[0]?.notes ?? [];
  expect(first).toEqual({ at: 0.5, duration: 0.05, key: 42, velocity: 70 });
  expect(second?.at).toBeCloseTo(0.8);
});

test('a trio has a click from its beats, and a key for each player', () => {
  const piece = listPieces(folder, 'jtd_trio')[0]?.load();
  expect(piece?.parts.map(({ role, notes }) => [role, notes.length])).toEqual([
    ['bass', 64],
    ['rhythm', 128],
    ['harmony', 32],
  ]);
  expect(piece?.click?.beatsPerBar).toBe(4);
  expect(piece?.click?.bpm).toBeCloseTo(150);
  expect(piece?.human).toBe(true);
});

test('a solo starts at the lead-in and has no click', () => {
  const piece = listPieces(folder, 'jazzomat_solos')[0]?.load();
  expect(piece?.click).toBeUndefined();
  expect(piece?.parts[0]?.notes[0]?.at).toBeCloseTo(0.5);
  expect(piece?.parts[0]?.role).toBe('melody');
});

describe('splits', () => {
  test('nobody who is learnt from is tested on', () => {
    const performers = ['AnnaOne', 'BertTwo', 'CarlaThree', 'DoraFour'];
    for (const performer of performers) {
      expect(['dev', 'kept']).toContain(splitOfGroup('jazzomat_solos', performer));
    }
    expect(splitOfGroup('groove', 'drummer8/session2')).toBe('train');
  });

  test('are about as large as they are meant to be, and stay as they are', () => {
    const songs = Array.from({ length: 909 }, (_, song) => splitOfGroup('pop909', String(song)));
    const share = (split: string): number =>
      songs.filter((one) => one === split).length / songs.length;
    expect(share('train')).toBeGreaterThan(0.76);
    expect(share('dev')).toBeGreaterThan(0.07);
    expect(share('kept')).toBeGreaterThan(0.07);
    // Changing these would show pieces to those who learn that were kept from them.
    const few = ['300', '301', '302', '303', '304', '305', '306', '307'];
    expect(few.map((song) => splitOfGroup('pop909', song)).join(' ')).toBe(
      'train dev dev kept dev dev train train',
    );
  });
});

describe('notes', () => {
  test('end before their key is struck again, and one strike is one note', () => {
    const arranged = arrangeNotes([
      note(1, 60, 5),
      note(2, 60),
      note(2.0005, 60),
      note(1.5, 62, 9),
    ]);
    expect(arranged).toHaveLength(3);
    expect(arranged[0]?.duration).toBeCloseTo(0.999);
    expect(arranged.map(({ at, key }) => [at, key])).toEqual([
      [1, 60],
      [1.5, 62],
      [2, 60],
    ]);
  });
});

describe('a band', () => {
  const run = (keys: (index: number) => readonly number[]): readonly Note[] =>
    arrangeNotes(
      Array.from({ length: 64 }, (_, index) =>
        keys(index).map((key) => note(index / 4, key)),
      ).flat(),
    );
  const voice = (track: number, notes: readonly Note[], channel: number = track) => ({
    track,
    name: '',
    channel,
    program: undefined,
    notes,
  });
  const bass = run((index) => [36 + (index % 5)]);
  const guitar = run((index) => [52 + (index % 3), 59 + (index % 3), 64]);
  const tune = run((index) => [72 + ((index * 5) % 11)]);
  const drums = run((index) => (index % 2 === 0 ? [36, 42] : [42]));

  test('has the roles that its tracks play, and no doubles', () => {
    const octaveHigher = tune.map((one) => ({ ...one, key: one.key + 12 }));
    const parts = bandParts([
      voice(0, bass),
      voice(1, guitar),
      voice(2, tune),
      voice(3, octaveHigher),
      voice(4, drums.slice(0, 40), 9),
      voice(5, drums.slice(40), 9),
      voice(6, tune.slice(0, 10)),
    ]);
    expect(
      parts.map(({ peer, role, channel, notes }) => [peer, role, channel, notes.length]),
    ).toEqual([
      ['rhythm', 'rhythm', 9, drums.length],
      ['harmony', 'harmony', 0, guitar.length],
      ['bass', 'bass', 0, bass.length],
      ['melody', 'melody', 0, tune.length],
    ]);
  });
});

describe('a click from beats', () => {
  test('is even where they are, and changes with them', () => {
    const times = [1, 1.5, 2, 2.5, 3.1, 3.7];
    const tapped = clickFromBeats(
      times.map((time, beat) => ({ time, beat: beat - 1 })),
      4,
    );
    expect(tapped?.click).toEqual({ origin: 1.5, bpm: 120, beatsPerBar: 4 });
    expect(tapped?.tempos).toHaveLength(1);
    expect(tapped?.tempos[0]).toMatchObject({ time: 2.5, beat: 2 });
    expect(tapped?.tempos[0]?.bpm).toBeCloseTo(100);
  });

  test('needs two', () => {
    expect(clickFromBeats([{ time: 1, beat: 0 }], 4)).toBeUndefined();
  });
});

const REAL = fileURLToPath(new URL('../../../shared/data/midi', import.meta.url));

describe('the sets in ../shared/data/midi', () => {
  test('load: a piece of every set and split has parts with notes after the lead-in', ({
    skip,
  }) => {
    if (!existsSync(REAL)) skip('there is no ../shared/data/midi');
    for (const set of datasetsIn(REAL)) {
      const sources = listPieces(REAL, set);
      for (const split of ['train', 'dev', 'kept']) {
        const piece = sources.find((source) => source.split === split)?.load();
        if (!piece) continue;
        expect(piece.parts.length, piece.id).toBeGreaterThan(0);
        for (const { notes } of piece.parts) {
          expect(notes[0]?.at ?? 0, piece.id).toBeGreaterThan(0.3);
        }
      }
    }
  });
});
