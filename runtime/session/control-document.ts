/**
 * The session control document: what the session is, for everybody in it. FORMAT.md, "structure".
 *
 * Takes  typed patches from this box.
 * Gives  the present state, each value checked: peers may have written anything.
 * Keeps  nothing but the document.
 */
import * as Y from 'yjs';
import { z } from 'zod';
import { type BoxId, JAM_MODES, type JamMode, type Song, type Timeline } from '../core/ensemble.ts';
import type { EnsembleTime, Micros } from '../core/time.ts';
import { MAX_BEFORE } from '../timeline/timeline.ts';
import { isBoxId, MAX_NAME, plainText } from '../transport/link/hello.ts';
import { sameValue } from './equality.ts';
import type { DocumentRules } from './update-rules.ts';

/** A box since one of its starts: after another start its clock is another. */
export interface BootedBox {
  readonly box: BoxId;
  readonly boot: number;
}

/** Ensemble time = the clock that peers see of that box (AppleMIDI's CK) + `shift`. */
export interface ClockReference extends BootedBox {
  readonly shift: Micros;
}

export interface ControlState {
  readonly name: string | undefined;
  readonly timeline: Timeline;
  /** Whether anybody has set the timeline yet. */
  readonly begun: boolean;
  readonly song: Song | undefined;
  readonly mode: JamMode;
  readonly host: BootedBox | undefined;
  readonly reference: ClockReference | undefined;
  readonly locked: boolean;
  /** Boxes that nobody plays the notes of, by id. */
  readonly muted: readonly BoxId[];
  /** Boxes that nobody lets in, by id. */
  readonly removed: readonly BoxId[];
}

export type ControlPatch = {
  readonly [Key in keyof Omit<ControlState, 'begun'>]?: NonNullable<ControlState[Key]>;
};

export const MIN_TEMPO = 20;
export const MAX_TEMPO = 400;
/** Quarter notes: the last place of a song that MIDI has a number for. */
const MAX_POSITION = 4_096;
/** Beats. */
const MAX_COUNT_IN = 128;
export const MAX_BEATS_PER_BAR = 32;
/** Of one list. */
export const MAX_BOXES = 64;
const ROOT = 'control';

export const controlRules: DocumentRules = {
  isRoot: (name) => name === ROOT,
  maxRoots: 1,
  mayWrite: () => true,
};

const boxId = z.custom<BoxId>(isBoxId);
const boot = z.number().int().min(0).max(0xffff_ffff);
const time = z.number().min(-Number.MAX_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER);
const NAME = z
  .string()
  .min(1)
  .transform((text) => plainText(text, MAX_NAME));
const count = z.number().int().min(-Number.MAX_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER);
const ensembleTime = time.transform((value) => value as EnsembleTime);
const STRETCH = z.object({
  origin: ensembleTime,
  bpm: z.number().min(MIN_TEMPO).max(MAX_TEMPO),
  beatsPerBar: z.number().int().min(1).max(MAX_BEATS_PER_BAR),
  bar: count.exactOptional(),
  beat: count.exactOptional(),
  from: ensembleTime.exactOptional(),
});
const TIMELINE = STRETCH.extend({ before: z.array(STRETCH).max(MAX_BEFORE).exactOptional() });
const SONG = z.object({
  start: count,
  position: z.number().min(0).max(MAX_POSITION),
  countIn: count.min(0).max(MAX_COUNT_IN),
  end: count.exactOptional(),
});
const BOOTED = z.object({ box: boxId, boot });
const REFERENCE = z.object({ box: boxId, boot, shift: time.transform((value) => value as Micros) });
const BOXES = z.array(boxId).max(MAX_BOXES);
const MODE = z.enum(JAM_MODES as readonly [JamMode, ...JamMode[]]);

const DEFAULT_TIMELINE: Timeline = { origin: 0 as EnsembleTime, bpm: 120, beatsPerBar: 4 };

export class ControlDocument {
  readonly doc: Y.Doc;
  readonly #map: Y.Map<unknown>;
  #read: ControlState | undefined;

  constructor(clientId: number) {
    this.doc = new Y.Doc();
    this.doc.clientID = clientId;
    this.#map = this.doc.getMap(ROOT);
    this.doc.on('afterTransaction', () => {
      this.#read = undefined;
    });
  }

  /** The same object until something changes. */
  get state(): ControlState {
    this.#read ??= this.#parse();
    return this.#read;
  }

  set(patch: ControlPatch): void {
    this.doc.transact(() => {
      for (const [key, value] of Object.entries(patch)) {
        if (!sameValue(this.#map.get(key), value)) this.#map.set(key, value);
      }
    });
  }

  #parse(): ControlState {
    const timeline = this.#value('timeline', TIMELINE);
    return {
      name: this.#value('name', NAME),
      timeline: timeline ?? DEFAULT_TIMELINE,
      begun: timeline !== undefined,
      song: this.#value('song', SONG),
      mode: this.#value('mode', MODE) ?? 'auto',
      host: this.#value('host', BOOTED),
      reference: this.#value('reference', REFERENCE),
      locked: this.#value('locked', z.boolean()) ?? false,
      muted: this.#value('muted', BOXES) ?? [],
      removed: this.#value('removed', BOXES) ?? [],
    };
  }

  #value<T>(key: string, schema: z.ZodType<T>): T | undefined {
    const parsed = schema.safeParse(this.#map.get(key));
    return parsed.success ? parsed.data : undefined;
  }
}
