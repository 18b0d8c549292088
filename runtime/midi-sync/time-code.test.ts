import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { type GivenMessage, openSyncRig, type SyncRig } from '../../tests/sync-rig.ts';
import type { MidiMessage } from '../core/midi-message.ts';
import {
  type CodedFrame,
  type FrameRate,
  frameCount,
  framesPerDay,
  fullFrame,
  nibbleOf,
  readFullFrame,
  readNibbles,
} from './time-code.ts';

const RATES: readonly FrameRate[] = [0, 1, 2, 3];
const rate = fc.constantFrom(...RATES);

function quarter(at: FrameRate, frame: number, piece: number): MidiMessage {
  return { kind: 'mtcQuarterFrame', piece, nibble: nibbleOf(at, frame, piece) };
}

describe('frames', () => {
  test('the nibbles of 01:02:03:04 at 25 frames a second are those of the specification’s layout', () => {
    const frame = frameCount(1, 1, 2, 3, 4) ?? -1;
    const nibbles = Array.from({ length: 8 }, (_, piece) => nibbleOf(1, frame, piece));
    expect(nibbles).toEqual([4, 0, 3, 0, 2, 0, 1, 2]);
  });

  test('drop frame leaves out two numbers a minute, but not in the tenth', () => {
    expect(frameCount(2, 0, 1, 0, 0)).toBeUndefined();
    expect(frameCount(2, 0, 1, 0, 2)).toBe(1_800);
    expect(frameCount(2, 0, 9, 59, 29)).toBe(17_981);
    expect(frameCount(2, 0, 10, 0, 0)).toBe(17_982);
    expect(frameCount(2, 23, 59, 59, 29)).toBe(framesPerDay(2) - 1);
  });

  test('every frame of the day comes back from its nibbles and from its Full Frame', () => {
    fc.assert(
      fc.property(rate, fc.nat(), (code, any) => {
        const frame = any % framesPerDay(code);
        const nibbles = Uint8Array.from({ length: 8 }, (_, piece) => nibbleOf(code, frame, piece));
        const read: CodedFrame = { frame: -1, rate: 0 };
        expect(readNibbles(nibbles, read)).toBe(true);
        expect(read).toEqual({ frame, rate: code });
        const again: CodedFrame = { frame: -1, rate: 0 };
        expect(readFullFrame(fullFrame(read), again)).toBe(true);
        expect(again).toEqual(read);
      }),
    );
  });

  test('numbers that no frame has are refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 12 }), (octets) => {
        const read: CodedFrame = { frame: -1, rate: 0 };
        const data = octets.map((octet) => octet & 0x7f);
        if (readFullFrame({ kind: 'sysEx', data }, read)) {
          expect(read.frame).toBeLessThan(framesPerDay(read.rate));
        }
        if (readNibbles(data, read)) expect(read.frame).toBeLessThan(framesPerDay(read.rate));
      }),
    );
  });
});

/** What a tape machine that follows makes of quarter frames: each eight in a row tell a frame. */
function told(
  given: readonly GivenMessage[],
  way: 1 | -1 = 1,
): { frame: number; at: number; rate: FrameRate }[] {
  const frames: { frame: number; at: number; rate: FrameRate }[] = [];
  const nibbles = new Uint8Array(8);
  let begun = 0;
  let next = -1;
  for (const { message, at } of given) {
    if (message.kind !== 'mtcQuarterFrame') continue;
    const { piece, nibble } = message;
    const first = way === 1 ? 0 : 7;
    if (piece === first) begun = at;
    else if (piece !== next) {
      next = -1;
      continue;
    }
    nibbles[piece] = nibble;
    next = piece + way;
    const read: CodedFrame = { frame: 0, rate: 0 };
    if (piece === 7 - first && readNibbles(nibbles, read)) frames.push({ ...read, at: begun });
  }
  return frames;
}

describe('time code that is followed', () => {
  const PERIOD = 10;
  let rig: SyncRig;

  /** Quarter frames at 25 frames a second from `frame`, the first at `from` (milliseconds). */
  function bring(
    frame: number,
    from: number,
    count: number,
    lost: (pulse: number) => boolean,
  ): void {
    let missing = 0;
    for (let pulse = 0; pulse < count; pulse++) {
      if (lost(pulse)) {
        missing++;
        continue;
      }
      const at = frame + 2 * Math.floor(pulse / 8);
      const delay = 5 + ((pulse * 7) % 11);
      rig.bring(quarter(1, at, pulse % 8), from + pulse * PERIOD, { delay, lost: missing });
    }
  }
  const none = (): boolean => false;

  beforeEach(() => {
    rig = openSyncRig();
  });

  test('is told by the same delay, evenly, beginning with a first piece', () => {
    bring(90_000, 0, 400, none);
    rig.runTo(4_000);
    const frames = told(rig.given);
    expect(frames.length).toBeGreaterThan(45);
    for (const { frame, at } of frames) {
      expect(at - 1e6).toBeCloseTo((frame - 90_000) * 40_000 + 30_000, -2);
    }
    expect(rig.given[0]?.message).toMatchObject({ piece: 0 });
    const times = rig.given.map(({ at }) => at);
    for (let i = 1; i < times.length; i++) {
      expect(Math.abs((times[i] ?? 0) - (times[i - 1] ?? 0) - 10_000)).toBeLessThan(100);
    }
  });

  test('loses no frame when quarter frames are lost', () => {
    bring(90_000, 0, 800, (pulse) => pulse > 50 && pulse < 700 && (pulse * 7919) % 13 < 2);
    rig.runTo(8_000);
    const frames = told(rig.given);
    for (const { frame, at } of frames) {
      expect(at - 1e6).toBeCloseTo((frame - 90_000) * 40_000 + 30_000, -2);
    }
    const numbers = frames.map(({ frame }) => frame);
    expect(numbers).toEqual(numbers.map((_, i) => (numbers[0] ?? 0) + 2 * i));
  });

  test('runs on for half a second without being heard, and stops then', () => {
    bring(90_000, 0, 100, none);
    rig.runTo(5_000);
    const end = (rig.given.at(-1)?.at ?? 0) - 1e6;
    expect(end).toBeGreaterThan(1_400_000);
    expect(end).toBeLessThan(1_600_000);
  });

  test('jumps with the source: what follows is told from the new place', () => {
    bring(90_000, 0, 200, none);
    bring(10_000, 2_000, 200, none);
    rig.runTo(4_000);
    const frames = told(rig.given);
    const jumped = frames.filter(({ frame }) => frame < 50_000);
    expect(jumped.length).toBeGreaterThan(20);
    for (const { frame, at } of jumped) {
      expect(at - 1e6).toBeCloseTo((frame - 10_000) * 40_000 + 2_030_000, -2);
    }
    for (const { frame, at } of frames.filter(({ frame }) => frame >= 50_000)) {
      expect(at - 1e6).toBeCloseTo((frame - 90_000) * 40_000 + 30_000, -2);
    }
  });

  test('runs backward when the source does', () => {
    for (let pulse = 0; pulse < 160; pulse++) {
      const frame = 90_000 - 2 * Math.floor(pulse / 8);
      rig.bring(quarter(1, frame, 7 - (pulse % 8)), pulse * PERIOD);
    }
    rig.runTo(1_600);
    const frames = told(rig.given, -1);
    expect(frames.length).toBeGreaterThan(14);
    for (const { frame, at } of frames) {
      expect(at - 1e6).toBeCloseTo((90_000 - frame) * 40_000 + 30_000, -2);
    }
  });

  test('drop frame counts over the minute as the source does', () => {
    const period = 1_000 / (4 * 29.97);
    const first = 1_790;
    for (let pulse = 0; pulse < 200; pulse++) {
      rig.bring(quarter(2, first + 2 * Math.floor(pulse / 8), pulse % 8), pulse * period);
    }
    rig.runTo(1_600);
    const frames = told(rig.given);
    expect(frames.some(({ frame }) => frame > 1_800)).toBe(true);
    for (const { frame, rate: code } of frames) expect([code, (frame - first) % 2]).toEqual([2, 0]);
  });

  test('a Full Frame sends the instruments to its place once', () => {
    const place: CodedFrame = { frame: 4_321, rate: 1 };
    rig.bring(fullFrame(place), 100);
    rig.runTo(1_000);
    expect(rig.given.map(({ message }) => message)).toEqual([fullFrame(place)]);
    expect((rig.given[0]?.at ?? 0) - 1e6).toBeCloseTo(130_000, -2);
  });

  test('a Full Frame that the journal brought back agrees with what is told, or locks anew', () => {
    bring(90_000, 0, 400, none);
    rig.bring(fullFrame({ frame: 90_000 + 50, rate: 1 }), 2_000, { recovered: true });
    rig.runTo(2_500);
    expect(rig.given.every(({ message }) => message.kind === 'mtcQuarterFrame')).toBe(true);
    rig.bring(fullFrame({ frame: 5_000, rate: 1 }), 2_500, { recovered: true });
    rig.runTo(2_600);
    expect(rig.given.filter(({ message }) => message.kind === 'sysEx')).toHaveLength(1);
    rig.runTo(4_000);
    // The source went on where it was: so do the instruments.
    const { frame, at } = told(rig.given).at(-1) ?? { frame: 0, at: 0 };
    expect(at - 1e6).toBeCloseTo((frame - 90_000) * 40_000 + 30_000, -2);
  });
});

test('whatever arrives, quarter frames are given in order, not closer than they can be, and end', () => {
  const brought = fc.array(
    fc.record({
      message: fc.oneof(
        {
          weight: 9,
          arbitrary: fc.record({
            kind: fc.constant('mtcQuarterFrame' as const),
            piece: fc.nat({ max: 7 }),
            nibble: fc.nat({ max: 15 }),
          }),
        },
        {
          weight: 1,
          arbitrary: fc
            .tuple(rate, fc.nat({ max: 100_000 }))
            .map(([code, frame]) => fullFrame({ frame, rate: code })),
        },
      ),
      runs: fc.nat({ max: 30 }),
      after: fc.double({ min: 0, max: 30, noNaN: true }),
      delay: fc.double({ min: 0, max: 60, noNaN: true }),
      recovered: fc.boolean(),
      lost: fc.nat({ max: 2 }),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(brought, (all) => {
      const rig = openSyncRig();
      let performed = 0;
      let missing = 0;
      for (const { message, runs, after, delay, recovered, lost } of all) {
        missing += lost;
        for (let run = 0; run <= runs; run++) {
          performed += message.kind === 'mtcQuarterFrame' ? 8 : after;
          const piece = message.kind === 'mtcQuarterFrame' ? (message.piece + run) % 8 : 0;
          const next = message.kind === 'mtcQuarterFrame' ? { ...message, piece } : message;
          rig.bring(next, performed, { delay, recovered, lost: missing });
        }
      }
      rig.runTo(performed + 2_000);
      const count = rig.given.length;
      rig.runTo(performed + 5_000);
      expect(rig.given.length).toBe(count);
      const quarters = rig.given.filter(({ message }) => message.kind === 'mtcQuarterFrame');
      rig.given.forEach(({ at }, i) => {
        expect(at).toBeGreaterThanOrEqual(rig.given[i - 1]?.at ?? 0);
      });
      quarters.forEach(({ at }, i) => {
        if (i > 0) expect(at - (quarters[i - 1]?.at ?? 0)).toBeGreaterThan(1_999);
      });
    }),
  );
});
