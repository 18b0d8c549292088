/**
 * Messages by which two boxes come to a connection. SIGNALLING.md, "messages".
 *
 * Takes bytes, gives values; a malformed message is undefined, never an exception.
 */
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import type { PeerSignal } from '../../ports/peer-connection.ts';

/** Version of SIGNALLING.md. */
export const SIGNALLING_VERSION = 1;
export const MAX_ATTEMPTS = 4;
/** Of one message. */
export const MAX_SIGNAL = 8_448;
const MAX_SDP = 8_192;
const MAX_CANDIDATE = 512;
const MAX_MID = 16;

export type SignalRefusal = 'version' | 'busy' | 'closed';

export type SignalMessage =
  | { readonly kind: 'signal'; readonly attempt: number; readonly signal: PeerSignal }
  | { readonly kind: 'opened'; readonly attempt: number }
  | { readonly kind: 'refuse'; readonly code: SignalRefusal }
  | { readonly kind: 'givenUp' };

const DESCRIPTION = 1;
const CANDIDATE = 2;
const OPENED = 3;
const REFUSE = 4;
const GIVEN_UP = 5;
const OFFER = 0;
const ANSWER = 1;
/** By code; 0 is not given. */
const REFUSALS: readonly (SignalRefusal | undefined)[] = [undefined, 'version', 'busy', 'closed'];

export function encodeSignal(message: SignalMessage): Uint8Array {
  const encoder = encoding.createEncoder();
  switch (message.kind) {
    case 'signal':
      writePeerSignal(encoder, message.attempt, message.signal);
      break;
    case 'opened':
      encoding.writeUint8(encoder, OPENED);
      encoding.writeUint8(encoder, message.attempt);
      break;
    case 'refuse':
      encoding.writeUint8(encoder, REFUSE);
      encoding.writeUint8(encoder, REFUSALS.indexOf(message.code));
      break;
    case 'givenUp':
      encoding.writeUint8(encoder, GIVEN_UP);
      break;
  }
  return encoding.toUint8Array(encoder);
}

function writePeerSignal(encoder: encoding.Encoder, attempt: number, signal: PeerSignal): void {
  encoding.writeUint8(encoder, signal.kind === 'description' ? DESCRIPTION : CANDIDATE);
  encoding.writeUint8(encoder, attempt);
  if (signal.kind === 'description') {
    encoding.writeUint8(encoder, signal.type === 'offer' ? OFFER : ANSWER);
    encoding.writeVarString(encoder, signal.sdp);
  } else {
    encoding.writeVarString(encoder, signal.mid);
    encoding.writeVarString(encoder, signal.candidate);
  }
}

export function decodeSignal(bytes: Uint8Array): SignalMessage | undefined {
  if (bytes.length > MAX_SIGNAL) return undefined;
  const decoder = decoding.createDecoder(bytes);
  try {
    const message = read(decoder);
    return decoding.hasContent(decoder) ? undefined : message;
  } catch {
    // lib0 throws when the bytes end early or are no UTF-8; that is all that can happen here.
    return undefined;
  }
}

function read(decoder: decoding.Decoder): SignalMessage | undefined {
  const kind = decoding.readUint8(decoder);
  if (kind === GIVEN_UP) return { kind: 'givenUp' };
  if (kind === REFUSE) {
    const code = REFUSALS[decoding.readUint8(decoder)];
    return code && { kind: 'refuse', code };
  }
  const attempt = decoding.readUint8(decoder);
  if (attempt >= MAX_ATTEMPTS) return undefined;
  if (kind === OPENED) return { kind: 'opened', attempt };
  const signal =
    kind === DESCRIPTION
      ? readDescription(decoder)
      : kind === CANDIDATE
        ? readCandidate(decoder)
        : undefined;
  return signal && { kind: 'signal', attempt, signal };
}

function readDescription(decoder: decoding.Decoder): PeerSignal | undefined {
  const type = decoding.readUint8(decoder);
  const sdp = readBounded(decoder, MAX_SDP);
  if (type > ANSWER || sdp === undefined) return undefined;
  return { kind: 'description', type: type === OFFER ? 'offer' : 'answer', sdp };
}

function readCandidate(decoder: decoding.Decoder): PeerSignal | undefined {
  const mid = readBounded(decoder, MAX_MID);
  if (mid === undefined) return undefined;
  const candidate = readBounded(decoder, MAX_CANDIDATE);
  return candidate === undefined ? undefined : { kind: 'candidate', mid, candidate };
}

/** Its octets are counted before it is made a text of. */
function readBounded(decoder: decoding.Decoder, max: number): string | undefined {
  const octets = decoding.readVarUint8Array(decoder);
  return octets.length > max ? undefined : new TextDecoder('utf-8', { fatal: true }).decode(octets);
}
