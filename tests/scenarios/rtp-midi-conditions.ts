/** What rtp-midi-stage.ts is told, and what its listeners see of it. */
import type { Instant } from '../../runtime/core/time.ts';
import type { RtpMidiEndpoint } from '../../runtime/transport/rtp-midi/endpoint.ts';
import type { Synthesizer } from './rtp-midi-synthesizer.ts';

/** After the first packet that follows the last command: microseconds for repairs. */
export const REPAIRED_WITHIN = 200_000;

export interface PathConditions {
  readonly loss: number;
  /** Mean length of a burst of losses, in packets. */
  readonly burst: number;
  /** Milliseconds: the least, and what is added on average. */
  readonly delay: number;
  readonly jitter: number;
  readonly duplicates: number;
  /** Of packets that are held back by 15 ms. */
  readonly reordered: number;
  /** Whether the listener's feedback arrives at all. */
  readonly reports: boolean;
  /** The listener invites the player, or the other way round. */
  readonly invites: boolean;
}

export interface Conditions {
  readonly seed: number;
  readonly paths: readonly PathConditions[];
  readonly journal: 'closed-loop' | 'open-loop' | 'anchor';
  readonly redundancy: 0 | 1 | 2;
  /** Where sequence numbers and timestamps begin. */
  readonly begin: 'anywhere' | 'sequenceWraps' | 'timeWraps';
}

/** `again`: with the SSRC that it had before. */
export type Ending = 'bye' | 'kill' | 'killAgain';

export interface PlayedNote {
  readonly channel: number;
  readonly key: number;
  readonly velocity: number;
  readonly at: number;
}

export interface Scene {
  readonly now: Instant;
  readonly player: RtpMidiEndpoint;
  /** The player's. */
  readonly synth: Synthesizer;
  /** By all players there were. */
  readonly played: readonly PlayedNote[];
}
