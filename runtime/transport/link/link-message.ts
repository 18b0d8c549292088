/**
 * The link's own messages on channel 0. FORMAT.md, "channel 0".
 *
 * Takes bytes, gives values; a malformed message is undefined, never an exception.
 */
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { fromMillis, fromSeconds, type Micros, toMillis, toSeconds } from '../../core/time.ts';
import { SHARE_OCTETS, TAG_OCTETS } from '../../privacy/cpace.ts';
import { SIGNATURE_OCTETS } from '../../privacy/identity.ts';
import {
  decodeMembership,
  encodeMembership,
  type MembershipProof,
} from '../../privacy/membership-proof.ts';
import { type Greeting, LINK_PROTOCOL, plainText, readHello, writeHello } from './hello.ts';

/** Why a box doesn't link with another one. In the order of FORMAT.md, from 1. */
const REFUSALS = [
  'version',
  'session',
  'full',
  'misbehaved',
  'duplicate',
  'removed',
  'askHost',
  'codeNeeded',
  'codeWrong',
  'codeExpired',
  'codeLocked',
  'declined',
  'busy',
  'keyChanged',
  'notProven',
] as const;
const BYES = ['leaving', 'misbehaved', 'replaced'] as const;

export type RefusalCode = (typeof REFUSALS)[number];
export type ByeCode = (typeof BYES)[number];

export interface Refusal {
  readonly code: RefusalCode;
  /** One sentence for people. */
  readonly text: string;
  /** Another try is of no use before. */
  readonly wait?: Micros;
}

export type LinkMessage =
  | ({ readonly kind: 'hello' } & Greeting)
  | ({ readonly kind: 'refuse' } & Refusal)
  | { readonly kind: 'ping' }
  | { readonly kind: 'pong' }
  | { readonly kind: 'bye'; readonly code: ByeCode; readonly text: string }
  | { readonly kind: 'prove'; readonly signature: Uint8Array }
  | {
      readonly kind: 'enter';
      /** Someone is there to enter a code. */
      readonly prompts: boolean;
      /** The acceptor's key is known to the dialer. */
      readonly knowsYou: boolean;
      readonly membership: MembershipProof | undefined;
      readonly invitation: Uint8Array | undefined;
    }
  | { readonly kind: 'code'; readonly triesLeft: number; readonly lifetime: Micros }
  | { readonly kind: 'try'; readonly share: Uint8Array }
  | { readonly kind: 'answer'; readonly share: Uint8Array; readonly tag: Uint8Array }
  | { readonly kind: 'confirm'; readonly tag: Uint8Array }
  | {
      readonly kind: 'welcome';
      readonly membership: MembershipProof;
      readonly invitation: Uint8Array | undefined;
    };

/** Of a message as it is written; its first octet. */
const TYPES = [
  'hello',
  'refuse',
  'ping',
  'pong',
  'bye',
  'prove',
  'enter',
  'code',
  'try',
  'answer',
  'confirm',
  'welcome',
] as const satisfies readonly LinkMessage['kind'][];

const MAX_TEXT = 200;
const MAX_WAIT_SECONDS = 3_600;
const MAX_LIFETIME_MS = 120_000;
const MAX_TRIES = 3;
const MAC_OCTETS = 32;
const PROMPTS = 1;
const KNOWS_YOU = 2;

export function encodeLinkMessage(message: LinkMessage): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeUint8(encoder, TYPES.indexOf(message.kind));
  switch (message.kind) {
    case 'hello':
      writeHello(encoder, message);
      break;
    case 'refuse':
      encoding.writeUint8(encoder, REFUSALS.indexOf(message.code) + 1);
      encoding.writeVarString(encoder, message.text.slice(0, MAX_TEXT));
      if (message.wait !== undefined && message.wait > 0) {
        const seconds = Math.ceil(toSeconds(message.wait));
        encoding.writeVarUint(encoder, Math.min(seconds, MAX_WAIT_SECONDS));
      }
      break;
    case 'ping':
    case 'pong':
      break;
    case 'bye':
      encoding.writeUint8(encoder, BYES.indexOf(message.code) + 1);
      encoding.writeVarString(encoder, message.text.slice(0, MAX_TEXT));
      break;
    case 'prove':
      encoding.writeUint8Array(encoder, message.signature);
      break;
    case 'enter': {
      const { membership } = message;
      encoding.writeUint8(
        encoder,
        (message.prompts ? PROMPTS : 0) | (message.knowsYou ? KNOWS_YOU : 0),
      );
      encoding.writeVarUint8Array(encoder, membership ? encodeMembership(membership) : NONE);
      encoding.writeVarUint8Array(encoder, message.invitation ?? NONE);
      break;
    }
    case 'code':
      encoding.writeUint8(encoder, message.triesLeft);
      encoding.writeVarUint(encoder, Math.round(toMillis(message.lifetime)));
      break;
    case 'try':
      encoding.writeUint8Array(encoder, message.share);
      break;
    case 'answer':
      encoding.writeUint8Array(encoder, message.share);
      encoding.writeUint8Array(encoder, message.tag);
      break;
    case 'confirm':
      encoding.writeUint8Array(encoder, message.tag);
      break;
    case 'welcome':
      encoding.writeVarUint8Array(encoder, encodeMembership(message.membership));
      encoding.writeVarUint8Array(encoder, message.invitation ?? NONE);
      break;
  }
  return encoding.toUint8Array(encoder);
}

export function decodeLinkMessage(bytes: Uint8Array): LinkMessage | undefined {
  const decoder = decoding.createDecoder(bytes);
  try {
    const message = read(decoder);
    // A hello of another version has fields that are not ours to read.
    const foreign = message?.kind === 'hello' && message.hello.protocol !== LINK_PROTOCOL;
    return foreign || !decoding.hasContent(decoder) ? message : undefined;
  } catch {
    // lib0 throws when the bytes end early or are no UTF-8; that is all that can happen here.
    return undefined;
  }
}

function read(decoder: decoding.Decoder): LinkMessage | undefined {
  const kind = TYPES[decoding.readUint8(decoder)];
  switch (kind) {
    case undefined:
      return undefined;
    case 'hello': {
      const greeting = readHello(decoder);
      return greeting && { kind, ...greeting };
    }
    case 'refuse':
      return readRefuse(decoder);
    case 'ping':
    case 'pong':
      return { kind };
    case 'bye': {
      const code = BYES[decoding.readUint8(decoder) - 1];
      const text = readText(decoder);
      return code && { kind, code, text };
    }
    case 'prove':
      return { kind, signature: readOctets(decoder, SIGNATURE_OCTETS) };
    case 'enter':
      return readEnter(decoder);
    case 'code': {
      const triesLeft = decoding.readUint8(decoder);
      const lifetime = decoding.readVarUint(decoder);
      const within = triesLeft >= 1 && triesLeft <= MAX_TRIES;
      if (!within || lifetime < 1 || lifetime > MAX_LIFETIME_MS) return undefined;
      return { kind, triesLeft, lifetime: fromMillis(lifetime) };
    }
    case 'try':
      return { kind, share: readOctets(decoder, SHARE_OCTETS) };
    case 'answer':
      return {
        kind,
        share: readOctets(decoder, SHARE_OCTETS),
        tag: readOctets(decoder, TAG_OCTETS),
      };
    case 'confirm':
      return { kind, tag: readOctets(decoder, TAG_OCTETS) };
    case 'welcome': {
      const membership = decodeMembership(decoding.readVarUint8Array(decoder));
      const invitation = decoding.readVarUint8Array(decoder).slice();
      if (!membership || !isMac(invitation)) return undefined;
      return { kind, membership, invitation: present(invitation) };
    }
  }
}

function readRefuse(decoder: decoding.Decoder): LinkMessage | undefined {
  const code = REFUSALS[decoding.readUint8(decoder) - 1];
  const text = readText(decoder);
  if (!code) return undefined;
  if (!decoding.hasContent(decoder)) return { kind: 'refuse', code, text };
  const wait = decoding.readVarUint(decoder);
  if (wait < 1 || wait > MAX_WAIT_SECONDS) return undefined;
  return { kind: 'refuse', code, text, wait: fromSeconds(wait) };
}

function readEnter(decoder: decoding.Decoder): LinkMessage | undefined {
  const flags = decoding.readUint8(decoder);
  const shown = decoding.readVarUint8Array(decoder);
  const invitation = decoding.readVarUint8Array(decoder).slice();
  const membership = shown.length > 0 ? decodeMembership(shown) : undefined;
  if (shown.length > 0 && !membership) return undefined;
  if (flags > (PROMPTS | KNOWS_YOU) || !isMac(invitation)) return undefined;
  return {
    kind: 'enter',
    prompts: (flags & PROMPTS) !== 0,
    knowsYou: (flags & KNOWS_YOU) !== 0,
    membership,
    invitation: present(invitation),
  };
}

const NONE = new Uint8Array(0);
const isMac = ({ length }: Uint8Array): boolean => length === 0 || length === MAC_OCTETS;
const present = (octets: Uint8Array): Uint8Array | undefined =>
  octets.length > 0 ? octets : undefined;

/** A copy: frames are valid during a call only. Throws, as lib0 does, when there are fewer. */
const readOctets = (decoder: decoding.Decoder, length: number): Uint8Array =>
  decoding.readUint8Array(decoder, length).slice();

const readText = (decoder: decoding.Decoder): string =>
  plainText(decoding.readVarString(decoder), MAX_TEXT);
