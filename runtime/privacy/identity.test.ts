import { expect, test } from 'vitest';
import { openMemoryStorage } from '../../sim/memory-storage.ts';
import type { Log, LogFields } from '../core/log.ts';
import { openNodeSignatures } from '../platform/node-signatures.ts';
import { systemRandomness } from '../platform/system-randomness.ts';
import { boxIdOf, loadIdentity } from './identity.ts';

const signatures = openNodeSignatures();

function openRig() {
  const storage = openMemoryStorage();
  const lines: { level: string; message: string; fields: LogFields | undefined }[] = [];
  const write = (level: string) => (message: string, fields?: LogFields) =>
    void lines.push({ level, message, fields });
  const log: Log = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => log,
  };
  const load = () => loadIdentity({ storage, randomness: systemRandomness, signatures, log });
  return { storage, lines, load };
}

test('a box makes its key at the first start and keeps it', async () => {
  const { load } = openRig();
  const made = await load();
  const again = await load();
  expect(made.box).toMatch(/^[0-9a-f]{32}$/);
  expect(again.box).toBe(made.box);
  expect(again.publicKey).toEqual(made.publicKey);
  const message = Uint8Array.of(1, 2, 3);
  expect(signatures.verify(made.publicKey, message, again.sign(message))).toBe(true);
});

test('the id is the first half of the SHA-256 of the public key', async () => {
  // Of 32 zeros: 66687aadf862bd776c8fc18b8e9f8e20 089714856ee233b3902a591d0d5f2925.
  expect(boxIdOf(new Uint8Array(32))).toBe('66687aadf862bd776c8fc18b8e9f8e20');
  const { load } = openRig();
  const { box, publicKey } = await load();
  expect(boxIdOf(publicKey)).toBe(box);
});

test.each([
  ['shorter', 31],
  ['longer', 33],
  ['empty', 0],
])('a stored key that is %s is replaced, and the log says so', async (_name, length) => {
  const { storage, lines, load } = openRig();
  await storage.write('identity/ed25519', new Uint8Array(length));
  const made = await load();
  expect(lines).toEqual([
    expect.objectContaining({ level: 'warn', message: expect.stringContaining('replaced') }),
  ]);
  expect((await load()).box).toBe(made.box);
});

test('neither the log nor the identity itself shows the private key', async () => {
  const { storage, lines, load } = openRig();
  const identity = await load();
  const seed = await storage.read('identity/ed25519');
  if (!seed) throw new Error('no key was stored');
  const shown = JSON.stringify([lines, identity, Object.values(identity).map(String)]);
  for (const form of [Buffer.from(seed).toString('hex'), Buffer.from(seed).toString('base64')]) {
    expect(shown).not.toContain(form);
  }
  expect(shown).not.toContain(seed.join());
});
