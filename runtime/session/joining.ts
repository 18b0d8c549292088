/**
 * Getting level with a session whose members may be at some places.
 *
 * Takes  places, and the mesh and documents of a session that was not entered yet.
 * Gives  an answer, always: level, a PortError with words for people, or the signal's reason.
 */
import { JoinFailure } from '../core/join-failure.ts';
import type { Listeners } from '../core/listeners.ts';
import { fromSeconds } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { NetAddress } from '../ports/datagram-network.ts';
import type { LinkEntry } from '../privacy/credentials.ts';
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
  to: { readonly places: readonly NetAddress[]; readonly entry: LinkEntry | undefined },
  signal: AbortSignal,
): Promise<void> {
  const { mesh, levels, synced } = deps;
  const { peer } = await mesh.dial(to.places, signal, to.entry);
  const who = peer.name;
  const hungUp = new JoinFailure(
    'hostGone',
    `"${who}" hung up while this box was joining; try again`,
    { who },
  );
  const tooLate = new JoinFailure(
    'tookTooLong',
    `"${who}" answers, but does not tell what is played; try again`,
    { who },
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
