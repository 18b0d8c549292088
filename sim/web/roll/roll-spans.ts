/**
 * Notes as spans of time: what the piano roll draws.
 *
 * Takes  note-ons and note-offs of one box, nearly in order.
 * Gives  spans, oldest first; one without an end still sounds.
 * Keeps  at most MAX_SPANS, the newest.
 */
import type { NoteKind, SimNote } from '../../app/protocol.ts';

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
}

export interface RollSpans {
  readonly spans: readonly Span[];
  add(note: SimNote): void;
  /** Ends all that sounds: its note-offs were lost, or the connection. */
  endAll(at: number): void;
  /** Forgets spans that ended before. */
  prune(before: number): void;
  /** Forgets everything: a new timeline begins. */
  clear(): void;
}

export const MAX_SPANS = 6_000;

export function openRollSpans(): RollSpans {
  let spans: Span[] = [];
  const open = new Map<string, Span[]>();
  const idOf = (note: {
    kind: string;
    participant: string;
    channel: number;
    key: number;
  }): string => `${note.kind} ${note.participant} ${note.channel} ${note.key}`;

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
      };
      spans.push(span);
      if (sounding) sounding.push(span);
      else open.set(id, [span]);
      if (spans.length > MAX_SPANS) spans = spans.slice(-Math.floor(MAX_SPANS / 2));
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
    },
    prune(before) {
      const first = spans[0];
      if (!first || first.end === undefined || first.end >= before) return;
      spans = spans.filter((span) => span.end === undefined || span.end >= before);
    },
  };
}
