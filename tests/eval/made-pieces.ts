/**
 * Small pieces and data folders that tests of the evaluation make themselves.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type MidiData, writeMidi } from 'midi-file';
import type { SentNote } from '../../cli/eval/arrivals/transmission.ts';
import type { Note, Part, Piece } from '../../cli/eval/datasets/piece.ts';
import type { HeardNote } from '../../cli/eval/scoring/heard-notes.ts';

/** Kick and hats in eighths at 120, the same in every bar. */
export function steadyDrums(bars: number): Part {
  const notes: Note[] = [];
  for (let eighth = 0; eighth < bars * 8; eighth++) {
    const at = 0.5 + eighth * 0.25;
    notes.push({ at, duration: 0.05, key: 42, velocity: 80 });
    if (eighth % 4 === 0) notes.push({ at, duration: 0.05, key: 36, velocity: 110 });
  }
  return { peer: 'drums', role: 'rhythm', channel: 9, notes };
}

export function madePiece(parts: readonly Part[], more: Partial<Piece> = {}): Piece {
  return {
    id: 'made/piece',
    set: 'freedoom',
    split: 'dev',
    human: false,
    click: { origin: 0.5, bpm: 120, beatsPerBar: 4 },
    tempos: [],
    parts,
    ...more,
  };
}

export function sentNote(at: number, key: number = 60, delay: number = 0.065): SentNote {
  return { at, duration: 0.1, key, velocity: 80, arrival: at + delay };
}

export function heardNote(at: number, cause: HeardNote['cause'], key: number = 60): HeardNote {
  return { at, key, velocity: 80, cause, end: at + 0.1 };
}

/** A data folder with a trio that swings evenly, a solo, a chorale, and a drummer; nothing in it is anybody's. */
export function writeDataFolder(folder: string): void {
  writeTrio(join(folder, 'jtd_trio'), ['one', 'two', 'three', 'four', 'five', 'six', 'seven']);
  writeSolos(join(folder, 'jazzomat_solos'), ['AnnaOne', 'BertTwo', 'CarlaThree', 'DoraFour']);
  writeGroove(join(folder, 'groove'));
}

function writeTrio(folder: string, names: readonly string[]): void {
  mkdirSync(folder, { recursive: true });
  for (const name of names) {
    const beats = Array.from({ length: 64 }, (_, beat) => beat * 0.4);
    const lines = (times: readonly number[], label: string): string =>
      times.map((time) => `${time.toFixed(6)}\t${label}\n`).join('');
    writeFileSync(join(folder, `${name}_bass.txt`), lines(beats, 'New Point'));
    const ride = beats.flatMap((time) => [time, time + 0.26]);
    writeFileSync(join(folder, `${name}_drums.txt`), lines(ride, 'New Point'));
    const chords = beats.filter((_, beat) => beat % 2 === 1);
    writeFileSync(join(folder, `${name}_piano.txt`), lines(chords, 'New Point'));
    const mix = beats.map((time, beat) => `${time}\t${Math.floor(beat / 4)}.${(beat % 4) + 1}\n`);
    writeFileSync(join(folder, `${name}_mix.txt`), mix.join(''));
  }
}

function writeSolos(folder: string, names: readonly string[]): void {
  mkdirSync(folder, { recursive: true });
  for (const name of names) {
    const rows = Array.from(
      { length: 24 },
      (_, index) => `${60 + (index % 7)},${5 + index * 0.31},0.2\n`,
    );
    writeFileSync(join(folder, `${name}_Tune_FINAL_solo.csv`), rows.join(''));
  }
}

function writeGroove(folder: string): void {
  const columns = 'drummer,session,id,style,bpm,beat_type,time_signature,midi_filename,duration';
  const rows = [
    ['drummer1', 'session1', '1', 'beat', '40'],
    ['drummer1', 'session1', '2', 'fill', '2'],
    ['drummer7', 'session2', '3', 'beat', '40'],
    ['drummer7', 'session1', '4', 'beat', '40'],
    ['drummer7', 'eval_session', '5', 'beat', '40'],
    ['drummer9', 'session1', '6', 'beat', '40'],
    ['drummer9', 'session1', '7', 'beat', '5'],
  ] as const;
  const lines = rows.map(([drummer, day, name, kind, duration]) => {
    const file = `${drummer}/${day}/${name}.mid`;
    mkdirSync(join(folder, drummer, day), { recursive: true });
    writeFileSync(join(folder, file), drumFile());
    const session = `${drummer}/${day}`;
    return `${drummer},${session},${session}/${name},rock,100,${kind},6-8,${file},${duration}`;
  });
  writeFileSync(join(folder, 'info.csv'), `${[columns, ...lines].join('\n')}\n`);
}

/** Sixty hats in eighths at 100. */
function drumFile(): Uint8Array {
  const notes = Array.from({ length: 60 }, (_, index) => [
    { deltaTime: index === 0 ? 0 : 200, type: 'noteOn', channel: 9, noteNumber: 42, velocity: 70 },
    { deltaTime: 40, type: 'noteOff', channel: 9, noteNumber: 42, velocity: 0 },
  ]).flat();
  const data = {
    header: { format: 0, numTracks: 1, ticksPerBeat: 480 },
    tracks: [
      [
        { deltaTime: 0, type: 'setTempo', meta: true, microsecondsPerBeat: 600_000 },
        ...notes,
        { deltaTime: 0, type: 'endOfTrack', meta: true },
      ],
    ],
  } as MidiData;
  return Uint8Array.from(writeMidi(data));
}
