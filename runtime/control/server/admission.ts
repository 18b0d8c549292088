/**
 * Whether a sign-in is good, and whoever it is of may come in.
 *
 * Takes  the key and signature, and the challenge of this one connection. Gives the box's id, or why not.
 */
import type { BoxId } from '../../core/ensemble.ts';
import { boxIdOf } from '../../privacy/identity.ts';
import { CLOSE_CODES, type SignIn } from '../message.ts';
import { signedInPart } from '../sign-in.ts';
import { addressGroup } from './addresses.ts';
import type { ServerRooms } from './rooms.ts';

export type Admitted =
  | { readonly ok: true; readonly box: BoxId }
  /** Close code, words for people, and a word to count. */
  | { readonly ok: false; readonly code: number; readonly reason: string; readonly why: string };

export async function admit(
  rooms: Pick<ServerRooms, 'names' | 'signatures' | 'accounts' | 'counters'>,
  { key, signature }: SignIn,
  nonce: Uint8Array,
  address: string,
): Promise<Admitted> {
  const names = rooms.names();
  const proven = names.some((name) =>
    rooms.signatures.verify(key, signedInPart(name, nonce, key), signature),
  );
  if (!proven) {
    const reason = `the signature is not good here; this server is ${names.join(', ')}`;
    return { ok: false, code: CLOSE_CODES.wrongSignature, reason, why: 'signature' };
  }
  const box = boxIdOf(key);
  switch (await rooms.accounts.admit(box, key, addressGroup(address))) {
    case 'new':
      rooms.counters.newAccounts++;
      return { ok: true, box };
    case 'known':
      return { ok: true, box };
    case 'notAdmitted': {
      const reason = 'this server admits no new boxes';
      return { ok: false, code: CLOSE_CODES.noAccount, reason, why: 'notAdmitted' };
    }
    case 'tooMany': {
      const reason = 'too many new boxes from there; try later';
      return { ok: false, code: CLOSE_CODES.tryLater, reason, why: 'accounts' };
    }
  }
}
