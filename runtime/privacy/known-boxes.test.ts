import { expect, test } from 'vitest';
import { openMemoryStorage } from '../../sim/memory-storage.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { identityOf } from '../../tests/credentials-rig.ts';
import { silentLog } from '../core/log.ts';
import { fromSeconds } from '../core/time.ts';
import { openKnownBoxes } from './known-boxes.ts';

function openRig() {
  const clock = new VirtualClock();
  const storage = openMemoryStorage();
  const open = () => openKnownBoxes({ storage, wallClock: clock, log: silentLog });
  return { clock, storage, open };
}
const anna = identityOf('anna');
const bert = identityOf('bert');

test('who was met is known after a restart, by key, and who was met last comes first', async () => {
  const { clock, open } = openRig();
  const known = await open();
  known.meet(anna.publicKey, 'Anna');
  const since = clock.wallNow();
  clock.advance(fromSeconds(60));
  known.meet(bert.publicKey, 'Bert');
  clock.advance(fromSeconds(60));
  known.meet(anna.publicKey, 'Anna’s piano');
  await known[Symbol.asyncDispose]();
  const again = await open();
  expect(again.isKnown(anna.box)).toBe(true);
  expect(again.all).toEqual(known.all);
  expect(again.all.map(({ name }) => name)).toEqual(['Anna’s piano', 'Bert']);
  expect(again.all[0]).toMatchObject({
    box: anna.box,
    publicKey: anna.publicKey,
    since,
    metAt: clock.wallNow(),
  });
});

test('a box that was forgotten is unknown, also after a restart', async () => {
  const { open } = openRig();
  const known = await open();
  let changes = 0;
  known.onChange(() => changes++);
  known.meet(anna.publicKey, 'anna');
  known.forget(anna.box);
  known.forget(anna.box);
  expect(changes).toBe(2);
  expect(known.isKnown(anna.box)).toBe(false);
  await known[Symbol.asyncDispose]();
  expect((await open()).all).toEqual([]);
});

test('of more than 256 boxes the one that was met longest ago is forgotten', async () => {
  const { clock, open } = openRig();
  const known = await open();
  const boxes = Array.from({ length: 257 }, (_, at) => identityOf(`box ${at}`));
  for (const [at, { publicKey }] of boxes.entries()) {
    clock.advance(fromSeconds(1));
    known.meet(publicKey, `box ${at}`);
    if (at === 100) known.meet(boxes[0]?.publicKey ?? publicKey, 'box 0');
  }
  expect(known.all).toHaveLength(256);
  expect(known.isKnown(boxes[0]?.box ?? anna.box)).toBe(true);
  expect(known.isKnown(boxes[1]?.box ?? anna.box)).toBe(false);
});

test('another box of a known name is noticed, also where it only looks the same', async () => {
  const { open } = openRig();
  const known = await open();
  known.meet(anna.publicKey, 'Anna’s  Piano');
  for (const name of ['Anna’s  Piano', 'anna’s piano ', 'ＡNNA’S PIANO']) {
    expect(known.isNameOfAnother(name, bert.box)).toBe(true);
    expect(known.isNameOfAnother(name, anna.box)).toBe(false);
  }
  expect(known.isNameOfAnother('Bert', bert.box)).toBe(false);
  known.meet(bert.publicKey, '');
  expect(known.isNameOfAnother(' ', anna.box)).toBe(false);
});

test.each([
  ['no JSON', '{'],
  ['another version', '{"version":2,"boxes":[]}'],
  ['a key that is none', '{"version":1,"boxes":[{"key":"AAAA","name":"x","since":1,"metAt":1}]}'],
  ['a time that is none', '{"version":1,"boxes":[{"key":"A","name":"x","since":-1,"metAt":1}]}'],
])('a list with %s counts as empty', async (_name, text) => {
  const { storage, open } = openRig();
  await storage.write('privacy/known-boxes', Buffer.from(text));
  expect((await open()).all).toEqual([]);
});

test('what can’t be stored is said in the log, and known until the box is switched off', async () => {
  const clock = new VirtualClock();
  const warnings: string[] = [];
  const known = await openKnownBoxes({
    storage: openMemoryStorage({ capacity: 10 }),
    wallClock: clock,
    log: { ...silentLog, warn: (message) => void warnings.push(message) },
  });
  known.meet(anna.publicKey, 'anna');
  await known[Symbol.asyncDispose]();
  expect(known.isKnown(anna.box)).toBe(true);
  expect(warnings).toEqual(['the list of known boxes was not stored']);
});
