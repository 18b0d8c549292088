/**
 * A musician who plays a track of a Standard MIDI File into a box's MIDI input.
 *
 * Takes  songs by name, and when to begin.
 * Gives  whole MIDI messages to `feed`, each at its time; at a stop, the ends of the notes it holds.
 * Keeps  one alarm. A loop begins again exactly one song later: its times don't drift.
 */

import { Listeners } from '../../runtime/core/listeners.ts';
import { encodeMessage } from '../../runtime/core/midi-bytes.ts';
import { after, type Instant, type Micros } from '../../runtime/core/time.ts';
import type { Alarm, Clock } from '../../runtime/ports/clock.ts';
import type { MidiFileEvent, MidiFileSong } from '../midi-file.ts';
import { trackHeldNotes } from './held-notes.ts';
import { type SimPlayer, STOPPED } from './host.ts';
import type { SimPlayerState } from './protocol.ts';

export interface PlayerDeps {
  readonly clock: Clock;
  /** A piece that was loaded, by its id. */
  readonly song: (piece: string) => MidiFileSong | undefined;
  readonly feed: (bytes: Uint8Array) => void;
}

export class TrackPlayer implements SimPlayer, Disposable {
  readonly #deps: PlayerDeps;
  readonly #alarm: Alarm;
  readonly #changed = new Listeners<[state: SimPlayerState]>();
  readonly #held = trackHeldNotes();
  #piece: string | null = null;
  #track = 0;
  #loop = false;
  #playing = false;
  #events: readonly MidiFileEvent[] = [];
  #duration = 0 as Micros;
  #begun = 0 as Instant;
  #next = 0;

  constructor(deps: PlayerDeps) {
    this.#deps = deps;
    this.#alarm = deps.clock.alarm(() => this.#turn());
  }

  get state(): SimPlayerState {
    if (this.#piece === null) return STOPPED;
    return {
      state: this.#playing ? 'playing' : 'stopped',
      piece: this.#piece,
      track: this.#track,
      loop: this.#loop,
      position: this.#playing ? Math.max(0, (this.#deps.clock.now() - this.#begun) / 1e6) : 0,
    };
  }

  onState(listener: (state: SimPlayerState) => void): Disposable {
    return this.#changed.add(listener);
  }

  /** An unknown piece or track stops the player. */
  play(piece: string, track: number, loop: boolean): void {
    this.playAt(piece, [track], loop, this.#deps.clock.now());
  }

  /** Several tracks at once, as somebody with several hands; the first one is shown. */
  playAt(piece: string, tracks: readonly number[], loop: boolean, begin: Instant): void {
    this.#silence();
    const song = this.#deps.song(piece);
    const events = song && mergeEvents(song, tracks);
    if (!song || !events || events.length === 0) {
      this.stop();
      return;
    }
    this.#piece = piece;
    this.#track = tracks[0] ?? 0;
    this.#loop = loop;
    this.#events = events;
    this.#duration = song.duration;
    this.#begun = begin;
    this.#next = 0;
    this.#playing = true;
    this.#changed.emit(this.state);
    this.#wait();
  }

  setLoop(loop: boolean): void {
    this.#loop = loop;
    this.#changed.emit(this.state);
  }

  stop(): void {
    this.#silence();
    if (!this.#playing) return;
    this.#playing = false;
    this.#changed.emit(this.state);
  }

  [Symbol.dispose](): void {
    this.stop();
    this.#alarm[Symbol.dispose]();
  }

  #turn(): void {
    const now = this.#deps.clock.now();
    for (;;) {
      const event = this.#events[this.#next];
      if (!event) {
        if (now < after(this.#begun, this.#duration)) break;
        if (!this.#loop || this.#duration <= 0) {
          this.stop();
          return;
        }
        this.#begun = after(this.#begun, this.#duration);
        this.#next = 0;
        continue;
      }
      if (after(this.#begun, event.at) > now) break;
      this.#next++;
      const bytes = encodeMessage(event.message);
      this.#held.follow(bytes);
      this.#deps.feed(bytes);
    }
    this.#wait();
  }

  #wait(): void {
    const event = this.#events[this.#next];
    this.#alarm.set(after(this.#begun, event ? event.at : this.#duration));
  }

  #silence(): void {
    this.#alarm.clear();
    const ends = this.#held.release();
    if (ends.length > 0) this.#deps.feed(ends);
  }
}

/** In order of time; events of the same instant keep the order of their tracks. Tracks that are not there are left out. */
function mergeEvents(song: MidiFileSong, tracks: readonly number[]): readonly MidiFileEvent[] {
  return tracks.flatMap((track) => song.tracks[track]?.events ?? []).sort((a, b) => a.at - b.at);
}
