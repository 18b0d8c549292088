/**
 * Listens in on a box: what it plays, what arrives and what is heard, in the page's words.
 *
 * Takes  a box, and the instant that is 0 on the simulator's timeline.
 * Gives  SimNote for note-ons and note-offs, SimControl for what else shapes the sound.
 * Keeps  counts, and when each peer's note was performed until it sounds, at most MAX_WAITING of each key.
 */
import type { Box } from '../../runtime/compose.ts';
import { Teardown } from '../../runtime/core/lifecycle.ts';
import { Listeners } from '../../runtime/core/listeners.ts';
import type { MidiMessage } from '../../runtime/core/midi-message.ts';
import type { Instant } from '../../runtime/core/time.ts';
import type { NoteKind, SimControl, SimNote } from './protocol.ts';

const MAX_WAITING = 16;
const LEARNING = 0.1;

type NoteOn = Extract<MidiMessage, { kind: 'noteOn' }>;

export class NoteTap implements AsyncDisposable {
  readonly notes: Listeners<[note: SimNote]> = new Listeners();
  readonly controls: Listeners<[control: SimControl]> = new Listeners();
  played = 0;
  heard = 0;
  readonly #origin: Instant;
  readonly #held = new Teardown();
  readonly #performed = new Map<string, Instant[]>();
  /** From performed to sounding, by player: microseconds. */
  readonly #usual = new Map<string, number>();

  constructor(box: Box, origin: Instant) {
    this.#origin = origin;
    this.#held.hold(
      box.midi.onPlayed((message, at) => {
        if (message.kind === 'noteOn') this.played++;
        this.#note('played', box.id, message, at, at, 'thru');
      }),
    );
    this.#held.hold(
      box.peers.onArrived((source, message, performedAt, arrivedAt, recovered) => {
        if (message.kind === 'noteOn') this.#remember(source, message, performedAt);
        const cause = recovered ? 'recovered' : 'received';
        this.#note('arrived', source, message, arrivedAt, performedAt, cause);
      }),
    );
    this.#held.hold(
      box.output.onSent(({ message, source, cause, leftAt }) => {
        if (leftAt === undefined) return;
        const player = source === 'self' ? box.id : source;
        const began = message.kind === 'noteOn' ? this.#recall(player, message, leftAt) : undefined;
        if (message.kind === 'noteOn') this.heard++;
        this.#note('heard', player, message, leftAt, began, cause);
        this.#control(message, this.#time(leftAt));
      }),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#held[Symbol.asyncDispose]();
  }

  #time(at: Instant): number {
    return (at - this.#origin) / 1_000;
  }

  #note(
    kind: NoteKind,
    participant: string,
    message: MidiMessage,
    at: Instant,
    performedAt: Instant | undefined,
    cause: string,
  ): void {
    if (message.kind !== 'noteOn' && message.kind !== 'noteOff') return;
    const { channel, key, velocity } = message;
    this.notes.emit({
      kind,
      participant,
      on: message.kind === 'noteOn',
      channel,
      key,
      velocity,
      at: this.#time(at),
      performedAt: performedAt === undefined ? undefined : this.#time(performedAt),
      cause,
    });
  }

  #control(message: MidiMessage, at: number): void {
    if (message.kind === 'controlChange') {
      const { kind, channel, controller, value } = message;
      this.controls.emit({ kind, channel, controller, value, at });
    } else if (message.kind === 'programChange') {
      const { kind, channel, program } = message;
      this.controls.emit({ kind, channel, controller: 0, value: program, at });
    } else if (message.kind === 'pitchBend') {
      const { kind, channel, value } = message;
      this.controls.emit({ kind, channel, controller: 0, value, at });
    }
  }

  #remember(source: string, { channel, key }: NoteOn, performedAt: Instant): void {
    const voice = `${source}/${channel}/${key}`;
    const waiting = this.#performed.get(voice);
    if (!waiting) this.#performed.set(voice, [performedAt]);
    else if (waiting.push(performedAt) > MAX_WAITING) waiting.shift();
  }

  /**
   * The performance that sounds now. Some never do (duplicates, notes that came too late), so it is the one whose delay is
   * nearest to what this player's notes lately took.
   */
  #recall(source: string, { channel, key }: NoteOn, at: Instant): Instant | undefined {
    const waiting = this.#performed.get(`${source}/${channel}/${key}`);
    if (!waiting || waiting.length === 0) return undefined;
    const usual = this.#usual.get(source) ?? at - (waiting[0] as Instant);
    const strays = waiting.map((performedAt) => Math.abs(at - performedAt - usual));
    const [performedAt] = waiting.splice(strays.indexOf(Math.min(...strays)), 1);
    if (performedAt !== undefined) {
      this.#usual.set(source, usual + LEARNING * (at - performedAt - usual));
    }
    return performedAt;
  }
}
