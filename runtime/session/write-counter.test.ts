import { expect, test } from 'vitest';
import { openMemoryStorage } from '../../sim/memory-storage.ts';
import { silentLog } from '../core/log.ts';
import { MAX_COUNT } from './client-id.ts';
import { openWriteCounter } from './write-counter.ts';

const KEY = 'session/writes';
const open = (storage = openMemoryStorage()) => openWriteCounter({ storage, log: silentLog });

test('numbers grow, also across starts, whenever the power was cut', async () => {
  const storage = openMemoryStorage();
  let last = -1;
  for (const writes of [3, 1_000, 0, 1, 129, 255, 256, 257]) {
    const counter = await open(storage);
    for (let turn = 0; turn < writes; turn++) {
      const next = counter.next() ?? -1;
      expect(next).toBeGreaterThan(last);
      last = next;
      // The power may be cut at any time after this.
      if (turn % 64 === 0) await counter.settled();
    }
  }
  expect(last).toBeLessThan(10_000);
});

test('a number seen elsewhere is left behind', async () => {
  const counter = await open();
  counter.atLeast(5_000);
  expect(counter.next()).toBe(5_000);
  counter.atLeast(10);
  expect(counter.next()).toBe(5_001);
});

test('at the end of all numbers there is none, and nothing wraps', async () => {
  const storage = openMemoryStorage();
  const counter = await open(storage);
  counter.atLeast(MAX_COUNT);
  expect(counter.next()).toBe(MAX_COUNT);
  expect(counter.next()).toBeUndefined();
  await counter.settled();
  expect((await open(storage)).next()).toBeUndefined();
});

test.each(['{', '{"version":2,"next":5}', '{"version":1,"next":-1}', '{"version":1,"next":"5"}'])(
  'a file with %s is begun anew',
  async (text) => {
    const storage = openMemoryStorage();
    await storage.write(KEY, new TextEncoder().encode(text));
    expect((await open(storage)).next()).toBe(0);
  },
);
