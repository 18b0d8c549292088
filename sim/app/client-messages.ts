/**
 * What a page says to the simulator over the WebSocket, as JSON text.
 *
 * Takes  text from a page, which may be anything.
 * Gives  ClientMessage values that were checked, or a fault in words. Touches nothing; knows neither Node nor the DOM.
 *
 * The page imports only types from here, so that the checks stay out of its bundle.
 */
import { z } from 'zod';

/** Octets of one WebSocket message from a page. */
export const MAX_CLIENT_MESSAGE = 4_096;
/** Octets of MIDI in one message from a page. */
const MAX_MIDI_BYTES = 1_024;
const MAX_BOXES = 8;
const MAX_NAME = 80;
const MAX_DETENTS = 32;
const MAX_TRACKS = 64;

export type ClientMessage =
  /** The hand turns the knob of a box; clockwise is positive. */
  | { readonly kind: 'turn'; readonly box: number; readonly detents: number }
  | { readonly kind: 'press'; readonly box: number }
  | { readonly kind: 'release'; readonly box: number }
  /** Whole MIDI messages in hexadecimal, from a keyboard, into the box's MIDI input. */
  | { readonly kind: 'midi'; readonly box: number; readonly bytes: string }
  /** The network between all boxes, or from one box to another when both are named. */
  | {
      readonly kind: 'profile';
      readonly name: string;
      readonly from?: number | undefined;
      readonly to?: number | undefined;
    }
  | {
      readonly kind: 'player';
      readonly box: number;
      /** `loop` only changes whether the player begins again at the end. */
      readonly action: 'play' | 'stop' | 'loop';
      readonly piece?: string | undefined;
      readonly track?: number | undefined;
      readonly loop?: boolean | undefined;
    }
  /** All boxes play one piece from the same instant, a part each; or all players stop. */
  | {
      readonly kind: 'together';
      readonly action: 'play';
      readonly piece: string;
      readonly loop: boolean;
    }
  | { readonly kind: 'together'; readonly action: 'stop' }
  /** All notes off, now: on one box, or on all when `box` is missing. */
  | { readonly kind: 'panic'; readonly box?: number | undefined }
  /** How a box is to hear one of the others. What is left out stays as it is; mode null: as everybody. */
  | {
      readonly kind: 'hear';
      readonly box: number;
      readonly participant: string;
      readonly mode?: JamMode | null | undefined;
      /** 0: nothing is played before it came; 1: as much as the budget of false notes allows. */
      readonly wet?: number | undefined;
    }
  /** What to send to this page from now on. A page in the background asks for less. */
  | ({ readonly kind: 'subscribe' } & Wanted);

export interface Wanted {
  readonly displays: boolean;
  readonly notes: boolean;
  readonly stats: boolean;
  /** The box whose prediction engine is looked into; null: none. */
  readonly watch: number | null;
}

/** DESIGN section 5; runtime/core/ensemble.ts. */
export type JamMode = 'auto' | 'live' | 'tight' | 'groove';

export type ParsedClientMessage =
  | { readonly ok: true; readonly message: ClientMessage }
  | { readonly ok: false; readonly fault: string };

// Boxes are numbered from 1, as on their cases.
const box = z.int().min(1).max(MAX_BOXES);
const name = z.string().min(1).max(MAX_NAME);
const hex = z
  .string()
  .min(2)
  .max(2 * MAX_MIDI_BYTES)
  .regex(/^(?:[0-9a-fA-F]{2})+$/);

const clientMessage: z.ZodType<ClientMessage> = z.union([
  z.strictObject({
    kind: z.literal('turn'),
    box,
    detents: z.int().min(-MAX_DETENTS).max(MAX_DETENTS),
  }),
  z.strictObject({ kind: z.literal('press'), box }),
  z.strictObject({ kind: z.literal('release'), box }),
  z.strictObject({ kind: z.literal('midi'), box, bytes: hex }),
  z.strictObject({ kind: z.literal('profile'), name, from: box.optional(), to: box.optional() }),
  z.strictObject({
    kind: z.literal('player'),
    box,
    action: z.enum(['play', 'stop', 'loop']),
    piece: name.optional(),
    track: z.int().min(0).max(MAX_TRACKS).optional(),
    loop: z.boolean().optional(),
  }),
  z.strictObject({
    kind: z.literal('together'),
    action: z.literal('play'),
    piece: name,
    loop: z.boolean(),
  }),
  z.strictObject({ kind: z.literal('together'), action: z.literal('stop') }),
  z.strictObject({ kind: z.literal('panic'), box: box.optional() }),
  z.strictObject({
    kind: z.literal('hear'),
    box,
    participant: name,
    mode: z.enum(['auto', 'live', 'tight', 'groove']).nullable().optional(),
    wet: z.number().min(0).max(1).optional(),
  }),
  z.strictObject({
    kind: z.literal('subscribe'),
    displays: z.boolean(),
    notes: z.boolean(),
    stats: z.boolean(),
    watch: box.nullable(),
  }),
]);

/** Never throws. `fault` says in a few words what is wrong; it repeats nothing of the text. */
export function parseClientMessage(text: string): ParsedClientMessage {
  if (text.length > MAX_CLIENT_MESSAGE) return { ok: false, fault: 'longer than allowed' };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, fault: 'not JSON' }; // the text came from outside: counted, not thrown
  }
  const parsed = clientMessage.safeParse(value);
  return parsed.success
    ? { ok: true, message: parsed.data }
    : { ok: false, fault: 'not a message of this protocol' };
}
