/**
 * A band on one virtual clock and one seeded network: whole boxes, from key to wire, in a few lines of a test.
 *
 *     await using band = await openBand({ boxes: 3, network: 'transatlantic', seed: 7 });
 *     await band.gather();                        // box 1 makes a session, the others join it
 *     band.box(1).press(60);                      // a key goes down on box 1
 *     await band.run(seconds(1));
 *     expect(band.box(2).sounding).toEqual([[0, 60]]);
 *
 * Nothing happens between two calls of `run`. The same seed gives the same run; `band.seed` belongs in every failure.
 */

import { type Box, openBox } from '../../runtime/compose.ts';
import { Teardown } from '../../runtime/core/lifecycle.ts';
import { silentLog } from '../../runtime/core/log.ts';
import { encodeMessage } from '../../runtime/core/midi-bytes.ts';
import type { MidiMessage } from '../../runtime/core/midi-message.ts';
import { fromMillis, fromSeconds, type Instant, type Micros } from '../../runtime/core/time.ts';
import { openNodeSignatures } from '../../runtime/platform/node-signatures.ts';
import type { Clock } from '../../runtime/ports/clock.ts';
import type { Identity } from '../../runtime/privacy/identity.ts';
import type { Settings } from '../../runtime/settings/settings.ts';
import { checkSettings } from '../../runtime/settings/settings-schema.ts';
import { openSignalledNetwork } from '../../runtime/transport/link/signalled-network.ts';
import { boxName, introduce } from '../../sim/app/acquaintance.ts';
import { openMemoryStorage } from '../../sim/memory-storage.ts';
import { openSimMidiInput, openSimMidiWire, type SimMidiInput } from '../../sim/midi-wire.ts';
import type { NetworkProfile, ProfileName } from '../../sim/network/profiles.ts';
import {
  openVirtualNetwork,
  type VirtualHost,
  type VirtualNetwork,
} from '../../sim/network/virtual-network.ts';
import { openVirtualPeerConnections } from '../../sim/network/virtual-peer-connections.ts';
import { openSimPanel, type SimPanel } from '../../sim/panel-device.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { settle, VirtualClock } from '../../sim/virtual-clock.ts';
import {
  openVirtualControlPlane,
  type VirtualControlPlane,
} from '../../sim/virtual-control-plane.ts';
import { openVirtualDiscovery, type VirtualDiscovery } from '../../sim/virtual-discovery.ts';
import { type HeardMessage, HeardWire } from './heard-wire.ts';

export interface BandInit {
  /** How many; named Box 1, Box 2 and so on. Default 2. */
  readonly boxes?: number;
  /** Between all of them. Default `perfect`. */
  readonly network?: ProfileName | NetworkProfile;
  readonly seed?: number;
  /** Whoever joins needs the code that the host shows; else they have all met before. */
  readonly strangers?: boolean;
  /** With a control plane, which pulled cables and partitions do not concern. Default: local network only. */
  readonly online?: boolean;
  /** What differs from the default settings, nested as in the settings file. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Boxes that are linked each with each; beyond it two pass packets on. Default: as in a box. */
  readonly meshLimit?: number;
  /** The clock of the box of that number, from 1: made of the band's, which is the default. */
  readonly clockOf?: (number: number, clock: VirtualClock) => Clock;
  /** How finely `run` turns the clock between the settling of promises. Default 1 ms. */
  readonly step?: Micros;
}

export interface Band extends AsyncDisposable {
  readonly seed: number;
  readonly clock: VirtualClock;
  readonly network: VirtualNetwork;
  readonly members: readonly Member[];
  /** From 1, as on the simulator's page. */
  box(number: number): Member;
  /** Box 1 makes a session and the others join it; resolves when everybody hears everybody. */
  gather(): Promise<void>;
  /** Turns the clock. */
  run(by: Micros): Promise<void>;
  /** Turns the clock until `met`, or throws with the seed when it isn't within `patience`. */
  until(what: string, met: () => boolean, patience?: Micros): Promise<void>;
}

/** A box with a hand on its knob and keys, and an ear on its wire. */
export class Member {
  readonly name: string;
  readonly host: VirtualHost;
  readonly panel: SimPanel;
  /** What its synth hears. */
  readonly heard: HeardWire;
  /** Its own; the band's unless they differ. */
  readonly clock: Clock;
  readonly #band: BandParts;
  /** What its keyboard played, with the time. */
  readonly played: HeardMessage[] = [];
  readonly #number: number;
  readonly #storage = openMemoryStorage();
  #introduced: Promise<Identity> | undefined;
  #running: Teardown | undefined;
  #box: Box | undefined;
  #input: SimMidiInput;

  constructor(band: BandParts, number: number) {
    this.#band = band;
    this.#number = number;
    this.name = boxName(number);
    this.clock = band.clockOf(number, band.clock);
    const { clock } = this;
    this.host = band.network.host(`10.0.0.${number}`, { clock });
    this.panel = openSimPanel({ clock });
    this.#input = openSimMidiInput({ clock }, { name: 'Keys' });
    this.heard = new HeardWire();
  }

  /** The runtime; throws while it is switched off. */
  get box(): Box {
    if (!this.#box) throw new Error(`${this.name} is switched off (seed ${this.#band.seed})`);
    return this.#box;
  }

  /** Boots the box with what its storage remembers. */
  async switchOn(): Promise<void> {
    const { seed, discovery, settings, hub, online, meshLimit } = this.#band;
    const { clock } = this;
    const running = new Teardown();
    const randomness = seededRandomness(`${seed}/${this.name}/${this.#band.clock.now()}`);
    const identity = await this.#introduce();
    const controlPlane = online ? running.hold(hub.planeOf(identity.box)) : undefined;
    const { streams } = this.host;
    const connections = openVirtualPeerConnections({ host: this.host, clock, randomness });
    const peers = running.hold(
      openSignalledNetwork({ clock, randomness, streams, connections, controlPlane }),
    );
    const box = running.hold(
      await openBox(
        {
          clock,
          wallClock: this.#band.clock,
          datagrams: this.host.datagrams,
          signatures: openNodeSignatures(),
          peers,
          controlPlane,
          discovery: discovery.at(this.host.address),
          storage: this.#storage,
          randomness,
          log: silentLog,
          frontPanel: this.panel,
        },
        {
          settings: { ...settings, box: { ...settings.box, name: this.name } },
          version: '0.0.0-test',
          ...(meshLimit === undefined ? {} : { meshLimit }),
        },
      ),
    );
    const wire = openSimMidiWire({ clock }, { name: 'Synth' });
    // What is heard is heard in the band's time.
    this.heard.listen({
      ...wire.far,
      onBytes: (listener) => wire.far.onBytes((bytes) => listener(bytes, this.#band.clock.now())),
    });
    // A box closes what was plugged into it when it shuts down.
    this.#input = openSimMidiInput({ clock }, { name: 'Keys' });
    running.hold(box.addInput(this.#input));
    running.hold(box.addOutput(wire.output));
    this.#box = box;
    this.#running = running;
  }

  /** Gives it its key before the first start, and those of the others unless they are strangers. */
  #introduce(): Promise<Identity> {
    const { clock, seed, boxes, strangers } = this.#band;
    const facts = { index: this.#number, boxes, seed, strangers };
    this.#introduced ??= introduce({ storage: this.#storage, wallClock: clock }, facts);
    return this.#introduced;
  }

  /** Shuts it down in order, as SIGTERM does. */
  async switchOff(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    this.#box = undefined;
    await running?.[Symbol.asyncDispose]();
  }

  /** Nothing gets to it or from it any more, neither by the network nor by the control plane. */
  vanish(): void {
    this.host.disconnect();
    this.#band.hub.setUp(false, this.box.id);
  }

  press(key: number, velocity: number = 100, channel: number = 0): void {
    this.play({ kind: 'noteOn', channel, key, velocity });
  }

  lift(key: number, channel: number = 0): void {
    this.play({ kind: 'noteOff', channel, key, velocity: 64 });
  }

  play(message: MidiMessage): void {
    this.played.push({ at: this.#band.clock.now(), message });
    this.#input.feed(encodeMessage(message));
  }

  /** Pulls its keyboard's cable out. */
  unplugKeys(): void {
    this.#input.unplug();
  }

  /** Notes that its synth sounds now, as [channel, key], sorted. */
  get sounding(): readonly (readonly [channel: number, key: number])[] {
    return this.heard.sounding;
  }

  turn(detents: number): void {
    this.panel.encoder.turn(detents);
  }

  /** A short push of the knob: down, 50 ms, up. */
  async click(): Promise<void> {
    this.panel.encoder.press();
    await this.#band.run(fromMillis(50));
    this.panel.encoder.release();
    await this.#band.run(fromMillis(400));
  }
}

interface BandParts {
  readonly seed: number;
  readonly clock: VirtualClock;
  readonly network: VirtualNetwork;
  readonly discovery: VirtualDiscovery;
  readonly hub: VirtualControlPlane;
  readonly online: boolean;
  readonly settings: Settings;
  readonly boxes: number;
  readonly strangers: boolean;
  readonly meshLimit: number | undefined;
  clockOf(number: number, clock: VirtualClock): Clock;
  run(by: Micros): Promise<void>;
}

export const seconds: (value: number) => Micros = fromSeconds;
export const millis: (value: number) => Micros = fromMillis;

export async function openBand(init: BandInit = {}): Promise<Band> {
  const seed = init.seed ?? 1;
  const clock = new VirtualClock();
  const network = openVirtualNetwork({
    clock,
    randomness: seededRandomness(seed),
    profile: init.network ?? 'perfect',
  });
  const checked = checkSettings(init.settings ?? {});
  if (!('settings' in checked)) throw new Error(JSON.stringify(checked.issues));
  const step = init.step ?? fromMillis(1);
  const run = (by: Micros): Promise<void> => clock.advanceSettling(by, step);
  const reachable = (from: string, to: string): boolean => network.reachable(from, to);
  const parts: BandParts = {
    seed,
    clock,
    network,
    discovery: openVirtualDiscovery({ clock, reachable }),
    hub: openVirtualControlPlane({ clock, randomness: seededRandomness(`${seed}/hub`) }),
    settings: checked.settings,
    boxes: init.boxes ?? 2,
    strangers: init.strangers === true,
    online: init.online === true,
    meshLimit: init.meshLimit,
    clockOf: init.clockOf ?? (() => clock),
    run,
  };
  const members = Array.from({ length: parts.boxes }, (_, index) => new Member(parts, index + 1));
  for (const member of members) await member.switchOn();
  await settle();

  const until = async (
    what: string,
    met: () => boolean,
    patience: Micros = fromSeconds(20),
  ): Promise<void> => {
    const end = (clock.now() + patience) as Instant;
    while (!met()) {
      if (clock.now() >= end)
        throw new Error(`${what}: not within ${patience / 1e6} s (seed ${seed})`);
      await run(fromMillis(10));
    }
  };
  const box = (number: number): Member => {
    const member = members[number - 1];
    if (!member) throw new RangeError(`there are ${members.length} boxes, no box ${number}`);
    return member;
  };
  const gather = async (): Promise<void> => {
    const first = box(1).box.session;
    await first.create('Jam');
    for (const { box: other } of members.slice(1)) {
      await until('the session is found', () => other.session.found.length > 0);
      const target = other.session.found[0];
      if (!target) throw new Error('no session was found');
      const joined = other.session.join(target, new AbortController().signal);
      let done = false;
      const finished = joined.finally(() => {
        done = true;
      });
      finished.catch(() => {}); // awaited below
      await until('the session is joined', () => done);
      await finished;
    }
    await until('everybody hears everybody', () =>
      members.every(
        ({ box: { rtp } }) =>
          rtp.peers.length === members.length - 1 && rtp.peers.every((peer) => peer.synced),
      ),
    );
    // The clocks have exchanged a few samples by then.
    await run(fromSeconds(3));
  };

  return {
    seed,
    clock,
    network,
    members,
    box,
    gather,
    run,
    until,
    async [Symbol.asyncDispose]() {
      const closing = Promise.all(members.map((member) => member.switchOff()));
      let closed = false;
      const finished = closing.finally(() => {
        closed = true;
      });
      finished.catch(() => {}); // awaited below
      for (let turn = 0; turn < 500 && !closed; turn++) await run(fromMillis(20));
      await finished;
    },
  };
}
