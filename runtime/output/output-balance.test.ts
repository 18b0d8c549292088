import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openSimMidiWire, type SimMidiWire } from '../../sim/midi-wire.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { laggingOutput } from '../../tests/sim/lagging-output.ts';
import { virtualTime } from '../../tests/sim/virtual-time.ts';
import type { MidiMessage } from '../core/midi-message.ts';
import { after, fromMillis, type Micros } from '../core/time.ts';
import { openOutputManager } from './output-manager.ts';

type Step =
  | {
      readonly do: 'schedule';
      readonly message: MidiMessage;
      readonly in: number;
      readonly from: string;
    }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'release'; readonly from: string }
  | { readonly do: 'panic' }
  | {
      readonly do: 'plug';
      readonly slow: boolean;
      readonly lags: boolean;
      readonly capacity: number;
    }
  | { readonly do: 'pull'; readonly which: number }
  | { readonly do: 'remove'; readonly which: number };

const channel = fc.integer({ min: 0, max: 1 });
const key = fc.integer({ min: 60, max: 63 });
const message: fc.Arbitrary<MidiMessage> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('noteOn' as const),
      channel,
      key,
      velocity: fc.constant(100),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('noteOff' as const),
      channel,
      key,
      velocity: fc.constant(64),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('controlChange' as const),
      channel,
      controller: fc.constantFrom(1, 64, 66, 120, 121, 123),
      value: fc.constantFrom(0, 30, 127),
    }),
  },
  { weight: 1, arbitrary: fc.constant<MidiMessage>({ kind: 'timingClock' }) },
);
const from = fc.constantFrom('ann', 'bob', 'self');
const schedule: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('schedule' as const),
  message,
  in: fc.integer({ min: -60, max: 80 }),
  from,
});
const pass: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('pass' as const),
  ms: fc.integer({ min: 0, max: 40 }),
});
const release: fc.Arbitrary<Step> = fc.record({ do: fc.constant('release' as const), from });
const which = fc.integer({ min: 0, max: 5 });
const upset: fc.Arbitrary<Step> = fc.oneof(
  fc.constant<Step>({ do: 'panic' }),
  fc.record({
    do: fc.constant('plug' as const),
    slow: fc.boolean(),
    lags: fc.boolean(),
    capacity: fc.integer({ min: 2, max: 64 }),
  }),
  fc.record({ do: fc.constant('pull' as const), which }),
  fc.record({ do: fc.constant('remove' as const), which }),
);
const calm: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: schedule },
  { weight: 4, arbitrary: pass },
  { weight: 1, arbitrary: release },
);
const anything: fc.Arbitrary<Step> = fc.oneof(
  { weight: 16, arbitrary: calm },
  { weight: 1, arbitrary: upset },
);

/** A synthesizer that keeps books. */
class Listener {
  readonly wire: SimMidiWire;
  pulled = false;
  readonly sounding = new Set<string>();
  readonly pedals = new Set<string>();
  doubleStarts = 0;
  needlessEnds = 0;

  constructor(wire: SimMidiWire) {
    this.wire = wire;
    wire.far.onBytes(([status = 0, data1 = 0, data2 = 0]) => this.#hear(status, data1, data2));
  }

  #hear(status: number, data1: number, data2: number): void {
    const name = `${status & 15}/${data1}`;
    if ((status & 0xf0) === 0x90) {
      if (this.sounding.has(name)) this.doubleStarts++;
      this.sounding.add(name);
    } else if ((status & 0xf0) === 0x80) {
      if (!this.sounding.delete(name)) this.needlessEnds++;
    } else if ((status & 0xf0) === 0xb0 && data1 < 120) {
      if (data2 >= (data1 === 1 ? 1 : 64)) this.pedals.add(name);
      else this.pedals.delete(name);
    }
  }
}

async function play(steps: readonly Step[]): Promise<{
  readonly listeners: readonly Listener[];
  readonly scheduled: number;
  readonly reported: number;
  readonly sounding: number;
}> {
  const clock = new VirtualClock();
  const time = virtualTime(clock);
  const manager = openOutputManager({ clock });
  const listeners: Listener[] = [];
  const handles: AsyncDisposable[] = [];
  let scheduled = 0;
  const reported = new Map<string, number>();
  let reports = 0;
  manager.onSent(({ source, cause }) => {
    if (cause === 'received') reports++;
    reported.set(source, (reported.get(source) ?? 0) + 1);
  });
  const plug = (slow: boolean, lags: boolean, capacity: number): void => {
    const byteTime = (slow ? 320 : 10) as Micros;
    const wire = openSimMidiWire({ clock }, { byteTime, capacity: lags ? 1_000 : capacity });
    const output = lags ? laggingOutput(clock, wire.output, capacity) : wire.output;
    listeners.push(new Listener(wire));
    handles.push(manager.addOutput(output));
  };
  plug(false, false, 64);
  plug(true, true, 32);
  const removals: Promise<void>[] = [];
  for (const step of steps) {
    switch (step.do) {
      case 'schedule':
        scheduled++;
        manager.schedule(
          step.message,
          after(clock.now(), fromMillis(step.in)),
          step.from,
          'received',
        );
        break;
      case 'pass':
        await time.pass(fromMillis(step.ms));
        break;
      case 'release':
        manager.release(step.from);
        break;
      case 'panic':
        manager.panic();
        break;
      case 'plug':
        if (listeners.length < 5) plug(step.slow, step.lags, step.capacity);
        break;
      case 'pull': {
        const listener = listeners[step.which];
        listener?.wire.unplug();
        if (listener) listener.pulled = true;
        break;
      }
      case 'remove': {
        const handle = handles[step.which];
        if (handle) removals.push(Promise.resolve(handle[Symbol.asyncDispose]()));
        break;
      }
    }
  }
  await time.settle(Promise.all(removals));
  await time.settle(Promise.resolve(manager[Symbol.asyncDispose]()));
  await time.pass(fromMillis(50));
  // Reports of what release and dispose end carry the cause of its start, so there may be more than were scheduled.
  return { listeners, scheduled, reported: reports, sounding: manager.soundingNotes };
}

describe('whatever happens', () => {
  test('every note-on that left a wire is followed by its note-off, and every pedal and wheel is at rest', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anything, { maxLength: 120, size: 'max' }), async (steps) => {
        const { listeners, sounding, scheduled, reported } = await play(steps);
        expect(sounding).toBe(0);
        expect(reported).toBeGreaterThanOrEqual(scheduled);
        for (const { sounding: stuck, pedals, pulled, doubleStarts } of listeners) {
          expect(doubleStarts).toBe(0);
          if (pulled) continue;
          expect([...stuck]).toEqual([]);
          expect([...pedals]).toEqual([]);
        }
      }),
      { numRuns: 400 },
    );
  });

  test('as long as nothing is pulled, removed or panicked, starts and ends alternate on the wire', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(calm, { maxLength: 120, size: 'max' }), async (steps) => {
        const ending = (['ann', 'bob', 'self'] as const).map(
          (source): Step => ({ do: 'release', from: source }),
        );
        const { listeners } = await play([...steps, ...ending, { do: 'pass', ms: 500 }]);
        for (const listener of listeners) {
          expect(listener.doubleStarts).toBe(0);
          expect(listener.needlessEnds).toBe(0);
        }
      }),
      { numRuns: 200 },
    );
  });
});
