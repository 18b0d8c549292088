/**
 * One RTP-MIDI end point that plays and some that listen, on a virtual clock, over paths that lose, delay, reorder and
 * duplicate. Either side can be killed and started again. Synthesizers on both sides take what is played and heard.
 *
 * Takes  conditions, MIDI messages, restarts.
 * Gives  what is wrong, in words: differences after quiet, ghosts, replays, repairs that came late.
 */
import { silentLog } from '../../runtime/core/log.ts';
import type { MidiMessage } from '../../runtime/core/midi-message.ts';
import { fromMillis, type Instant, type Micros } from '../../runtime/core/time.ts';
import {
  openRtpMidiEndpoint,
  type RtpMidiEndpoint,
  type RtpMidiInit,
} from '../../runtime/transport/rtp-midi/endpoint.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import {
  beginningAt,
  type Conditions,
  type Ending,
  type PlayedNote,
  profileOf,
  REPAIRED_WITHIN,
  type Scene,
} from './rtp-midi-conditions.ts';
import { Listener } from './rtp-midi-listener.ts';
import { Synthesizer } from './rtp-midi-synthesizer.ts';
import { type Flight, Wire } from './rtp-midi-wire.ts';

const PLAYER = '10.0.0.1';
const PORT = 5004;
const HOLD = fromMillis(3);
/** Nothing but guard packets for so long: paced SysEx is through as well. */
const DRAINED = 300_000;
const PACED_OCTETS = 400;
const DRAINED_PACED = 3_000_000;
/** Longer than any packet is on its way. */
const REBOOT = 250_000;
const RECONNECT = 30_000_000;
const QUIET = 8_000_000;
const SETTLE = 90_000_000;
/** Until a listener that has its SSRC again is known to know nothing. */
const PATIENCE = 20_000_000;

export class Stage implements Scene {
  readonly clock = new VirtualClock();
  readonly listeners: Listener[] = [];
  readonly wrong: string[] = [];
  /** By all players there were. */
  readonly played: PlayedNote[] = [];
  synth = new Synthesizer();
  /** Called with each datagram that arrives, whoever it is for. */
  onDatagram: (bytes: Uint8Array, flight: Flight) => void = () => undefined;
  readonly #conditions: Conditions;
  readonly wire: Wire;
  #player: RtpMidiEndpoint | undefined;
  #names = 0;

  private constructor(conditions: Conditions) {
    this.#conditions = conditions;
    this.wire = new Wire(this.clock, conditions.seed, {
      swallow: (bytes, flight) => this.#swallows(bytes, flight),
      lost: (bytes, flight) => this.#listenerOf(flight)?.reception.lost(bytes, flight),
      arrives: (bytes, flight) => {
        this.onDatagram(bytes, flight);
        this.#listenerOf(flight)?.arrives(bytes, flight, this.clock.now());
      },
    });
  }

  static async open(conditions: Conditions): Promise<Stage> {
    const stage = new Stage(conditions);
    for (const [index, path] of conditions.paths.entries()) {
      const listener = new Listener(stage, `10.0.0.${index + 2}`, path);
      const profile = profileOf(path);
      stage.wire.setProfile(PLAYER, listener.address, profile);
      stage.wire.setProfile(listener.address, PLAYER, profile);
      stage.listeners.push(listener);
    }
    await stage.#openPlayer(undefined);
    for (const listener of stage.listeners) await stage.#openListener(listener, undefined);
    stage.#connect();
    return stage;
  }

  get player(): RtpMidiEndpoint {
    if (!this.#player) throw new Error('nobody plays');
    return this.#player;
  }

  get now(): Instant {
    return this.clock.now();
  }

  /** Sends at once, all in one burst. */
  play(messages: readonly MidiMessage[]): void {
    const now = this.now;
    for (const message of messages) {
      this.player.send(message, now);
      this.synth.take(message, now);
      if (message.kind === 'noteOn') this.played.push({ ...message, at: now });
    }
    this.player.flush();
  }

  wait(micros: number): void {
    this.clock.advance(micros as Micros);
  }

  /** What was played and heard so far is not compared any more. */
  forget(): void {
    this.played.length = 0;
    this.synth.sysEx.length = 0;
    for (const listener of this.listeners) listener.forget();
  }

  async restartPlayer(ending: Ending): Promise<void> {
    const { ssrc } = this.player;
    if (ending === 'bye') await this.player[Symbol.asyncDispose]();
    if (ending === 'killAgain') this.#reboot(PLAYER);
    for (const listener of this.listeners) listener.playerIsGone(this.now);
    this.synth = new Synthesizer();
    await this.#openPlayer(ending === 'killAgain' ? ssrc : undefined);
    // Whoever was invited by the one before is invited again; the others find it by themselves.
    for (const listener of this.listeners)
      if (!listener.path.invites) this.player.connect({ host: listener.address, port: PORT });
  }

  async restartListener(index: number, ending: Ending): Promise<void> {
    const listener = this.listeners[index % this.listeners.length] as Listener;
    const { ssrc } = listener.endpoint;
    if (ending === 'bye') await listener.endpoint[Symbol.asyncDispose]();
    if (ending === 'killAgain') this.#reboot(listener.address);
    await this.#openListener(listener, ending === 'killAgain' ? ssrc : undefined);
    if (listener.path.invites) listener.endpoint.connect({ host: PLAYER, port: PORT });
  }

  /** Until all is said and heard; then what differs is noted. */
  settle(): void {
    const until = this.now + SETTLE;
    // A session may break off while we wait: then all begins anew.
    while (!this.#settled()) {
      if (this.now >= until) {
        this.wrong.push(`not connected or not quiet after a minute: ${this.#sight()}`);
        return;
      }
      if (!this.#meet(until)) continue;
      this.#calmDown();
      this.wait(REPAIRED_WITHIN);
    }
    const patient = this.now + PATIENCE;
    const wait = (): boolean => this.listeners.some((listener) => listener.awaitsState());
    while (wait() && this.now < patient) this.wait(100_000);
    for (const listener of this.listeners) this.wrong.push(...listener.judge());
  }

  #settled(): boolean {
    return (
      this.#connected() &&
      this.listeners.every(
        ({ reception: { caughtUpAt, lastCommandAt } }) =>
          caughtUpAt !== undefined &&
          this.now - caughtUpAt >= REPAIRED_WITHIN &&
          this.now - lastCommandAt >= this.#drained,
      )
    );
  }

  /** Much SysEx may wait for the slowest listener's word. */
  get #drained(): number {
    const octets = this.synth.sysEx.reduce((sum, { length }) => sum + length, 0);
    return octets > PACED_OCTETS ? DRAINED_PACED : DRAINED;
  }

  #meet(until: number): boolean {
    const calmAt = this.now + RECONNECT;
    while (!this.#connected() && this.now < until) {
      if (this.now >= calmAt) this.wire.calm();
      this.wait(20_000);
    }
    return this.#connected();
  }

  /** Until each listener has a packet that was sent no earlier than the last command. */
  #calmDown(): void {
    const until = this.now + QUIET;
    const quiet = (): boolean =>
      this.listeners.every(
        ({ reception: { caughtUpAt, lastCommandAt } }) =>
          caughtUpAt !== undefined && this.now - lastCommandAt >= this.#drained,
      );
    while (!quiet() && this.now < until) this.wait(10_000);
    if (quiet()) return;
    // All that followed the last command was lost: one more packet ends any such path.
    this.wire.calm();
    this.play([{ kind: 'activeSensing' }]);
    this.wait(this.#drained);
    while (!quiet() && this.now < until + QUIET) this.wait(10_000);
  }

  #sight(): string {
    const all = [this.player, ...this.listeners.map(({ endpoint }) => endpoint)];
    const seen = all.map(
      ({ ssrc, peers }) => `${ssrc} sees ${peers.map((peer) => peer.ssrc).join(' ')}`,
    );
    return seen.join(', ');
  }

  /** With the SSRC that it had it can't be told from what it was: what was on its way is over by then. */
  #reboot(address: string): void {
    this.wire.host(address);
    this.wait(REBOOT);
  }

  #connected(): boolean {
    const hosts = this.player.peers.map(({ address }) => address.host);
    return this.listeners.every(
      ({ address, reception }) => reception.firstArrivalAt !== undefined && hosts.includes(address),
    );
  }

  #connect(): void {
    for (const { path, address, endpoint } of this.listeners) {
      if (path.invites) endpoint.connect({ host: PLAYER, port: PORT });
      else this.player.connect({ host: address, port: PORT });
    }
  }

  async #openPlayer(ssrc: number | undefined): Promise<void> {
    const player = await this.#openEndpoint(PLAYER, ssrc);
    player.onPeer((peer, state) => {
      if (state !== 'joined' || player !== this.#player) return;
      this.listeners.find(({ address }) => address === peer.address.host)?.joined();
    });
    this.#player = player;
  }

  async #openListener(listener: Listener, ssrc: number | undefined): Promise<void> {
    listener.attach(await this.#openEndpoint(listener.address, ssrc), ssrc !== undefined);
  }

  #openEndpoint(address: string, ssrc: number | undefined): Promise<RtpMidiEndpoint> {
    const { seed, begin, journal, redundancy } = this.#conditions;
    const randomness = seededRandomness(`${seed}/${address}/${this.#names++}`);
    const init: RtpMidiInit & Pick<Conditions, 'journal' | 'redundancy'> = {
      name: address,
      port: PORT,
      reorderHold: HOLD,
      journal,
      redundancy,
    };
    return openRtpMidiEndpoint(
      {
        clock: this.clock,
        network: this.wire.host(address),
        randomness: beginningAt(randomness, begin, ssrc, Number(address.at(-1))),
        log: silentLog,
      },
      init,
    );
  }

  #listenerOf({ from, to }: Flight): Listener | undefined {
    if (from !== PLAYER || to.port !== PORT + 1) return undefined;
    return this.listeners.find(({ address }) => address === to.host);
  }

  #swallows(bytes: Uint8Array, flight: Flight): boolean {
    const other = flight.from === PLAYER ? flight.to.host : flight.from;
    const listener = this.listeners.find(({ address }) => address === other);
    if (!listener) return false;
    this.#listenerOf(flight)?.reception.sent(bytes, this.now);
    if (this.now < listener.cutUntil) return true;
    const isReport = bytes[0] === 0xff && bytes[2] === 0x52 && bytes[3] === 0x53;
    return isReport && !listener.path.reports && flight.from !== PLAYER;
  }
}
