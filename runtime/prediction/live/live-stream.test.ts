import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { MidiMessage } from '../../core/midi-message.ts';
import { fromMillis, type Instant, instant } from '../../core/time.ts';
import { LiveStream } from './live-stream.ts';

const ms = (value: number): Instant => instant(value * 1_000);
const on = (key: number, velocity: number = 90, channel: number = 0): MidiMessage => ({
  kind: 'noteOn',
  channel,
  key,
  velocity,
});
const off = (key: number, channel: number = 0): MidiMessage => ({
  kind: 'noteOff',
  channel,
  key,
  velocity: 64,
});
const control = (controller: number, value: number): MidiMessage => ({
  kind: 'controlChange',
  channel: 0,
  controller,
  value,
});

interface Played {
  readonly what: string;
  /** Milliseconds. */
  readonly due: number;
  readonly cause: string;
}

let played: Played[] = [];
let stream: LiveStream;
/** Where the settled buffer has its delay, milliseconds. */
let delay = 0;

function name(message: MidiMessage): string {
  switch (message.kind) {
    case 'noteOn':
      return `on ${message.key}`;
    case 'noteOff':
      return `off ${message.key}`;
    case 'controlChange':
      return `cc ${message.controller}=${message.value}`;
    default:
      return message.kind;
  }
}

function receive(
  message: MidiMessage,
  performed: number,
  arrived: number,
  recovered = false,
): void {
  stream.receive(message, ms(performed), ms(arrived), recovered);
}

beforeEach(() => {
  played = [];
  stream = new LiveStream(
    (message, due, cause) => played.push({ what: name(message), due: due / 1_000, cause }),
    fromMillis(500),
  );
  // A steady stream with 10 to 12 ms of delay settles the buffer.
  for (let i = 0; i < 200; i++) receive(control(1, i % 128), i * 50, i * 50 + 10 + (i % 3));
  played = [];
  delay = stream.stats.buffer / 1_000;
  expect(delay).toBeGreaterThan(11);
  expect(delay).toBeLessThan(18);
});

test('a note in time is due by the delay, and keeps its length', () => {
  receive(on(60), 20_000, 20_010);
  receive(off(60), 20_200, 20_211);
  expect(played.map(({ what }) => what)).toEqual(['on 60', 'off 60']);
  expect(played[0]?.due).toBeCloseTo(20_000 + delay, 0);
  expect((played[1]?.due ?? 0) - (played[0]?.due ?? 0)).toBeCloseTo(200, 3);
  expect(played[0]?.cause).toBe('received');
});

test('a late note is played at once, ends near its place, and is counted', () => {
  receive(on(60), 20_000, 20_150);
  receive(off(60), 20_400, 20_410);
  expect(played[0]?.due).toBe(20_150);
  expect(played[1]?.due).toBeCloseTo(20_400 + delay + 40, 0);
  expect(stream.stats.late).toBe(1);
});

test('a short note that came late is still heard for its length or 80 ms', () => {
  receive(on(60), 20_000, 20_150);
  receive(off(60), 20_070, 20_151);
  expect((played[1]?.due ?? 0) - (played[0]?.due ?? 0)).toBeCloseTo(70, 3);
});

test('a note-on half a second late is dropped and its note-off swallowed; note-offs are never dropped', () => {
  receive(on(60), 20_000, 20_600);
  receive(off(60), 20_100, 20_700);
  expect(played).toEqual([]);
  expect(stream.stats.dropped).toBe(1);
  receive(on(61), 21_000, 21_010);
  receive(off(61), 21_100, 26_000, true);
  expect(played.map(({ what }) => what)).toEqual(['on 61', 'off 61']);
  expect(played[1]).toMatchObject({ due: 26_000, cause: 'recovered' });
});

test('what the journal brought back says so, and sounds though its length is unknown', () => {
  receive(on(60), 20_000, 20_010, true);
  receive(off(60), 20_000, 20_010);
  expect(played[0]?.cause).toBe('recovered');
  expect((played[1]?.due ?? 0) - (played[0]?.due ?? 0)).toBeCloseTo(40, 3);
});

describe('when events arrive out of order', () => {
  test('a note-off before its note-on ends it', () => {
    receive(off(60), 20_100, 20_110);
    receive(on(60), 20_000, 20_120);
    expect(played.map(({ what }) => what)).toEqual(['on 60', 'off 60']);
    expect(stream.stats.soundingNotes).toBe(0);
  });

  test('the note-off of an earlier note does not end the one struck since', () => {
    receive(on(60), 20_000, 20_010);
    receive(on(60), 20_200, 20_210);
    receive(off(60), 20_100, 20_220);
    expect(played.map(({ what }) => what)).toEqual(['on 60', 'off 60', 'on 60']);
    receive(off(60), 20_300, 20_310);
    expect(played.at(-1)?.what).toBe('off 60');
    expect(played.at(-1)?.due).toBeCloseTo(20_300 + delay, 0);
  });

  test('an overtaken controller is dropped, but a pedal that comes up is not', () => {
    receive(control(7, 90), 20_100, 20_110);
    receive(control(7, 80), 20_050, 20_120);
    receive(control(64, 127), 20_100, 20_130);
    receive(control(64, 0), 20_090, 20_140);
    expect(played.map(({ what }) => what)).toEqual(['cc 7=90', 'cc 64=127', 'cc 64=0']);
    expect(stream.stats.dropped).toBe(1);
  });
});

test('duplicates are suppressed', () => {
  receive(on(60), 20_000, 20_010);
  receive(on(60), 20_000, 20_030);
  receive(off(60), 20_100, 20_110);
  receive(off(60), 20_100, 20_130);
  receive(on(60), 20_000, 20_140);
  expect(played.map(({ what }) => what)).toEqual(['on 60', 'off 60']);
  expect(stream.stats.duplicates).toBe(3);
});

test('controllers keep their order, and a program change comes before the note after it', () => {
  receive({ kind: 'programChange', channel: 0, program: 5 }, 20_000, 20_200);
  receive(control(7, 100), 20_001, 20_200);
  receive(on(60), 20_002, 20_200);
  expect(played.map(({ what }) => what)).toEqual(['programChange', 'cc 7=100', 'on 60']);
  expect(played.every(({ due }, i) => due >= (played[i - 1]?.due ?? 0))).toBe(true);
});

test('what drives a clock or transport here is withheld; SysEx is not', () => {
  const withheld: MidiMessage[] = [
    { kind: 'timingClock' },
    { kind: 'start' },
    { kind: 'continue' },
    { kind: 'stop' },
    { kind: 'activeSensing' },
    { kind: 'systemReset' },
    { kind: 'songPosition', beats: 4 },
    { kind: 'mtcQuarterFrame', piece: 0, nibble: 0 },
    control(122, 0),
  ];
  for (const message of withheld) receive(message, 20_000, 20_010);
  expect(played).toEqual([]);
  expect(stream.stats.withheld).toBe(withheld.length);
  receive({ kind: 'sysEx', data: new Uint8Array([1, 2]) }, 20_000, 20_010);
  expect(played.map(({ what }) => what)).toEqual(['sysEx']);
});

test('all notes off ends the notes of that channel only', () => {
  receive(on(60), 20_000, 20_010);
  receive(on(61, 90, 3), 20_000, 20_010);
  receive(control(123, 0), 20_100, 20_110);
  expect(played.map(({ what }) => what)).toEqual(['on 60', 'on 61', 'off 60']);
});

test('times that can not be true are played on arrival, and teach nothing', () => {
  const before = stream.stats.buffer;
  for (const performed of [Number.NaN, 1e9, -1e9, Number.POSITIVE_INFINITY]) {
    receive(on(60), performed, 20_010);
    receive(off(60), performed, 20_100);
  }
  expect(stream.stats.untimed).toBe(8);
  expect(stream.stats.buffer).toBe(before);
  expect(played[0]?.due).toBe(20_010);
  expect(stream.stats.soundingNotes).toBe(0);
});

test('whatever comes, each key alternates between on and off, in order, and is silent after a release', () => {
  const event = fc.record({
    on: fc.boolean(),
    key: fc.integer({ min: 60, max: 62 }),
    performed: fc.integer({ min: -300, max: 300 }),
    recovered: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 80 }), (events) => {
      played = [];
      let now = 30_000;
      for (const one of events) {
        now += 20;
        receive(one.on ? on(one.key) : off(one.key), now - 100 + one.performed, now, one.recovered);
      }
      stream.release(ms(now));
      for (const key of [60, 61, 62]) {
        const ofKey = played.filter(({ what }) => what.endsWith(` ${key}`));
        for (const [i, { what, due }] of ofKey.entries()) {
          expect(what).toBe(i % 2 === 0 ? `on ${key}` : `off ${key}`);
          expect(due).toBeGreaterThanOrEqual(ofKey[i - 1]?.due ?? 0);
        }
        expect(ofKey.length % 2).toBe(0);
      }
      expect(stream.stats.soundingNotes).toBe(0);
    }),
  );
});
