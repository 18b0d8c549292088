/**
 * Peer connections in memory, over a host of the virtual network: its datagrams carry the packets, its streams the
 * stream, so that profiles, partitions and pulled cables have their way with both.
 *
 * Takes  a virtual host and seeded randomness.
 * Gives  connections with the rules of the real ones: bindings that both ends have alike, unless somebody changed a
 *        fingerprint on the way.
 * Keeps  one port per connection.
 */
import type { PeerConnections } from '../../runtime/ports/peer-connection.ts';
import {
  type Surroundings,
  VirtualPeerConnection,
  type VirtualPeerConnectionDeps,
} from './virtual-peer-connection.ts';

export interface VirtualPeerConnections extends PeerConnections {
  /** No UDP gets out of this host's network: nothing opens from now on. What is open stays so. */
  blockUdp(blocked: boolean): void;
  /** Straight ways lead through NATs (default: they stay on one network). */
  setBehindNat(behind: boolean): void;
  /** Nothing gets straight through this host's NAT: what opens from now on goes through a TURN server, or not at all. */
  setStrictNat(strict: boolean): void;
  /** Connections that are neither failed, closed nor disposed. */
  readonly size: number;
}

export function openVirtualPeerConnections(
  deps: VirtualPeerConnectionDeps,
): VirtualPeerConnections {
  const around: Surroundings = { blocked: false, behindNat: false, strictNat: false };
  const held = new Set<VirtualPeerConnection>();
  return {
    open(init) {
      const connection = new VirtualPeerConnection(deps, init, around, () => {
        held.delete(connection);
      });
      held.add(connection);
      return connection;
    },
    blockUdp(blocked) {
      around.blocked = blocked;
    },
    setBehindNat(behind) {
      around.behindNat = behind;
    },
    setStrictNat(strict) {
      around.strictNat = strict;
    },
    get size() {
      return held.size;
    },
  };
}
