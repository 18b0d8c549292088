/**
 * What a box says of itself at the start of a link. FORMAT.md, "hello".
 *
 * Takes bytes, gives a Hello with every field checked and bounded, touches nothing.
 */
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import type { BoxId, SessionId } from '../../core/ensemble.ts';

/** Version of FORMAT.md. Two boxes link only when theirs are equal. */
export const LINK_PROTOCOL = 2;

/** What a box says of itself before it has proven anything. The link adds key and nonce (Greeting). */
export interface Hello {
  readonly protocol: number;
  readonly box: BoxId;
  readonly session: SessionId;
  readonly name: string;
  readonly rtpPort: number;
  readonly ssrc: number;
  readonly linkPort: number;
  /** Drawn at each start of the box: a peer that was restarted is told from one that came back. */
  readonly boot: number;
  /** Numeric address under which the far end was reached or seen; empty when that is not known. */
  readonly seenAs: string;
}

/** A hello as it goes over the link. */
export interface Greeting {
  readonly hello: Hello;
  /** 32 octets; `hello.box` has to be the id of whoever has it. */
  readonly publicKey: Uint8Array;
  /** 16 octets, drawn for this greeting. */
  readonly nonce: Uint8Array;
}

export const NONCE_OCTETS = 16;
const KEY_OCTETS = 32;

/** In UTF-16 units, as names are shown. */
export const MAX_NAME = 64;
const MAX_ADDRESS = 64;
const HEX_ID = /^[0-9a-f]{32}$/;
const ADDRESS = /^[0-9a-zA-Z.:%_-]*$/;

export function writeHello(encoder: encoding.Encoder, greeting: Greeting): void {
  const { hello } = greeting;
  encoding.writeVarUint(encoder, hello.protocol);
  encoding.writeUint8Array(encoder, greeting.publicKey);
  encoding.writeUint8Array(encoder, greeting.nonce);
  encoding.writeVarString(encoder, hello.box);
  encoding.writeVarString(encoder, hello.session);
  encoding.writeVarString(encoder, hello.name.slice(0, MAX_NAME));
  encoding.writeVarUint(encoder, hello.rtpPort);
  encoding.writeVarUint(encoder, hello.ssrc);
  encoding.writeVarUint(encoder, hello.linkPort);
  encoding.writeVarUint(encoder, hello.boot);
  encoding.writeVarString(encoder, hello.seenAs.slice(0, MAX_ADDRESS));
}

/** Undefined when a field is out of its bounds. Throws, as lib0 does, when the bytes end early. */
export function readHello(decoder: decoding.Decoder): Greeting | undefined {
  const protocol = decoding.readVarUint(decoder);
  // Other versions order the rest differently: that they are others is all there is to know.
  if (protocol !== LINK_PROTOCOL) return { ...NOBODY, hello: { ...NOBODY.hello, protocol } };
  const publicKey = decoding.readUint8Array(decoder, KEY_OCTETS).slice();
  const nonce = decoding.readUint8Array(decoder, NONCE_OCTETS).slice();
  const box = decoding.readVarString(decoder);
  const session = decoding.readVarString(decoder);
  const name = plainText(decoding.readVarString(decoder), MAX_NAME);
  const rtpPort = decoding.readVarUint(decoder);
  const ssrc = decoding.readVarUint(decoder);
  const linkPort = decoding.readVarUint(decoder);
  const boot = decoding.readVarUint(decoder);
  const seenAs = decoding.readVarString(decoder);
  if (!isBoxId(box) || !isSessionId(session)) return undefined;
  if (!isPort(rtpPort) || !isPort(linkPort)) return undefined;
  if (ssrc > 0xffff_ffff || boot > 0xffff_ffff) return undefined;
  if (!isAddress(seenAs)) return undefined;
  return {
    hello: { protocol, box, session, name, rtpPort, ssrc, linkPort, boot, seenAs },
    publicKey,
    nonce,
  };
}

export const isBoxId = (text: unknown): text is BoxId =>
  typeof text === 'string' && HEX_ID.test(text);
export const isSessionId = (text: unknown): text is SessionId =>
  typeof text === 'string' && HEX_ID.test(text);
export const isPort = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xffff;
/** Whether it may be a numeric address or a host name; it is not resolved. */
export const isAddress = (text: unknown): text is string =>
  typeof text === 'string' && text.length <= MAX_ADDRESS && ADDRESS.test(text);

/**
 * At most `max` units; without control characters, which would spoil a display or a log line, and without those that
 * can't be seen or turn the direction of writing, by which one name would look like another.
 */
export const plainText = (text: string, max: number): string =>
  text
    .slice(0, max)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
    .replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
    .replace(/[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+/g, '');

const ZEROS = '0'.repeat(32);
const NOBODY: Greeting = {
  hello: {
    protocol: 0,
    box: ZEROS as BoxId,
    session: ZEROS as SessionId,
    name: '',
    rtpPort: 0,
    ssrc: 0,
    linkPort: 0,
    boot: 0,
    seenAs: '',
  },
  publicKey: new Uint8Array(KEY_OCTETS),
  nonce: new Uint8Array(NONCE_OCTETS),
};
