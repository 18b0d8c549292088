/**
 * The settings that may be turned on the panel: what is in force or stored, and how a turn of the knob is applied.
 *
 * Keeps  the values as the player left them. Those that are read at the start only are stored, and said to be so.
 */
import type { PanelSetting, SettingValue } from '../panel/panel-model.ts';
import type { Settings } from '../settings/settings.ts';
import type { ClickMode } from '../timeline/metronome.ts';

export interface PanelSettingsDeps {
  readonly setThru: (on: boolean) => void;
  readonly setClick: (mode: ClickMode) => void;
  readonly setName: (name: string) => void;
  /** Stores it. */
  readonly onSetting: (key: string, value: SettingValue) => void;
}

export interface PanelSettings {
  readonly list: readonly PanelSetting[];
  readonly name: string;
  /** 0 to 1. */
  readonly brightness: number;
  /** Bars of metronome before a song that is started here. */
  readonly countInBars: number;
  /** `later`: it takes effect when the box starts the next time. Undefined: there is no such setting. */
  set(key: string, value: SettingValue, settled: boolean): 'now' | 'later' | undefined;
}

const CLICK_MODES: readonly (readonly [ClickMode, string])[] = [
  ['off', 'off'],
  ['countIn', 'count-in'],
  ['on', 'on'],
];
const CLOCK_IN: readonly (readonly [Settings['midi']['clockIn'], string])[] = [
  ['off', 'ignored'],
  ['lead', 'leads'],
];
const CLOCK_OUT: readonly (readonly [Settings['midi']['clockOut'], string])[] = [
  ['off', 'off'],
  ['follow', 'player'],
  ['session', 'session'],
];
const DELAY: readonly (readonly [Settings['jam']['delay'], string])[] = [
  ['adaptive', 'adaptive'],
  ['fixed', 'fixed'],
];
const REDUNDANCY = [
  ['0', 'none'],
  ['1', 'once'],
  ['2', 'twice'],
] as const;
const NAME = 'box.name';
const THRU = 'midi.thru';
const CLICK = 'midi.click.mode';
const COUNT_IN = 'midi.countInBars';
const BRIGHTNESS = 'panel.brightness';

export function openPanelSettings(deps: PanelSettingsDeps, settings: Settings): PanelSettings {
  const { box, midi, jam, rtp, panel, session } = settings;
  let list: readonly PanelSetting[] = [
    { kind: 'toggle', key: THRU, label: 'Local thru', value: midi.thru },
    { ...choice(CLICK, 'Click', midi.click.mode, CLICK_MODES), inSession: true },
    { ...number(COUNT_IN, 'Count-in', midi.countInBars, 0, 4, 1, ''), inSession: true },
    choice('midi.clockOut', 'MIDI clock out', midi.clockOut, CLOCK_OUT),
    choice('midi.clockIn', 'MIDI clock in', midi.clockIn, CLOCK_IN),
    choice('jam.delay', 'Delay', jam.delay, DELAY),
    number('jam.fixedDelayMs', 'Fixed delay', jam.fixedDelayMs, 0, 200, 1, 'ms'),
    choice('rtp.redundancy', 'Send again', String(rtp.redundancy), REDUNDANCY),
    {
      kind: 'toggle',
      key: 'session.autoRejoin',
      label: 'Rejoin at start',
      value: session.autoRejoin,
    },
    number(BRIGHTNESS, 'Brightness', panel.brightness, 5, 100, 5, '%'),
    { kind: 'text', key: NAME, label: 'Name', value: box.name, maxLength: 24 },
  ];
  const stored = (key: string): SettingValue | undefined =>
    list.find((one) => one.key === key)?.value;

  const apply = (key: string, value: SettingValue): 'now' | 'later' => {
    switch (key) {
      case THRU:
        deps.setThru(value === true);
        return 'now';
      case NAME:
        deps.setName(String(value));
        return 'now';
      case CLICK: {
        const mode = CLICK_MODES.find(([one]) => one === value)?.[0];
        if (mode !== undefined) deps.setClick(mode);
        return 'now';
      }
      case BRIGHTNESS:
      case COUNT_IN:
        return 'now';
      default:
        return 'later';
    }
  };

  return {
    get list() {
      return list;
    },
    get name() {
      return String(stored(NAME));
    },
    get brightness() {
      return Number(stored(BRIGHTNESS)) / 100;
    },
    get countInBars() {
      return Number(stored(COUNT_IN));
    },
    set(key, value, settled) {
      const known = list.find((one) => one.key === key);
      if (known === undefined || typeof known.value !== typeof value) return undefined;
      list = list.map((one) => (one === known ? ({ ...one, value } as PanelSetting) : one));
      const when = apply(key, value);
      // What the schema has as a number is turned as a word.
      if (settled) deps.onSetting(key, key === 'rtp.redundancy' ? Number(value) : value);
      return when;
    },
  };
}

function choice(
  key: string,
  label: string,
  value: string,
  options: readonly (readonly [value: string, label: string])[],
): PanelSetting {
  const all = options.map(([one, words]) => ({ value: one, label: words }));
  return { kind: 'choice', key, label, value, options: all };
}

function number(
  key: string,
  label: string,
  value: number,
  min: number,
  max: number,
  step: number,
  unit: string,
): PanelSetting {
  return { kind: 'number', key, label, value, min, max, step, unit };
}
