/**
 * What `togthr sim` was asked for, checked, and what it reports at the end.
 */
import type { Settings } from '../../runtime/settings/settings.ts';

/** A Standard MIDI File for a box to play. */
export interface PlayAssignment {
  /** Path as typed. */
  readonly file: string;
  /** From 1. Undefined: each track that has notes goes to a box of its own, from the first; they start over when boxes run out. */
  readonly box: number | undefined;
}

export interface SimOptions {
  /** 1 to 8. */
  readonly boxes: number;
  /** Of the web page, on loopback; 0 is any free one. */
  readonly port: number;
  /** A network profile by name (sim/network/profiles.ts). */
  readonly profile: string;
  /** Makes the network, the identities and the human timing repeatable. */
  readonly seed: number;
  readonly play: readonly PlayAssignment[];
  /** A bundled piece by name; undefined: none, or in headless runs without `play` the simulator's own choice. */
  readonly piece: string | undefined;
  readonly loop: boolean;
  /** No web page: play, then report. */
  readonly headless: boolean;
  /** How long to run, in seconds. Undefined: until interrupted, or until the music ends in headless runs. */
  readonly seconds: number | undefined;
  /** The caller will print JSON: nothing else may go to stdout. */
  readonly json: boolean;
  /** Each box in a process of its own. */
  readonly processes: boolean;
  /** The boxes do not know each other: who joins is asked for the code that the host shows. */
  readonly strangers: boolean;
  /** The other boxes join the session of box 1 by themselves. */
  readonly join: boolean;
  /** What the boxes have in common (mode, filters, log level, ...). */
  readonly settings: Settings;
}

/** How one box fared as a listener, over all that the others played. Times in milliseconds. */
export interface SimBoxResult {
  /** From 1. */
  readonly box: number;
  readonly name: string;
  /** Notes this box played itself. */
  readonly played: number;
  /** Notes the others played while it was in the session. */
  readonly expected: number;
  /** Of those, the ones that sounded here. */
  readonly heard: number;
  /** From being played there to leaving the output here. */
  readonly delayP50: number | undefined;
  readonly delayP95: number | undefined;
  /** 95th percentile less the 5th of that delay. */
  readonly jitter: number | undefined;
  readonly recovered: number;
  readonly late: number;
  readonly dropped: number;
  /** Notes that sounded though nobody had played them. */
  readonly ghosts: number;
  /** Notes still sounding after everything had stopped. */
  readonly stuck: number;
}

export interface SimResult {
  readonly profile: string;
  readonly seed: number;
  /** How long it ran. */
  readonly seconds: number;
  readonly boxes: readonly SimBoxResult[];
}
