import { describe, expect, test } from 'vitest';
import { fromSeconds } from '../../runtime/core/time.ts';
import type { Store } from '../../runtime/ports/store.ts';

export interface StoreRig extends AsyncDisposable {
  readonly store: Store;
  /** Lets so many seconds of wall time go by. */
  pass(seconds: number): Promise<void>;
}

const bytes = (...octets: number[]): Uint8Array => Uint8Array.from(octets);

export function storeContract(name: string, openRig: () => Promise<StoreRig>): void {
  describe(`${name} keeps the Store contract`, () => {
    test('what was put is got, octet for octet, with the revision that put gave', async () => {
      await using rig = await openRig();
      const all = Uint8Array.from({ length: 256 }, (_, octet) => octet);
      const revision = await rig.store.put('account/ada', all);
      expect(await rig.store.get('account/ada')).toEqual({ value: all, revision });
      expect(await rig.store.get('account/ben')).toBeUndefined();
      await rig.store.put('account/ada', bytes());
      expect((await rig.store.get('account/ada'))?.value).toEqual(bytes());
    });

    test('what is put is copied, what is got belongs to the caller', async () => {
      await using rig = await openRig();
      const mine = bytes(1, 2);
      const putting = rig.store.put('key', mine);
      mine.fill(9);
      await putting;
      (await rig.store.get('key'))?.value.fill(9);
      expect((await rig.store.get('key'))?.value).toEqual(bytes(1, 2));
    });

    test('revisions grow, also when the key was removed meanwhile', async () => {
      await using rig = await openRig();
      const first = (await rig.store.put('key', bytes(1))) ?? 0;
      const second = (await rig.store.put('key', bytes(2))) ?? 0;
      await rig.store.remove('key');
      const third = (await rig.store.put('key', bytes(3))) ?? 0;
      expect([first > 0, second > first, third > second]).toEqual([true, true, true]);
    });

    test('a put with a revision is done only if the key still has it, with 0 only if there is none', async () => {
      await using rig = await openRig();
      const first = await rig.store.put('key', bytes(1), { revision: 0 });
      expect(await rig.store.put('key', bytes(2), { revision: 0 })).toBeUndefined();
      const second = await rig.store.put('key', bytes(3), { revision: first ?? 0 });
      expect(await rig.store.put('key', bytes(4), { revision: first ?? 0 })).toBeUndefined();
      expect(await rig.store.get('key')).toEqual({ value: bytes(3), revision: second });
    });

    test('of many that put at the same time with the same revision one does', async () => {
      await using rig = await openRig();
      const puts = Array.from({ length: 20 }, (_, value) =>
        rig.store.put('key', bytes(value), { revision: 0 }),
      );
      const done = (await Promise.all(puts)).filter((revision) => revision !== undefined);
      expect(done).toHaveLength(1);
    });

    test('a removed key is gone; with another revision it stays; a second time is told', async () => {
      await using rig = await openRig();
      const revision = (await rig.store.put('key', bytes(1))) ?? 0;
      expect(await rig.store.remove('key', revision - 1)).toBe(false);
      expect(await rig.store.remove('key', revision)).toBe(true);
      expect(await rig.store.remove('key')).toBe(false);
      expect(await rig.store.get('key')).toBeUndefined();
    });

    test('keys are listed by prefix in order, a page at a time', async () => {
      await using rig = await openRig();
      for (const key of ['b/two', 'a', 'b/one', 'b', 'bee', 'b/three', 'c']) {
        await rig.store.put(key, bytes(key.length));
      }
      const keys = async (...given: Parameters<Store['list']>) =>
        (await rig.store.list(...given)).map((entry) => entry.key);
      expect(await keys('b/')).toEqual(['b/one', 'b/three', 'b/two']);
      expect(await keys('')).toEqual(['a', 'b', 'b/one', 'b/three', 'b/two', 'bee', 'c']);
      expect(await keys('b/', { limit: 2 })).toEqual(['b/one', 'b/three']);
      expect(await keys('b/', { limit: 2, after: 'b/three' })).toEqual(['b/two']);
      expect(await keys('d')).toEqual([]);
      expect((await rig.store.list('b/one'))[0]?.value).toEqual(bytes(5));
    });

    test('what lasts for a while is gone after it, from get and from list', async () => {
      await using rig = await openRig();
      await rig.store.put('short', bytes(1), { lasts: fromSeconds(10) });
      await rig.store.put('long', bytes(2), { lasts: fromSeconds(100) });
      await rig.store.put('ever', bytes(3));
      await rig.pass(9);
      expect(await rig.store.list('')).toHaveLength(3);
      await rig.pass(2);
      expect(await rig.store.get('short')).toBeUndefined();
      expect((await rig.store.list('')).map(({ key }) => key)).toEqual(['ever', 'long']);
      expect(await rig.store.remove('short')).toBe(false);
      expect(await rig.store.put('short', bytes(4), { revision: 0 })).toBeGreaterThan(0);
    });

    test('each put says anew how long it lasts', async () => {
      await using rig = await openRig();
      await rig.store.put('key', bytes(1), { lasts: fromSeconds(10) });
      await rig.pass(8);
      await rig.store.put('key', bytes(2), { lasts: fromSeconds(10) });
      await rig.pass(8);
      expect((await rig.store.get('key'))?.value).toEqual(bytes(2));
      await rig.store.put('key', bytes(3));
      await rig.pass(100);
      expect((await rig.store.get('key'))?.value).toEqual(bytes(3));
    });

    test.each(['', '/', '/a', 'a/', 'a//b', 'a.b', 'a b', '../a', 'nul\0', 'ü', 'a'.repeat(201)])(
      'the malformed key %j is refused',
      async (key) => {
        await using rig = await openRig();
        const invalid = { code: 'invalid' };
        await expect(rig.store.get(key)).rejects.toMatchObject(invalid);
        await expect(rig.store.put(key, bytes(1))).rejects.toMatchObject(invalid);
        await expect(rig.store.remove(key)).rejects.toMatchObject(invalid);
      },
    );

    test('a value of 64 KiB is stored, one octet more is refused', async () => {
      await using rig = await openRig();
      await rig.store.put('key', new Uint8Array(65_536));
      expect((await rig.store.get('key'))?.value).toHaveLength(65_536);
      await expect(rig.store.put('key', new Uint8Array(65_537))).rejects.toMatchObject({
        code: 'invalid',
      });
    });
  });
}
