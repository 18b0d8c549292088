/**
 * Invitations: codes that lead to a session for a day.
 *
 * Takes  who invites to what. Secrets never come here.
 * Gives  codes of 65 random bits, and the session behind one.
 * Keeps  `invitation/CODE`, and `invited/BOX/CODE` to count and revoke by; both run out together.
 */
import { z } from 'zod';
import type { BoxId, SessionId } from '../../core/ensemble.ts';
import { fromSeconds, toMillis, type WallTime } from '../../core/time.ts';
import type { WallClock } from '../../ports/clock.ts';
import type { Randomness } from '../../ports/randomness.ts';
import type { Store } from '../../ports/store.ts';
import { codeFrom, isCode } from '../invitation-link.ts';
import { fromStored, toStored } from './stored-json.ts';

const INVITATION_LASTS = fromSeconds(24 * 3_600);
const CODE_OCTETS = 9;

export interface Invitations {
  /** Undefined: that box has as many as it may. */
  make(
    by: BoxId,
    session: SessionId,
  ): Promise<{ readonly code: string; readonly expiresAt: WallTime } | undefined>;
  /** False: it is not one of that box's. */
  revoke(by: BoxId, code: string): Promise<boolean>;
  sessionOf(code: string): Promise<SessionId | undefined>;
}

const KEPT: z.ZodType<{ readonly session: string; readonly by: string }> = z.object({
  session: z.string().length(32),
  by: z.string(),
});

export function openInvitations(
  deps: { readonly store: Store; readonly clock: WallClock; readonly randomness: Randomness },
  init: { readonly most: number },
): Invitations {
  const { store, clock, randomness } = deps;
  const lasts = INVITATION_LASTS;
  return {
    async make(by, session) {
      const held = await store.list(`invited/${by}/`, { limit: init.most });
      if (held.length >= init.most) return undefined;
      const code = codeFrom(randomness.bytes(CODE_OCTETS));
      const expiresAt = (clock.wallNow() + toMillis(lasts)) as WallTime;
      await store.put(`invitation/${code}`, toStored({ session, by }), { revision: 0, lasts });
      await store.put(`invited/${by}/${code}`, new Uint8Array(0), { lasts });
      return { code, expiresAt };
    },
    async revoke(by, code) {
      if (!isCode(code) || !(await store.remove(`invited/${by}/${code}`))) return false;
      await store.remove(`invitation/${code}`);
      return true;
    },
    async sessionOf(code) {
      if (!isCode(code)) return undefined;
      const stored = await store.get(`invitation/${code}`);
      return stored && (fromStored(KEPT, stored.value)?.session as SessionId | undefined);
    },
  };
}
