/**
 * What became of every note of a jam: the truth that only a simulator knows, since it hears all boxes.
 *
 * Takes  notes played and heard at each box, on one timeline in milliseconds; who is in the session with whom.
 * Gives  per listening box: notes expected and heard, delay, jitter, and notes that sound although nobody holds them.
 * Keeps  unmatched notes for PATIENCE_MS, and delays as a bounded reservoir of the latest.
 */
import type { SimNote } from './protocol.ts';

export interface Listening {
  /** Notes that the others played while this box was in a session with them. */
  readonly expected: number;
  /** Of those, the ones that sounded here. */
  readonly heard: number;
  /** Note-ons that sounded though nobody played them: before, or soon after where they were predicted. */
  readonly ghosts: number;
  /** From played there to sounding here, in milliseconds. */
  readonly delayP50: number | undefined;
  readonly delayP95: number | undefined;
  /** 95th percentile less the 5th. */
  readonly jitter: number | undefined;
}

/** A note that was played this long ago and did not sound won't be waited for. */
const PATIENCE_MS = 5_000;
/** A note may sound on for so long after its player let go: the longest delay of any profile, and some. */
const RELEASE_MS = 1_500;
const MAX_DELAYS = 65_536;
const MAX_WAITING = 64;
/** A predicted note is one that is played so near to it. */
const FORETOLD_MS = 150;

interface Voice {
  /** When its player began it, for each note-on that has not been heard yet. */
  readonly waiting: number[];
  /** When predicted notes sounded that nobody has played yet. */
  readonly foretold: number[];
  /** How many are held at the player's. */
  held: number;
  releasedAt: number;
}

interface Ear {
  expected: number;
  heard: number;
  ghosts: number;
  readonly delays: number[];
  readonly voices: Map<string, Voice>;
  readonly sounding: Map<string, number>;
}

export class JamLedger {
  readonly #ears = new Map<string, Ear>();
  readonly #hears: (listener: string, player: string) => boolean;

  /** `hears`: whether the two are in one session now. */
  constructor(boxes: readonly string[], hears: (listener: string, player: string) => boolean) {
    this.#hears = hears;
    for (const box of boxes) {
      this.#ears.set(box, {
        expected: 0,
        heard: 0,
        ghosts: 0,
        delays: [],
        voices: new Map(),
        sounding: new Map(),
      });
    }
  }

  /** A note at the box `at`. `arrived` notes don't count. */
  note(at: string, note: SimNote): void {
    if (note.kind === 'played') this.#played(at, note);
    else if (note.kind === 'heard' && note.participant !== at) this.#heard(at, note);
  }

  #played(player: string, note: SimNote): void {
    for (const [listener, ear] of this.#ears) {
      if (listener === player) continue;
      const voice = voiceOf(ear, player, note);
      if (!note.on) {
        voice.held = Math.max(0, voice.held - 1);
        voice.releasedAt = note.at;
        continue;
      }
      voice.held++;
      if (!this.#hears(listener, player)) continue;
      ear.expected++;
      const foretold = voice.foretold.findIndex((at) => Math.abs(at - note.at) <= FORETOLD_MS);
      if (foretold >= 0) {
        const [at = note.at] = voice.foretold.splice(foretold, 1);
        hear(ear, at - note.at);
        continue;
      }
      if (voice.waiting.push(note.at) > MAX_WAITING) voice.waiting.shift();
    }
  }

  #heard(listener: string, note: SimNote): void {
    const ear = this.#ears.get(listener);
    if (!ear) return;
    const name = nameOf(note.participant, note);
    const sounding = ear.sounding.get(name) ?? 0;
    if (!note.on) {
      if (sounding <= 1) ear.sounding.delete(name);
      else ear.sounding.set(name, sounding - 1);
      return;
    }
    ear.sounding.set(name, sounding + 1);
    const voice = voiceOf(ear, note.participant, note);
    const predicted = note.cause === 'predicted';
    const patience = predicted ? FORETOLD_MS : PATIENCE_MS;
    const at = nearest(voice.waiting, note.performedAt ?? note.at, note.at, patience);
    if (at < 0) {
      // One that was predicted may be played yet.
      if (!predicted || voice.foretold.push(note.at) > MAX_WAITING) ear.ghosts++;
      if (voice.foretold.length > MAX_WAITING) voice.foretold.shift();
      return;
    }
    const playedAt = voice.waiting[at] as number;
    voice.waiting.splice(at, 1);
    hear(ear, note.at - playedAt);
  }

  /** Notes that sound at the box now although their player let go of them longer than a second and a half ago. */
  stuck(box: string, now: number): number {
    const ear = this.#ears.get(box);
    if (!ear) return 0;
    let stuck = 0;
    for (const [name, count] of ear.sounding) {
      const voice = ear.voices.get(name);
      if (!voice || (voice.held === 0 && now - voice.releasedAt > RELEASE_MS)) stuck += count;
    }
    return stuck;
  }

  listening(box: string): Listening {
    const ear = this.#ears.get(box);
    const sorted = [...(ear?.delays ?? [])].sort((a, b) => a - b);
    const quantile = (share: number): number | undefined =>
      sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
    const [p5, p50, p95] = [quantile(0.05), quantile(0.5), quantile(0.95)];
    return {
      expected: ear?.expected ?? 0,
      heard: ear?.heard ?? 0,
      ghosts: ear ? ear.ghosts + unplayed(ear) : 0,
      delayP50: p50,
      delayP95: p95,
      jitter: p5 === undefined || p95 === undefined ? undefined : p95 - p5,
    };
  }
}

/**
 * Place of the note that was played nearest to `performedAt`, as the listener's clock has it: of two strokes of one key, it
 * alone tells which was lost. -1: none.
 */
function nearest(
  waiting: readonly number[],
  performedAt: number,
  heardAt: number,
  patience: number,
): number {
  let best = -1;
  for (const [index, playedAt] of waiting.entries()) {
    if (playedAt > heardAt || playedAt < heardAt - patience) continue;
    const stray = Math.abs(playedAt - performedAt);
    if (best < 0 || stray < Math.abs((waiting[best] as number) - performedAt)) best = index;
  }
  return best;
}

function hear(ear: Ear, delay: number): void {
  ear.heard++;
  if (ear.delays.length === MAX_DELAYS) ear.delays.shift();
  ear.delays.push(delay);
}

/** Predicted, and not played. */
function unplayed({ voices }: Ear): number {
  return [...voices.values()].reduce((sum, { foretold }) => sum + foretold.length, 0);
}

function nameOf(player: string, note: SimNote): string {
  return `${player}/${note.channel}/${note.key}`;
}

function voiceOf(ear: Ear, player: string, note: SimNote): Voice {
  const name = nameOf(player, note);
  let voice = ear.voices.get(name);
  if (!voice) {
    voice = { waiting: [], foretold: [], held: 0, releasedAt: note.at };
    ear.voices.set(name, voice);
  }
  return voice;
}
