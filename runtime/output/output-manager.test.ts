import { describe, expect, test } from 'vitest';
import { openSimMidiWire, type SimMidiWire, type SimMidiWireInit } from '../../sim/midi-wire.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { laggingOutput } from '../../tests/sim/lagging-output.ts';
import { virtualTime } from '../../tests/sim/virtual-time.ts';
import type { MidiMessage } from '../core/midi-message.ts';
import type { SentReport } from '../core/scheduled-event.ts';
import { after, fromMillis, type Instant, type Micros } from '../core/time.ts';
import { type OutputManager, type OutputManagerInit, openOutputManager } from './output-manager.ts';

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
const control = (controller: number, value: number, channel = 0): MidiMessage => ({
  kind: 'controlChange',
  channel,
  controller,
  value,
});
const ON = (key: number): string => `90 ${key} 100`;
const OFF = (key: number): string => `80 ${key} 64`;

interface Stage {
  readonly clock: VirtualClock;
  readonly manager: OutputManager;
  readonly reports: SentReport[];
  /** A new wire, plugged in. `heard`: messages as text, in order. */
  plug(init?: SimMidiWireInit): {
    readonly wire: SimMidiWire;
    readonly heard: string[];
    readonly handle: AsyncDisposable;
  };
  pass(ms: number): void;
  soon(ms: number): Instant;
  settle<T>(promise: PromiseLike<T>): Promise<T>;
}

function openStage(init: OutputManagerInit = {}): Stage {
  const clock = new VirtualClock();
  const manager = openOutputManager({ clock }, init);
  const reports: SentReport[] = [];
  manager.onSent((report) => reports.push({ ...report }));
  return {
    clock,
    manager,
    reports,
    plug(wireInit = { byteTime: 1 as Micros }) {
      const wire = openSimMidiWire({ clock }, wireInit);
      const heard: string[] = [];
      wire.far.onBytes(([status = 0, ...data]) =>
        heard.push([status.toString(16), ...data].join(' ')),
      );
      return { wire, heard, handle: manager.addOutput(wire.output) };
    },
    pass: (ms) => clock.advance(fromMillis(ms)),
    soon: (ms) => after(clock.now(), fromMillis(ms)),
    settle: async (promise) => virtualTime(clock).settle(Promise.resolve(promise)),
  };
}

describe('scheduling', () => {
  test('an event leaves when it is due, and a report tells when', () => {
    const { manager, plug, pass, soon, reports } = openStage();
    const { heard } = plug();
    const due = soon(100);
    manager.schedule(on(60), due, 'ann', 'received');
    pass(99);
    expect(heard).toEqual([]);
    expect(manager.soundingNotes).toBe(1);
    pass(2);
    expect(heard).toEqual([ON(60)]);
    expect(reports).toEqual([
      { message: on(60), source: 'ann', cause: 'received', due, leftAt: due },
    ]);
  });

  test('events leave in order of due, equal ones in the order of the calls', () => {
    const { manager, plug, pass, soon } = openStage();
    const { heard } = plug();
    const due = soon(50);
    manager.schedule(on(3), soon(60), 'ann', 'received');
    manager.schedule(on(1), due, 'ann', 'received');
    manager.schedule(on(2), due, 'bob', 'received');
    pass(100);
    expect(heard).toEqual([ON(1), ON(2), ON(3)]);
  });

  test('every output gets everything, and there is one report, of the first to play it', () => {
    const { manager, plug, pass, soon, reports } = openStage();
    const one = plug();
    const two = plug({ byteTime: 320 as Micros });
    manager.schedule(on(60), soon(0), 'ann', 'received');
    manager.schedule(on(61), soon(0), 'ann', 'received');
    pass(10);
    expect(one.heard).toEqual([ON(60), ON(61)]);
    expect(two.heard).toEqual([ON(60), ON(61)]);
    expect(reports.map(({ leftAt }) => leftAt)).toHaveLength(2);
    expect((reports[1]?.leftAt ?? 0) - (reports[0]?.leftAt ?? 0)).toBeLessThan(100);
  });

  test('a note-on past the late limit is dropped and counted; a controller is played however late', () => {
    const { manager, plug, pass, soon, reports } = openStage({ lateLimit: fromMillis(100) });
    const { heard } = plug();
    manager.schedule(on(60), soon(-101), 'ann', 'received');
    manager.schedule(off(60), soon(-90), 'ann', 'received');
    manager.schedule(on(61), soon(-99), 'ann', 'received');
    manager.schedule(off(61), soon(-10_000), 'ann', 'received');
    manager.schedule(control(7, 1), soon(-10_000), 'ann', 'received');
    pass(10);
    expect(heard).toEqual(['b0 7 1', ON(61), OFF(61)]);
    expect(manager.stats).toMatchObject({ late: 1, dropped: 1, unneeded: 1, sent: 3 });
    expect(manager.stats.bySource.get('ann')).toEqual({ sent: 3, dropped: 1, late: 1 });
    expect(reports.find(({ message }) => message.kind === 'noteOn')?.leftAt).toBeUndefined();
  });

  test('a note-off never overtakes the note-on of its source, whatever it is due', () => {
    const { manager, plug, pass, soon } = openStage();
    const { heard } = plug();
    manager.schedule(on(60), soon(100), 'ann', 'received');
    manager.schedule(off(60), soon(10), 'ann', 'received');
    pass(300);
    expect(heard).toEqual([ON(60), OFF(60)]);
    expect(manager.soundingNotes).toBe(0);
  });

  test('an instant that is none counts as now', () => {
    const { manager, plug, pass } = openStage();
    const { heard } = plug();
    manager.schedule(on(60), Number.NaN as Instant, 'ann', 'received');
    pass(1);
    expect(heard).toEqual([ON(60)]);
  });

  test('what a listener of reports schedules, releases or panics is done after', () => {
    const { manager, plug, pass, soon } = openStage();
    const { heard } = plug();
    manager.onSent(({ message, leftAt }) => {
      if (leftAt === undefined) return;
      if (message.kind === 'noteOn' && message.key < 63) {
        manager.schedule(on(message.key + 1), soon(0), 'ann', 'replay');
      } else if (message.kind === 'noteOn') {
        manager.release('ann');
      }
    });
    manager.schedule(on(60), soon(0), 'ann', 'received');
    pass(50);
    expect(heard).toEqual([60, 61, 62, 63].map(ON).concat([60, 61, 62, 63].map(OFF)));
  });

  test('a full queue drops note-ons and says so, but no note-off that is needed', () => {
    const { manager, plug, pass, soon } = openStage({ capacity: 4 });
    const { heard } = plug();
    for (let key = 0; key < 8; key++) manager.schedule(on(key), soon(100), 'ann', 'received');
    for (let key = 0; key < 8; key++) manager.schedule(off(key), soon(200), 'ann', 'received');
    expect(manager.stats).toMatchObject({ refused: 4, unneeded: 4, queued: 8 });
    pass(300);
    expect(heard).toEqual([0, 1, 2, 3].map(ON).concat([0, 1, 2, 3].map(OFF)));
  });

  test('with no output nothing is lost but the sound', () => {
    const { manager, pass, soon, reports } = openStage();
    manager.schedule(on(60), soon(0), 'ann', 'received');
    manager.schedule(off(60), soon(0), 'ann', 'received');
    pass(10);
    expect(reports.map(({ leftAt }) => leftAt)).toEqual([undefined, undefined]);
    expect(manager.soundingNotes).toBe(0);
  });
});

describe('the note ledger', () => {
  test("one player's note-off does not cut the same key of another", () => {
    const { manager, plug, pass, soon, reports } = openStage();
    const { heard } = plug();
    manager.schedule(on(60), soon(0), 'ann', 'received');
    manager.schedule(on(60), soon(1), 'bob', 'received');
    manager.schedule(off(60), soon(2), 'ann', 'received');
    pass(10);
    // Bob's strike ends Ann's on the wire, so that starts and ends balance.
    expect(heard).toEqual([ON(60), OFF(60), ON(60)]);
    expect(manager.soundingNotes).toBe(1);
    const ended = reports.find(({ message }) => message.kind === 'noteOff');
    expect(ended).toMatchObject({ source: 'ann', leftAt: ended?.due });
    manager.schedule(off(60), soon(0), 'bob', 'received');
    pass(10);
    expect(heard).toEqual([ON(60), OFF(60), ON(60), OFF(60)]);
    expect(manager.stats.merged).toBe(1);
  });

  test('a key struck twice by one source is ended in between, and one note-off closes it', () => {
    const { manager, plug, pass, soon } = openStage();
    const { heard } = plug();
    manager.schedule(on(60), soon(0), 'ann', 'received');
    manager.schedule(on(60), soon(1), 'ann', 'received');
    manager.schedule(off(60), soon(2), 'ann', 'received');
    manager.schedule(off(60), soon(3), 'ann', 'received');
    pass(10);
    expect(heard).toEqual([ON(60), OFF(60), ON(60), OFF(60)]);
    expect(manager.stats.unneeded).toBe(1);
  });

  test('a note-off for a key that its source does not hold is not sent', () => {
    const { manager, plug, pass, soon } = openStage();
    const { heard } = plug();
    manager.schedule(on(60), soon(0), 'ann', 'received');
    manager.schedule(off(60), soon(1), 'bob', 'recovered');
    manager.schedule(off(62), soon(1), 'ann', 'recovered');
    pass(10);
    expect(heard).toEqual([ON(60)]);
    expect(manager.stats).toMatchObject({ unneeded: 2, dropped: 0 });
  });

  test('a pedal stays down until the last who holds it lifts it', () => {
    const { manager, plug, pass, soon } = openStage();
    const { heard } = plug();
    manager.schedule(control(64, 127), soon(0), 'ann', 'received');
    manager.schedule(control(64, 100), soon(1), 'bob', 'received');
    manager.schedule(control(64, 0), soon(2), 'ann', 'received');
    manager.schedule(control(64, 90), soon(3), 'bob', 'received');
    manager.schedule(control(64, 10), soon(4), 'bob', 'received');
    manager.schedule(control(64, 5), soon(5), 'bob', 'received');
    pass(10);
    expect(heard).toEqual(['b0 64 127', 'b0 64 100', 'b0 64 90', 'b0 64 10', 'b0 64 5']);
  });

  test('"all notes off" of one source ends its notes and nobody else\'s', () => {
    const { manager, plug, pass, soon } = openStage();
    const { heard } = plug();
    manager.schedule(on(60), soon(0), 'ann', 'received');
    manager.schedule(on(64), soon(0), 'bob', 'received');
    manager.schedule(control(123, 0), soon(1), 'ann', 'received');
    pass(10);
    expect(heard).toEqual([ON(60), ON(64), OFF(60)]);
    manager.schedule(control(123, 0), soon(1), 'bob', 'received');
    pass(10);
    expect(heard.slice(3)).toEqual([OFF(64), 'b0 123 0']);
    expect(manager.soundingNotes).toBe(0);
  });

  test('"reset all controllers" lifts the pedals of its source', () => {
    const { manager, plug, pass, soon } = openStage();
    const { heard } = plug();
    manager.schedule(control(64, 127), soon(0), 'ann', 'received');
    manager.schedule(control(121, 0), soon(1), 'ann', 'received');
    pass(10);
    expect(heard).toEqual(['b0 64 127', 'b0 64 0', 'b0 121 0']);
  });
});

describe('release', () => {
  test('ends the notes and lifts the pedals of that source only, and reports them as its own', () => {
    const { manager, plug, pass, soon, reports } = openStage();
    const { heard } = plug();
    manager.schedule(on(60), soon(0), 'ann', 'predicted');
    manager.schedule(control(64, 127), soon(0), 'ann', 'received');
    manager.schedule(on(64), soon(0), 'bob', 'received');
    pass(10);
    reports.length = 0;
    manager.release('ann');
    pass(10);
    expect(heard.slice(3)).toEqual([OFF(60), 'b0 64 0']);
    expect(manager.soundingNotes).toBe(1);
    expect(reports).toMatchObject([
      { message: off(60), source: 'ann', cause: 'predicted' },
      { message: control(64, 0), source: 'ann', cause: 'received' },
    ]);
  });

  test('puts wheels to rest, unless another source holds the same one', () => {
    const { manager, plug, pass, soon } = openStage();
    const { heard } = plug();
    const bend = (value: number, channel = 0): MidiMessage => ({
      kind: 'pitchBend',
      channel,
      value,
    });
    manager.schedule(bend(9_000), soon(0), 'ann', 'received');
    manager.schedule(bend(9_000, 1), soon(0), 'ann', 'received');
    manager.schedule(bend(9_500, 1), soon(0), 'bob', 'received');
    manager.schedule(control(1, 40), soon(0), 'ann', 'received');
    manager.schedule(bend(8_192, 2), soon(0), 'ann', 'received');
    pass(10);
    expect(heard).toHaveLength(5);
    manager.release('ann');
    pass(10);
    expect(heard.slice(5)).toEqual(['b0 1 0', 'e0 0 64']);
  });

  test('takes back what is scheduled: it does not sound later', () => {
    const { manager, plug, pass, soon, reports } = openStage();
    const { heard } = plug();
    manager.schedule(on(60), soon(500), 'ann', 'predicted');
    manager.schedule(on(61), soon(500), 'bob', 'predicted');
    manager.release('ann');
    pass(1_000);
    expect(heard).toEqual([ON(61)]);
    expect(reports[0]).toMatchObject({ source: 'ann', leftAt: undefined });
    expect(manager.stats.cancelled).toBe(1);
  });

  test('a note-on that was handed over already is followed by its note-off at once', () => {
    const { manager, plug, pass, soon } = openStage();
    const { heard } = plug();
    manager.schedule(on(60), soon(15), 'ann', 'predicted');
    manager.release('ann');
    pass(1_000);
    expect(heard).toEqual([ON(60), OFF(60)]);
  });

  test('the source plays on afterwards, at any time', () => {
    const { manager, plug, pass, soon } = openStage();
    const { heard } = plug();
    manager.schedule(on(60), soon(500), 'ann', 'received');
    manager.release('ann');
    manager.schedule(on(60), soon(5), 'ann', 'received');
    pass(10);
    expect(heard).toEqual([ON(60)]);
  });

  test('of an unknown source is harmless', () => {
    const { manager } = openStage();
    manager.release('nobody');
    expect(manager.stats.cancelled).toBe(0);
  });
});

describe('panic', () => {
  test('drops what is queued, ends all notes and silences every channel that was used', () => {
    const { manager, plug, pass, soon, reports } = openStage();
    const { heard } = plug();
    manager.schedule(on(60), soon(0), 'ann', 'received');
    manager.schedule(on(61, 9), soon(0), 'bob', 'received');
    manager.schedule(on(62), soon(15), 'ann', 'received');
    manager.schedule(on(63), soon(500), 'ann', 'received');
    pass(10);
    manager.panic();
    pass(1_000);
    const silencers = [120, 123, 64, 66].flatMap((controller) => [
      `b0 ${controller} 0`,
      `b9 ${controller} 0`,
    ]);
    expect(heard.slice(2, 10)).toEqual(silencers);
    // Key 62 was on its way and may have left, for all the manager knew.
    expect(heard.slice(10)).toEqual([OFF(60), OFF(62), '89 61 64']);
    expect(manager.soundingNotes).toBe(0);
    const ended = reports.filter(({ cause }) => cause === 'panic');
    expect(ended.map(({ source }) => source).sort()).toEqual(['ann', 'ann', 'bob']);
  });

  test('what is scheduled afterwards plays', () => {
    const { manager, plug, pass, soon } = openStage();
    const { heard } = plug();
    manager.panic();
    manager.schedule(on(60), soon(0), 'ann', 'received');
    pass(10);
    expect(heard).toEqual([ON(60)]);
  });
});

describe('outputs', () => {
  test('when the queue of an output is full, note-ons are dropped and note-offs come as soon as there is room', () => {
    const { manager, plug, pass, soon } = openStage();
    const { heard } = plug({ capacity: 8 });
    for (let key = 0; key < 7; key++) manager.schedule(on(key), soon(0), 'ann', 'received');
    pass(20);
    for (let index = 0; index < 40; index++) {
      manager.schedule(control(7, index), soon(0), 'ann', 'received');
    }
    for (let key = 0; key < 7; key++) manager.schedule(off(key), soon(0), 'ann', 'received');
    manager.schedule(on(99), soon(0), 'ann', 'received');
    expect(manager.stats.refused).toBeGreaterThan(30);
    pass(100);
    expect(heard.filter((text) => text.startsWith('80'))).toEqual([0, 1, 2, 3, 4, 5, 6].map(OFF));
    expect(heard).not.toContain(ON(99));
    expect(manager.soundingNotes).toBe(0);
  });

  test('a lost output is forgotten; plugged in again it starts silent and plays on', () => {
    const { manager, plug, pass, soon, reports } = openStage();
    const first = plug();
    manager.schedule(on(60), soon(0), 'ann', 'received');
    pass(10);
    manager.schedule(on(61), soon(15), 'ann', 'received');
    first.wire.unplug();
    expect(manager.soundingNotes).toBe(0);
    expect(reports.at(-1)).toMatchObject({ message: on(61), leftAt: undefined });
    const second = plug();
    manager.schedule(off(60), soon(0), 'ann', 'received');
    manager.schedule(on(62), soon(0), 'ann', 'received');
    pass(10);
    expect(second.heard).toEqual([ON(62)]);
  });

  test('one that is removed is silenced first, and the others play on', async () => {
    const { manager, plug, pass, soon, settle } = openStage();
    const one = plug();
    const two = plug();
    manager.schedule(on(60), soon(0), 'ann', 'received');
    pass(10);
    await settle(one.handle[Symbol.asyncDispose]());
    await settle(one.handle[Symbol.asyncDispose]());
    expect(one.heard).toEqual([ON(60), OFF(60)]);
    expect(two.heard).toEqual([ON(60)]);
    manager.schedule(on(61), soon(0), 'ann', 'received');
    pass(10);
    expect(one.heard).toHaveLength(2);
    expect(two.heard).toEqual([ON(60), ON(61)]);
  });

  test('a panic while one is being removed does not drop its last note-offs', async () => {
    const { clock, manager, soon, pass, settle } = openStage();
    const wire = openSimMidiWire({ clock });
    const heard: number[] = [];
    wire.far.onBytes(([status = 0]) => heard.push(status));
    const handle = manager.addOutput(laggingOutput(clock, wire.output, 64));
    manager.schedule(on(60), soon(0), 'ann', 'received');
    pass(10);
    const removed = handle[Symbol.asyncDispose]();
    manager.panic();
    await settle(removed);
    pass(10);
    expect(heard).toEqual([0x90, 0x80]);
  });

  test('an output that drops a note-off which it took is given another; a note-on is forgotten', () => {
    const { manager, soon, pass } = openStage();
    const taken: { readonly status: number; readonly tag: number }[] = [];
    let report: (tag: number, leftAt: Instant | undefined) => void = () => {};
    manager.addOutput({
      name: 'unreliable',
      send: ([status = 0], _due, tag) => taken.push({ status, tag }) > 0,
      flush() {},
      onSent(listener) {
        report = listener;
        return { [Symbol.dispose]() {} };
      },
      onLost: () => ({ [Symbol.dispose]() {} }),
      async [Symbol.asyncDispose]() {},
    });
    const answer = (leftAt: Instant | undefined): number | undefined => {
      const message = taken.shift();
      if (message) report(message.tag, leftAt);
      return message?.status;
    };
    manager.schedule(on(60), soon(0), 'ann', 'received');
    manager.schedule(on(61), soon(0), 'ann', 'received');
    expect(answer(soon(0))).toBe(0x90);
    expect(answer(undefined)).toBe(0x90);
    expect(manager.soundingNotes).toBe(1);
    manager.schedule(off(60), soon(0), 'ann', 'received');
    manager.schedule(off(61), soon(0), 'ann', 'received');
    expect(answer(undefined)).toBe(0x80);
    expect(manager.soundingNotes).toBe(1);
    expect(answer(soon(0))).toBe(0x80);
    pass(10);
    expect(taken).toEqual([]);
    expect(manager.soundingNotes).toBe(0);
  });

  test('there may be 30 of them; one more is refused', () => {
    const { plug } = openStage();
    for (let index = 0; index < 30; index++) plug();
    expect(() => plug()).toThrow(/more than 30/);
  });
});

describe('dispose', () => {
  test('ends every note even on a slow wire whose queue is full, and closes the outputs', async () => {
    const { manager, plug, pass, soon, settle } = openStage();
    const { heard, wire } = plug({ capacity: 8 });
    for (let key = 0; key < 30; key++) {
      manager.schedule(on(key), soon(0), 'ann', 'received');
      pass(2);
    }
    manager.schedule(control(64, 127), soon(0), 'ann', 'received');
    pass(10);
    await settle(manager[Symbol.asyncDispose]());
    await settle(manager[Symbol.asyncDispose]());
    expect(heard.filter((text) => text.startsWith('80'))).toHaveLength(30);
    expect(heard.at(-1)).toBe('b0 64 0');
    expect(wire.output.send(Uint8Array.of(0xf8), soon(0), 0)).toBe(false);
  });

  test('what is scheduled afterwards is dropped, and outputs are refused', async () => {
    const { manager, plug, soon, settle } = openStage();
    plug();
    await settle(manager[Symbol.asyncDispose]());
    manager.schedule(on(60), soon(0), 'ann', 'received');
    manager.panic();
    manager.release('ann');
    expect(manager.stats.cancelled).toBe(1);
    expect(() => plug()).toThrow(/closed/);
  });
});
