import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandomness } from '../../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../../sim/virtual-clock.ts';
import type { BoxId } from '../../core/ensemble.ts';
import { Listeners } from '../../core/listeners.ts';
import { fromMillis, fromSeconds, type Instant, type Micros } from '../../core/time.ts';
import type { DatagramNetwork } from '../../ports/datagram-network.ts';
import type { PacketLane } from '../../ports/peer-connection.ts';
import { LANE_OCTETS, PAYLOAD, readTime, writeTime } from './lane-packets.ts';
import { type LinkLanes, openLinkLanes } from './link-lanes.ts';
import { placeOfBox } from './place.ts';

const idOf = (name: string): BoxId =>
  Buffer.from(name).toString('hex').padEnd(32, '0').slice(0, 32) as BoxId;
const RTP = Uint8Array.from([0x80, 97, 0, 7, 0, 0, 0, 1, 1, 2, 3, 4, 3, 0x90, 60, 100]);
const WAY = fromMillis(1);
const NOWHERE: DatagramNetwork = { bind: () => Promise.reject(new Error('nothing beneath')) };

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

class Side {
  readonly box: BoxId;
  readonly lanes: LinkLanes;
  /** Packets of streams: whose, their time, their octets. */
  readonly heard: { from: string; time: number; bytes: string }[] = [];
  /** Word of what others received of our stream. */
  readonly received: { by: string; sequence: number }[] = [];

  constructor(clock: VirtualClock, name: string) {
    this.box = idOf(name);
    const randomness = seededRandomness(name);
    this.lanes = openLinkLanes({ network: NOWHERE, clock, randomness }, { self: this.box });
    this.lanes.group.onPacket((bytes, from, time) =>
      this.heard.push({ from: from.host, time, bytes: hex(bytes) }),
    );
    this.lanes.group.onReceived((by, sequence) => this.received.push({ by: by.host, sequence }));
  }

  get place(): string {
    return placeOfBox(this.box).host;
  }

  send(to: readonly Side[], packet: Uint8Array = RTP, time: number = 5): void {
    const places = to.map(({ box }) => placeOfBox(box));
    this.lanes.group.send(places, packet, packet.length, time);
  }
}

/** What was sent each way, and the ends to speak on. */
interface Cable {
  readonly a: PacketLane;
  readonly b: PacketLane;
  readonly fromA: Uint8Array[];
  readonly fromB: Uint8Array[];
  readonly silent: { value: boolean };
}

/** Players p, q and r, each linked with forwarders f and g, who are linked with each other. */
function openStar() {
  const clock = new VirtualClock();
  const [p, q, r, f, g] = ['p', 'q', 'r', 'f', 'g'].map((name) => new Side(clock, name)) as [
    Side,
    Side,
    Side,
    Side,
    Side,
  ];
  const link = (a: Side, b: Side): Cable => {
    const silent = { value: false };
    const ends = [new Listeners<[Uint8Array, Instant]>(), new Listeners<[Uint8Array, Instant]>()];
    const sent: Uint8Array[][] = [[], []];
    const lane = (own: number): PacketLane => ({
      unsent: 0,
      send(packet, length = packet.length) {
        const copy = packet.slice(0, length);
        sent[own]?.push(copy);
        if (silent.value) return;
        const alarm = clock.alarm(() => {
          alarm[Symbol.dispose]();
          ends[1 - own]?.emit(copy, clock.now());
        });
        alarm.set((clock.now() + WAY) as Instant);
      },
      onPacket: (listener) => (ends[own] as Listeners<[Uint8Array, Instant]>).add(listener),
    });
    const cable = { a: lane(0), b: lane(1), fromA: sent[0] ?? [], fromB: sent[1] ?? [], silent };
    a.lanes.attach(b.box, cable.a);
    b.lanes.attach(a.box, cable.b);
    return cable;
  };
  const cables = {
    pf: link(p, f),
    qf: link(q, f),
    rf: link(r, f),
    pg: link(p, g),
    qg: link(q, g),
    rg: link(r, g),
    fg: link(f, g),
  };
  const players = [p, q, r];
  for (const player of players) {
    const others = players.filter((other) => other !== player);
    player.lanes.setRoutes(new Map(others.map(({ box }) => [box, [f.box, g.box]])));
  }
  const pass = (by: Micros = fromMillis(5)): void => clock.advance(by);
  return { clock, p, q, r, f, g, link, pass, ...cables };
}

const ofKind = (packets: readonly Uint8Array[], kind: keyof typeof PAYLOAD): Uint8Array[] =>
  packets.filter((packet) => packet[1] === PAYLOAD[kind]);

describe('a stream for many', () => {
  test('leaves once and is copied to all who are linked with the one that passes on, but for those with a link of their own', () => {
    const { p, q, r, f, g, pf, pg, fg, pass } = openStar();
    p.send([q, r], RTP, -3);
    pass();
    expect(ofKind(pf.fromA, 'stream')).toHaveLength(1);
    expect(ofKind(pg.fromA, 'stream')).toEqual([]);
    const copy = { from: p.place, time: -3, bytes: hex(RTP) };
    expect([q.heard, r.heard]).toEqual([[copy], [copy]]);
    // It has a link with p: what it is to hear of p it hears over that.
    expect(ofKind(fg.fromA, 'copy')).toEqual([]);
    expect([f.heard, g.heard]).toEqual([[], []]);
    expect(f.lanes.stats.relayed).toBe(2);
  });

  test('goes straight to members that have a link', () => {
    const { p, q, r, f, pf, pass } = openStar();
    p.send([f, q]);
    pass();
    expect(ofKind(pf.fromA, 'copy')).toHaveLength(1);
    expect(f.heard).toEqual([{ from: p.place, time: 5, bytes: hex(RTP) }]);
    expect(q.heard).toHaveLength(1);
    expect(r.heard).toHaveLength(1);
  });

  test('takes the spare way too while the first is in doubt, and that alone once it is silent', () => {
    const { p, q, r, pf, qf, rf, pg, pass } = openStar();
    pass(fromSeconds(3));
    for (const cable of [pf, qf, rf]) cable.silent.value = true;
    p.send([q, r]);
    pass(fromMillis(400));
    p.send([q, r]);
    pass();
    expect(q.heard).toHaveLength(1);
    expect(ofKind(pg.fromA, 'stream')).toHaveLength(1);
    pass(fromMillis(600));
    const before = ofKind(pf.fromA, 'stream').length;
    p.send([q, r]);
    pass();
    expect(ofKind(pf.fromA, 'stream')).toHaveLength(before);
    expect(q.heard).toHaveLength(2);
  });

  test('the biggest packet fits, with nobody left out; a bigger one is not copied', () => {
    const { p, q, r, pass } = openStar();
    const big = new Uint8Array(1_152).fill(1);
    big.set(RTP);
    p.send([q, r], big);
    pass();
    expect(r.heard).toHaveLength(1);
    const bigger = new Uint8Array(1_170).fill(1);
    bigger.set(RTP);
    p.send([q, r], bigger);
    pass();
    expect(r.heard).toHaveLength(1);
  });

  test('is not copied more than a thousand times a second', () => {
    const { p, q, r, f, pass } = openStar();
    for (let i = 0; i < 1_500; i++) p.send([q, r]);
    pass();
    expect(q.heard).toHaveLength(1_000);
    expect(f.lanes.stats.flooded).toBe(500);
  });

  test('is believed only from its source, or from one that passes packets on', () => {
    const { p, q, r, f, link, pass } = openStar();
    const header = [0x80, PAYLOAD.copy, 0, 1, 0, 0, 0, 0, 1, 1, 1, 1];
    const time = Array(8).fill(0);
    const inTheNameOf = (source: Side): Uint8Array =>
      Uint8Array.from([...header, ...Buffer.from(source.box, 'hex'), ...time, ...RTP]);
    const own = link(p, q);
    own.a.send(inTheNameOf(r));
    pass();
    expect(q.heard).toEqual([]);
    expect(q.lanes.stats.unexpected).toBe(1);
    own.a.send(inTheNameOf(p));
    pass();
    expect(q.heard).toHaveLength(1);
    expect(f.heard).toEqual([]);
  });
});

describe('reports', () => {
  test('of several streams go together, and are handed on with the name of who heard', () => {
    const { p, q, r, qf, rf, pf, pass } = openStar();
    q.lanes.group.received(placeOfBox(p.box), 6);
    q.lanes.group.received(placeOfBox(p.box), 7);
    q.lanes.group.received(placeOfBox(r.box), 9);
    r.lanes.group.received(placeOfBox(p.box), 5);
    pass(fromMillis(200));
    expect(ofKind(qf.fromA, 'reports')).toHaveLength(1);
    expect(ofKind(rf.fromA, 'reports')).toHaveLength(1);
    expect(ofKind(pf.fromB, 'reports')).toHaveLength(1);
    expect(p.received).toEqual(
      expect.arrayContaining([
        { by: q.place, sequence: 7 },
        { by: r.place, sequence: 5 },
      ]),
    );
    expect(p.received).toHaveLength(2);
    expect(r.received).toEqual([{ by: q.place, sequence: 9 }]);
  });

  test('go straight where there is a link', () => {
    const { p, f, pass } = openStar();
    f.lanes.group.received(placeOfBox(p.box), 3);
    pass(fromMillis(200));
    expect(p.received).toEqual([{ by: f.place, sequence: 3 }]);
  });

  test('of others are believed only from one that passes packets on', () => {
    const { p, q, r, link, pass } = openStar();
    const own = link(p, q);
    const header = [0x80, PAYLOAD.reports, 0, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1];
    own.b.send(Uint8Array.from([...header, ...Buffer.from(r.box, 'hex'), 0, 9]));
    pass();
    expect(p.received).toEqual([]);
    expect(p.lanes.stats.unexpected).toBe(1);
  });
});

test('whatever octets come, nothing is thrown, and of one packet no more is made than one for each link', () => {
  const { q, f, pf, qf, rf, fg, pass } = openStar();
  const kinds = [PAYLOAD.stream, PAYLOAD.copy, PAYLOAD.reports];
  const octets = fc
    .tuple(fc.constantFrom(...kinds), fc.uint8Array({ maxLength: 200 }), fc.boolean())
    .map(([kind, rest, whole]) =>
      Uint8Array.from([
        0x80,
        kind,
        ...rest,
        ...(whole ? [...Buffer.from(q.box, 'hex'), 0, 1] : []),
      ]),
    );
  fc.assert(
    fc.property(octets, (bytes) => {
      const lists = [pf.fromB, qf.fromB, rf.fromB, fg.fromA];
      for (const list of lists) list.length = 0;
      pf.a.send(bytes.subarray(0, LANE_OCTETS));
      pass(fromMillis(150));
      for (const list of lists) {
        expect(ofKind(list, 'copy').length).toBeLessThanOrEqual(1);
        expect(ofKind(list, 'reports').length).toBeLessThanOrEqual(1);
      }
    }),
  );
  expect(f.lanes.stats.malformed).toBeGreaterThan(0);
});

test('times survive the way, whatever their sign, and no time is no time', () => {
  const octets = new Uint8Array(8);
  fc.assert(
    fc.property(fc.maxSafeInteger(), (time) => {
      writeTime(octets, 0, time);
      expect(readTime(octets, 0)).toBe(time);
    }),
  );
  writeTime(octets, 0, Number.NaN);
  expect(readTime(octets, 0)).toBeNaN();
});
