/**
 * The control plane's server, without its sockets.
 *
 * Takes  a Store and a Bus (one process's own, or shared with other servers), and WebSockets as they are accepted.
 * Gives  boxes what PROTOCOL.md says; refusals before the upgrade; counters.
 * Keeps  its connections. What outlives them is in the store.
 * Lane   4.
 */
import type { Log } from '../../core/log.ts';
import type { Bus } from '../../ports/bus.ts';
import type { Clock, WallClock } from '../../ports/clock.ts';
import type { Randomness } from '../../ports/randomness.ts';
import type { Signatures } from '../../ports/signatures.ts';
import type { Store } from '../../ports/store.ts';
import type { WebSocketConnection } from '../../ports/web-sockets.ts';
import { CLOSE_CODES } from '../message.ts';
import { openAccounts } from './accounts.ts';
import { addressGroup } from './addresses.ts';
import { BoxConnection } from './box-connection.ts';
import { count, ServerCounters } from './counters.ts';
import { openDirectory } from './directory.ts';
import { openInvitations } from './invitations.ts';
import { Rates, type ServerLimits, TUNNEL_BURST, USUAL_LIMITS } from './limits.ts';
import { openPresence } from './presence.ts';
import type { ServerRooms } from './rooms.ts';
import { openSignalling } from './signalling.ts';
import type { TurnInit } from './turn-credentials.ts';

export interface ControlServerDeps {
  readonly clock: Clock & WallClock;
  readonly randomness: Randomness;
  readonly signatures: Signatures;
  readonly store: Store;
  readonly bus: Bus;
  readonly log: Log;
}

export interface ControlServerInit {
  /** Host, with the port unless it is the usual one: what boxes dial. All that are good; the first is shown. */
  readonly names: () => readonly string[];
  readonly software: string;
  readonly allowNewAccounts: boolean;
  readonly turn: TurnInit;
  readonly limits?: Partial<ServerLimits>;
}

export interface ControlServer extends AsyncDisposable {
  /** Whether one more may come from there, before the upgrade; why not, otherwise. */
  admit(address: string): 'open' | 'addressFull' | 'serverFull' | 'tooOften';
  /** One WebSocket that was admitted. */
  accept(socket: WebSocketConnection, address: string): void;
  /** The store answers. */
  healthy(): Promise<boolean>;
  readonly counters: ServerCounters;
}

/** Of a server that was the only one and died: nobody is online any more. */
export async function forgetOnline(store: Store): Promise<void> {
  for (const prefix of ['presence/', 'directory/'])
    for (;;) {
      const left = await store.list(prefix);
      if (left.length === 0) break;
      for (const { key } of left) await store.remove(key);
    }
}

export function openControlServer(deps: ControlServerDeps, init: ControlServerInit): ControlServer {
  const { clock, store, bus } = deps;
  const limits: ServerLimits = { ...USUAL_LIMITS, ...init.limits };
  const counters = new ServerCounters();
  const presence = openPresence(store);
  const connections = new Set<BoxConnection>();
  const perAddress = new Map<string, number>();
  const dials = Rates.perMinute(limits.dialsPerMinute);
  const { tunnelOctetsPerSecond } = limits;

  const rooms: ServerRooms = {
    ...deps,
    limits,
    counters,
    presence,
    accounts: openAccounts(deps, {
      allowNew: init.allowNewAccounts,
      perAddressPerHour: limits.accountsPerAddressPerHour,
    }),
    directory: openDirectory({ store, presence }),
    invitations: openInvitations(deps, { most: limits.invitations }),
    signalling: openSignalling(
      { bus, clock, presence, counters },
      { perSecond: limits.signalsPerSecond },
    ),
    turn: init.turn,
    opens: Rates.perMinute(limits.opensPerMinute),
    opensByAddress: Rates.perMinute(limits.opensPerMinute * 3),
    tunnelRates: new Rates(tunnelOctetsPerSecond, tunnelOctetsPerSecond * TUNNEL_BURST),
    names: init.names,
    software: init.software,
    connectionEnded(connection, address) {
      if (!connections.delete(connection)) return;
      counters.connections--;
      const group = addressGroup(address);
      const left = (perAddress.get(group) ?? 1) - 1;
      if (left > 0) perAddress.set(group, left);
      else perAddress.delete(group);
    },
  };

  let stopping = false;
  const admit: ControlServer['admit'] = (address) => {
    const group = addressGroup(address);
    if (stopping || connections.size >= limits.connections) return 'serverFull';
    if ((perAddress.get(group) ?? 0) >= limits.connectionsPerAddress) return 'addressFull';
    return dials.take(group, clock.now()) ? 'open' : 'tooOften';
  };

  return {
    counters,
    async healthy() {
      try {
        await store.get('health');
        return !stopping;
      } catch (failure) {
        deps.log.error('the store does not answer', { failure });
        return false;
      }
    },
    admit(address) {
      const answer = admit(address);
      if (answer !== 'open') count(counters.cutOff, answer);
      return answer;
    },
    accept(socket, address) {
      const group = addressGroup(address);
      perAddress.set(group, (perAddress.get(group) ?? 0) + 1);
      counters.accepted++;
      counters.connections++;
      connections.add(new BoxConnection(rooms, socket, address));
    },
    async [Symbol.asyncDispose]() {
      stopping = true;
      const left = [...connections];
      for (const connection of left)
        connection.cut(CLOSE_CODES.goingAway, 'the server stops; it comes back soon', 'stopping');
      await Promise.all(left.map((connection) => connection.settled()));
    },
  };
}
