/**
 * A setting as an entry of a list. The panel knows kinds of settings, not which there are. Pure.
 */
import type { ChoiceField, NumberField } from './fields.ts';
import { does, type Entry, opens } from './menu-entry.ts';
import type { PanelEffect, PanelSetting } from './panel-model.ts';
import type { Screen } from './panel-state.ts';

export function settingEntry(setting: PanelSetting): Entry {
  const { key: name, label } = setting;
  const key = `setting ${name}`;
  switch (setting.kind) {
    case 'number': {
      const { value, min, max, step, unit } = setting;
      const field: NumberField = {
        ...{ kind: 'number', value, min, max, step, unit },
        effect: (to, settled) => ({ kind: 'setSetting', key: name, value: to, settled }),
      };
      return { key, label, action: { kind: 'edit', field } };
    }
    case 'choice': {
      const { options, value } = setting;
      const field: ChoiceField = {
        kind: 'choice',
        value: options.findIndex((option) => option.value === value),
        labels: options.map((option) => option.label),
        effect: (at) => ({
          ...{ kind: 'setSetting', key: name, settled: true },
          value: options[at]?.value ?? value,
        }),
      };
      return { key, label, action: { kind: 'edit', field } };
    }
    case 'toggle': {
      const value = !setting.value;
      const effect: PanelEffect = { kind: 'setSetting', key: name, value, settled: true };
      return { ...does(key, label, effect, false), value: setting.value ? 'on' : 'off' };
    }
    case 'text': {
      const { value, maxLength } = setting;
      const screen: Screen = { kind: 'naming', key: name, label, draft: value, maxLength, at: 0 };
      return opens(key, label, screen, value);
    }
  }
}
