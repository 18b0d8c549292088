import { z } from 'zod';
import type { SessionId } from '../core/ensemble.ts';
import type { Storage } from '../ports/storage.ts';
import { decodeBase64Url, encodeBase64Url } from '../privacy/base64url.ts';
import {
  decodeMembership,
  encodeMembership,
  type MembershipProof,
} from '../privacy/membership-proof.ts';
import { isAddress, isPort, isSessionId, MAX_NAME } from '../transport/link/hello.ts';

/** The session this box was in last, where its members were, and what it is let in by. */
export interface LastSession {
  readonly session: SessionId;
  readonly name: string;
  readonly members: readonly { readonly host: string; readonly port: number }[];
  /** Undefined: it has to be let in again. */
  readonly proof?: MembershipProof | undefined;
}

const KEY = 'session/last';
const MAX_MEMBERS = 16;
const MAX_PROOF_TEXT = 4_096;

const LAST = z.object({
  version: z.literal(1),
  session: z.custom<SessionId>(isSessionId),
  name: z.string().min(1).max(MAX_NAME),
  members: z
    .array(z.object({ host: z.custom<string>(isAddress), port: z.custom<number>(isPort) }))
    .max(MAX_MEMBERS),
  proof: z.string().max(MAX_PROOF_TEXT).exactOptional(),
});

/** Undefined when there is none, or none that can be read: then it is as if this box had never been in one. */
export async function readLastSession(storage: Storage): Promise<LastSession | undefined> {
  const bytes = await storage.read(KEY);
  if (!bytes) return undefined;
  try {
    const stored = LAST.parse(JSON.parse(new TextDecoder().decode(bytes)));
    const { session, name, members } = stored;
    const proof = readProof(stored.proof);
    return { session, name, members, ...(proof ? { proof } : {}) };
  } catch {
    return undefined;
  }
}

export async function writeLastSession(storage: Storage, last: LastSession): Promise<void> {
  const { session, name, proof } = last;
  const members = last.members.slice(0, MAX_MEMBERS);
  const shown = proof ? { proof: encodeBase64Url(encodeMembership(proof)) } : {};
  const text = JSON.stringify({ version: 1, session, name, members, ...shown });
  await storage.write(KEY, new TextEncoder().encode(text));
}

function readProof(text: string | undefined): MembershipProof | undefined {
  if (text === undefined) return undefined;
  const octets = decodeBase64Url(text, Math.floor((text.length * 3) / 4));
  return octets && decodeMembership(octets);
}
