/**
 * Model test of the recovery journal: a sender and a receiver on a virtual clock, and a pipe between them that loses,
 * delays, reorders and duplicates. After the last packet both must agree on every key, controller, program and wheel.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shortMessage } from '../../runtime/core/midi-bytes.ts';
import { CONTROLLER, type MidiMessage } from '../../runtime/core/midi-message.ts';
import type { Instant } from '../../runtime/core/time.ts';
import { PLAY_HINT } from '../../runtime/transport/rtp-midi/journal/chapters/chapter-n.ts';
import { type LossyPath, openLossyPair, type Pair } from './rtp-midi-pair.ts';

interface Step {
  readonly wait: number;
  readonly status: number;
  readonly data1: number;
  readonly data2: number;
}

const CONTROLLERS = [0, 1, 7, 10, 11, 32, 33, 39, 64, 65, 66, 67, 69, 91, 122];
const MODES = [120, 121, 123, 124, 125, 126, 127];

/** A few keys on a few channels, so that they collide; note-offs as likely as note-ons. */
const step = (parameters: boolean): fc.Arbitrary<Step> => {
  const status = (high: number) => fc.integer({ min: 0, max: 2 }).map((channel) => high | channel);
  const wait = fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 5, arbitrary: fc.integer({ min: 1, max: 20_000 }) },
    { weight: 2, arbitrary: fc.integer({ min: 20_000, max: 400_000 }) },
  );
  const key = fc.integer({ min: 58, max: 66 });
  const value = fc.integer({ min: 0, max: 127 });
  const message = (high: number, data1: fc.Arbitrary<number>, data2: fc.Arbitrary<number>) =>
    fc.record({ wait, status: status(high), data1, data2 });
  return fc.oneof(
    { weight: 8, arbitrary: message(0x90, key, fc.integer({ min: 1, max: 127 })) },
    { weight: 8, arbitrary: message(0x80, key, fc.constantFrom(0, 64, 100)) },
    { weight: 5, arbitrary: message(0xb0, fc.constantFrom(...CONTROLLERS), value) },
    { weight: 1, arbitrary: message(0xb0, fc.constantFrom(...MODES), fc.constant(0)) },
    { weight: 2, arbitrary: message(0xc0, value, fc.constant(0)) },
    { weight: 2, arbitrary: message(0xe0, value, value) },
    { weight: 1, arbitrary: message(0xd0, value, fc.constant(0)) },
    { weight: 1, arbitrary: message(0xa0, key, value) },
    {
      weight: parameters ? 6 : 0,
      arbitrary: message(
        0xb0,
        fc.constantFrom(6, 38, 96, 97, 98, 99, 100, 101),
        fc.constantFrom(0, 1, 2, 127),
      ),
    },
  );
};

const path: fc.Arbitrary<LossyPath> = fc.record({
  seed: fc.integer(),
  loss: fc.constantFrom(0, 0.01, 0.05, 0.1, 0.2, 0.35, 0.5),
  burst: fc.constantFrom(1, 1, 2, 4),
  delay: fc.constantFrom(500, 20_000, 80_000),
  jitter: fc.constantFrom(0, 2_000, 15_000),
  duplicate: fc.constantFrom(0, 0.05, 0.3),
  reports: fc.constantFrom(true, true, true, false),
});

function play(pair: Pair, steps: readonly Step[]): void {
  for (const { wait, status, data1, data2 } of steps) {
    if (wait > 0) pair.run(wait);
    pair.send(shortMessage(status, data1, data2) as MidiMessage);
  }
}

function run(steps: readonly Step[], way: LossyPath): Pair {
  const pair = openLossyPair(way);
  play(pair, steps);
  pair.flush();
  pair.runUntilQuiet();
  return pair;
}

/** What the sink heard, as a synthesizer would take it. */
function check(pair: Pair): void {
  const { sent, heard } = pair;
  for (let channel = 0; channel < 16; channel++) {
    const there = sent.used(channel);
    const here = pair.receiver.state.used(channel);
    if (!there) {
      expect(here, `channel ${channel} was never used`).toBeUndefined();
      continue;
    }
    const of = (array: ArrayLike<number> | undefined): number[] => Array.from(array ?? []);
    expect(of(here?.velocities).map(Boolean), 'keys').toEqual(of(there.velocities).map(Boolean));
    // Commands that only end notes or reset leave no value behind; nor does a mode that another one replaced.
    const lasting = (value: number, n: number): number => {
      // A bank without LSB is a bank with LSB 0.
      if (n === 32) return Math.max(0, value);
      return n < 120 || n === 122 || (n === 126 && (there.controllers.stamps[n] ?? 0) > 0)
        ? value
        : 0;
    };
    expect(of(here?.values).map(lasting), 'controllers').toEqual(of(there.values).map(lasting));
    expect([here?.program, here?.bankMsb], 'program').toEqual([there.program, there.bankMsb]);
    expect(here?.wheel, 'wheel').toBe(there.wheel);
    // Pressure that an All Notes Off made meaningless is not brought back (A.8).
    if (there.pressureStamp > 0) expect(here?.pressure, 'pressure').toBe(there.pressure);
    for (let key = 0; key < 128; key++) {
      if (heard.velocity(channel, key) === 0) continue;
      expect(there.velocities[key], `key ${key} sounds on`).toBeGreaterThan(0);
    }
    if (pair.releaseAll) expect(heard.sounding).toBe(0);
  }
  expect(pair.ghosts).toEqual([]);
}

test('whatever a path of up to half loss does, the receiver ends in the state of the sender', () => {
  fc.assert(
    fc.property(fc.array(step(false), { minLength: 1, maxLength: 120 }), path, (steps, way) => {
      check(run(steps, way));
    }),
    { numRuns: 300, seed: 20_261 },
  );
});

test('parameters selected and entered survive a lossy path', () => {
  fc.assert(
    fc.property(fc.array(step(true), { minLength: 1, maxLength: 80 }), path, (steps, way) => {
      const pair = run(steps, way);
      check(pair);
      for (let channel = 0; channel < 3; channel++) {
        const there = pair.sent.used(channel)?.parameters;
        const here = pair.receiver.state.used(channel)?.parameters;
        if (!there) continue;
        const named = (list: typeof there.list | undefined) =>
          (list ?? [])
            .filter((p) => p.entryMsb >= 0 || p.entryLsb >= 0 || p.pressed)
            .map((p) => `${p.nrpn} ${p.msb} ${p.lsb} ${p.entryMsb} ${p.entryLsb} ${p.buttons}`)
            .sort();
        expect(named(here?.list)).toEqual(named(there.list));
      }
    }),
    { numRuns: 150, seed: 20_262 },
  );
});

test('a lost NoteOff heals within 100 ms, at any loss up to half', () => {
  const healed: number[] = [];
  for (let seed = 0; seed < 200; seed++) {
    const pair = openLossyPair({
      seed,
      loss: 0.05,
      burst: 2,
      delay: 500,
      jitter: 0,
      duplicate: 0,
      reports: true,
    });
    pair.send(shortMessage(0x90, 60, 100) as MidiMessage);
    pair.run(300_000);
    pair.dropNext(1);
    pair.send(shortMessage(0x80, 60, 64) as MidiMessage);
    const from = pair.now;
    while (pair.heard.sounding > 0 && pair.now - from < 5_000_000) pair.run(1_000);
    healed.push(pair.now - from);
  }
  healed.sort((a, b) => a - b);
  expect(healed.at(-1)).toBeLessThan(100_000);
});

test('a NoteOn that was lost is played while it is fresh, and never later', () => {
  const pair = openLossyPair({
    seed: 1,
    loss: 0,
    burst: 1,
    delay: 500,
    jitter: 0,
    duplicate: 0,
    reports: true,
  });
  pair.send(shortMessage(0x90, 60, 100) as MidiMessage);
  pair.run(50_000);
  pair.dropNext(1);
  pair.send(shortMessage(0x90, 64, 100) as MidiMessage);
  pair.run(100_000);
  expect(pair.heard.velocity(0, 64)).toBe(100);
  pair.dropFor(PLAY_HINT + 20_000);
  pair.send(shortMessage(0x90, 67, 100) as MidiMessage);
  pair.run(1_000_000);
  expect(pair.heard.velocity(0, 67)).toBe(0);
  pair.send(shortMessage(0x80, 67, 64) as MidiMessage);
  pair.send(shortMessage(0xb0, CONTROLLER.allNotesOff, 0) as MidiMessage);
  pair.run(1_000_000);
  check(pair);
});

test('a stream without loss recovers nothing and reorders nothing into faults', () => {
  const pair = openLossyPair({
    seed: 5,
    loss: 0,
    burst: 1,
    delay: 500,
    jitter: 0,
    duplicate: 0,
    reports: true,
  });
  for (let i = 0; i < 200; i++) {
    pair.send(shortMessage(i % 2 ? 0x80 : 0x90, 60, 64) as MidiMessage);
    pair.run(7_000);
  }
  pair.runUntilQuiet();
  expect(pair.receiver.meter.recovered).toBe(0);
  expect(Object.values(pair.faults.counts).every((count) => count === 0)).toBe(true);
  expect(pair.receiver.meter.stats(undefined, pair.now as Instant).loss).toBe(0);
});
