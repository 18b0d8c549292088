/** What rtp-midi-stage.ts is told, what its listeners see of it, and what its network and end points are given for it. */

import type { Instant } from '../../runtime/core/time.ts';
import { fromMillis } from '../../runtime/core/time.ts';
import type { Randomness } from '../../runtime/ports/randomness.ts';
import type { RtpMidiEndpoint } from '../../runtime/transport/rtp-midi/endpoint.ts';
import type { NetworkProfile } from '../../sim/network/profiles.ts';
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

export function profileOf({
  loss,
  burst,
  delay,
  jitter,
  duplicates,
  reordered,
}: PathConditions): NetworkProfile {
  return {
    base: fromMillis(delay),
    jitter: { mean: fromMillis(jitter), shape: 2 },
    spikes: { probability: 0, upTo: fromMillis(0) },
    loss: { enter: loss / (burst * (1 - loss) + loss), meanBurst: burst },
    duplicates,
    reordering: { probability: reordered, by: fromMillis(15) },
    inOrder: false,
  };
}

/** The first two numbers are the SSRC and where timestamps begin, the others tokens and where sequence numbers do. */
export function beginningAt(
  randomness: Randomness,
  begin: Conditions['begin'],
  ssrc: number | undefined,
  host: number,
): Randomness {
  let asked = 0;
  return {
    bytes: (length) => randomness.bytes(length),
    uint32: () => {
      const number = randomness.uint32();
      asked++;
      if (asked === 1 && ssrc !== undefined) return ssrc;
      if (begin === 'sequenceWraps') return ((number | 0xffff) - (number % 97)) >>> 0;
      // No two hosts have the same number: an SSRC of two peers is another matter.
      if (begin === 'timeWraps' && asked <= 2)
        return 0xffff_ffff - 11_000 - 8 * (number % 4_000) - host;
      return number;
    },
  };
}
