/**
 * One UDP socket for multicast DNS, on one network interface, over IPv4 or over IPv6.
 *
 * Takes  messages to multicast.
 * Gives  the datagrams of others, who share the port.
 * Spec: RFC 6762 sections 5.1 (addresses and port), 11 (hop limit).
 */
import { createSocket, type Socket } from 'node:dgram';
import type { LocalInterface } from './local-interfaces.ts';

export const MDNS_PORT = 5353;
const GROUPS = { 4: '224.0.0.251', 6: 'ff02::fb' } as const;
const HOP_LIMIT = 255;

export type IpFamily = 4 | 6;

export interface MdnsSocketEvents {
  ready(): void;
  /** `bytes` is valid during the call only. */
  datagram(bytes: Uint8Array, from: string, port: number): void;
  /** It can't be used, and is to be closed. */
  failed(error: unknown): void;
}

export class MdnsSocket {
  readonly #socket: Socket;
  readonly #family: IpFamily;
  readonly #sending = new Set<Promise<unknown>>();
  #open = true;

  constructor(family: IpFamily, on: LocalInterface, events: MdnsSocketEvents) {
    this.#family = family;
    this.#socket = createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      reuseAddr: true,
      // IPv4 has sockets of its own.
      ipv6Only: family === 6,
    });
    const socket = this.#socket;
    socket.on('error', (error) => events.failed(error));
    socket.on('message', (bytes, { address, port }) => events.datagram(bytes, address, port));
    // To every address: Linux delivers no multicast to a socket that is bound to a unicast one.
    socket.bind(MDNS_PORT, family === 6 ? '::' : '0.0.0.0', () => {
      const via = family === 6 ? `::%${on.name}` : on.ipv4;
      try {
        socket.addMembership(GROUPS[family], via);
        if (via !== undefined) socket.setMulticastInterface(via);
        socket.setMulticastTTL(HOP_LIMIT);
        // Others on this machine are to hear us.
        socket.setMulticastLoopback(true);
      } catch (error) {
        events.failed(error);
        return;
      }
      events.ready();
    });
  }

  /** Resolves when the system has taken it, with the error if it has not. */
  send(bytes: Uint8Array): Promise<unknown> {
    if (!this.#open) return Promise.resolve(undefined);
    const sent = new Promise<unknown>((resolve) => {
      this.#socket.send(bytes, MDNS_PORT, GROUPS[this.#family], (error) =>
        resolve(error ?? undefined),
      );
    });
    this.#sending.add(sent);
    void sent.then(() => this.#sending.delete(sent));
    return sent;
  }

  /** A goodbye on its way would be lost with the socket: it is waited for. */
  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await Promise.all(this.#sending);
    this.#socket.removeAllListeners('message');
    await new Promise<void>((closed) => {
      try {
        this.#socket.close(() => closed());
      } catch {
        closed(); // it was closed already
      }
    });
  }
}
