import { expect, test } from 'vitest';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { settle, VirtualClock } from '../../sim/virtual-clock.ts';
import { silentLog } from '../core/log.ts';
import { after, fromMillis, fromSeconds } from '../core/time.ts';
import type { DnsQuestion, DnsRecord } from './dns-message.ts';
import type { LocalInterface } from './local-interfaces.ts';
import { MdnsAnnouncement } from './mdns-announcement.ts';
import type { MdnsPacket, Multicast } from './mdns-links.ts';

interface Seen {
  readonly at: number;
  readonly kind: 'probe' | 'announcement' | 'goodbye';
  readonly from: string;
  readonly name: string;
}

/** Everybody hears everybody, a millisecond later, within their group. */
function openAir() {
  const clock = new VirtualClock();
  const start = clock.now();
  const boxes = new Map<string, MdnsAnnouncement>();
  const seen: Seen[] = [];
  const sent: DnsRecord[] = [];
  let groups: readonly string[][] = [];
  let down = false;

  const groupOf = (host: string): number => groups.findIndex((group) => group.includes(host));
  const multicast = (from: string, packet: MdnsPacket): void => {
    const hearers = [...boxes].filter(([host]) => groupOf(host) === groupOf(from));
    clock
      .alarm(() => {
        for (const [, box] of hearers) box.receive(packet);
      })
      .set(after(clock.now(), fromMillis(1)));
  };
  const note = (kind: Seen['kind'], from: string): void => {
    const name = boxes.get(from)?.name ?? '';
    seen.push({ at: Math.round((clock.now() - start) / 1_000), kind, from, name });
  };
  const packet = (more: Partial<MdnsPacket>): MdnsPacket => ({
    kind: 'query',
    questions: [],
    records: [],
    claims: [],
    from: '192.0.2.1',
    via: 'eth0',
    ...more,
  });
  let eth: LocalInterface = {
    name: 'eth0',
    ipv4: '192.0.2.1',
    ipv6: false,
    addresses: ['192.0.2.1', 'fe80::1'],
    networks: [{ net: '192.0.2.1', prefix: 24 }],
    loopback: false,
  };

  return {
    clock,
    seen,
    sent,
    ask(questions: readonly DnsQuestion[], records: readonly DnsRecord[] = []): void {
      multicast('nobody', packet({ questions, records }));
    },
    split(...next: string[][]): void {
      groups = next;
    },
    setAddresses(addresses: readonly string[]): void {
      eth = { ...eth, addresses };
    },
    setDown(next: boolean): void {
      down = next;
    },
    box(host: string, name: string = 'Jam', boundTo?: string): MdnsAnnouncement {
      const links: Multicast = {
        get interfaces() {
          return down ? [] : [eth];
        },
        query: (questions, claims = []) => {
          if (down) return;
          note('probe', host);
          multicast(host, packet({ questions, claims }));
        },
        respond: (recordsOn) => {
          if (down) return;
          const records = recordsOn(eth);
          if (records.length === 0) return;
          sent.push(...records);
          note(records[0]?.ttl === 0 ? 'goodbye' : 'announcement', host);
          multicast(host, packet({ kind: 'response', records }));
        },
      };
      const box = new MdnsAnnouncement(
        {
          clock,
          links,
          randomness: seededRandomness(host),
          log: silentLog,
          host: `${host}.local`,
          taken: () => false,
          changed: () => {},
        },
        {
          name,
          type: '_jam-togthr._tcp',
          port: 7_000,
          txt: {},
          ...(boundTo === undefined ? {} : { boundTo }),
        },
      );
      box.announced.catch(() => {});
      boxes.set(host, box);
      return box;
    },
  };
}

const PTR: DnsQuestion = { name: '_jam-togthr._tcp.local', type: 'PTR' };

test('a name is probed for three times, a quarter of a second apart, then announced again and again', async () => {
  const air = openAir();
  const box = air.box('a');
  let announced = false;
  void box.announced.then(() => {
    announced = true;
  });
  air.clock.advance(fromSeconds(20));
  await settle();
  expect(announced).toBe(true);
  const first = air.seen[0]?.at ?? 0;
  expect(first).toBeLessThan(250);
  expect(air.seen.map(({ at, kind }) => [kind, at - first])).toEqual([
    ['probe', 0],
    ['probe', 250],
    ['probe', 500],
    ['announcement', 750],
    ['announcement', 1_750],
    ['announcement', 3_750],
    ['announcement', 7_750],
  ]);
});

test('who comes later takes another name, who was there keeps it', () => {
  const air = openAir();
  const first = air.box('a');
  air.clock.advance(fromSeconds(10));
  const second = air.box('b');
  const third = air.box('c');
  air.clock.advance(fromSeconds(10));
  expect([first.name, ...[second.name, third.name].sort()]).toEqual(['Jam', 'Jam (2)', 'Jam (3)']);
});

test('eight boxes that are switched on together get eight names, whatever the seed', () => {
  for (let seed = 0; seed < 20; seed++) {
    const air = openAir();
    const boxes = Array.from({ length: 8 }, (_, at) => air.box(`${seed}-${at}`));
    air.clock.advance(fromSeconds(30));
    expect(new Set(boxes.map(({ name }) => name)).size, `seed ${seed}`).toBe(8);
    expect(boxes.every(({ live }) => live)).toBe(true);
    // And nobody announces a name that another has announced.
    const announced = air.seen.filter(({ kind }) => kind === 'announcement');
    const owners = new Set(announced.map(({ from, name }) => `${name} of ${from}`));
    expect(owners.size, `seed ${seed}`).toBe(8);
  }
});

test('when two networks become one, one of two equal names gives way', () => {
  const air = openAir();
  air.split(['a'], ['b']);
  const one = air.box('a');
  const other = air.box('b');
  air.clock.advance(fromSeconds(20));
  expect([one.name, other.name]).toEqual(['Jam', 'Jam']);
  air.split();
  one.networkChanged();
  air.clock.advance(fromSeconds(10));
  expect([one.name, other.name].sort()).toEqual(['Jam', 'Jam (2)']);
});

test('a question is answered within 120 ms, but the records are sent once a second at most', () => {
  const air = openAir();
  air.box('a');
  air.clock.advance(fromSeconds(20));
  air.seen.length = 0;
  for (let asked = 0; asked < 300; asked++) {
    air.ask([PTR]);
    air.clock.advance(fromMillis(10));
  }
  air.clock.advance(fromSeconds(2));
  const times = air.seen.map(({ at }) => at - 20_000);
  expect(times[0]).toBeLessThanOrEqual(125);
  expect(times.length).toBeLessThanOrEqual(4);
  for (let at = 1; at < times.length; at++) {
    expect((times[at] ?? 0) - (times[at - 1] ?? 0)).toBeGreaterThanOrEqual(1_000);
  }
});

test('who knows us already gets no answer, nor who asks for others', () => {
  const air = openAir();
  air.box('a');
  air.clock.advance(fromSeconds(20));
  air.seen.length = 0;
  const known: DnsRecord = {
    type: 'PTR',
    name: PTR.name,
    ttl: 4_000,
    flush: false,
    data: 'Jam._jam-togthr._tcp.local',
  };
  air.ask([PTR], [known]);
  air.ask([{ name: '_apple-midi._udp.local', type: 'PTR' }]);
  air.clock.advance(fromSeconds(2));
  expect(air.seen).toEqual([]);
  air.ask([PTR], [{ ...known, ttl: 100 }]);
  air.clock.advance(fromSeconds(2));
  expect(air.seen).toHaveLength(1);
});

test('without a network nothing is sent; when one comes, the name is probed for first', () => {
  const air = openAir();
  air.setDown(true);
  const box = air.box('a');
  air.clock.advance(fromSeconds(20));
  expect(box.live).toBe(true);
  expect(air.seen).toEqual([]);
  air.setDown(false);
  box.networkChanged();
  air.clock.advance(fromSeconds(2));
  expect(air.seen.map(({ kind }) => kind).slice(0, 4)).toEqual([
    'probe',
    'probe',
    'probe',
    'announcement',
  ]);
});

test('disposing says goodbye once, and nothing if nothing was announced', async () => {
  const air = openAir();
  const box = air.box('a');
  air.clock.advance(fromSeconds(20));
  await box[Symbol.asyncDispose]();
  await box[Symbol.asyncDispose]();
  air.clock.advance(fromSeconds(20));
  expect(air.seen.filter(({ kind }) => kind === 'goodbye')).toHaveLength(1);
  expect(air.seen.at(-1)?.kind).toBe('goodbye');
  const early = openAir();
  const hasty = early.box('a');
  const announced = hasty.announced;
  await hasty[Symbol.asyncDispose]();
  await expect(announced).rejects.toMatchObject({ code: 'closed' });
  expect(early.seen).toEqual([]);
});

test('who listens on one address is announced with that one, and not at all where it has none (item 46)', () => {
  const addresses = (boundTo: string | undefined): string[] => {
    const air = openAir();
    air.box('a', 'Jam', boundTo);
    air.clock.advance(fromSeconds(2));
    const told = air.sent.flatMap(({ type, data }) =>
      (type === 'A' || type === 'AAAA') && typeof data === 'string' ? [data] : [],
    );
    return [...new Set(told)];
  };
  expect(addresses(undefined)).toEqual(['192.0.2.1', 'fe80::1']);
  expect(addresses('192.0.2.1')).toEqual(['192.0.2.1']);
  expect(addresses('0.0.0.0')).toEqual(['192.0.2.1']);
  expect(addresses('198.51.100.1')).toEqual([]);
});

test('an address that is gone is taken back, so that nobody tries it for two minutes (item 46)', () => {
  const air = openAir();
  const box = air.box('a');
  air.clock.advance(fromSeconds(20));
  air.sent.length = 0;
  air.setAddresses(['fe80::1']);
  box.networkChanged();
  air.clock.advance(fromSeconds(20));
  const told = air.sent.flatMap(({ type, data, ttl, flush }) =>
    type === 'A' || type === 'AAAA' ? [{ data, ttl, flush }] : [],
  );
  expect(told.slice(0, 2)).toEqual([
    { data: 'fe80::1', ttl: 120, flush: true },
    { data: '192.0.2.1', ttl: 0, flush: false },
  ]);
  // Once back, it is told of as before.
  air.sent.length = 0;
  air.setAddresses(['192.0.2.1', 'fe80::1']);
  box.networkChanged();
  air.clock.advance(fromSeconds(20));
  expect(air.sent.filter(({ ttl }) => ttl === 0)).toEqual([]);
});
