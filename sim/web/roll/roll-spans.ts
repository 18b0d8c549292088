/**
 * Notes as spans of time: what the piano roll draws.
 *
 * Takes  note-ons and note-offs of one box, nearly in order; what became of notes, before they are heard or after.
 * Gives  spans, oldest first; one without an end still sounds.
 * Keeps  at most MAX_SPANS, the newest; of each key, MAX_FATES that nothing was heard of.
 */
import type { SimFate, SimNoteFate } from '../../app/prediction-protocol.ts';
import type { NoteKind, SimNote } from '../../app/protocol.ts';
import { fateOfCause } from '../prediction/fates.ts';

export interface Span {
  readonly kind: NoteKind;
  readonly participant: string;
  readonly channel: number;
  readonly key: number;
  readonly velocity: number;
  readonly cause: string;
  /** When it was performed, if that is known; like the others in simulator milliseconds. */
  readonly performedAt: number | undefined;
  readonly start: number;
  end: number | undefined;
  /** What became of a note of somebody else that was heard. */
  fate: SimNoteFate | undefined;
}

export interface RollSpans {
  readonly spans: readonly Span[];
  add(note: SimNote): void;
  settle(fate: SimFate): void;
  /** Ends all that sounds: its note-offs were lost, or the connection. */
  endAll(at: number): void;
  /** Forgets spans that ended before. */
  prune(before: number): void;
  /** Forgets everything: a new timeline begins. */
  clear(): void;
}

export const MAX_SPANS = 6_000;
const MAX_FATES = 8;
/** What is told of a note lies so near to when it is heard (milliseconds). */
const NEAR_MS = 40;
/** How far back a note is looked for: nothing is settled later. */
const SETTLED_MS = 4_000;

export function openRollSpans(): RollSpans {
  let spans: Span[] = [];
  const open = new Map<string, Span[]>();
  /** Told before they were heard. */
  const told = new Map<string, SimFate[]>();
  const idOf = (note: {
    kind: string;
    participant: string;
    channel: number;
    key: number;
  }): string => `${note.kind} ${note.participant} ${note.channel} ${note.key}`;

  const foretold = (note: SimNote): SimNoteFate | undefined => {
    const fates = told.get(voiceOf(note));
    // The last word counts; what was told before it is spent.
    const at = fates?.findLastIndex((fate) => Math.abs(fate.at - note.at) <= NEAR_MS) ?? -1;
    return fates?.splice(0, at + 1).at(-1)?.fate;
  };

  return {
    get spans() {
      return spans;
    },
    add(note) {
      const id = idOf(note);
      const sounding = open.get(id);
      if (!note.on) {
        // The same key may sound twice; the oldest ends first, as in the note ledger.
        const span = sounding?.shift();
        if (span) span.end = Math.max(span.start, note.at);
        if (sounding?.length === 0) open.delete(id);
        return;
      }
      const { kind, participant, channel, key, velocity, cause, at, performedAt } = note;
      const fate = kind === 'heard' ? (foretold(note) ?? fateOfCause(cause)) : undefined;
      const span: Span = {
        kind,
        participant,
        channel,
        key,
        velocity,
        cause,
        performedAt,
        start: at,
        end: undefined,
        fate,
      };
      spans.push(span);
      if (sounding) sounding.push(span);
      else open.set(id, [span]);
      if (spans.length > MAX_SPANS) spans = spans.slice(-Math.floor(MAX_SPANS / 2));
    },
    settle(fate) {
      const voice = voiceOf(fate);
      for (let i = spans.length - 1; i >= 0; i--) {
        const span = spans[i];
        if (!span || span.start < fate.at - SETTLED_MS) break;
        if (span.kind !== 'heard' || Math.abs(span.start - fate.at) > NEAR_MS) continue;
        if (voiceOf(span) !== voice) continue;
        span.fate = fate.fate;
        return;
      }
      const fates = told.get(voice);
      if (!fates) told.set(voice, [fate]);
      else if (fates.push(fate) > MAX_FATES) fates.shift();
    },
    endAll(at) {
      for (const sounding of open.values()) {
        for (const span of sounding) span.end = Math.max(span.start, at);
      }
      open.clear();
    },
    clear() {
      spans = [];
      open.clear();
      told.clear();
    },
    prune(before) {
      const first = spans[0];
      if (!first || first.end === undefined || first.end >= before) return;
      spans = spans.filter((span) => span.end === undefined || span.end >= before);
    },
  };
}

const voiceOf = (note: { participant: string; channel: number; key: number }): string =>
  `${note.participant} ${note.channel} ${note.key}`;
