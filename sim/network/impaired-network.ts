/**
 * A bad network in front of a good one: what is sent through it arrives late, twice or not at all.
 *
 * Takes  datagrams and streams for the network behind it (real UDP on loopback, for example).
 * Gives  them to that network when their delay is over.
 * Keeps  at most QUEUE datagrams per socket and MAX_UNSENT octets per stream; the newest is dropped, and counted, when
 *        there are more. Each destination has an impairment of its own, seeded by its address.
 *
 * It impairs one direction: put one before each end.
 */
import type { Clock } from '../../runtime/ports/clock.ts';
import type {
  DatagramNetwork,
  DatagramSocket,
  NetAddress,
} from '../../runtime/ports/datagram-network.ts';
import type { Randomness } from '../../runtime/ports/randomness.ts';
import type { ByteStream, StreamNetwork } from '../../runtime/ports/stream-network.ts';
import { seededRandomness } from '../seeded-randomness.ts';
import { DelayQueue } from './delay-queue.ts';
import { delayStream } from './delayed-stream.ts';
import { openImpairment } from './impairment.ts';
import { type NetworkProfile, networkProfile, type ProfileName } from './profiles.ts';
import { type PacketTally, setOut } from './set-out.ts';
import type { Way } from './way.ts';

const QUEUE = 4_096;
/** Further destinations share one impairment. */
const MAX_DESTINATIONS = 256;

export interface ImpairedNetwork {
  readonly datagrams: DatagramNetwork;
  readonly streams: StreamNetwork;
  /** For one destination, or for all, now and later. */
  setProfile(profile: ProfileName | NetworkProfile, to?: NetAddress): void;
  /** Nothing gets through any more: datagrams are lost, streams stall. */
  part(to?: NetAddress): void;
  heal(): void;
  readonly stats: Readonly<PacketTally>;
}

export interface ImpairedNetworkDeps {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly datagrams: DatagramNetwork;
  readonly streams: StreamNetwork;
}

export function openImpairedNetwork(
  deps: ImpairedNetworkDeps,
  init: { readonly profile?: ProfileName | NetworkProfile } = {},
): ImpairedNetwork {
  const seed = deps.randomness.uint32();
  const ways = new Map<string, Way>();
  const streamWays = new Set<Way>();
  const stats = { sent: 0, lost: 0, duplicated: 0, parted: 0, dropped: 0 };
  let profile = networkProfile(init.profile ?? 'perfect');
  let parted = false;
  let streams = 0;

  const makeWay = (to: NetAddress, name: string): Way => {
    const randomness = seededRandomness(`${seed}/${name}`);
    const impairment = openImpairment({ randomness, profile });
    return { to, impairment, parted, resume: undefined };
  };
  const wayTo = (to: NetAddress): Way => {
    const name = ways.size < MAX_DESTINATIONS ? `${to.host} ${to.port}` : 'others';
    let way = ways.get(name);
    if (!way) {
      way = makeWay(to, name);
      ways.set(name, way);
    }
    return way;
  };
  const impairStream = (stream: ByteStream): ByteStream => {
    const { remote } = stream;
    const way = makeWay(remote, `${remote.host} ${remote.port} stream ${streams++}`);
    streamWays.add(way);
    stream.onClosed(() => streamWays.delete(way));
    return delayStream(deps.clock, stream, way);
  };
  const concerned = (to: NetAddress | undefined): Way[] => {
    if (!to) return [...ways.values(), ...streamWays];
    const same = [...streamWays].filter(
      (way) => way.to.host === to.host && way.to.port === to.port,
    );
    return [wayTo(to), ...same];
  };

  return {
    stats,
    datagrams: {
      async bind(where) {
        return impairSocket(await deps.datagrams.bind(where), deps.clock, wayTo, stats);
      },
    },
    streams: {
      listen: (where, onStream) =>
        deps.streams.listen(where, (stream) => onStream(impairStream(stream))),
      connect: async (to, signal) => impairStream(await deps.streams.connect(to, signal)),
    },
    setProfile(which, to) {
      const next = networkProfile(which);
      if (!to) profile = next;
      for (const way of concerned(to)) way.impairment.setProfile(next);
    },
    part(to) {
      if (!to) parted = true;
      for (const way of concerned(to)) way.parted = true;
    },
    heal() {
      parted = false;
      for (const way of concerned(undefined)) {
        way.parted = false;
        way.resume?.();
      }
    },
  };
}

function impairSocket(
  socket: DatagramSocket,
  clock: Clock,
  wayTo: (to: NetAddress) => Way,
  stats: PacketTally,
): DatagramSocket {
  const deliver = (bytes: Uint8Array, to: NetAddress): void => socket.send(bytes, to);
  const queue = new DelayQueue<NetAddress>(clock, QUEUE, deliver);
  let open = true;
  return {
    local: socket.local,
    get unsent() {
      return socket.unsent;
    },
    send(bytes, to, length = bytes.length) {
      // What the network behind would refuse, it refuses and counts itself.
      if (!open || length < 0 || length > bytes.length) return socket.send(bytes, to, length);
      const whole = length === bytes.length ? bytes : bytes.subarray(0, length);
      setOut(whole, clock.now(), wayTo(to), { queue, tag: to }, stats, deliver);
    },
    onDatagram: (listener) => socket.onDatagram(listener),
    async [Symbol.asyncDispose]() {
      open = false;
      queue[Symbol.dispose]();
      await socket[Symbol.asyncDispose]();
    },
  };
}
