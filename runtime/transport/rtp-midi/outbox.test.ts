import { beforeEach, describe, expect, test } from 'vitest';
import { encodeMessage, shortMessage } from '../../core/midi-bytes.ts';
import type { MidiMessage } from '../../core/midi-message.ts';
import type { Instant } from '../../core/time.ts';
import type { CommandList } from './command-list.ts';
import { emptyCommandHeader, readCommandHeader, readCommands } from './command-section.ts';
import { Outbox } from './outbox.ts';
import { SysExPace } from './sysex-pace.ts';
import type { Ticks } from './ticks.ts';

const message = (hex: string): MidiMessage => {
  const [status = 0, data1 = 0, data2 = 0] = Buffer.from(hex, 'hex');
  return shortMessage(status, data1, data2) as MidiMessage;
};
const sysEx = (length: number): MidiMessage => ({
  kind: 'sysEx',
  data: Uint8Array.from({ length }, (_, i) => i & 0x7f),
});
const hexOf = (each: MidiMessage): string => Buffer.from(encodeMessage(each)).toString('hex');

let now: number;
let room: number;
let outbox: Outbox;
/** Of each list: its commands in hex, SysEx as its head, its number of data octets and its tail. */
let lists: string[][];
/** Of each command, in ticks. */
let times: number[];

beforeEach(() => {
  now = 1_000_000;
  room = 1_000_000;
  lists = [];
  times = [];
  outbox = new Outbox(0);
  outbox.setPace({ now: () => now as Instant, room: () => room, sent: () => {} });
});

function send(...messages: readonly (string | MidiMessage)[]): void {
  for (const each of messages) {
    const whole = typeof each === 'string' ? message(each) : each;
    if (outbox.isFull) flush();
    outbox.add(whole, now as Instant, now as Instant);
  }
}

function flush(): void {
  const out = new Uint8Array(2_000);
  outbox.flush(
    (list: CommandList, first: Ticks) => {
      const header = emptyCommandHeader();
      const end = list.writeInto(out, 0, false);
      expect(readCommandHeader(out, 0, end, header)).toBeUndefined();
      const commands: string[] = [];
      const add = (shown: string, delta: number): void => {
        commands.push(shown);
        times.push(first + delta);
      };
      const fault = readCommands(out, header, {
        command: (status, data1, data2, delta) =>
          add(hexOf(shortMessage(status, data1, data2) as MidiMessage), delta),
        sysEx: (head, _bytes, from, to, tail, delta) =>
          add(`${head.toString(16)} ${to - from} ${tail.toString(16)}`, delta),
        undefinedCommand: () => expect.fail('nothing undefined is sent'),
      });
      expect(fault).toBeUndefined();
      lists.push(commands);
    },
    () => {},
  );
}

/** What is sent now. */
function sent(): string[] {
  lists = [];
  flush();
  return lists.flat();
}

describe('a SysEx that may not go out as a whole', () => {
  test('goes as far as there is room, and goes on when there is more', () => {
    room = 206;
    send(sysEx(500));
    expect(sent()).toEqual(['f0 204 f0', 'f7 204 f0', 'f7 92 f7']);
    room = 206;
    send(sysEx(500));
    let left = 1;
    outbox.setPace({
      now: () => now as Instant,
      room: () => (left-- > 0 ? room : 0),
      sent: () => {},
    });
    expect(sent()).toEqual(['f0 204 f0']);
    expect(outbox.isStalled).toBe(true);
    expect(outbox.due).toBe(now + 10_000);
    expect(sent()).toEqual([]);
    left = 5;
    expect(sent()).toEqual(['f7 204 f0', 'f7 92 f7']);
    expect(outbox.isStalled).toBe(false);
    expect(outbox.isEmpty).toBe(true);
  });

  test('is overtaken by real-time messages, and by nothing else (item 10)', () => {
    send(sysEx(3_000), '903c64', 'f8', 'fe', '803c40', 'f8');
    room = 500;
    let left = 1;
    outbox.setPace({
      now: () => now as Instant,
      room: () => (left-- > 0 ? room : 0),
      sent: () => {},
    });
    expect(sent()).toEqual(['f8', 'fe', 'f8', 'f0 492 f0']);
    send('fa');
    expect(sent()).toEqual(['fa']);
    send('f23412', 'fb', 'f8');
    expect(sent(), 'a clock counts from the position').toEqual([]);
    left = 99;
    const rest = sent();
    expect(rest.slice(-5)).toEqual(['903c64', '803c40', 'f23412', 'fb', 'f8']);
    expect(rest.slice(0, -5).every((each) => each.startsWith('f7'))).toBe(true);
  });

  test('holds other messages up for 50 ms, then goes at once in small packets (item 31b)', () => {
    room = 0;
    send(sysEx(3_000), '903c64');
    expect(sent()).toEqual([]);
    now += 20_000;
    send('803c40');
    now += 29_000;
    expect(sent()).toEqual([]);
    expect(outbox.due).toBe(now + 1_000);
    now += 1_000;
    expect(sent()[0]).toBe('f0 318 f0');
    expect(lists.length).toBe(10);
    expect(lists.flat().slice(-2)).toEqual(['903c64', '803c40']);
    expect(outbox.isEmpty).toBe(true);
    // And no longer than that: the next one is paced again.
    send(sysEx(3_000));
    expect(sent()).toEqual([]);
  });

  test('in a hurry too, leaves the network some time between packets', () => {
    room = 0;
    send(sysEx(10_000), '903c64');
    flush();
    now += 50_000;
    expect(sent()).toHaveLength(16);
    expect(outbox.due).toBe(now + 2_000);
    now += 2_000;
    expect(sent().at(-1)).toBe('903c64');
  });

  test('keeps what waits to its time: segments are not sent under a later one', () => {
    room = 0;
    send(sysEx(1_000));
    flush();
    now += 30_000;
    send('903c64');
    now += 50_000;
    times = [];
    flush();
    expect(times.at(-1)).toBe((now - 50_000) / 100);
    expect([...times].sort((a, b) => a - b)).toEqual(times);
    room = 0;
    send(sysEx(1_000));
    flush();
    now += 500_000;
    room = 2_000;
    times = [];
    flush();
    expect(times[0], 'one that had to wait for long goes under the present time').toBe(now / 100);
    expect(outbox.timeOfEmpty(now as Instant)).toBe(now);
  });

  test('is cancelled by a Reset, and NoteOffs before that are sent (item 9)', () => {
    let left = 1;
    outbox.setPace({
      now: () => now as Instant,
      room: () => (left-- > 0 ? 300 : 0),
      sent: () => {},
    });
    send(sysEx(1_000), '803c40', sysEx(10));
    expect(sent()).toEqual(['f0 298 f0']);
    send('ff', '903c64');
    expect(sent()).toEqual(['f7 0 f4', '803c40', 'ff', '903c64']);
    expect(outbox.cancelled).toBe(2);
    expect(outbox.isEmpty).toBe(true);
    expect(outbox.state.system.sysEx.open).toBe(false);
    left = 9;
    send(sysEx(5));
    expect(sent()).toEqual(['f0 5 f7']);
  });

  test('is cancelled when all ends, even if nothing else waits', () => {
    let left = 1;
    outbox.setPace({
      now: () => now as Instant,
      room: () => (left-- > 0 ? 300 : 0),
      sent: () => {},
    });
    send(sysEx(1_000));
    flush();
    outbox.cancelSysEx();
    expect(outbox.isEmpty).toBe(false);
    expect(sent()).toEqual(['f7 0 f4']);
    expect(outbox.isEmpty).toBe(true);
    outbox.cancelSysEx();
    expect(sent()).toEqual([]);
  });
});

describe('bounds', () => {
  test('no message is dropped however many wait behind a SysEx: too many of them send it', () => {
    room = 0;
    const played: string[] = [];
    for (let i = 0; i < 2_000; i++) {
      const each = i % 100 === 0 ? sysEx(200) : message(i % 2 ? '903c64' : '803c40');
      played.push(each.kind === 'sysEx' ? 'f0 200 f7' : hexOf(each));
      send(each);
    }
    now += 50_000;
    flush();
    expect(lists.flat()).toEqual(played);
    expect(outbox.dropped).toBe(0);
  });

  test('while all else fails, what ends something is kept longest', () => {
    for (let i = 0; i < 512; i++) outbox.add(message('903c64'), now as Instant, now as Instant);
    outbox.add(message('903c64'), now as Instant, now as Instant);
    expect(outbox.dropped).toBe(1);
    for (const ending of ['803c40', 'b04000', 'b07b00', 'ff']) {
      outbox.add(message(ending), now as Instant, now as Instant);
    }
    expect(outbox.dropped).toBe(1);
    expect(sent().slice(-4)).toEqual(['803c40', 'b04000', 'b07b00', 'ff']);
  });

  test('a SysEx beyond a megabyte that waits is refused, and nothing else is', () => {
    room = 0;
    for (let i = 0; i < 6; i++) send(sysEx(200_000));
    send('903c64');
    expect(outbox.dropped).toBe(1);
    for (let wait = 0; wait < 2_000 && !outbox.isEmpty; wait++) {
      now += 50_000;
      flush();
    }
    expect(lists.flat().filter((each) => each.endsWith('f7'))).toHaveLength(5);
    expect(lists.flat().at(-1)).toBe('903c64');
  });

  test('no list is longer than its packet has room for (item 5)', () => {
    room = Number.POSITIVE_INFINITY;
    send(sysEx(5_000));
    for (let i = 0; i < 250; i++) send('903c64');
    flush();
    expect(Math.max(...lists.map((list) => list.length))).toBeGreaterThan(100);
    expect(lists[0]).toEqual(['f0 1022 f0']);
  });
});

describe('what peers may lack', () => {
  interface Peer {
    reporting: boolean;
    received: number;
    channelOctets: number;
  }

  function openPaced(...peers: Peer[]): SysExPace {
    const pace = new SysExPace(
      { now: () => now as Instant } as ConstructorParameters<typeof SysExPace>[0],
      outbox.state.system.sysEx,
      () =>
        peers.map((peer) => ({
          sender: {
            reports: () => peer.reporting,
            get received() {
              return peer.received;
            },
            get channelOctets() {
              return peer.channelOctets;
            },
          },
        })),
    );
    outbox.setPace(pace);
    return pace;
  }
  const octets = (): number =>
    sent().reduce((sum, each) => sum + Number(each.split(' ')[1] ?? 0), 0);

  test('a window of octets is on its way to a peer that reports, and no more until it does (item 31b)', () => {
    const peer: Peer = { reporting: true, received: 0, channelOctets: 0 };
    openPaced(peer);
    send(sysEx(5_000));
    const first = octets();
    expect(first).toBeGreaterThan(900);
    expect(first).toBeLessThan(960);
    now += 1_000_000;
    expect(octets()).toBe(0);
    peer.received = outbox.state.newest;
    expect(octets()).toBeGreaterThan(900);
  });

  test('one that never reports counts as having got what was sent 100 ms ago', () => {
    openPaced({ reporting: false, received: 0, channelOctets: 0 });
    send(sysEx(5_000));
    const first = octets();
    now += 99_000;
    expect(octets()).toBe(0);
    now += 1_000;
    expect(octets()).toBeGreaterThan(first - 20);
  });

  test('the slowest of several counts, and a big journal leaves less room', () => {
    const slow: Peer = { reporting: true, received: 0, channelOctets: 0 };
    const quick: Peer = { reporting: true, received: 0, channelOctets: 552 };
    openPaced(slow, quick);
    send(sysEx(5_000));
    const first = octets();
    expect(first).toBeLessThan(480);
    quick.received = outbox.state.newest;
    const second = octets();
    expect(second).toBeLessThan(480);
    quick.received = outbox.state.newest;
    octets();
    quick.received = outbox.state.newest;
    expect(octets()).toBe(0);
    slow.received = outbox.state.newest;
    expect(octets()).toBeGreaterThan(0);
  });

  test('many short commands fill the window too: COUNT tells 255 apart', () => {
    openPaced({ reporting: true, received: 0, channelOctets: 0 });
    for (let i = 0; i < 250; i++) send({ kind: 'sysEx', data: new Uint8Array(0) });
    flush();
    expect(outbox.state.system.sysEx.begun).toBeLessThan(200);
    expect(outbox.state.system.sysEx.begun).toBeGreaterThan(150);
  });

  test('with no peers, nothing waits', () => {
    openPaced();
    send(sysEx(20_000));
    expect(octets()).toBe(20_000);
  });
});
