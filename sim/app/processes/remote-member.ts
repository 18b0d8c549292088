/**
 * A member of the band in a process of its own, behind the same handle as one in this process.
 *
 * Takes  what it tells over IPC. Gives  a BandMember whose facts are those last told.
 * Keeps  the last frame, LEDs, session, player state and statistics. A process that ends by itself is told once as an
 *        exception of the next wish; what it played ends at the other boxes as after any lost peer.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { PortError, type PortErrorCode } from '../../../runtime/core/errors.ts';
import { Teardown } from '../../../runtime/core/lifecycle.ts';
import { Listeners } from '../../../runtime/core/listeners.ts';
import type { Announcement, Discovery } from '../../../runtime/ports/discovery.ts';
import { FRAME_BYTES } from '../../../runtime/ports/display.ts';
import { NO_STATS, type SimHearing, type SimPlayer, STOPPED } from '../host.ts';
import type { SimFate, SimForecast } from '../prediction-protocol.ts';
import type {
  SimBoxStats,
  SimControl,
  SimLeds,
  SimNote,
  SimPlayerState,
  SimSession,
} from '../protocol.ts';
import type { BandMember, SongTime } from '../simulated-band.ts';
import type {
  FromMember,
  MemberCall,
  MemberFacts,
  MemberStart,
  ToMember,
} from './member-messages.ts';

/** Rejects with what its opening failed of. `discovery` is shared by all members. */
export async function openRemoteMember(
  discovery: Discovery,
  start: MemberStart,
  now: () => number,
): Promise<BandMember> {
  const program = fileURLToPath(new URL('./member-process.js', import.meta.url));
  const child = fork(program, { serialization: 'advanced' });
  const member = new RemoteMember(child, discovery, start.index, now);
  try {
    await member.open(start);
    return member;
  } catch (failure) {
    child.kill();
    throw failure;
  }
}

interface Wish {
  readonly resolve: (facts: MemberFacts | undefined) => void;
  readonly reject: (failure: Error) => void;
}

class RemoteMember implements BandMember {
  readonly index: number;
  readonly player: SimPlayer;
  frame: Uint8Array = new Uint8Array(FRAME_BYTES);
  brightness = 1;
  leds: SimLeds = { link: 0, activity: 0 };
  session: SimSession | undefined;
  hears: readonly string[] = [];
  readonly #child: ChildProcess;
  readonly #discovery: Discovery;
  readonly #now: () => number;
  readonly #held = new Teardown();
  readonly #wishes = new Map<number, Wish>();
  readonly #announcements = new Map<number, Announcement>();
  readonly #frames = new Listeners<[frame: Uint8Array, brightness: number]>();
  readonly #leds = new Listeners<[leds: SimLeds]>();
  readonly #notes = new Listeners<[note: SimNote]>();
  readonly #controls = new Listeners<[control: SimControl]>();
  readonly #sessions = new Listeners<[session: SimSession | undefined]>();
  readonly #players = new Listeners<[state: SimPlayerState]>();
  readonly #fates = new Listeners<[fate: SimFate]>();
  readonly #forecasts = new Listeners<[forecast: SimForecast]>();
  #facts: MemberFacts = { id: '', name: '' };
  #playing: SimPlayerState = STOPPED;
  #stats: SimBoxStats = NO_STATS;
  #stuck: () => number = () => 0;
  #ids = 0;

  constructor(child: ChildProcess, discovery: Discovery, index: number, now: () => number) {
    this.index = index;
    this.#child = child;
    this.#discovery = discovery;
    this.#now = now;
    child.on('message', (message) => this.#take(message as FromMember));
    child.once('exit', (code) => this.#ended(code));
    const play = (piece: string, track: number, loop: boolean): void =>
      this.playAt(piece, [track], loop, this.#now());
    const state = (): SimPlayerState => this.#playing;
    this.player = {
      get state() {
        return state();
      },
      play,
      stop: () => this.#send({ kind: 'stop' }),
      setLoop: (loop) => this.#send({ kind: 'setLoop', loop }),
      onState: (listener) => this.#players.add(listener),
    };
  }

  get id(): string {
    return this.#facts.id;
  }
  get name(): string {
    return this.#facts.name;
  }

  async open(start: MemberStart): Promise<void> {
    this.#facts = (await this.#wish({ kind: 'open', start })) ?? this.#facts;
  }
  async create(): Promise<void> {
    await this.#wish({ kind: 'create' });
  }
  async joinWith(session: string, signal: AbortSignal): Promise<void> {
    await this.#wish({ kind: 'join', session }, signal);
  }
  turn(detents: number): void {
    this.#send({ kind: 'turn', detents });
  }
  press(): void {
    this.#send({ kind: 'press' });
  }
  release(): void {
    this.#send({ kind: 'release' });
  }
  play(bytes: Uint8Array): void {
    this.#send({ kind: 'play', bytes });
  }
  playAt(piece: string, tracks: readonly number[], loop: boolean, at: number): void {
    this.#send({ kind: 'playAt', piece, tracks, loop, at });
  }
  conduct(time: SongTime | undefined): void {
    // Only what can be sent: a song is far more.
    const wanted = time && { bpm: time.bpm, beatsPerBar: time.beatsPerBar };
    this.#send({ kind: 'conduct', time: wanted });
  }
  panic(): void {
    this.#send({ kind: 'panic' });
  }
  hear(participant: string, how: SimHearing): void {
    this.#send({ kind: 'hear', participant, how });
  }
  watch(on: boolean): void {
    this.#send({ kind: 'watch', on });
  }
  setProfile(name: string, to?: string): void {
    this.#send({ kind: 'setProfile', name, to });
  }
  judgeStuck(stuck: () => number): void {
    this.#stuck = stuck;
  }
  stats(): SimBoxStats {
    return { ...this.#stats, stuck: this.#stuck() };
  }

  onFrame(listener: (frame: Uint8Array, brightness: number) => void): Disposable {
    return this.#frames.add(listener);
  }
  onLeds(listener: (leds: SimLeds) => void): Disposable {
    return this.#leds.add(listener);
  }
  onNote(listener: (note: SimNote) => void): Disposable {
    return this.#notes.add(listener);
  }
  onControl(listener: (control: SimControl) => void): Disposable {
    return this.#controls.add(listener);
  }
  onSession(listener: (session: SimSession | undefined) => void): Disposable {
    return this.#sessions.add(listener);
  }
  onFate(listener: (fate: SimFate) => void): Disposable {
    return this.#fates.add(listener);
  }
  onForecast(listener: (forecast: SimForecast) => void): Disposable {
    return this.#forecasts.add(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    if (this.#child.exitCode === null && this.#child.connected) {
      await this.#wish({ kind: 'close' });
      await ended;
    }
    await this.#held[Symbol.asyncDispose]();
    for (const announcement of this.#announcements.values()) {
      await announcement[Symbol.asyncDispose]();
    }
  }

  #send(message: ToMember): void {
    if (this.#child.connected) this.#child.send(message);
  }

  #wish(call: MemberCall, signal?: AbortSignal): Promise<MemberFacts | undefined> {
    const id = ++this.#ids;
    signal?.addEventListener('abort', () => this.#send({ kind: 'cancel', id }), { once: true });
    return new Promise((resolve, reject) => {
      if (!this.#child.connected) {
        reject(new PortError('disconnected', `the process of box ${this.index} is gone`));
        return;
      }
      this.#wishes.set(id, { resolve, reject });
      this.#send({ kind: 'call', id, call });
    });
  }

  #ended(code: number | null): void {
    const failure = new PortError(
      'disconnected',
      `the process of box ${this.index} ended by itself (status ${code})`,
    );
    for (const wish of this.#wishes.values()) wish.reject(failure);
    this.#wishes.clear();
    this.hears = [];
  }

  #take(message: FromMember): void {
    switch (message.kind) {
      case 'answer':
        this.#wishes.get(message.id)?.resolve(message.facts);
        this.#wishes.delete(message.id);
        break;
      case 'failure': {
        const { code, message: text } = message;
        const failure =
          code === undefined ? new Error(text) : new PortError(code as PortErrorCode, text);
        this.#wishes.get(message.id)?.reject(failure);
        this.#wishes.delete(message.id);
        break;
      }
      case 'frame':
        this.frame = message.frame;
        this.brightness = message.brightness;
        this.#frames.emit(message.frame, message.brightness);
        break;
      case 'leds':
        this.leds = message.leds;
        this.#leds.emit(message.leds);
        break;
      case 'note':
        this.#notes.emit(message.note);
        break;
      case 'control':
        this.#controls.emit(message.control);
        break;
      case 'session':
        this.session = message.session;
        this.#sessions.emit(message.session);
        break;
      case 'player':
        this.#playing = message.state;
        this.#players.emit(message.state);
        break;
      case 'fate':
        this.#fates.emit(message.fate);
        break;
      case 'forecast':
        this.#forecasts.emit(message.forecast);
        break;
      case 'stats':
        this.#stats = message.stats;
        this.hears = message.hears;
        break;
      case 'announce':
        void this.#announce(message.id, message.advert);
        break;
      case 'update':
        void this.#announcements.get(message.id)?.update(message.txt);
        break;
      case 'withdraw':
        void this.#announcements.get(message.id)?.[Symbol.asyncDispose]();
        this.#announcements.delete(message.id);
        break;
      case 'browse': {
        const { type } = message;
        this.#held.hold(
          this.#discovery.browse(type, (services) => this.#send({ kind: 'found', type, services })),
        );
        break;
      }
    }
  }

  async #announce(
    id: number,
    advert: Extract<FromMember, { kind: 'announce' }>['advert'],
  ): Promise<void> {
    const announcement = await this.#discovery.announce(advert);
    this.#announcements.set(id, announcement);
    this.#send({ kind: 'announced', id, name: announcement.name });
  }
}
