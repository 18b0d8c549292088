/**
 * A bad network in front of good peer connections: what is sent over their lanes arrives late, twice or not at all.
 *
 * Takes  bytes and packets for the connections behind it (real, encrypted ones on loopback, for example).
 * Gives  them to those connections when their delay is over.
 * Keeps  at most QUEUE packets per connection and MAX_UNSENT octets per stream; the newest is dropped, and counted.
 *
 * It impairs one direction: put one before each end. Signals are passed on at once.
 */
import { Listeners } from '../../runtime/core/listeners.ts';
import type { Instant } from '../../runtime/core/time.ts';
import { ToldOnce } from '../../runtime/core/told-once.ts';
import type { Clock } from '../../runtime/ports/clock.ts';
import type { NetAddress } from '../../runtime/ports/datagram-network.ts';
import type {
  PacketLane,
  PeerConnection,
  PeerConnections,
  PeerStream,
} from '../../runtime/ports/peer-connection.ts';
import type { Randomness } from '../../runtime/ports/randomness.ts';
import { isRtpPacket } from '../../runtime/transport/peer-connection/rtp-shape.ts';
import { seededRandomness } from '../seeded-randomness.ts';
import { DelayQueue } from './delay-queue.ts';
import { delayStream } from './delayed-stream.ts';
import { openImpairment } from './impairment.ts';
import { type NetworkProfile, networkProfile, type ProfileName } from './profiles.ts';
import { type PacketTally, setOut } from './set-out.ts';
import type { Way } from './way.ts';

const QUEUE = 4_096;

export interface ImpairedPeerConnections extends PeerConnections {
  /** For all connections, now and later; or for those to one far end (`remote` of their streams) as they are. */
  setProfile(profile: ProfileName | NetworkProfile, to?: NetAddress): void;
  /** Nothing gets through any more: packets are lost, streams stall. */
  part(): void;
  heal(): void;
  readonly stats: Readonly<PacketTally>;
}

export interface ImpairedPeerConnectionsDeps {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly connections: PeerConnections;
}

export function openImpairedPeerConnections(
  deps: ImpairedPeerConnectionsDeps,
  init: { readonly profile?: ProfileName | NetworkProfile } = {},
): ImpairedPeerConnections {
  const seed = deps.randomness.uint32();
  const ways = new Set<Way>();
  const stats: PacketTally = { sent: 0, lost: 0, duplicated: 0, parted: 0, dropped: 0 };
  let profile = networkProfile(init.profile ?? 'perfect');
  let parted = false;
  let made = 0;

  const makeWay = (stream: PeerStream, lane: string): Way => {
    const randomness = seededRandomness(`${seed}/${made++} ${lane}`);
    const impairment = openImpairment({ randomness, profile });
    const way: Way = { to: stream.remote, impairment, parted, resume: undefined };
    ways.add(way);
    stream.onClosed(() => ways.delete(way));
    return way;
  };
  const impair = (stream: PeerStream): PeerStream =>
    impairStream(stream, deps.clock, makeWay(stream, 'stream'), makeWay(stream, 'packets'), stats);

  return {
    stats,
    open: (wanted) => impairConnection(deps.connections.open(wanted), impair),
    setProfile(which, to) {
      const next = networkProfile(which);
      if (!to) profile = next;
      for (const way of ways) {
        const concerned = !to || (way.to.host === to.host && way.to.port === to.port);
        if (concerned) way.impairment.setProfile(next);
      }
    },
    part() {
      parted = true;
      for (const way of ways) way.parted = true;
    },
    heal() {
      parted = false;
      for (const way of ways) {
        way.parted = false;
        way.resume?.();
      }
    },
  };
}

function impairConnection(
  connection: PeerConnection,
  impair: (stream: PeerStream) => PeerStream,
): PeerConnection {
  const opened = new ToldOnce<[PeerStream]>();
  connection.onOpen((stream) => opened.tell(impair(stream)));
  return {
    onSignal: (listener) => connection.onSignal(listener),
    signal: (signal) => connection.signal(signal),
    onOpen: (listener) => opened.listen(listener),
    onFailed: (listener) => connection.onFailed(listener),
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  };
}

function impairStream(
  behind: PeerStream,
  clock: Clock,
  bytesWay: Way,
  packetsWay: Way,
  stats: PacketTally,
): PeerStream {
  const delayed = delayStream(clock, behind, bytesWay);
  const packets = behind.packets && impairLane(behind.packets, clock, packetsWay, stats);
  // No packet of ours sets out once the stream is closed.
  delayed.onClosed(() => packets?.close());
  return {
    remote: behind.remote,
    binding: behind.binding,
    packets,
    get route() {
      return behind.route;
    },
    write: (bytes) => delayed.write(bytes),
    onBytes: (listener) => delayed.onBytes(listener),
    onClosed: (listener) => delayed.onClosed(listener),
    [Symbol.asyncDispose]: () => delayed[Symbol.asyncDispose](),
  };
}

function impairLane(
  behind: PacketLane,
  clock: Clock,
  way: Way,
  stats: PacketTally,
): PacketLane & { close(): void } {
  const deliver = (packet: Uint8Array): void => behind.send(packet);
  const queue = new DelayQueue<undefined>(clock, QUEUE, deliver);
  const received = new Listeners<[Uint8Array, Instant]>();
  behind.onPacket((packet, at) => received.emit(packet, at));
  let open = true;
  return {
    get unsent() {
      return behind.unsent;
    },
    send(packet, length = packet.length) {
      // What the lane behind would refuse, it refuses and counts itself.
      if (!open || !isRtpPacket(packet, length)) {
        behind.send(packet, length);
        return;
      }
      const whole = length === packet.length ? packet : packet.subarray(0, length);
      setOut(whole, clock.now(), way, { queue, tag: undefined }, stats, deliver);
    },
    onPacket: (listener) => received.add(listener),
    close() {
      open = false;
      queue[Symbol.dispose]();
      received.clear();
    },
  };
}
