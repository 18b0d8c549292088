import type { Micros } from '../core/time.ts';

/**
 * Rights that one holder has at a time and that run out: for work that only one of several servers is to do.
 * Contract: tests/contracts/leases.contract.ts. Rejects with PortError as the store behind it does.
 */
export interface Leases {
  /** Undefined: somebody else has it. Names are words as in Store. */
  take(name: string, lasts: Micros): Promise<Lease | undefined>;
}

/** Disposing gives it back, if it is still held. */
export interface Lease extends AsyncDisposable {
  /** From now as long again. False: it has run out and somebody else may have it; it stays lost. */
  renew(): Promise<boolean>;
}
