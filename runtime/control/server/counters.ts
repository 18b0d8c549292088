/**
 * What a server has done, for /metrics: nobody reads a log for it.
 */
export class ServerCounters {
  /** Now. */
  connections = 0;
  signedIn = 0;
  tunnels = 0;
  /** Since the start. */
  accepted = 0;
  newAccounts = 0;
  messages = 0;
  signals = 0;
  signalOctets = 0;
  tunnelsOpened = 0;
  tunnelOctets = 0;
  invitationsMade = 0;
  invitationsOpened = 0;
  invitationsMissed = 0;
  /** Requests refused, by code. */
  readonly refused: Map<string, number> = new Map();
  /** Connections that the server ended, by why. */
  readonly cutOff: Map<string, number> = new Map();
  /** Frames that could not be used, by fault. */
  readonly faults: Map<string, number> = new Map();
}

export function count(tally: Map<string, number>, what: string): void {
  tally.set(what, (tally.get(what) ?? 0) + 1);
}
