/**
 * Sends one packet on its way through an impairment: not at all, once or twice, now or later.
 *
 * Takes  a packet that the network behind would take, and where to keep it while it is late.
 * Gives  it to `deliver` at once, or to the queue; counts what became of it.
 */
import type { Instant } from '../../runtime/core/time.ts';
import type { DelayQueue } from './delay-queue.ts';
import type { Way } from './way.ts';

export interface PacketTally {
  sent: number;
  lost: number;
  duplicated: number;
  parted: number;
  /** For want of room in the queue. */
  dropped: number;
}

export function setOut<T>(
  packet: Uint8Array,
  now: Instant,
  way: Way,
  late: { readonly queue: DelayQueue<T>; readonly tag: T },
  stats: PacketTally,
  deliver: (packet: Uint8Array, tag: T) => void,
): void {
  stats.sent++;
  if (way.parted) {
    stats.parted++;
    return;
  }
  const fate = way.impairment.next(now);
  if (fate === 'lost') {
    stats.lost++;
    return;
  }
  if (fate.length > 1) stats.duplicated++;
  for (const delay of fate) {
    if (delay <= 0) deliver(packet, late.tag);
    else if (!late.queue.push(packet, (now + delay) as Instant, late.tag)) stats.dropped++;
  }
}
