/**
 * What was played here and is to be sent: the messages of one burst, then packets of them.
 *
 * Takes  messages with the time when they were performed. Gives command lists to send to everyone, each before the
 *        stream's state has taken its commands: a journal never speaks of its own packet.
 * Keeps  messages that wait, and the state that all peers' journals describe. Adding allocates nothing after warm-up.
 *
 * A SysEx goes out as far as SysExPace lets it; then it waits, and what follows it waits behind it, but for real-time
 * messages, which may stand between its segments. When something else has waited for 50 ms, or too much waits, the SysEx
 * goes out at once, in small packets, so that each journal still covers several of them.
 * Drop policy: SYSEX-BEYOND-A-MEGABYTE (a SysEx that would make more than that wait is refused), and ENDINGS-LAST (if all
 * else fails, the last half of the queue is for messages that end something). Both are counted.
 * Spec   RFC 6295 sections 3.1, 3.2 (order of segments), B.5.2 (stalls).
 */
import type { MidiMessage } from '../../core/midi-message.ts';
import { after, fromMillis, fromSeconds, type Instant } from '../../core/time.ts';
import { CommandList, LIST_OCTETS } from './command-list.ts';
import { StreamState } from './journal/stream-state.ts';
import { TakenCommands } from './taken-commands.ts';
import { type Ticks, ticksAt } from './ticks.ts';
import { WaitingMessages } from './waiting-messages.ts';

/** Messages that wait for the end of the burst; one more sends them. */
const BURST = 256;
/** A time of performance further off than this is not believed. */
const LONGEST_AGO = fromSeconds(10);
const FURTHEST_AHEAD = fromSeconds(1);
/** What is no SysEx waits behind one for no longer than this. */
const LONGEST_WAIT = fromMillis(50);
/** How often a stalled SysEx is looked after, if no report comes. */
const LOOK_EVERY = fromMillis(10);
/** A segment smaller than this waits for more room, unless it is the last. */
const SMALLEST_SEGMENT = 128;
/** F0 or F7 at both ends, and a delta time. */
const SEGMENT_OVERHEAD = 2 + 4;
/** Commands in a list take more room in a journal than in the list. */
const COMMAND_OVERHEAD = 3;
/** In a hurry: octets of a list, lists at a time, and how long until the next ones. */
const HURRIED_OCTETS = 320;
const HURRIED_LISTS = 16;
const HURRY_EVERY = fromMillis(2);

/** How much SysEx may be on its way: SysExPace, or nothing at all. */
export interface Pace {
  now(): Instant;
  /** Octets that a list with SysEx may take. */
  room(now: Instant): number;
  sent(stamp: number, now: Instant): void;
}

export class Outbox {
  readonly state: StreamState = new StreamState();
  readonly #origin: number;
  readonly #waiting = new WaitingMessages();
  readonly #list = new CommandList();
  readonly #taken = new TakenCommands();
  #pace: Pace | undefined;
  /** Octets of the first message waiting, a SysEx, that were sent. */
  #from = 0;
  #cancels = false;
  #due = Number.POSITIVE_INFINITY as Instant;
  #lastAt = Number.NEGATIVE_INFINITY as Instant;
  #firstAt = 0 as Instant;

  constructor(origin: number) {
    this.#origin = origin;
  }

  /** From now on SysEx is paced; without, it goes out as it comes. */
  setPace(pace: Pace): void {
    this.#pace = pace;
  }

  get isEmpty(): boolean {
    return this.#waiting.isEmpty && !this.#cancels;
  }

  get isFull(): boolean {
    return this.#waiting.count >= BURST;
  }

  /** A SysEx waits for word from peers: `flush` when there is some, or when it is due. */
  get isStalled(): boolean {
    return this.#due < Number.POSITIVE_INFINITY;
  }

  get due(): Instant {
    return this.#due;
  }

  /** Messages that there was no room for. */
  get dropped(): number {
    return this.#waiting.dropped;
  }

  /** SysEx that was cancelled. */
  get cancelled(): number {
    return this.#waiting.cancelled;
  }

  add(message: MidiMessage, at: Instant, now: Instant): void {
    if (message.kind === 'systemReset') this.cancelSysEx();
    const believed = at >= now - LONGEST_AGO && at <= now + FURTHEST_AHEAD ? at : now;
    this.#waiting.add(message, believed, now);
  }

  /** All SysEx that is not sent yet never will be; one that was sent in part is cancelled. */
  cancelSysEx(): void {
    this.#cancels ||= this.#from > 0;
    this.#from = 0;
    this.#waiting.dropSysEx();
  }

  /** The time for a packet without commands: never before what was sent, nor after what waits. */
  timeOfEmpty(now: Instant): Instant {
    this.#lastAt = Math.max(this.#lastAt, Math.min(now, this.#waiting.timeOfNext)) as Instant;
    return this.#lastAt;
  }

  ticksOf(at: Instant): Ticks {
    return ticksAt(at, this.#origin);
  }

  /** Calls `send` for each packet's worth, then `sent` when the state has taken it. */
  flush(
    send: (list: CommandList, first: Ticks, at: Instant) => void,
    sent: (list: CommandList) => void,
  ): void {
    const list = this.#list;
    const taken = this.#taken;
    const now = this.#pace?.now() ?? this.#waiting.newestAdded;
    const isFull = this.isFull;
    this.#due = Number.POSITIVE_INFINITY as Instant;
    for (let lists = 0; ; lists++) {
      const hurried = isFull || this.#mustHurry(now);
      if (hurried && !isFull && lists >= HURRIED_LISTS) {
        this.#due = after(now, HURRY_EVERY);
        return;
      }
      list.clear();
      taken.clear();
      this.#fill(list, now, hurried);
      if (list.length === 0) return;
      send(list, list.first, this.#firstAt);
      if (taken.apply(this.state)) this.#pace?.sent(this.state.newest, now);
      sent(list);
    }
  }

  #mustHurry(now: Instant): boolean {
    return this.#waiting.hasSysEx && now >= after(this.#waiting.nextSince, LONGEST_WAIT);
  }

  #fill(list: CommandList, now: Instant, hurried: boolean): void {
    const waiting = this.#waiting;
    if (this.#cancels) this.#cancel(list, now);
    for (;;) {
      const message = waiting.first;
      if (!message) return;
      if (message.kind === 'sysEx') {
        if (!this.#fillSysEx(message, list, now, hurried)) return;
      } else {
        if (!this.#put(list, message, waiting.firstTime)) return;
        waiting.shift();
      }
    }
  }

  #cancel(list: CommandList, now: Instant): void {
    this.#cancels = false;
    const at = Math.max(this.#lastAt, Math.min(now, this.#waiting.timeOfNext)) as Instant;
    this.#begin(list, at);
    list.addCancel(this.ticksOf(at));
    this.#lastAt = at;
    this.#taken.addCancel();
  }

  /** False when the list is to be sent as it is. */
  #fillSysEx(
    message: MidiMessage & { readonly kind: 'sysEx' },
    list: CommandList,
    now: Instant,
    hurried: boolean,
  ): boolean {
    const left = message.data.length - this.#from + SEGMENT_OVERHEAD;
    const most = this.#mostOctets(now, hurried);
    if (most - list.length < left) this.#putRealTime(list);
    const room = most - list.length;
    // What fits whole into the next list is not cut.
    if (room < left && left <= most && list.length > 0) return false;
    if (room < Math.min(left, SMALLEST_SEGMENT)) {
      if (list.length === 0) this.#stall(now);
      return false;
    }
    const at = this.#timeOfSysEx(this.#waiting.firstTime, now);
    this.#begin(list, at);
    const got = list.add(message, this.#from, this.ticksOf(at), most);
    if (got < 0) return false;
    this.#lastAt = at;
    this.#from = CommandList.isWhole(message, got) ? 0 : got;
    this.#taken.add(message, at, got);
    if (this.#from > 0) return false;
    this.#waiting.shift();
    return true;
  }

  /** That a list with more SysEx may have. */
  #mostOctets(now: Instant, hurried: boolean): number {
    if (hurried) return HURRIED_OCTETS;
    const room = this.#pace?.room(now) ?? LIST_OCTETS;
    return Math.min(LIST_OCTETS, room - this.#taken.sysEx * COMMAND_OVERHEAD);
  }

  /** What may stand between the segments of a SysEx overtakes it. */
  #putRealTime(list: CommandList): void {
    const waiting = this.#waiting;
    for (let at = waiting.nextRealTime(0); at >= 0; at = waiting.nextRealTime(at)) {
      const message = waiting.at(at);
      if (!message || !this.#put(list, message, waiting.timeAt(at))) return;
      waiting.take(at);
    }
  }

  #put(list: CommandList, message: MidiMessage, time: Instant): boolean {
    const at = Math.max(this.#lastAt, time) as Instant;
    this.#begin(list, at);
    if (list.add(message, 0, this.ticksOf(at)) < 0) return false;
    this.#lastAt = at;
    this.#taken.add(message, at, 1);
    return true;
  }

  #begin(list: CommandList, at: Instant): void {
    if (list.length === 0) this.#firstAt = at;
  }

  #stall(now: Instant): void {
    const hurryAt = after(this.#waiting.nextSince, LONGEST_WAIT);
    this.#due = Math.min(after(now, LOOK_EVERY), hurryAt) as Instant;
  }

  /** One that had to wait is sent under the present time, but not after that of a message behind it. */
  #timeOfSysEx(time: Instant, now: Instant): Instant {
    const isLate = this.#from > 0 || now - time > LONGEST_WAIT;
    const at = isLate ? Math.min(now, this.#waiting.timeOfNext) : time;
    return Math.max(this.#lastAt, at) as Instant;
  }
}
