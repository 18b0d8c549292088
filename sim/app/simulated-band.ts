/**
 * The boxes of the simulator and what is between them: one host for the page's server, headless runs and tests.
 *
 * Takes  a clock and the pieces; how many boxes, on which network, with which seed.
 * Gives  SimulatorHost, gathering everybody in one session, and what became of every note.
 * Keeps  the members, in this process or each in one of its own, and the ledger of the jam.
 */
import { PortError } from '../../runtime/core/errors.ts';
import { Teardown } from '../../runtime/core/lifecycle.ts';
import { Listeners } from '../../runtime/core/listeners.ts';
import { after, fromMillis, fromSeconds, type Instant } from '../../runtime/core/time.ts';
import type { Clock, WallClock } from '../../runtime/ports/clock.ts';
import { isProfileName, NETWORK_PROFILES, PROFILE_NAMES } from '../network/profiles.ts';
import { BarLineStarts } from './bar-line.ts';
import type { SimBoxHandle, SimulatorHost } from './host.ts';
import { JamLedger } from './jam-ledger.ts';
import type { SimBoxResult, SimOptions } from './options.ts';
import { pause } from './pause.ts';
import type { PieceLibrary } from './pieces.ts';
import type { PieceInfo, ProfileInfo, SimBoxStats, SimNotice } from './protocol.ts';

/** How a piece is counted. */
export interface SongTime {
  readonly bpm: number;
  readonly beatsPerBar: number;
}

/** A box of the band, wherever it runs. */
export interface BandMember extends SimBoxHandle, AsyncDisposable {
  /** Makes a session named after the box. Rejects with PortError. */
  create(): Promise<void>;
  /** Joins the session of that name once it is found. Rejects with PortError, or the signal's reason. */
  joinWith(session: string, signal: AbortSignal): Promise<void>;
  /** Boxes whose notes arrive here, with a clock that is known. */
  readonly hears: readonly string[];
  /** Plays tracks of a piece from that instant of the band's timeline (milliseconds). */
  playAt(piece: string, tracks: readonly number[], loop: boolean, at: number): void;
  /** Sets tempo and metre of its session and starts it; undefined stops it. Does nothing in no session. */
  conduct(time: SongTime | undefined): void;
  /** How it is to know, for `stats`, which of its notes nobody holds any more: only the band hears everybody. */
  judgeStuck(stuck: () => number): void;
  /** `to`: only towards that box, by its id. */
  setProfile(profile: string, to?: string): void;
}

export interface BandDeps {
  readonly clock: Clock & WallClock;
  readonly library: PieceLibrary;
  /** Of the software, for people. */
  readonly version: string;
  /** Opens the member of that number, from 1; `origin` is 0 on the band's timeline. */
  readonly openMember: (index: number, origin: Instant) => Promise<BandMember>;
}

export interface SimulatedBand extends SimulatorHost, AsyncDisposable {
  readonly members: readonly BandMember[];
  /** Box 1 makes a session, the others join it; resolves when everybody hears everybody. */
  gather(signal: AbortSignal): Promise<void>;
  /** Deals the tracks out to the boxes, all to begin on the next bar line of the session. */
  share(piece: string, tracks: readonly number[], loop: boolean): void;
  results(): readonly SimBoxResult[];
}

const GATHER_PATIENCE = fromSeconds(30);
const LOOK = fromMillis(50);

export async function openSimulatedBand(
  deps: BandDeps,
  options: Pick<SimOptions, 'boxes' | 'profile' | 'strangers'>,
): Promise<SimulatedBand> {
  const held = new Teardown();
  try {
    const origin = deps.clock.now();
    const opening = Array.from({ length: options.boxes }, (_, index) =>
      deps.openMember(index + 1, origin),
    );
    const opened = await Promise.allSettled(opening);
    for (const member of opened) if (member.status === 'fulfilled') held.hold(member.value);
    const members = opened.map((member) => {
      if (member.status === 'rejected') throw member.reason;
      return member.value;
    });
    return new RunningBand(deps, members, origin, options, held);
  } catch (failure) {
    await held[Symbol.asyncDispose]();
    throw failure;
  }
}

class RunningBand implements SimulatedBand {
  readonly version: string;
  readonly acquainted: boolean;
  readonly members: readonly BandMember[];
  readonly profiles: readonly ProfileInfo[] = PROFILE_NAMES.map((name) => ({
    name,
    about: describeProfile(name),
  }));
  readonly #deps: BandDeps;
  readonly #origin: Instant;
  readonly #held: Teardown;
  readonly #ledger: JamLedger;
  readonly #noticed = new Listeners<[notice: SimNotice]>();
  readonly #profileChanged = new Listeners<[name: string]>();
  /** People play with the click, so music begins on one of its bar lines. */
  readonly #starts: BarLineStarts;
  #profile: string;

  constructor(
    deps: BandDeps,
    members: readonly BandMember[],
    origin: Instant,
    { profile, strangers }: Pick<SimOptions, 'profile' | 'strangers'>,
    held: Teardown,
  ) {
    this.version = deps.version;
    this.acquainted = !strangers;
    this.#deps = deps;
    this.members = members;
    this.#origin = origin;
    this.#profile = profile;
    this.#held = held;
    this.#starts = held.hold(
      new BarLineStarts({
        clock: deps.clock,
        now: () => this.now(),
        session: () => this.members[0]?.session,
      }),
    );
    const byId = new Map(members.map((member) => [member.id, member]));
    this.#ledger = new JamLedger(
      members.map(({ id }) => id),
      (listener, player) => byId.get(listener)?.hears.includes(player) === true,
    );
    for (const member of members) {
      held.hold(member.onNote((note) => this.#ledger.note(member.id, note)));
    }
    for (const member of members) member.judgeStuck(() => this.#stuck(member.id));
  }

  get boxes(): readonly SimBoxHandle[] {
    return this.members;
  }
  get profile(): string {
    return this.#profile;
  }
  get pieces(): readonly PieceInfo[] {
    return this.#deps.library.pieces;
  }

  now(): number {
    return (this.#deps.clock.now() - this.#origin) / 1_000;
  }

  setProfile(name: string, between?: { readonly from: number; readonly to: number }): void {
    if (!isProfileName(name)) {
      this.#warn(`There is no network called ${name}`);
      return;
    }
    if (!between) {
      this.#profile = name;
      for (const member of this.members) member.setProfile(name);
      this.#profileChanged.emit(name);
      return;
    }
    const to = this.members[between.to - 1];
    const from = this.members[between.from - 1];
    if (to && from) from.setProfile(name, to.id);
  }

  playTogether(piece: string, loop: boolean): void {
    const info = this.pieces.find(({ id }) => id === piece);
    if (!info) {
      this.#warn(`There is no piece called ${piece}`);
      return;
    }
    this.share(piece, [...info.tracks.keys()], loop);
  }

  share(piece: string, tracks: readonly number[], loop: boolean): void {
    const song = this.#deps.library.song(piece);
    if (!song) return;
    this.members[0]?.conduct(song);
    this.#starts.add(song.bpm, (at) => this.#deal(piece, tracks, loop, at));
  }

  #deal(piece: string, tracks: readonly number[], loop: boolean, at: number): void {
    const boxes = this.members.length;
    for (const [index, member] of this.members.entries()) {
      const own = tracks.filter((_track, place) => place % boxes === index);
      // More boxes than parts: some double.
      const parts = own.length > 0 ? own : tracks.slice(index % tracks.length).slice(0, 1);
      member.playAt(piece, parts, loop, at);
    }
  }

  stopTogether(): void {
    this.#starts.clear();
    this.members[0]?.conduct(undefined);
    for (const member of this.members) member.player.stop();
  }

  onProfile(listener: (name: string) => void): Disposable {
    return this.#profileChanged.add(listener);
  }
  onNotice(listener: (notice: SimNotice) => void): Disposable {
    return this.#noticed.add(listener);
  }

  async gather(signal: AbortSignal): Promise<void> {
    const [first, ...others] = this.members;
    if (!first) return;
    await first.create();
    await Promise.all(others.map((member) => member.joinWith(`${first.name}'s jam`, signal)));
    const { clock } = this.#deps;
    const end = after(clock.now(), GATHER_PATIENCE);
    while (this.members.some(({ hears }) => hears.length < this.members.length - 1)) {
      signal.throwIfAborted();
      if (clock.now() > end) {
        throw new PortError(
          'unavailable',
          'the boxes joined, but their RTP-MIDI streams did not come up within 30 s; try a better --profile',
        );
      }
      await pause(clock, LOOK);
    }
  }

  results(): readonly SimBoxResult[] {
    return this.members.map((member) => {
      const stats = member.stats();
      const { expected, heard, ghosts, delayP50, delayP95, jitter } = this.#ledger.listening(
        member.id,
      );
      return {
        box: member.index,
        name: member.name,
        played: stats.played,
        expected,
        heard,
        delayP50,
        delayP95,
        jitter,
        recovered: total(stats, ({ recovered }) => recovered),
        late: total(stats, ({ late }) => late),
        dropped: stats.dropped,
        ghosts,
        stuck: this.#stuck(member.id),
      };
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#held[Symbol.asyncDispose]();
  }

  #stuck(box: string): number {
    return this.#ledger.stuck(box, this.now());
  }

  #warn(text: string): void {
    this.#noticed.emit({ level: 'warn', text });
  }
}

function total(stats: SimBoxStats, of: (peer: SimBoxStats['peers'][number]) => number): number {
  return stats.peers.reduce((sum, peer) => sum + of(peer), 0);
}

function describeProfile(name: (typeof PROFILE_NAMES)[number]): string {
  const { base, jitter, loss } = NETWORK_PROFILES[name];
  if (base === 0) return 'no delay, no loss';
  const lost = (100 * loss.enter * loss.meanBurst) / (1 + loss.enter * loss.meanBurst);
  return `${base / 1_000} ms + ${jitter.mean / 1_000} ms jitter, ${lost.toFixed(1)} % lost`;
}
