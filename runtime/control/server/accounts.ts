/**
 * Accounts: a public key that has signed in.
 *
 * Takes  keys that were proven, and where they came from.
 * Gives  whether they are let in. The first use makes the account, if new ones are admitted.
 * Keeps  `account/BOX` in the store; an account that nobody used for MEMORY is forgotten.
 */
import { z } from 'zod';
import { toBase64url } from '../../core/base64url.ts';
import type { BoxId } from '../../core/ensemble.ts';
import { fromSeconds } from '../../core/time.ts';
import type { Clock, WallClock } from '../../ports/clock.ts';
import type { Store } from '../../ports/store.ts';
import { Rates } from './limits.ts';
import { fromStored, toStored } from './stored-json.ts';

export type Admission = 'known' | 'new' | 'notAdmitted' | 'tooMany';

export interface Accounts {
  /** `group`: the address's. */
  admit(box: BoxId, key: Uint8Array, group: string): Promise<Admission>;
}

const MEMORY = fromSeconds(400 * 86_400);
/** An account's last use is written at most once in so many milliseconds. */
const FRESH = 86_400_000;

const ACCOUNT: z.ZodType<Account> = z.object({
  key: z.string(),
  madeAt: z.number(),
  usedAt: z.number(),
});
interface Account {
  readonly key: string;
  readonly madeAt: number;
  readonly usedAt: number;
}

export function openAccounts(
  deps: { readonly store: Store; readonly clock: Clock & WallClock },
  init: { readonly allowNew: boolean; readonly perAddressPerHour: number },
): Accounts {
  const { store, clock } = deps;
  const made = Rates.perHour(init.perAddressPerHour);
  return {
    async admit(box, key, group) {
      const at = `account/${box}`;
      const now = clock.wallNow();
      const stored = await store.get(at);
      const account = stored && fromStored(ACCOUNT, stored.value);
      if (account) {
        if (now - account.usedAt > FRESH)
          await store.put(at, toStored({ ...account, usedAt: now }), { lasts: MEMORY });
        return 'known';
      }
      if (!init.allowNew) return 'notAdmitted';
      if (!made.take(group, clock.now())) return 'tooMany';
      const account0: Account = { key: toBase64url(key), madeAt: now, usedAt: now };
      await store.put(at, toStored(account0), { lasts: MEMORY });
      return 'new';
    },
  };
}
