/**
 * How long a lost command stays lost: two end points on a virtual clock, a player, and losses in bursts both ways.
 *
 * Takes  loss, delay, copies; a seed. Gives when the state of each lost command reached the listener, which NoteOns were
 *        never heard, and what was sent for it. The same figures on every machine.
 */

import { silentLog } from '../../../runtime/core/log.ts';
import { shortMessage } from '../../../runtime/core/midi-bytes.ts';
import type { MidiMessage } from '../../../runtime/core/midi-message.ts';
import { fromMillis, type Micros } from '../../../runtime/core/time.ts';
import type { DatagramNetwork } from '../../../runtime/ports/datagram-network.ts';
import type { Randomness } from '../../../runtime/ports/randomness.ts';
import {
  openRtpMidiEndpoint,
  type RtpMidiEndpoint,
} from '../../../runtime/transport/rtp-midi/endpoint.ts';
import type { Redundancy } from '../../../runtime/transport/rtp-midi/packet-copies.ts';
import { openVirtualNetwork } from '../../../sim/network/virtual-network.ts';
import { seededRandomness, uniform } from '../../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../../sim/virtual-clock.ts';

interface RepairInit {
  /** Share of datagrams lost, and how many in a row on average. */
  readonly loss: number;
  readonly meanBurst: number;
  /** Losses follow one another in packets, or for a time: a burst then lasts so many milliseconds on average. */
  readonly burstMillis?: number;
  readonly redundancy: Redundancy;
  readonly delayMillis: number;
  readonly events: number;
  readonly seed: string;
}

export interface RepairFigures {
  readonly events: number;
  /** Commands whose packet was lost when it was sent first. */
  readonly lost: number;
  /** Milliseconds from when a lost command would have arrived until its state did. */
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
  /** NoteOns that were never heard: how many, and which share of all. */
  readonly unheard: number;
  readonly unheardShare: number;
  /** Sent on the data port for each command: packets, and octets of UDP payload. Clock exchanges count, too. */
  readonly packets: number;
  readonly octets: number;
  /** Commands whose state never arrived, and NoteOns that came after their NoteOff: none, or something is wrong. */
  readonly never: number;
  readonly ghosts: number;
}

const PLAYER = '10.0.0.1';
const LISTENER = '10.0.0.2';
const KEYS = 36;
const CONTROLLERS: readonly number[] = [1, 7, 11, 74];
/** Between commands: from a run or a chord to a long note. */
const SHORTEST = 4_000;
const LONGEST = 400_000;

/** One slot of a synthesizer: a key, or a controller. */
interface Pending {
  readonly sentAt: number;
  readonly lost: boolean;
  readonly on: boolean;
  readonly value: number;
}

/** Tells a command of one slot from those before it. */
function markOf(message: MidiMessage): number {
  if (message.kind === 'controlChange') return message.value;
  return message.kind === 'noteOn' ? message.velocity : 0;
}

/** Gilbert's model, in packets or in time. */
function openLoss(init: RepairInit, random: Randomness): (now: number) => boolean {
  const { loss, meanBurst, burstMillis } = init;
  const share = loss / (1 - loss);
  let bursting = false;
  let until = 0;
  return (now) => {
    if (burstMillis === undefined) {
      bursting = bursting ? uniform(random) >= 1 / meanBurst : uniform(random) < share / meanBurst;
      return bursting;
    }
    const mean = burstMillis * 1_000;
    while (now >= until) {
      bursting = !bursting;
      until += -Math.log(1 - uniform(random)) * (bursting ? mean : mean / share);
    }
    return bursting;
  };
}

async function measureRepair(init: RepairInit): Promise<RepairFigures> {
  const clock = new VirtualClock();
  const random = seededRandomness(`repair ${init.seed}`);
  const delay = fromMillis(init.delayMillis);
  const network = openVirtualNetwork({
    clock,
    randomness: seededRandomness(init.seed),
    profile: {
      base: delay,
      jitter: { mean: 0 as Micros, shape: 1 },
      spikes: { probability: 0, upTo: 0 as Micros },
      loss: { enter: 0, meanBurst: 1 },
      duplicates: 0,
      reordering: { probability: 0, by: 0 as Micros },
      inOrder: true,
    },
  });
  const counts = { packets: 0, octets: 0, lastLost: false };
  let lossy = false;

  /** The same network, with losses that are seen from here. */
  const losing = (
    host: string,
    onData: (octets: number, lost: boolean) => void,
  ): DatagramNetwork => {
    const isLost = openLoss(init, seededRandomness(`loss ${init.seed} ${host}`));
    return {
      async bind(at) {
        const socket = await network.host(host).datagrams.bind(at);
        return {
          local: socket.local,
          unsent: 0,
          send: (bytes, to, length = bytes.length) => {
            const lost = isLost(clock.now()) && lossy;
            if (socket.local.port % 2 === 1) onData(length, lost);
            if (!lost) socket.send(bytes, to, length);
          },
          onDatagram: (listener) => socket.onDatagram(listener),
          [Symbol.asyncDispose]: () => socket[Symbol.asyncDispose](),
        };
      },
    };
  };
  const open = (
    host: string,
    onData: (octets: number, lost: boolean) => void,
  ): Promise<RtpMidiEndpoint> =>
    openRtpMidiEndpoint(
      {
        clock,
        network: losing(host, onData),
        randomness: seededRandomness(`${init.seed} ${host}`),
        log: silentLog,
      },
      { name: host, port: 5004, redundancy: init.redundancy },
    );
  const player = await open(PLAYER, (octets, lost) => {
    counts.packets++;
    counts.octets += octets;
    counts.lastLost = lost;
  });
  const listener = await open(LISTENER, () => {});
  player.connect({ host: LISTENER, port: 5004 });
  await clock.advanceSettling(fromMillis(1_000));
  lossy = true;

  const slots = new Map<string, Pending[]>();
  const times: number[] = [];
  let unheard = 0;
  let ghosts = 0;
  const slotOf = (message: MidiMessage): string =>
    message.kind === 'controlChange'
      ? `c${message.controller}`
      : message.kind === 'noteOn' || message.kind === 'noteOff'
        ? `k${message.key}`
        : message.kind;
  /** The state of the newest command of a slot, or of an older one, has arrived. */
  listener.onMidi((_peer, message) => {
    const pending = slots.get(slotOf(message)) ?? [];
    const on = message.kind === 'noteOn';
    const value = markOf(message);
    const upTo = pending.findIndex((one) => one.on === on && one.value === value);
    if (upTo < 0) {
      if (on) ghosts++;
      return;
    }
    const settled = pending.splice(0, upTo + 1);
    for (const [i, one] of settled.entries()) {
      // A NoteOn whose NoteOff or successor came instead of it; and a NoteOff that there was no need for.
      if (one.on && i < upTo) unheard++;
      else if (one.lost && (i === upTo || !settled[i - 1]?.on))
        times.push((clock.now() - one.sentAt - delay) / 1_000);
    }
  });

  const down: number[] = [];
  let noteOns = 0;
  let lost = 0;
  let serial = 0;
  const before = { ...counts };
  const send = (octets: readonly [number, number, number]): void => {
    const message = shortMessage(...octets) as MidiMessage;
    player.send(message, clock.now());
    player.flush();
    if (counts.lastLost) lost++;
    const slot = slotOf(message);
    const list = slots.get(slot) ?? [];
    const on = message.kind === 'noteOn';
    if (on) noteOns++;
    list.push({ sentAt: clock.now(), lost: counts.lastLost, on, value: markOf(message) });
    slots.set(slot, list);
  };
  for (let i = 0; i < init.events; i++) {
    const kind = uniform(random);
    if (kind < 0.2) {
      serial = (serial + 1) & 127;
      send([0xb0, CONTROLLERS[random.uint32() % CONTROLLERS.length] as number, serial]);
    } else if (down.length > 5 || (down.length > 0 && kind < 0.6)) {
      const [key] = down.splice(random.uint32() % down.length, 1);
      send([0x80, key as number, 64]);
    } else {
      let key = 0;
      do key = 40 + (random.uint32() % KEYS);
      while (down.includes(key));
      down.push(key);
      send([0x90, key, 1 + (noteOns % 127)]);
    }
    const gap = SHORTEST * (LONGEST / SHORTEST) ** uniform(random);
    await clock.advanceSettling(Math.round(gap) as Micros, 100_000 as Micros);
  }
  for (const key of down) send([0x80, key, 64]);
  await clock.advanceSettling(fromMillis(6_000), 100_000 as Micros);
  let never = 0;
  for (const pending of slots.values()) {
    // Keys that went down and up again unheard.
    const ons = pending.filter((one) => one.on).length;
    unheard += ons;
    never += pending.length - 2 * ons;
  }
  await player[Symbol.asyncDispose]();
  await listener[Symbol.asyncDispose]();

  times.sort((a, b) => a - b);
  const at = (share: number): number =>
    Math.round((times[Math.floor(share * (times.length - 1))] ?? Number.NaN) * 10) / 10;
  const events = init.events + down.length;
  return {
    events,
    lost,
    p50: at(0.5),
    p90: at(0.9),
    p99: at(0.99),
    max: at(1),
    unheard,
    unheardShare: unheard / noteOns,
    packets: (counts.packets - before.packets) / events,
    octets: (counts.octets - before.octets) / events,
    never,
    ghosts,
  };
}

export interface RepairRow {
  readonly loss: number;
  readonly delayMillis: number;
  readonly redundancy: Redundancy;
  readonly figures: RepairFigures;
}

/** 1, 5 and 20 % in bursts of two on average, at 0 and 20 ms one way, without copies and with one and two. */
export async function measureRepairs(events: number, seed = '1'): Promise<readonly RepairRow[]> {
  const rows: RepairRow[] = [];
  for (const delayMillis of [0, 20]) {
    for (const loss of [0.01, 0.05, 0.2]) {
      for (const redundancy of [0, 1, 2] as const) {
        const init = { loss, meanBurst: 2, redundancy, delayMillis, events, seed };
        rows.push({ loss, delayMillis, redundancy, figures: await measureRepair(init) });
      }
    }
  }
  return rows;
}
