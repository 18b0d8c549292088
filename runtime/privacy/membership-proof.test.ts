import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { identityOf, signatures } from '../../tests/credentials-rig.ts';
import type { WallTime } from '../core/time.ts';
import {
  checkMembership,
  decodeMembership,
  encodeMembership,
  granterOf,
  grantMembership,
  holderOf,
  MAX_GRANTS,
  MAX_PROOF,
  type MembershipProof,
  newSession,
  sessionOfProof,
} from './membership-proof.ts';

const NOW = 1_800_000_000_123 as WallTime;
const creator = identityOf('creator');
const made = newSession(creator, seededRandomness(1));

/** A chain of that many grants, from the creator on. */
function chain(length: number): MembershipProof {
  let { proof } = made;
  for (let at = 0; at < length; at++) {
    const by = at === 0 ? creator : identityOf(`member ${at}`);
    const next = grantMembership(by, proof, identityOf(`member ${at + 1}`).publicKey, NOW);
    if (!next) throw new Error('the chain is full');
    proof = next;
  }
  return proof;
}

test('the session’s id follows from its creator’s key and the nonce', () => {
  expect(made.session).toMatch(/^[0-9a-f]{32}$/);
  expect(sessionOfProof(made.proof)).toBe(made.session);
  expect(newSession(creator, seededRandomness(2)).session).not.toBe(made.session);
  expect(newSession(identityOf('other'), seededRandomness(1)).session).not.toBe(made.session);
});

test('chains of any length up to sixteen hold for their last holder only', () => {
  for (let length = 0; length <= MAX_GRANTS; length++) {
    const proof = chain(length);
    const holder = length === 0 ? creator : identityOf(`member ${length}`);
    expect(checkMembership(signatures, proof, made.session, holder.publicKey)).toBeUndefined();
    expect(holderOf(proof)).toEqual(holder.publicKey);
    const stranger = identityOf('stranger').publicKey;
    expect(checkMembership(signatures, proof, made.session, stranger)).toBe('holder');
  }
  expect(granterOf(chain(0))).toBeUndefined();
  expect(granterOf(chain(1))).toEqual(creator.publicKey);
  expect(granterOf(chain(3))).toEqual(identityOf('member 2').publicKey);
});

test('a chain of sixteen is not continued, and one of seventeen does not hold', () => {
  const longest = chain(MAX_GRANTS);
  const last = identityOf(`member ${MAX_GRANTS}`);
  const next = identityOf('one too many').publicKey;
  expect(grantMembership(last, longest, next, NOW)).toBeUndefined();
  const [grant] = grantMembership(last, { ...longest, grants: [] }, next, NOW)?.grants ?? [];
  if (!grant) throw new Error('no grant');
  const tooLong = { ...longest, grants: [...longest.grants, grant] };
  expect(checkMembership(signatures, tooLong, made.session, next)).toBe('length');
});

test('a grant by somebody who is not in the chain does not hold', () => {
  const guest = identityOf('guest').publicKey;
  const forged = grantMembership(identityOf('stranger'), made.proof, guest, NOW);
  if (!forged) throw new Error('no grant');
  expect(checkMembership(signatures, forged, made.session, guest)).toBe('signature');
});

test('proofs are read as they were written, and fit their bound', () => {
  for (const length of [0, 1, 2, MAX_GRANTS]) {
    const proof = chain(length);
    const bytes = encodeMembership(proof);
    expect(bytes.length).toBeLessThanOrEqual(MAX_PROOF);
    expect(decodeMembership(bytes)).toEqual(proof);
  }
  expect(encodeMembership(chain(MAX_GRANTS))).toHaveLength(MAX_PROOF);
});

test('what is cut, longer, of another version or of another time is no proof', () => {
  const bytes = encodeMembership(chain(2));
  for (let length = 0; length < bytes.length; length++) {
    expect(decodeMembership(bytes.subarray(0, length))).toBeUndefined();
  }
  expect(decodeMembership(Uint8Array.of(...bytes, 0))).toBeUndefined();
  expect(decodeMembership(bytes.with(0, 2))).toBeUndefined();
  expect(decodeMembership(bytes.with(49, 17))).toBeUndefined();
  // The time of the first grant begins after 50 octets and a key.
  expect(decodeMembership(bytes.with(82, 1))).toBeUndefined();
});

test('one changed octet anywhere, and the proof does not hold', () => {
  const proof = chain(2);
  const bytes = encodeMembership(proof);
  for (let at = 0; at < bytes.length; at++) {
    const changed = decodeMembership(bytes.with(at, (bytes[at] ?? 0) ^ 0x10));
    if (!changed) continue;
    expect(
      checkMembership(signatures, changed, made.session, holderOf(proof)),
      `octet ${at}`,
    ).toBeDefined();
  }
});

test('arbitrary octets never throw', () => {
  const start = encodeMembership(chain(1));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(start.length), (octets, kept) => {
      const proof = decodeMembership(Uint8Array.of(...start.subarray(0, kept), ...octets));
      if (proof) checkMembership(signatures, proof, made.session, creator.publicKey);
    }),
    { numRuns: 3_000 },
  );
});
