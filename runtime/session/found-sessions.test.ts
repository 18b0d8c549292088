import { expect, test } from 'vitest';
import type { BoxId, SessionId } from '../core/ensemble.ts';
import type { FoundService } from '../ports/discovery.ts';
import { foundMembers, foundSessions, memberAdvert, readAddresses } from './found-sessions.ts';

const SESSION = '5e'.repeat(16) as SessionId;
const boxOf = (digit: string): BoxId => digit.repeat(32) as BoxId;

function service(digit: string, patch: Partial<FoundService> = {}, hosts = false): FoundService {
  const advert = memberAdvert({
    box: boxOf(digit),
    boxName: `Box ${digit}`,
    session: SESSION,
    name: 'Basement',
    tempo: 97.5,
    participants: 3,
    hosts,
    port: 5008,
  });
  return { ...advert, host: 'box.local', addresses: [`10.0.0.${digit}`], ...patch };
}

const txt = (patch: Record<string, string>): Partial<FoundService> => ({
  txt: { ...service('1').txt, ...patch },
});

test('members of one session are one entry, with the host’s address first', () => {
  const services = [service('1'), service('2', {}, true), service('3', { port: 6000 })];
  expect(foundSessions(foundMembers(services))).toEqual([
    {
      session: SESSION,
      name: 'Basement',
      tempo: 97.5,
      participants: 3,
      host: 'Box 2',
      hostBox: '2'.repeat(32),
      hostAddresses: ['10.0.0.2'],
      expected: '2'.repeat(32),
      addresses: ['10.0.0.2', '10.0.0.1', '10.0.0.3:6000'],
      port: 5008,
    },
  ]);
});

test.each<[string, Partial<FoundService>]>([
  ['another version', txt({ v: '1' })],
  ['no session id', txt({ sid: '' })],
  ['a malformed box id', txt({ box: 'xyz' })],
  ['no name', txt({ name: '' })],
  ['no TXT at all', { txt: {} }],
  ['no port', { port: 0 }],
  ['no address', { addresses: [] }],
  ['an address that is none', { addresses: ['a b'] }],
])('an announcement with %s is no member', (_name, patch) => {
  expect(foundMembers([service('1', patch)])).toEqual([]);
});

test('figures out of their bounds are replaced, and long names cut', () => {
  const [member] = foundMembers([
    service('1', txt({ tempo: '1e99', participants: '-4', name: `a\n${'x'.repeat(200)}` })),
  ]);
  expect(member).toMatchObject({ tempo: 120, participants: 1, name: `a ${'x'.repeat(62)}` });
});

test('no more services are looked at than a network has', () => {
  expect(foundMembers(Array.from({ length: 5_000 }, () => service('1')))).toHaveLength(256);
});

test('an instance name is at most 63 octets and never empty', () => {
  const named = (boxName: string): string =>
    memberAdvert({
      box: boxOf('1'),
      boxName,
      session: SESSION,
      name: 'x',
      tempo: 120,
      participants: 1,
      hosts: false,
      port: 1,
    }).name;
  expect(new TextEncoder().encode(named('🎹'.repeat(40))).length).toBe(60);
  expect(named('')).toBe('jam.togthr');
  expect(named(' \n')).toBe('jam.togthr');
});

test('addresses may bring a port of their own', () => {
  const addresses = [
    '10.0.0.1',
    '10.0.0.2:99',
    'fe80::1%eth0',
    '[fe80::2]:98',
    'a b',
    '10.0.0.3:0',
  ];
  expect(readAddresses(addresses, 5008)).toEqual([
    { host: '10.0.0.1', port: 5008 },
    { host: '10.0.0.2', port: 99 },
    { host: 'fe80::1%eth0', port: 5008 },
    { host: 'fe80::2', port: 98 },
  ]);
});
