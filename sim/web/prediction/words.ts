/** The engine's terms, for people. */
import type { SimPrediction } from '../../app/prediction-protocol.ts';

export const MODES = ['auto', 'live', 'tight', 'groove'] as const;
export type Mode = (typeof MODES)[number];

const NAMES: Readonly<Record<string, string>> = {
  auto: 'Auto',
  live: 'Live',
  tight: 'Tight',
  groove: 'Groove',
};

const ABOUT: Readonly<Record<Mode, string>> = {
  auto: 'The engine chooses: by delay, and by how well the player can be foreseen',
  live: 'Played when it comes',
  tight: 'Played when it was performed: predicted where it has not come by then',
  groove: 'Played whole bars later: all is right, and late',
};

/** Why a player is heard as is; runtime/prediction/prediction-stats.ts. */
const REASONS: Readonly<Record<string, string>> = {
  set: 'as chosen',
  new: 'just begun',
  near: 'near enough to play at once',
  noBeat: 'no beat is known',
  unpredictable: 'not foreseeable',
  predictable: 'far away, and foreseeable',
};

export const modeName = (mode: string): string => NAMES[mode] ?? mode;
export const modeAbout = (mode: Mode): string => ABOUT[mode];

export function reasonWords({ reason, carriedOn }: SimPrediction): string {
  if (carriedOn !== null) return `link lost: carried on for ${carriedOn.toFixed(1)} bars`;
  return REASONS[reason] ?? reason;
}

export const percent = (share: number | null): string =>
  share === null ? '–' : `${Math.round(100 * share)} %`;
