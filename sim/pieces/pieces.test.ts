import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readMidiFile } from '../midi-file.ts';
import { PIECES } from './catalogue.ts';
import { melody } from './notation.ts';
import { performPiece } from './performance.ts';

describe.each(PIECES.map((piece) => [piece.id, piece] as const))('the piece %s', (id, piece) => {
  const bytes = performPiece(piece);
  const song = readMidiFile(bytes);

  test('is in the repository as its score gives it', () => {
    const file = readFileSync(new URL(`./${id}.mid`, import.meta.url));
    expect(Buffer.compare(file, bytes), 'npx tsx sim/app/compose-pieces.ts writes it').toBe(0);
  });

  test('has four parts and lasts whole bars, for looping', () => {
    expect(song.tracks.map(({ name }) => name)).toEqual(['drums', 'bass', 'harmony', 'melody']);
    const bars = (piece.bars * piece.beatsPerBar * 60e6) / piece.bpm;
    expect(song.duration / bars).toBeCloseTo(1, 4);
    expect(song.beatsPerBar).toBe(piece.beatsPerBar);
    expect(song.bpm).toBeCloseTo(piece.bpm, 2);
  });

  test('ends every note, and strikes no key that sounds', () => {
    for (const track of song.tracks) {
      const sounding = new Set<number>();
      for (const { message } of track.events) {
        if (message.kind === 'noteOn') {
          expect(sounding).not.toContain(message.key);
          sounding.add(message.key);
        } else if (message.kind === 'noteOff') expect(sounding.delete(message.key)).toBe(true);
      }
      expect(sounding.size).toBe(0);
    }
  });

  test('is played by people: off the written time by about 12 ms, each onset leaning on the last', () => {
    const beat = 60_000 / piece.bpm;
    for (const [index, part] of piece.parts.entries()) {
      if (piece.swing) continue;
      const onsets = (song.tracks[index]?.events ?? [])
        .filter(({ message }) => message.kind === 'noteOn')
        .map(({ at }) => at / 1_000);
      const off = part.notes
        .toSorted((a, b) => a.beat - b.beat || a.key - b.key)
        .map((note) => {
          const written = note.beat * beat;
          const nearest = onsets.reduce((best, onset) =>
            Math.abs(onset - written) < Math.abs(best - written) ? onset : best,
          );
          return nearest - written - (part.lean ?? 0);
        });
      const deviation = Math.sqrt(off.reduce((sum, value) => sum + value ** 2, 0) / off.length);
      expect(deviation).toBeGreaterThan(6);
      expect(deviation).toBeLessThan(16);
    }
  });
});

test('a bar that is not full is refused when the score is read', () => {
  expect(() => melody('C4/1 D4/1 | E4/4', 0, 4)).toThrow(/bar 1 .* has 2 beats/);
});
