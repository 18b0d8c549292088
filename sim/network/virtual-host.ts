/** One host of the virtual network: its bound ports, its listeners and its streams. */
import { PortError } from '../../runtime/core/errors.ts';
import { Listeners } from '../../runtime/core/listeners.ts';
import type { Instant } from '../../runtime/core/time.ts';
import type { Clock } from '../../runtime/ports/clock.ts';
import type {
  DatagramNetwork,
  DatagramSocket,
  NetAddress,
} from '../../runtime/ports/datagram-network.ts';
import type {
  ByteStream,
  StreamListener,
  StreamNetwork,
} from '../../runtime/ports/stream-network.ts';
import type { Fabric, VirtualHost } from './virtual-network.ts';
import { dial, type StreamPipe } from './virtual-stream.ts';

/** IANA's dynamic ports (RFC 6335 section 6) are given out when port 0 is asked for. */
const FIRST_FREE_PORT = 49_152;
const LAST_PORT = 65_535;
/** The most that fits a UDP datagram over IPv4. */
const MAX_DATAGRAM = 65_507;
const NUMERIC = /^(\d{1,3}(\.\d{1,3}){3}|[0-9a-f:]*:[0-9a-f:.]*(%\w+)?)$/i;
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1']);
const EVERY_ADDRESS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

export class SimulatedHost implements VirtualHost {
  readonly address: string;
  readonly clock: Clock;
  readonly datagrams: DatagramNetwork;
  readonly streams: StreamNetwork;
  readonly #fabric: Fabric;
  readonly #sockets = new Map<number, SimulatedSocket>();
  readonly #listeners = new Map<number, (stream: ByteStream) => void>();
  readonly #pipes = new Set<StreamPipe>();
  #connected = true;
  #nextPort = FIRST_FREE_PORT;

  constructor(fabric: Fabric, address: string, clock: Clock) {
    this.#fabric = fabric;
    this.address = address;
    this.clock = clock;
    this.datagrams = { bind: async ({ port, host }) => this.#bind(port, host) };
    this.streams = {
      listen: async ({ port, host }, onStream) => this.#listen(port, host, onStream),
      connect: (to, signal) => dial(fabric, this, this.#here(to), signal),
    };
  }

  get connected(): boolean {
    return this.#connected;
  }

  disconnect(): void {
    this.#connected = false;
  }

  reconnect(): void {
    this.#connected = true;
    // Stalled bytes go on in both directions, and each host holds the pipes that lead away from it and to it.
    this.resumeStreams();
  }

  resumeStreams(): void {
    for (const pipe of this.#pipes) pipe.resume();
  }

  hold(pipe: StreamPipe): void {
    this.#pipes.add(pipe);
  }

  release(pipe: StreamPipe): void {
    this.#pipes.delete(pipe);
  }

  listenerOn(port: number): ((stream: ByteStream) => void) | undefined {
    return this.#listeners.get(port);
  }

  /** False when nobody is bound to that port. */
  receive(bytes: Uint8Array, source: NetAddress, port: number): boolean {
    const socket = this.#sockets.get(port);
    socket?.receive(bytes, source, this.clock.now());
    return socket !== undefined;
  }

  /** A port that neither a socket nor a listener has. */
  freePort(): number {
    for (let tried = FIRST_FREE_PORT; tried <= LAST_PORT; tried++) {
      const port = this.#nextPort;
      this.#nextPort = port === LAST_PORT ? FIRST_FREE_PORT : port + 1;
      if (!this.#sockets.has(port) && !this.#listeners.has(port)) return port;
    }
    throw new PortError('busy', `${this.address} has no free port left; close some`);
  }

  #here(to: NetAddress): NetAddress {
    return LOOPBACK.has(to.host) ? { host: this.address, port: to.port } : to;
  }

  #choosePort(port: number, host: string | undefined, taken: (port: number) => boolean): number {
    if (host !== undefined && host !== this.address) {
      if (!LOOPBACK.has(host) && !EVERY_ADDRESS.has(host)) {
        throw new PortError('unavailable', `${host} is no address of ${this.address}`);
      }
    }
    if (!Number.isInteger(port) || port < 0 || port > LAST_PORT) {
      throw new PortError('invalid', `port ${port} is not between 0 and ${LAST_PORT}`);
    }
    if (port === 0) return this.freePort();
    if (taken(port)) {
      throw new PortError('busy', `port ${port} of ${this.address} is taken; choose another`);
    }
    return port;
  }

  #bind(wanted: number, host: string | undefined): DatagramSocket {
    const port = this.#choosePort(wanted, host, (taken) => this.#sockets.has(taken));
    const local: NetAddress = { host: this.address, port };
    const socket = new SimulatedSocket(
      local,
      (bytes, to) => {
        if (!this.#connected || !NUMERIC.test(to.host) || to.port < 1 || to.port > LAST_PORT) {
          return false;
        }
        this.#fabric.sendDatagram(bytes, local, this.address, this.#here(to));
        return true;
      },
      () => this.#sockets.delete(port),
    );
    this.#sockets.set(port, socket);
    return socket;
  }

  #listen(
    wanted: number,
    host: string | undefined,
    onStream: (stream: ByteStream) => void,
  ): StreamListener {
    const port = this.#choosePort(wanted, host, (taken) => this.#listeners.has(taken));
    this.#listeners.set(port, onStream);
    return {
      local: { host: this.address, port },
      [Symbol.asyncDispose]: async () => {
        if (this.#listeners.get(port) === onStream) this.#listeners.delete(port);
      },
    };
  }
}

class SimulatedSocket implements DatagramSocket {
  readonly local: NetAddress;
  readonly #transmit: (bytes: Uint8Array, to: NetAddress) => boolean;
  readonly #closed: () => void;
  readonly #datagrams = new Listeners<[Uint8Array, NetAddress, Instant]>();
  #open = true;
  #unsent = 0;

  constructor(
    local: NetAddress,
    transmit: (bytes: Uint8Array, to: NetAddress) => boolean,
    closed: () => void,
  ) {
    this.local = local;
    this.#transmit = transmit;
    this.#closed = closed;
  }

  get unsent(): number {
    return this.#unsent;
  }

  send(bytes: Uint8Array, to: NetAddress, length: number = bytes.length): void {
    const sent =
      this.#open &&
      length >= 0 &&
      length <= Math.min(bytes.length, MAX_DATAGRAM) &&
      this.#transmit(length === bytes.length ? bytes : bytes.subarray(0, length), to);
    if (!sent) this.#unsent++;
  }

  onDatagram(listener: (bytes: Uint8Array, from: NetAddress, at: Instant) => void): Disposable {
    return this.#datagrams.add(listener);
  }

  receive(bytes: Uint8Array, from: NetAddress, at: Instant): void {
    this.#datagrams.emit(bytes, from, at);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#datagrams.clear();
    this.#closed();
  }
}
