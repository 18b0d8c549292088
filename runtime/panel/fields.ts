/**
 * Values that the knob can turn, whatever they mean. Pure.
 */
import type { PanelEffect } from './panel-model.ts';

export type Field = NumberField | ChoiceField;

/** Applied while it turns. */
export interface NumberField {
  readonly kind: 'number';
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly unit: string;
  effect(value: number, settled: boolean): PanelEffect;
}

/** Applied when it is clicked. */
export interface ChoiceField {
  readonly kind: 'choice';
  /** Place among `labels`; -1: none of them. */
  readonly value: number;
  readonly labels: readonly string[];
  effect(value: number): PanelEffect;
}

/** The value after a turn. A spun knob runs ahead in long ranges, never through a short list. */
export function turned(field: Field, value: number, detents: number, steps: number): number {
  switch (field.kind) {
    case 'number': {
      const step = field.step > 0 ? field.step : 1;
      const long = (field.max - field.min) / step > 32;
      const places = Math.round((value - field.min) / step) + (long ? steps : detents);
      const next = Math.max(field.min, Math.min(field.max, field.min + places * step));
      return Number(next.toFixed(decimals(step)));
    }
    case 'choice':
      return Math.max(0, Math.min(field.labels.length - 1, Math.max(0, value) + detents));
  }
}

export function fieldText(field: Field, value: number): string {
  switch (field.kind) {
    case 'number': {
      const number = value.toFixed(decimals(field.step));
      if (field.unit === '') return number;
      return field.unit === '%' ? `${number}%` : `${number} ${field.unit}`;
    }
    case 'choice':
      return field.labels[value] ?? '–';
  }
}

function decimals(step: number): number {
  for (let places = 0; places < 4; places++) {
    if (Math.abs(step * 10 ** places - Math.round(step * 10 ** places)) < 1e-9) return places;
  }
  return 4;
}
