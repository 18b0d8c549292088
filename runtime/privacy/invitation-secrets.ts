/**
 * Secrets of invitations that this box has given out, and the proof that someone has one.
 *
 * Takes  secrets of 16 octets, made for an invitation's link, with the session that they lead to.
 * Gives  whether a message authentication code was made with one of them.
 * Keeps  at most 16, for 24 hours unless told otherwise, in Storage under `privacy/invitations`. Whoever has a link gets
 *        in as long as it lasts: it may be given to several people, and can be revoked.
 * Lane   4.
 */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { z } from 'zod';
import type { SessionId } from '../core/ensemble.ts';
import type { Log } from '../core/log.ts';
import type { WallTime } from '../core/time.ts';
import type { WallClock } from '../ports/clock.ts';
import type { Storage } from '../ports/storage.ts';
import { decodeBase64Url, encodeBase64Url } from './base64url.ts';
import { equalOctets } from './equal-octets.ts';

export interface InvitationSecrets {
  /** `expiresAt`: 24 hours from now when it is left out. */
  add(secret: Uint8Array, session: SessionId, expiresAt?: WallTime): void;
  revoke(secret: Uint8Array): void;
  /** All that lead there. */
  revokeAll(session: SessionId): void;
  /** The secret, valid still, by which `mac` was made. */
  find(
    session: SessionId,
    transcript: Uint8Array,
    role: InvitationRole,
    mac: Uint8Array,
  ): Uint8Array | undefined;
}

/** Who proves that they have the secret: a code can't be sent back to whoever made it. */
export type InvitationRole = 'guest' | 'host';

const SECRET_OCTETS = 16;
const KEY = 'privacy/invitations';
const MAX_SECRETS = 16;
const LIFETIME_MS = 24 * 3_600_000;
const CONTEXT = utf8ToBytes('jam.togthr invitation 1');

/** HMAC-SHA256 over what both ends of this one connection have said (FORMAT.md of the link, "transcript"). */
export function invitationMac(
  secret: Uint8Array,
  role: InvitationRole,
  transcript: Uint8Array,
): Uint8Array {
  return hmac(
    sha256,
    secret,
    concatBytes(CONTEXT, Uint8Array.of(role === 'guest' ? 0 : 1), transcript),
  );
}

const STORED = z.object({
  version: z.literal(1),
  secrets: z
    .array(
      z.object({
        secret: z.string().max(32),
        session: z.string().regex(/^[0-9a-f]{32}$/),
        expiresAt: z.number().min(0).max(8_640_000_000_000_000),
      }),
    )
    .max(MAX_SECRETS),
});

interface Kept {
  readonly secret: Uint8Array;
  readonly session: SessionId;
  readonly expiresAt: WallTime;
}

/** Rejects with PortError when storage can't be read. */
export async function openInvitationSecrets(deps: {
  readonly storage: Storage;
  readonly wallClock: WallClock;
  readonly log: Log;
}): Promise<InvitationSecrets> {
  const { storage, wallClock, log } = deps;
  const stored = await storage.read(KEY);
  let kept: readonly Kept[] = stored ? parse(stored) : [];

  const keep = (next: readonly Kept[]): void => {
    kept = next;
    const secrets = kept.map(({ secret, session, expiresAt }) => ({
      secret: encodeBase64Url(secret),
      session,
      expiresAt,
    }));
    storage
      .write(KEY, new TextEncoder().encode(JSON.stringify({ version: 1, secrets })))
      .catch((failure: unknown) =>
        log.warn('the invitation will be void after a restart: it was not stored', {
          reason: String(failure),
        }),
      );
  };
  const valid = (): readonly Kept[] => {
    const now = wallClock.wallNow();
    return kept.filter(({ expiresAt }) => expiresAt > now);
  };

  return {
    add(secret, session, expiresAt) {
      const until = expiresAt ?? ((wallClock.wallNow() + LIFETIME_MS) as WallTime);
      const others = valid().filter((other) => !equalOctets(other.secret, secret));
      keep([...others, { secret: secret.slice(), session, expiresAt: until }].slice(-MAX_SECRETS));
    },
    revoke: (secret) => keep(valid().filter((other) => !equalOctets(other.secret, secret))),
    revokeAll(session) {
      if (kept.some((held) => held.session === session)) {
        keep(valid().filter((held) => held.session !== session));
      }
    },
    find: (session, transcript, role, mac) =>
      valid().find(
        (held) =>
          held.session === session &&
          equalOctets(invitationMac(held.secret, role, transcript), mac),
      )?.secret,
  };
}

/** What can't be read is as if it had not been given out: its guests ask for another one. */
function parse(bytes: Uint8Array): readonly Kept[] {
  try {
    const { secrets } = STORED.parse(JSON.parse(new TextDecoder().decode(bytes)));
    return secrets.flatMap(({ secret, session, expiresAt }) => {
      const octets = decodeBase64Url(secret, SECRET_OCTETS);
      return octets
        ? [
            {
              secret: octets,
              session: session as SessionId,
              expiresAt: expiresAt as WallTime,
            },
          ]
        : [];
    });
  } catch {
    return [];
  }
}
