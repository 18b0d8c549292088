import { expect, test } from 'vitest';
import { openMemoryStorage } from '../../sim/memory-storage.ts';
import { settle, VirtualClock } from '../../sim/virtual-clock.ts';
import type { SessionId } from '../core/ensemble.ts';
import { silentLog } from '../core/log.ts';
import { fromSeconds } from '../core/time.ts';
import type { Storage } from '../ports/storage.ts';
import { openSessionStore } from './session-store.ts';

const SESSION = '5e'.repeat(16) as SessionId;
const OTHER = '07'.repeat(16) as SessionId;
const documents = (value: number) => ({
  control: Uint8Array.of(value, 1),
  participants: Uint8Array.of(value, 2),
});

function openRig(storage: Storage = openMemoryStorage()) {
  const clock = new VirtualClock();
  const writes: string[] = [];
  const counted: Storage = {
    ...storage,
    write(key, bytes) {
      writes.push(key);
      return storage.write(key, bytes);
    },
  };
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (text: string) => warnings.push(text) };
  return {
    clock,
    storage,
    writes,
    warnings,
    store: openSessionStore({ clock, storage: counted, log }),
  };
}

test('documents are read as they were written, and of that session only', async () => {
  const { store } = openRig();
  expect(await store.load(SESSION)).toBeUndefined();
  const kept = store.keep(SESSION, () => documents(7));
  kept.touch();
  await kept[Symbol.asyncDispose]();
  expect(await store.load(SESSION)).toEqual(documents(7));
  expect(await store.load(OTHER)).toBeUndefined();
});

test('changes are written at most every 5 s, the last one always', async () => {
  const { clock, store, writes } = openRig();
  let value = 0;
  const kept = store.keep(SESSION, () => documents(value % 256));
  for (let turn = 0; turn < 600; turn++) {
    value++;
    kept.touch();
    clock.advance(fromSeconds(0.1));
    await settle();
  }
  expect(writes.length).toBeGreaterThanOrEqual(12);
  expect(writes.length).toBeLessThanOrEqual(13);
  value = 99;
  kept.touch();
  await kept[Symbol.asyncDispose]();
  expect(await store.load(SESSION)).toEqual(documents(99));
});

test.each([
  ['another version', Uint8Array.of(2, 1, 2, 3)],
  ['nothing', new Uint8Array(0)],
  ['half a file', Uint8Array.of(1, 32, 53)],
])('a file with %s is set aside, with a warning', async (_name, bytes) => {
  const { storage, store, warnings } = openRig();
  await storage.write('session/documents', bytes);
  expect(await store.load(SESSION)).toBeUndefined();
  expect(await storage.read('session/documents')).toBeUndefined();
  expect(await storage.read('session/documents.unreadable')).toEqual(bytes);
  expect(warnings).toHaveLength(1);
});

test('a disk that is full is told of, and tried again with the next change', async () => {
  const memory = openMemoryStorage();
  let full = true;
  const { clock, store, warnings } = openRig({
    ...memory,
    write: (key, bytes) => (full ? Promise.reject(new Error('full')) : memory.write(key, bytes)),
  });
  const kept = store.keep(SESSION, () => documents(3));
  kept.touch();
  await settle();
  expect(warnings).toHaveLength(1);
  full = false;
  kept.touch();
  clock.advance(fromSeconds(5));
  await settle();
  expect(await store.load(SESSION)).toEqual(documents(3));
});
