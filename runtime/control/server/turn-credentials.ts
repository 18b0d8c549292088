/**
 * STUN and TURN servers, with credentials that run out: the REST scheme of coturn (draft-uberti-behave-turn-rest-00).
 *
 * The user name is `EXPIRY:BOX` (seconds of Unix time), the credential base64(HMAC-SHA1(secret, user name)): coturn, which
 * has the same `static-auth-secret`, checks both and keeps no list.
 */
import { hmac } from '@noble/hashes/hmac.js';
import { sha1 } from '@noble/hashes/legacy.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import type { BoxId } from '../../core/ensemble.ts';
import type { WallClock } from '../../ports/clock.ts';
import type { IceServer } from '../../ports/peer-connection.ts';
import { toBase64 } from './base64.ts';

export interface TurnInit {
  /** `stun:host:port`. */
  readonly stun: readonly string[];
  /** `turn:host:port?transport=udp`. */
  readonly turn: readonly string[];
  /** The `static-auth-secret` of those TURN servers. Empty: no TURN. */
  readonly secret: string;
  readonly lastsSeconds: number;
}

export function iceServersFor(
  { stun, turn, secret, lastsSeconds }: TurnInit,
  box: BoxId,
  clock: WallClock,
): readonly IceServer[] {
  const servers: IceServer[] = stun.map((url) => ({ url }));
  if (secret === '') return servers;
  const username = `${Math.floor(clock.wallNow() / 1_000) + lastsSeconds}:${box}`;
  const credential = toBase64(hmac(sha1, utf8ToBytes(secret), utf8ToBytes(username)));
  return [...servers, ...turn.map((url) => ({ url, username, credential }))];
}
