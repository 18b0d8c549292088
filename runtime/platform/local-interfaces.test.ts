import { expect, test } from 'vitest';
import {
  answeringAddresses,
  isNear,
  type LocalInterface,
  localInterfaces,
  rankAddresses,
} from './local-interfaces.ts';

const LAN: LocalInterface = {
  name: 'eth0',
  ipv4: '192.168.1.20',
  ipv6: true,
  addresses: ['192.168.1.20', 'fd00:1::20', 'fe80::20'],
  networks: [
    { net: '192.168.1.20', prefix: 24 },
    { net: 'fd00:1::20', prefix: 64 },
    { net: 'fe80::20', prefix: 64 },
  ],
  loopback: false,
};

test('addresses on our own networks come first, those that need a router later (items 45, 46)', () => {
  const addresses = [
    'fe80::1%eth0',
    '169.254.3.3',
    'fd00:2::1',
    'fd00:1::1',
    '10.0.0.1',
    '192.168.1.5',
  ];
  expect(rankAddresses(addresses, '192.168.1.5', [LAN])).toEqual([
    '192.168.1.5',
    'fd00:1::1',
    'fe80::1%eth0',
    '10.0.0.1',
    'fd00:2::1',
    '169.254.3.3',
  ]);
});

test('a link-local address is of use with an interface of ours only (item 45)', () => {
  const addresses = ['fe80::1', 'fe80::2%eth7', 'fd00::1'];
  expect(rankAddresses(addresses, '10.0.0.1', [LAN])).toEqual(['fd00::1']);
  expect(rankAddresses(['fe80::2%eth0'], 'fe80::2%eth0', [LAN])).toEqual(['fe80::2%eth0']);
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

test('near is what the prefixes of the interface say (item 45)', () => {
  expect(isNear('192.168.1.254', LAN)).toBe(true);
  expect(isNear('192.168.2.1', LAN)).toBe(false);
  expect(isNear('fd00:1::99', LAN)).toBe(true);
  expect(isNear('fd00:2::99', LAN)).toBe(false);
  expect(isNear('fe80::1%eth0', LAN)).toBe(true);
  expect(isNear('fe80::1%eth1', LAN)).toBe(false);
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

test('a service is announced with the addresses that it listens on, and with no others (item 46)', () => {
  const all = ['192.168.1.20', 'fd00:1::20', 'fe80::20'];
  expect(answeringAddresses(all, undefined)).toEqual(all);
  expect(answeringAddresses(all, '::')).toEqual(all);
  expect(answeringAddresses(all, '0.0.0.0')).toEqual(['192.168.1.20']);
  expect(answeringAddresses(all, 'FD00:1:0::20')).toEqual(['fd00:1::20']);
  expect(answeringAddresses(all, 'fe80::20%eth0')).toEqual(['fe80::20']);
  expect(answeringAddresses(all, '10.0.0.1')).toEqual([]);
});
