/**
 * Which heard note is which performed note: one to one.
 *
 * Takes  what was performed, with arrivals, and what was heard of it, both in order of time.
 * Gives  for each performed note the heard one, and what became of the rest.
 *
 * A predicted note is its nearest performed note of the same pitch (drums: of the same class) within 60 ms; nearest pairs
 * choose first. A note that was played because its packet came is one of those that had arrived, of its very key, however
 * late. A prediction that took such a note's place gives way to it where it can stand for another. What is left over is a duplicate where its note was heard already, and false where there is none.
 */
import type { SentNote } from '../arrivals/transmission.ts';
import type { HeardNote } from './heard-notes.ts';
import { pitchOf } from './pitches.ts';

export interface Matching {
  /** For each performed note the index of the heard one, or -1. */
  readonly heardOf: Int32Array;
  readonly falseNotes: number;
  readonly duplicates: number;
}

/** Seconds. */
const MATCH_WITHIN = 0.06;
const SAME_MOMENT = 2e-6;
const JUST_BEFORE = 0.25;

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
  const sentBy = byPitch(sent, (key) => pitchOf(key, drums));
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
    const same = sentBy.get(pitchOf(note.key, drums)) ?? [];
    for (let at = firstFrom(sent, same, note.at - MATCH_WITHIN); at < same.length; at++) {
      const candidate = same[at] ?? 0;
      const distance = Math.abs((sent[candidate]?.at ?? 0) - note.at);
      if (distance > MATCH_WITHIN) break;
      predicted.push({ sent: candidate, heard: index, distance });
    }
  }
  take(predicted);
  for (const [second, own] of takeReceived(sent, heard, heardOf, sentOf)) {
    // Its own note is one that a prediction took, which may stand for another that was not heard.
    const prediction = heardOf[own] ?? -1;
    const other = firstUnheard(heard[prediction]);
    if (other === undefined) continue;
    heardOf[other] = prediction;
    sentOf[prediction] = other;
    heardOf[own] = second;
    sentOf[second] = own;
  }
  let falseNotes = 0;
  let duplicates = 0;
  for (const [index, note] of heard.entries()) {
    if ((sentOf[index] ?? 0) >= 0) continue;
    if (note.cause !== 'predicted' || isDoubled(note)) duplicates++;
    else falseNotes++;
  }
  return { heardOf, falseNotes, duplicates };

  function firstUnheard(prediction: HeardNote | undefined): number | undefined {
    if (!prediction) return undefined;
    const same = sentBy.get(pitchOf(prediction.key, drums)) ?? [];
    for (let at = firstFrom(sent, same, prediction.at - MATCH_WITHIN); at < same.length; at++) {
      const candidate = same[at] ?? 0;
      if ((sent[candidate]?.at ?? 0) > prediction.at + MATCH_WITHIN) break;
      if ((heardOf[candidate] ?? 0) < 0) return candidate;
    }
    return undefined;
  }

  function isDoubled(note: HeardNote): boolean {
    const same = sentBy.get(pitchOf(note.key, drums)) ?? [];
    const nearest = same[firstFrom(sent, same, note.at - MATCH_WITHIN)];
    return nearest !== undefined && (sent[nearest]?.at ?? 0) <= note.at + MATCH_WITHIN;
  }
}

/**
 * The latest that had arrived and was not heard yet; those that came at once keep their order. What comes after a note that
 * was predicted is that note a second time, unless another came just before: gives those.
 */
function takeReceived(
  sent: readonly SentNote[],
  heard: readonly HeardNote[],
  heardOf: Int32Array,
  sentOf: Int32Array,
): readonly (readonly [heard: number, sent: number])[] {
  const sentBy = byPitch(sent, (key) => key);
  const again: [heard: number, sent: number][] = [];
  const arrivalOf = (index: number): number => sent[index]?.arrival ?? 0;
  for (const [key, notes] of byPitch(heard, (of) => of)) {
    const arrived = (sentBy.get(key) ?? []).toSorted((a, b) => arrivalOf(a) - arrivalOf(b));
    const taken = new Set<number>();
    const order: number[] = [];
    let known = 0;
    for (const index of notes) {
      const note = heard[index];
      if (!note || note.cause === 'predicted') continue;
      while (known < arrived.length && hasArrived(sent[arrived[known] ?? 0], note)) known++;
      let predicted: number | undefined;
      let own: number | undefined;
      for (let at = known - 1; at >= 0 && own === undefined; at--) {
        const candidate = arrived[at] ?? 0;
        if (predicted !== undefined && note.at - arrivalOf(candidate) > JUST_BEFORE) break;
        if ((heardOf[candidate] ?? 0) >= 0) predicted ??= candidate;
        else if (!taken.has(candidate)) own = candidate;
      }
      if (own !== undefined) {
        taken.add(own);
        order.push(index);
      } else if (predicted !== undefined) again.push([index, predicted]);
    }
    const performed = [...taken].toSorted((a, b) => a - b);
    for (const [place, index] of order.entries()) {
      const note = performed[place] ?? 0;
      heardOf[note] = index;
      sentOf[index] = note;
    }
  }
  return again;
}

/** What was performed before time 0 is heard at 0 at the earliest. */
function hasArrived(note: SentNote | undefined, heard: HeardNote): boolean {
  return note !== undefined && (note.arrival <= heard.at + SAME_MOMENT || note.at <= 0);
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
