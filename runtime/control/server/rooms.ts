import type { Log } from '../../core/log.ts';
import type { Bus } from '../../ports/bus.ts';
import type { Randomness } from '../../ports/randomness.ts';
import type { Signatures } from '../../ports/signatures.ts';
import type { Accounts } from './accounts.ts';
import type { BoxConnection } from './box-connection.ts';
import type { RequestDeps } from './box-requests.ts';
import type { Rates, ServerLimits } from './limits.ts';
import type { Presence } from './presence.ts';

/** What every connection of a server shares. */
export interface ServerRooms extends RequestDeps {
  readonly randomness: Randomness;
  readonly signatures: Signatures;
  readonly bus: Bus;
  readonly log: Log;
  readonly limits: ServerLimits;
  readonly accounts: Accounts;
  readonly presence: Presence;
  readonly tunnelRates: Rates;
  /** What the server is dialed as, the first for messages: sign-ins must be bound to one of them. */
  readonly names: () => readonly string[];
  readonly software: string;
  connectionEnded(connection: BoxConnection, address: string): void;
}
