/**
 * One listener of rtp-midi-stage.ts: its end point, its synthesizer, and whether it heard what it should.
 *
 * Takes  datagrams' fates and what its end point hears. Gives what is wrong, in words.
 */
import type { MidiMessage } from '../../runtime/core/midi-message.ts';
import type { RtpMidiEndpoint } from '../../runtime/transport/rtp-midi/endpoint.ts';
import { PLAY_HINT } from '../../runtime/transport/rtp-midi/journal/chapters/chapter-n.ts';
import { differences } from './rtp-midi-comparison.ts';
import { type PathConditions, REPAIRED_WITHIN, type Scene } from './rtp-midi-conditions.ts';
import { PACED, Reception, sequenceOf, ssrcOf } from './rtp-midi-reception.ts';
import { Synthesizer } from './rtp-midi-synthesizer.ts';
import { hasMuchSysEx, NOTHING, reckon, type Tally, tallyOf } from './rtp-midi-tally.ts';
import type { Flight } from './rtp-midi-wire.ts';

/** A packet held back for one that is missing, and what a receiver takes for in time. */
const SLACK = 55_000;
/** After such a silence of the player a listener may take it for gone. */
const SILENCE = 3_000_000;
/** Repairs of these leave everything as it is when nothing was missing. */
const REDUNDANT: ReadonlySet<string> = new Set([
  'activeSensing',
  'mtcQuarterFrame',
  'songPosition',
]);

type NoteOn = Extract<MidiMessage, { kind: 'noteOn' }>;

export class Listener {
  readonly address: string;
  readonly path: PathConditions;
  readonly reception: Reception;
  readonly #stage: Scene;
  #endpoint: RtpMidiEndpoint | undefined;
  synth: Synthesizer = new Synthesizer();
  /** Neither hears nor is heard until then. */
  cutUntil = 0;
  /** It began anew under the SSRC that it had: its player takes it for the old one until it is invited again. */
  #isUnnoticed = false;
  /** It may hear the player already, in a session that is over. */
  #awaitsPlayer = true;
  /** It has heard no other player. */
  #isFresh = true;
  /** Streams that began since it was opened. */
  #streams = 0;
  /** Those that began in the middle of a session, as its end point counts them. */
  #turnovers = 0;
  /** When its notes were given up because of the player's silence. */
  #abandonedAt = 0;
  #lastHeardAt = 0;
  #lastHeard = '';
  /** NoteOns that were heard, by their place in what was played. */
  readonly #claimed = new Set<number>();
  /** The key that a NoteOn was heard of last, and when. */
  #struck = '';
  #playedBefore: Tally = NOTHING;
  #heardBefore: Tally = NOTHING;
  #wrong: string[] = [];

  constructor(stage: Scene, address: string, path: PathConditions) {
    this.#stage = stage;
    this.address = address;
    this.path = path;
    this.reception = new Reception(1_000 * path.delay);
  }

  get endpoint(): RtpMidiEndpoint {
    if (!this.#endpoint) throw new Error(`${this.address} is not open`);
    return this.#endpoint;
  }

  /** `isKnown`: by its SSRC, to the player, that goes on with the stream as it was. */
  attach(endpoint: RtpMidiEndpoint, isKnown: boolean): void {
    this.#isUnnoticed = isKnown;
    this.#awaitsPlayer = !isKnown;
    this.#endpoint = endpoint;
    this.synth = new Synthesizer();
    this.#isFresh = true;
    this.#streams = 0;
    this.#turnovers = 0;
    this.#streamBegins();
    endpoint.onPeer((_peer, state) => {
      if (state === 'left') this.reception.sessionEnds(this.#stage.now);
      else this.reception.sessionBegins(this.#stage.now);
    });
    endpoint.onMidi((_peer, message, _performedAt, _arrivedAt, recovered) => {
      if (this.#endpoint === endpoint) this.#hear(message, recovered);
    });
  }

  /** The player has let it in: its end point numbers its packets anew. */
  joined(): void {
    this.#awaitsPlayer = false;
    this.#streamBegins();
  }

  playerIsGone(now: number): void {
    this.#isFresh = false;
    this.#awaitsPlayer = true;
    this.#streamBegins();
    this.reception.disturb(now);
  }

  arrives(bytes: Uint8Array, flight: Flight, now: number): void {
    this.reception.lastArrivalAt = now;
    if (sequenceOf(bytes) < 0 || this.#awaitsPlayer) return;
    const from = ssrcOf(bytes);
    if (!this.endpoint.peers.some(({ ssrc }) => ssrc === from)) return;
    if (this.reception.firstArrivalAt === undefined) {
      this.#playedBefore = tallyOf(this.#stage.synth);
      this.#heardBefore = tallyOf(this.synth);
    }
    this.reception.arrives(bytes, flight, now);
  }

  forget(): void {
    this.#wrong = [];
    this.#claimed.clear();
    this.reception.forget();
    this.synth.sysEx.length = 0;
  }

  awaitsState(): boolean {
    return this.#isUnnoticed && this.#differences().length > 0;
  }

  judge(): string[] {
    const wrong = this.#wrong;
    this.#wrong = [];
    const late = this.#lastHeardAt - ((this.reception.caughtUpAt ?? 0) + REPAIRED_WITHIN);
    if (late > 0 && !this.#isUnnoticed && this.#abandonedAt === 0)
      wrong.push(`${this.#lastHeard} came ${late} us late`);
    wrong.push(...this.#differences());
    const { uncoveredLoss = 0 } = this.endpoint.stats.faults;
    wrong.push(
      ...reckon({
        there: this.#stage.synth,
        here: this.synth,
        playedBefore: this.#playedBefore,
        heardBefore: this.#heardBefore,
        isDisturbed: this.reception.isDisturbed,
        isUncovered: uncoveredLoss > 0,
      }),
    );
    return wrong.map((what) => `${this.address}: ${what}`);
  }

  #differences(): readonly string[] {
    const since = this.reception.firstArrivalAt ?? Number.POSITIVE_INFINITY;
    return differences(this.#stage.synth, this.synth, {
      unheard: (onAt) => onAt <= Math.max(since, this.#abandonedAt) || this.reception.excuses(onAt),
      since,
      // What resets may be among SysEx that is not protected.
      exact: this.#isFresh && !(this.reception.isDisturbed && hasMuchSysEx(this.#stage.synth)),
      abandoned: this.#abandonedAt > 0,
      rejoined: this.#streams > 2 || this.#begunAnew() > 0,
    });
  }

  #hear(message: MidiMessage, recovered: boolean): void {
    const now = this.#stage.now;
    this.synth.take(message, now);
    const silence = now - this.reception.lastArrivalAt;
    if (recovered && message.kind !== 'noteOn' && silence > SILENCE) {
      this.#abandonedAt = now;
      return;
    }
    // Being told once more of what is so is nothing new.
    if (!recovered || !isRedundant(message)) {
      this.#lastHeardAt = now;
      this.#lastHeard = message.kind;
    }
    if (message.kind !== 'noteOn' || this.#claim(message, recovered)) return;
    // All was let go of in between, and what is fresh is played once more.
    if (this.#begunAnew() > this.#turnovers) {
      this.#turnovers = this.#begunAnew();
      this.#claimed.clear();
      if (this.#claim(message, recovered)) return;
    }
    const { channel, key, velocity } = message;
    const how = recovered ? 'recovered' : 'received';
    this.#wrong.push(`ghost: channel ${channel} key ${key} velocity ${velocity}, ${how} at ${now}`);
  }

  /** False when no such NoteOn was played of late that was not heard yet. */
  #claim({ channel, key, velocity }: NoteOn, recovered: boolean): boolean {
    const now = this.#stage.now;
    const oldest = now - this.reception.slowest - SLACK - (recovered ? PLAY_HINT : PACED);
    const strike = `${channel} ${key} ${now}`;
    const notes = this.#stage.played;
    for (let at = notes.length - 1; at >= 0; at--) {
      const note = notes[at];
      if (!note || note.at < oldest) break;
      const same = note.key === key && note.channel === channel && note.velocity === velocity;
      if (!same || this.#claimed.has(at)) continue;
      this.#claimed.add(at);
      this.#struck = strike;
      return true;
    }
    // A key that is held more than once is struck as often, at one instant.
    return recovered && this.#struck === strike;
  }

  /** How often its end point found that the stream began anew, or that a loss was not covered. */
  #begunAnew(): number {
    const { streamRestart = 0, uncoveredLoss = 0 } = this.endpoint.stats.faults;
    return streamRestart + uncoveredLoss;
  }

  #streamBegins(): void {
    this.#streams++;
    // What the one before left sounding is let go of, and what is fresh is played to who joins.
    this.#claimed.clear();
    this.#abandonedAt = 0;
    this.reception.streamBegins();
    this.#playedBefore = NOTHING;
    this.#heardBefore = tallyOf(this.synth);
  }
}

function isRedundant(message: MidiMessage): boolean {
  const isFullFrame = message.kind === 'sysEx' && message.data[0] === 0x7f;
  return isFullFrame || REDUNDANT.has(message.kind);
}
