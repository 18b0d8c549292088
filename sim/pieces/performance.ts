/**
 * Plays what is written the way people do, and puts it into a Standard MIDI File.
 *
 * Takes  a piece: parts of written notes, tempo, metre, swing.
 * Gives  the bytes of a file of format 1, one track per part. The same piece gives the same bytes.
 * Keeps  nothing.
 *
 * Timing is as in the measurements of prediction: a first-order autoregressive deviation (12 ms, correlation 0.5 from one
 * onset to the next), notes of a chord spread by 3 ms or so, and a habit of each player of being ahead or behind. Velocity
 * follows the metre, an arc over four bars, and chance.
 */
import { type MidiEvent, writeMidi } from 'midi-file';
import type { Randomness } from '../../runtime/ports/randomness.ts';
import { normal, seededRandomness } from '../seeded-randomness.ts';
import type { WrittenNote } from './notation.ts';

interface Part {
  readonly name: 'drums' | 'bass' | 'harmony' | 'melody';
  readonly channel: number;
  /** General MIDI, from 0; none for drums. */
  readonly program?: number;
  readonly notes: readonly WrittenNote[];
  /** How far ahead (negative) or behind the beat this player sits, milliseconds. */
  readonly lean?: number;
  /** Share of the written length that is held. */
  readonly held?: number;
}

export interface Piece {
  /** File name without its suffix. */
  readonly id: string;
  readonly bpm: number;
  readonly beatsPerBar: number;
  readonly bars: number;
  /** Where the second of two swung steps falls, 0.5 is straight; and the length of the pair in beats. */
  readonly swing?: { readonly share: number; readonly pair: number };
  readonly parts: readonly Part[];
}

const TICKS = 480;
const DEVIATION_MS = 12;
const CORRELATION = 0.5;
const CHORD_MS = 3;
const MAX_DEVIATION_MS = 30;

interface Placed {
  readonly tick: number;
  readonly order: number;
  readonly event: MidiEvent;
}

export function performPiece(piece: Piece): Uint8Array {
  const tracks = [
    conductor(piece),
    ...piece.parts.map((part) =>
      playPart(piece, part, seededRandomness(`${piece.id} ${part.name}`)),
    ),
  ];
  const header = { format: 1, numTracks: tracks.length, ticksPerBeat: TICKS } as const;
  return Uint8Array.from(writeMidi({ header, tracks }, { running: true }));
}

function conductor({ id, bpm, beatsPerBar, bars }: Piece): MidiEvent[] {
  return [
    { deltaTime: 0, meta: true, type: 'trackName', text: id },
    { deltaTime: 0, meta: true, type: 'setTempo', microsecondsPerBeat: Math.round(60e6 / bpm) },
    {
      deltaTime: 0,
      meta: true,
      type: 'timeSignature',
      numerator: beatsPerBar,
      denominator: 4,
      metronome: 24,
      thirtyseconds: 8,
    },
    { deltaTime: bars * beatsPerBar * TICKS, meta: true, type: 'endOfTrack' },
  ];
}

function playPart(piece: Piece, part: Part, random: Randomness): MidiEvent[] {
  const ticksPerMs = (piece.bpm * TICKS) / 60_000;
  const end = piece.bars * piece.beatsPerBar * TICKS;
  const placed: Placed[] = [];
  /** Per key, where its last note ends: the same key is not struck while it sounds. */
  const free = new Map<number, { tick: number; index: number }>();
  let hand = 0;
  let onset = Number.NEGATIVE_INFINITY;
  for (const note of part.notes.toSorted((a, b) => a.beat - b.beat || a.key - b.key)) {
    if (note.beat > onset) {
      onset = note.beat;
      const innovation = normal(random) * DEVIATION_MS * Math.sqrt(1 - CORRELATION ** 2);
      hand = clamp(CORRELATION * hand + innovation, -MAX_DEVIATION_MS, MAX_DEVIATION_MS);
    }
    const off = hand + (part.lean ?? 0) + normal(random) * CHORD_MS;
    const tick = Math.max(0, Math.round(swung(piece, note.beat) * TICKS + off * ticksPerMs));
    const held = note.length * (part.held ?? 0.92) * TICKS;
    const last = Math.min(end, tick + Math.max(20, Math.round(held)));
    const before = free.get(note.key);
    if (before && before.tick >= tick) shorten(placed, before.index, tick - 2);
    const { channel } = part;
    const velocity = shape(piece, note, random);
    placed.push({
      tick,
      order: 1,
      event: { deltaTime: 0, type: 'noteOn', channel, noteNumber: note.key, velocity },
    });
    free.set(note.key, { tick: last, index: placed.length });
    placed.push({
      tick: last,
      order: 0,
      event: { deltaTime: 0, type: 'noteOff', channel, noteNumber: note.key, velocity: 64 },
    });
  }
  return [...opening(part), ...inOrder(placed, end)];
}

function shorten(placed: Placed[], index: number, tick: number): void {
  const off = placed[index];
  const on = placed[index - 1];
  if (off && on) placed[index] = { ...off, tick: Math.max(on.tick + 1, tick) };
}

function opening({ name, channel, program }: Part): MidiEvent[] {
  const named: MidiEvent = { deltaTime: 0, meta: true, type: 'trackName', text: name };
  if (program === undefined) return [named];
  return [named, { deltaTime: 0, type: 'programChange', channel, programNumber: program }];
}

function inOrder(placed: readonly Placed[], end: number): MidiEvent[] {
  let tick = 0;
  const events = placed
    .toSorted((a, b) => a.tick - b.tick || a.order - b.order)
    .map((one): MidiEvent => {
      const deltaTime = one.tick - tick;
      tick = one.tick;
      return { ...one.event, deltaTime };
    });
  const rest = Math.max(0, end - tick);
  return [...events, { deltaTime: rest, meta: true, type: 'endOfTrack' }];
}

function swung({ swing }: Piece, beat: number): number {
  if (!swing) return beat;
  const pair = Math.floor(beat / swing.pair + 1e-9);
  const within = beat / swing.pair - pair;
  const moved =
    within < 0.5 ? within * 2 * swing.share : swing.share + (within - 0.5) * 2 * (1 - swing.share);
  return (pair + moved) * swing.pair;
}

function shape({ beatsPerBar }: Piece, note: WrittenNote, random: Randomness): number {
  const inBar = note.beat % beatsPerBar;
  const metre = inBar < 1e-6 ? 5 : inBar % 1 < 1e-6 ? 1 : -3;
  const arc = 5 * Math.sin((Math.PI * (note.beat % (4 * beatsPerBar))) / (4 * beatsPerBar)) - 2;
  return Math.round(clamp(note.velocity + metre + arc + normal(random) * 4, 12, 127));
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
