/**
 * The ensemble: who plays in the session, in which role, on which timeline.
 * Snapshots are immutable and pushed on change; nobody asks for them (DESIGN section 7).
 */
import type { EnsembleTime, Micros } from './time.ts';

/** A box, for life: 32 lower-case hex digits, made on the box. */
export type BoxId = string & { readonly __unit: 'box-id' };
/** A session, 32 lower-case hex digits, made by the box that created it. */
export type SessionId = string & { readonly __unit: 'session-id' };

export type Role = 'rhythm' | 'bass' | 'harmony' | 'melody';
export const ROLES: readonly Role[] = ['rhythm', 'bass', 'harmony', 'melody'];

/** DESIGN section 5. `auto` lets the engine choose one of the others per stream. */
export type JamMode = 'auto' | 'live' | 'tight' | 'groove';
export const JAM_MODES: readonly JamMode[] = ['auto', 'live', 'tight', 'groove'];

/** Even beats (quarter notes) in even bars. Beats and bars are numbered from 0 on, and may be negative. */
export interface Stretch {
  /** When the first beat of bar `bar` falls, or would have, had this stretch begun by then. */
  readonly origin: EnsembleTime;
  /** Quarter notes a minute. */
  readonly bpm: number;
  readonly beatsPerBar: number;
  /** Default 0. */
  readonly bar?: number;
  /** The number of the beat at `origin`; default 0. */
  readonly beat?: number;
  /** It holds from then on; undefined: since ever. */
  readonly from?: EnsembleTime;
}

/** The shared metronome: what holds last, and what holds before its `from` (runtime/timeline/timeline.ts reads it). */
export interface Timeline extends Stretch {
  /** Latest first. */
  readonly before?: readonly Stretch[];
}

/** What is played on the timeline: MIDI's song, with its positions. */
export interface Song {
  /** The beat of the timeline that it begins with: a bar line. */
  readonly start: number;
  /** Quarter notes since the song's top at that beat; 0 when it begins at the top. */
  readonly position: number;
  /** Beats before `start` that are counted in. */
  readonly countIn: number;
  /** The beat at which it ends; undefined: it goes on. Not after `start`: it never began. */
  readonly end?: number;
}

/** How a stream from a peer has fared lately; windows of about ten seconds. */
export interface LinkStats {
  /** Median round trip of the last clock exchanges; undefined before the first. */
  readonly rtt: Micros | undefined;
  /** 95th percentile less the 5th of one-way delay. */
  readonly jitter: Micros | undefined;
  /** Lost packets, 0 to 1. */
  readonly loss: number;
  /** Commands that the recovery journal brought back, since the stream began. */
  readonly recovered: number;
}

/**
 * How what that participant plays gets here: `local`, straight on the same network; `direct`, straight through NATs;
 * `relayed`, through a TURN server; `tunnelled`, through the control plane; `forwarded`, by way of another participant;
 * `open`: straight, and not encrypted.
 */
export type ParticipantRoute = 'local' | 'direct' | 'relayed' | 'tunnelled' | 'forwarded' | 'open';

export interface Participant {
  readonly id: BoxId;
  readonly name: string;
  readonly instrument: string;
  readonly role: Role | undefined;
  /** A role set by hand wins over a detected one until it is released. */
  readonly roleByHand: boolean;
  readonly self: boolean;
  /** The link to it is up (always true of self). */
  readonly connected: boolean;
  /** The host has silenced it: nobody plays its notes. */
  readonly muted: boolean;
  /** When its link is gone, others may carry on its part for a while. Undefined: no. */
  readonly carryOn?: boolean;
  /** Undefined: no link (and for self). */
  readonly route: ParticipantRoute | undefined;
  readonly stats: LinkStats | undefined;
}

/** A box that the host has put out: it is refused until the host lets it back in. */
export interface RemovedBox {
  readonly id: BoxId;
  /** As it called itself; its id, abridged, when that is not known. */
  readonly name: string;
}

export interface EnsembleContext {
  readonly session: SessionId;
  readonly name: string;
  readonly host: BoxId;
  readonly mode: JamMode;
  readonly timeline: Timeline;
  /** A song plays, or is about to. */
  readonly playing: boolean;
  /** The song that plays, is about to, or was played last. */
  readonly song?: Song;
  /** Name, mode, tempo, metre and playing are the host's to change. */
  readonly locked: boolean;
  /** Boxes that the host has put out of the session, by id. */
  readonly removed: readonly RemovedBox[];
  /** Self first, then by id. */
  readonly participants: readonly Participant[];
}
