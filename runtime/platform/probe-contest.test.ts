import { expect, test } from 'vitest';
import { serviceRecords } from './dns-sd-records.ts';
import { compareClaims } from './probe-contest.ts';

const claims = (port: number, host: string, txt: Record<string, string> = {}) =>
  serviceRecords({ name: 'Jam', type: '_apple-midi._udp', port, txt }, host).filter(
    ({ type }) => type === 'SRV' || type === 'TXT',
  );

test('the same claim is no contest, in whatever order its records come', () => {
  expect(compareClaims(claims(5, 'a.local'), claims(5, 'a.local').toReversed())).toBe(0);
});

test('one yields and the other goes on, by port, host or TXT', () => {
  const pairs = [
    [claims(5, 'a.local'), claims(6, 'a.local')],
    [claims(5, 'a.local'), claims(5, 'b.local')],
    [claims(5, 'a.local', { k: '1' }), claims(5, 'a.local', { k: '2' })],
    [claims(5, 'a.local').slice(1), claims(5, 'a.local')],
  ] as const;
  for (const [lesser, greater] of pairs) {
    expect(compareClaims(lesser, greater)).toBeLessThan(0);
    expect(compareClaims(greater, lesser)).toBeGreaterThan(0);
  }
});

test('TXT weighs before SRV, as its type number is smaller', () => {
  expect(
    compareClaims(claims(9, 'a.local', { k: '1' }), claims(5, 'a.local', { k: '2' })),
  ).toBeLessThan(0);
});
