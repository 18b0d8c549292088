/**
 * STUN binding requests and their answers (RFC 8489).
 *
 * Takes  octets, gives values, touches nothing. What isn't needed to learn one's mapped address is passed over.
 */
import type { Decoded } from '../../core/errors.ts';
import type { NetAddress } from '../../ports/datagram-network.ts';

const HEADER = 20;
const MAGIC_COOKIE = 0x2112_a442;
export const TRANSACTION_OCTETS = 12;
/** Section 6.1: what a path of unknown MTU carries. */
const MAX_MESSAGE = 548;

const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const BINDING_ERROR = 0x0111;
/** Section 14.1 and 14.2. The plain one is what some NATs rewrite, so it is only the second choice. */
const MAPPED_ADDRESS = 0x0001;
const XOR_MAPPED_ADDRESS = 0x0020;
const IPV4 = 1;
const IPV6 = 2;

export type StunFault = 'notStun' | 'foreign' | 'refused' | 'malformed' | 'noAddress';

export function encodeBindingRequest(transaction: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, BINDING_REQUEST);
  view.setUint32(4, MAGIC_COOKIE);
  bytes.set(transaction.subarray(0, TRANSACTION_OCTETS), 8);
  return bytes;
}

/** The address that the server saw the request come from. `foreign`: an answer to another request. */
export function decodeBindingAnswer(
  bytes: Uint8Array,
  transaction: Uint8Array,
): Decoded<NetAddress, StunFault> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < HEADER || bytes.length > MAX_MESSAGE) return { ok: false, fault: 'notStun' };
  if (view.getUint32(4) !== MAGIC_COOKIE) return { ok: false, fault: 'notStun' };
  for (let at = 0; at < TRANSACTION_OCTETS; at++) {
    if (bytes[8 + at] !== transaction[at]) return { ok: false, fault: 'foreign' };
  }
  const type = view.getUint16(0);
  if (type === BINDING_ERROR) return { ok: false, fault: 'refused' };
  if (type !== BINDING_SUCCESS) return { ok: false, fault: 'foreign' };
  const end = HEADER + view.getUint16(2);
  if (end !== bytes.length || end % 4 !== 0) return { ok: false, fault: 'malformed' };
  let plain: NetAddress | undefined;
  for (let at = HEADER; at < end; ) {
    const attribute = view.getUint16(at);
    const length = view.getUint16(at + 2);
    if (at + 4 + length > end) return { ok: false, fault: 'malformed' };
    const value = bytes.subarray(at + 4, at + 4 + length);
    if (attribute === XOR_MAPPED_ADDRESS) {
      const address = readAddress(value, bytes.subarray(4, HEADER));
      if (address) return { ok: true, value: address, length: end };
    }
    if (attribute === MAPPED_ADDRESS) plain ??= readAddress(value, new Uint8Array(16));
    at += 4 + Math.ceil(length / 4) * 4;
  }
  if (plain) return { ok: true, value: plain, length: end };
  return { ok: false, fault: 'noAddress' };
}

/** `mask`: the magic cookie and the transaction, or zeros. */
function readAddress(value: Uint8Array, mask: Uint8Array): NetAddress | undefined {
  const octets = value[1] === IPV4 ? 4 : value[1] === IPV6 ? 16 : 0;
  if (octets === 0 || value.length !== 4 + octets) return undefined;
  const unmasked = (at: number): number => (value[at] ?? 0) ^ (mask[at < 4 ? at - 2 : at - 4] ?? 0);
  const port = (unmasked(2) << 8) | unmasked(3);
  const address = Array.from({ length: octets }, (_, at) => unmasked(4 + at));
  return { host: octets === 4 ? address.join('.') : ipv6Text(address), port };
}

/** As RFC 5952 writes it: the longest run of zeros, the first of equal ones, is left out. */
function ipv6Text(octets: readonly number[]): string {
  const groups = Array.from({ length: 8 }, (_, at) =>
    (((octets[2 * at] ?? 0) << 8) | (octets[2 * at + 1] ?? 0)).toString(16),
  );
  const runs = groups.map((_, from) => {
    const after = groups.findIndex((group, at) => at >= from && group !== '0');
    return (after < 0 ? 8 : after) - from;
  });
  const longest = Math.max(...runs);
  if (longest < 2) return groups.join(':');
  const from = runs.indexOf(longest);
  return `${groups.slice(0, from).join(':')}::${groups.slice(from + longest).join(':')}`;
}
