/**
 * How one player is heard: what is in use and why, in words and meters, and what one may turn. Pure.
 */
import { type BoxId, JAM_MODES, type JamMode } from '../core/ensemble.ts';
import type { ChoiceField, NumberField } from './fields.ts';
import { type Entry, opens } from './menu-entry.ts';
import type { PanelModel } from './panel-model.ts';
import type { PanelPrediction } from './prediction-model.ts';
import { MODE_LABELS } from './session-entries.ts';
import { inMillis } from './wording.ts';

export function predictionOf(id: BoxId, { predictions }: PanelModel): PanelPrediction | undefined {
  return predictions.find(({ participant }) => participant === id);
}

/** Beside a name: how that player is heard, in a word. */
export function heardInShort(id: BoxId, model: PanelModel): string {
  const prediction = predictionOf(id, model);
  const delay = inMillis(model.streams.find(({ participant }) => participant === id)?.delay);
  if (prediction === undefined) return delay;
  if (prediction.carriedOn !== undefined) return 'alone';
  switch (prediction.inUse) {
    case 'live':
      return delay;
    case 'tight':
      return prediction.confidence === undefined ? 'Tight' : `T ${percent(prediction.confidence)}`;
    case 'groove':
      return 'Groove';
  }
}

/** What is in use and why, for one line or two. */
export function heardInWords(id: BoxId, model: PanelModel): string {
  const prediction = predictionOf(id, model);
  const away = inMillis(model.streams.find(({ participant }) => participant === id)?.away);
  if (prediction === undefined) return 'Nothing heard yet.';
  const { inUse, reason, carriedOn } = prediction;
  if (carriedOn !== undefined) return `Link gone: carried on, ${bars(carriedOn)} left.`;
  const mode = MODE_LABELS[inUse];
  switch (reason) {
    case 'set':
      return `${mode}, as set. ${away} away.`;
    case 'new':
      return `${mode}: too early to tell.`;
    case 'near':
      return `${mode}: only ${away} away.`;
    case 'noBeat':
      return `${mode}: no beat to go by.`;
    case 'unpredictable':
      return `${mode}: plays freely.`;
    case 'predictable':
      return `${mode}: ${away} away.`;
  }
}

/** The choices in a player's list. */
export function hearingEntries(id: BoxId, model: PanelModel): readonly Entry[] {
  const prediction = predictionOf(id, model);
  const wish = prediction?.wish;
  const general = model.session === undefined ? '' : ` (${MODE_LABELS[model.session.mode]})`;
  const wet: NumberField = {
    ...{ kind: 'number', value: Math.round((prediction?.wet ?? 1) * 100) },
    ...{ min: 0, max: 100, step: 5, unit: '%' },
    effect: (value) => ({ kind: 'setPlayerWet', box: id, wet: value / 100 }),
  };
  const mode: ChoiceField = {
    kind: 'choice',
    value: wish === undefined ? 0 : JAM_MODES.indexOf(wish) + 1,
    labels: [`All${general}`, ...JAM_MODES.map((one) => MODE_LABELS[one])],
    effect: (at) => ({ kind: 'setPlayerMode', box: id, mode: modeAt(at) }),
  };
  return [
    opens('heard', 'Heard', { kind: 'heard', id, top: 0 }, heardInShort(id, model)),
    { key: 'mode', label: 'Mode', action: { kind: 'edit', field: mode } },
    { key: 'wet', label: 'Prediction', action: { kind: 'edit', field: wet } },
  ];
}

/** The first is as the session has it. */
function modeAt(place: number): JamMode | null {
  return JAM_MODES[place - 1] ?? null;
}

export function percent(part: number): string {
  return `${Math.round(part * 100)}%`;
}

function bars(left: number): string {
  const whole = Math.max(1, Math.ceil(left));
  return whole === 1 ? '1 bar' : `${whole} bars`;
}
