/**
 * An open WebRTC connection: its data channel as a byte stream, its track as a packet lane.
 *
 * Takes  bytes, cut into messages of at most MESSAGE octets, and RTP packets.
 * Gives  the far end's; what it wrote before it closed comes first.
 * Keeps  at most MAX_UNSENT octets unsent, and what came before the first listener.
 */
import { Listeners } from '../core/listeners.ts';
import { after, fromSeconds, type Instant } from '../core/time.ts';
import { ToldOnce } from '../core/told-once.ts';
import type { Clock } from '../ports/clock.ts';
import type { NetAddress } from '../ports/datagram-network.ts';
import type { PacketLane, PeerStream, Route } from '../ports/peer-connection.ts';
import { KeptBytes } from '../transport/peer-connection/kept-bytes.ts';
import { isRtpPacket } from '../transport/peer-connection/rtp-shape.ts';
import type { LibraryConnection } from './webrtc-library.ts';
import { routeOf } from './webrtc-route.ts';

/** What every WebRTC implementation takes (RFC 8831 section 6.6). */
const MESSAGE = 16 * 1_024;
const MAX_UNSENT = 1 << 20;
/** How long the far end may take to get our last bytes, in milliseconds. */
const LINGER_MS = 1_000;
const ROUTE_HOLDS = fromSeconds(5);

interface WebRtcStreamInit {
  readonly connection: LibraryConnection;
  readonly clock: Clock;
  readonly binding: Uint8Array;
  readonly route: Route;
  /** Drops the connection; resolves when it is gone. */
  readonly release: () => Promise<void>;
}

export class WebRtcStream implements PeerStream {
  readonly remote: NetAddress;
  readonly binding: Uint8Array;
  readonly packets: WebRtcPacketLane;
  readonly #connection: LibraryConnection;
  readonly #release: () => Promise<void>;
  readonly #bytes = new KeptBytes();
  readonly #closed = new ToldOnce<[]>();
  readonly #clock: Clock;
  #route: Route;
  /** Until when it is believed to be the same. */
  #routeHolds = 0 as Instant;
  /** The far end knows, or can't be told. */
  #farClosed = new ToldOnce<[]>();

  constructor(init: WebRtcStreamInit) {
    this.#connection = init.connection;
    this.#clock = init.clock;
    this.#release = init.release;
    this.#route = init.route;
    this.remote = init.route.remote;
    this.binding = init.binding;
    this.packets = new WebRtcPacketLane(init.connection, init.clock);
  }

  get route(): Route {
    const now = this.#clock.now();
    // Asking the library costs some 50 microseconds, and many look often.
    if (this.#closed.told || now < this.#routeHolds) return this.#route;
    this.#routeHolds = after(now, ROUTE_HOLDS);
    const { pair } = this.#connection;
    if (pair) this.#route = routeOf(pair);
    return this.#route;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#closed.told || this.#connection.waiting > MAX_UNSENT) return false;
    for (let at = 0; at < bytes.length; at += MESSAGE) {
      // It has taken the beginning: that the rest is lost with the connection is told by its end.
      if (!this.#connection.send(bytes.subarray(at, at + MESSAGE))) return at > 0;
    }
    return true;
  }

  onBytes(listener: (bytes: Uint8Array) => void): Disposable {
    return this.#bytes.listen(listener);
  }

  onClosed(listener: () => void): Disposable {
    return this.#closed.listen(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#closed.told) {
      this.#end();
      if (this.#connection.sendEnd()) await this.#lastBytesOut();
    }
    await this.#release();
  }

  /** From the data channel. */
  receive(bytes: Uint8Array): void {
    if (this.#closed.told) return;
    // More than we keep for a listener that doesn't come: the stream has lost its meaning.
    if (!this.#bytes.take(bytes)) this.lose();
  }

  /** The far end wrote its last. */
  finish(): void {
    if (this.#bytes.waiting) this.#bytes.onEmptied(() => this.lose());
    else this.lose();
  }

  /** The connection is gone, or of no use. */
  lose(): void {
    this.#farClosed.tell();
    this.#end();
    void this.#release();
  }

  #end(): void {
    this.packets.close();
    this.#bytes.close();
    this.#closed.tell();
  }

  #lastBytesOut(): Promise<void> {
    return new Promise((resolve) => {
      const late = setTimeout(resolve, LINGER_MS);
      this.#farClosed.listen(() => {
        clearTimeout(late);
        resolve();
      });
    });
  }
}

class WebRtcPacketLane implements PacketLane {
  readonly #connection: LibraryConnection;
  readonly #clock: Clock;
  readonly #packets = new Listeners<[Uint8Array, Instant]>();
  #open = true;
  #unsent = 0;

  constructor(connection: LibraryConnection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
  }

  get unsent(): number {
    return this.#unsent;
  }

  send(packet: Uint8Array, length: number = packet.length): void {
    const sent =
      this.#open && isRtpPacket(packet, length) && this.#connection.sendPacket(packet, length);
    if (!sent) this.#unsent++;
  }

  onPacket(listener: (packet: Uint8Array, at: Instant) => void): Disposable {
    return this.#packets.add(listener);
  }

  /** From the track. */
  receive(packet: Uint8Array): void {
    const at = this.#clock.now();
    if (isRtpPacket(packet)) this.#packets.emit(packet, at);
  }

  close(): void {
    this.#open = false;
    this.#packets.clear();
  }
}
