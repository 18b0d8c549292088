/**
 * The session's metronome, rendered here: never streamed, so that nobody hears it late.
 *
 * Takes  timeline and song of the session, the ensemble clock.
 * Gives  clicks as notes to `play`, a little ahead of when they are due, so that late timers are not heard.
 * Keeps  the next beat. Each beat has one click at most, whatever becomes of tempo, metre and clock; none is left sounding.
 * Lane   2. One alarm.
 */
import type { EnsembleContext, Song, Timeline } from '../core/ensemble.ts';
import type { MidiMessage } from '../core/midi-message.ts';
import { after, type EnsembleTime, fromMillis, type Instant, type Micros } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import { countsIn, plays } from './time-wish.ts';
import { beatLength, nextBeat, placeOfBeat, timeOfBeat } from './timeline.ts';

/** When it clicks: never, before a song begins, or as long as one plays, too. */
export type ClickMode = 'off' | 'countIn' | 'on';

export interface MetronomeDeps {
  readonly clock: Clock;
  readonly ensembleClock: {
    toEnsemble(local: Instant): EnsembleTime;
    toLocal(time: EnsembleTime): Instant;
    readonly synced: boolean;
  };
  /** Must not block nor throw. */
  readonly play: (message: MidiMessage, due: Instant) => void;
  /** Takes back what `play` was given and is not due yet, and ends what sounds of it. */
  readonly release: () => void;
}

/** How a click sounds: a note, and another for the first beat of a bar. */
export interface ClickSound {
  /** From 0. */
  readonly channel: number;
  readonly key: number;
  readonly accentKey: number;
  readonly velocity: number;
}

export interface Metronome extends Disposable {
  setContext(context: EnsembleContext | undefined): void;
  setClick(mode: ClickMode): void;
  readonly click: ClickMode;
  /** Clicks given, and beats that came too late for one. */
  readonly stats: { readonly given: number; readonly missed: number };
}

/** Clicks are given so long before they are due: longer than timers are late, short because tempos change. */
const AHEAD: Micros = fromMillis(60);
/** What is due sooner has left for the outputs. */
const GONE: Micros = fromMillis(25);
/** A click may be so late; a later one would only confuse. */
const LATE: Micros = fromMillis(20);
const LENGTH: Micros = fromMillis(40);
/** A beat that moved by less stays as it was given. */
const MOVED: Micros = fromMillis(1);
/** Of a beat: what is closer to the last click is no beat of its own, but the same one at another time. */
const CLOSE = 0.4;
/** Beats that may be given ahead; and that may be counted as missed. */
const FEW = 2;
const MANY = 1_000;
/** Beats that may be due at once; more are no beats. */
const AT_ONCE = 16;
const NEVER = Number.NEGATIVE_INFINITY;

export function openMetronome(
  deps: MetronomeDeps,
  init: { readonly click: ClickMode; readonly sound: ClickSound },
): Metronome {
  const { clock, ensembleClock, play } = deps;
  const { channel, key, accentKey, velocity } = init.sound;
  const stats = { given: 0, missed: 0 };
  let { click } = init;
  let session: string | undefined;
  let timeline: Timeline | undefined;
  let song: Song | undefined;
  let synced = false;
  /** The next beat to be looked at. */
  let next = 0;
  let last = { beat: NEVER, due: NEVER };

  const alarm = clock.alarm(() => run());

  const sounds = (beat: number): boolean => {
    if (click === 'off') return false;
    return countsIn(song, beat) || (click === 'on' && plays(song, beat));
  };

  const dueOf = (on: Timeline, beat: number): Instant =>
    ensembleClock.toLocal(timeOfBeat(on, beat));

  const give = (on: Timeline, beat: number, due: Instant): void => {
    const first = placeOfBeat(on, beat).beatInBar === 0;
    const note = { channel, key: first ? accentKey : key };
    const loud = first ? Math.min(127, velocity + 20) : velocity;
    last = { beat, due };
    stats.given++;
    play({ kind: 'noteOn', ...note, velocity: loud }, due);
    play({ kind: 'noteOff', ...note, velocity: 64 }, after(due, LENGTH));
  };

  /** Gives what is due soon. */
  const run = (): void => {
    // Before it is known, the session's time is no time to play by; a reference that is gone for a while is carried on.
    synced ||= ensembleClock.synced;
    const now = clock.now();
    if (!timeline || !song || click === 'off') return;
    if (!synced) {
      alarm.set(after(now, AHEAD));
      return;
    }
    const reached = nextBeat(timeline, ensembleClock.toEnsemble((now - LATE) as Instant));
    // The session's time is another one, or its beats have other numbers.
    if (next > reached + FEW || next < reached - MANY) next = reached;
    // Each beat that was passed over while nothing called us, as after a stall.
    const passed = Math.min(reached - next, MANY);
    for (let i = 0; i < passed; i++) if (sounds(next + i) && next + i > last.beat) stats.missed++;
    next = Math.max(next, reached);
    for (let round = 0; round < AT_ONCE; round++) {
      const due = dueOf(timeline, next);
      if (due > now + AHEAD) {
        alarm.set((due - AHEAD) as Instant);
        return;
      }
      const isSame = due - last.due < CLOSE * beatLength(timeline, next - 0.5);
      if (sounds(next) && !isSame) give(timeline, next, due);
      next++;
    }
    // Numbers so great that the next one is the same, or falls no later.
    next = reached;
    alarm.set(after(now, AHEAD));
  };

  /** What was given and has not left is given anew when it is another now. */
  const takeBack = (): void => {
    const { beat, due } = last;
    if (due < clock.now() + GONE) return;
    const stays = timeline && sounds(beat) && Math.abs(dueOf(timeline, beat) - due) < MOVED;
    if (stays) return;
    deps.release();
    stats.given--;
    last = { beat: NEVER, due: NEVER };
  };

  const restart = (): void => {
    takeBack();
    if (timeline) {
      const lately = clock.now() - LATE;
      const from = nextBeat(timeline, ensembleClock.toEnsemble(lately as Instant));
      const isGiven = last.due >= lately && last.beat >= from && last.beat <= from + FEW;
      next = isGiven ? last.beat + 1 : from;
    }
    run();
  };

  return {
    setContext(context) {
      if (context?.session !== session) {
        session = context?.session;
        synced = false;
      }
      if (context?.timeline === timeline && context?.song === song) return;
      timeline = context?.timeline;
      song = context?.song;
      restart();
    },
    setClick(mode) {
      click = mode;
      restart();
    },
    get click() {
      return click;
    },
    stats,
    [Symbol.dispose]() {
      alarm[Symbol.dispose]();
      deps.release();
    },
  };
}
