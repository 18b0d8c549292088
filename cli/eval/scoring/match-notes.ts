/**
 * Which heard note is which performed note: one to one.
 *
 * Takes  what was performed, with arrivals, and what was heard of it, both in order of time.
 * Gives  for each performed note the heard one, and what became of the rest.
 *
 * A predicted note is its nearest performed note of the same pitch (drums: of the same class) within 60 ms; nearest pairs
 * choose first. A note that was played because its packet came is one of those that had arrived, of its very key, however
 * late. What is left over is a duplicate where its note was heard already, and false where there is none.
 */
import { DRUM_CLASS_OF_KEY } from '../../../runtime/prediction/predictor/drums/drum-classes.ts';
import type { SentNote } from '../arrivals/transmission.ts';
import type { HeardNote } from './heard-notes.ts';

export interface Matching {
  /** For each performed note the index of the heard one, or -1. */
  readonly heardOf: Int32Array;
  readonly falseNotes: number;
  readonly duplicates: number;
}

/** Seconds. */
export const MATCH_WITHIN = 0.06;
const SAME_MOMENT = 2e-6;

interface Pair {
  readonly sent: number;
  readonly heard: number;
  readonly distance: number;
}

export function matchNotes(
  sent: readonly SentNote[],
  heard: readonly HeardNote[],
  drums: boolean,
): Matching {
  const heardOf = new Int32Array(sent.length).fill(-1);
  const sentOf = new Int32Array(heard.length).fill(-1);
  const pitchOf = (key: number): number => (drums ? (DRUM_CLASS_OF_KEY[key] ?? 0) : key);
  const sentBy = byPitch(sent, pitchOf);
  const take = (pairs: Pair[]): void => {
    pairs.sort((a, b) => a.distance - b.distance || a.sent - b.sent);
    for (const pair of pairs) {
      if ((heardOf[pair.sent] ?? 0) >= 0 || (sentOf[pair.heard] ?? 0) >= 0) continue;
      heardOf[pair.sent] = pair.heard;
      sentOf[pair.heard] = pair.sent;
    }
  };
  const predicted: Pair[] = [];
  for (const [index, note] of heard.entries()) {
    if (note.cause !== 'predicted') continue;
    const same = sentBy.get(pitchOf(note.key)) ?? [];
    for (let at = firstFrom(sent, same, note.at - MATCH_WITHIN); at < same.length; at++) {
      const candidate = same[at] ?? 0;
      const distance = Math.abs((sent[candidate]?.at ?? 0) - note.at);
      if (distance > MATCH_WITHIN) break;
      predicted.push({ sent: candidate, heard: index, distance });
    }
  }
  take(predicted);
  takeReceived(sent, heard, heardOf, sentOf);
  let falseNotes = 0;
  let duplicates = 0;
  for (const [index, note] of heard.entries()) {
    if ((sentOf[index] ?? 0) >= 0) continue;
    if (note.cause !== 'predicted' || isDoubled(note)) duplicates++;
    else falseNotes++;
  }
  return { heardOf, falseNotes, duplicates };

  function isDoubled(note: HeardNote): boolean {
    const same = sentBy.get(pitchOf(note.key)) ?? [];
    const nearest = same[firstFrom(sent, same, note.at - MATCH_WITHIN)];
    return nearest !== undefined && (sent[nearest]?.at ?? 0) <= note.at + MATCH_WITHIN;
  }
}

/** The latest that had arrived and was not heard yet; those that came at once keep their order. */
function takeReceived(
  sent: readonly SentNote[],
  heard: readonly HeardNote[],
  heardOf: Int32Array,
  sentOf: Int32Array,
): void {
  const sentBy = byPitch(sent, (key) => key);
  const heardBy = byPitch(heard, (key) => key);
  for (const [key, notes] of heardBy) {
    const open = (sentBy.get(key) ?? []).filter((index) => (heardOf[index] ?? 0) < 0);
    const pairs: [sent: number, heard: number][] = [];
    const taken = new Set<number>();
    for (const index of notes) {
      const note = heard[index];
      if (!note || note.cause === 'predicted') continue;
      let found = -1;
      for (let at = open.length - 1; at >= 0 && found < 0; at--) {
        const candidate = open[at] ?? 0;
        const { arrival = 0, at: performed = 0 } = sent[candidate] ?? {};
        const known = arrival <= note.at + SAME_MOMENT || performed <= 0;
        if (known && !taken.has(candidate)) found = candidate;
      }
      if (found < 0) continue;
      taken.add(found);
      pairs.push([found, index]);
    }
    const performed = pairs.map(([index]) => index).toSorted((a, b) => a - b);
    for (const [order, [, index]] of pairs.entries()) {
      const note = performed[order] ?? 0;
      heardOf[note] = index;
      sentOf[index] = note;
    }
  }
}

function byPitch(
  notes: readonly { readonly key: number }[],
  pitchOf: (key: number) => number,
): ReadonlyMap<number, readonly number[]> {
  const lists = new Map<number, number[]>();
  for (const [index, { key }] of notes.entries()) {
    const pitch = pitchOf(key);
    const list = lists.get(pitch);
    if (list) list.push(index);
    else lists.set(pitch, [index]);
  }
  return lists;
}

/** The first of `indices` (in order of time) whose note is not before `from`. */
function firstFrom(
  notes: readonly { readonly at: number }[],
  indices: readonly number[],
  from: number,
): number {
  let low = 0;
  for (let high = indices.length; low < high; ) {
    const middle = (low + high) >> 1;
    if ((notes[indices[middle] ?? 0]?.at ?? 0) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}
