/**
 * From a piece to an arrivals file: humanising and bad networks, by the numbers of EVALUATION.
 */
import { describe, expect, test } from 'vitest';
import { arrivalsLines } from '../../cli/eval/arrivals/arrivals-lines.ts';
import { humanise } from '../../cli/eval/arrivals/humanise.ts';
import { type PlayedEvent, transmit } from '../../cli/eval/arrivals/transmission.ts';
import type { Note } from '../../cli/eval/datasets/piece.ts';
import { quantile } from '../../cli/eval/scoring/part-score.ts';
import { madePiece, steadyDrums } from './made-pieces.ts';

/** Chords of two notes, far enough apart not to overtake each other. */
const chords: readonly Note[] = Array.from({ length: 4_000 }, (_, index) => ({
  at: 1 + index * 0.25,
  duration: 0.1,
  key: 60 + (index % 12),
  velocity: 80,
})).flatMap((note) => [note, { ...note, key: note.key + 20 }]);
const piece = madePiece([{ peer: 'keys', role: 'harmony', channel: 0, notes: chords }]);

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

describe('humanised playing', () => {
  const played = humanise(piece).parts[0]?.notes ?? [];
  const lower = played.filter(({ key }) => key < 72).toSorted((a, b) => a.at - b.at);
  const upper = played.filter(({ key }) => key >= 72).toSorted((a, b) => a.at - b.at);
  const deviations = lower.map(({ at }, index) => 1_000 * (at - (1 + index * 0.25)));

  test('is off by 12 ms, half of which the next chord inherits', () => {
    const deviation = Math.sqrt(mean(deviations.map((one) => one * one)));
    expect(deviation).toBeGreaterThan(11.7);
    expect(deviation).toBeLessThan(13);
    const products = deviations.slice(1).map((one, index) => one * (deviations[index] ?? 0));
    const correlation = mean(products) / deviation ** 2;
    expect(correlation).toBeGreaterThan(0.42);
    expect(correlation).toBeLessThan(0.54);
  });

  test('spreads chords by 3 ms a note', () => {
    const spreads = lower.map(({ at }, index) => 1_000 * (at - (upper[index]?.at ?? 0)));
    const spread = Math.sqrt(mean(spreads.map((one) => one * one)) / 2);
    expect(spread).toBeGreaterThan(2.8);
    expect(spread).toBeLessThan(3.2);
  });

  test('is the same every time, another in another take, and leaves people alone', () => {
    expect(humanise(piece)).toEqual(humanise(piece));
    expect(humanise(piece, 1)).not.toEqual(humanise(piece));
    const human = madePiece(piece.parts, { human: true });
    expect(humanise(human)).toBe(human);
  });
});

describe('a transmission', () => {
  test('brings every event once, in order of arrival, never before it was played', () => {
    for (const profile of ['wifi', 'xcountry', 'badwifi60'] as const) {
      const { events, parts } = transmit(piece, profile);
      expect(events).toHaveLength(2 * chords.length);
      const early = events.filter(({ time, arrival }) => arrival < time);
      const disorder = events.filter(
        ({ arrival }, index) => arrival < (events[index - 1]?.arrival ?? 0),
      );
      expect([early, disorder]).toEqual([[], []]);
      expect(parts[0]?.notes).toHaveLength(chords.length);
    }
  });

  test('has the delays, the losses and the spikes of its profile', () => {
    const { events } = transmit(piece, 'xcountry');
    const through = events.filter(({ recovered }) => !recovered);
    const delays = through.map(({ time, arrival }) => 1_000 * (arrival - time));
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(59.99);
    expect(mean(delays)).toBeGreaterThan(64.5);
    expect(mean(delays)).toBeLessThan(65.6);
    // Bursts of two begin with 0.4 of 100 packets.
    const lost = (100 * (events.length - through.length)) / events.length;
    expect(lost).toBeGreaterThan(0.4);
    expect(lost).toBeLessThan(1.4);
  });

  test('brings what was lost back with the next packet or a guard packet', () => {
    const { events } = transmit(piece, 'xcountry');
    const late = events.filter(({ recovered }) => recovered);
    expect(late.length).toBeGreaterThan(10);
    const waits = late.map(({ time, arrival }) => arrival - time);
    // The first guard packet is 15 ms behind; now and then that is lost too.
    expect(quantile(waits, 0.5)).toBeLessThan(0.11);
    expect(Math.max(...waits)).toBeLessThan(0.3);
  });

  test('depends on the piece, the profile and the player, and on nothing else', () => {
    const first = transmit(piece, 'wifi');
    expect(transmit(piece, 'wifi')).toEqual(first);
    expect(transmit({ ...piece, id: 'made/other' }, 'wifi')).not.toEqual(first);
    const delaysOf = (events: readonly PlayedEvent[]): number[] =>
      events.filter(({ peer }) => peer === 'keys').map(({ time, arrival }) => arrival - time);
    const two = madePiece([steadyDrums(4), ...piece.parts]);
    expect(delaysOf(transmit(two, 'wifi').events)).toEqual(delaysOf(first.events));
  });
});

describe('an arrivals file', () => {
  const tempos = [{ time: 3.5, bpm: 124, beat: 6 }];
  const drums = madePiece([steadyDrums(2)], { tempos });
  const lines = (click: boolean): readonly Record<string, unknown>[] =>
    [...arrivalsLines(drums, transmit(drums, 'lan'), { click })].map(
      (line) => JSON.parse(line) as Record<string, unknown>,
    );

  test('begins with the click and the roles, and tells of a tempo before it holds', () => {
    const [header, ...rest] = lines(true);
    expect(header).toEqual({
      type: 'header',
      version: 1,
      click: { origin: 0.5, bpm: 120, beatsPerBar: 4 },
      roles: { drums: 'rhythm' },
    });
    expect(rest.find(({ type }) => type === 'tempo')).toEqual({
      type: 'tempo',
      arrival: 3,
      time: 3.5,
      bpm: 124,
      beat: 6,
    });
    const arrivals = rest.map(({ arrival }) => Number(arrival));
    expect(arrivals).toEqual(arrivals.toSorted((a, b) => a - b));
  });

  test('has neither click nor tempo when nobody hears one', () => {
    const [header, ...rest] = lines(false);
    expect(header).toEqual({ type: 'header', version: 1, roles: { drums: 'rhythm' } });
    expect(rest.every(({ type }) => type === 'midi')).toBe(true);
  });
});
