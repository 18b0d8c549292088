/** Captures what an end point sends as a pcap file (IPv4 and UDP around each datagram), for tools that judge it. */

import type { Clock } from '../../runtime/ports/clock.ts';
import type { DatagramNetwork } from '../../runtime/ports/datagram-network.ts';

interface Captured {
  readonly at: number;
  readonly from: string;
  readonly fromPort: number;
  readonly to: string;
  readonly toPort: number;
  readonly bytes: Uint8Array;
}

export class Capture {
  readonly datagrams: Captured[] = [];
  /** Of them, those that are RTP and not session messages. */
  packets = 0;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The same network; what is sent through it is written down, whether or not it arrives. */
  tap(address: string, network: DatagramNetwork): DatagramNetwork {
    return {
      bind: async (init) => {
        const socket = await network.bind(init);
        return {
          local: socket.local,
          get unsent() {
            return socket.unsent;
          },
          send: (bytes, to, length = bytes.length) => {
            if (bytes[0] !== 0xff) this.packets++;
            this.datagrams.push({
              at: this.#clock.now(),
              from: address,
              fromPort: socket.local.port,
              to: to.host,
              toPort: to.port,
              bytes: bytes.slice(0, length),
            });
            socket.send(bytes, to, length);
          },
          onDatagram: (listener) => socket.onDatagram(listener),
          [Symbol.asyncDispose]: () => socket[Symbol.asyncDispose](),
        };
      },
    };
  }

  /** In the pcap format of libpcap (magic a1b2c3d4), link type 101: raw IP. */
  toPcap(): Uint8Array {
    const header = Buffer.alloc(24);
    header.writeUInt32LE(0xa1b2c3d4, 0);
    header.writeUInt16LE(2, 4);
    header.writeUInt16LE(4, 6);
    header.writeUInt32LE(65_535, 16);
    header.writeUInt32LE(101, 20);
    return Buffer.concat([header, ...this.datagrams.map(record)]);
  }
}

function record({ at, from, fromPort, to, toPort, bytes }: Captured): Buffer {
  const length = 28 + bytes.length;
  const packet = Buffer.alloc(16 + length);
  packet.writeUInt32LE(Math.floor(at / 1e6), 0);
  packet.writeUInt32LE(Math.floor(at % 1e6), 4);
  packet.writeUInt32LE(length, 8);
  packet.writeUInt32LE(length, 12);
  packet[16] = 0x45;
  packet.writeUInt16BE(length, 18);
  packet[24] = 64;
  packet[25] = 17;
  Buffer.from(from.split('.').map(Number)).copy(packet, 28);
  Buffer.from(to.split('.').map(Number)).copy(packet, 32);
  packet.writeUInt16BE(fromPort, 36);
  packet.writeUInt16BE(toPort, 38);
  packet.writeUInt16BE(8 + bytes.length, 40);
  packet.set(bytes, 44);
  return packet;
}
