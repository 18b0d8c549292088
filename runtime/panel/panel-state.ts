/**
 * What the panel remembers: where the player is, and what the hand is doing. Plain data, never changed in place.
 */
import type { BoxId } from '../core/ensemble.ts';
import type { Instant } from '../core/time.ts';
import type { CodeEntry } from './code-entry.ts';
import { type GestureState, RESTING } from './gestures.ts';
import type { IdleState } from './idle.ts';
import type { PanelFailure } from './joining-model.ts';
import type { PanelEffect, PanelMessage, PanelModel } from './panel-model.ts';

export type ListKind =
  | 'home'
  | 'session'
  | 'sessions'
  | 'participants'
  | 'person'
  | 'removed'
  | 'settings'
  | 'known'
  | 'power';

/** No entry has been chosen yet: the first one is, whichever that is by then. */
export const FIRST = '';

/** A list to choose from. The choice is a key, so that entries may come and go under the hand. */
export interface ListScreen {
  readonly kind: 'list';
  readonly list: ListKind;
  /** Of a `person`: who. */
  readonly about?: BoxId;
  /** Undefined: nothing is chosen since the chosen entry went away; a click does nothing. */
  readonly selected: string | undefined;
  /** Where the chosen entry was last. */
  readonly index: number;
}

/** Lines to read; `top` is the first that shows. */
export interface ReadingScreen {
  readonly kind: 'live' | 'devices' | 'network' | 'about';
  readonly top: number;
}

export interface ParticipantScreen {
  /** `participant`: the link and who it is; `heard`: how it is played here. */
  readonly kind: 'participant' | 'heard';
  readonly id: BoxId;
  readonly top: number;
}

export interface ConfirmScreen {
  readonly kind: 'confirm';
  readonly question: string;
  readonly yes: boolean;
  readonly effects: readonly PanelEffect[];
  /** It is about the session it was asked in, and goes away with it. */
  readonly inSession: boolean;
  /** Box that it is about, if it is about one: without it, the question goes away. */
  readonly about?: BoxId;
  /** Then shows the list it was asked in, not home. */
  readonly stays?: boolean;
}

export interface NamingScreen {
  readonly kind: 'naming';
  /** The text setting that is written. */
  readonly key: string;
  readonly label: string;
  readonly draft: string;
  /** In characters. */
  readonly maxLength: number;
  /** Place in NAMING_KEYS. */
  readonly at: number;
}

/** The way into the session for somebody elsewhere. */
export interface InviteScreen {
  readonly kind: 'invite';
  readonly page: 'picture' | 'text';
}

/** Tempo by clicking on the beat. */
export interface TapScreen {
  readonly kind: 'tap';
  readonly taps: readonly Instant[];
}

export type Screen =
  | ListScreen
  | ReadingScreen
  | ParticipantScreen
  | ConfirmScreen
  | NamingScreen
  | InviteScreen
  | TapScreen;

/** The code for a guest: `due` until the hand rests, then over everything until it is put aside. */
export interface GuestCover {
  /** Names the guest and the code: another one is shown again. */
  readonly key: string;
  readonly stage: 'due' | 'shown' | 'aside';
}

/** A failure, and the answer that is ready. */
export interface FailureCover {
  readonly failure: PanelFailure;
  readonly retry: boolean;
}

/** A value of the chosen entry is being turned: the number, or the place among the options. */
interface Edit {
  readonly value: number;
  readonly original: number;
}

export interface Toast {
  readonly text: string;
  readonly tone: PanelMessage['tone'];
  readonly until: Instant;
}

export interface PanelState {
  /** The first is home or live; the last shows. */
  readonly stack: readonly [Screen, ...Screen[]];
  readonly gestures: GestureState;
  readonly edit: Edit | undefined;
  /** The entry that was clicked, waiting until it is sure that no second click follows. */
  readonly clicked: string | undefined;
  readonly toast: Toast | undefined;
  /** The model's message that was shown last. */
  readonly shownMessage: PanelMessage | undefined;
  readonly guest: GuestCover | undefined;
  /** Digits that answer the model's `codeAsked`. */
  readonly entry: CodeEntry | undefined;
  readonly failure: FailureCover | undefined;
  /** The model's failure that was shown last. */
  readonly seenFailure: PanelFailure | undefined;
  /** What the player no longer waits for, though the box still does. */
  readonly ignoredWaiting: string | undefined;
  readonly idle: IdleState;
  /** This press woke the display, and does nothing else. */
  readonly wakingPress: boolean;
  readonly wakingSpinUntil: Instant;
  /** When the player last moved; long names begin to scroll after it. */
  readonly movedAt: Instant;
}

export function openList(list: ListKind): ListScreen {
  return { kind: 'list', list, selected: FIRST, index: 0 };
}

export function openPerson(about: BoxId): ListScreen {
  return { ...openList('person'), about };
}

export function rootScreen(model: PanelModel): Screen {
  return model.session === undefined ? openList('home') : { kind: 'live', top: 0 };
}

export function openingState(model: PanelModel, now: Instant): PanelState {
  return {
    stack: [rootScreen(model)],
    gestures: RESTING,
    edit: undefined,
    clicked: undefined,
    toast: undefined,
    shownMessage: undefined,
    guest: undefined,
    entry: undefined,
    failure: undefined,
    seenFailure: undefined,
    ignoredWaiting: undefined,
    idle: { activeAt: now, sleeping: false },
    wakingPress: false,
    wakingSpinUntil: now,
    movedAt: now,
  };
}

export function topScreen(state: PanelState): Screen {
  return state.stack[state.stack.length - 1] ?? state.stack[0];
}
