import { chmod, mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Log, silentLog } from '../../runtime/core/log.ts';
import { openFileStorage } from '../../runtime/platform/file-storage.ts';
import type { Storage } from '../../runtime/ports/storage.ts';
import { storageContract } from '../contracts/storage.contract.ts';

interface Rig extends AsyncDisposable {
  readonly storage: Storage;
  readonly directory: string;
  readonly said: string[];
}

async function openRig(): Promise<Rig> {
  const root = await mkdtemp(join(tmpdir(), 'togthr-storage-'));
  const directory = join(root, 'box');
  const said: string[] = [];
  const log: Log = {
    ...silentLog,
    warn: (message) => void said.push(`warn: ${message}`),
    error: (message) => void said.push(`error: ${message}`),
  };
  return {
    storage: await openFileStorage({ log }, { directory }),
    directory,
    said,
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

const ONE = Uint8Array.of(1);
const TWO = Uint8Array.of(2, 2);

storageContract('FileStorage', openRig);

test('what was written is there for the next start', async () => {
  await using rig = await openRig();
  await rig.storage.write('documents/control', TWO);
  const again = await openFileStorage({ log: silentLog }, { directory: rig.directory });
  expect(await again.read('documents/control')).toEqual(TWO);
});

test.each([
  ['cut short', (path: string) => truncate(path, 13)],
  ['emptied', (path: string) => truncate(path, 0)],
  ['overwritten', (path: string) => writeFile(path, 'something else altogether')],
  ['gone', (path: string) => rm(path)],
])('a file that was %s is replaced by its previous copy, with a warning', async (_how, damage) => {
  await using rig = await openRig();
  await rig.storage.write('key', ONE);
  await rig.storage.write('key', TWO);
  await damage(join(rig.directory, 'key'));
  expect(await rig.storage.read('key')).toEqual(ONE);
  expect(rig.said).toEqual([
    'warn: a stored file is damaged or missing; its previous copy is used',
  ]);
  expect(await rig.storage.list('')).toEqual(['key']);
});

test('a damaged file does not take the place of the good previous copy', async () => {
  await using rig = await openRig();
  await rig.storage.write('key', ONE);
  await rig.storage.write('key', TWO);
  await truncate(join(rig.directory, 'key'), 5);
  await rig.storage.write('key', Uint8Array.of(3));
  await truncate(join(rig.directory, 'key'), 5);
  expect(await rig.storage.read('key')).toEqual(ONE);
});

test('a damaged file without a previous copy reads as undefined, with an error in the log', async () => {
  await using rig = await openRig();
  await rig.storage.write('key', ONE);
  await truncate(join(rig.directory, 'key'), 5);
  expect(await rig.storage.read('key')).toBeUndefined();
  expect(rig.said).toEqual(['error: a stored file is damaged and has no previous copy']);
});

test('a write that the power cut is not seen, and does not hinder the next', async () => {
  await using rig = await openRig();
  await rig.storage.write('key', ONE);
  await writeFile(join(rig.directory, 'key~new'), 'half a fi');
  expect(await rig.storage.list('')).toEqual(['key']);
  await rig.storage.write('key', TWO);
  expect(await rig.storage.read('key')).toEqual(TWO);
});

test('only the owner may read what is stored', async () => {
  await using rig = await openRig();
  await rig.storage.write('identity', ONE);
  expect((await stat(rig.directory)).mode & 0o077).toBe(0);
  for (const name of await readdir(rig.directory)) {
    expect((await stat(join(rig.directory, name))).mode & 0o077).toBe(0);
  }
});

test('a directory that cannot be made is refused', async () => {
  await using rig = await openRig();
  await rig.storage.write('file', ONE);
  await expect(
    openFileStorage({ log: silentLog }, { directory: join(rig.directory, 'file', 'box') }),
  ).rejects.toMatchObject({ name: 'PortError', code: 'unavailable' });
});

test('a directory that may not be written is denied', async (context) => {
  if (process.getuid?.() === 0) return context.skip('root may write anywhere');
  await using rig = await openRig();
  await chmod(rig.directory, 0o500);
  await expect(rig.storage.write('key', ONE)).rejects.toMatchObject({ code: 'denied' });
  await chmod(rig.directory, 0o700);
});
