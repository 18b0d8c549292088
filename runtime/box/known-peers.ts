/**
 * Peers that are no boxes and that this box was connected with: a short list that outlives it.
 *
 * Takes  lists, gives lists; kept in Storage, the newest first.
 */
import { z } from 'zod';
import type { NetAddress } from '../ports/datagram-network.ts';
import type { Storage } from '../ports/storage.ts';

export interface KnownPeer {
  /** As it calls itself; empty until it was reached. Of one that was asked for by name: that name. */
  readonly name: string;
  /** As it was dialled: an address, or a name to look up. */
  readonly host: string;
  /** Of control. */
  readonly port: number;
  /**
   * `dialled`: somebody asked for it. `named`: by the name that it announces; the address is where it was last.
   * `met`: it invited us, and was connected when this was written.
   */
  readonly how: 'dialled' | 'named' | 'met';
}

/** Whoever was asked for stays asked for. */
const ORDER = { met: 0, dialled: 1, named: 2 } as const;
const KEY = 'peers/known';
export const MAX_KNOWN = 16;
const MAX_TEXT = 255;

const KNOWN = z.object({
  version: z.literal(1),
  peers: z
    .array(
      z.object({
        name: z.string().max(MAX_TEXT),
        host: z
          .string()
          .regex(/^[^\s/]+$/)
          .max(MAX_TEXT),
        port: z.int().min(1).max(65_534),
        how: z.enum(['dialled', 'named', 'met']),
      }),
    )
    .max(MAX_KNOWN),
});

/** Empty when there is none, or none that can be read. */
export async function readKnownPeers(storage: Storage): Promise<readonly KnownPeer[]> {
  const bytes = await storage.read(KEY);
  if (!bytes) return [];
  try {
    return KNOWN.parse(JSON.parse(new TextDecoder().decode(bytes))).peers;
  } catch {
    // As if nobody had been met yet: it is written anew with the next one.
    return [];
  }
}

export async function writeKnownPeers(
  storage: Storage,
  peers: readonly KnownPeer[],
): Promise<void> {
  if (peers.length === 0) return storage.remove(KEY);
  const text = JSON.stringify({ version: 1, peers });
  await storage.write(KEY, new TextEncoder().encode(text));
}

/** With this one in front. One too many: the oldest that was met gives way, or the oldest of all. */
export function withPeer(peers: readonly KnownPeer[], peer: KnownPeer): readonly KnownPeer[] {
  const held = peers.find((other) => isAt(other, peer));
  const how = held && ORDER[held.how] > ORDER[peer.how] ? held.how : peer.how;
  const keepsName = peer.name === '' || (held?.how === 'named' && peer.how !== 'named');
  const name = (keepsName ? held?.name : undefined) ?? peer.name;
  // Who is known by name has one place at a time.
  const others = withoutPeer(peers, peer).filter(
    (other) => how !== 'named' || other.how !== 'named' || other.name !== name,
  );
  const all = [{ ...peer, how, name }, ...others];
  if (all.length <= MAX_KNOWN) return all;
  const met = all.findLastIndex((other, at) => at > 0 && other.how === 'met');
  return all.toSpliced(met < 0 ? -1 : met, 1);
}

export function withoutPeer(
  peers: readonly KnownPeer[],
  address: NetAddress,
): readonly KnownPeer[] {
  return peers.filter((other) => !isAt(other, address));
}

export function isAt(peer: NetAddress, { host, port }: NetAddress): boolean {
  return peer.host === host && peer.port === port;
}
