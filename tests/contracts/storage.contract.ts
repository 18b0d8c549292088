import { describe, expect, test } from 'vitest';
import type { Storage } from '../../runtime/ports/storage.ts';

export interface StorageRig extends AsyncDisposable {
  readonly storage: Storage;
}

const bytes = (...octets: number[]): Uint8Array => Uint8Array.from(octets);

export function storageContract(name: string, openRig: () => Promise<StorageRig>): void {
  describe(`${name} keeps the Storage contract`, () => {
    test('what was written is read, octet for octet', async () => {
      await using rig = await openRig();
      const all = Uint8Array.from({ length: 256 }, (_, octet) => octet);
      await rig.storage.write('documents/control', all);
      expect(await rig.storage.read('documents/control')).toEqual(all);
    });

    test('a key that was never written reads as undefined', async () => {
      await using rig = await openRig();
      expect(await rig.storage.read('nothing')).toBeUndefined();
    });

    test('nothing is a value too', async () => {
      await using rig = await openRig();
      await rig.storage.write('empty', bytes());
      expect(await rig.storage.read('empty')).toEqual(bytes());
    });

    test('writes to one key take effect in call order', async () => {
      await using rig = await openRig();
      const writes = Array.from({ length: 20 }, (_, value) =>
        rig.storage.write('counter', bytes(value)),
      );
      await Promise.all(writes);
      expect(await rig.storage.read('counter')).toEqual(bytes(19));
    });

    test('what is written is copied when write is called, what is read belongs to the reader', async () => {
      await using rig = await openRig();
      const mine = bytes(1, 2);
      const writing = rig.storage.write('key', mine);
      mine.fill(9);
      await writing;
      (await rig.storage.read('key'))?.fill(9);
      expect(await rig.storage.read('key')).toEqual(bytes(1, 2));
    });

    test('a removed key is gone, and removing it again is harmless', async () => {
      await using rig = await openRig();
      await rig.storage.write('key', bytes(1));
      await rig.storage.write('key', bytes(2));
      await rig.storage.remove('key');
      await rig.storage.remove('key');
      expect(await rig.storage.read('key')).toBeUndefined();
      expect(await rig.storage.list('')).toEqual([]);
    });

    test('keys are listed by prefix, sorted, however often they were written', async () => {
      await using rig = await openRig();
      for (const key of ['b/two', 'a', 'b/one', 'b', 'bee', 'b/one']) {
        await rig.storage.write(key, bytes(1));
      }
      expect(await rig.storage.list('b/')).toEqual(['b/one', 'b/two']);
      expect(await rig.storage.list('')).toEqual(['a', 'b', 'b/one', 'b/two', 'bee']);
      expect(await rig.storage.list('c')).toEqual([]);
    });

    test.each([
      '',
      '/',
      '/a',
      'a/',
      'a//b',
      '../secret',
      'a/../b',
      '.hidden',
      'Upper',
      'space here',
      'nul\0',
      'a'.repeat(300),
    ])('the malformed key %j is refused', async (key) => {
      await using rig = await openRig();
      const invalid = { code: 'invalid' };
      await expect(rig.storage.read(key)).rejects.toMatchObject(invalid);
      await expect(rig.storage.write(key, bytes(1))).rejects.toMatchObject(invalid);
      await expect(rig.storage.remove(key)).rejects.toMatchObject(invalid);
    });
  });
}
