/**
 * One listener of rtp-midi-stage.ts: its end point, its synthesizer, and what became of each packet for it.
 *
 * Takes  datagrams' fates and what its end point hears. Gives what is wrong, in words.
 */
import type { MidiMessage } from '../../runtime/core/midi-message.ts';
import type { RtpMidiEndpoint } from '../../runtime/transport/rtp-midi/endpoint.ts';
import { PLAY_HINT } from '../../runtime/transport/rtp-midi/journal/chapters/chapter-n.ts';
import { sequenceAhead } from '../../runtime/transport/rtp-midi/sequence-number.ts';
import { differences } from './rtp-midi-comparison.ts';
import { type PathConditions, REPAIRED_WITHIN, type Scene } from './rtp-midi-conditions.ts';
import { Synthesizer } from './rtp-midi-synthesizer.ts';
import type { Flight } from './rtp-midi-wire.ts';

/** A packet held back for one that is missing, and what a receiver takes for in time. */
const SLACK = 55_000;
/** After such a silence of the player a listener may take it for gone. */
const SILENCE = 3_000_000;
/** Octets of SysEx that a journal covers whatever else it has to. */
const PROTECTED_SYSEX = 600;
/** A message may wait so long for a SysEx that is on its way. */
const PACED = 60_000;

const REDUNDANT: ReadonlySet<string> = new Set([
  'activeSensing',
  'mtcQuarterFrame',
  'songPosition',
]);

type NoteOn = Extract<MidiMessage, { kind: 'noteOn' }>;

interface Heard {
  tuneRequests: number;
  systemResets: number;
  sysEx: number;
}

export class Listener {
  readonly address: string;
  readonly path: PathConditions;
  readonly #stage: Scene;
  #endpoint: RtpMidiEndpoint | undefined;
  synth: Synthesizer = new Synthesizer();
  /** It began anew under the SSRC that it had: its player takes it for the old one until it is invited again. */
  isUnnoticed = false;
  /** It may hear the player already, in a session that is over. */
  #awaitsPlayer = true;
  /** Neither hears nor is heard until then. */
  cutUntil = 0;
  /** When the player's newest packet with commands was sent. */
  lastCommandAt = 0;
  /** When a packet arrived that was no older. */
  caughtUpAt: number | undefined;
  /** Of this player at this end point. */
  firstArrivalAt: number | undefined;
  #lastSequence: number | undefined;
  #highest: number | undefined;
  #lastHeardAt = 0;
  /** When anything came from the player last. */
  #lastArrivalAt = 0;
  /** When its notes were given up because of its silence. */
  #abandonedAt = 0;
  #lastHeard = '';
  #slowest: number;
  /** The key that a NoteOn was heard of last, and when. */
  #struck = '';
  /** When packets were sent that never arrived, or came after later ones. */
  #disturbed: number[] = [];
  /** From when to when it was in no session. */
  #deaf: (readonly [number, number])[] = [];
  #deafSince = 0;
  #arrived = new Set<number>();
  readonly #claimed = new Set<number>();
  #wrong: string[] = [];
  /** What was played when the first packet came, and heard. */
  #before: Heard = NOTHING;
  #heardBefore: Heard = NOTHING;
  #fresh = true;
  /** That began since it was opened. */
  #streams = 0;
  /** Those that began in the middle of a session, as its end point counts them. */
  #turnovers = 0;

  constructor(stage: Scene, address: string, path: PathConditions) {
    this.#stage = stage;
    this.address = address;
    this.path = path;
    this.#slowest = 1_000 * path.delay;
  }

  get endpoint(): RtpMidiEndpoint {
    if (!this.#endpoint) throw new Error(`${this.address} is not open`);
    return this.#endpoint;
  }

  /** `isKnown`: by its SSRC, to the player, that goes on with the stream as it was. */
  attach(endpoint: RtpMidiEndpoint, isKnown: boolean): void {
    this.isUnnoticed = isKnown;
    this.#awaitsPlayer = !isKnown;
    this.#endpoint = endpoint;
    this.synth = new Synthesizer();
    this.#claimed.clear();
    this.#fresh = true;
    this.#streams = 0;
    this.#turnovers = 0;
    this.#streamBegins();
    endpoint.onPeer((_peer, state) => {
      if (state === 'left') this.#deafSince = this.#stage.now;
      else this.#deaf.push([this.#deafSince, this.#stage.now]);
    });
    endpoint.onMidi((_peer, message, _performedAt, _arrivedAt, recovered) => {
      if (this.#endpoint === endpoint) this.#hear(message, recovered);
    });
  }

  playerIsGone(now: number): void {
    this.#fresh = false;
    this.#awaitsPlayer = true;
    this.#streamBegins();
    this.#disturbed.push(now);
  }

  sent(bytes: Uint8Array, now: number): void {
    const sequence = sequenceOf(bytes);
    if (sequence < 0) return;
    const isNew =
      this.#lastSequence === undefined || sequenceAhead(sequence, this.#lastSequence) > 0;
    if (!isNew || (this.#lastSequence !== undefined && !hasCommands(bytes))) return;
    this.#lastSequence = sequence;
    this.lastCommandAt = now;
    this.caughtUpAt = undefined;
  }

  lost(bytes: Uint8Array, flight: Flight): void {
    if (sequenceOf(bytes) >= 0) this.#disturbed.push(flight.sentAt);
  }

  arrives(bytes: Uint8Array, flight: Flight, now: number): void {
    this.#lastArrivalAt = now;
    const sequence = sequenceOf(bytes);
    const from = ssrcOf(bytes);
    if (
      sequence < 0 ||
      this.#awaitsPlayer ||
      !this.endpoint.peers.some(({ ssrc }) => ssrc === from)
    )
      return;
    this.#slowest = Math.max(this.#slowest, now - flight.sentAt);
    if (this.firstArrivalAt === undefined) {
      this.firstArrivalAt = now;
      this.#before = count(this.#stage.synth);
      this.#heardBefore = count(this.synth);
    }
    if (!this.#arrived.has(sequence)) {
      this.#arrived.add(sequence);
      if (this.#highest !== undefined && sequenceAhead(sequence, this.#highest) < 0)
        this.#disturbed.push(flight.sentAt);
      else this.#highest = sequence;
    }
    if (this.caughtUpAt !== undefined || this.#lastSequence === undefined) return;
    if (sequenceAhead(sequence, this.#lastSequence) >= 0) this.caughtUpAt = now;
  }

  forget(): void {
    this.#wrong = [];
    this.#disturbed = [];
    this.#claimed.clear();
    this.#arrived.clear();
    this.synth.sysEx.length = 0;
  }

  awaitsState(): boolean {
    return this.isUnnoticed && this.#differences().length > 0;
  }

  judge(): string[] {
    const wrong = this.#wrong;
    this.#wrong = [];
    const late = this.#lastHeardAt - ((this.caughtUpAt ?? 0) + REPAIRED_WITHIN);
    if (late > 0 && !this.isUnnoticed && this.#abandonedAt === 0)
      wrong.push(`${this.#lastHeard} came ${late} us late`);
    wrong.push(...this.#differences());
    this.#judgeCounts(wrong);
    return wrong.map((what) => `${this.address}: ${what}`);
  }

  #differences(): readonly string[] {
    const { streamRestart = 0, uncoveredLoss = 0 } = this.endpoint.stats.faults;
    const since = this.firstArrivalAt ?? Number.POSITIVE_INFINITY;
    return differences(this.#stage.synth, this.synth, {
      unheard: (onAt) =>
        onAt <= Math.max(since, this.#abandonedAt) ||
        this.#disturbed.some((at) => at >= onAt && at <= onAt + PACED) ||
        this.#deaf.some(([from, to]) => onAt >= from - PACED && onAt <= to),
      since,
      exact: this.#fresh,
      abandoned: this.#abandonedAt > 0,
      rejoined: this.#streams > 2 || streamRestart + uncoveredLoss > 0,
    });
  }

  #judgeCounts(wrong: string[]): void {
    const played = count(this.#stage.synth);
    const heard = count(this.synth);
    for (const what of ['tuneRequests', 'systemResets'] as const) {
      const times = heard[what] - this.#heardBefore[what];
      const over = this.#stage.synth.over[what];
      const fewest = Math.min(1, played[what] - Math.max(this.#before[what], over));
      if (times < fewest || times > played[what])
        wrong.push(`${what}: ${times} heard of ${played[what]}`);
    }
    const sent = serials(this.#stage.synth.sysEx);
    const got = serials(this.synth.sysEx.slice(this.#heardBefore.sysEx));
    const first = Math.max(this.#before.sysEx, this.#stage.synth.over.sysEx);
    const due = serials(this.#stage.synth.sysEx.slice(first));
    const late = got.filter((each) => due.includes(each));
    // Not protected is what doesn't fit into a journal, and what was longer ago than its history.
    const octets = this.#stage.synth.sysEx.reduce((sum, { length }) => sum + length, 0);
    const { uncoveredLoss = 0 } = this.endpoint.stats.faults;
    const spared = this.#disturbed.length > 0 && (octets > PROTECTED_SYSEX || uncoveredLoss > 0);
    const broken = this.synth.sysEx.some((data) => !isWhole(data));
    if (broken) wrong.push('a SysEx has other octets');
    const inOrder = late.every((each, at) => each > (late[at - 1] ?? -1));
    if (!inOrder || (late.length < due.length && !spared))
      wrong.push(`SysEx ${late.join()} instead of ${due.join()}`);
    const early = got.filter((each) => !due.includes(each));
    if (early.some((each, at) => !sent.includes(each) || each <= (early[at - 1] ?? -1)))
      wrong.push(`SysEx ${early.join()} were played before, if at all`);
  }

  #hear(message: MidiMessage, recovered: boolean): void {
    const now = this.#stage.now;
    this.synth.take(message, now);
    if (recovered && message.kind !== 'noteOn' && now - this.#lastArrivalAt > SILENCE) {
      this.#abandonedAt = now;
      return;
    }
    // Being told once more of what is so is nothing new.
    if (!recovered || !isRedundant(message)) {
      this.#lastHeardAt = now;
      this.#lastHeard = message.kind;
    }
    if (message.kind !== 'noteOn' || this.#claim(message, recovered)) return;
    // The stream began anew, or a loss was not covered: all was let go of, and what is fresh is played once more.
    const { streamRestart = 0, uncoveredLoss = 0 } = this.endpoint.stats.faults;
    if (streamRestart + uncoveredLoss > this.#turnovers) {
      this.#turnovers = streamRestart + uncoveredLoss;
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
    const oldest = now - this.#slowest - SLACK - (recovered ? PLAY_HINT : PACED);
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

  /** The player has let it in: its end point numbers its packets anew. */
  joined(): void {
    this.#awaitsPlayer = false;
    this.#streamBegins();
  }

  #streamBegins(): void {
    this.#streams++;
    // What the one before left sounding is let go of, and what is fresh is played to who joins.
    this.#claimed.clear();
    this.#lastSequence = undefined;
    this.#highest = undefined;
    this.firstArrivalAt = undefined;
    this.caughtUpAt = undefined;
    this.lastCommandAt = 0;
    this.#arrived = new Set();
    this.#disturbed = [];
    this.#abandonedAt = 0;
    this.#before = NOTHING;
    this.#heardBefore = count(this.synth);
  }
}

const NOTHING: Heard = { tuneRequests: 0, systemResets: 0, sysEx: 0 };

function count({ tuneRequests, systemResets, sysEx }: Synthesizer): Heard {
  return { tuneRequests, systemResets, sysEx: sysEx.length };
}

/** Of a data packet; -1 for what is none. */
function sequenceOf(bytes: Uint8Array): number {
  return bytes[0] === 0x80 ? ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0) : -1;
}

function ssrcOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(8);
}

function hasCommands(bytes: Uint8Array): boolean {
  const first = bytes[12] ?? 0;
  return (first & 0x0f) !== 0 || ((first & 0x80) !== 0 && bytes[13] !== 0);
}

/** As rtp-midi-scenario.ts makes them: its number once more in each octet. Or it is no such one. */
function isWhole(data: Uint8Array): boolean {
  const low = data[2] ?? 0;
  return data[0] !== 0x7d || data.subarray(3).every((octet) => octet === low);
}

/** The repair of this leaves everything as it is when nothing was missing. */
function isRedundant(message: MidiMessage): boolean {
  const isFullFrame = message.kind === 'sysEx' && message.data[0] === 0x7f;
  return isFullFrame || REDUNDANT.has(message.kind);
}

/** What the player put into each SysEx so that it is another one; those that reset are alike. */
function serials(commands: readonly Uint8Array[]): number[] {
  return commands.filter(([id]) => id === 0x7d).map(([, high = 0, low = 0]) => (high << 7) | low);
}
