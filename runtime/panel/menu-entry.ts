/**
 * An entry of a list: what it says, and what a click on it does. Plain data, made anew from each model.
 *
 * Entries are found by key, which names the thing (a session's id, a setting's key), never the place in the list.
 */
import type { BoxId } from '../core/ensemble.ts';
import type { Field } from './fields.ts';
import type { PanelEffect } from './panel-model.ts';
import type { Screen } from './panel-state.ts';

export interface Entry {
  readonly key: string;
  readonly label: string;
  readonly value?: string;
  /** This one is in force. */
  readonly ticked?: boolean;
  /** Signs before the label. */
  readonly marks?: readonly Mark[];
  readonly action: Action;
}

/** What a participant is in the session. */
export type Mark = 'host' | 'muted';

type Action =
  /** `asks`: what the box is to find out for the screen. */
  | { readonly kind: 'open'; readonly screen: Screen; readonly asks?: PanelEffect }
  /** Changes something outside of the panel: waits until no second click followed. `closes`: then shows home or live. */
  | { readonly kind: 'do'; readonly effect: PanelEffect; readonly closes: boolean }
  | { readonly kind: 'edit'; readonly field: Field }
  | { readonly kind: 'sleep' }
  /** Says why nothing else happens. */
  | { readonly kind: 'tell'; readonly text: string }
  /** Shows the guest's code again. */
  | { readonly kind: 'uncover' }
  | { readonly kind: 'none' };

export const opens = (key: string, label: string, screen: Screen, value?: string): Entry => ({
  key,
  label,
  ...(value === undefined ? {} : { value }),
  action: { kind: 'open', screen },
});
export const does = (key: string, label: string, effect: PanelEffect, closes: boolean): Entry => ({
  key,
  label,
  action: { kind: 'do', effect, closes },
});
export const confirms = (
  key: string,
  label: string,
  question: string,
  effect: PanelEffect,
): Entry => {
  const inSession = effect.kind === 'leave' || effect.kind === 'join';
  const effects = [effect];
  return opens(key, label, { kind: 'confirm', question, yes: false, effects, inSession });
};

export const tells = (key: string, label: string, value: string, text: string): Entry => ({
  ...{ key, label, value },
  action: { kind: 'tell', text },
});
/** About a box, asked in a list that then shows again. */
export const asksAbout = (
  about: BoxId,
  key: string,
  label: string,
  question: string,
  effect: PanelEffect,
  inSession: boolean,
): Entry =>
  opens(key, label, {
    ...{ kind: 'confirm', question, yes: false, effects: [effect] },
    ...{ inSession, about, stays: true },
  });

export const named = (name: string): string => (name.trim() === '' ? '(no name)' : name);
