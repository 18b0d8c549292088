import { expect, test } from 'vitest';
import { NETWORK_PROFILES } from '../../../../sim/network/profiles.ts';
import {
  openVirtualNetwork,
  type VirtualNetwork,
} from '../../../../sim/network/virtual-network.ts';
import { seededRandomness } from '../../../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../../../sim/virtual-clock.ts';
import { silentLog } from '../../../core/log.ts';
import { shortMessage } from '../../../core/midi-bytes.ts';
import type { MidiMessage } from '../../../core/midi-message.ts';
import { fromMillis, fromSeconds, type Micros } from '../../../core/time.ts';
import { openRtpMidiEndpoint, type RtpMidiEndpoint, type RtpMidiInit } from '../endpoint.ts';
import type { ChannelState } from './channel-state.ts';
import { StreamState } from './stream-state.ts';

const A = '10.0.0.1';
const B = '10.0.0.2';
/** Those that are values and nothing else. */
const CONTROLLERS = Array.from({ length: 120 }, (_, i) => i).filter(
  (controller) => controller !== 6 && controller !== 38 && (controller < 96 || controller > 101),
);

interface Rig {
  readonly clock: VirtualClock;
  readonly network: VirtualNetwork;
  readonly player: RtpMidiEndpoint;
  /** What was played, and what the listener's synthesizer is like. */
  readonly played: StreamState;
  readonly heard: StreamState;
  /** NoteOns that were played again although the note was on already. */
  readonly again: number;
  play(...octets: readonly [number, number, number]): void;
  run(by: Micros): Promise<void>;
  join(): Promise<void>;
}

async function openRig(seed: string, init: Partial<RtpMidiInit> = {}): Promise<Rig> {
  const clock = new VirtualClock();
  const network = openVirtualNetwork({ clock, randomness: seededRandomness(seed), profile: 'lan' });
  const open = (host: string): Promise<RtpMidiEndpoint> =>
    openRtpMidiEndpoint(
      {
        clock,
        network: network.host(host).datagrams,
        randomness: seededRandomness(`${seed} ${host}`),
        log: silentLog,
      },
      { name: host, port: 5004, ...init },
    );
  const player = await open(A);
  const listener = await open(B);
  const played = new StreamState();
  const heard = new StreamState();
  let again = 0;
  let stamp = 0;
  listener.onMidi((_peer, message) => {
    if (message.kind === 'noteOn' && heard.channel(message.channel).velocities[message.key] !== 0)
      again++;
    heard.apply(message, ++stamp, clock.now());
  });
  return {
    clock,
    network,
    player,
    played,
    heard,
    get again() {
      return again;
    },
    play(status, data1, data2) {
      const message = shortMessage(status, data1, data2) as MidiMessage;
      played.apply(message, ++stamp, clock.now());
      player.send(message, clock.now());
    },
    run: (by) => clock.advanceSettling(by),
    async join() {
      listener.connect({ host: A, port: 5004 });
      await clock.advanceSettling(fromMillis(300));
    },
  };
}

/** Everything there is on sixteen channels: some 5,600 octets of lasting state, and `keys` notes each. */
async function playEverything(rig: Rig, keys: number, value: number): Promise<void> {
  for (let channel = 0; channel < 16; channel++) {
    for (const controller of CONTROLLERS)
      rig.play(0xb0 | channel, controller, (value + controller + channel) & 127);
    rig.play(0xc0 | channel, (value + channel) & 127, 0);
    rig.play(0xe0 | channel, channel, value & 127);
    rig.play(0xd0 | channel, (value + 2 * channel) & 127, 0);
    for (let key = 0; key < keys; key++) {
      rig.play(0x90 | channel, 30 + key, 1 + ((value + key) & 63));
      rig.play(0xa0 | channel, 30 + key, (value + key) & 127);
    }
    await rig.run(fromMillis(5));
  }
}

/** What sounds of a channel, but for notes that came too late to be played. */
const soundOf = (state: ChannelState | undefined, notes: boolean): unknown =>
  state && {
    program: state.program,
    wheel: state.wheel,
    pressure: state.pressure,
    values: CONTROLLERS.map((controller) => state.values[controller]),
    ...(notes ? { keyPressure: [...state.keyPressure] } : {}),
    on: notes ? [...state.velocities] : undefined,
  };

/** How many of the sixteen channels are as they were played. */
function right({ played, heard }: Rig, notes: boolean): number {
  let same = 0;
  for (let channel = 0; channel < 16; channel++) {
    const is = JSON.stringify(soundOf(heard.used(channel), notes));
    if (is === JSON.stringify(soundOf(played.used(channel), notes))) same++;
  }
  return same;
}

/** Keys that sound although they were released. */
function stuck({ played, heard }: Rig): number {
  let count = 0;
  for (let channel = 0; channel < 16; channel++) {
    for (let key = 0; key < 128; key++) {
      const isOn = (heard.used(channel)?.velocities[key] ?? 0) !== 0;
      if (isOn && (played.used(channel)?.velocities[key] ?? 0) === 0) count++;
    }
  }
  return count;
}

test('all that was played on sixteen full channels while the peer was away is there 200 ms after it is back (items 14a, 31b)', async () => {
  const rig = await openRig('away');
  await rig.join();
  await playEverything(rig, 10, 20);
  await rig.run(fromMillis(300));
  expect(right(rig, true)).toBe(16);
  const before = rig.player.stats.journalsSplit;
  rig.network.host(B).disconnect();
  await playEverything(rig, 0, 70);
  for (let channel = 0; channel < 16; channel++) {
    for (let key = 0; key < 10; key++) rig.play(0x80 | channel, 30 + key, 64);
  }
  await rig.run(fromSeconds(2));
  expect([right(rig, false), stuck(rig)]).toEqual([0, 160]);
  rig.network.host(B).reconnect();
  // The next guard packet would be up to a second away.
  rig.play(0x90, 100, 1);
  await rig.run(fromMillis(200));
  expect([right(rig, true), stuck(rig), rig.again]).toEqual([16, 0, 0]);
  expect(rig.player.stats).toMatchObject({ historyForced: 0, faults: {} });
  expect(rig.player.stats.journalsSplit).toBeGreaterThan(before);
  // Nothing is owed any more, once the peer that was invited again was told all again: journals are whole and empty.
  await rig.run(fromSeconds(2));
  const { journalsSplit } = rig.player.stats;
  rig.play(0x90, 101, 1);
  await rig.run(fromSeconds(1));
  expect(rig.player.stats.journalsSplit).toBe(journalsSplit);
});

test('one who joins late is told all of sixteen full channels, in packets that fit (items 14a, 33)', async () => {
  const rig = await openRig('late');
  await playEverything(rig, 0, 33);
  expect(right(rig, false)).toBe(0);
  await rig.join();
  expect(right(rig, false)).toBe(16);
  expect(rig.player.stats.journalsSplit).toBeGreaterThan(4);
});

test.each(['1', '2', '3', '4'])(
  'full channels that keep changing through a loss of 20 percent end as they were played: seed %s (items 14a, 31b)',
  async (seed) => {
    const rig = await openRig(seed);
    await rig.join();
    rig.network.setProfile({
      ...NETWORK_PROFILES.city,
      loss: { enter: 0.125, meanBurst: 2 },
    });
    for (let round = 0; round < 6; round++) {
      await playEverything(rig, 12, 10 + 17 * round);
      for (let channel = 0; channel < 16; channel++) {
        for (let key = 0; key < 12; key++) rig.play(0x80 | channel, 30 + key, 64);
      }
      await rig.run(fromMillis(30));
    }
    expect(rig.player.stats.journalsSplit).toBeGreaterThan(20);
    await rig.run(fromSeconds(2));
    expect([right(rig, true), stuck(rig)]).toEqual([16, 0]);
    expect(rig.player.stats.historyForced).toBe(0);
  },
);
