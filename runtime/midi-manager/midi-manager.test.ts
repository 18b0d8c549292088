import { describe, expect, test } from 'vitest';
import { openSimMidiInput, type SimMidiInput } from '../../sim/midi-wire.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { encodeMessage } from '../core/midi-bytes.ts';
import type { MidiMessage } from '../core/midi-message.ts';
import { fromMillis, type Instant } from '../core/time.ts';
import { DEFAULT_FILTERS, type MidiFilters } from './midi-filters.ts';
import { type MidiManager, type MidiManagerInit, openMidiManager } from './midi-manager.ts';

const on = (key: number, channel = 0): MidiMessage => ({
  kind: 'noteOn',
  channel,
  key,
  velocity: 100,
});
const off = (key: number, channel = 0): MidiMessage => ({
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
const clockTick: MidiMessage = { kind: 'timingClock' };

interface Stage {
  readonly clock: VirtualClock;
  readonly manager: MidiManager;
  readonly played: MidiMessage[];
  readonly playedAt: Instant[];
  readonly thru: MidiMessage[];
  readonly plug: (name?: string) => {
    readonly input: SimMidiInput;
    readonly handle: AsyncDisposable;
  };
  readonly feed: (input: SimMidiInput, ...messages: readonly MidiMessage[]) => void;
}

function openStage(init: MidiManagerInit = {}): Stage {
  const clock = new VirtualClock();
  const manager = openMidiManager({ clock }, init);
  const played: MidiMessage[] = [];
  const playedAt: Instant[] = [];
  const thru: MidiMessage[] = [];
  manager.onPlayed((message, at) => {
    played.push(message);
    playedAt.push(at);
  });
  manager.onThru((message) => thru.push(message));
  return {
    clock,
    manager,
    played,
    playedAt,
    thru,
    plug(name = 'keys') {
      const input = openSimMidiInput({ clock }, { name });
      return { input, handle: manager.addInput(input) };
    },
    feed(input, ...messages) {
      for (const message of messages) input.feed(encodeMessage(message));
    },
  };
}

const capped = (
  perSecond: MidiFilters['perSecond'],
  sysExBytesPerSecond = 65_536,
): MidiFilters => ({
  block: [],
  perSecond,
  sysExBytesPerSecond,
});

describe('inputs', () => {
  test('what is played comes with the instant when its bytes arrived', () => {
    const { clock, plug, feed, played, playedAt, manager } = openStage();
    const { input } = plug();
    feed(input, on(60));
    clock.advance(fromMillis(5));
    feed(input, off(60));
    expect(played).toEqual([on(60), off(60)]);
    expect((playedAt[1] ?? 0) - (playedAt[0] ?? 0)).toBe(5_000);
    expect(manager.stats).toMatchObject({
      events: 2,
      faults: 0,
      filtered: 0,
      capped: 0,
      inputs: 1,
    });
  });

  test('instants never go backwards, whatever a driver says', () => {
    const { clock, plug, playedAt } = openStage();
    const { input } = plug();
    const now = clock.now();
    input.feed(encodeMessage(on(60)), now);
    input.feed(encodeMessage(off(60)), (now - 500) as Instant);
    expect(playedAt).toEqual([now, now]);
  });

  test('each input has running status and unfinished messages of its own', () => {
    const { plug, played } = openStage();
    const one = plug('one').input;
    const two = plug('two').input;
    one.feed(Uint8Array.of(0x90, 60));
    two.feed(Uint8Array.of(0x91, 61));
    one.feed(Uint8Array.of(100));
    two.feed(Uint8Array.of(100));
    expect(played).toEqual([on(60), on(61, 1)]);
  });

  test('garbage is counted and harms nobody', () => {
    const { plug, played, feed, manager } = openStage();
    const { input } = plug();
    input.feed(Uint8Array.of(1, 2, 3, 0xf4, 0xf7));
    feed(input, on(60));
    expect(played).toEqual([on(60)]);
    expect(manager.stats.faults).toBe(5);
  });

  test('when an input is lost, what it left sounding is ended and its pedals are lifted', () => {
    const { plug, played, feed, manager } = openStage();
    const { input } = plug();
    feed(input, on(60), on(64), off(60), control(64, 127), on(67, 9));
    played.length = 0;
    input.unplug();
    expect(played).toEqual([off(64), off(67, 9), control(64, 0)]);
    expect(manager.stats.inputs).toBe(0);
  });

  test('the same when it is removed, which disposes it, and when the manager is disposed', async () => {
    const { plug, played, feed, manager } = openStage();
    const one = plug('one');
    const two = plug('two');
    feed(one.input, on(60));
    feed(two.input, on(61));
    await one.handle[Symbol.asyncDispose]();
    await one.handle[Symbol.asyncDispose]();
    expect(played.at(-1)).toEqual(off(60));
    feed(one.input, on(70));
    await manager[Symbol.asyncDispose]();
    await manager[Symbol.asyncDispose]();
    expect(played.at(-1)).toEqual(off(61));
    expect(played).toHaveLength(4);
    expect(() => plug()).toThrow(/closed/);
  });

  test('the last events can be looked at, oldest first, without long SysEx', () => {
    const { plug, feed, manager } = openStage();
    const { input } = plug('keys');
    for (let count = 0; count < 300; count++) feed(input, on(count % 128));
    feed(input, { kind: 'sysEx', data: new Uint8Array(5_000) });
    const recent = manager.recent();
    expect(recent).toHaveLength(256);
    expect(recent[0]).toMatchObject({ input: 'keys', message: on(45) });
    const last = recent.at(-1)?.message;
    expect(last?.kind === 'sysEx' && last.data.length).toBe(32);
  });
});

describe('routes', () => {
  test('inputs are chosen by name for the session and for thru', () => {
    const { plug, feed, played, thru } = openStage({ routes: { session: ['a'], thru: ['b'] } });
    feed(plug('a').input, on(60));
    feed(plug('b').input, on(61));
    feed(plug('c').input, on(62));
    expect(played).toEqual([on(60)]);
    expect(thru).toEqual([on(61)]);
  });

  test('when a route is closed, what sounds on it is ended there and only there', () => {
    const { plug, feed, played, thru, manager } = openStage({
      routes: { session: 'all', thru: 'all' },
    });
    const { input } = plug();
    feed(input, on(60));
    manager.setRoutes({ session: 'all', thru: [] });
    expect(thru).toEqual([on(60), off(60)]);
    expect(played).toEqual([on(60)]);
    feed(input, off(60));
    expect(thru).toHaveLength(2);
    expect(played).toEqual([on(60), off(60)]);
  });
});

describe('filters', () => {
  test('active sensing does not pass unless it is asked for', () => {
    const { plug, feed, played, manager } = openStage();
    const { input } = plug();
    feed(input, { kind: 'activeSensing' });
    expect(played).toEqual([]);
    manager.setFilters({ ...DEFAULT_FILTERS, block: [] });
    feed(input, { kind: 'activeSensing' });
    expect(played).toEqual([{ kind: 'activeSensing' }]);
    expect(manager.stats.filtered).toBe(1);
  });

  test('a kind that is blocked does not pass, but what ends a note or lifts a pedal does', () => {
    const { plug, feed, played, manager } = openStage();
    const { input } = plug();
    feed(input, on(60), control(64, 127));
    manager.setFilters({ ...DEFAULT_FILTERS, block: ['noteOn', 'noteOff', 'controlChange'] });
    feed(input, on(61), off(61), off(60), control(7, 1), control(64, 0));
    expect(played).toEqual([on(60), control(64, 127), off(60), control(64, 0)]);
  });
});

describe('rate caps', () => {
  test('beyond the cap the newest is dropped and counted, and time makes room again', () => {
    const { clock, plug, feed, played, manager } = openStage({
      filters: capped({ timingClock: 100 }),
    });
    const { input } = plug();
    for (let count = 0; count < 50; count++) feed(input, clockTick);
    const burst = played.length;
    expect(burst).toBe(12);
    expect(manager.stats.capped).toBe(38);
    for (let count = 0; count < 1_000; count++) {
      clock.advance(fromMillis(1));
      feed(input, clockTick);
    }
    expect(played.length - burst).toBeGreaterThanOrEqual(99);
    expect(played.length - burst).toBeLessThanOrEqual(101);
  });

  test('of controllers beyond the cap, the last value of each gets through eventually, in the order they came', () => {
    const { clock, plug, feed, played, manager } = openStage({
      filters: capped({ controlChange: 100 }),
    });
    const { input } = plug();
    for (let value = 0; value < 128; value++)
      feed(input, control(1, value), control(11, 127 - value));
    clock.advance(fromMillis(1_000));
    const values = (controller: number): number[] =>
      played.flatMap((message) =>
        message.kind === 'controlChange' && message.controller === controller
          ? [message.value]
          : [],
      );
    expect(values(1).at(-1)).toBe(127);
    expect(values(11).at(-1)).toBe(0);
    expect(values(1)).toEqual(values(1).toSorted((a, b) => a - b));
    expect(played.length + manager.stats.capped).toBe(256);
    expect(played.length).toBeLessThan(20);
  });

  test('a waiting value carries the instant when its turn came', () => {
    const { clock, plug, feed, playedAt, played } = openStage({
      filters: capped({ pitchBend: 80 }),
    });
    const { input } = plug();
    const start = clock.now();
    for (let value = 0; value < 40; value++) feed(input, { kind: 'pitchBend', channel: 0, value });
    clock.advance(fromMillis(100));
    expect(played.at(-1)).toMatchObject({ value: 39 });
    expect((playedAt.at(-1) ?? 0) - start).toBeGreaterThan(10_000);
    expect(playedAt).toEqual(playedAt.toSorted((a, b) => a - b));
  });

  test('controllers that mean something only in their order are not coalesced', () => {
    const { clock, plug, feed, played } = openStage({ filters: capped({ controlChange: 8 }) });
    const { input } = plug();
    for (let value = 0; value < 20; value++) feed(input, control(6, value));
    clock.advance(fromMillis(3_000));
    expect(played).toEqual(Array.from({ length: 8 }, (_, value) => control(6, value)));
  });

  test('a pedal is lifted at once however much waits, and its older value does not come after', () => {
    const { clock, plug, feed, played } = openStage({ filters: capped({ controlChange: 8 }) });
    const { input } = plug();
    feed(input, control(64, 127));
    for (let value = 0; value < 20; value++) feed(input, control(1, value));
    feed(input, control(64, 100), control(64, 0));
    expect(played.at(-1)).toEqual(control(64, 0));
    clock.advance(fromMillis(3_000));
    expect(played.at(-1)).toEqual(control(1, 19));
    expect(
      played.filter((message) => message.kind === 'controlChange' && message.controller === 64),
    ).toEqual([control(64, 127), control(64, 0)]);
  });

  test('a note-off that ends something is never dropped', () => {
    const { plug, feed, played } = openStage({ filters: capped({ noteOn: 8, noteOff: 0 }) });
    const { input } = plug();
    for (let key = 0; key < 20; key++) feed(input, on(key));
    for (let key = 0; key < 20; key++) feed(input, off(key));
    expect(played).toEqual(
      [0, 1, 2, 3, 4, 5, 6, 7]
        .map((key) => on(key))
        .concat([0, 1, 2, 3, 4, 5, 6, 7].map((key) => off(key))),
    );
  });

  test('SysEx is capped by octets too: one that begins below the cap passes whole, the next ones wait it out', () => {
    const { clock, plug, feed, played, manager } = openStage({ filters: capped({}, 1_000) });
    const { input } = plug();
    const dump: MidiMessage = { kind: 'sysEx', data: new Uint8Array(2_998) };
    feed(input, dump, dump);
    expect(played).toHaveLength(1);
    clock.advance(fromMillis(1_990));
    feed(input, dump);
    expect(played).toHaveLength(1);
    clock.advance(fromMillis(20));
    feed(input, dump);
    expect(played).toHaveLength(2);
    expect(manager.stats.capped).toBe(2);
  });

  test('one input that floods does not use up what another may send', () => {
    const { plug, feed, played } = openStage({ filters: capped({ noteOn: 8 }) });
    const flood = plug('flood').input;
    for (let key = 0; key < 100; key++) feed(flood, on(key));
    const before = played.length;
    feed(plug('calm').input, on(60, 5));
    expect(played.length).toBe(before + 1);
  });

  test('new filters let out what waited', () => {
    const { plug, feed, played, manager } = openStage({ filters: capped({ pitchBend: 8 }) });
    const { input } = plug();
    for (let value = 0; value < 20; value++) feed(input, { kind: 'pitchBend', channel: 0, value });
    manager.setFilters(DEFAULT_FILTERS);
    expect(played.at(-1)).toMatchObject({ value: 19 });
  });
});
