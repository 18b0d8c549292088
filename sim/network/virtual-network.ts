/**
 * A network in memory, on a clock that is turned by hand: hosts with UDP and TCP of their own.
 *
 * Takes  profiles per direction, partitions, unplugged hosts.
 * Gives  a DatagramNetwork and a StreamNetwork for each host, and counts of what happened.
 * Keeps  the packets on their way, at most MAX_IN_FLIGHT; the newest is dropped when there are more.
 *
 * Everything that happens is an alarm of the clock, so the same seed and the same calls give the same run. A stream
 * that meets a partition or an unplugged host stalls and goes on when the way is free again.
 */
import type { Instant } from '../../runtime/core/time.ts';
import type { Clock } from '../../runtime/ports/clock.ts';
import type { DatagramNetwork, NetAddress } from '../../runtime/ports/datagram-network.ts';
import type { Randomness } from '../../runtime/ports/randomness.ts';
import type { StreamNetwork } from '../../runtime/ports/stream-network.ts';
import { seededRandomness } from '../seeded-randomness.ts';
import { DelayQueue } from './delay-queue.ts';
import { type Impairment, openImpairment } from './impairment.ts';
import { type NetworkProfile, networkProfile, type ProfileName } from './profiles.ts';
import { SimulatedHost } from './virtual-host.ts';

const MAX_IN_FLIGHT = 65_536;

export interface VirtualNetwork {
  /** The host at a numeric address; made when it is asked for the first time. `clock` is what it reads time from. */
  host(address: string, init?: { readonly clock?: Clock }): VirtualHost;
  /** For packets from `from` to `to`; a direction that is left out means every host. The last call wins. */
  setProfile(profile: ProfileName | NetworkProfile, from?: string, to?: string): void;
  /** Hosts in different groups no longer reach one another; those in no group stay with one another. */
  partition(...groups: readonly (readonly string[])[]): void;
  heal(): void;
  /** Whether packets get from one host to the other at this moment. */
  reachable(from: string, to: string): boolean;
  readonly stats: NetworkStats;
}

export interface VirtualHost {
  readonly address: string;
  readonly datagrams: DatagramNetwork;
  readonly streams: StreamNetwork;
  readonly connected: boolean;
  /** Pulls the cable out. Packets on their way to it are lost, its streams stall. */
  disconnect(): void;
  reconnect(): void;
}

interface NetworkStats {
  /** Datagrams given to the network. */
  readonly sent: number;
  /** Datagrams that a socket received, duplicates too. */
  readonly delivered: number;
  readonly duplicated: number;
  /** By the profile. */
  readonly lost: number;
  /** By a partition or a pulled cable. */
  readonly parted: number;
  /** For want of room in the simulator. */
  readonly dropped: number;
  /** Nobody was bound to their port. */
  readonly unheard: number;
}

/** One direction between two hosts. */
export interface Path {
  readonly from: string;
  readonly to: string;
  profile: NetworkProfile;
  readonly datagrams: Impairment;
}

interface Flight {
  readonly path: Path;
  readonly source: NetAddress;
  readonly port: number;
}

export interface VirtualNetworkInit {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly profile?: ProfileName | NetworkProfile;
}

export function openVirtualNetwork(init: VirtualNetworkInit): VirtualNetwork {
  return new Fabric(init);
}

/** What the hosts ask of the network between them. */
export class Fabric implements VirtualNetwork {
  readonly clock: Clock;
  readonly stats = {
    sent: 0,
    delivered: 0,
    duplicated: 0,
    lost: 0,
    parted: 0,
    dropped: 0,
    unheard: 0,
  };
  readonly #seed: number;
  readonly #hosts = new Map<string, SimulatedHost>();
  readonly #paths = new Map<string, Path>();
  readonly #flights: DelayQueue<Flight>;
  #rules: {
    readonly profile: NetworkProfile;
    readonly from: string | undefined;
    readonly to: string | undefined;
  }[] = [];
  #groups: readonly (readonly string[])[] = [];
  #streams = 0;

  constructor(init: VirtualNetworkInit) {
    this.clock = init.clock;
    this.#seed = init.randomness.uint32();
    this.setProfile(init.profile ?? 'perfect');
    this.#flights = new DelayQueue(init.clock, MAX_IN_FLIGHT, (bytes, flight) =>
      this.#arrive(bytes, flight),
    );
  }

  host(address: string, init: { readonly clock?: Clock } = {}): VirtualHost {
    let host = this.#hosts.get(address);
    if (!host) {
      host = new SimulatedHost(this, address, init.clock ?? this.clock);
      this.#hosts.set(address, host);
    }
    return host;
  }

  find(address: string): SimulatedHost | undefined {
    return this.#hosts.get(address);
  }

  setProfile(which: ProfileName | NetworkProfile, from?: string, to?: string): void {
    const profile = networkProfile(which);
    // A rule for everything makes the earlier ones void.
    if (from === undefined && to === undefined) this.#rules = [];
    this.#rules.push({ profile, from, to });
    for (const path of this.#paths.values()) {
      path.profile = this.#profileFor(path.from, path.to);
      path.datagrams.setProfile(path.profile);
    }
  }

  partition(...groups: readonly (readonly string[])[]): void {
    this.#groups = groups;
    this.#resumeStreams();
  }

  heal(): void {
    this.#groups = [];
    this.#resumeStreams();
  }

  reachable(from: string, to: string): boolean {
    if (this.#hosts.get(from)?.connected !== true) return false;
    if (this.#hosts.get(to)?.connected !== true) return false;
    return this.#groupOf(from) === this.#groupOf(to);
  }

  path(from: string, to: string): Path {
    const name = `${from}>${to}`;
    let path = this.#paths.get(name);
    if (!path) {
      const profile = this.#profileFor(from, to);
      path = { from, to, profile, datagrams: this.#impairment(name, profile) };
      this.#paths.set(name, path);
    }
    return path;
  }

  /** A stream's own fate, apart from that of the datagrams: they don't change when a stream is added. */
  streamImpairment(path: Path): Impairment {
    return this.#impairment(`${path.from}>${path.to}/${this.#streams++}`, path.profile);
  }

  sendDatagram(bytes: Uint8Array, source: NetAddress, from: string, to: NetAddress): void {
    this.stats.sent++;
    const path = this.path(from, to.host);
    const flight: Flight = { path, source, port: to.port };
    if (from === to.host) {
      this.#fly(bytes, this.clock.now(), flight);
      return;
    }
    if (!this.reachable(from, to.host)) {
      this.stats.parted++;
      return;
    }
    const now = this.clock.now();
    const fate = path.datagrams.next(now);
    if (fate === 'lost') {
      this.stats.lost++;
      return;
    }
    if (fate.length > 1) this.stats.duplicated++;
    for (const delay of fate) this.#fly(bytes, (now + delay) as Instant, flight);
  }

  #fly(bytes: Uint8Array, due: Instant, flight: Flight): void {
    if (!this.#flights.push(bytes, due, flight)) this.stats.dropped++;
  }

  #arrive(bytes: Uint8Array, { path, source, port }: Flight): void {
    if (path.from !== path.to && !this.reachable(path.from, path.to)) {
      this.stats.parted++;
      return;
    }
    if (this.#hosts.get(path.to)?.receive(bytes, source, port)) this.stats.delivered++;
    else this.stats.unheard++;
  }

  #profileFor(from: string, to: string): NetworkProfile {
    const rule = this.#rules.findLast(
      (held) =>
        (held.from === undefined || held.from === from) &&
        (held.to === undefined || held.to === to),
    );
    return rule?.profile ?? networkProfile('perfect');
  }

  #impairment(name: string, profile: NetworkProfile): Impairment {
    return openImpairment({ randomness: seededRandomness(`${this.#seed}/${name}`), profile });
  }

  #groupOf(address: string): number {
    return this.#groups.findIndex((group) => group.includes(address));
  }

  #resumeStreams(): void {
    for (const host of this.#hosts.values()) host.resumeStreams();
  }
}
