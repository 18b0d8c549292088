/**
 * One box of the simulator: a whole runtime with a virtual panel, a virtual MIDI input and a virtual wire out.
 *
 * Takes  the ports of its network, discovery and storage, and an output that its wire hangs on.
 * Gives  a BandMember: what its glass shows, what it plays and hears, and a hand and keys to play it with.
 */
import { type Box, type BoxDeps, type BoxInit, openBox } from '../../runtime/compose.ts';
import type { EnsembleContext } from '../../runtime/core/ensemble.ts';
import { PortError } from '../../runtime/core/errors.ts';
import { Teardown } from '../../runtime/core/lifecycle.ts';
import {
  after,
  fromMillis,
  fromSeconds,
  type Instant,
  type Micros,
  toMillis,
} from '../../runtime/core/time.ts';
import type { NetAddress } from '../../runtime/ports/datagram-network.ts';
import type { MidiOutput } from '../../runtime/ports/midi-output.ts';
import type { ParticipantLink } from '../../runtime/session/session.ts';
import type { MidiFileSong } from '../midi-file.ts';
import { openSimMidiInput, type SimMidiInput } from '../midi-wire.ts';
import { openSimPanel, type SimPanel } from '../panel-device.ts';
import { EngineView } from './engine-view.ts';
import type { SimHearing } from './host.ts';
import { NoteTap } from './note-tap.ts';
import { pause } from './pause.ts';
import { TrackPlayer } from './player.ts';
import type { SimFate, SimForecast } from './prediction-protocol.ts';
import type {
  SimBoxStats,
  SimControl,
  SimLeds,
  SimNote,
  SimPeerStats,
  SimSession,
} from './protocol.ts';
import { simSession } from './session-view.ts';
import type { BandMember, SongTime } from './simulated-band.ts';

export interface SimBoxDeps extends Omit<BoxDeps, 'frontPanel'> {
  /** The wire out; the box owns it. */
  readonly output: MidiOutput;
  readonly song: (piece: string) => MidiFileSong | undefined;
  /** What `peers` stands on; released after the box. */
  readonly links: AsyncDisposable;
  /** `to`: only towards those addresses. */
  readonly setProfile: (name: string, to?: readonly NetAddress[]) => void;
}

export interface SimBoxInit extends BoxInit {
  /** From 1. */
  readonly index: number;
  /** The instant that is 0 on the band's timeline. */
  readonly origin: Instant;
}

const LOOK = fromMillis(50);
const FIND_PATIENCE = fromSeconds(20);

export async function openSimBox(deps: SimBoxDeps, init: SimBoxInit): Promise<BandMember> {
  const held = new Teardown();
  try {
    held.hold(deps.links);
    const panel = held.hold(openSimPanel(deps));
    const box = held.hold(await openBox({ ...deps, frontPanel: panel }, init));
    const input = held.hold(openSimMidiInput(deps, { name: 'Keyboard' }));
    held.hold(box.addInput(input));
    held.hold(box.addOutput(deps.output));
    return new SimBox(deps, init, held, box, panel, input);
  } catch (failure) {
    await held[Symbol.asyncDispose]();
    throw failure;
  }
}

class SimBox implements BandMember {
  readonly index: number;
  readonly name: string;
  readonly player: TrackPlayer;
  readonly #deps: SimBoxDeps;
  readonly #box: Box;
  readonly #origin: Instant;
  readonly #held: Teardown;
  readonly #panel: SimPanel;
  readonly #input: SimMidiInput;
  readonly #tap: NoteTap;
  readonly #view: EngineView;
  /** Where packets go to each box, and the networks that are in force towards some of them. */
  readonly #ways = new Map<string, readonly NetAddress[]>();
  readonly #profiles = new Map<string, string>();
  #stuck: () => number = () => 0;

  constructor(
    deps: SimBoxDeps,
    init: SimBoxInit,
    held: Teardown,
    box: Box,
    panel: SimPanel,
    input: SimMidiInput,
  ) {
    this.index = init.index;
    this.name = init.settings.box.name;
    this.#deps = deps;
    this.#box = box;
    this.#origin = init.origin;
    this.#held = held;
    this.#panel = panel;
    this.#input = input;
    this.#tap = held.hold(new NoteTap(box, init.origin));
    this.#view = held.hold(
      new EngineView(
        { clock: deps.clock, engine: box.engine, players: () => this.#players },
        init.origin,
      ),
    );
    this.player = held.hold(
      new TrackPlayer({ clock: deps.clock, song: deps.song, feed: (bytes) => this.play(bytes) }),
    );
    held.hold(
      box.session.onParticipant((link, state) => {
        if (state === 'unlinked') return;
        this.#ways.set(link.peer.box, waysOf(link));
        this.#impair(link.peer.box);
      }),
    );
  }

  get id(): string {
    return this.#box.id;
  }
  get frame(): Uint8Array {
    return this.#panel.display.frame;
  }
  get brightness(): number {
    return this.#panel.display.brightness;
  }
  get leds(): SimLeds {
    const { leds } = this.#panel;
    return { link: leds.level('link'), activity: leds.level('activity') };
  }
  get session(): SimSession | undefined {
    return this.#session(this.#box.session.context);
  }
  get hears(): readonly string[] {
    const { rtp, peers } = this.#box;
    return rtp.peers.filter(({ clock }) => clock.synced).map((peer) => peers.sourceOf(peer));
  }

  turn(detents: number): void {
    this.#panel.encoder.turn(detents);
  }
  press(): void {
    this.#panel.encoder.press();
  }
  release(): void {
    this.#panel.encoder.release();
  }
  play(bytes: Uint8Array): void {
    this.#input.feed(bytes);
  }
  playAt(piece: string, tracks: readonly number[], loop: boolean, at: number): void {
    this.player.playAt(piece, tracks, loop, after(this.#origin, fromMillis(at)));
  }
  conduct(time: SongTime | undefined): void {
    const { session } = this.#box;
    if (!session.context) return;
    if (time) {
      session.setTempo(time.bpm);
      session.setMetre(time.beatsPerBar);
    }
    session.setPlaying(time !== undefined);
  }
  panic(): void {
    this.#box.panic();
  }
  hear(participant: string, how: SimHearing): void {
    this.#view.hear(participant, how);
  }
  watch(on: boolean): void {
    this.#view.watch(on);
  }
  setProfile(name: string, to?: string): void {
    if (to === undefined) {
      this.#profiles.clear();
      this.#deps.setProfile(name);
    } else {
      this.#profiles.set(to, name);
      this.#impair(to);
    }
  }
  judgeStuck(stuck: () => number): void {
    this.#stuck = stuck;
  }

  create(): Promise<void> {
    return this.#box.session.create(`${this.name}'s jam`);
  }

  async joinWith(host: string, signal: AbortSignal): Promise<void> {
    const { session } = this.#box;
    const { clock } = this.#deps;
    const end = after(clock.now(), FIND_PATIENCE);
    for (;;) {
      const target = session.found.find((found) => found.name === host);
      if (target) return session.join(target, signal);
      signal.throwIfAborted();
      if (clock.now() > end) {
        throw new PortError(
          'unavailable',
          `${this.name} did not find the session ${host}; is multicast blocked here?`,
        );
      }
      await pause(clock, LOOK, signal);
    }
  }

  onFrame(listener: (frame: Uint8Array, brightness: number) => void): Disposable {
    return this.#panel.display.onFrame(listener);
  }
  onLeds(listener: (leds: SimLeds) => void): Disposable {
    return this.#panel.leds.onChange(() => listener(this.leds));
  }
  onNote(listener: (note: SimNote) => void): Disposable {
    return this.#tap.notes.add(listener);
  }
  onControl(listener: (control: SimControl) => void): Disposable {
    return this.#tap.controls.add(listener);
  }
  onSession(listener: (session: SimSession | undefined) => void): Disposable {
    return this.#box.session.onContext((context) => listener(this.#session(context)));
  }
  onFate(listener: (fate: SimFate) => void): Disposable {
    return this.#view.fates.add(listener);
  }
  onForecast(listener: (forecast: SimForecast) => void): Disposable {
    return this.#view.forecasts.add(listener);
  }

  stats(): SimBoxStats {
    const { output, participants } = this.#box.status.status();
    return {
      sounding: output.sounding,
      stuck: this.#stuck(),
      played: this.#tap.played,
      heard: this.#tap.heard,
      dropped: output.dropped,
      peers: participants.map(
        ({ id, name, delayP50, delayP95, jitter, loss, rtt, recovered, late }): SimPeerStats => ({
          participant: id,
          name,
          delayP50: millis(delayP50),
          delayP95: millis(delayP95),
          jitter: millis(jitter),
          loss,
          rtt: millis(rtt),
          recovered,
          buffer: millis(this.#box.engine.streamStats(id)?.buffer),
          late,
          prediction: this.#view.figures(id),
        }),
      ),
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#held[Symbol.asyncDispose]();
  }

  get #players(): readonly string[] {
    const others = this.#box.session.context?.participants.filter(({ self }) => !self);
    return others?.map(({ id }) => id) ?? [];
  }

  #impair(box: string): void {
    const profile = this.#profiles.get(box);
    const ways = this.#ways.get(box);
    if (profile !== undefined && ways) this.#deps.setProfile(profile, ways);
  }

  #session(context: EnsembleContext | undefined): SimSession | undefined {
    return context && simSession(this.#box, context, this.#origin);
  }
}

/** Over an open link RTP-MIDI goes beside it. */
function waysOf({ peer, remote, route, secure }: ParticipantLink): readonly NetAddress[] {
  if (secure && route) return [route.remote];
  return [peer.rtpPort, peer.rtpPort + 1].map((port) => ({ host: remote.host, port }));
}

function millis(value: Micros | undefined): number | null {
  return value === undefined ? null : toMillis(value);
}
