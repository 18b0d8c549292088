import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Blobs } from '../../runtime/ports/blobs.ts';

export interface BlobsRig extends AsyncDisposable {
  readonly blobs: Blobs;
}

const MOST = 1 << 22;
const hashOf = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

async function* inParts(content: Uint8Array, part: number): AsyncGenerator<Uint8Array> {
  // One array for all parts: what is taken must be a copy, or written.
  const buffer = new Uint8Array(part);
  for (let at = 0; at < content.length; at += part) {
    const slice = content.subarray(at, at + part);
    buffer.set(slice);
    yield buffer.subarray(0, slice.length);
    buffer.fill(0);
  }
}

async function read(blobs: Blobs, hash: string): Promise<Uint8Array | undefined> {
  const parts = await blobs.get(hash);
  if (!parts) return undefined;
  const taken: Buffer[] = [];
  for await (const part of parts) {
    expect(part.length).toBeLessThanOrEqual(65_536);
    taken.push(Buffer.from(part));
  }
  return Uint8Array.from(Buffer.concat(taken));
}

export function blobsContract(name: string, openRig: () => Promise<BlobsRig>): void {
  describe(`${name} keeps the Blobs contract`, () => {
    test('what was put is got in parts, whatever its length', async () => {
      await using rig = await openRig();
      for (const length of [0, 1, 65_536, 1_000_003]) {
        const content = Uint8Array.from({ length }, (_, at) => (at * 7) % 251);
        const hash = hashOf(content);
        await rig.blobs.put(hash, inParts(content, 10_000), MOST);
        expect(await rig.blobs.length(hash)).toBe(length);
        expect(hashOf((await read(rig.blobs, hash)) ?? new Uint8Array(1))).toBe(hash);
      }
    });

    test('content that is not what its hash says is refused, and leaves nothing', async () => {
      await using rig = await openRig();
      const hash = hashOf(Uint8Array.of(1));
      await expect(rig.blobs.put(hash, inParts(Uint8Array.of(2), 1), MOST)).rejects.toMatchObject({
        code: 'invalid',
      });
      expect(await rig.blobs.get(hash)).toBeUndefined();
      expect(await rig.blobs.length(hash)).toBeUndefined();
    });

    test('more than the most is refused before it is all taken', async () => {
      await using rig = await openRig();
      let given = 0;
      async function* endless(): AsyncGenerator<Uint8Array> {
        for (;;) {
          given += 1_000;
          yield new Uint8Array(1_000);
        }
      }
      const hash = hashOf(new Uint8Array(10_000));
      await expect(rig.blobs.put(hash, endless(), 10_000)).rejects.toMatchObject({ code: 'full' });
      expect(given).toBeLessThan(20_000);
      expect(await rig.blobs.length(hash)).toBeUndefined();
    });

    test('a source that fails leaves nothing, and its failure is told', async () => {
      await using rig = await openRig();
      async function* failing(): AsyncGenerator<Uint8Array> {
        yield Uint8Array.of(1);
        throw new Error('the cable was pulled');
      }
      const hash = hashOf(Uint8Array.of(1));
      await expect(rig.blobs.put(hash, failing(), MOST)).rejects.toThrow('the cable was pulled');
      expect(await rig.blobs.length(hash)).toBeUndefined();
    });

    test('a removed one is gone; removing and putting again is harmless', async () => {
      await using rig = await openRig();
      const content = Uint8Array.of(1, 2, 3);
      const hash = hashOf(content);
      const put = () => rig.blobs.put(hash, inParts(content, 2), MOST);
      await Promise.all([put(), put()]);
      await put();
      await rig.blobs.remove(hash);
      await rig.blobs.remove(hash);
      expect(await rig.blobs.get(hash)).toBeUndefined();
      await put();
      expect(await read(rig.blobs, hash)).toEqual(content);
    });

    test.each(['', '../../etc/passwd', 'A'.repeat(64), '0'.repeat(63)])(
      'the malformed hash %j is refused',
      async (hash) => {
        await using rig = await openRig();
        const invalid = { code: 'invalid' };
        await expect(rig.blobs.get(hash)).rejects.toMatchObject(invalid);
        await expect(rig.blobs.length(hash)).rejects.toMatchObject(invalid);
        await expect(rig.blobs.remove(hash)).rejects.toMatchObject(invalid);
        await expect(rig.blobs.put(hash, inParts(Uint8Array.of(1), 1), MOST)).rejects.toMatchObject(
          invalid,
        );
      },
    );
  });
}
