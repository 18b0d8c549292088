/**
 * Getting level with a session whose members may be at some addresses.
 *
 * Takes  addresses, and the mesh and documents of a session that was not entered yet.
 * Gives  an answer, always: level, a PortError with words for people, or the signal's reason.
 */
import { PortError } from '../core/errors.ts';
import type { Listeners } from '../core/listeners.ts';
import { fromSeconds } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { NetAddress } from '../ports/datagram-network.ts';
import type { LevelPeer } from './documents.ts';
import type { Mesh } from './mesh.ts';
import { openWaiting } from './waiting.ts';

const SYNC_LIMIT = fromSeconds(5);

export async function reachLevel(
  deps: {
    readonly clock: Clock;
    readonly mesh: Mesh;
    readonly levels: ReadonlyMap<unknown, LevelPeer>;
    /** Told when one of `levels` becomes synced. */
    readonly synced: Listeners<[]>;
  },
  addresses: readonly NetAddress[],
  signal: AbortSignal,
): Promise<void> {
  const { mesh, levels, synced } = deps;
  const { peer } = await mesh.dial(addresses, signal);
  const hungUp = new PortError(
    'disconnected',
    `"${peer.name}" hung up while this box was joining; try again`,
  );
  const tooLate = new PortError(
    'unavailable',
    `"${peer.name}" answers, but does not tell what is played; try again`,
  );
  const waiting = openWaiting(deps, signal);
  const lost = mesh.onUnlink(() => {
    if (mesh.links.size === 0) waiting.fail(hungUp);
  });
  const level = synced.add(waiting.done);
  try {
    if (mesh.links.size === 0) throw hungUp;
    if ([...levels.values()].some((far) => far.synced)) return;
    await waiting.until(SYNC_LIMIT, tooLate);
  } finally {
    for (const listening of [lost, level, waiting]) listening[Symbol.dispose]();
  }
}
