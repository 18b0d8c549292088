import { describe, expect, test } from 'vitest';
import { seededRandomness } from '../../../sim/seeded-randomness.ts';
import { openSessionRig, type SessionRig } from '../../../tests/apple-midi-rig.ts';
import { Listeners } from '../../core/listeners.ts';
import { shortMessage } from '../../core/midi-bytes.ts';
import type { MidiMessage } from '../../core/midi-message.ts';
import { fromMillis, fromSeconds, type Instant } from '../../core/time.ts';
import type { NetAddress } from '../../ports/datagram-network.ts';
import type { RtpMidiEndpoint } from './endpoint.ts';
import type { GroupTransport, SharedClock } from './group-transport.ts';

const WAY = fromMillis(3);
const note = (key: number, on: boolean): MidiMessage =>
  shortMessage(on ? 0x90 : 0x80, key, on ? 100 : 64) as MidiMessage;
const PEDAL = shortMessage(0xb0, 64, 127) as MidiMessage;
const OPEN_CLOCK: SharedClock = {
  synced: true,
  toEnsemble: (local) => local,
  toLocal: (time) => time as Instant,
};

/** Members at `10.1.0.x`: what one sends gets to the others, unless `lose` says no. */
class Hub {
  readonly #rig: SessionRig;
  readonly #ends = new Map<
    string,
    {
      take: Listeners<[Uint8Array, NetAddress, number, Instant]>;
      told: Listeners<[NetAddress, number, Instant]>;
    }
  >();
  lose: (from: string, to: string, kind: 'packet' | 'report') => boolean = () => false;
  packets = 0;

  constructor(rig: SessionRig) {
    this.#rig = rig;
  }

  transport(host: string): GroupTransport {
    const end = {
      take: new Listeners<[Uint8Array, NetAddress, number, Instant]>(),
      told: new Listeners<[NetAddress, number, Instant]>(),
    };
    this.#ends.set(host, end);
    const from = { host, port: 5005 };
    return {
      send: (to, packet, length, time) => {
        this.packets++;
        const copy = packet.slice(0, length);
        for (const { host: other } of to)
          this.#later(host, other, 'packet', (far, now) => far.take.emit(copy, from, time, now));
      },
      received: (of, sequence) =>
        this.#later(host, of.host, 'report', (far, now) => far.told.emit(from, sequence, now)),
      onPacket: (listener) => end.take.add(listener),
      onReceived: (listener) => end.told.add(listener),
    };
  }

  #later(
    from: string,
    to: string,
    kind: 'packet' | 'report',
    what: (far: NonNullable<ReturnType<Hub['end']>>, now: Instant) => void,
  ): void {
    if (this.lose(from, to, kind)) return;
    const { clock } = this.#rig;
    const alarm = clock.alarm(() => {
      alarm[Symbol.dispose]();
      const far = this.end(to);
      if (far) what(far, clock.now());
    });
    alarm.set((clock.now() + WAY) as Instant);
  }

  end(host: string) {
    return this.#ends.get(host);
  }
}

class Box {
  readonly host: string;
  readonly rtp: RtpMidiEndpoint;
  readonly heard: { message: MidiMessage; performedAt: Instant; recovered: boolean }[] = [];

  constructor(host: string, rtp: RtpMidiEndpoint) {
    this.host = host;
    this.rtp = rtp;
    rtp.onMidi((_peer, message, performedAt, _at, recovered) =>
      this.heard.push({ message, performedAt, recovered }),
    );
  }

  get kinds(): readonly string[] {
    return this.heard.map(({ message }) => message.kind);
  }

  enlist({ host, rtp }: Box): void {
    rtp.ssrc;
    this.rtp.enlist({ ssrc: rtp.ssrc, name: host, address: { host, port: 5004 } });
  }
}

async function openGroup(count: number) {
  const rig = openSessionRig('perfect', fromMillis(1));
  const hub = new Hub(rig);
  const boxes: Box[] = [];
  for (let i = 1; i <= count; i++) {
    const host = `10.1.0.${i}`;
    const init = { group: hub.transport(host), sharedClock: OPEN_CLOCK };
    boxes.push(new Box(host, await rig.open(host, init)));
  }
  const know = (box: Box): void => {
    for (const other of boxes) if (other !== box) box.enlist(other);
  };
  return { rig, hub, boxes: boxes as [Box, Box, Box], know };
}

async function openBand(count = 3) {
  const group = await openGroup(count);
  for (const box of group.boxes) group.know(box);
  return group;
}

describe('members of a group', () => {
  test('hear each other without a session, with the time of performance, and one packet is sent for all', async () => {
    const { rig, hub, boxes } = await openBand();
    const [a, b, c] = boxes;
    const at = rig.clock.now();
    a.rtp.send(note(60, true), at);
    await rig.run(fromMillis(50));
    expect(hub.packets).toBe(1);
    for (const { heard } of [b, c]) {
      expect(heard.map(({ message }) => message)).toEqual([note(60, true)]);
      expect(Math.abs((heard[0]?.performedAt ?? 0) - at)).toBeLessThanOrEqual(100);
    }
    expect(b.rtp.peers.map(({ synced }) => synced)).toEqual([true, true]);
  });

  test('that have all are sent no guard packets', async () => {
    const { rig, hub, boxes } = await openBand();
    boxes[0].rtp.send(note(60, true), rig.clock.now());
    await rig.run(fromSeconds(3));
    expect(hub.packets).toBe(1);
  });

  test('that missed the last packet get what it said, within a fifth of a second', async () => {
    const { rig, hub, boxes } = await openBand();
    const [a, b, c] = boxes;
    a.rtp.send(note(60, true), rig.clock.now());
    await rig.run(fromMillis(100));
    hub.lose = (_from, to) => to === b.host;
    a.rtp.send(note(60, false), rig.clock.now());
    await rig.run(fromMillis(10));
    hub.lose = () => false;
    await rig.run(fromMillis(190));
    expect(b.kinds).toEqual(['noteOn', 'noteOff']);
    expect(c.kinds).toEqual(['noteOn', 'noteOff']);
  });

  test('whose reports get lost are told again, and repair nothing twice', async () => {
    const { rig, hub, boxes } = await openBand();
    const [a, b] = boxes;
    hub.lose = (_from, _to, kind) => kind === 'report';
    for (let i = 0; i < 20; i++) {
      a.rtp.send(note(60 + i, true), rig.clock.now());
      await rig.run(fromMillis(60));
    }
    hub.lose = () => false;
    await rig.run(fromSeconds(1));
    expect(b.kinds.filter((kind) => kind === 'noteOn')).toHaveLength(20);
    const { packets } = hub;
    await rig.run(fromSeconds(3));
    expect(hub.packets).toBe(packets);
  });

  test('that come late are told what sounds and what lasts, all who came within a second by one packet', async () => {
    const { rig, hub, boxes, know } = await openGroup(4);
    const [a, b, c] = boxes;
    const d = (boxes as readonly Box[])[3] as Box;
    a.enlist(b);
    know(b);
    a.rtp.send(PEDAL, rig.clock.now());
    a.rtp.send(note(60, true), rig.clock.now());
    await rig.run(fromSeconds(2));
    const { packets } = hub;
    for (const late of [c, d]) {
      know(late);
      a.enlist(late);
    }
    await rig.run(fromSeconds(1.5));
    expect(hub.packets - packets).toBe(1);
    for (const late of [c, d]) expect(late.kinds).toContain('controlChange');
    a.rtp.send(note(60, false), rig.clock.now());
    await rig.run(fromMillis(100));
    for (const late of [c, d]) expect(late.kinds.at(-1)).toBe('noteOff');
    expect(b.kinds).toEqual(['controlChange', 'noteOn', 'noteOff']);
  });

  test('one that is gone holds up nobody: after four seconds the others decide, and it is told anew when it is back', async () => {
    const { rig, hub, boxes } = await openBand();
    const [a, b, c] = boxes;
    a.rtp.send(note(60, true), rig.clock.now());
    await rig.run(fromMillis(100));
    hub.lose = (from, to) => from === c.host || to === c.host;
    for (let i = 0; i < 60; i++) {
      a.rtp.send(note(61 + (i % 40), i < 40), rig.clock.now());
      await rig.run(fromMillis(200));
    }
    a.rtp.send(note(60, false), rig.clock.now());
    await rig.run(fromSeconds(6));
    const { packets } = hub;
    a.rtp.send(PEDAL, rig.clock.now());
    await rig.run(fromSeconds(2));
    expect(hub.packets).toBe(packets + 1);
    hub.lose = () => false;
    a.rtp.send(note(20, true), rig.clock.now());
    await rig.run(fromSeconds(2));
    const down = (box: Box): readonly number[] => {
      const keys = new Set<number>();
      for (const { message } of box.heard) {
        if (message.kind === 'noteOn') keys.add(message.key);
        else if (message.kind === 'noteOff') keys.delete(message.key);
      }
      return [...keys].sort((x, y) => x - y);
    };
    // What sounded before is not struck anew, and nothing hangs.
    expect(down(c).filter((key) => !down(b).includes(key))).toEqual([]);
    expect(c.kinds).toContain('controlChange');
    a.rtp.send(note(20, false), rig.clock.now());
    await rig.run(fromMillis(300));
    expect(down(c)).not.toContain(20);
  });

  test('a member that connects, and one that is enlisted again, plays on: no note ends, none hangs', async () => {
    const { rig, boxes } = await openGroup(2);
    const [a, b] = boxes;
    a.enlist(b);
    b.enlist(a);
    a.rtp.send(note(60, true), rig.clock.now());
    await rig.run(fromMillis(200));
    a.rtp.connect({ host: b.host, port: 5004 });
    await rig.run(fromSeconds(1));
    expect(a.rtp.peers.map(({ clock }) => clock.synced)).toEqual([true]);
    a.rtp.send(note(62, true), rig.clock.now());
    b.rtp.send(note(40, true), rig.clock.now());
    await rig.run(fromMillis(200));
    expect(b.kinds).toEqual(['noteOn', 'noteOn']);
    // One of the two knows of it before the other one does.
    a.enlist(b);
    a.rtp.send(note(60, false), rig.clock.now());
    await rig.run(fromMillis(100));
    b.enlist(a);
    await rig.run(fromSeconds(2));
    a.rtp.send(note(62, false), rig.clock.now());
    b.rtp.send(note(40, false), rig.clock.now());
    await rig.run(fromMillis(200));
    const keys = (box: Box): readonly string[] =>
      box.heard.map(({ message }) => ('key' in message ? `${message.kind} ${message.key}` : ''));
    expect(keys(b)).toEqual(['noteOn 60', 'noteOn 62', 'noteOff 60', 'noteOff 62']);
    expect(keys(a)).toEqual(['noteOn 40', 'noteOff 40']);
    expect(rig.log.filter((line) => line.includes('left'))).toEqual([]);
  });

  test.each([1, 2, 3])(
    'a fifth of all packets lost, and a tenth of the reports: everything that sounds is right in the end (seed %i)',
    async (seed) => {
      const { rig, hub, boxes } = await openBand(4);
      const random = seededRandomness(`group ${seed}`);
      const chance = (): number => random.uint32() / 2 ** 32;
      hub.lose = (_from, _to, kind) => chance() < (kind === 'packet' ? 0.2 : 0.1);
      const down = new Set<number>();
      for (let i = 0; i < 300; i++) {
        const key = 40 + Math.floor(chance() * 30);
        const on = !down.has(key);
        if (on) down.add(key);
        else down.delete(key);
        boxes[0].rtp.send(note(key, on), rig.clock.now());
        await rig.run(fromMillis(Math.floor(chance() * 80)));
      }
      for (const key of down) boxes[0].rtp.send(note(key, false), rig.clock.now());
      await rig.run(fromSeconds(6));
      for (const box of boxes.slice(1)) {
        const sounding = new Set<number>();
        for (const { message } of box.heard) {
          if (message.kind === 'noteOn') sounding.add(message.key);
          else if (message.kind === 'noteOff') sounding.delete(message.key);
        }
        expect([...sounding], `${box.host}, seed ${seed}`).toEqual([]);
      }
    },
  );
});
