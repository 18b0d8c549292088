/**
 * The link's own messages on channel 0. FORMAT.md, "channel 0".
 *
 * Takes bytes, gives values; a malformed message is undefined, never an exception.
 */
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { type Hello, LINK_PROTOCOL, plainText, readHello, writeHello } from './hello.ts';

export type RefusalCode = 'version' | 'session' | 'full' | 'misbehaved' | 'duplicate';
export type ByeCode = 'leaving' | 'misbehaved' | 'replaced';

export type LinkMessage =
  | { readonly kind: 'hello'; readonly hello: Hello }
  | { readonly kind: 'refuse'; readonly code: RefusalCode; readonly text: string }
  | { readonly kind: 'ping' }
  | { readonly kind: 'pong' }
  | { readonly kind: 'bye'; readonly code: ByeCode; readonly text: string };

const HELLO = 0;
const REFUSE = 1;
const PING = 2;
const PONG = 3;
const BYE = 4;
const MAX_TEXT = 200;

/** By code; 0 is not given. */
const REFUSALS: readonly (RefusalCode | undefined)[] = [
  undefined,
  'version',
  'session',
  'full',
  'misbehaved',
  'duplicate',
];
const BYES: readonly (ByeCode | undefined)[] = [undefined, 'leaving', 'misbehaved', 'replaced'];

export function encodeLinkMessage(message: LinkMessage): Uint8Array {
  const encoder = encoding.createEncoder();
  switch (message.kind) {
    case 'hello':
      encoding.writeUint8(encoder, HELLO);
      writeHello(encoder, message.hello);
      break;
    case 'refuse':
      encoding.writeUint8(encoder, REFUSE);
      encoding.writeUint8(encoder, REFUSALS.indexOf(message.code));
      encoding.writeVarString(encoder, message.text.slice(0, MAX_TEXT));
      break;
    case 'ping':
      encoding.writeUint8(encoder, PING);
      break;
    case 'pong':
      encoding.writeUint8(encoder, PONG);
      break;
    case 'bye':
      encoding.writeUint8(encoder, BYE);
      encoding.writeUint8(encoder, BYES.indexOf(message.code));
      encoding.writeVarString(encoder, message.text.slice(0, MAX_TEXT));
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
  switch (decoding.readUint8(decoder)) {
    case HELLO: {
      const hello = readHello(decoder);
      return hello && { kind: 'hello', hello };
    }
    case REFUSE: {
      const code = REFUSALS[decoding.readUint8(decoder)];
      const text = readText(decoder);
      return code && { kind: 'refuse', code, text };
    }
    case PING:
      return { kind: 'ping' };
    case PONG:
      return { kind: 'pong' };
    case BYE: {
      const code = BYES[decoding.readUint8(decoder)];
      const text = readText(decoder);
      return code && { kind: 'bye', code, text };
    }
    default:
      return undefined;
  }
}

const readText = (decoder: decoding.Decoder): string =>
  plainText(decoding.readVarString(decoder), MAX_TEXT);
