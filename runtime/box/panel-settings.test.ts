import { expect, test } from 'vitest';
import type { SettingValue } from '../panel/panel-model.ts';
import { checkSettings } from '../settings/settings-schema.ts';
import { openPanelSettings } from './panel-settings.ts';

function open() {
  const checked = checkSettings({});
  if (!('settings' in checked)) throw new Error('the defaults are valid');
  const applied: unknown[] = [];
  const stored: [key: string, value: SettingValue][] = [];
  const settings = openPanelSettings(
    {
      setThru: (on) => applied.push(['thru', on]),
      setClick: (mode) => applied.push(['click', mode]),
      setName: (name) => applied.push(['name', name]),
      onSetting: (key, value) => stored.push([key, value]),
    },
    checked.settings,
  );
  return { settings, applied, stored };
}

test('what can be applied at once is', () => {
  const { settings, applied, stored } = open();
  expect(settings.set('midi.thru', true, true)).toBe('now');
  expect(settings.set('midi.click.mode', 'countIn', true)).toBe('now');
  expect(settings.set('box.name', 'Attic', true)).toBe('now');
  expect(applied).toEqual([
    ['thru', true],
    ['click', 'countIn'],
    ['name', 'Attic'],
  ]);
  expect(settings.name).toBe('Attic');
  expect(stored).toHaveLength(3);
});

test('a value that still turns is shown and not stored', () => {
  const { settings, stored } = open();
  expect(settings.set('panel.brightness', 35, false)).toBe('now');
  expect(settings.brightness).toBeCloseTo(0.35);
  expect(stored).toEqual([]);
});

test('what is read at the start only is stored as the settings file has it', () => {
  const { settings, stored } = open();
  expect(settings.set('rtp.redundancy', '2', true)).toBe('later');
  expect(settings.set('jam.delay', 'fixed', true)).toBe('later');
  expect(settings.set('midi.clockOut', 'session', true)).toBe('later');
  expect(stored).toEqual([
    ['rtp.redundancy', 2],
    ['jam.delay', 'fixed'],
    ['midi.clockOut', 'session'],
  ]);
});

test('every choice on the panel is one that the settings file takes', () => {
  const { settings } = open();
  for (const setting of settings.list) {
    if (setting.kind !== 'choice') continue;
    expect(setting.options.map(({ value }) => value)).toContain(setting.value);
    for (const { value } of setting.options) {
      const typed = setting.key === 'rtp.redundancy' ? Number(value) : value;
      const nested = setting.key
        .split('.')
        .reduceRight<unknown>((inner, part) => ({ [part]: inner }), typed);
      expect(checkSettings(nested), `${setting.key} ${value}`).toHaveProperty('settings');
    }
  }
});

test('what is no setting of the panel changes nothing', () => {
  const { settings, stored } = open();
  expect(settings.set('dataDir', '/', true)).toBeUndefined();
  expect(settings.set('midi.thru', 'yes', true)).toBeUndefined();
  expect(stored).toEqual([]);
});
