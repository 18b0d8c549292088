/**
 * The rules that every rendering keeps, whatever arrives: the scorer of `togthr render` checks the same.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { renderArrivals } from '../../cli/arrivals-renderer.ts';

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

function render(arrivals: readonly Arrival[]): string[] {
  const ordered = arrivals.toSorted((a, b) => a.arrival - b.arrival);
  return [...renderArrivals([HEADER, ...ordered.map(toLine)])];
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

const parse = (line: string): Heard => JSON.parse(line) as Heard;

describe('whatever arrives', () => {
  test('nothing is heard before time 0, nor out of order, nor unparsable', () => {
    fc.assert(
      fc.property(arrivals, (events) => {
        let last = 0;
        for (const heard of render(events).map(parse)) {
          expect(heard.time).toBeGreaterThanOrEqual(last);
          expect(heard.cause).toBe('received');
          expect(heard.bytes).toMatch(/^([0-9a-f]{2})+$/);
          last = heard.time;
        }
      }),
      { numRuns: 150 },
    );
  });

  test('what is heard before T stays the same when later arrivals are removed or changed', () => {
    fc.assert(
      fc.property(arrivals, fc.double({ min: 0, max: 12, noNaN: true }), (events, t) => {
        const before = (lines: readonly string[]): string[] =>
          lines.filter((line) => parse(line).time < t);
        const whole = before(render(events));
        const known = events.filter(({ arrival }) => arrival <= t);
        if (known.length > 0) expect(before(render(known))).toEqual(whole);
        const changed = events.map((event) =>
          event.arrival <= t
            ? event
            : { ...event, arrival: event.arrival + 0.7, time: event.time - 3, bytes: '90247f' },
        );
        expect(before(render(changed))).toEqual(whole);
      }),
      { numRuns: 150 },
    );
  });

  test('every note-on has its note-off, and no key is struck twice without', () => {
    fc.assert(
      fc.property(arrivals, fc.nat(400), (events, lost) => {
        // Some packets are never seen again, note-offs among them.
        const kept = events.filter((_, index) => index % 7 !== lost % 7 || index === 0);
        const sounding = new Set<string>();
        for (const heard of render(kept).map(parse)) {
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
      { numRuns: 150 },
    );
  });

  test('two notes of no length at one moment, the second on its way longer than its end, both end', () => {
    const event = (bytes: string, arrival: number) => ({
      peer: 'p0',
      time: 0,
      arrival,
      bytes,
      recovered: false,
    });
    const heard = render([
      event('992801', 0),
      event('892840', 0),
      event('892840', 0),
      event('992802', 1e-9),
    ]).map(parse);
    expect(heard.map(({ bytes }) => bytes.slice(0, 1))).toEqual(['9', '8', '9', '8']);
    expect(heard.at(-1)?.time).toBeLessThan(1);
  });

  test('nothing sounds a second after the last release', () => {
    fc.assert(
      fc.property(arrivals, (events) => {
        const released = Math.max(...events.map(({ time }) => time));
        const heard = render(events).map(parse);
        expect(heard.at(-1)?.time ?? 0).toBeLessThan(Math.max(released, 0) + 1);
      }),
      { numRuns: 150 },
    );
  });

  test('every note is heard once, at or after it arrived', () => {
    fc.assert(
      fc.property(arrivals, (events) => {
        const ons = events.filter(({ bytes }) => bytes.startsWith('9'));
        const heard = render(events)
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
      { numRuns: 150 },
    );
  });
});
