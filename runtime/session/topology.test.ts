import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BoxId } from '../core/ensemble.ts';
import type { Micros } from '../core/time.ts';
import type { ParticipantEntry } from './participants-document.ts';
import { forwardersBetween, forwardersOf, needsLink } from './topology.ts';

const LIMIT = 4;
const idOf = (n: number): BoxId => n.toString(16).padStart(32, '0') as BoxId;
const NO_STATS = { rtt: 1_000 as Micros, jitter: undefined, loss: 0, recovered: 0 };

type Entries = Map<BoxId, ParticipantEntry>;

/** Boxes 1 to `count`, joined in that order, everybody linked with everybody. */
function mesh(count: number): Entries {
  const ids = Array.from({ length: count }, (_, i) => idOf(i + 1));
  return new Map(
    ids.map((id, i) => [
      id,
      {
        present: true,
        links: ids.filter((other) => other !== id),
        forwarders: [],
        stats: Object.fromEntries(ids.map((other) => [other, NO_STATS])),
        joined: i,
      } as unknown as ParticipantEntry,
    ]),
  );
}

const chosen = (entries: Entries, host = 1): readonly BoxId[] =>
  forwardersOf({ within: new Set(entries.keys()), entries, host: idOf(host) }, LIMIT);

/** Everybody does as it follows from what all say, until nobody changes anything. */
function settle(entries: Entries): readonly BoxId[] {
  for (let round = 0; round < 5; round++) {
    const forwarders = chosen(entries);
    for (const [id, entry] of entries) entries.set(id, { ...entry, forwarders });
  }
  return chosen(entries);
}

const without = (entries: Entries, box: BoxId): Entries =>
  new Map([...entries].filter(([id]) => id !== box));

/** As all its listeners tell. */
function tell(entries: Entries, box: BoxId, stats: Partial<typeof NO_STATS>): void {
  for (const [id, entry] of entries)
    entries.set(id, { ...entry, stats: { ...entry.stats, [box]: { ...NO_STATS, ...stats } } });
}

test('up to the limit nobody forwards; beyond it two do, the host first', () => {
  expect(chosen(mesh(LIMIT))).toEqual([]);
  expect(chosen(mesh(LIMIT + 1), 3)).toEqual([idOf(3), idOf(1)]);
});

test('who forwards stays, also when the host changes and others get nearer', () => {
  const entries = mesh(LIMIT + 3);
  const before = settle(entries);
  tell(entries, idOf(1), { rtt: 40_000 as Micros });
  expect(chosen(entries, 5)).toEqual(before);
  // By a detour around half the world.
  tell(entries, idOf(1), { rtt: 140_000 as Micros });
  expect(chosen(entries, 5)).toEqual([idOf(2), idOf(5)]);
});

test('the spare one takes the place of one that is gone, and another becomes the spare', () => {
  const entries = mesh(LIMIT + 3);
  const [first, spare] = settle(entries);
  const rest = without(entries, first as BoxId);
  expect(chosen(rest)).toEqual([spare, idOf(3)]);
  expect(settle(rest)).toEqual([spare, idOf(3)]);
});

test('a box that loses packets is not chosen, and one that forwards may lose some more', () => {
  const entries = mesh(LIMIT + 3);
  tell(entries, idOf(1), { loss: 0.04 });
  expect(chosen(entries)).toEqual([idOf(2), idOf(3)]);
  settle(entries);
  tell(entries, idOf(2), { loss: 0.04 });
  expect(chosen(entries)).toEqual([idOf(2), idOf(3)]);
  tell(entries, idOf(2), { loss: 0.2 });
  expect(chosen(entries)).toEqual([idOf(3), idOf(4)]);
});

test('a session that shrinks is a mesh again only when it is two smaller than the limit', () => {
  let entries = mesh(LIMIT + 1);
  settle(entries);
  entries = without(entries, idOf(LIMIT + 1));
  expect(settle(entries)).not.toEqual([]);
  entries = without(entries, idOf(LIMIT));
  expect(settle(entries)).not.toEqual([]);
  entries = without(entries, idOf(LIMIT - 1));
  expect(settle(entries)).toEqual([]);
});

test('boxes that disagree come to agree, whatever they say at first (any seed)', () => {
  const choice = fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 2 });
  fc.assert(
    fc.property(fc.array(choice, { minLength: 8, maxLength: 8 }), (choices) => {
      const entries = mesh(8);
      choices.forEach((forwarders, i) => {
        const entry = entries.get(idOf(i + 1)) as ParticipantEntry;
        entries.set(idOf(i + 1), { ...entry, forwarders: forwarders.map(idOf) });
      });
      const settled = settle(entries);
      expect(settled).toHaveLength(2);
      expect(settle(entries)).toEqual(settled);
      // Those who are not there forward nothing.
      for (const box of settled) expect(entries.has(box)).toBe(true);
    }),
  );
});

test('with those who forward a link is needed, and with whom nobody passes on to; with others not', () => {
  const entries = mesh(6);
  const forwarders = [idOf(1), idOf(2)];
  const lost = idOf(6);
  for (const by of forwarders) {
    const entry = entries.get(by) as ParticipantEntry;
    entries.set(by, { ...entry, links: entry.links.filter((id) => id !== lost) });
  }
  const neighbours = { self: idOf(3), forwarders, entries };
  expect([1, 2, 4, 5, 6].filter((n) => needsLink(idOf(n), neighbours))).toEqual([1, 2, 6]);
  const linked = new Set([idOf(2)]);
  expect(forwardersBetween(idOf(4), neighbours, linked)).toEqual([idOf(2)]);
  expect(forwardersBetween(lost, neighbours, linked)).toEqual([]);
  expect(forwardersBetween(idOf(2), neighbours, linked)).toEqual([]);
  expect(needsLink(idOf(5), { ...neighbours, self: idOf(1) })).toBe(true);
  expect(needsLink(idOf(5), { ...neighbours, forwarders: [] })).toBe(true);
});
