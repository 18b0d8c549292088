/** The packets of a virtual peer connection: datagrams between its two ports. */
import { Listeners } from '../../runtime/core/listeners.ts';
import type { Instant } from '../../runtime/core/time.ts';
import type { DatagramSocket, NetAddress } from '../../runtime/ports/datagram-network.ts';
import type { PacketLane } from '../../runtime/ports/peer-connection.ts';
import { isRtpPacket } from '../../runtime/transport/peer-connection/rtp-shape.ts';

/** Sequence numbers remembered per source, as SRTP's replay list has them (RFC 3711 section 3.3.2). */
const WINDOW = 1_024;
const MAX_SOURCES = 64;

export class VirtualPacketLane implements PacketLane {
  readonly #socket: DatagramSocket;
  readonly #remote: NetAddress;
  readonly #packets = new Listeners<[Uint8Array, Instant]>();
  readonly #seen = new Map<number, Int32Array>();
  #unsent = 0;
  #open = true;

  constructor(socket: DatagramSocket, remote: NetAddress) {
    this.#socket = socket;
    this.#remote = remote;
    socket.onDatagram((bytes, from, at) => {
      if (from.host !== remote.host || from.port !== remote.port) return;
      if (this.#isNew(bytes)) this.#packets.emit(bytes, at);
    });
  }

  get unsent(): number {
    return this.#unsent + this.#socket.unsent;
  }

  send(packet: Uint8Array, length: number = packet.length): void {
    if (this.#open && isRtpPacket(packet, length)) this.#socket.send(packet, this.#remote, length);
    else this.#unsent++;
  }

  onPacket(listener: (packet: Uint8Array, at: Instant) => void): Disposable {
    return this.#packets.add(listener);
  }

  close(): void {
    this.#open = false;
    this.#packets.clear();
  }

  /** A packet that arrived already is dropped, as SRTP drops it. */
  #isNew(packet: Uint8Array): boolean {
    if (!isRtpPacket(packet)) return false;
    const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
    const source = view.getUint32(8);
    const sequence = view.getUint16(2);
    let seen = this.#seen.get(source);
    if (!seen) {
      if (this.#seen.size >= MAX_SOURCES) this.#seen.clear();
      seen = new Int32Array(WINDOW).fill(-1);
      this.#seen.set(source, seen);
    }
    if (seen[sequence % WINDOW] === sequence) return false;
    seen[sequence % WINDOW] = sequence;
    return true;
  }
}
