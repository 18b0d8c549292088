/** Makes boxes known to each other before they are started, as if they had met: then no code is asked for. */
import { silentLog } from '../../runtime/core/log.ts';
import { openFileStorage } from '../../runtime/platform/file-storage.ts';
import { openMonotonicClock } from '../../runtime/platform/monotonic-clock.ts';
import { openNodeSignatures } from '../../runtime/platform/node-signatures.ts';
import { systemRandomness } from '../../runtime/platform/system-randomness.ts';
import { loadIdentity } from '../../runtime/privacy/identity.ts';
import { openKnownBoxes } from '../../runtime/privacy/known-boxes.ts';

/** By name: the data folder of each. */
export async function introduce(folders: Readonly<Record<string, string>>): Promise<void> {
  const log = silentLog;
  const wallClock = openMonotonicClock();
  const boxes = await Promise.all(
    Object.entries(folders).map(async ([name, directory]) => {
      const storage = await openFileStorage({ log }, { directory });
      const signatures = openNodeSignatures();
      const made = { storage, randomness: systemRandomness, signatures, log };
      return { name, storage, identity: await loadIdentity(made) };
    }),
  );
  for (const { name, storage } of boxes) {
    await using known = await openKnownBoxes({ storage, wallClock, log });
    for (const other of boxes) {
      if (other.name !== name) known.meet(other.identity.publicKey, other.name);
    }
  }
}
