/**
 * Tunnels as byte streams, over one connection to the server.
 *
 * Takes  octets at most as far as the window reaches; what is written beyond waits here.
 * Gives  what comes, and credit for it once somebody took it: who reads slowly slows the far end, not the server.
 * Keeps  up to MAX_UNSENT to send and a window received for each tunnel.
 */

import { orAborted } from '../core/abort.ts';
import type { BoxId } from '../core/ensemble.ts';
import { PortError } from '../core/errors.ts';
import { Listeners } from '../core/listeners.ts';
import { after, fromSeconds } from '../core/time.ts';
import { ToldOnce } from '../core/told-once.ts';
import type { Alarm, Clock } from '../ports/clock.ts';
import type { NetAddress } from '../ports/datagram-network.ts';
import type { ByteStream } from '../ports/stream-network.ts';
import { placeOfBox } from '../transport/link/place.ts';
import type { ClientSession } from './client-session.ts';
import { MAX_TUNNEL_PART, TUNNEL_WINDOW } from './tunnel-frame.ts';

/** As of any ByteStream. */
const MAX_UNSENT = 1 << 20;
const CREDIT_AT = TUNNEL_WINDOW / 4;
/** How long a disposed one may take to get its last octets out. */
const LINGER = fromSeconds(5);

export interface ClientTunnels {
  open(to: BoxId, signal: AbortSignal): Promise<ByteStream>;
  readonly count: number;
}

export function openClientTunnels(
  deps: { readonly clock: Clock; readonly session: ClientSession },
  onTunnel: (from: BoxId, stream: ByteStream) => boolean,
): ClientTunnels {
  const { session } = deps;
  const tunnels = new Map<string, TunnelStream>();
  const hold = (id: string, peer: BoxId): TunnelStream => {
    const stream = new TunnelStream(deps, id, peer, () => tunnels.delete(id));
    tunnels.set(id, stream);
    return stream;
  };
  session.onFrame(({ tunnel, octets }) => tunnels.get(tunnel)?.receive(octets));
  session.onNews((news) => {
    switch (news.type) {
      case 'asked': {
        if (tunnels.has(news.tunnel)) return;
        session.tell({ type: 'accept', tunnel: news.tunnel });
        const stream = hold(news.tunnel, news.from);
        if (!onTunnel(news.from, stream)) void stream[Symbol.asyncDispose]();
        return;
      }
      case 'credit':
        return tunnels.get(news.tunnel)?.widen(news.octets);
      case 'close':
        return tunnels.get(news.tunnel)?.end();
      case 'signal':
        return;
    }
  });
  session.onClosed(() => {
    for (const stream of [...tunnels.values()]) stream.end();
  });
  return {
    get count() {
      return tunnels.size;
    },
    async open(to, signal) {
      signal.throwIfAborted();
      let stream: TunnelStream | undefined;
      const asking = session.ask({ type: 'tunnel', to }, (answer) => {
        // At once: octets may follow in the same breath.
        if (answer.type === 'opened') stream = hold(answer.tunnel, to);
        if (signal.aborted) void stream?.[Symbol.asyncDispose]();
      });
      await orAborted(asking, signal);
      if (!stream)
        throw new PortError('unavailable', 'the server answered something else; update it');
      return stream;
    },
  };
}

class TunnelStream implements ByteStream {
  readonly remote: NetAddress;
  readonly #session: ClientSession;
  readonly #clock: Clock;
  readonly #id: string;
  readonly #forget: () => void;
  readonly #bytes = new Listeners<[Uint8Array]>();
  readonly #closed = new ToldOnce<[]>();
  readonly #linger: Alarm;
  #window = TUNNEL_WINDOW;
  #queue: Uint8Array[] = [];
  #queued = 0;
  #kept: Uint8Array[] | undefined = [];
  #used = 0;
  #farEnded = false;
  #drained: (() => void) | undefined;

  constructor(
    deps: { readonly clock: Clock; readonly session: ClientSession },
    id: string,
    peer: BoxId,
    forget: () => void,
  ) {
    this.#session = deps.session;
    this.#clock = deps.clock;
    this.#id = id;
    this.#forget = forget;
    this.remote = placeOfBox(peer);
    this.#linger = deps.clock.alarm(() => this.#drained?.());
  }

  write(bytes: Uint8Array): boolean {
    if (this.#closed.told || this.#queued > MAX_UNSENT) return false;
    for (let at = 0; at < bytes.length; at += MAX_TUNNEL_PART)
      this.#queue.push(bytes.slice(at, at + MAX_TUNNEL_PART));
    this.#queued += bytes.length;
    this.#flush();
    return true;
  }

  onBytes(listener: (bytes: Uint8Array) => void): Disposable {
    const held = this.#bytes.add(listener);
    // After this call, as bytes from a network would come.
    if (this.#kept) void Promise.resolve().then(() => this.#giveKept());
    return held;
  }

  onClosed(listener: () => void): Disposable {
    return this.#closed.listen(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed.told) return;
    this.#closed.tell();
    this.#bytes.clear();
    if (this.#queued > 0 && !this.#farEnded) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
        this.#linger.set(after(this.#clock.now(), LINGER));
      });
    }
    this.#linger[Symbol.dispose]();
    this.#forget();
    if (!this.#farEnded) this.#session.tell({ type: 'close', tunnel: this.#id, reason: '' });
  }

  receive(octets: Uint8Array): void {
    if (this.#kept) this.#kept.push(octets);
    else {
      this.#bytes.emit(octets);
      this.#credit(octets.length);
    }
  }

  widen(octets: number): void {
    this.#window += octets;
    this.#flush();
  }

  /** By the far end, or with the connection. What came before is heard first. */
  end(): void {
    if (this.#farEnded) return;
    this.#farEnded = true;
    this.#queue = [];
    this.#queued = 0;
    this.#drained?.();
    if (!this.#kept || this.#kept.length === 0) this.#finish();
  }

  #flush(): void {
    for (;;) {
      const first = this.#queue[0];
      if (!first || this.#window === 0 || this.#farEnded) break;
      const octets = first.subarray(0, this.#window);
      if (octets.length === first.length) this.#queue.shift();
      else this.#queue[0] = first.subarray(octets.length);
      this.#window -= octets.length;
      this.#queued -= octets.length;
      this.#session.sendFrame({ tunnel: this.#id, octets });
    }
    if (this.#queued === 0) this.#drained?.();
  }

  #credit(octets: number): void {
    this.#used += octets;
    if (this.#used < CREDIT_AT || this.#farEnded) return;
    this.#session.tell({ type: 'credit', tunnel: this.#id, octets: this.#used });
    this.#used = 0;
  }

  #giveKept(): void {
    const kept = this.#kept;
    if (!kept) return;
    this.#kept = undefined;
    for (const bytes of kept) this.receive(bytes);
    if (this.#farEnded) this.#finish();
  }

  #finish(): void {
    this.#forget();
    this.#closed.tell();
    this.#bytes.clear();
  }
}
