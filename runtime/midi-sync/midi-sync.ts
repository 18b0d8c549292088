/**
 * MIDI clock and MIDI Time Code for the instruments at this box: regenerated, never forwarded raw.
 *
 * Takes  the clock, transport and time code messages of remote streams with their times of performance; those played here;
 *        the session's timeline.
 * Gives  evenly timed messages to `play`, by one source of them at a time; which one that is.
 * Keeps  followers for at most 64 streams. The first that runs is followed until it stops and another runs, or it is silent.
 *        What is played here counts like a stream, and nothing is regenerated while it leads: its own thru is for that.
 * Lane   2. One alarm. Allocates nothing per message once a stream is known.
 */
import type { EnsembleContext } from '../core/ensemble.ts';
import { isFullFrame } from '../core/full-frame.ts';
import { isClockMessage, type MidiMessage } from '../core/midi-message.ts';
import { fromMillis, type Instant, type Micros } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import { CLOCKS_PER_QUARTER, ClockFollower } from './clock-follower.ts';
import { ClockGenerator } from './clock-generator.ts';
import { SessionClock, type SessionTime } from './session-clock.ts';
import { TimeCodeFollower } from './time-code-follower.ts';
import { TimeCodeGenerator } from './time-code-generator.ts';

export type ClockOut = 'off' | 'follow' | 'session';
export type TimeCodeOut = 'off' | 'follow';

export interface MidiSyncDeps {
  readonly clock: Clock;
  readonly ensembleClock: SessionTime;
  /** Must not block nor throw. `due` may have passed. */
  readonly play: (message: MidiMessage, due: Instant) => void;
  /** How long after their performance a stream's notes sound; undefined: nothing is known of it. */
  readonly delayOf: (source: string) => Micros | undefined;
}

export interface MidiSyncInit {
  readonly clockOut: ClockOut;
  readonly timeCodeOut: TimeCodeOut;
  /** Behind what is followed; undefined: as long as that stream's notes. */
  readonly delay?: Micros;
}

/** What the instruments here are told. */
export interface MidiSyncStatus {
  /** Whose clock: a stream's source, `self` for what is played here, `session`; undefined: nobody's. */
  readonly clockFrom: string | undefined;
  readonly running: boolean;
  /** Quarter notes a minute; undefined while unknown. */
  readonly bpm: number | undefined;
  /** Clocks since the beginning of the song. */
  readonly position: number;
  /** Times that an instrument had to be stopped and moved to stay at the right place. */
  readonly relocations: number;
  readonly timeCodeFrom: string | undefined;
}

export interface MidiSync extends AsyncDisposable {
  /** A remote stream's message of any kind: what is no clock, transport or time code is passed over. */
  receive(
    source: string,
    message: MidiMessage,
    performedAt: Instant,
    recovered: boolean,
    packetsLost: number,
  ): void;
  /** What is played here. */
  play(message: MidiMessage, at: Instant): void;
  /** The stream ended. If its clock was followed, it stops. */
  remove(source: string): void;
  setContext(context: EnsembleContext | undefined): void;
  readonly status: MidiSyncStatus;
}

const SELF = 'self';
const SESSION = 'session';
const MAX_STREAMS = 64;
/** How often the delay of the notes is asked for. */
const DELAY_PERIOD: Micros = fromMillis(250);
const SILENCE: Micros = fromMillis(500);
/** How often the session's time is asked for as long as it is not known. */
const WAITING: Micros = fromMillis(50);

interface Followed {
  readonly source: string;
  readonly clock: ClockFollower;
  readonly timeCode: TimeCodeFollower;
}

export function openMidiSync(deps: MidiSyncDeps, init: MidiSyncInit): MidiSync {
  return new Room(deps, init);
}

class Room implements MidiSync {
  readonly #deps: MidiSyncDeps;
  readonly #init: MidiSyncInit;
  readonly #streams = new Map<string, Followed>();
  readonly #session: SessionClock;
  readonly #clocks: ClockGenerator;
  readonly #code: TimeCodeGenerator;
  readonly #alarm: ReturnType<Clock['alarm']>;
  #leader: Followed | undefined;
  #codeLeader: Followed | undefined;
  #delayAt = Number.NEGATIVE_INFINITY;
  #context: EnsembleContext | undefined;
  #timeKnown = false;

  constructor(deps: MidiSyncDeps, init: MidiSyncInit) {
    this.#deps = deps;
    this.#init = init;
    this.#clocks = new ClockGenerator(deps.play);
    this.#code = new TimeCodeGenerator(deps.play);
    this.#session = new SessionClock(deps.ensembleClock, () => deps.clock.now());
    this.#alarm = deps.clock.alarm(() => this.#run());
    if (init.clockOut === 'session') this.#clocks.follow(this.#session);
  }

  get status(): MidiSyncStatus {
    const { clockOut } = this.#init;
    const followed = this.#leader?.clock;
    const source = clockOut === 'session' ? this.#session : followed;
    const period = source?.period ?? 0;
    return {
      clockFrom: clockOut === 'session' ? SESSION : this.#leader?.source,
      running: this.#leader?.source === SELF ? this.#leader.clock.running : this.#clocks.running,
      bpm: period > 0 ? 60_000_000 / (period * CLOCKS_PER_QUARTER) : undefined,
      position: this.#clocks.position,
      relocations: this.#clocks.relocations,
      timeCodeFrom: this.#codeLeader?.source,
    };
  }

  receive(
    source: string,
    message: MidiMessage,
    performedAt: Instant,
    recovered: boolean,
    packetsLost: number,
  ): void {
    const isCode = message.kind === 'mtcQuarterFrame' || isFullFrame(message);
    if (!isCode && !isClockMessage(message)) return;
    if ((isCode ? this.#init.timeCodeOut : this.#init.clockOut) !== 'follow') return;
    const stream = this.#streams.get(source) ?? this.#add(source);
    if (!stream) return;
    if (isCode) {
      stream.timeCode.receive(message, performedAt, recovered, packetsLost);
      this.#chooseCode(stream);
    } else {
      stream.clock.receive(message, performedAt, recovered, packetsLost);
      this.#choose(stream);
    }
    // The journal speaks in several messages; they are weighed when all are here.
    if (recovered) this.#alarm.set(this.#deps.clock.now());
    else this.#run();
  }

  play(message: MidiMessage, at: Instant): void {
    this.receive(SELF, message, at, false, 0);
  }

  remove(source: string): void {
    const stream = this.#streams.get(source);
    if (!stream) return;
    this.#streams.delete(source);
    if (stream === this.#leader) this.#lead(undefined);
    if (stream === this.#codeLeader) this.#leadCode(undefined);
  }

  setContext(context: EnsembleContext | undefined): void {
    if (this.#init.clockOut !== 'session') return;
    if (context?.session !== this.#context?.session) this.#timeKnown = false;
    this.#context = context;
    this.#adopt();
    this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#alarm[Symbol.dispose]();
    this.#clocks.release(this.#deps.clock.now());
    this.#code.release();
    this.#streams.clear();
  }

  /** Until the session's time is known once, instruments have none; a reference that is gone for a while is carried on. */
  #adopt(): void {
    const context = this.#context;
    this.#timeKnown ||= this.#deps.ensembleClock.synced;
    const known = this.#timeKnown ? context : undefined;
    if (!this.#session.set(known?.timeline, known?.song)) return;
    this.#clocks.release(this.#deps.clock.now());
    this.#clocks.follow(this.#session);
  }

  #add(source: string): Followed | undefined {
    if (this.#streams.size >= MAX_STREAMS) return undefined;
    const stream = { source, clock: new ClockFollower(), timeCode: new TimeCodeFollower() };
    this.#streams.set(source, stream);
    return stream;
  }

  #choose(stream: Followed): void {
    const leader = this.#leader;
    if (stream === leader) return;
    const isOver = leader === undefined || this.#isSilent(leader.clock);
    if (isOver || (!leader.clock.running && stream.clock.running)) this.#lead(stream);
    // Of one that is not followed nothing is pending.
    else stream.clock.changes.clear();
  }

  #chooseCode(stream: Followed): void {
    const leader = this.#codeLeader;
    if (stream === leader) return;
    if (leader === undefined || this.#isSilent(leader.timeCode)) this.#leadCode(stream);
  }

  #isSilent(follower: { readonly silentAt: number }): boolean {
    return this.#deps.clock.now() > follower.silentAt + SILENCE;
  }

  #lead(stream: Followed | undefined): void {
    this.#leader = stream;
    this.#clocks.release(this.#deps.clock.now());
    if (stream && stream.source !== SELF) {
      this.#askDelay(stream, this.#clocks);
      this.#clocks.follow(stream.clock);
    }
  }

  #leadCode(stream: Followed | undefined): void {
    this.#codeLeader = stream;
    this.#code.release();
    if (stream && stream.source !== SELF) {
      this.#askDelay(stream, this.#code);
      this.#code.follow(stream.timeCode);
    }
  }

  #askDelay(stream: Followed, generator: { delay: Micros }): void {
    const delay = this.#init.delay ?? this.#deps.delayOf(stream.source);
    if (delay !== undefined) generator.delay = Math.max(0, delay) as Micros;
  }

  #run(): void {
    const now = this.#deps.clock.now();
    const leader = this.#leader;
    if (now - this.#delayAt >= DELAY_PERIOD) {
      this.#delayAt = now;
      if (leader) this.#askDelay(leader, this.#clocks);
      if (this.#codeLeader) this.#askDelay(this.#codeLeader, this.#code);
    }
    const waits = this.#context !== undefined && !this.#timeKnown;
    if (waits) this.#adopt();
    leader?.clock.settle();
    const wake = Math.min(this.#clocks.step(now), this.#code.step(now));
    if (waits) this.#alarm.set((now + WAITING) as Instant);
    else if (wake < Number.POSITIVE_INFINITY) this.#alarm.set(wake as Instant);
    else this.#alarm.clear();
  }
}
