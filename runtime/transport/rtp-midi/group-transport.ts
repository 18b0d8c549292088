/**
 * A way to many at once: one packet is sent, and each of the boxes that are named gets it, as far as packets get anywhere.
 *
 * Over links it is LaneStreams (link/lane-streams.ts). Whatever comes from an address comes from the box that lives there.
 */
import type { Instant } from '../../core/time.ts';
import type { NetAddress } from '../../ports/datagram-network.ts';

export interface GroupTransport {
  /** `time`: ensemble time of the packet's timestamp, in microseconds; NaN: not known here. */
  send(to: readonly NetAddress[], packet: Uint8Array, length: number, time: number): void;
  /** All packets of its stream up to this one came, or were made up for. It is told, some time soon, of the newest. */
  received(from: NetAddress, sequence: number): void;
  /** A packet of somebody's stream; `bytes` is valid during the call only. */
  onPacket(
    listener: (bytes: Uint8Array, from: NetAddress, time: number, at: Instant) => void,
  ): Disposable;
  /** Somebody has received all of our stream up to this packet. */
  onReceived(listener: (by: NetAddress, sequence: number, at: Instant) => void): Disposable;
}

/** Ensemble time, as far as it is known here. */
export interface SharedClock {
  readonly synced: boolean;
  toEnsemble(local: Instant): number;
  toLocal(time: number): Instant;
}
