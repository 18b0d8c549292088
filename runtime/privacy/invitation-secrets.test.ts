import { expect, test } from 'vitest';
import { openMemoryStorage } from '../../sim/memory-storage.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import type { SessionId } from '../core/ensemble.ts';
import { silentLog } from '../core/log.ts';
import { fromSeconds, type WallTime } from '../core/time.ts';
import { invitationMac, openInvitationSecrets } from './invitation-secrets.ts';

const SESSION = 'ab'.repeat(16) as SessionId;
const TRANSCRIPT = new Uint8Array(32).fill(3);
const secretOf = (value: number): Uint8Array => new Uint8Array(16).fill(value);

async function openRig() {
  const clock = new VirtualClock();
  const storage = openMemoryStorage();
  const open = () => openInvitationSecrets({ storage, wallClock: clock, log: silentLog });
  const secrets = await open();
  const finds = (value: number, held = secrets): boolean =>
    held.find(SESSION, TRANSCRIPT, 'guest', invitationMac(secretOf(value), 'guest', TRANSCRIPT)) !==
    undefined;
  return { clock, storage, open, secrets, finds };
}

test('a secret that was given out is found by its code, also after a restart', async () => {
  const { open, secrets, finds } = await openRig();
  secrets.add(secretOf(1), SESSION);
  expect([finds(1), finds(2)]).toEqual([true, false]);
  await Promise.resolve();
  expect(finds(1, await open())).toBe(true);
});

test('a code holds for one connection, one session and one direction only', async () => {
  const { secrets } = await openRig();
  secrets.add(secretOf(1), SESSION);
  const mac = invitationMac(secretOf(1), 'guest', TRANSCRIPT);
  expect(secrets.find(SESSION, TRANSCRIPT, 'guest', mac)).toEqual(secretOf(1));
  expect(secrets.find(SESSION, new Uint8Array(32), 'guest', mac)).toBeUndefined();
  expect(secrets.find(SESSION, TRANSCRIPT, 'host', mac)).toBeUndefined();
  const other = 'cd'.repeat(16) as SessionId;
  expect(secrets.find(other, TRANSCRIPT, 'guest', mac)).toBeUndefined();
  expect(secrets.find(SESSION, TRANSCRIPT, 'guest', mac.subarray(1))).toBeUndefined();
});

test('a secret lasts a day, or as long as it was given out for', async () => {
  const { clock, secrets, finds } = await openRig();
  secrets.add(secretOf(1), SESSION);
  secrets.add(secretOf(2), SESSION, (clock.wallNow() + 60_000) as WallTime);
  clock.advance(fromSeconds(61));
  expect([finds(1), finds(2)]).toEqual([true, false]);
  clock.advance(fromSeconds(24 * 3_600));
  expect(finds(1)).toBe(false);
});

test('a secret that was revoked is good for nothing, and of seventeen the oldest goes', async () => {
  const { secrets, finds } = await openRig();
  for (let value = 1; value <= 17; value++) secrets.add(secretOf(value), SESSION);
  expect([finds(1), finds(2), finds(17)]).toEqual([false, true, true]);
  secrets.revoke(secretOf(17));
  expect(finds(17)).toBe(false);
  secrets.revokeAll('cd'.repeat(16) as SessionId);
  expect(finds(16)).toBe(true);
  secrets.revokeAll(SESSION);
  expect([finds(2), finds(16)]).toEqual([false, false]);
});

test('a file that can’t be read holds no invitations', async () => {
  const { storage, open, finds } = await openRig();
  await storage.write('privacy/invitations', Buffer.from('{"version":1,"secrets":[7]}'));
  expect(finds(1, await open())).toBe(false);
});
