/**
 * The rules that every rendering keeps, in every mode, whatever arrives: the scorer of `togthr render` checks the same.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { renderArrivals } from '../../cli/arrivals-renderer.ts';
import type { JamMode } from '../../runtime/core/ensemble.ts';

interface Arrival {
  readonly peer: string;
  readonly time: number;
  readonly arrival: number;
  readonly bytes: string;
  readonly recovered?: boolean;
}

interface Heard {
  readonly peer: string;
  readonly time: number;
  readonly bytes: string;
  readonly cause: string;
}

const HEADER = JSON.stringify({
  type: 'header',
  version: 1,
  click: { origin: 0.5, bpm: 120, beatsPerBar: 4 },
  roles: { p0: 'rhythm', p1: 'bass' },
});

const hex = (...octets: number[]): string =>
  octets.map((octet) => octet.toString(16).padStart(2, '0')).join('');
const toLine = (arrival: Arrival): string => JSON.stringify({ type: 'midi', ...arrival });

async function render(arrivals: readonly Arrival[], mode: JamMode): Promise<string[]> {
  const ordered = arrivals.toSorted((a, b) => a.arrival - b.arrival);
  const heard: string[] = [];
  for await (const line of renderArrivals([HEADER, ...ordered.map(toLine)], { mode })) {
    heard.push(line);
  }
  return heard;
}

/** A note of a peer: struck on a coarse grid so that keys repeat and overlap; each event with a delay of its own. */
const note = fc.record({
  peer: fc.constantFrom('p0', 'p1', 'p2'),
  channel: fc.constantFrom(0, 9),
  key: fc.integer({ min: 36, max: 40 }),
  at: fc.integer({ min: -1, max: 160 }).map((step) => step / 16),
  length: fc.constantFrom(0, 0.01, 0.08, 0.3, 1.2),
  delays: fc.tuple(fc.double({ min: -0.02, max: 0.3 }), fc.double({ min: -0.02, max: 0.3 })),
  copies: fc.constantFrom(1, 1, 1, 2),
  recovered: fc.constantFrom(false, false, true),
});

/** Delays that JSON can't hold exactly are fine; not-a-number isn't generated. */
const arrivals = fc.array(note, { minLength: 1, maxLength: 60 }).map((notes) =>
  notes.flatMap(({ peer, channel, key, at, length, delays, copies, recovered }, index) => {
    const on = hex(0x90 | channel, key, 1 + (index % 127));
    const off = hex(0x80 | channel, key, 64);
    const events: Arrival[] = [
      { peer, time: at, arrival: at + (delays[0] || 0), bytes: on, recovered },
      { peer, time: at + length, arrival: at + length + (delays[1] || 0), bytes: off, recovered },
    ];
    return copies === 2 ? [...events, ...events] : events;
  }),
);

/** A loop of two bars that is played over and over, so that it is predicted, with what else comes. */
const jam = fc
  .tuple(
    fc.array(
      fc.record({
        peer: fc.constantFrom('p0', 'p1'),
        step: fc.nat(31),
        key: fc.integer({ min: 36, max: 43 }),
        length: fc.constantFrom(0.05, 0.2, 0.6),
      }),
      { minLength: 3, maxLength: 12 },
    ),
    fc.integer({ min: 2, max: 6 }),
    fc.constantFrom(0.005, 0.023, 0.065, 0.12),
    fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 50, maxLength: 50 }),
    arrivals,
  )
  .map(([loop, rounds, delay, chances, others]) => {
    const events: Arrival[] = [];
    let turn = 0;
    const chance = (): number => chances[turn++ % chances.length] ?? 0;
    for (let round = 0; round < rounds; round++) {
      for (const { peer, step, key, length } of loop) {
        if (chance() < 0.1) continue;
        const time = 0.5 + round * 4 + step / 8 + (chance() - 0.5) * 0.02;
        const off = time + length * (0.5 + chance());
        const channel = peer === 'p0' ? 9 : 0;
        const late = chance() < 0.03 ? 0.2 : 0;
        events.push(
          {
            peer,
            time,
            arrival: time + delay + chance() * 0.01 + late,
            bytes: hex(0x90 | channel, key, 80),
          },
          {
            peer,
            time: off,
            arrival: off + delay + chance() * 0.01,
            bytes: hex(0x80 | channel, key, 64),
          },
        );
      }
    }
    return chances[0] !== undefined && chances[0] < 0.3 ? [...events, ...others] : events;
  });

const MODES: readonly (readonly [JamMode, number])[] = [
  ['live', 40],
  ['tight', 60],
  ['groove', 30],
  ['auto', 50],
];

const parse = (line: string): Heard => JSON.parse(line) as Heard;
const anything = fc.oneof(arrivals, jam);

describe.each(MODES)('in mode %s, whatever arrives', (mode, numRuns) => {
  test('nothing is heard before time 0, nor out of order, nor unparsable', async () => {
    await fc.assert(
      fc.asyncProperty(anything, async (events) => {
        let last = 0;
        for (const heard of (await render(events, mode)).map(parse)) {
          expect(heard.time).toBeGreaterThanOrEqual(last);
          expect(['received', 'predicted', 'corrected']).toContain(heard.cause);
          expect(heard.bytes).toMatch(/^([0-9a-f]{2})+$/);
          last = heard.time;
        }
      }),
      { numRuns },
    );
  });

  test('what is heard before T stays the same when later arrivals are removed or changed', async () => {
    await fc.assert(
      fc.asyncProperty(anything, fc.double({ min: 0, max: 20, noNaN: true }), async (events, t) => {
        const before = (lines: readonly string[]): string[] =>
          lines.filter((line) => parse(line).time < t);
        const whole = before(await render(events, mode));
        const known = events.filter(({ arrival }) => arrival <= t);
        if (known.length > 0) expect(before(await render(known, mode))).toEqual(whole);
        const changed = events.map((event) =>
          event.arrival <= t
            ? event
            : { ...event, arrival: event.arrival + 0.7, time: event.time - 3, bytes: '90247f' },
        );
        expect(before(await render(changed, mode))).toEqual(whole);
      }),
      { numRuns },
    );
  });

  test('the same input gives the same output', async () => {
    await fc.assert(
      fc.asyncProperty(anything, async (events) => {
        expect(await render(events, mode)).toEqual(await render(events, mode));
      }),
      { numRuns: 10 },
    );
  });

  test('every note-on has its note-off, and no key is struck twice without', async () => {
    await fc.assert(
      fc.asyncProperty(anything, fc.nat(400), async (events, lost) => {
        // Some packets are never seen again, note-offs among them.
        const kept = events.filter((_, index) => index % 7 !== lost % 7 || index === 0);
        const sounding = new Set<string>();
        for (const heard of (await render(kept, mode)).map(parse)) {
          const key = heard.peer + heard.bytes.slice(1, 4);
          if (heard.bytes.startsWith('9')) {
            expect(sounding).not.toContain(key);
            sounding.add(key);
          } else {
            expect(sounding).toContain(key);
            sounding.delete(key);
          }
        }
        expect(sounding.size).toBe(0);
      }),
      { numRuns },
    );
  });
});

/** Groove plays bars later by design, so it is no matter there. */
describe.each(['live', 'tight', 'auto'] as const)('in mode %s', (mode) => {
  test('nothing sounds a second after the last release', async () => {
    await fc.assert(
      fc.asyncProperty(anything, async (events) => {
        const released = Math.max(...events.map(({ time }) => time));
        const heard = (await render(events, mode)).map(parse);
        expect(heard.at(-1)?.time ?? 0).toBeLessThan(Math.max(released, 0) + 1);
      }),
      { numRuns: 60 },
    );
  });
});

test('in Live every note is heard once, at or after it arrived', async () => {
  await fc.assert(
    fc.asyncProperty(arrivals, async (events) => {
      const ons = events.filter(({ bytes }) => bytes.startsWith('9'));
      const heard = (await render(events, 'live'))
        .map(parse)
        .filter(({ bytes }) => bytes.startsWith('9'));
      const distinct = new Map(ons.map((on) => [on.peer + on.bytes + on.time, on]));
      expect(heard).toHaveLength(distinct.size);
      for (const { peer, bytes } of heard) {
        expect(ons.some((on) => on.peer === peer && on.bytes === bytes)).toBe(true);
      }
      for (const on of distinct.values()) {
        const same = heard.filter(({ peer, bytes }) => peer === on.peer && bytes === on.bytes);
        expect(same.some(({ time }) => time >= Math.min(on.arrival, 0))).toBe(true);
      }
    }),
    { numRuns: 100 },
  );
});

test('two notes of no length at one moment, the second on its way longer than its end, both end', async () => {
  const event = (bytes: string, arrival: number) => ({
    peer: 'p0',
    time: 0,
    arrival,
    bytes,
    recovered: false,
  });
  const lines = await render(
    [event('992801', 0), event('892840', 0), event('892840', 0), event('992802', 1e-9)],
    'live',
  );
  const heard = lines.map(parse);
  expect(heard.map(({ bytes }) => bytes.slice(0, 1))).toEqual(['9', '8', '9', '8']);
  expect(heard.at(-1)?.time).toBeLessThan(1);
});

test('two strokes of a key whose note-offs both overtake them end, each of them', async () => {
  const event = (bytes: string, time: number, arrival: number) => ({
    ...{ peer: 'p0', bytes, time, arrival, recovered: false },
  });
  const lines = await render(
    [
      event('892440', 4.515, 4.52),
      event('892440', 4.64, 4.645),
      event('992450', 4.49, 4.695),
      event('992450', 4.615, 4.82),
    ],
    'live',
  );
  const heard = lines.map(parse);
  expect(heard.map(({ bytes }) => bytes.slice(0, 1))).toEqual(['9', '8', '9', '8']);
  expect(heard.at(-1)?.time).toBeLessThan(5);
});
