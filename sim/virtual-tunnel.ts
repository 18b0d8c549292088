/**
 * A pair of byte streams on a virtual clock: ordered, reliable, late by as much as `delay` says for each write.
 *
 * Takes  bytes at either end. Gives them at the other, then the end.
 * Keeps  what is on its way and what nobody has listened for yet; above MAX_UNSENT it takes no more.
 */
import { Listeners } from '../runtime/core/listeners.ts';
import type { Instant, Micros } from '../runtime/core/time.ts';
import type { Clock } from '../runtime/ports/clock.ts';
import type { NetAddress } from '../runtime/ports/datagram-network.ts';
import type { ByteStream } from '../runtime/ports/stream-network.ts';

const MAX_UNSENT = 1 << 20;

export interface VirtualTunnelInit {
  readonly clock: Clock;
  readonly delay: () => Micros;
  /** Whom the stream's second end sees, and whom the first. */
  readonly near: NetAddress;
  readonly far: NetAddress;
  /** What the way does to bytes; default: nothing. An empty array loses them. */
  readonly tamper?: (bytes: Uint8Array, direction: 'out' | 'back') => Uint8Array;
}

export interface VirtualTunnel {
  readonly near: ByteStream;
  readonly far: ByteStream;
  /** Both ends are told, and what was on its way is lost. */
  cut(): void;
}

export function openVirtualTunnel(init: VirtualTunnelInit): VirtualTunnel {
  const pass = init.tamper ?? ((bytes: Uint8Array) => bytes);
  const near = new TunnelEnd(init, init.far, (bytes) => pass(bytes, 'out'));
  const far = new TunnelEnd(init, init.near, (bytes) => pass(bytes, 'back'));
  near.join(far);
  return {
    near,
    far,
    cut() {
      near.lose();
      far.lose();
    },
  };
}

interface Segment {
  readonly due: Instant;
  /** The end when undefined. */
  readonly bytes: Uint8Array | undefined;
}

class TunnelEnd implements ByteStream {
  readonly remote: NetAddress;
  readonly #init: VirtualTunnelInit;
  readonly #pass: (bytes: Uint8Array) => Uint8Array;
  readonly #alarm: ReturnType<Clock['alarm']>;
  readonly #bytes = new Listeners<[Uint8Array]>();
  readonly #closed = new Listeners<[]>();
  #outgoing: Segment[] = [];
  #unsent = 0;
  #kept: Uint8Array[] | undefined = [];
  #keptLength = 0;
  #ended = false;
  #far: TunnelEnd | undefined;
  #open = true;

  constructor(
    init: VirtualTunnelInit,
    remote: NetAddress,
    pass: (bytes: Uint8Array) => Uint8Array,
  ) {
    this.#init = init;
    this.remote = remote;
    this.#pass = pass;
    this.#alarm = init.clock.alarm(() => this.#deliver());
  }

  /** Octets that came and that nobody has listened for. */
  get untaken(): number {
    return this.#keptLength;
  }

  join(far: TunnelEnd): void {
    this.#far = far;
    far.#far = this;
  }

  write(bytes: Uint8Array): boolean {
    if (!this.#open || this.#unsent + (this.#far?.untaken ?? 0) > MAX_UNSENT) return false;
    if (bytes.length > 0) this.#push(bytes.slice());
    return true;
  }

  onBytes(listener: (bytes: Uint8Array) => void): Disposable {
    const held = this.#bytes.add(listener);
    // After this call, as bytes from a real network would come.
    if (this.#kept) void Promise.resolve().then(() => this.#giveKept());
    return held;
  }

  onClosed(listener: () => void): Disposable {
    if (this.#open) return this.#closed.add(listener);
    const late = new Listeners<[]>();
    void Promise.resolve().then(() => late.emit());
    return late.add(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    this.#push(undefined);
    this.#end();
  }

  lose(): void {
    this.#outgoing = [];
    this.#unsent = 0;
    this.#alarm.clear();
    this.#end();
  }

  #push(bytes: Uint8Array | undefined): void {
    const earliest = this.#outgoing.at(-1)?.due ?? (0 as Instant);
    const due = Math.max(earliest, this.#init.clock.now() + this.#init.delay()) as Instant;
    this.#outgoing.push({ due, bytes });
    this.#unsent += bytes?.length ?? 0;
    if (this.#outgoing.length === 1) this.#alarm.set(due);
  }

  #deliver(): void {
    for (;;) {
      const first = this.#outgoing[0];
      if (!first) return;
      if (first.due > this.#init.clock.now()) {
        this.#alarm.set(first.due);
        return;
      }
      this.#outgoing.shift();
      this.#unsent -= first.bytes?.length ?? 0;
      this.#far?.receive(first.bytes && this.#pass(first.bytes));
    }
  }

  receive(bytes: Uint8Array | undefined): void {
    if (!this.#open) return;
    if (bytes === undefined) {
      this.#ended = true;
      if (!this.#kept || this.#keptLength === 0) this.#end();
    } else if (this.#kept) {
      this.#kept.push(bytes);
      this.#keptLength += bytes.length;
    } else if (bytes.length > 0) this.#bytes.emit(bytes);
  }

  #giveKept(): void {
    const kept = this.#kept;
    if (!kept) return;
    this.#kept = undefined;
    this.#keptLength = 0;
    for (const bytes of kept) this.receive(bytes);
    if (this.#ended) this.#end();
  }

  #end(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#bytes.clear();
    this.#closed.emit();
    this.#closed.clear();
  }
}
