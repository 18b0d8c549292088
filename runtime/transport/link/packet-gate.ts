/**
 * The packet lane of a link: shut until the link is open, and again when it has ended.
 *
 * Takes  the stream's lane.
 * Gives  the same for whoever plays over the link. Of a far end that has proven nothing yet, no packet is believed.
 */
import { Listeners } from '../../core/listeners.ts';
import type { Instant } from '../../core/time.ts';
import type { PacketLane } from '../../ports/peer-connection.ts';

export function gatePackets(
  carrier: PacketLane,
  init: {
    readonly isOpen: () => boolean;
    readonly onHeard: (at: Instant) => void;
    readonly onDropped: () => void;
  },
): PacketLane & Disposable {
  const packets = new Listeners<[packet: Uint8Array, at: Instant]>();
  const listening = carrier.onPacket((packet, at) => {
    if (!init.isOpen()) {
      init.onDropped();
      return;
    }
    init.onHeard(at);
    packets.emit(packet, at);
  });
  return {
    send(packet, length) {
      if (init.isOpen()) carrier.send(packet, length);
    },
    onPacket: (listener) => packets.add(listener),
    get unsent() {
      return carrier.unsent;
    },
    [Symbol.dispose]() {
      listening[Symbol.dispose]();
      packets.clear();
    },
  };
}
