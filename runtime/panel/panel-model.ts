/**
 * What the front panel shows, and what it asks for.
 *
 * Takes  nothing: these are the words that the panel and the rest of the box share.
 * Gives  PanelModel (immutable facts, pushed on change) and PanelEffect (what the player asked for).
 * Lane   4. The panel acts only by effects; whoever composes the box carries them out and answers with a new model.
 */
import type { BoxId, EnsembleContext, JamMode, Role, SessionId } from '../core/ensemble.ts';
import type { Micros } from '../core/time.ts';
import { type Sparing, USUAL_SPARING } from './idle.ts';
import type {
  PanelCodeAsked,
  PanelCodeShown,
  PanelFailure,
  PanelInvitation,
  PanelKnownBox,
  PanelNetwork,
} from './joining-model.ts';
import type { PanelPrediction } from './prediction-model.ts';

/** `searching`: in a session, no peer answers yet. `degraded`: a peer is gone, or loss or jitter is heard. */
export type LinkStatus = 'none' | 'searching' | 'up' | 'degraded';

/**
 * What the lock shows: `closed` only while every stream and link of this box is encrypted, `open` as soon as one is not,
 * `none` while there is nobody to hear anything.
 */
export type LockState = 'none' | 'open' | 'closed';

/** A session that was found on the network. */
export interface PanelSession {
  readonly session: SessionId;
  readonly name: string;
  /** Quarter notes a minute. */
  readonly tempo: number;
  readonly participants: number;
  /** Name of the box that hosts it. */
  readonly host: string;
}

/** How one participant's stream is heard here; the link's own figures are in EnsembleContext. */
export interface PanelStream {
  readonly participant: BoxId;
  /** Median from performed to sounded. */
  readonly delay: Micros | undefined;
  /** Median from performed to arrived. */
  readonly away: Micros | undefined;
  readonly jitter: Micros | undefined;
  /** Depth that the de-jitter buffer aims at. */
  readonly buffer: Micros | undefined;
  readonly events: number;
  readonly late: number;
}

export interface PanelDevice {
  readonly direction: 'in' | 'out';
  readonly name: string;
  /** Plugged in and open. An absent one is shown as missing. */
  readonly present: boolean;
}

export type SettingValue = string | number | boolean;

/** A setting that the player may turn, as data: the panel knows kinds, not keys. */
export type PanelSetting = PanelSettingKind & {
  /** It is of use while playing: listed with the session, too. */
  readonly inSession?: boolean;
};

type PanelSettingKind =
  | {
      readonly kind: 'number';
      readonly key: string;
      readonly label: string;
      readonly value: number;
      readonly min: number;
      readonly max: number;
      readonly step: number;
      /** Short, shown after the value: "ms", "%". */
      readonly unit: string;
    }
  | {
      readonly kind: 'choice';
      readonly key: string;
      readonly label: string;
      readonly value: string;
      readonly options: readonly { readonly value: string; readonly label: string }[];
    }
  | {
      readonly kind: 'toggle';
      readonly key: string;
      readonly label: string;
      readonly value: boolean;
    }
  | {
      readonly kind: 'text';
      readonly key: string;
      readonly label: string;
      readonly value: string;
      /** In characters. */
      readonly maxLength: number;
    };

/** A line for people that goes away by itself. A new object is a new message, whatever it says. */
export interface PanelMessage {
  readonly text: string;
  readonly tone: 'info' | 'error';
}

export interface PanelModel {
  readonly boxName: string;
  /** Undefined: in no session. */
  readonly session: EnsembleContext | undefined;
  /** In the order to be listed. Selection is by id, so that the order may change under the hand. */
  readonly found: readonly PanelSession[];
  /** The session to offer as "Rejoin"; undefined: none is remembered. */
  readonly last: { readonly session: SessionId; readonly name: string } | undefined;
  /** What is being waited for ("Joining", "Basement"); a hold asks to cancel it. */
  readonly waiting: { readonly doing: string; readonly name: string } | undefined;
  /** The host of the session that is being joined wants its code. */
  readonly codeAsked: PanelCodeAsked | undefined;
  /** Somebody wants in: the code to tell them. */
  readonly codeShown: PanelCodeShown | undefined;
  /** Why the last wish came to nothing; goes away with the next. */
  readonly failure: PanelFailure | undefined;
  readonly known: readonly PanelKnownBox[];
  /** The way into the present session, once it was asked for. */
  readonly invitation: PanelInvitation | undefined;
  readonly network: PanelNetwork;
  readonly link: LinkStatus;
  readonly lock: LockState;
  /** This box's ensemble clock is synced. */
  readonly synced: boolean;
  /** Ensemble time less local time, for drawing the beat. Undefined: not known yet. */
  readonly ensembleShift: Micros | undefined;
  readonly recording: boolean;
  /** One for each remote participant that is heard. */
  readonly streams: readonly PanelStream[];
  /** The same of what is played before it has come. */
  readonly predictions: readonly PanelPrediction[];
  readonly soundingNotes: number;
  readonly devices: readonly PanelDevice[];
  readonly settings: readonly PanelSetting[];
  /** Display brightness, 0 to 1, while awake. */
  readonly brightness: number;
  /** When the display dims and goes dark by itself. */
  readonly sparing: Sparing;
  /** Version, addresses, status page: label and value, in order. */
  readonly about: readonly { readonly label: string; readonly value: string }[];
  /** What this machine can do besides silencing itself. */
  readonly power: readonly ('restart' | 'shutdown')[];
  readonly message: PanelMessage | undefined;
}

export type PanelEffect =
  /** Leaves the present session first, when there is one (the player has confirmed it). */
  | { readonly kind: 'join'; readonly session: SessionId }
  | { readonly kind: 'create' }
  | { readonly kind: 'leave' }
  | { readonly kind: 'rejoinLast' }
  /** What failed, again. */
  | { readonly kind: 'retry' }
  /** Give up what `waiting` names. */
  | { readonly kind: 'cancel' }
  /** Six digits, in answer to `codeAsked`. */
  | { readonly kind: 'enterCode'; readonly code: string }
  /** No to whoever wants the code that is shown. */
  | { readonly kind: 'refuseGuest' }
  | { readonly kind: 'mute'; readonly box: BoxId; readonly on: boolean }
  | { readonly kind: 'remove'; readonly box: BoxId }
  | { readonly kind: 'letBackIn'; readonly box: BoxId }
  | { readonly kind: 'handOver'; readonly box: BoxId }
  | { readonly kind: 'setLocked'; readonly locked: boolean }
  | { readonly kind: 'setMetre'; readonly beatsPerBar: number }
  /** The way in for somebody elsewhere: answered by `invitation`. */
  | { readonly kind: 'invite' }
  | { readonly kind: 'forget'; readonly box: BoxId }
  | { readonly kind: 'setMode'; readonly mode: JamMode }
  /** How that player is heard here; null: as the session has it. */
  | { readonly kind: 'setPlayerMode'; readonly box: BoxId; readonly mode: JamMode | null }
  /** How much of what is expected of that player is played before it has come, 0 to 1. */
  | { readonly kind: 'setPlayerWet'; readonly box: BoxId; readonly wet: number }
  | { readonly kind: 'setTempo'; readonly bpm: number }
  | { readonly kind: 'setPlaying'; readonly playing: boolean }
  /** Null: let the box detect it. */
  | { readonly kind: 'setRole'; readonly role: Role | null }
  /**
   * To apply at once. `settled` is false while the knob still turns (up to 30 a second): store it when it is true,
   * which it is once the player clicks, goes away or puts the old value back.
   */
  | {
      readonly kind: 'setSetting';
      readonly key: string;
      readonly value: SettingValue;
      readonly settled: boolean;
    }
  /** All notes off, everywhere, now. */
  | { readonly kind: 'panic' }
  | { readonly kind: 'restart' }
  | { readonly kind: 'shutdown' };

const NO_NETWORK: PanelNetwork = {
  addresses: undefined,
  verdict: undefined,
  server: { address: '', state: 'off', problem: '' },
  security: 'encrypted',
};

/** When in doubt what to show: a box that has just been switched on. */
export function emptyPanelModel(boxName: string): PanelModel {
  return {
    boxName,
    session: undefined,
    found: [],
    last: undefined,
    waiting: undefined,
    codeAsked: undefined,
    codeShown: undefined,
    failure: undefined,
    known: [],
    invitation: undefined,
    network: NO_NETWORK,
    link: 'none',
    lock: 'none',
    synced: false,
    ensembleShift: undefined,
    recording: false,
    streams: [],
    predictions: [],
    soundingNotes: 0,
    devices: [],
    settings: [],
    brightness: 1,
    sparing: USUAL_SPARING,
    about: [],
    power: [],
    message: undefined,
  };
}
