import { beforeEach, describe, expect, test } from 'vitest';
import type { MidiMessage } from '../core/midi-message.ts';
import { instant } from '../core/time.ts';
import { ClockFollower } from './clock-follower.ts';

const PERIOD = 20_000;
const CLOCK: MidiMessage = { kind: 'timingClock' };
const START: MidiMessage = { kind: 'start' };
const STOP: MidiMessage = { kind: 'stop' };
const CONTINUE: MidiMessage = { kind: 'continue' };
const at = (clocks: number): number => 1e6 + clocks * PERIOD;
const beat = (beats: number): MidiMessage => ({ kind: 'songPosition', beats });

let follower: ClockFollower;
let lost = 0;

const hear = (message: MidiMessage, clocks: number): void =>
  follower.receive(message, instant(at(clocks)), false, lost);
const tell = (message: MidiMessage, clocks: number): void =>
  follower.receive(message, instant(at(clocks)), true, lost);
const hearClocks = (from: number, to: number): void => {
  for (let clock = from; clock < to; clock++) hear(CLOCK, clock);
};

beforeEach(() => {
  follower = new ClockFollower();
  lost = 0;
});

test('positions count clocks since Start, stand still after Stop, and go on with Continue', () => {
  hear(START, -0.5);
  hearClocks(0, 100);
  expect([follower.running, follower.position]).toEqual([true, 100]);
  hear(STOP, 99.5);
  hearClocks(100, 130);
  expect([follower.running, follower.position]).toEqual([false, 100]);
  hear(CONTINUE, 129.5);
  hearClocks(130, 140);
  expect([follower.running, follower.position]).toEqual([true, 110]);
  expect(follower.period).toBeCloseTo(PERIOD, 3);
});

test('a song position is in sixths of a quarter note', () => {
  hear(beat(16), 0);
  hear(CONTINUE, 0);
  hearClocks(0, 3);
  expect(follower.position).toBe(99);
});

test('Start while it runs begins anew', () => {
  hear(START, -0.5);
  hearClocks(0, 50);
  hear(START, 49.5);
  hearClocks(50, 60);
  expect(follower.position).toBe(10);
});

describe('clocks that were lost', () => {
  beforeEach(() => {
    hear(START, -0.5);
    hearClocks(0, 50);
    lost = 3;
  });

  test('are counted by the time that passed where no journal tells', () => {
    hearClocks(53, 60);
    expect(follower.position).toBe(60);
    expect(follower.period).toBeCloseTo(PERIOD, 3);
  });

  test('are counted before a Stop too', () => {
    hear(STOP, 52.4);
    expect([follower.running, follower.position]).toEqual([false, 53]);
  });

  test('are counted as the journal brings them back', () => {
    for (let clock = 0; clock < 3; clock++) tell(CLOCK, 53);
    hearClocks(53, 60);
    expect(follower.position).toBe(60);
  });

  test('are counted as the journal tells them by song position and clocks', () => {
    for (const message of [STOP, beat(8), CONTINUE, CLOCK, CLOCK, CLOCK, CLOCK, CLOCK]) {
      tell(message, 53);
    }
    hearClocks(53, 60);
    expect(follower.position).toBe(60);
    expect(follower.changes.peek()).toMatchObject({ start: true });
    follower.changes.shift();
    expect(follower.changes.peek()).toBeUndefined();
  });

  test('are not invented where the journal tells of none: the source is slower', () => {
    tell(CLOCK, 50);
    lost = 5;
    hear(CLOCK, 51);
    lost = 9;
    for (let clock = 0; clock < 10; clock++) hear(CLOCK, 55 + 3 * clock);
    expect(follower.position).toBe(62);
    expect(follower.period).toBeCloseTo(3 * PERIOD, 0);
  });
});

test('without loss a longer interval is a slower clock, whatever its length', () => {
  hear(START, -0.5);
  hearClocks(0, 50);
  for (let clock = 0; clock < 10; clock++) hear(CLOCK, 52 + 4 * clock);
  expect(follower.position).toBe(60);
  expect(follower.period).toBeCloseTo(4 * PERIOD, 0);
});

test('a clock that was lost just before Continue, while the transport stood still, is counted', () => {
  hearClocks(0, 50);
  lost = 1;
  hear(CONTINUE, 50.2);
  hearClocks(51, 52);
  expect([follower.heard, follower.position]).toEqual([52, 1]);
  expect(follower.pulseAt(at(51))).toBeCloseTo(51, 3);
});

describe('a transport message that was lost', () => {
  test('a Start comes back with the clocks since', () => {
    hearClocks(0, 50);
    lost = 2;
    for (const message of [START, CLOCK]) tell(message, 51);
    hearClocks(51, 55);
    expect([follower.running, follower.position]).toEqual([true, 5]);
    expect(follower.changes.peek()).toMatchObject({ start: true, pulse: 50, position: 0 });
  });

  test('a Stop comes back after the clocks before it', () => {
    hear(START, -0.5);
    hearClocks(0, 50);
    lost = 3;
    for (const message of [CLOCK, CLOCK, STOP]) tell(message, 52.5);
    follower.settle();
    expect([follower.running, follower.position]).toEqual([false, 52]);
  });

  test('a jump while it runs is a change of place', () => {
    hear(START, -0.5);
    hearClocks(0, 50);
    lost = 2;
    for (const message of [STOP, beat(100), CONTINUE, CLOCK]) tell(message, 52);
    hearClocks(52, 53);
    expect(follower.position).toBe(602);
    follower.changes.shift();
    expect(follower.changes.peek()).toMatchObject({ running: true, position: 601 });
  });

  test('while it stands the nearest sixteenth does not overrule what was counted', () => {
    hear(START, -0.5);
    hearClocks(0, 50);
    hear(STOP, 49.5);
    tell(beat(8), 60);
    follower.settle();
    expect(follower.position).toBe(50);
    tell(beat(20), 61);
    follower.settle();
    expect(follower.position).toBe(120);
  });
});

test('who joins in the middle of a song learns from the journal where it is', () => {
  for (const message of [beat(40), CONTINUE, CLOCK, CLOCK]) tell(message, 0);
  hearClocks(0, 10);
  expect([follower.running, follower.position]).toEqual([true, 252]);
});

test('after a silence nothing is foretold until a new tempo is known, and the count goes on', () => {
  hear(START, -0.5);
  hearClocks(0, 50);
  hear(CLOCK, 150);
  expect(follower.steady).toBe(false);
  expect(follower.horizon).toBe(follower.heard);
  expect(follower.position).toBe(51);
});
