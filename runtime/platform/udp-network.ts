/**
 * UDP through Node's dgram.
 *
 * Takes  datagrams of up to 65,507 octets to numeric addresses.
 * Gives  datagrams with the instant Node handed them over and one NetAddress object per source: IPv4 dotted even where
 *        one socket serves IPv6 too, link-local IPv6 with its interface.
 * Keeps  no queue of its own; what the system can't take at once is copied, up to MAX_QUEUED octets, then dropped.
 * Lane   1.
 */
import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIPv4 } from 'node:net';
import { Listeners } from '../core/listeners.ts';
import type { Instant } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { DatagramNetwork, DatagramSocket, NetAddress } from '../ports/datagram-network.ts';
import { AddressBook, wireHost } from './address-book.ts';
import { canonicalHost, plainHost } from './ip-text.ts';
import { checkPort, portErrorFrom, systemCode } from './system-errors.ts';

/** Asked for; Linux grants at most net.core.rmem_max. A burst waits here while the event loop is busy. */
const RECEIVE_BUFFER = 1 << 20;
const SCRATCH = 1 << 16;
/** Octets that may wait inside libuv for a full network interface. */
const MAX_QUEUED = 1 << 20;
/** Destinations whose written form is remembered. */
const MAX_DESTINATIONS = 1_024;

export interface UdpNetworkDeps {
  readonly clock: Clock;
}

export function openUdpNetwork(deps: UdpNetworkDeps): DatagramNetwork {
  return {
    async bind({ port, host }) {
      checkPort(port);
      if (host !== undefined) {
        const { address, family } = await resolve(host);
        return open(deps.clock, family, port, address);
      }
      try {
        return await open(deps.clock, 6, port, '::');
      } catch (error) {
        const cause = error instanceof Error ? systemCode(error.cause) : undefined;
        if (!NO_IPV6.has(cause ?? '')) throw error;
        return open(deps.clock, 4, port, '0.0.0.0');
      }
    },
  };
}

const NO_IPV6: ReadonlySet<string> = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EPROTONOSUPPORT']);

async function resolve(host: string): Promise<{ address: string; family: 4 | 6 }> {
  const numeric = canonicalHost(host);
  if (numeric !== undefined) return { address: numeric, family: isIPv4(numeric) ? 4 : 6 };
  try {
    const found = await lookup(host);
    return { address: found.address, family: found.family === 6 ? 6 : 4 };
  } catch (error) {
    throw portErrorFrom(error, `looking up ${host}`);
  }
}

function open(clock: Clock, family: 4 | 6, port: number, host: string): Promise<DatagramSocket> {
  return new Promise((resolveOpen, reject) => {
    const fail = (error: unknown): void =>
      reject(portErrorFrom(error, `binding UDP port ${port} on ${host}`));
    const socket = createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      // Addresses are numeric by the time they get here: answering at once keeps sends in order and in this turn.
      lookup: (name, _options, callback) => callback(null, name, family),
    });
    socket.once('error', fail);
    try {
      socket.bind({ port, address: host }, () => {
        socket.removeListener('error', fail);
        resolveOpen(new UdpSocket(clock, socket, family));
      });
    } catch (error) {
      fail(error);
      socket.close();
    }
  });
}

class UdpSocket implements DatagramSocket {
  readonly local: NetAddress;
  readonly #clock: Clock;
  readonly #family: 4 | 6;
  readonly #datagrams = new Listeners<[Uint8Array, NetAddress, Instant]>();
  readonly #book = new AddressBook();
  readonly #destinations = new Map<string, string | undefined>();
  #socket: Socket | undefined;
  #scratch = Buffer.allocUnsafeSlow(SCRATCH);
  #unsent = 0;

  constructor(clock: Clock, socket: Socket, family: 4 | 6) {
    this.#clock = clock;
    this.#socket = socket;
    this.#family = family;
    const { address, port } = socket.address();
    this.local = { host: plainHost(address), port };
    try {
      socket.setRecvBufferSize(RECEIVE_BUFFER);
    } catch {
      // Some systems refuse more than their limit instead of granting the limit; the default buffer serves too.
    }
    // A receive error (an ICMP answer on some systems) concerns one datagram; the socket goes on.
    socket.on('error', () => {
      this.#unsent++;
    });
    socket.on('message', (message, from) => {
      const at = this.#clock.now();
      // A plain view, since slice() of a Buffer does not copy and that of a Uint8Array does.
      const bytes = new Uint8Array(message.buffer, message.byteOffset, message.byteLength);
      this.#datagrams.emit(bytes, this.#book.find(from.address, from.port), at);
    });
  }

  get unsent(): number {
    return this.#unsent;
  }

  send(bytes: Uint8Array, to: NetAddress, length: number = bytes.length): void {
    const socket = this.#socket;
    const host = this.#destination(to.host);
    if (!socket || host === undefined || length > SCRATCH || length > bytes.length || length < 0) {
      this.#unsent++;
      return;
    }
    if (socket.getSendQueueSize() > MAX_QUEUED) {
      this.#unsent++;
      return;
    }
    this.#scratch.set(length === bytes.length ? bytes : bytes.subarray(0, length));
    try {
      socket.send(this.#scratch, 0, length, to.port, host, this.#sent);
    } catch {
      // A port outside 1 to 65535, for example: lost, as on a network.
      this.#unsent++;
      return;
    }
    // Usually the system has taken it by now. If not, libuv still reads this buffer: leave it to it.
    if (socket.getSendQueueCount() > 0) this.#scratch = Buffer.allocUnsafeSlow(SCRATCH);
  }

  onDatagram(listener: (bytes: Uint8Array, from: NetAddress, at: Instant) => void): Disposable {
    return this.#datagrams.add(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const socket = this.#socket;
    if (!socket) return;
    this.#socket = undefined;
    this.#datagrams.clear();
    await new Promise<void>((closed) => socket.close(() => closed()));
  }

  readonly #sent = (error: Error | null): void => {
    if (error) this.#unsent++;
  };

  #destination(host: string): string | undefined {
    const known = this.#destinations.get(host);
    if (known !== undefined) return known;
    const written = wireHost(host, this.#family);
    if (this.#destinations.size >= MAX_DESTINATIONS) this.#destinations.clear();
    this.#destinations.set(host, written);
    return written;
  }
}
