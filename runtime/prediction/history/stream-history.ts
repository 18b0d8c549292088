/**
 * What one remote part has played so far, laid out on the beat grid.
 *
 * Takes  note-ons and note-offs as they arrive, in any order of time; the class of each note is the caller's (the key, or one
 *        of ten classes of drums).
 * Gives  the events of a slot, the player's running offset against the grid, and means by class and place in the bar.
 * Keeps  rings of a fixed size: the oldest event, and slots further back than they reach, are forgotten.
 * Lane   2. Nothing is allocated after it is opened.
 *
 * An event has a number that counts up; its fields are read at `number & mask` and stand until `capacity` newer ones came.
 * Whoever reads skips events with `at` after the time up to which it may know (late packets make gaps, not silence).
 */
import type { Instant } from '../../core/time.ts';
import { type BeatGrid, SLOTS_PER_BEAT } from '../grid/beat-grid.ts';
import { BarTables } from './bar-tables.ts';
import { RunningOffset } from './running-offset.ts';
import { SlotRing } from './slot-ring.ts';

export interface HistoryInit {
  /** Classes of notes: the keys of MIDI when nothing is said. */
  readonly classes?: number;
  /** Events kept; a power of two. */
  readonly events?: number;
  /** Slots kept; a power of two. */
  readonly slots?: number;
}

export const NO_EVENT = -1;

/** Spread of onsets around a slot, when the slot of an event is in doubt (microseconds). */
const SLOT_SPREAD = 18_000;
/** What an unused slot weighs beside one that is hit in every bar. */
const UNUSED = 0.03;
/** The same note again within this time is one that the journal repeated (microseconds). */
const SAME_NOTE = 1_000;
const CHANNELS_BY_KEYS = 16 * 128;

export class StreamHistory {
  readonly capacity: number;
  readonly mask: number;
  readonly slotCapacity: number;
  /** Events so far: the newest is number `count - 1`, the oldest that is kept `first`. */
  count: number = 0;
  readonly at: Float64Array;
  readonly slot: Int32Array;
  readonly noteClass: Uint8Array;
  readonly channel: Uint8Array;
  readonly key: Uint8Array;
  readonly velocity: Uint8Array;
  /** Against the slot's time plus the running offset as it was before this event (microseconds). */
  readonly residual: Float32Array;
  /** How long it was held (microseconds); 0 while it sounds. */
  readonly length: Float32Array;
  /** Latest time of performance so far; -Infinity before the first event. */
  lastAt: number = Number.NEGATIVE_INFINITY;
  /** Counts up when everything was laid out anew: slots and residuals that were read are no longer true. */
  layout: number = 0;
  /** By class and place in the bar. */
  readonly bars: BarTables;
  readonly #grid: BeatGrid;
  readonly #offset = new RunningOffset();
  readonly #slots: SlotRing;
  /** Numbers of events in order of time; an event that comes late moves the few after it. */
  readonly #order: Float64Array;
  readonly #open = new Float64Array(CHANNELS_BY_KEYS).fill(NO_EVENT);
  #epoch: number;

  constructor(grid: BeatGrid, init: HistoryInit = {}) {
    const { classes = 128, events = 4096, slots = 8192 } = init;
    this.capacity = events;
    this.mask = events - 1;
    this.slotCapacity = slots;
    this.at = new Float64Array(events);
    this.slot = new Int32Array(events);
    this.noteClass = new Uint8Array(events);
    this.channel = new Uint8Array(events);
    this.key = new Uint8Array(events);
    this.velocity = new Uint8Array(events);
    this.residual = new Float32Array(events);
    this.length = new Float32Array(events);
    this.bars = new BarTables(classes);
    this.#slots = new SlotRing(slots, events);
    this.#order = new Float64Array(events);
    this.#grid = grid;
    this.#epoch = grid.epoch;
  }

  get first(): number {
    return Math.max(0, this.count - this.capacity);
  }

  /** Where the player sits against the grid: positive is late (microseconds). */
  get offset(): number {
    return this.#offset.value;
  }

  slotTime(slot: number): Instant {
    return this.#grid.timeOf(slot / SLOTS_PER_BEAT);
  }

  /** When an event of that slot is expected of this player. */
  expectedTime(slot: number): Instant {
    return (this.slotTime(slot) + this.#offset.value) as Instant;
  }

  /** The slot around a time of this player, with a fraction. */
  slotAt(time: number): number {
    return this.#grid.beatAt((time - this.#offset.value) as Instant) * SLOTS_PER_BEAT;
  }

  /** Places in the bar around a slot. */
  slotsInBar(slot: number): number {
    const beats = this.#grid.beatsPerBar(Math.floor(slot / SLOTS_PER_BEAT));
    // A metre of odd parts of a beat has its bar lines on the nearest slots.
    return Math.max(SLOTS_PER_BEAT, Math.round(beats * SLOTS_PER_BEAT)) || SLOTS_PER_BEAT;
  }

  /** The slot on which the bar around a slot begins. */
  barStart(slot: number): number {
    return Math.round(this.#grid.barLine(Math.floor(slot / SLOTS_PER_BEAT)) * SLOTS_PER_BEAT);
  }

  /** The event that came last in that slot, NO_EVENT when there is none (or it is too long ago). */
  firstIn(slot: number): number {
    return this.#slots.first(slot);
  }

  /** Another event of the same slot, NO_EVENT after the last. */
  nextIn(event: number): number {
    return this.#slots.next(event);
  }

  /** The event at that place in the order of time; 0 is the oldest that is kept. */
  inOrder(place: number): number {
    return this.#order[(this.first + place) & this.mask] as number;
  }

  /** Events with `at` up to that time, among those kept: `inOrder(this - 1)` is the latest of them. */
  countUntil(time: number): number {
    let low = 0;
    let high = Math.min(this.count, this.capacity);
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.at[this.inOrder(middle) & this.mask] as number) <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Gives the number of the event; NO_EVENT when it was there already. */
  noteOn(
    noteClass: number,
    channel: number,
    key: number,
    velocity: number,
    performedAt: Instant,
  ): number {
    this.follow();
    if (this.#isThere(channel, key, performedAt)) return NO_EVENT;
    const event = this.count;
    const i = event & this.mask;
    if (event >= this.capacity) this.#forgetOldest(event - this.capacity);
    this.at[i] = performedAt;
    this.noteClass[i] = noteClass;
    this.channel[i] = channel;
    this.key[i] = key;
    this.velocity[i] = velocity;
    this.length[i] = 0;
    this.#insertInOrder(event);
    this.count++;
    if (performedAt > this.lastAt) this.lastAt = performedAt;
    this.#open[channel * 128 + key] = event;
    this.#place(event);
    return event;
  }

  noteOff(channel: number, key: number, performedAt: Instant): void {
    const place = channel * 128 + key;
    const event = this.#open[place] as number;
    if (event < this.first || event === NO_EVENT) return;
    const i = event & this.mask;
    const length = performedAt - (this.at[i] as number);
    if (length < 0) return;
    this.#open[place] = NO_EVENT;
    this.length[i] = length;
    const slot = this.slot[i] as number;
    const start = this.barStart(slot);
    this.bars.addLength(this.noteClass[i] as number, slot - start, length);
  }

  /** Lays the events out anew when the grid has counted its beats anew. Asked before reading. */
  follow(): void {
    if (this.#grid.epoch === this.#epoch) return;
    this.#epoch = this.#grid.epoch;
    this.layout++;
    this.#slots.clear();
    this.bars.clear();
    this.#offset.reset();
    const kept = Math.min(this.count, this.capacity);
    for (let place = 0; place < kept; place++) this.#place(this.inOrder(place));
  }

  /** Another player, or another song. */
  reset(): void {
    this.count = 0;
    this.lastAt = Number.NEGATIVE_INFINITY;
    this.#open.fill(NO_EVENT);
    this.#slots.clear();
    this.bars.clear();
    this.#offset.reset();
    this.#epoch = this.#grid.epoch;
  }

  #place(event: number): void {
    const i = event & this.mask;
    const at = this.at[i] as number;
    const noteClass = this.noteClass[i] as number;
    const slot = this.#slotOf(at, noteClass);
    const deviation = at - this.slotTime(slot);
    const residual = deviation - this.#offset.value;
    this.slot[i] = slot;
    this.residual[i] = residual;
    this.#slots.add(slot, event);
    const start = this.barStart(slot);
    const bar = start / this.slotsInBar(slot);
    const velocity = this.velocity[i] as number;
    this.bars.add(noteClass, slot - start, bar, residual, velocity);
    const length = this.length[i] as number;
    if (length > 0) this.bars.addLength(noteClass, slot - start, length);
    this.#learnOffset(at);
  }

  /** One of the two nearest slots: the nearer one, unless this class uses the other more. */
  #slotOf(at: number, noteClass: number): number {
    const lower = Math.floor(this.slotAt(at));
    return this.#fit(lower + 1, at, noteClass) > this.#fit(lower, at, noteClass)
      ? lower + 1
      : lower;
  }

  #fit(slot: number, at: number, noteClass: number): number {
    const distance = at - this.slotTime(slot) - this.#offset.value;
    const start = this.barStart(slot);
    const bar = start / this.slotsInBar(slot);
    const use = this.bars.use(noteClass, slot - start, bar);
    return (-distance * distance) / (2 * SLOT_SPREAD * SLOT_SPREAD) + Math.log(UNUSED + use);
  }

  #learnOffset(at: number): void {
    const beat = Math.round(this.#grid.beatAt((at - this.#offset.value) as Instant));
    const onBeat = this.#grid.timeOf(beat);
    this.#offset.add(at - onBeat, this.#grid.timeOf(beat + 1) - onBeat);
  }

  #isThere(channel: number, key: number, at: number): boolean {
    for (let place = Math.min(this.count, this.capacity) - 1; place >= 0; place--) {
      const i = this.inOrder(place) & this.mask;
      const distance = (this.at[i] as number) - at;
      if (distance < -SAME_NOTE) return false;
      if (distance <= SAME_NOTE && this.key[i] === key && this.channel[i] === channel) return true;
    }
    return false;
  }

  #insertInOrder(event: number): void {
    const at = this.at[event & this.mask] as number;
    let place = event;
    const oldest = Math.max(0, event + 1 - this.capacity);
    while (place > oldest) {
      const before = this.#order[(place - 1) & this.mask] as number;
      if ((this.at[before & this.mask] as number) <= at) break;
      this.#order[place & this.mask] = before;
      place--;
    }
    this.#order[place & this.mask] = event;
  }

  /** The ring overwrites in order of arrival; in the order of time the oldest is nearly always the same one. */
  #forgetOldest(event: number): void {
    this.#slots.remove(this.slot[event & this.mask] as number, event);
    const start = event;
    let place = start;
    while (this.#order[place & this.mask] !== event && place - start < this.capacity - 1) place++;
    for (; place > start; place--) {
      this.#order[place & this.mask] = this.#order[(place - 1) & this.mask] as number;
    }
  }
}
