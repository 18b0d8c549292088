import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressOctets, addressText, canonicalHost, inSubnet, plainHost } from './ip-text.ts';

test('an IPv4 address mapped into IPv6 becomes plain, others stay as they are', () => {
  expect(plainHost('::ffff:192.0.2.7')).toBe('192.0.2.7');
  expect(plainHost('192.0.2.7')).toBe('192.0.2.7');
  expect(plainHost('fe80::1%eth0')).toBe('fe80::1%eth0');
  expect(plainHost('::ffff:1')).toBe('::ffff:1');
});

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['2001:DB8:0:0::1', '2001:db8::1'],
  ['0:0:0:0:0:0:0:1', '::1'],
  ['::FFFF:192.0.2.7', '192.0.2.7'],
  ['FE80:0::1%eth0', 'fe80::1%eth0'],
  ['fe80::1', 'fe80::1'],
  ['2001:db8::1%eth0', '2001:db8::1'],
])('of the many ways to write %s there is one (item 45)', (written, canonical) => {
  expect(canonicalHost(written)).toBe(canonical);
});

test.each(['', 'localhost', '192.0.2', '192.0.2.7%eth0', 'fe80::1::2', '%eth0', ':::'])(
  '%j is no address',
  (text) => {
    expect(canonicalHost(text)).toBeUndefined();
  },
);

test('a zone that is a number becomes the name of that interface', () => {
  for (const [name, held = []] of Object.entries(networkInterfaces())) {
    for (const each of held) {
      if (each.family !== 'IPv6' || each.scopeid === 0) continue;
      expect(canonicalHost(`fe80::1%${each.scopeid}`)).toBe(`fe80::1%${name}`);
    }
  }
  expect(canonicalHost('fe80::1%4000000')).toBe('fe80::1%4000000');
});

test('octets become text and text octets', () => {
  const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  fc.assert(
    fc.property(fc.oneof(octets(4), octets(16)), (bytes) => {
      expect(addressOctets(addressText(bytes))).toEqual(bytes);
    }),
  );
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      const octetsOf = addressOctets(text);
      expect(octetsOf).toHaveLength(16);
      expect(isIPv6(addressText(octetsOf ?? new Uint8Array(16)))).toBe(true);
    }),
  );
  expect(addressOctets('::ffff:192.0.2.7')?.slice(10)).toEqual(
    Uint8Array.of(255, 255, 192, 0, 2, 7),
  );
  expect(addressOctets('nonsense')).toBeUndefined();
});

test('a subnet is told by its first bits', () => {
  expect(inSubnet('192.168.1.254', '192.168.1.20', 24)).toBe(true);
  expect(inSubnet('192.168.2.1', '192.168.1.20', 24)).toBe(false);
  expect(inSubnet('192.168.2.1', '192.168.1.20', 22)).toBe(true);
  expect(inSubnet('2001:db8:0:1::9', '2001:db8:0:1::', 64)).toBe(true);
  expect(inSubnet('2001:db8:0:2::9', '2001:db8:0:1::', 64)).toBe(false);
  expect(inSubnet('fe80::9%eth0', 'fe80::', 64)).toBe(true);
  expect(inSubnet('192.0.2.1', '::', 0)).toBe(false);
});
