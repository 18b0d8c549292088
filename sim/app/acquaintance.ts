/**
 * What makes boxes of one simulator known to each other beforehand: keys that follow from the seed, pinned in each one's
 * storage, so that nobody has to type codes at every start. The page says so.
 */
import { silentLog } from '../../runtime/core/log.ts';
import { openNodeSignatures } from '../../runtime/platform/node-signatures.ts';
import type { WallClock } from '../../runtime/ports/clock.ts';
import type { Storage } from '../../runtime/ports/storage.ts';
import { type Identity, identityFrom, loadIdentity } from '../../runtime/privacy/identity.ts';
import { openKnownBoxes } from '../../runtime/privacy/known-boxes.ts';
import { seededRandomness } from '../seeded-randomness.ts';

const SEED_OCTETS = 32;

export const boxName = (index: number): string => `Box ${index}`;

/** Gives a fresh storage the key of that box, and the keys of the others unless they are strangers. */
export async function introduce(
  deps: { readonly storage: Storage; readonly wallClock: WallClock },
  init: {
    /** From 1. */
    readonly index: number;
    readonly boxes: number;
    readonly seed: number;
    readonly strangers: boolean;
  },
): Promise<Identity> {
  const { storage, wallClock } = deps;
  const signatures = openNodeSignatures();
  const log = silentLog;
  // The first octets that are drawn for a key become its seed.
  const randomness = keyRandomness(init.seed, init.index);
  const identity = await loadIdentity({ storage, randomness, signatures, log });
  if (init.strangers) return identity;
  await using known = await openKnownBoxes({ storage, wallClock, log });
  for (let index = 1; index <= init.boxes; index++) {
    if (index === init.index) continue;
    const seed = keyRandomness(init.seed, index).bytes(SEED_OCTETS);
    known.meet(identityFrom(signatures, seed).publicKey, boxName(index));
  }
  return identity;
}

const keyRandomness = (seed: number, index: number) =>
  seededRandomness(`${seed}/${boxName(index)}/key`);
