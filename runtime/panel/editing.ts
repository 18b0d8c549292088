/**
 * Turning the value of the chosen entry in its place. Pure.
 *
 * Numbers act while they turn; a hold puts the old one back. Choices act when clicked; a hold forgets them.
 */
import { type Field, turned } from './fields.ts';
import { entriesOf } from './menus.ts';
import type { PanelEffect, PanelModel } from './panel-model.ts';
import { type PanelState, topScreen } from './panel-state.ts';

export function beginEdit(state: PanelState, field: Field): PanelState {
  return { ...state, edit: { value: field.value, original: field.value } };
}

/** The field whose value is being turned, as the model has it now. */
export function editedField(state: PanelState, model: PanelModel): Field | undefined {
  const screen = topScreen(state);
  if (state.edit === undefined || screen.kind !== 'list') return undefined;
  const entry = entriesOf(screen, model).find((one) => one.key === screen.selected);
  return entry?.action.kind === 'edit' ? entry.action.field : undefined;
}

export function turnEdit(
  state: PanelState,
  detents: number,
  steps: number,
  model: PanelModel,
  effects: PanelEffect[],
): PanelState {
  const { edit } = state;
  const field = editedField(state, model);
  if (edit === undefined || field === undefined) return state;
  const value = turned(field, edit.value, detents, steps);
  if (value === edit.value) return state;
  if (field.kind === 'number') effects.push(field.effect(value, false));
  return { ...state, edit: { ...edit, value } };
}

/** Keeps what was turned. */
export function applyEdit(
  state: PanelState,
  model: PanelModel,
  effects: PanelEffect[],
): PanelState {
  return endEdit(state, model, effects, (edit) => edit.value);
}

/** Puts back what was there. */
export function dropEdit(state: PanelState, model: PanelModel, effects: PanelEffect[]): PanelState {
  return endEdit(state, model, effects, (edit) => edit.original);
}

function endEdit(
  state: PanelState,
  model: PanelModel,
  effects: PanelEffect[],
  outcome: (edit: { readonly value: number; readonly original: number }) => number,
): PanelState {
  const { edit } = state;
  if (edit === undefined) return state;
  const field = editedField(state, model);
  const value = outcome(edit);
  if (field?.kind === 'number' && edit.value !== edit.original) {
    effects.push(field.effect(value, true));
  }
  if (field?.kind === 'choice' && value !== edit.original) effects.push(field.effect(value));
  return { ...state, edit: undefined };
}
