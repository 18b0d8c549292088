/**
 * Keeps the documents of the last session through a restart: tempo, roles and who is who survive when everybody left.
 *
 * Takes  the documents as they are, whenever they have changed.
 * Gives  what was stored of that session.
 * Keeps  one file, `session/documents`, written at most every 5 s and once at the end. A file that can't be read is set
 *        aside, and the session begins with what the others have.
 */
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import type { SessionId } from '../core/ensemble.ts';
import type { Log } from '../core/log.ts';
import { after, fromSeconds } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { Storage } from '../ports/storage.ts';
import { isSessionId } from '../transport/link/hello.ts';
import type { StoredDocuments } from './documents.ts';

export interface SessionStore {
  /** Undefined: nothing is stored of that session. Rejects with PortError when storage can't be read. */
  load(session: SessionId): Promise<StoredDocuments | undefined>;
  /** From now on `encode` is asked when it is time to write; disposing writes once more what has changed. */
  keep(session: SessionId, encode: () => StoredDocuments): KeptDocuments;
}

export interface KeptDocuments extends AsyncDisposable {
  /** The documents have changed. */
  touch(): void;
}

const KEY = 'session/documents';
const ASIDE = 'session/documents.unreadable';
const VERSION = 1;
const PERIOD = fromSeconds(5);

export function openSessionStore(deps: {
  readonly clock: Clock;
  readonly storage: Storage;
  readonly log: Log;
}): SessionStore {
  const { clock, storage, log } = deps;

  const write = async (session: SessionId, documents: StoredDocuments): Promise<void> => {
    try {
      await storage.write(KEY, encode(session, documents));
    } catch (failure) {
      log.warn('the session’s documents were not stored; trying again', {
        reason: String(failure),
      });
    }
  };

  return {
    async load(session) {
      const bytes = await storage.read(KEY);
      if (!bytes) return undefined;
      const stored = decode(bytes);
      if (!stored) {
        log.warn('the stored documents can’t be read and are set aside', { key: ASIDE });
        await storage.write(ASIDE, bytes);
        await storage.remove(KEY);
        return undefined;
      }
      return stored.session === session ? stored.documents : undefined;
    },
    keep(session, encodeNow) {
      let dirty = false;
      let resting = false;
      let work: Promise<void> = Promise.resolve();
      const save = (): void => {
        dirty = false;
        work = work.then(() => write(session, encodeNow()));
      };
      const alarm = clock.alarm(() => {
        resting = false;
        if (dirty) touch();
      });
      const touch = (): void => {
        dirty = true;
        if (resting) return;
        resting = true;
        alarm.set(after(clock.now(), PERIOD));
        save();
      };
      return {
        touch,
        async [Symbol.asyncDispose]() {
          alarm[Symbol.dispose]();
          if (dirty) save();
          await work;
        },
      };
    },
  };
}

/** `version(1) session control participants`, the last two as lib0 writes octets. */
function encode(session: SessionId, { control, participants }: StoredDocuments): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeUint8(encoder, VERSION);
  encoding.writeVarString(encoder, session);
  encoding.writeVarUint8Array(encoder, control);
  encoding.writeVarUint8Array(encoder, participants);
  return encoding.toUint8Array(encoder);
}

function decode(
  bytes: Uint8Array,
): { readonly session: SessionId; readonly documents: StoredDocuments } | undefined {
  const decoder = decoding.createDecoder(bytes.slice());
  try {
    if (decoding.readUint8(decoder) !== VERSION) return undefined;
    const session = decoding.readVarString(decoder);
    const control = decoding.readVarUint8Array(decoder);
    const participants = decoding.readVarUint8Array(decoder);
    if (!isSessionId(session) || decoding.hasContent(decoder)) return undefined;
    return { session, documents: { control: control.slice(), participants: participants.slice() } };
  } catch {
    // lib0 throws when the octets end early or are no UTF-8.
    return undefined;
  }
}
