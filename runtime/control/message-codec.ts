/**
 * Text frames: message.ts as JSON, octets as base64url. PROTOCOL.md has the grammar.
 *
 * Takes text, gives messages or a fault to count; and messages as text. Touches nothing.
 */
import { z } from 'zod';
import { fromBase64url, toBase64url } from '../core/base64url.ts';
import type { BoxId, SessionId } from '../core/ensemble.ts';
import type { DirectoryEntry } from './control-plane.ts';
import { type BoxMessage, REFUSAL_CODES, type ServerMessage } from './message.ts';

/** Octets of a text frame; a character of ours is an octet, but for names. */
export const MAX_TEXT = 24_576;
export const MAX_SIGNAL = 16_384;
const MAX_DEPTH = 6;
export const MAX_MEMBERS = 64;

export type MessageFault = 'tooLong' | 'tooDeep' | 'noJson' | 'unknown';
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly fault: MessageFault };

const octets = (least: number, most: number) =>
  z
    .string()
    .max(Math.ceil((most * 8) / 6))
    .transform((text, context): Uint8Array => {
      const value = fromBase64url(text);
      if (value && value.length >= least && value.length <= most) return value;
      context.addIssue('octets');
      return z.NEVER;
    });
const HEX_ID = /^[0-9a-f]{32}$/;
const box = z
  .string()
  .regex(HEX_ID)
  .transform((id) => id as BoxId);
const session = z
  .string()
  .regex(HEX_ID)
  .transform((id) => id as SessionId);
const tunnel = z.string().regex(/^[0-9a-f]{16}$/);
const id = z.int().min(0).max(0x7fff_ffff);
const words = z.string().max(300);
const credited = z.int().min(1).max(0x7fff_ffff);
const name = z.string().max(100);
const code = z.string().max(32);

const ENTRY = z.object({
  session,
  name,
  host: box,
  hostName: name,
  members: z.array(box).min(1).max(MAX_MEMBERS),
  tempo: z.number().min(1).max(1_000),
  participants: z.int().min(0).max(10_000),
});

export const ENTRY_SCHEMA: z.ZodType<DirectoryEntry> = ENTRY;

const type = <const T extends string>(word: T) => z.literal(word);

const SHARED = [
  z.strictObject({ type: type('close'), tunnel, reason: words }),
  z.strictObject({ type: type('credit'), tunnel, octets: credited }),
] as const;

const FROM_BOX: z.ZodType<BoxMessage> = z.discriminatedUnion('type', [
  z.strictObject({
    type: type('sign-in'),
    key: octets(32, 32),
    signature: octets(64, 64),
    software: name,
  }),
  z.strictObject({ type: type('signal'), id, to: box, message: octets(1, MAX_SIGNAL) }),
  z.strictObject({ type: type('ice'), id }),
  z.strictObject({ type: type('publish'), id, entry: ENTRY.strict().nullable() }),
  z.strictObject({ type: type('invite'), id }),
  z.strictObject({ type: type('revoke'), id, code }),
  z.strictObject({ type: type('open'), id, code }),
  z.strictObject({ type: type('find'), id, session }),
  z.strictObject({ type: type('tunnel'), id, to: box }),
  z.strictObject({ type: type('accept'), tunnel }),
  z.strictObject({ type: type('ping') }),
  ...SHARED,
]);

const FROM_SERVER: z.ZodType<ServerMessage> = z.discriminatedUnion('type', [
  z.object({ type: type('challenge'), protocol: z.int(), server: name, nonce: octets(32, 32) }),
  z.object({ type: type('welcome'), box, software: name }),
  z.object({ type: type('done'), id }),
  z.object({ type: type('refused'), id, code: z.enum(REFUSAL_CODES), reason: words }),
  z.object({
    type: type('ice'),
    id,
    lasts: z.number().min(0),
    servers: z
      .array(
        z.object({
          url: z.string().max(300),
          username: z.string().max(300).optional(),
          credential: z.string().max(300).optional(),
        }),
      )
      .max(16),
  }),
  z.object({ type: type('invitation'), id, code, expiresAt: z.number() }),
  z.object({ type: type('entry'), id, entry: ENTRY.nullable() }),
  z.object({ type: type('opened'), id, tunnel }),
  z.object({ type: type('signal'), from: box, message: octets(1, MAX_SIGNAL) }),
  z.object({ type: type('asked'), tunnel, from: box }),
  z.object({ type: type('pong') }),
  ...SHARED,
]);

export const parseBoxMessage = (text: string): Parsed<BoxMessage> => parse(FROM_BOX, text);
export const parseServerMessage = (text: string): Parsed<ServerMessage> => parse(FROM_SERVER, text);

export const writeMessage = (message: BoxMessage | ServerMessage): string =>
  JSON.stringify(message, (_key, value: unknown) =>
    value instanceof Uint8Array ? toBase64url(value) : value,
  );

function parse<T>(schema: z.ZodType<T>, text: string): Parsed<T> {
  if (text.length > MAX_TEXT) return { ok: false, fault: 'tooLong' };
  if (depthOf(text) > MAX_DEPTH) return { ok: false, fault: 'tooDeep' };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { ok: false, fault: 'noJson' };
  }
  const checked = schema.safeParse(json);
  return checked.success ? { ok: true, value: checked.data } : { ok: false, fault: 'unknown' };
}

/** How deep brackets are nested, outside strings; a bound at least for what is no JSON. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at];
    if (quoted) {
      if (letter === '\\') at++;
      else if (letter === '"') quoted = false;
    } else if (letter === '"') quoted = true;
    else if (letter === '{' || letter === '[') deepest = Math.max(deepest, ++depth);
    else if (letter === '}' || letter === ']') depth--;
  }
  return deepest;
}
