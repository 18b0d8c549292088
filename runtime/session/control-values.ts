/**
 * The values of the session control document, and what each may be. FORMAT.md, "structure".
 *
 * Takes what was stored, gives it checked, touches nothing.
 */
import { z } from 'zod';
import { type BoxId, JAM_MODES, type JamMode, type Song, type Timeline } from '../core/ensemble.ts';
import type { EnsembleTime, Micros } from '../core/time.ts';
import { MAX_BEFORE } from '../timeline/timeline.ts';
import { isBoxId, MAX_NAME, plainText } from '../transport/link/hello.ts';
import { parsedOnce } from './parsed-once.ts';

/** A box since one of its starts: after another start its clock is another. */
export interface BootedBox {
  readonly box: BoxId;
  readonly boot: number;
}

/** Ensemble time = the clock that peers see of that box (AppleMIDI's CK) + `shift`. */
export interface ClockReference extends BootedBox {
  readonly shift: Micros;
}

/** What a box may say about the session, each under a key of its map. */
export interface ControlValues {
  readonly name: string;
  readonly timeline: Timeline;
  readonly song: Song;
  readonly mode: JamMode;
  readonly reference: ClockReference;
  readonly locked: boolean;
  /** Boxes that nobody plays the notes of, by id. */
  readonly muted: readonly BoxId[];
  /** Boxes that nobody lets in, by id. */
  readonly removed: readonly BoxId[];
  /** The nonce that makes the session's id of this box's key: it made the session. */
  readonly made: string;
  /** To whom this box has handed the session over. */
  readonly host: BoxId;
  /** This box stands in for a host that is away. */
  readonly standsIn: boolean;
}
export type ControlKey = keyof ControlValues;

/** What a box has said, and its place in the order of all that was said in the session. */
export interface Register<T> {
  readonly value: T;
  readonly stamp: number;
}
export type Registers = { readonly [Key in ControlKey]?: Register<ControlValues[Key]> };

/** Everybody's to change unless the session is locked: then the host's. */
export const LOCKABLE = ['name', 'timeline', 'song', 'mode'] as const;
/** The host's alone. */
export const HOST_ONLY = ['locked', 'muted', 'removed'] as const;

export const MIN_TEMPO = 20;
export const MAX_TEMPO = 400;
/** Quarter notes: the last place of a song that MIDI has a number for. */
const MAX_POSITION = 4_096;
/** Beats. */
const MAX_COUNT_IN = 128;
export const MAX_BEATS_PER_BAR = 32;
/** Of one list. */
export const MAX_BOXES = 64;
const boxId = z.custom<BoxId>(isBoxId);
const boot = z.number().int().min(0).max(0xffff_ffff);
const time = z.number().min(-Number.MAX_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER);
/** Later ones are refused: there is no end to what was said that could be reached. */
export const MAX_STAMP: number = 2 ** 48;
const NAME = z
  .string()
  .min(1)
  .transform((text) => plainText(text, MAX_NAME));
/** Beats and bars: twenty years at the greatest tempo, and parts of a beat can still be told apart. */
const MAX_BEATS = 2 ** 32;
const count = z.number().int().min(-MAX_BEATS).max(MAX_BEATS);
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
const REFERENCE = z.object({ box: boxId, boot, shift: time.transform((value) => value as Micros) });
const BOXES = z.array(boxId).max(MAX_BOXES);
const MODE = z.enum(JAM_MODES as readonly [JamMode, ...JamMode[]]);

const VALUES: { readonly [Key in ControlKey]: z.ZodType<ControlValues[Key]> } = {
  name: NAME,
  timeline: TIMELINE,
  song: SONG,
  mode: MODE,
  reference: REFERENCE,
  locked: z.boolean(),
  muted: BOXES,
  removed: BOXES,
  made: z.string().regex(/^[0-9a-f]{32}$/),
  host: boxId,
  standsIn: z.boolean(),
};
const STAMP = z.number().int().min(0).max(MAX_STAMP);
/** A Map: keys come from others, and an object would know some of them by its prototype. */
const REGISTERS: ReadonlyMap<string, (stored: unknown) => [number, unknown] | undefined> = new Map(
  Object.entries(VALUES).map(([key, value]) => [
    key,
    parsedOnce(z.tuple([STAMP, value as z.ZodType])),
  ]),
);

export const isControlKey = (key: string): boolean => REGISTERS.has(key);

export const isControlValue = (key: string, stored: unknown): boolean =>
  REGISTERS.get(key)?.(stored) !== undefined;

/** What a box has said, with what it says under that key now; what doesn't fit is as if it had not been said. */
export function readRegister(registers: Registers, key: string, stored: unknown): Registers {
  const parsed = REGISTERS.get(key)?.(stored);
  if (!parsed) return registers;
  const [stamp, value] = parsed;
  return { ...registers, [key]: { stamp, value } };
}
