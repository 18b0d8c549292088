import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandomness } from '../../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../../sim/virtual-clock.ts';
import type { BoxId } from '../../core/ensemble.ts';
import { Listeners } from '../../core/listeners.ts';
import { fromMillis, fromSeconds, type Instant, type Micros } from '../../core/time.ts';
import type { DatagramNetwork, DatagramSocket, NetAddress } from '../../ports/datagram-network.ts';
import type { PacketLane } from '../../ports/peer-connection.ts';
import { FORWARD_HEADER_OCTETS, LANE_OCTETS, PAYLOAD } from './lane-packets.ts';
import { type LinkLanes, openLinkLanes } from './link-lanes.ts';
import { placeOfBox } from './place.ts';

const idOf = (name: string): BoxId =>
  Buffer.from(name).toString('hex').padEnd(32, '0').slice(0, 32) as BoxId;
const RTP = Uint8Array.from([0x80, 97, 0, 7, 0, 0, 0, 1, 1, 2, 3, 4, 3, 0x90, 60, 100]);
const COMMAND = Uint8Array.from([0xff, 0xff, 0x43, 0x4b, 9, 9, 9, 9]);
const WAY = fromMillis(1);

interface Heard {
  readonly socket: 'control' | 'data';
  readonly from: NetAddress;
  readonly bytes: string;
}

interface Side {
  readonly box: BoxId;
  readonly lanes: LinkLanes;
  readonly control: DatagramSocket;
  readonly data: DatagramSocket;
  readonly heard: Heard[];
  /** What went to the network beneath. */
  readonly beneath: NetAddress[];
}

/** The end of a lane that a test can speak on, and cut. */
interface Cable {
  readonly a: PacketLane;
  readonly b: PacketLane;
  readonly sent: Uint8Array[];
  readonly silent: { value: boolean };
}

const clock = new VirtualClock();
const pass = (by: Micros = fromMillis(5)): void => clock.advance(by);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

async function openSide(name: string): Promise<Side> {
  const beneath: NetAddress[] = [];
  const network: DatagramNetwork = {
    bind: async ({ port }) => ({
      local: { host: '0.0.0.0', port },
      send: (_bytes, to) => beneath.push(to),
      onDatagram: () => ({ [Symbol.dispose]: () => {} }),
      unsent: 0,
      [Symbol.asyncDispose]: async () => {},
    }),
  };
  const box = idOf(name);
  const lanes = openLinkLanes(
    { network, clock, randomness: seededRandomness(name) },
    { self: box },
  );
  const control = await lanes.network.bind({ port: 5_004 });
  const data = await lanes.network.bind({ port: 5_005 });
  const heard: Heard[] = [];
  for (const [socket, each] of [
    ['control', control],
    ['data', data],
  ] as const)
    each.onDatagram((bytes, from) => heard.push({ socket, from, bytes: hex(bytes) }));
  return { box, lanes, control, data, heard, beneath };
}

function openCable(): Cable {
  const sent: Uint8Array[] = [];
  const silent = { value: false };
  const ends = [0, 1].map(() => new Listeners<[Uint8Array, Instant]>());
  const lane = (to: number, own: number): PacketLane => ({
    unsent: 0,
    send(packet, length = packet.length) {
      const copy = packet.slice(0, length);
      sent.push(copy);
      if (silent.value) return;
      const alarm = clock.alarm(() => {
        alarm[Symbol.dispose]();
        ends[to]?.emit(copy, clock.now());
      });
      alarm.set((clock.now() + WAY) as Instant);
    },
    onPacket: (listener) => (ends[own] as Listeners<[Uint8Array, Instant]>).add(listener),
  });
  return { a: lane(1, 0), b: lane(0, 1), sent, silent };
}

function link(a: Side, b: Side): Cable & { cut(): void } {
  const cable = openCable();
  const held = [a.lanes.attach(b.box, cable.a), b.lanes.attach(a.box, cable.b)];
  return {
    ...cable,
    cut: () => {
      for (const each of held) each[Symbol.dispose]();
    },
  };
}

const controlOf = ({ box }: Side): NetAddress => placeOfBox(box, 0);
const dataOf = ({ box }: Side): NetAddress => placeOfBox(box, 1);

describe('one link', () => {
  test('packets go as they are, commands with a header around them, each to the socket that it is for', async () => {
    const [a, b] = [await openSide('a'), await openSide('b')];
    const { sent } = link(a, b);
    a.data.send(RTP, dataOf(b));
    a.control.send(COMMAND, controlOf(b));
    a.data.send(COMMAND, dataOf(b));
    pass();
    expect(b.heard).toEqual([
      { socket: 'data', from: dataOf(a), bytes: hex(RTP) },
      { socket: 'control', from: controlOf(a), bytes: hex(COMMAND) },
      { socket: 'data', from: dataOf(a), bytes: hex(COMMAND) },
    ]);
    expect(sent.map((packet) => packet[1])).toEqual([97, 98, 99]);
    expect(hex(sent[0] as Uint8Array)).toBe(hex(RTP));
    // Of one numbering and one SSRC, far from where numbers wrap.
    const [one, two] = sent.slice(1).map((packet) => Buffer.from(packet)) as [Buffer, Buffer];
    expect(two.readUInt16BE(2) - one.readUInt16BE(2)).toBe(1);
    expect(one.readUInt16BE(2)).toBeLessThan(0x8000);
    expect(two.readUInt32BE(8)).toBe(one.readUInt32BE(8));
    expect(a.beneath).toEqual([]);
  });

  test('everybody else is reached by the network beneath; a box without a link by nothing at all', async () => {
    const a = await openSide('a');
    a.data.send(RTP, { host: '10.0.0.9', port: 5_005 });
    a.data.send(RTP, placeOfBox(idOf('nobody'), 1));
    expect(a.beneath).toEqual([{ host: '10.0.0.9', port: 5_005 }]);
    expect(a.lanes.stats.unrouted).toBe(1);
  });

  test('a box has the same address on every link with it; packets go over the newest and are taken from all', async () => {
    const [a, b] = [await openSide('a'), await openSide('b')];
    const old = link(a, b);
    b.data.send(RTP, dataOf(a));
    pass();
    const renewed = link(a, b);
    old.b.send(RTP);
    b.data.send(RTP, dataOf(a));
    pass();
    expect(renewed.sent).toHaveLength(1);
    expect(a.heard).toHaveLength(3);
    for (const { from } of a.heard) expect(from).toBe(a.heard[0]?.from);
    renewed.cut();
    b.data.send(RTP, dataOf(a));
    pass();
    expect(a.heard).toHaveLength(4);
    old.cut();
    b.data.send(RTP, dataOf(a));
    expect(b.lanes.stats.unrouted).toBe(1);
  });

  test('a box that sends more than 5,000 packets a second is heard that often', async () => {
    const [a, b] = [await openSide('a'), await openSide('b')];
    link(a, b);
    for (let i = 0; i < 12_000; i++) a.data.send(RTP, dataOf(b));
    pass();
    expect(b.heard).toHaveLength(5_000);
    expect(b.lanes.stats.flooded).toBe(7_000);
  });

  test('whatever octets come, nothing is thrown, and only commands and packets of version 2 are delivered', async () => {
    const [a, b] = [await openSide('a'), await openSide('b')];
    const cable = link(a, b);
    const header = fc.tuple(
      fc.constantFrom(0x80, 0x81, 0xa0, 0x90, 0x00, 0xff),
      fc.constantFrom(...Object.values(PAYLOAD), 96, 0x80 | 97),
    );
    const octets = fc
      .tuple(header, fc.uint8Array({ maxLength: 80 }))
      .map(([head, rest]) => Uint8Array.from([...head, ...rest]));
    const command = octets.map((bytes) => Uint8Array.from([...bytes.slice(0, 12), ...COMMAND]));
    fc.assert(
      fc.property(
        fc.oneof(octets, command, fc.uint8Array({ maxLength: LANE_OCTETS + 9 })),
        (bytes) => {
          b.heard.length = 0;
          cable.a.send(bytes);
          pass();
          for (const { socket, bytes: taken } of b.heard) {
            if (taken === hex(bytes)) expect([0x80, 0x81, 0xa0, 0x90]).toContain(bytes[0]);
            else expect(taken.startsWith('ffff'), socket).toBe(true);
          }
        },
      ),
      { numRuns: 500 },
    );
    expect(b.lanes.stats.malformed).toBeGreaterThan(50);
  });
});

describe('passed on', () => {
  /** Players p and q, each linked with forwarders f and g. */
  async function openStar() {
    const [p, q, f, g] = [
      await openSide('p'),
      await openSide('q'),
      await openSide('f'),
      await openSide('g'),
    ];
    const cables = {
      pf: link(p, f),
      qf: link(q, f),
      pg: link(p, g),
      qg: link(q, g),
      fg: link(f, g),
    };
    const by = [f.box, g.box];
    p.lanes.setRoutes(new Map([[q.box, by]]));
    q.lanes.setRoutes(new Map([[p.box, by]]));
    return { p, q, f, g, ...cables };
  }

  test('packets and commands get to a box without a link, as if they came over one', async () => {
    const { p, q, f, pf, qf, pg } = await openStar();
    p.data.send(RTP, dataOf(q));
    p.control.send(COMMAND, controlOf(q));
    pass();
    expect(q.heard).toEqual([
      { socket: 'data', from: dataOf(p), bytes: hex(RTP) },
      { socket: 'control', from: controlOf(p), bytes: hex(COMMAND) },
    ]);
    expect(f.lanes.stats.relayed).toBe(2);
    expect(f.heard).toEqual([]);
    expect(pg.sent).toEqual([]);
    // The first sequence numbers begin anew on each link; what is inside is not touched.
    expect(hex(pf.sent[0] as Uint8Array).slice(24)).toBe(hex(qf.sent[0] as Uint8Array).slice(24));
  });

  test('the biggest packet of RTP-MIDI fits', async () => {
    const { p, q } = await openStar();
    const big = new Uint8Array(LANE_OCTETS - FORWARD_HEADER_OCTETS).fill(1);
    big.set(RTP);
    p.data.send(big, dataOf(q));
    pass();
    expect(q.heard).toHaveLength(1);
    p.data.send(new Uint8Array([...big, 1]), dataOf(q));
    expect(p.lanes.stats.unrouted).toBe(1);
  });

  test('when the one that forwards falls silent, packets go by the spare one within a second, and back when it is heard', async () => {
    const { p, q, pf, qf, pg } = await openStar();
    pass(fromSeconds(3));
    p.data.send(RTP, dataOf(q));
    pass();
    expect(pg.sent.some((packet) => packet[1] === PAYLOAD.forwarded)).toBe(false);
    pf.silent.value = qf.silent.value = true;
    pass(fromMillis(900));
    p.data.send(RTP, dataOf(q));
    pass();
    expect(q.heard).toHaveLength(2);
    expect(pg.sent.filter((packet) => packet[1] === PAYLOAD.forwarded)).toHaveLength(1);
    pf.silent.value = qf.silent.value = false;
    pass(fromMillis(900));
    p.data.send(RTP, dataOf(q));
    expect(pg.sent.filter((packet) => packet[1] === PAYLOAD.forwarded)).toHaveLength(1);
  });

  test('a link of its own is taken as soon as there is one', async () => {
    const { p, q, pf } = await openStar();
    const own = link(p, q);
    p.data.send(RTP, dataOf(q));
    pass();
    expect(own.sent).toHaveLength(1);
    expect(pf.sent).toEqual([]);
    expect(q.heard).toHaveLength(1);
  });

  const forwarded = (to: BoxId, from: BoxId, inside: Uint8Array): Uint8Array =>
    Uint8Array.from([
      ...[0x80, PAYLOAD.forwarded, 0, 1, 0, 0, 0, 0, 1, 1, 1, 1],
      ...Buffer.from(to, 'hex'),
      ...Buffer.from(from, 'hex'),
      ...inside,
    ]);

  test('who speaks in the name of another is found out by the one that passes on, and by nobody else believed', async () => {
    const { p, q, f, g, pf, fg } = await openStar();
    const told: BoxId[] = [];
    f.lanes.onForged((box) => told.push(box));
    // p says it is g.
    pf.a.send(forwarded(q.box, g.box, RTP));
    pass();
    expect(told).toEqual([p.box]);
    expect(q.heard).toEqual([]);
    expect(f.lanes.stats.forged).toBe(1);
    // p passes something on to q over their own link, as if it were of f.
    const own = link(p, q);
    own.a.send(forwarded(q.box, f.box, RTP));
    pass();
    expect(q.heard).toEqual([]);
    expect(q.lanes.stats.unexpected).toBe(1);
    // Somebody who is not in the session, or f itself.
    fg.a.send(forwarded(g.box, idOf('nobody'), RTP));
    fg.a.send(forwarded(g.box, f.box, RTP));
    pass();
    expect(g.heard).toEqual([]);
  });

  test('nothing is passed on twice, and nothing comes back', async () => {
    const { p, q, f, g, pf, fg } = await openStar();
    // Around g and back to p; inside of it another one.
    pf.a.send(forwarded(q.box, p.box, forwarded(g.box, p.box, RTP)));
    fg.a.send(forwarded(q.box, p.box, RTP));
    pass(fromMillis(50));
    expect(q.heard).toEqual([]);
    expect(q.lanes.stats.malformed).toBe(1);
    expect(g.lanes.stats.relayed).toBe(0);
    expect(g.lanes.stats.forged).toBe(1);
    expect(f.lanes.stats.relayed).toBe(1);
  });

  test('whatever is inside a packet to be passed on, nothing is thrown and no more than one packet comes of it', async () => {
    const { p, q, pf, qf } = await openStar();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.boolean(), (bytes, asHeader) => {
        q.heard.length = 0;
        qf.sent.length = 0;
        const inside = asHeader ? Uint8Array.from([0x80, ...bytes]) : bytes;
        pf.a.send(forwarded(q.box, p.box, inside));
        pass();
        expect(q.heard.length).toBeLessThanOrEqual(1);
        expect(qf.sent.length).toBeLessThanOrEqual(1);
      }),
    );
  });
});
