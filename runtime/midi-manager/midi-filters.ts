/**
 * What may pass from an input into the session, and how much of it: plain data, its defaults, and the drop policy by
 * message.
 */
import { CONTROLLER, type MidiKind, type MidiMessage } from '../core/midi-message.ts';

export interface MidiFilters {
  /** Kinds that don't pass. What ends something that sounds passes all the same. */
  readonly block: readonly MidiKind[];
  /**
   * Messages a second and input, by kind; a burst of an eighth of that (8 at least) may come at once. Kinds that are not
   * named have no cap.
   */
  readonly perSecond: Readonly<Partial<Record<MidiKind, number>>>;
  /** Octets of SysEx a second and input. One that begins below the cap passes whole; the next ones wait for it to be worked off. */
  readonly sysExBytesPerSecond: number;
}

/** Active sensing is a promise to the next device on the cable, which a network can't keep. */
export const DEFAULT_FILTERS: MidiFilters = {
  block: ['activeSensing'],
  perSecond: {
    noteOff: 4_000,
    noteOn: 2_000,
    polyPressure: 500,
    controlChange: 1_000,
    programChange: 100,
    channelPressure: 500,
    pitchBend: 500,
    sysEx: 200,
    mtcQuarterFrame: 250,
    songPosition: 100,
    songSelect: 100,
    tuneRequest: 16,
    timingClock: 500,
    start: 50,
    continue: 50,
    stop: 50,
    activeSensing: 16,
    systemReset: 8,
  },
  sysExBytesPerSecond: 65_536,
};

/** What becomes of a message beyond the cap. */
export type DropPolicy =
  /** It is dropped. */
  | 'newest'
  /** It waits for its turn, and a later one of the same controller takes its place: the last value always gets through. */
  | 'coalesce';

const { bankSelect, allSoundOff } = CONTROLLER;
const DATA_ENTRY = 6;
const LSB = 32;
/** Data increment and decrement, NRPN and RPN: 96 to 101. */
const FIRST_PARAMETER = 96;
const LAST_PARAMETER = 101;

export function dropPolicy(message: MidiMessage): DropPolicy {
  switch (message.kind) {
    case 'controlChange':
      return isOrdered(message.controller) ? 'newest' : 'coalesce';
    case 'polyPressure':
    case 'channelPressure':
    case 'pitchBend':
      return 'coalesce';
    case 'noteOff':
    case 'noteOn':
    case 'programChange':
    case 'sysEx':
    case 'mtcQuarterFrame':
    case 'songPosition':
    case 'songSelect':
    case 'tuneRequest':
    case 'timingClock':
    case 'start':
    case 'continue':
    case 'stop':
    case 'activeSensing':
    case 'systemReset':
      return 'newest';
  }
}

/** Controllers that mean something only in their order: bank select, parameter numbers and data, channel mode. */
function isOrdered(controller: number): boolean {
  if (controller >= allSoundOff) return true;
  if (controller >= FIRST_PARAMETER && controller <= LAST_PARAMETER) return true;
  if (controller === DATA_ENTRY || controller === DATA_ENTRY + LSB) return true;
  return controller === bankSelect || controller === bankSelect + LSB;
}
