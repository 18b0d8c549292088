/**
 * What the simulator says to its page over one WebSocket, as JSON text; what the page says is in client-messages.ts.
 *
 * Units  times are milliseconds on the simulator's own timeline, which every box shares and `hello.now` places.
 */
import type { SimFate, SimForecast, SimPrediction } from './prediction-protocol.ts';

/** Changes when a page of before would misunderstand; such a page reloads itself. */
export const PROTOCOL_VERSION = 3;

export interface BoxInfo {
  /** From 1. */
  readonly index: number;
  /** The BoxId, by which notes and sessions name it. */
  readonly id: string;
  readonly name: string;
}

export interface ProfileInfo {
  readonly name: string;
  /** For people: "110 ms, 0.6 % lost". */
  readonly about: string;
}

export interface PieceInfo {
  readonly id: string;
  readonly title: string;
  readonly seconds: number;
  readonly tracks: readonly { readonly name: string; readonly channel: number }[];
}

/** `played` on the box's own input, `arrived` from a peer, `heard` at its output. */
export type NoteKind = 'played' | 'arrived' | 'heard';

/** A note begins or ends at a box. */
export interface SimNote {
  readonly kind: NoteKind;
  /** BoxId of the player whose note it is (the box's own id for what it played). */
  readonly participant: string;
  readonly on: boolean;
  /** 0 to 15. */
  readonly channel: number;
  readonly key: number;
  readonly velocity: number;
  readonly at: number;
  /** When it was performed, where that is known: `at` less this is the delay that is heard. */
  readonly performedAt?: number | undefined;
  /** Why it sounds: thru, received, recovered, predicted, corrected, replay, panic. */
  readonly cause: string;
}

/** Something else that shapes the sound at a box's output. */
export interface SimControl {
  readonly kind: 'controlChange' | 'programChange' | 'pitchBend';
  /** Whose it is, where that is known. */
  readonly participant?: string | undefined;
  readonly channel: number;
  /** Of a control change; 0 otherwise. */
  readonly controller: number;
  /** 0 to 127; pitch bend 0 to 16383 with 8192 at rest. */
  readonly value: number;
  readonly at: number;
}

export interface SimPeerStats {
  readonly participant: string;
  readonly name: string;
  /** Performance to sound, milliseconds; null where nothing is known yet (as are the others). */
  readonly delayP50: number | null;
  readonly delayP95: number | null;
  readonly jitter: number | null;
  /** 0 to 1. */
  readonly loss: number;
  readonly rtt: number | null;
  readonly recovered: number;
  /** What the de-jitter buffer holds events back for, milliseconds. */
  readonly buffer: number | null;
  readonly late: number;
  /** Null until the first note came. */
  readonly prediction: SimPrediction | null;
}

export interface SimBoxStats {
  /** Notes that sound at its output now. */
  readonly sounding: number;
  /** Notes that sound although no one holds them: should be 0. */
  readonly stuck: number;
  readonly played: number;
  readonly heard: number;
  readonly dropped: number;
  readonly peers: readonly SimPeerStats[];
}

export interface SimSession {
  readonly name: string;
  /** Id of the participant that hosts it. */
  readonly host: string;
  /** Only the host changes mode, tempo and the rest. */
  readonly locked: boolean;
  /** Whether all that leaves the box is encrypted; `none`: there is nobody to hear it. */
  readonly lock: 'none' | 'open' | 'closed';
  readonly mode: string;
  readonly bpm: number;
  readonly beatsPerBar: number;
  readonly playing: boolean;
  /** When a first beat of a bar falls; null while the clocks are not synchronized. */
  readonly origin: number | null;
  /** When the first beat of what plays, or is about to, falls: a bar line. */
  readonly songAt: number | null;
  readonly participants: readonly {
    readonly id: string;
    readonly name: string;
    readonly instrument: string;
    readonly role: string | null;
    readonly connected: boolean;
    readonly muted: boolean;
    /** How its notes get here: local, direct, relayed, tunnelled, forwarded, open; null without a link. */
    readonly route: string | null;
  }[];
}

export interface SimPlayerState {
  readonly state: 'stopped' | 'playing';
  readonly piece: string | null;
  readonly track: number;
  readonly loop: boolean;
  /** Seconds into the piece. */
  readonly position: number;
}

export interface SimLeds {
  /** 0 to 1. */
  readonly link: number;
  readonly activity: number;
}

export interface SimNotice {
  readonly level: 'info' | 'warn' | 'error';
  readonly text: string;
}

export type ServerMessage =
  | {
      readonly kind: 'hello';
      readonly protocol: number;
      readonly version: string;
      readonly now: number;
      /** The boxes have each other's keys beforehand: none is asked for a code. */
      readonly acquainted: boolean;
      readonly boxes: readonly BoxInfo[];
      readonly profiles: readonly ProfileInfo[];
      readonly profile: string;
      readonly pieces: readonly PieceInfo[];
    }
  /** The frame is base64 of the 1024 octets that runtime/ports/display.ts describes; brightness 0 to 1. */
  | {
      readonly kind: 'display';
      readonly box: number;
      readonly frame: string;
      readonly brightness: number;
    }
  | ({ readonly kind: 'leds'; readonly box: number } & SimLeds)
  /** All that happened at one box since the batch before, in order. */
  | {
      readonly kind: 'notes';
      readonly box: number;
      readonly now: number;
      readonly notes: readonly SimNote[];
      readonly controls: readonly SimControl[];
      /** Only of the box that the page watches. */
      readonly fates: readonly SimFate[];
      /** Notes, controls and fates that were left out since this page was too slow to take them. */
      readonly skipped: number;
    }
  | {
      readonly kind: 'stats';
      readonly now: number;
      readonly boxes: readonly ({ readonly box: number } & SimBoxStats)[];
    }
  /** What the engine of the watched box expects; what it told before of the same slots counts no more. */
  | ({ readonly kind: 'forecast'; readonly box: number; readonly now: number } & SimForecast)
  | ({ readonly kind: 'player'; readonly box: number } & SimPlayerState)
  | { readonly kind: 'session'; readonly box: number; readonly session: SimSession | null }
  | { readonly kind: 'profile'; readonly name: string }
  | ({ readonly kind: 'notice' } & SimNotice);
