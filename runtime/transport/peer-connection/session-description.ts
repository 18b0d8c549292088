/**
 * What is read of session descriptions and candidates before they are used, and the channel binding made of them.
 *
 * Takes  texts that a stranger may have written.
 * Gives  the SHA-256 fingerprint of a description (RFC 8122 section 5), a candidate in parts (RFC 8839 section 5.1), or
 *        undefined for what is not of that form or too long.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import type { NetAddress } from '../../ports/datagram-network.ts';

/** A description of ours has 900 characters. */
const MAX_DESCRIPTION = 8_192;
const MAX_CANDIDATE = 256;
/** Candidates taken from one far end. */
export const MAX_CANDIDATES = 64;
const FINGERPRINT_OCTETS = 32;
/** The binding is over these octets too, so that the hash is of no other use. */
const CONTEXT = new TextEncoder().encode('jam.togthr DTLS fingerprints 1');

const FINGERPRINT_LINE = /^a=fingerprint:([\w-]+) ([0-9A-F:]+)$/gim;
const CANDIDATE =
  /^(?:a=)?candidate:[\w+/]{1,32} 1 UDP (\d{1,10}) ([0-9a-f.:]+) (\d{1,5}) typ (host|srflx|prflx|relay)(?: [\w.:+/-]+)*$/i;
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.|$)){4}$/;
const IPV6 = /^[0-9a-f:]*:[0-9a-f:]*:[0-9a-f.:]*$/i;
const MEDIA_ID = /^[\w-]{1,16}$/;

export type CandidateType = 'host' | 'srflx' | 'prflx' | 'relay';

export interface Candidate {
  readonly type: CandidateType;
  readonly address: NetAddress;
}

/** 32 octets; undefined when there is none, or more than one and they differ, or one that isn't SHA-256. */
export function fingerprintOf(sdp: string): Uint8Array | undefined {
  if (sdp.length > MAX_DESCRIPTION) return undefined;
  const found = [...sdp.matchAll(FINGERPRINT_LINE)].map(
    ([, algorithm = '', value = '']) => `${algorithm.toLowerCase()} ${value.toUpperCase()}`,
  );
  const [first] = found;
  if (first === undefined || found.some((each) => each !== first)) return undefined;
  const [algorithm, value = ''] = first.split(' ');
  return algorithm === 'sha-256' ? fingerprintOctets(value) : undefined;
}

/** Of `AB:CD:…`; undefined for what isn't 32 octets. */
export function fingerprintOctets(value: string): Uint8Array | undefined {
  const octets = value.split(':');
  if (octets.length !== FINGERPRINT_OCTETS) return undefined;
  if (!octets.every((octet) => /^[0-9a-f]{2}$/i.test(octet))) return undefined;
  return Uint8Array.from(octets, (octet) => Number.parseInt(octet, 16));
}

export function fingerprintText(octets: Uint8Array): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, '0').toUpperCase()).join(':');
}

/**
 * The value of PeerStream.binding. Each end puts in what its own certificate has and what it saw of the far end's, so
 * two ends have the same value only if nobody sits between them.
 */
export function channelBinding(offerer: Uint8Array, answerer: Uint8Array): Uint8Array {
  return sha256(Uint8Array.from([...CONTEXT, ...offerer, ...answerer]));
}

/** Numeric addresses and UDP only: names (mDNS ones too) are nothing that we would look up for a stranger. */
export function readCandidate(text: string, mid: string): Candidate | undefined {
  if (text.length > MAX_CANDIDATE || !MEDIA_ID.test(mid)) return undefined;
  const [, , host = '', port = '', type = ''] = CANDIDATE.exec(text) ?? [];
  if (!(IPV4.test(host) || IPV6.test(host))) return undefined;
  const number = Number(port);
  if (number < 1 || number > 65_535) return undefined;
  return { type: type.toLowerCase() as CandidateType, address: { host, port: number } };
}
