import type { Instant } from '../core/time.ts';

/** A UDP or TCP end point. */
export interface NetAddress {
  /**
   * A numeric address, or a name to resolve. What a network reports has one text per address, so that hosts are
   * compared as strings: IPv4 dotted, also when it came through an IPv6 socket; IPv6 as RFC 5952 writes it, a
   * link-local one with the interface that it is on (`fe80::1%eth0`).
   */
  readonly host: string;
  readonly port: number;
}

/** Opens UDP sockets. Contract: tests/contracts/datagram-network.contract.ts. */
export interface DatagramNetwork {
  /**
   * Binds `port` (0: any free one) on `host` (default: all interfaces, IPv6 and IPv4 at once where there is IPv6).
   * Rejects with PortError: 'busy' when the port is taken, 'denied' when it may not be bound, 'unavailable' for an
   * unknown address, 'invalid' for an impossible port.
   */
  bind(init: { readonly port: number; readonly host?: string }): Promise<DatagramSocket>;
}

export interface DatagramSocket extends AsyncDisposable {
  readonly local: NetAddress;
  /**
   * Sends the first `length` octets (default: all), copied before the call returns, to a numeric address. Never
   * throws: what can't be sent is lost, as on a network, and counted.
   */
  send(bytes: Uint8Array, to: NetAddress, length?: number): void;
  /** `bytes` is valid during the call only. `from` is one object per source as long as it is remembered. */
  onDatagram(listener: (bytes: Uint8Array, from: NetAddress, at: Instant) => void): Disposable;
  /** Datagrams that could not be handed to the network. */
  readonly unsent: number;
}
