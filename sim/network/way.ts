import type { NetAddress } from '../../runtime/ports/datagram-network.ts';
import type { Impairment } from './impairment.ts';

/** The way to one destination; of a stream, its own. */
export interface Way {
  readonly to: NetAddress;
  readonly impairment: Impairment;
  parted: boolean;
  /** Sends on what waited for the end of a partition. */
  resume: (() => void) | undefined;
}
