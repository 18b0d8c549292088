/**
 * Listens in on a box: what it plays, what arrives and what is heard, in the page's words.
 *
 * Takes  a box, and the instant that is 0 on the simulator's timeline.
 * Gives  SimNote for note-ons and note-offs, SimControl for what else shapes the sound.
 * Keeps  counts; when each peer's note was performed until it sounds, and when one sounded that has not come yet, at most
 *        MAX_WAITING of each key.
 */
import type { PeerWiring } from '../../runtime/box/peer-wiring.ts';
import { Teardown } from '../../runtime/core/lifecycle.ts';
import { Listeners } from '../../runtime/core/listeners.ts';
import type { MidiMessage } from '../../runtime/core/midi-message.ts';
import type { SentReport } from '../../runtime/core/scheduled-event.ts';
import { fromMillis, type Instant, type Micros } from '../../runtime/core/time.ts';
import type { MidiManager } from '../../runtime/midi-manager/midi-manager.ts';
import type { NoteKind, SimControl, SimNote } from './protocol.ts';

const MAX_WAITING = 16;
/** A note that sounded before it came was meant to be one performed so near. */
const FORETOLD: Micros = fromMillis(150);
const LEARNING = 0.1;

type NoteOn = Extract<MidiMessage, { kind: 'noteOn' }>;

/** Of a box, what there is to hear. */
export interface TappedBox {
  readonly id: string;
  readonly midi: Pick<MidiManager, 'onPlayed'>;
  readonly peers: Pick<PeerWiring, 'onArrived'>;
  readonly output: { onSent(listener: (report: SentReport) => void): Disposable };
}

export class NoteTap implements AsyncDisposable {
  readonly notes: Listeners<[note: SimNote]> = new Listeners();
  readonly controls: Listeners<[control: SimControl]> = new Listeners();
  played = 0;
  heard = 0;
  readonly #origin: Instant;
  readonly #held = new Teardown();
  readonly #performed = new Map<string, Instant[]>();
  /** When predicted notes sounded that have not come. */
  readonly #foretold = new Map<string, Instant[]>();
  /** From performed to sounding, by player: microseconds. */
  readonly #usual = new Map<string, number>();

  constructor(box: TappedBox, origin: Instant) {
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
        const began =
          message.kind === 'noteOn' ? this.#begun(player, message, cause, leftAt) : undefined;
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

  #begun(source: string, message: NoteOn, cause: string, at: Instant): Instant | undefined {
    if (cause !== 'predicted') return this.#recall(source, message, at);
    push(this.#foretold, voiceOf(source, message), at);
    return undefined;
  }

  #remember(source: string, message: NoteOn, performedAt: Instant): void {
    const voice = voiceOf(source, message);
    const foretold = this.#foretold.get(voice) ?? [];
    const sounded = foretold.findIndex((at) => Math.abs(at - performedAt) < FORETOLD);
    if (sounded < 0) push(this.#performed, voice, performedAt);
    else foretold.splice(0, sounded + 1); // it has sounded; what was foretold before it never came
  }

  /**
   * The performance that sounds now. Some never do (duplicates, notes that came too late), so it is the one whose delay is
   * nearest to what this player's notes lately took.
   */
  #recall(source: string, message: NoteOn, at: Instant): Instant | undefined {
    const waiting = this.#performed.get(voiceOf(source, message));
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

const voiceOf = (source: string, { channel, key }: NoteOn): string => `${source}/${channel}/${key}`;

function push(lists: Map<string, Instant[]>, voice: string, at: Instant): void {
  const list = lists.get(voice);
  if (!list) lists.set(voice, [at]);
  else if (list.push(at) > MAX_WAITING) list.shift();
}
