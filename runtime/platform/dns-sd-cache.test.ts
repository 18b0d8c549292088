import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Instant } from '../core/time.ts';
import type { ServiceAdvert } from '../ports/discovery.ts';
import type { DnsRecord } from './dns-message.ts';
import { DnsSdCache } from './dns-sd-cache.ts';
import { addressRecords, serviceRecords } from './dns-sd-records.ts';

const TYPE = '_jam-togthr._tcp';
const HOST = 'Box-1.local';
const FROM = '192.0.2.9';
const VIA = 'eth0';
const at = (seconds: number): Instant => (1e9 + seconds * 1e6) as Instant;
const advert = (more: Partial<ServiceAdvert> = {}): ServiceAdvert => ({
  name: 'Jam',
  type: TYPE,
  port: 7,
  txt: { tempo: '120' },
  ...more,
});
const announcement = (more: Partial<ServiceAdvert> = {}, address = '192.0.2.1'): DnsRecord[] => [
  ...serviceRecords(advert(more), HOST),
  ...addressRecords(HOST, [address]),
];

let cache: DnsSdCache;
beforeEach(() => {
  cache = new DnsSdCache();
  cache.watch(TYPE);
});
const found = () =>
  cache.services(TYPE, (addresses, from) => (addresses.length ? addresses : [from]));
const names = (): string[] => found().map(({ name }) => name);

test('an announcement makes a service, whatever the order of its records', () => {
  const records = announcement();
  for (const order of [records, records.toReversed()]) {
    cache = new DnsSdCache();
    cache.watch(TYPE);
    cache.receive(order, at(0), FROM, VIA);
    expect(found()).toEqual([{ ...advert(), host: HOST, addresses: ['192.0.2.1'] }]);
  }
});

test('records that come in packets of their own are put together', () => {
  for (const record of announcement()) cache.receive([record], at(0), FROM, VIA);
  expect(found()).toMatchObject([{ name: 'Jam', port: 7, addresses: ['192.0.2.1'] }]);
});

test('a type that nobody watches is not kept', () => {
  cache.receive(announcement({ type: '_apple-midi._udp' }), at(0), FROM, VIA);
  cache.watch('_apple-midi._udp');
  expect(cache.services('_apple-midi._udp', (addresses) => addresses)).toEqual([]);
});

test('a link-local address is kept with the network that it was learnt over, and makes no second service (items 45, 46)', () => {
  cache.receive(announcement({}, 'fe80::1'), at(0), 'fe80::1%eth0', VIA);
  cache.receive(announcement({}, 'fe80::1'), at(0), 'fe80::1%wlan0', 'wlan0');
  expect(found()).toMatchObject([{ name: 'Jam', addresses: ['fe80::1%eth0', 'fe80::1%wlan0'] }]);
});

test('without an address, who told of the service stands in', () => {
  cache.receive(serviceRecords(advert(), HOST), at(0), FROM, VIA);
  expect(found()).toMatchObject([{ addresses: [FROM] }]);
});

describe('services vanish', () => {
  test('a second after their goodbye, unless they come back', () => {
    cache.receive(announcement(), at(0), FROM, VIA);
    cache.receive(serviceRecords(advert(), HOST, true), at(5), FROM, VIA);
    cache.expire(at(5.9));
    expect(names()).toEqual(['Jam']);
    cache.receive(announcement(), at(5.9), FROM, VIA);
    cache.expire(at(7));
    expect(names()).toEqual(['Jam']);
    cache.receive(serviceRecords(advert(), HOST, true), at(8), FROM, VIA);
    cache.expire(at(9));
    expect(names()).toEqual([]);
  });

  test('two minutes after their last word', () => {
    cache.receive(announcement(), at(0), FROM, VIA);
    cache.receive(announcement(), at(60), FROM, VIA);
    cache.expire(at(179));
    expect(names()).toEqual(['Jam']);
    cache.expire(at(180));
    expect(names()).toEqual([]);
  });

  test('but a goodbye from the old place does not take the new one away', () => {
    cache.receive(announcement({ port: 8 }), at(0), FROM, VIA);
    const old = serviceRecords(advert({ port: 7 }), 'old.local', true);
    cache.receive(
      old.filter(({ type }) => type === 'SRV'),
      at(1),
      FROM,
      VIA,
    );
    cache.expire(at(10));
    expect(found()).toMatchObject([{ port: 8 }]);
  });
});

describe('what changes is replaced', () => {
  test('the TXT record, also when it comes alone', () => {
    cache.receive(announcement(), at(0), FROM, VIA);
    const [txt] = serviceRecords(advert({ txt: { tempo: '90' } }), HOST).filter(
      ({ type }) => type === 'TXT',
    );
    cache.receive(txt ? [txt] : [], at(1), FROM, VIA);
    expect(found()).toMatchObject([{ txt: { tempo: '90' } }]);
  });

  test('the address, a second after a new one was announced', () => {
    cache.receive(announcement(), at(0), FROM, VIA);
    cache.receive(announcement({}, '192.0.2.2'), at(10), FROM, VIA);
    cache.expire(at(11));
    expect(found()).toMatchObject([{ addresses: ['192.0.2.2'] }]);
  });

  test('but only that which was learnt over the same network (item 46)', () => {
    cache.receive(announcement({}, '10.0.0.1'), at(0), FROM, 'wlan0');
    cache.receive(announcement(), at(0), FROM, VIA);
    cache.receive(announcement({}, '192.0.2.2'), at(10), FROM, VIA);
    cache.expire(at(11));
    expect(found()).toMatchObject([{ addresses: ['10.0.0.1', '192.0.2.2'] }]);
  });

  test('but a host with two interfaces keeps both', () => {
    cache.receive(announcement(), at(0), FROM, VIA);
    cache.receive(announcement({}, '198.51.100.2'), at(0.2), FROM, VIA);
    cache.expire(at(5));
    expect(found()).toMatchObject([{ addresses: ['192.0.2.1', '198.51.100.2'] }]);
  });
});

describe('questions', () => {
  const asked = (seconds: number): string[] =>
    cache.questions(at(seconds)).map(({ name, type }) => `${type} ${name}`);

  test('complete a service, three times at most', () => {
    const [pointer] = serviceRecords(advert(), HOST);
    cache.receive(pointer ? [pointer] : [], at(0), FROM, VIA);
    expect(asked(0.1)).toEqual([]);
    const details = ['SRV Jam._jam-togthr._tcp.local', 'TXT Jam._jam-togthr._tcp.local'];
    expect(asked(0.6)).toEqual(details);
    expect(asked(0.7)).toEqual([]);
    expect([asked(1.6), asked(2.6), asked(3.6)]).toEqual([details, details, []]);
    cache.receive(serviceRecords(advert(), HOST), at(4), FROM, VIA);
    expect(asked(5)).toEqual([`A ${HOST}`, `AAAA ${HOST}`]);
  });

  test('refresh a service before it expires, again and again', () => {
    cache.receive(announcement(), at(0), FROM, VIA);
    const times = Array.from({ length: 120 }, (_, second) => second).filter(
      (second) => asked(second).length > 0,
    );
    expect(times).toEqual([96, 102, 108, 114]);
    cache.receive(announcement(), at(119), FROM, VIA);
    expect(asked(120)).toEqual([]);
  });
});

test('no flood of services, addresses or strange lifetimes fills the memory', () => {
  for (let number = 0; number < 1_000; number++) {
    cache.receive(
      announcement({ name: `Jam ${number}` }, `10.0.${number >> 8}.${number & 255}`),
      at(0),
      FROM,
      VIA,
    );
  }
  expect(found()).toHaveLength(256);
  expect(cache.refused).toBe(1_000 - 256);
  expect(found()[0]?.addresses).toHaveLength(16);
  for (const record of announcement({ name: 'Eternal' })) {
    cache.receive([{ ...record, ttl: 0xffff_ffff }], at(0), FROM, VIA);
  }
  cache.expire(at(86_401));
  expect(found()).toEqual([]);
});

test('whatever comes, the list is sorted, complete in itself and empty in the end', () => {
  const record: fc.Arbitrary<DnsRecord> = fc
    .record({
      name: fc.constantFrom('A', 'B', 'b'),
      host: fc.constantFrom('x.local', 'y.local'),
      port: fc.integer({ min: 1, max: 3 }),
      which: fc.nat(4),
      ttl: fc.constantFrom(0, 1, 120),
    })
    .map(({ name, host, port, which, ttl }) => {
      const all = [
        ...serviceRecords(advert({ name, port }), host),
        ...addressRecords(host, [`192.0.2.${port}`]),
      ];
      return { ...(all[which] as DnsRecord), ttl };
    });
  const packets = fc.array(fc.tuple(fc.array(record, { maxLength: 5 }), fc.nat(20)), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(packets, (received) => {
      cache = new DnsSdCache();
      cache.watch(TYPE);
      let seconds = 0;
      for (const [records, later] of received) {
        seconds += later / 10;
        cache.receive(records, at(seconds), FROM, VIA);
        cache.expire(at(seconds));
        cache.questions(at(seconds));
        const list = found();
        expect(names()).toEqual([...names()].sort());
        expect(new Set(list.map(({ name }) => name.toLowerCase())).size).toBe(list.length);
        for (const { port, addresses } of list) expect(port > 0 && addresses.length > 0).toBe(true);
      }
      cache.expire(at(seconds + 5_000));
      expect(found()).toEqual([]);
    }),
  );
});
