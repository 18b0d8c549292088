import { expect, test } from 'vitest';
import { isNear, type LocalInterface, localInterfaces, rankAddresses } from './local-interfaces.ts';

const LAN: LocalInterface = {
  name: 'eth0',
  ipv4: '192.168.1.20',
  netmask: '255.255.255.0',
  addresses: ['192.168.1.20', 'fe80::20'],
  loopback: false,
};

test('addresses on our own network come first, self-assigned ones last', () => {
  const addresses = ['fe80::1', '169.254.3.3', 'fd00::1', '10.0.0.1', '192.168.1.5'];
  expect(rankAddresses(addresses, '192.168.1.5', [LAN])).toEqual([
    '192.168.1.5',
    '10.0.0.1',
    'fd00::1',
    '169.254.3.3',
    'fe80::1%eth0',
  ]);
});

test('a link-local address whose interface is unknown is of no use', () => {
  expect(rankAddresses(['fe80::1', 'fd00::1'], '10.0.0.1', [LAN])).toEqual(['fd00::1']);
});

test('loopback is believed of this machine only', () => {
  expect(rankAddresses(['127.0.0.1'], '192.168.1.20', [LAN])).toEqual(['127.0.0.1']);
  expect(rankAddresses(['127.0.0.1', '192.168.1.5'], '192.168.1.5', [LAN])).toEqual([
    '192.168.1.5',
  ]);
});

test('who sent the packet stands in when nothing else is known', () => {
  expect(rankAddresses([], '192.168.1.5', [LAN])).toEqual(['192.168.1.5']);
});

test('near is what the netmask says', () => {
  expect(isNear('192.168.1.254', LAN)).toBe(true);
  expect(isNear('192.168.2.1', LAN)).toBe(false);
  expect(isNear('fe80::1', LAN)).toBe(false);
});

test('an interface may be chosen by name or by address; an unknown one is none', () => {
  const [loopback] = localInterfaces('127.0.0.1');
  expect(loopback).toMatchObject({ ipv4: '127.0.0.1', loopback: true });
  expect(localInterfaces(loopback?.name)).toEqual(loopback ? [loopback] : []);
  expect(localInterfaces('no-such-interface')).toEqual([]);
  const all = localInterfaces(undefined);
  expect(new Set(all.map((each) => each.loopback)).size).toBeLessThanOrEqual(1);
});
