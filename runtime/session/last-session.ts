import { z } from 'zod';
import type { SessionId } from '../core/ensemble.ts';
import type { Storage } from '../ports/storage.ts';
import { isAddress, isPort, isSessionId, MAX_NAME } from '../transport/link/hello.ts';

/** The session this box was in last, and where its members were. */
export interface LastSession {
  readonly session: SessionId;
  readonly name: string;
  readonly members: readonly { readonly host: string; readonly port: number }[];
}

const KEY = 'session/last';
const MAX_MEMBERS = 16;

const LAST = z.object({
  version: z.literal(1),
  session: z.custom<SessionId>(isSessionId),
  name: z.string().min(1).max(MAX_NAME),
  members: z
    .array(z.object({ host: z.custom<string>(isAddress), port: z.custom<number>(isPort) }))
    .max(MAX_MEMBERS),
});

/** Undefined when there is none, or none that can be read: then it is as if this box had never been in one. */
export async function readLastSession(storage: Storage): Promise<LastSession | undefined> {
  const bytes = await storage.read(KEY);
  if (!bytes) return undefined;
  try {
    const { session, name, members } = LAST.parse(JSON.parse(new TextDecoder().decode(bytes)));
    return { session, name, members };
  } catch {
    return undefined;
  }
}

export async function writeLastSession(storage: Storage, last: LastSession): Promise<void> {
  const members = last.members.slice(0, MAX_MEMBERS);
  const text = JSON.stringify({ version: 1, ...last, members });
  await storage.write(KEY, new TextEncoder().encode(text));
}
