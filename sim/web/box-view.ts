/**
 * What the page knows about one box: rendered state as signals, and what is too quick to render as buses.
 */
import { type Signal, signal } from '@preact/signals';
import type {
  BoxInfo,
  SimBoxStats,
  SimLeds,
  SimNote,
  SimPlayerState,
  SimSession,
} from '../app/protocol.ts';
import { type Bus, openBus } from './bus.ts';
import { type Hand, openHand } from './keys/hand.ts';
import { lookOf, type PlayerLook } from './players-colour.ts';
import { type Beliefs, openBeliefs } from './prediction/beliefs.ts';
import { openRollSpans, type RollSpans } from './roll/roll-spans.ts';
import { openStatHistory, type StatHistory } from './stats/stat-history.ts';

interface Shown {
  frame: Uint8Array;
  brightness: number;
}

export interface BoxView {
  readonly info: BoxInfo;
  readonly look: PlayerLook;
  readonly session: Signal<SimSession | null>;
  readonly player: Signal<SimPlayerState>;
  readonly stats: Signal<SimBoxStats | null>;
  /** The lowest key of the keyboard shown: a C. */
  readonly base: Signal<number>;
  /** Drum pads instead of keys. */
  readonly pads: Signal<boolean>;
  readonly hand: Hand;
  readonly spans: RollSpans;
  /** What its engine expects, while it is listened to. */
  readonly beliefs: Beliefs;
  readonly history: StatHistory;
  /** What the display shows; `frames` tells of changes. */
  readonly shown: Shown;
  readonly frames: Bus<[]>;
  readonly leds: SimLeds;
  readonly ledChanges: Bus<[]>;
  readonly notes: Bus<[note: SimNote]>;
  /** Nothing is known to sound any more: the connection or notes were lost. */
  readonly silences: Bus<[]>;
}

/** Mutable inside: only jam.ts writes `leds` and `shown`. */
export function openBoxView(info: BoxInfo, play: (message: readonly number[]) => void): BoxView {
  return {
    info,
    look: lookOf(info.index),
    session: signal(null),
    player: signal({ state: 'stopped', piece: null, track: 0, loop: false, position: 0 }),
    stats: signal(null),
    base: signal(48),
    pads: signal(false),
    hand: openHand(play),
    spans: openRollSpans(),
    beliefs: openBeliefs(),
    history: openStatHistory(),
    shown: { frame: new Uint8Array(1_024), brightness: 0 },
    frames: openBus(),
    leds: { link: 0, activity: 0 },
    ledChanges: openBus(),
    notes: openBus(),
    silences: openBus(),
  };
}
