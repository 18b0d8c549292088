import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PortError } from '../core/errors.ts';
import { readEnvironmentSettings } from './environment-settings.ts';
import { listSettingFacts } from './setting-facts.ts';
import { listEntries, migrateSettings, parseSettingsDocument } from './settings-document.ts';
import {
  parseSettingText,
  resolveSettings,
  type SettingEntry,
  type SettingSource,
} from './settings-resolution.ts';
import { checkSettings } from './settings-schema.ts';

const entry = (key: string, value: unknown, source: SettingSource = 'file'): SettingEntry => ({
  key,
  value,
  source,
  where: source === 'file' ? 'settings.json:3' : source,
});

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (failure) {
    expect(failure).toBeInstanceOf(PortError);
    expect((failure as PortError).code).toBe('invalid');
    return (failure as PortError).message;
  }
  throw new Error('it was accepted');
}

describe('settings', () => {
  test('nothing given is the defaults, each within its own range', () => {
    const { settings, each } = resolveSettings([]);
    expect(settings.rtp.port).toBe(5004);
    expect(settings.jam.mode).toBe('auto');
    expect(new Set(each.map((one) => one.source))).toEqual(new Set(['default']));
    expect(checkSettings(settings)).toEqual({ settings });
  });

  test('flags win over the environment, which wins over the file, whatever the order', () => {
    const entries = [
      entry('rtp.port', 6000, 'flag'),
      entry('rtp.port', 6010, 'file'),
      entry('rtp.port', 6020, 'environment'),
      entry('link.port', 7000, 'file'),
      entry('link.port', 7010, 'environment'),
      entry('box.name', 'Anna', 'file'),
    ];
    for (const order of [entries, entries.toReversed()]) {
      const { settings, each } = resolveSettings(order);
      expect([settings.rtp.port, settings.link.port, settings.box.name]).toEqual([
        6000,
        7010,
        'Anna',
      ]);
      const sourceOf = (key: string) => each.find((one) => one.fact.key === key)?.source;
      expect(['rtp.port', 'link.port', 'box.name', 'jam.mode'].map(sourceOf)).toEqual([
        'flag',
        'environment',
        'file',
        'default',
      ]);
    }
  });

  test('an unknown key is refused with the nearest one and the place', () => {
    expect(refusal(() => resolveSettings([entry('rtp.prot', 1)]))).toBe(
      'settings.json:3: unknown setting rtp.prot; did you mean rtp.port?',
    );
    expect(refusal(() => resolveSettings([entry('zzzzzzzzzzzzz', 1)]))).toContain(
      'see togthr run --print-settings',
    );
  });

  test('a value out of range is refused with the range and the unit', () => {
    expect(refusal(() => resolveSettings([entry('rtp.port', 70_000)]))).toBe(
      'settings.json:3: rtp.port must be a whole number from 0 to 65534, not 70000',
    );
    expect(refusal(() => resolveSettings([entry('jam.lateLimitMs', 1)]))).toContain(
      'a whole number from 10 to 5000 ms',
    );
    expect(refusal(() => resolveSettings([entry('jam.mode', 'liev')]))).toContain(
      'one of auto, live, tight, groove, not "liev"; did you mean live?',
    );
    expect(refusal(() => resolveSettings([entry('midi.inputs', ['alsa:1'])]))).toContain(
      'must be din:PATH, usb:NAME or file:PATH',
    );
    expect(refusal(() => resolveSettings([entry('box.name', 'é'.repeat(40))]))).toContain(
      '63 octets',
    );
    expect(refusal(() => resolveSettings([entry('rtp', 5)]))).toContain(
      'rtp must be a section with port, accept, remember, redundancy',
    );
  });

  test('a bad value is refused even where another source overrides it', () => {
    const said = refusal(() =>
      resolveSettings([entry('rtp.port', 'x'), entry('rtp.port', 5010, 'flag'), entry('a', 1)]),
    );
    expect(said).toContain('settings.json:3: rtp.port');
    expect(said).toContain('(and 1 more to correct)');
  });

  test('every key has a description, a variable of its own and a default', () => {
    const facts = listSettingFacts();
    expect(facts.length).toBeGreaterThan(30);
    expect(new Set(facts.map((fact) => fact.variable)).size).toBe(facts.length);
    const flags = facts.flatMap((fact) => fact.flag ?? []);
    expect(new Set(flags).size).toBe(flags.length);
    for (const fact of facts) {
      expect(fact.description, fact.key).not.toBe('');
      expect(fact.preset, fact.key).toBeDefined();
    }
  });

  test('whatever a file holds, it is settings or a message, never a crash', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        try {
          const document = migrateSettings(parseSettingsDocument(text, 'f'), 'f');
          resolveSettings(listEntries(document, text, 'f'));
        } catch (failure) {
          expect(failure).toBeInstanceOf(PortError);
        }
      }),
    );
  });
});

describe('environment', () => {
  test('variables are read as their setting takes them', () => {
    const { entries } = readEnvironmentSettings({
      TOGTHR_RTP_PORT: '5010',
      TOGTHR_SESSION_AUTO_REJOIN: 'no',
      TOGTHR_MIDI_INPUTS: 'din:/dev/ttyAMA0, usb:Keys',
      TOGTHR_MIDI_MAX_PER_SECOND_SYS_EX: '7',
      TOGTHR_DEBUG: '1',
      PATH: '/bin',
    });
    const { settings } = resolveSettings(entries);
    expect(settings.rtp.port).toBe(5010);
    expect(settings.session.autoRejoin).toBe(false);
    expect(settings.midi.inputs).toEqual(['din:/dev/ttyAMA0', 'usb:Keys']);
    expect(settings.midi.maxPerSecond.sysEx).toBe(7);
  });

  test('a misspelt variable is refused with the nearest; a foreign one is a warning', () => {
    expect(refusal(() => readEnvironmentSettings({ TOGTHR_RTP_PROT: '1' }))).toBe(
      'unknown environment variable TOGTHR_RTP_PROT; did you mean TOGTHR_RTP_PORT?',
    );
    const { entries, warnings } = readEnvironmentSettings({ TOGTHR_SERVICE_HOST: '10.0.0.1' });
    expect(entries).toEqual([]);
    expect(warnings).toHaveLength(1);
  });

  test('a variable with words where a number belongs is refused', () => {
    const { entries } = readEnvironmentSettings({ TOGTHR_RTP_PORT: 'five' });
    expect(refusal(() => resolveSettings(entries))).toBe(
      'TOGTHR_RTP_PORT: rtp.port must be a whole number from 0 to 65534, not "five"',
    );
  });

  test('any text for any setting is a value to check, never an exception', () => {
    const facts = listSettingFacts();
    fc.assert(
      fc.property(fc.constantFrom(...facts), fc.string(), (fact, text) => {
        parseSettingText(fact, text);
      }),
    );
  });
});

describe('settings document', () => {
  const text = `{
  "version": 1,
  "box": { "name": "A {\\"box\\"}" },
  "midi": {
    "inputs": ["din:/dev/ttyAMA0",
      "usb:x"],
    "maxPerSecond": { "sysEx":
      9 }
  },
  "rtp": {
    "prot": 5004
  }
}`;

  test('entries know their lines', () => {
    const entries = listEntries(parseSettingsDocument(text, 's.json'), text, 's.json');
    expect(entries.map(({ key, where }) => [key, where])).toEqual([
      ['box.name', 's.json:3'],
      ['midi.inputs', 's.json:5'],
      ['midi.maxPerSecond.sysEx', 's.json:7'],
      ['rtp.prot', 's.json:11'],
    ]);
  });

  test('a text that is not JSON says the line', () => {
    expect(refusal(() => parseSettingsDocument('{\n "a": 1,\n "b": }\n', 's.json'))).toContain(
      's.json:3: not JSON',
    );
    expect(refusal(() => parseSettingsDocument('{\n "a": 1,\n', 's.json'))).toContain('s.json:2:');
    expect(refusal(() => parseSettingsDocument('[1]', 's.json'))).toContain('JSON object');
  });

  test('a version from the future is refused with words', () => {
    const said = refusal(() => migrateSettings({ version: 7 }, 's.json'));
    expect(said).toContain('settings version 7, this one knows 1');
    expect(said).toContain('update togthr');
    expect(refusal(() => migrateSettings({ version: 'x' }, 's.json'))).toContain('version must be');
    expect(migrateSettings({ box: {} }, 's.json')).toEqual({ box: {}, version: 1 });
  });

  test('a key called __proto__ is an unknown setting like any other', () => {
    const evil = '{"__proto__": {"port": 1}, "rtp": {"__proto__": 1}}';
    const entries = listEntries(parseSettingsDocument(evil, 's'), evil, 's');
    expect(refusal(() => resolveSettings(entries))).toContain('unknown setting __proto__');
    expect(({} as Record<string, unknown>)['port']).toBeUndefined();
  });
});
