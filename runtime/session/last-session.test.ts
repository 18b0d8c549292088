import { expect, test } from 'vitest';
import { openMemoryStorage } from '../../sim/memory-storage.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { identityOf } from '../../tests/credentials-rig.ts';
import type { SessionId } from '../core/ensemble.ts';
import type { WallTime } from '../core/time.ts';
import { grantMembership, newSession } from '../privacy/membership-proof.ts';
import { readLastSession, writeLastSession } from './last-session.ts';

const LAST = {
  session: '5e'.repeat(16) as SessionId,
  name: 'Basement',
  members: [{ host: '10.0.0.1', port: 5008 }],
};

test('the last session is read as it was written', async () => {
  const storage = openMemoryStorage();
  expect(await readLastSession(storage)).toBeUndefined();
  await writeLastSession(storage, LAST);
  expect(await readLastSession(storage)).toEqual(LAST);
});

test('what this box is let in by is remembered, and a proof that can’t be read is none', async () => {
  const storage = openMemoryStorage();
  const { proof } = newSession(identityOf('ann'), seededRandomness('proof'));
  const { publicKey } = identityOf('ben');
  const given = grantMembership(identityOf('ann'), proof, publicKey, 1_800_000_000_000 as WallTime);
  await writeLastSession(storage, { ...LAST, proof: given });
  expect(await readLastSession(storage)).toEqual({ ...LAST, proof: given });
  const text = JSON.stringify({ version: 1, ...LAST, proof: 'AAAA' });
  await storage.write('session/last', new TextEncoder().encode(text));
  expect(await readLastSession(storage)).toEqual(LAST);
});

test.each([
  ['no JSON', '{"version'],
  ['another version', JSON.stringify({ version: 2, ...LAST })],
  ['a malformed id', JSON.stringify({ version: 1, ...LAST, session: 'x' })],
  [
    'a malformed address',
    JSON.stringify({ version: 1, ...LAST, members: [{ host: 'a b', port: 1 }] }),
  ],
  ['octets that are no text', '\u00ff\u00fe'],
])('a file with %s is as none', async (_name, text) => {
  const storage = openMemoryStorage();
  await storage.write(
    'session/last',
    Uint8Array.from(text, (unit) => unit.charCodeAt(0)),
  );
  expect(await readLastSession(storage)).toBeUndefined();
});
