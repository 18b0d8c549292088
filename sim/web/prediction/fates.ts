/**
 * What can become of a note, in words, colours and shapes. Colours are told apart by most colour-blind eyes on dark ground
 * (after Okabe and Ito, 2008), and each fate has a shape of its own besides.
 */
import type { SimNoteFate } from '../../app/prediction-protocol.ts';

export type NoteShape =
  /** A plain bar. */
  | 'bar'
  /** A dashed outline. */
  | 'hollow'
  /** A bar with round ends. */
  | 'pill'
  /** A bar behind a wedge that points on. */
  | 'wedge'
  /** A striped bar that is cut off. */
  | 'striped'
  /** An outline that is crossed out. */
  | 'crossed';

export interface FateLook {
  readonly name: string;
  readonly about: string;
  readonly colour: string;
  readonly shape: NoteShape;
}

export const FATES: Readonly<Record<SimNoteFate, FateLook>> = {
  received: {
    name: 'received',
    about: 'Came, and is played on time for its mode',
    colour: '#d9d2c3',
    shape: 'bar',
  },
  predicted: {
    name: 'predicted',
    about: 'Is played before it came: nobody knows yet',
    colour: '#5fb8f0',
    shape: 'hollow',
  },
  confirmed: {
    name: 'confirmed',
    about: 'Was predicted, and came',
    colour: '#3fd0a2',
    shape: 'pill',
  },
  late: {
    name: 'late',
    about: 'Was not foreseen, and came too late to be in time',
    colour: '#f2b544',
    shape: 'wedge',
  },
  corrected: {
    name: 'corrected',
    about: 'Was predicted and did not come: released while it still sounded',
    colour: '#e887b8',
    shape: 'striped',
  },
  false: {
    name: 'false',
    about: 'Was predicted, and never came',
    colour: '#f2623f',
    shape: 'crossed',
  },
};

export const FATE_ORDER: readonly SimNoteFate[] = [
  'received',
  'predicted',
  'confirmed',
  'late',
  'corrected',
  'false',
];

export const EXPECTED_COLOUR = '#5fb8f0';

/** What is known of a note that nobody told the fate of: the engine is looked into at one box only. */
export function fateOfCause(cause: string): SimNoteFate | undefined {
  if (cause === 'predicted') return 'predicted';
  return cause === 'received' || cause === 'recovered' ? 'received' : undefined;
}
