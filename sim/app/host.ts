/**
 * What the simulator's server asks of whoever runs the boxes: in this process, or in child processes behind the same
 * handles.
 *
 * Calls return at once and never throw: what can't be done arrives in `onNotice`. Listeners return at once too. All times
 * are milliseconds on one timeline (`now`) that every box of the simulator shares.
 */

import type { JamMode } from './client-messages.ts';
import type { SimFate, SimForecast } from './prediction-protocol.ts';
import type {
  PieceInfo,
  ProfileInfo,
  SimBoxStats,
  SimControl,
  SimLeds,
  SimNote,
  SimNotice,
  SimPlayerState,
  SimSession,
} from './protocol.ts';

export interface SimulatorHost {
  /** Of the software, for people. */
  readonly version: string;
  /** The boxes have each other's keys from the beginning, so that no code is asked for. */
  readonly acquainted: boolean;
  /** In order of `index`; fixed for the life of the host. */
  readonly boxes: readonly SimBoxHandle[];
  /** Networks to choose from. */
  readonly profiles: readonly ProfileInfo[];
  /** The name of the one in force between all boxes (the last one set for all). */
  readonly profile: string;
  /** Changes the network live: for all, or in one direction between two boxes. An unknown name is a notice. */
  setProfile(name: string, between?: { readonly from: number; readonly to: number }): void;
  onProfile(listener: (name: string) => void): Disposable;
  readonly pieces: readonly PieceInfo[];
  /** Every box plays a part of the piece, all from the same instant. */
  playTogether(piece: string, loop: boolean): void;
  stopTogether(): void;
  /** Milliseconds on the simulator's timeline. */
  now(): number;
  onNotice(listener: (notice: SimNotice) => void): Disposable;
}

export interface SimBoxHandle {
  /** From 1. */
  readonly index: number;
  readonly id: string;
  readonly name: string;
  /** What the display shows now (1024 octets, runtime/ports/display.ts). */
  readonly frame: Uint8Array;
  /** 0 to 1. */
  readonly brightness: number;
  readonly leds: SimLeds;
  /** Undefined: in no session. */
  readonly session: SimSession | undefined;
  readonly player: SimPlayer;

  turn(detents: number): void;
  press(): void;
  release(): void;
  /** Whole MIDI messages into its virtual MIDI input. The array is copied before the call returns. */
  play(bytes: Uint8Array): void;
  panic(): void;
  /** How it hears one of the others; what is left out stays as it is. Mode null: as everybody. */
  hear(participant: string, how: SimHearing): void;
  /** Whether fates and forecasts are told; true again tells the whole forecast again. They cost while they are. */
  watch(on: boolean): void;
  stats(): SimBoxStats;

  /** Told when the frame or the brightness changed. The frame is valid during the call only. */
  onFrame(listener: (frame: Uint8Array, brightness: number) => void): Disposable;
  onLeds(listener: (leds: SimLeds) => void): Disposable;
  onNote(listener: (note: SimNote) => void): Disposable;
  /** Pedals, bends and programs at its output. */
  onControl(listener: (control: SimControl) => void): Disposable;
  onSession(listener: (session: SimSession | undefined) => void): Disposable;
  /** What becomes of the notes of others, while it is watched. */
  onFate(listener: (fate: SimFate) => void): Disposable;
  /** What its engine expects, while it is watched. */
  onForecast(listener: (forecast: SimForecast) => void): Disposable;
}

export interface SimHearing {
  readonly mode?: JamMode | null | undefined;
  readonly wet?: number | undefined;
}

/** Plays a track of a piece into the box's MIDI input, as a musician's instrument would. */
export interface SimPlayer {
  readonly state: SimPlayerState;
  play(piece: string, track: number, loop: boolean): void;
  /** Ends its notes. */
  stop(): void;
  setLoop(loop: boolean): void;
  onState(listener: (state: SimPlayerState) => void): Disposable;
}

/** A player that has not played anything yet. */
export const STOPPED: SimPlayerState = {
  state: 'stopped',
  piece: null,
  track: 0,
  loop: false,
  position: 0,
};

/** A box that has not heard anything yet. */
export const NO_STATS: SimBoxStats = {
  sounding: 0,
  stuck: 0,
  played: 0,
  heard: 0,
  dropped: 0,
  peers: [],
};
