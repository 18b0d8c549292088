import { expect, test } from 'vitest';
import { routeOf } from '../../runtime/platform/webrtc-route.ts';

function candidate(type: string, address: string): Parameters<typeof routeOf>[0]['local'] {
  const rest = { transportType: 'UDP', candidate: '', mid: 'midi', priority: 1 };
  return { type, address, port: 5_004, ...rest };
}

const ROUTES: readonly (readonly [string, string, string])[] = [
  ['host 192.168.1.2', 'host 192.168.1.3', 'local'],
  ['host 169.254.7.7', 'host 169.254.9.9', 'local'],
  ['host fe80::1', 'prflx fe80::2', 'local'],
  ['host fd12::1', 'prflx fd12:0:0:1::2', 'local'],
  ['host 127.0.0.1', 'host 127.0.0.1', 'local'],
  ['host 2001:db8:1:2::1', 'host 2001:db8:1:2::2', 'local'],
  ['host 2001:db8:1:2::1', 'host 2001:db8:1:3::2', 'direct'],
  ['host 192.168.1.2', 'srflx 203.0.113.5', 'direct'],
  ['host 192.168.1.2', 'prflx 203.0.113.5', 'direct'],
  ['srflx 203.0.113.5', 'host 192.168.1.2', 'direct'],
  ['host 203.0.113.4', 'host 203.0.113.5', 'direct'],
  ['relay 203.0.113.9', 'host 192.168.1.2', 'relayed'],
  ['host 192.168.1.2', 'relay 203.0.113.9', 'relayed'],
];

for (const [local, remote, kind] of ROUTES) {
  test(`from ${local} to ${remote} the route is ${kind}`, () => {
    const [end = '', address = ''] = local.split(' ');
    const [farEnd = '', farAddress = ''] = remote.split(' ');
    const pair = { local: candidate(end, address), remote: candidate(farEnd, farAddress) };
    expect(routeOf(pair)).toMatchObject({
      kind,
      local: { host: address },
      remote: { host: farAddress, port: 5_004 },
    });
  });
}
