import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addressRecords,
  asksFor,
  decodeTxt,
  encodeTxt,
  instanceDomain,
  instanceName,
  labelFrom,
  serviceRecords,
} from './dns-sd-records.ts';

const ADVERT = { name: 'Studio 2', type: '_apple-midi._udp', port: 5_004, txt: {} } as const;
const HOST = 'box-1.local';

describe('names', () => {
  test('are found in front of their type, dots and all, whatever the case', () => {
    expect(instanceName('Studio 2\\.0._APPLE-midi._udp.local', '_apple-midi._udp')).toBe(
      'Studio 2.0',
    );
    expect(instanceName('Studio 2.0._apple-midi._udp.local', '_apple-midi._udp')).toBeUndefined();
    expect(instanceName('Studio._jam-togthr._tcp.local', '_apple-midi._udp')).toBeUndefined();
    expect(instanceName('._apple-midi._udp.local', '_apple-midi._udp')).toBeUndefined();
    const long = 'x'.repeat(64);
    expect(instanceName(`${long}._apple-midi._udp.local`, '_apple-midi._udp')).toBeUndefined();
  });

  test('keep their dots and backslashes on the way to a domain name and back (item 46)', () => {
    for (const name of [
      'Dr. Beat v1.2.',
      '...',
      'C:\\Studio\\',
      '\\.',
      'a._apple-midi._udp.local',
    ]) {
      const domain = instanceDomain(labelFrom(name), '_apple-midi._udp');
      expect(instanceName(domain, '_apple-midi._udp')).toBe(name);
    }
  });

  test('fit one label of 63 octets, with their suffix whole', () => {
    expect(labelFrom('Dr. Beat v1.2.')).toBe('Dr. Beat v1.2.');
    expect(labelFrom('  a\tb\u0000 ')).toBe('a b');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 100 }), fc.nat(99), (name, number) => {
        const suffix = ` (${number})`;
        const label = labelFrom(name, suffix);
        expect(Buffer.byteLength(label)).toBeLessThanOrEqual(63);
        expect(label.endsWith(suffix)).toBe(true);
      }),
    );
  });
});

describe('TXT records', () => {
  test('come back as they were', () => {
    const keys = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/);
    const entries = fc.dictionary(keys, fc.string({ unit: 'grapheme', maxLength: 12 }), {
      maxKeys: 8,
    });
    fc.assert(
      fc.property(entries, (txt) => {
        expect(decodeTxt(encodeTxt(txt))).toEqual({ ...txt });
      }),
    );
  });

  test('keep the first of equal keys, know keys without a value, and pass over nonsense', () => {
    const entries = ['Key=1', 'key=2', 'flag', '=nothing', '', '__proto__=x'].map((entry) =>
      Buffer.from(entry),
    );
    expect(Object.entries(decodeTxt(entries))).toEqual([
      ['Key', '1'],
      ['flag', ''],
      ['__proto__', 'x'],
    ]);
  });

  test('that are too long, or whose keys nobody could read, are invalid', () => {
    const many = Object.fromEntries(
      Array.from({ length: 10 }, (_, at) => [`k${at}`, 'x'.repeat(200)]),
    );
    for (const txt of [{ a: 'x'.repeat(254) }, { 'a=b': '' }, { '': '' }, { é: '' }, many]) {
      expect(() => encodeTxt(txt)).toThrow(expect.objectContaining({ code: 'invalid' }));
    }
  });

  test('without entries are one empty string', () => {
    expect(encodeTxt({})).toEqual([Buffer.alloc(0)]);
  });
});

test('a service answers to its type, its name, its host and the list of types, and to nothing else', () => {
  const asked = (name: string, type: 'PTR' | 'SRV' | 'TXT' | 'A' | 'AAAA' | 'ANY'): boolean =>
    asksFor({ name, type }, ADVERT, HOST);
  expect(asked('_APPLE-MIDI._udp.local', 'PTR')).toBe(true);
  expect(asked('_services._dns-sd._udp.local', 'PTR')).toBe(true);
  expect(asked('studio 2._apple-midi._udp.local', 'SRV')).toBe(true);
  expect(asked('Studio 2._apple-midi._udp.local', 'ANY')).toBe(true);
  expect(asked('box-1.local', 'A')).toBe(true);
  expect(asked('box-1.local', 'SRV')).toBe(false);
  expect(asked('_jam-togthr._tcp.local', 'PTR')).toBe(false);
  expect(asked('Studio 3._apple-midi._udp.local', 'ANY')).toBe(false);
});

test('a goodbye has no time to live, and leaves the list of types alone', () => {
  const goodbye = serviceRecords(ADVERT, HOST, true);
  expect(goodbye.map(({ type, ttl }) => [type, ttl])).toEqual([
    ['PTR', 0],
    ['SRV', 0],
    ['TXT', 0],
  ]);
  expect(addressRecords(HOST, ['192.0.2.1', 'fd00::1']).map(({ type }) => type)).toEqual([
    'A',
    'AAAA',
  ]);
});
