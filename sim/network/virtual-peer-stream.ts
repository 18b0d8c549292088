/** An open virtual peer connection: a stream of the virtual network that is past its handshake, and a packet lane. */
import { ToldOnce } from '../../runtime/core/told-once.ts';
import type { NetAddress } from '../../runtime/ports/datagram-network.ts';
import type { PeerStream, Route } from '../../runtime/ports/peer-connection.ts';
import type { ByteStream } from '../../runtime/ports/stream-network.ts';
import { KeptBytes } from '../../runtime/transport/peer-connection/kept-bytes.ts';
import type { VirtualPacketLane } from './virtual-packet-lane.ts';

interface VirtualPeerStreamParts {
  readonly stream: ByteStream;
  readonly remote: NetAddress;
  /** The stream's first octets, if some came with the handshake. */
  readonly rest: Uint8Array;
  readonly binding: Uint8Array;
  readonly packets: VirtualPacketLane;
  readonly route: () => Route;
}

export class VirtualPeerStream implements PeerStream {
  readonly remote: NetAddress;
  readonly packets: VirtualPacketLane;
  readonly binding: Uint8Array;
  readonly #route: () => Route;
  readonly #stream: ByteStream;
  readonly #bytes = new KeptBytes();
  readonly #closed = new ToldOnce<[]>();

  constructor(parts: VirtualPeerStreamParts) {
    this.remote = parts.remote;
    this.packets = parts.packets;
    this.binding = parts.binding;
    this.#route = parts.route;
    this.#stream = parts.stream;
    if (parts.rest.length > 0) this.#bytes.take(parts.rest);
    parts.stream.onBytes((bytes) => {
      if (!this.#bytes.take(bytes)) void this[Symbol.asyncDispose]();
    });
    parts.stream.onClosed(() => {
      // The end is told after the bytes that came before it.
      if (this.#bytes.waiting) this.#bytes.onEmptied(() => this.#end());
      else this.#end();
    });
  }

  get route(): Route {
    return this.#route();
  }

  write(bytes: Uint8Array): boolean {
    return !this.#closed.told && this.#stream.write(bytes);
  }

  onBytes(listener: (bytes: Uint8Array) => void): Disposable {
    return this.#bytes.listen(listener);
  }

  onClosed(listener: () => void): Disposable {
    return this.#closed.listen(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
    await this.#stream[Symbol.asyncDispose]();
  }

  #end(): void {
    this.packets.close();
    this.#bytes.close();
    this.#closed.tell();
  }
}
