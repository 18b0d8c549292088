/**
 * A network between RTP-MIDI end points on a virtual clock that tells what became of each datagram.
 *
 * Takes  a profile for each direction between two hosts, cuts, and what to swallow.
 * Gives  a DatagramNetwork for each host; each datagram's fate to one listener.
 */
import { PortError } from '../../runtime/core/errors.ts';
import type { Instant } from '../../runtime/core/time.ts';
import type {
  DatagramNetwork,
  DatagramSocket,
  NetAddress,
} from '../../runtime/ports/datagram-network.ts';
import { DelayQueue } from '../../sim/network/delay-queue.ts';
import { type Impairment, openImpairment } from '../../sim/network/impairment.ts';
import type { NetworkProfile } from '../../sim/network/profiles.ts';
import { NETWORK_PROFILES } from '../../sim/network/profiles.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import type { VirtualClock } from '../../sim/virtual-clock.ts';

const CAPACITY = 65_536;

export interface Flight {
  readonly from: string;
  readonly source: NetAddress;
  readonly to: NetAddress;
  readonly sentAt: number;
}

export interface WireWatch {
  /** Called before a datagram is sent; true: it is lost. */
  swallow(bytes: Uint8Array, flight: Flight): boolean;
  lost(bytes: Uint8Array, flight: Flight): void;
  /** Before the receiving socket has it. */
  arrives(bytes: Uint8Array, flight: Flight): void;
}

type Receiver = (bytes: Uint8Array, from: NetAddress, at: Instant) => void;

export class Wire {
  readonly #clock: VirtualClock;
  readonly #seed: number;
  readonly #watch: WireWatch;
  readonly #queue: DelayQueue<Flight>;
  readonly #profiles = new Map<string, NetworkProfile>();
  readonly #ways = new Map<string, Impairment>();
  readonly #sockets = new Map<string, Set<Receiver>>();
  #perfect = false;

  constructor(clock: VirtualClock, seed: number, watch: WireWatch) {
    this.#clock = clock;
    this.#seed = seed;
    this.#watch = watch;
    this.#queue = new DelayQueue(clock, CAPACITY, (bytes, flight) => this.#arrive(bytes, flight));
  }

  setProfile(from: string, to: string, profile: NetworkProfile): void {
    this.#profiles.set(`${from}>${to}`, profile);
  }

  /** From now on nothing is lost. */
  calm(): void {
    this.#perfect = true;
  }

  /** A datagram from nowhere, at once. */
  inject(bytes: Uint8Array, from: NetAddress, to: NetAddress): void {
    for (const receiver of this.#sockets.get(`${to.host} ${to.port}`) ?? [])
      receiver(bytes, from, this.#clock.now());
  }

  /** A host's network. What is bound before a host is made anew neither sends nor receives any more. */
  host(address: string): DatagramNetwork {
    for (const name of this.#sockets.keys()) {
      if (name.startsWith(`${address} `)) this.#sockets.delete(name);
    }
    return { bind: async ({ port }) => this.#bind(address, port) };
  }

  #bind(host: string, port: number): DatagramSocket {
    const name = `${host} ${port}`;
    if (this.#sockets.has(name)) throw new PortError('busy', `${name} is taken`);
    const receivers = new Set<Receiver>();
    this.#sockets.set(name, receivers);
    const local: NetAddress = { host, port };
    return {
      local,
      unsent: 0,
      send: (bytes, to, length = bytes.length) => {
        if (this.#sockets.get(name) !== receivers) return;
        this.#send(bytes.subarray(0, length), {
          from: host,
          source: local,
          to,
          sentAt: this.#clock.now(),
        });
      },
      onDatagram: (listener) => {
        receivers.add(listener);
        return { [Symbol.dispose]: () => receivers.delete(listener) };
      },
      [Symbol.asyncDispose]: async () => {
        if (this.#sockets.get(name) === receivers) this.#sockets.delete(name);
      },
    };
  }

  #send(bytes: Uint8Array, flight: Flight): void {
    const now = this.#clock.now();
    const fate = this.#way(flight.from, flight.to.host).next(now);
    const swallowed = this.#watch.swallow(bytes, flight);
    if (swallowed || (fate === 'lost' && !this.#perfect)) {
      this.#watch.lost(bytes, flight);
      return;
    }
    for (const delay of fate === 'lost' ? [0] : fate) {
      this.#queue.push(bytes, (now + delay) as Instant, flight);
    }
  }

  #arrive(bytes: Uint8Array, flight: Flight): void {
    const receivers = this.#sockets.get(`${flight.to.host} ${flight.to.port}`);
    if (!receivers) return;
    this.#watch.arrives(bytes, flight);
    for (const receiver of receivers) receiver(bytes, flight.source, this.#clock.now());
  }

  #way(from: string, to: string): Impairment {
    const name = `${from}>${to}`;
    let way = this.#ways.get(name);
    if (!way) {
      way = openImpairment({
        randomness: seededRandomness(`${this.#seed}/${name}`),
        profile: this.#profiles.get(name) ?? NETWORK_PROFILES.lan,
      });
      this.#ways.set(name, way);
    }
    return way;
  }
}
