/**
 * Places where a box may be dialed: an address on the network, or the box itself by way of the control plane.
 *
 * The latter is written as an address whose host is `box:` and the box's id, so that lists of addresses hold both.
 */
import type { BoxId } from '../../core/ensemble.ts';
import type { NetAddress } from '../../ports/datagram-network.ts';

const PREFIX = 'box:';
const HEX_ID = /^[0-9a-f]{32}$/;

/** Not an address of any network: `PeerNetwork.connect` asks the control plane for it. */
export const placeOfBox = (box: BoxId, port = 0): NetAddress => ({ host: `${PREFIX}${box}`, port });

/** Undefined: an address on the network. */
export function boxOfPlace({ host }: NetAddress): BoxId | undefined {
  if (!host.startsWith(PREFIX)) return undefined;
  const id = host.slice(PREFIX.length);
  return HEX_ID.test(id) ? (id as BoxId) : undefined;
}

/** Whether this host is a box by its id. */
export const isPlace = (host: string): boolean => host.startsWith(PREFIX);
