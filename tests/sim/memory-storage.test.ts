import { expect, test } from 'vitest';
import { openMemoryStorage } from '../../sim/memory-storage.ts';
import { storageContract } from '../contracts/storage.contract.ts';

storageContract('MemoryStorage', async () => ({
  storage: openMemoryStorage(),
  [Symbol.asyncDispose]: async () => {},
}));

test('storage that is full refuses more, keeps what it has, and has room after a removal', async () => {
  const storage = openMemoryStorage({ capacity: 10 });
  await storage.write('a', new Uint8Array(8));
  await expect(storage.write('b', new Uint8Array(8))).rejects.toMatchObject({ code: 'full' });
  expect(await storage.read('b')).toBeUndefined();
  await storage.remove('a');
  await storage.write('b', new Uint8Array(8));
});
