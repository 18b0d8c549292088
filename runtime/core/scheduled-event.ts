import type { MidiMessage } from './midi-message.ts';
import type { Instant } from './time.ts';

/** Why an event sounds: what was played here, came from a peer, was brought back by the journal, and so on. */
export type EventCause =
  | 'thru'
  | 'received'
  | 'recovered'
  | 'predicted'
  | 'corrected'
  | 'replay'
  | 'panic';

/** The fate of one scheduled event. A record that is used again: valid during the call only. */
export interface SentReport {
  readonly message: MidiMessage;
  /** A participant's BoxId, or `self` for thru. */
  readonly source: string;
  readonly cause: EventCause;
  readonly due: Instant;
  /** When its first byte left; undefined when it was dropped. */
  readonly leftAt: Instant | undefined;
}
