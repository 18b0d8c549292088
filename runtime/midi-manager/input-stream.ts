/**
 * One input's way from bytes to the routes: parse, filter, cap, remember what it holds.
 *
 * Takes  bytes with the instant when they arrived.
 * Gives  messages to the listeners of each route that is open to it, and of a closed one what ends a note there.
 * Keeps  the parser, the caps and what is held on each route. A message that waited for a cap carries the instant when
 *        its turn came, so that instants never go backwards.
 */
import type { Listeners } from '../core/listeners.ts';
import type { MidiKind, MidiMessage } from '../core/midi-message.ts';
import type { Instant } from '../core/time.ts';
import type { Alarm, Clock } from '../ports/clock.ts';
import { ByteStreamParser, type EmitMessage } from './byte-stream-parser.ts';
import { HeldVoices } from './held-voices.ts';
import type { MidiFilters } from './midi-filters.ts';
import { RateCaps } from './rate-caps.ts';
import type { RecentEvents } from './recent-events.ts';

export interface InputStreamDeps {
  readonly clock: Clock;
  /** Shared by all inputs. */
  readonly counts: { events: number; faults: number; filtered: number; capped: number };
  readonly recent: RecentEvents;
  readonly filters: MidiFilters;
  readonly maxSysEx: number | undefined;
  readonly played: Listeners<[MidiMessage, Instant]>;
  readonly thru: Listeners<[MidiMessage, Instant]>;
}

interface Route {
  readonly listeners: Listeners<[MidiMessage, Instant]>;
  readonly held: HeldVoices;
  open: boolean;
}

export class InputStream implements Disposable {
  readonly name: string;
  readonly #deps: InputStreamDeps;
  readonly #parser: ByteStreamParser;
  readonly #session: Route;
  readonly #thru: Route;
  readonly #turn: Alarm;
  readonly #accept: EmitMessage = (message, at) => this.#consider(message, at);
  #blocked: ReadonlySet<MidiKind>;
  #caps: RateCaps;
  #faultsSeen = 0;
  #lastAt: Instant;

  constructor(name: string, deps: InputStreamDeps) {
    this.name = name;
    this.#deps = deps;
    this.#parser = new ByteStreamParser(
      deps.maxSysEx === undefined ? {} : { maxSysEx: deps.maxSysEx },
    );
    this.#session = { listeners: deps.played, held: new HeldVoices(), open: false };
    this.#thru = { listeners: deps.thru, held: new HeldVoices(), open: false };
    this.#turn = deps.clock.alarm(() => this.#takeTurns());
    this.#blocked = new Set(deps.filters.block);
    this.#caps = new RateCaps(deps.filters);
    this.#lastAt = deps.clock.now();
  }

  push(bytes: Uint8Array, at: Instant): void {
    this.#parser.push(bytes, at > this.#lastAt ? at : this.#lastAt, this.#accept);
    const faults = this.#parser.faultCount;
    this.#deps.counts.faults += faults - this.#faultsSeen;
    this.#faultsSeen = faults;
  }

  /** New filters; what waits for an old cap passes now. */
  filter(filters: MidiFilters): void {
    const now = this.#deps.clock.now();
    const old = this.#caps;
    this.#blocked = new Set(filters.block);
    this.#caps = new RateCaps(filters);
    for (let message = old.flush(); message; message = old.flush()) this.#deliver(message, now);
    this.#turn.clear();
  }

  route(session: boolean, thru: boolean): void {
    this.#session.open = session;
    this.#thru.open = thru;
    if (!session) this.#end(this.#session);
    if (!thru) this.#end(this.#thru);
  }

  /** Ends all that the input holds. */
  release(): void {
    this.#end(this.#session);
    this.#end(this.#thru);
  }

  [Symbol.dispose](): void {
    this.#turn[Symbol.dispose]();
    this.release();
  }

  #consider(message: MidiMessage, at: Instant): void {
    const { counts, recent } = this.#deps;
    counts.events++;
    recent.add(at, this.name, message);
    if (this.#session.held.isEndedBy(message) || this.#thru.held.isEndedBy(message)) {
      this.#caps.supersede(message);
      this.#deliver(message, at);
      return;
    }
    if (this.#blocked.has(message.kind)) {
      counts.filtered++;
      return;
    }
    switch (this.#caps.admit(message, at)) {
      case 'pass':
        this.#deliver(message, at);
        return;
      case 'drop':
        counts.capped++;
        return;
      case 'replace':
        counts.capped++;
        return;
      case 'wait':
        this.#await(at);
    }
  }

  #takeTurns(): void {
    const now = this.#deps.clock.now();
    for (let message = this.#caps.next(now); message; message = this.#caps.next(now)) {
      this.#deliver(message, now);
    }
    this.#await(now);
  }

  #await(now: Instant): void {
    const at = this.#caps.nextAt(now);
    if (at !== undefined) this.#turn.set(at);
  }

  #deliver(message: MidiMessage, at: Instant): void {
    if (at > this.#lastAt) this.#lastAt = at;
    this.#send(this.#session, message, this.#lastAt);
    this.#send(this.#thru, message, this.#lastAt);
  }

  #send(route: Route, message: MidiMessage, at: Instant): void {
    if (!route.open && !route.held.isEndedBy(message)) return;
    route.held.note(message);
    route.listeners.emit(message, at);
  }

  #end(route: Route): void {
    const now = this.#deps.clock.now();
    route.held.release((end) => route.listeners.emit(end, now));
  }
}
