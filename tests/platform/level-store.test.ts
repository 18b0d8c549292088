import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openStoreLeases } from '../../runtime/control/server/store-leases.ts';
import { silentLog } from '../../runtime/core/log.ts';
import { fromSeconds } from '../../runtime/core/time.ts';
import { openFileBlobs } from '../../runtime/platform/file-blobs.ts';
import { openLevelStore } from '../../runtime/platform/level-store.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { blobsContract } from '../contracts/blobs.contract.ts';
import { leasesContract } from '../contracts/leases.contract.ts';
import { storeContract } from '../contracts/store.contract.ts';
import { waitUntil } from './real-rig.ts';

async function openRig() {
  const folder = await mkdtemp(join(tmpdir(), 'togthr-store-'));
  const clock = new VirtualClock();
  const store = await openLevelStore({ clock, log: silentLog }, { folder });
  return {
    folder,
    clock,
    store,
    pass: async (seconds: number) => clock.advance(fromSeconds(seconds)),
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

storeContract('LevelStore', openRig);

leasesContract('Leases over LevelStore', async () => {
  const rig = await openRig();
  return { ...rig, leases: openStoreLeases(rig.store) };
});

blobsContract('FileBlobs', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'togthr-blobs-'));
  return {
    blobs: await openFileBlobs({ folder }),
    async [Symbol.asyncDispose]() {
      const left = (await readdir(folder)).filter((name) => name.startsWith('.part-'));
      await rm(folder, { recursive: true, force: true });
      expect(left).toEqual([]);
    },
  };
});

test('what was put is there for the next process, with revisions that go on growing', async () => {
  await using rig = await openRig();
  const revision = (await rig.store.put('key', Uint8Array.of(1))) ?? 0;
  await rig.store[Symbol.asyncDispose]();
  await using again = await openLevelStore(
    { clock: new VirtualClock(), log: silentLog },
    { folder: rig.folder },
  );
  expect(await again.get('key')).toEqual({ value: Uint8Array.of(1), revision });
  expect(await again.put('key', Uint8Array.of(2))).toBeGreaterThan(revision);
});

test('what expired is swept from the disk', async () => {
  await using rig = await openRig();
  const { store, clock } = rig;
  for (let at = 0; at < 50; at++)
    await store.put(`short/${at}`, new Uint8Array(100), { lasts: fromSeconds(5) });
  await store.put('short/0', Uint8Array.of(1));
  clock.advance(fromSeconds(61));
  await waitUntil(() => clock.nextDue !== undefined);
  await store[Symbol.asyncDispose]();
  const { ClassicLevel } = await import('classic-level');
  const level = new ClassicLevel(rig.folder);
  expect(await level.keys().all()).toEqual(['k/short/0']);
  await level.close();
});

test('a second process is told that the folder is in use', async () => {
  await using rig = await openRig();
  await expect(
    openLevelStore({ clock: rig.clock, log: silentLog }, { folder: rig.folder }),
  ).rejects.toMatchObject({ code: 'busy', message: expect.stringContaining('stop that one') });
});

test('a damaged store says what to do, and doing it helps', async () => {
  await using rig = await openRig();
  const { folder, clock } = rig;
  for (let at = 0; at < 100; at++) await rig.store.put(`key/${at}`, new Uint8Array(1_000));
  await rig.store[Symbol.asyncDispose]();
  for (const name of await readdir(folder))
    if (name.startsWith('MANIFEST')) await truncate(join(folder, name), 3);
  const open = (repair: boolean) => openLevelStore({ clock, log: silentLog }, { folder, repair });
  await expect(open(false)).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringContaining('--repair'),
  });
  await using repaired = await open(true);
  expect(await repaired.list('key/')).toHaveLength(100);
});

test('a folder that is a file is explained', async () => {
  await using rig = await openRig();
  const folder = join(rig.folder, 'file');
  await writeFile(folder, 'x');
  await expect(
    openLevelStore({ clock: rig.clock, log: silentLog }, { folder }),
  ).rejects.toMatchObject({ name: 'PortError' });
});
