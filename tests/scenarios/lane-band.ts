/**
 * RTP-MIDI end points of boxes that are linked by peer connections in memory, as links do it: each with each, or with those
 * who pass packets on. What each plays and hears is kept on sheets, to be compared.
 */

import type { BoxId } from '../../runtime/core/ensemble.ts';
import { silentLog } from '../../runtime/core/log.ts';
import { shortMessage } from '../../runtime/core/midi-bytes.ts';
import type { MidiMessage } from '../../runtime/core/midi-message.ts';
import { after, fromMillis, type Micros, micros } from '../../runtime/core/time.ts';
import type { PeerStream } from '../../runtime/ports/peer-connection.ts';
import { type LinkLanes, openLinkLanes } from '../../runtime/transport/link/link-lanes.ts';
import { boxOfPlace, placeOfBox } from '../../runtime/transport/link/place.ts';
import {
  openRtpMidiEndpoint,
  type RtpMidiEndpoint,
} from '../../runtime/transport/rtp-midi/endpoint.ts';
import type { NetworkProfile, ProfileName } from '../../sim/network/profiles.ts';
import {
  openVirtualNetwork,
  type VirtualHost,
  type VirtualNetwork,
} from '../../sim/network/virtual-network.ts';
import {
  openVirtualPeerConnections,
  type VirtualPeerConnections,
} from '../../sim/network/virtual-peer-connections.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { differences, StateSheet } from '../bench/rtp/state-sheet.ts';

export interface LaneBox {
  readonly id: BoxId;
  readonly host: VirtualHost;
  readonly rtp: RtpMidiEndpoint;
  readonly lanes: LinkLanes;
  readonly connections: VirtualPeerConnections;
  readonly played: StateSheet;
  /** By player. */
  readonly heard: Map<BoxId, StateSheet>;
  /** Players whose AppleMIDI session ended. */
  readonly left: BoxId[];
  /** One event; the next one follows from those before. */
  playOne(): void;
  /** Ends every note. */
  endNotes(): void;
}

export interface LaneBand {
  readonly clock: VirtualClock;
  readonly network: VirtualNetwork;
  readonly boxes: readonly LaneBox[];
  /** A connection of its own between the two; disposing takes it away from both. */
  link(a: LaneBox, b: LaneBox): Promise<AsyncDisposable>;
  /** Whoever is to play with each other: the smaller id dials. */
  meet(boxes: readonly LaneBox[]): void;
  /** So many events a second of each, for so long. */
  jam(boxes: readonly LaneBox[], perSecond: number, lasting: Micros): Promise<void>;
  run(by: Micros): Promise<void>;
  /** Differences between what those have played, and what the others have heard of it. */
  lost(boxes: readonly LaneBox[]): number;
}

const STEP = fromMillis(5);

export async function openLaneBand(
  count: number,
  init: { readonly seed: number; readonly profile: ProfileName | NetworkProfile },
): Promise<LaneBand> {
  const clock = new VirtualClock();
  const randomness = seededRandomness(init.seed);
  const network = openVirtualNetwork({ clock, randomness, profile: init.profile });
  const boxes: LaneBox[] = [];
  for (let i = 0; i < count; i++) boxes.push(await openLaneBox(clock, network, init.seed, i));
  const run = (by: Micros): Promise<void> => clock.advanceSettling(by, STEP);

  return {
    clock,
    network,
    boxes,
    run,
    async link(a, b) {
      const [near, far] = await connect(a, b, run);
      const held = [
        near.packets && a.lanes.attach(b.id, near.packets),
        far.packets && b.lanes.attach(a.id, far.packets),
      ];
      return {
        async [Symbol.asyncDispose]() {
          for (const each of held) each?.[Symbol.dispose]();
          const ended = [near[Symbol.asyncDispose](), far[Symbol.asyncDispose]()];
          await run(fromMillis(100));
          await Promise.all(ended);
        },
      };
    },
    meet(together) {
      for (const a of together) {
        for (const b of together) {
          if (a.id < b.id) a.rtp.connect(placeOfBox(b.id), { proven: true });
        }
      }
    },
    async jam(players, perSecond, lasting) {
      const period = micros(1e6 / perSecond);
      const end = after(clock.now(), lasting);
      while (clock.now() < end) {
        for (const player of players) player.playOne();
        await run(period);
      }
    },
    lost(together) {
      let lost = 0;
      for (const player of together) {
        for (const listener of together) {
          if (player === listener) continue;
          const lines = listener.heard.get(player.id)?.lines ?? [];
          lost += differences(player.played.lines, lines) + differences(lines, player.played.lines);
        }
      }
      return lost;
    },
  };
}

async function openLaneBox(
  clock: VirtualClock,
  network: VirtualNetwork,
  seed: number,
  index: number,
): Promise<LaneBox> {
  const address = `10.0.0.${index + 1}`;
  const id = (index + 1).toString(16).padStart(32, '0') as BoxId;
  const host = network.host(address);
  const randomness = seededRandomness(`${seed} ${address}`);
  const lanes = openLinkLanes({ clock, randomness, network: host.datagrams }, { self: id });
  const rtp = await openRtpMidiEndpoint(
    { clock, randomness, network: lanes.network, log: silentLog },
    { name: address, port: 5_004, redundancy: 1 },
  );
  const played = new StateSheet();
  const heard = new Map<BoxId, StateSheet>();
  const left: BoxId[] = [];
  rtp.onMidi((peer, message) => {
    const player = boxOfPlace(peer.address);
    if (player === undefined) throw new Error('a stream from no place');
    const sheet = heard.get(player) ?? new StateSheet();
    heard.set(player, sheet);
    sheet.take(message);
  });
  rtp.onPeer((peer, state) => {
    const player = boxOfPlace(peer.address);
    if (state === 'left' && player !== undefined) left.push(player);
  });
  const play = (message: MidiMessage): void => {
    played.take(message);
    rtp.send(message, clock.now());
  };
  const short = (status: number, data1: number, data2: number): void =>
    play(shortMessage(status | index, data1, data2) as MidiMessage);
  const sounding: number[] = [];
  let next = 0;
  return {
    id,
    host,
    rtp,
    lanes,
    played,
    heard,
    left,
    connections: openVirtualPeerConnections({ host, clock, randomness }),
    playOne() {
      const step = next++;
      if (step % 7 === 6) short(0xb0, [1, 11, 64][step % 3] as number, (step * 5) % 128);
      else if (sounding.length < 3) {
        const key = 40 + ((step * 11) % 40);
        sounding.push(key);
        short(0x90, key, 1 + (step % 127));
      } else short(0x80, sounding.shift() as number, 64);
    },
    endNotes() {
      for (const key of sounding.splice(0)) short(0x80, key, 64);
    },
  };
}

async function connect(
  a: LaneBox,
  b: LaneBox,
  run: (by: Micros) => Promise<void>,
): Promise<readonly [PeerStream, PeerStream]> {
  const offerer = a.connections.open({ role: 'offerer', iceServers: [] });
  const answerer = b.connections.open({ role: 'answerer', iceServers: [] });
  const streams: PeerStream[] = [];
  offerer.onOpen((stream) => {
    streams[0] = stream;
  });
  answerer.onOpen((stream) => {
    streams[1] = stream;
  });
  offerer.onSignal((signal) => answerer.signal(signal));
  answerer.onSignal((signal) => offerer.signal(signal));
  for (let i = 0; i < 1_000; i++) {
    const [near, far] = streams;
    if (near && far) return [near, far];
    await run(fromMillis(20));
  }
  throw new Error('the boxes did not get connected');
}
