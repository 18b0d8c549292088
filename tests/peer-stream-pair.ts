/**
 * Two ends of a peer stream in memory, a millisecond apart, whose bindings the test chooses: two that differ are what
 * somebody in the middle brings about.
 */
import { after, fromMillis, type Instant } from '../runtime/core/time.ts';
import type { Clock } from '../runtime/ports/clock.ts';
import type { PacketLane, PeerStream, Route } from '../runtime/ports/peer-connection.ts';

export interface StreamPair {
  readonly dialer: TestStream;
  readonly acceptor: TestStream;
}

export interface TestStream extends PeerStream {
  /** All octets that were written to this end. */
  readonly written: Uint8Array;
  readonly closed: boolean;
}

const WAY = fromMillis(1);

export function openStreamPair(
  clock: Clock,
  init: { readonly dialer?: Uint8Array; readonly acceptor?: Uint8Array } = {},
): StreamPair {
  const dialer = new End(clock, '10.0.0.1', init.dialer);
  const acceptor = new End(clock, '10.0.0.2', init.acceptor);
  dialer.far = acceptor;
  acceptor.far = dialer;
  return { dialer, acceptor };
}

/** Both ends with the same binding, as it is without anybody in between. */
export const openHonestPair = (clock: Clock, binding = 1): StreamPair => {
  const octets = new Uint8Array(32).fill(binding);
  return openStreamPair(clock, { dialer: octets, acceptor: octets });
};

class End implements TestStream {
  far: End | undefined;
  readonly remote: { readonly host: string; readonly port: number };
  readonly binding: Uint8Array | undefined;
  readonly packets: PacketLane | undefined;
  readonly #clock: Clock;
  #written: Uint8Array[] = [];
  #kept: Uint8Array[] = [];
  #onBytes: ((bytes: Uint8Array) => void) | undefined;
  #onPacket: ((packet: Uint8Array, at: Instant) => void) | undefined;
  #onClosed: (() => void)[] = [];
  closed = false;

  constructor(clock: Clock, remote: string, binding: Uint8Array | undefined) {
    this.#clock = clock;
    this.remote = { host: remote, port: 5008 };
    this.binding = binding;
    this.packets = binding && {
      unsent: 0,
      send: (packet, length) => {
        const copy = packet.slice(0, length);
        this.#later(() => this.far?.receivePacket(copy));
      },
      onPacket: (listener) => {
        this.#onPacket = listener;
        return { [Symbol.dispose]: () => (this.#onPacket = undefined) };
      },
    };
  }

  get route(): Route {
    return { kind: 'local', local: { host: '', port: 0 }, remote: this.remote };
  }

  get written(): Uint8Array {
    return Uint8Array.from(Buffer.concat(this.#written));
  }

  write(bytes: Uint8Array): boolean {
    if (this.closed) return false;
    const copy = bytes.slice();
    this.#written.push(copy);
    this.#later(() => this.far?.receive(copy));
    return true;
  }

  onBytes(listener: (bytes: Uint8Array) => void): Disposable {
    this.#onBytes = listener;
    for (const bytes of this.#kept.splice(0)) this.#later(() => this.receive(bytes));
    return { [Symbol.dispose]: () => (this.#onBytes = undefined) };
  }

  onClosed(listener: () => void): Disposable {
    this.#onClosed.push(listener);
    return { [Symbol.dispose]: () => (this.#onClosed = []) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    this.#later(() => this.far?.close());
  }

  receivePacket(packet: Uint8Array): void {
    this.#onPacket?.(packet, this.#clock.now());
  }

  receive(bytes: Uint8Array): void {
    if (this.closed) return;
    if (this.#onBytes) this.#onBytes(bytes);
    else this.#kept.push(bytes);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const listener of this.#onClosed) listener();
  }

  #later(act: () => void): void {
    this.#clock.alarm(act).set(after(this.#clock.now(), WAY));
  }
}
