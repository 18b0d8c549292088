/**
 * MIDI manager: everything that is played on this box, as messages.
 *
 * Takes  raw bytes from any number of inputs, which come and go.
 * Gives  time-stamped messages, filtered and capped, on two routes: what is played into the session (`onPlayed`), and
 *        what goes straight to this box's own output (`onThru`).
 * Keeps  what each input holds on each route: when an input goes, or a route is closed to it, the notes and pedals that it
 *        left are ended. What ends something is never filtered, capped or delayed.
 * Lane   0. A ring of the last events instead of a log.
 */
import { PortError } from '../core/errors.ts';
import { Teardown } from '../core/lifecycle.ts';
import { Listeners } from '../core/listeners.ts';
import type { MidiMessage } from '../core/midi-message.ts';
import type { Instant } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { MidiInput } from '../ports/midi-input.ts';
import { InputStream } from './input-stream.ts';
import { DEFAULT_FILTERS, type MidiFilters } from './midi-filters.ts';
import { type RecentEvent, RecentEvents } from './recent-events.ts';

/** Names of inputs, or all of them. */
type InputChoice = 'all' | readonly string[];

interface MidiRoutes {
  /** Which inputs are played into the session. */
  readonly session: InputChoice;
  /** Which inputs sound on this box's own output. */
  readonly thru: InputChoice;
}

export interface MidiManagerInit {
  readonly filters?: MidiFilters;
  /** Default: all inputs into the session, none to thru. */
  readonly routes?: MidiRoutes;
  /** Longest SysEx in octets. Default 1 MiB. */
  readonly maxSysEx?: number;
}

interface MidiManagerStats {
  /** Messages read from all inputs, passed on or not. */
  readonly events: number;
  /** Malformed input: stray octets, undefined status octets, cut messages, SysEx without end or too long. */
  readonly faults: number;
  /** Messages of blocked kinds. */
  readonly filtered: number;
  /** Messages that were lost to a cap. */
  readonly capped: number;
  readonly inputs: number;
}

export interface MidiManager extends AsyncDisposable {
  /**
   * Adopts an input: reads it until it is lost or the returned handle is disposed, which ends what it holds and disposes
   * the input.
   */
  addInput(input: MidiInput): AsyncDisposable;
  /** Everything played here that passed, in order, with the instant when it arrived. */
  onPlayed(listener: (message: MidiMessage, at: Instant) => void): Disposable;
  /** The same for the inputs that sound on this box's own output. */
  onThru(listener: (message: MidiMessage, at: Instant) => void): Disposable;
  readonly filters: MidiFilters;
  /** Applies from the next message on; caps start anew. */
  setFilters(filters: MidiFilters): void;
  readonly routes: MidiRoutes;
  setRoutes(routes: MidiRoutes): void;
  readonly stats: MidiManagerStats;
  /** The last 256 messages of all inputs, oldest first. */
  recent(): readonly RecentEvent[];
}

const DEFAULT_ROUTES: MidiRoutes = { session: 'all', thru: [] };

export function openMidiManager(
  deps: { readonly clock: Clock },
  init: MidiManagerInit = {},
): MidiManager {
  const { clock } = deps;
  const counts = { events: 0, faults: 0, filtered: 0, capped: 0 };
  const played = new Listeners<[MidiMessage, Instant]>();
  const thru = new Listeners<[MidiMessage, Instant]>();
  const recent = new RecentEvents();
  const removals = new Set<() => Promise<void>>();
  let streams: readonly InputStream[] = [];
  let filters = init.filters ?? DEFAULT_FILTERS;
  let routes = init.routes ?? DEFAULT_ROUTES;
  let closing = false;
  let closed: Promise<void> | undefined;

  function applyRoutes(stream: InputStream): void {
    stream.route(chosen(routes.session, stream.name), chosen(routes.thru, stream.name));
  }

  function addInput(input: MidiInput): AsyncDisposable {
    if (closing) throw new PortError('closed', 'the MIDI manager is closed');
    const stream = new InputStream(input.name, {
      clock,
      counts,
      recent,
      filters,
      maxSysEx: init.maxSysEx,
      played,
      thru,
    });
    applyRoutes(stream);
    const held = new Teardown();
    held.hold(input);
    held.hold(stream);
    held.hold(input.onBytes((bytes, at) => stream.push(bytes, at)));
    let removed: Promise<void> | undefined;
    const remove = (): Promise<void> => {
      streams = streams.filter((other) => other !== stream);
      removals.delete(remove);
      removed ??= held[Symbol.asyncDispose]();
      return removed;
    };
    held.hold(
      input.onLost(() => {
        stream.release();
        // The device is gone: how its release fares changes nothing.
        remove().catch(() => {});
      }),
    );
    streams = [...streams, stream];
    removals.add(remove);
    return { [Symbol.asyncDispose]: remove };
  }

  return {
    addInput,
    onPlayed: (listener) => played.add(listener),
    onThru: (listener) => thru.add(listener),
    get filters() {
      return filters;
    },
    setFilters(next) {
      filters = next;
      for (const stream of streams) stream.filter(next);
    },
    get routes() {
      return routes;
    },
    setRoutes(next) {
      routes = next;
      for (const stream of streams) applyRoutes(stream);
    },
    get stats() {
      return { ...counts, inputs: streams.length };
    },
    recent: () => recent.list(),
    [Symbol.asyncDispose]() {
      closing = true;
      closed ??= (async () => {
        const held = new Teardown();
        for (const remove of removals) held.defer(remove);
        await held[Symbol.asyncDispose]();
        played.clear();
        thru.clear();
      })();
      return closed;
    },
  };
}

function chosen(choice: InputChoice, name: string): boolean {
  return choice === 'all' || choice.includes(name);
}
