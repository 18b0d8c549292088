/**
 * Store in LevelDB (classic-level): one folder, one process.
 *
 * Takes  a folder, made when it is missing.
 * Gives  a Store whose writes survive a crash of the process; those of the last moments may be lost with the power.
 * Keeps  records `k/KEY` (expiry and revision, 8 octets each, then the value) and, for those that expire, an index
 *        `x/EXPIRY/KEY` that a sweep reads once a minute.
 * Lane   4.
 */
import { ClassicLevel } from 'classic-level';
import { PortError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { after, fromSeconds, toMillis } from '../core/time.ts';
import type { Clock, WallClock } from '../ports/clock.ts';
import { MAX_STORED, type PutInit, STORE_KEY, type Store, type Stored } from '../ports/store.ts';
import { systemCode } from './system-errors.ts';

export interface LevelStore extends Store, AsyncDisposable {}

export interface LevelStoreDeps {
  readonly clock: Clock & WallClock;
  readonly log: Log;
}

const HEADER = 16;
const SWEEP_EVERY = fromSeconds(60);
const SWEPT_AT_ONCE = 1_000;
/** After all characters that a key may have. */
const END = '~';

type Level = ClassicLevel<string, Uint8Array>;
type Operation =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: string };

/**
 * Rejects with PortError: 'busy' when another process has it, 'invalid' when it is damaged, 'denied'. `repair`: saves what
 * can be saved of a damaged one first.
 */
export async function openLevelStore(
  deps: LevelStoreDeps,
  init: { readonly folder: string; readonly repair?: boolean },
): Promise<LevelStore> {
  try {
    if (init.repair) await ClassicLevel.repair(init.folder);
    const level: Level = new ClassicLevel(init.folder, { valueEncoding: 'view' });
    await level.open();
    return new OpenStore(deps, level);
  } catch (failure) {
    throw explain(failure, init.folder);
  }
}

class OpenStore implements LevelStore {
  readonly #deps: LevelStoreDeps;
  readonly #level: Level;
  /** The last change of each key: the next waits for it. */
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #sweep;
  #lastRevision = 0;
  #closed = false;

  constructor(deps: LevelStoreDeps, level: Level) {
    this.#deps = deps;
    this.#level = level;
    this.#sweep = deps.clock.alarm(() => void this.#sweepAll());
    this.#sweep.set(after(deps.clock.now(), SWEEP_EVERY));
  }

  async get(key: string): Promise<Stored | undefined> {
    this.#check(key);
    return this.#live(await this.#level.get(`k/${key}`));
  }

  async put(key: string, value: Uint8Array, init: PutInit = {}): Promise<number | undefined> {
    this.#check(key);
    if (value.length > MAX_STORED) throw new PortError('invalid', 'a value is too long to store');
    const copy = value.slice();
    return this.#inTurn(key, async () => {
      const raw = await this.#level.get(`k/${key}`);
      if (init.revision !== undefined && init.revision !== (this.#live(raw)?.revision ?? 0))
        return undefined;
      const now = this.#deps.clock.wallNow();
      const until = init.lasts === undefined ? 0 : Math.ceil(now + toMillis(init.lasts));
      // Above all that were given before, also by the process that had this store earlier.
      const revision = Math.max(
        Math.floor(now * 1_000),
        this.#lastRevision + 1,
        revisionOf(raw) + 1,
      );
      this.#lastRevision = revision;
      const operations: Operation[] = [
        { type: 'put', key: `k/${key}`, value: pack(until, revision, copy) },
      ];
      const before = expiryOf(raw);
      if (before !== 0) operations.push({ type: 'del', key: indexKey(before, key) });
      if (until !== 0)
        operations.push({ type: 'put', key: indexKey(until, key), value: new Uint8Array(0) });
      await this.#level.batch(operations);
      return revision;
    });
  }

  async remove(key: string, revision?: number): Promise<boolean> {
    this.#check(key);
    return this.#inTurn(key, async () => {
      const raw = await this.#level.get(`k/${key}`);
      const live = this.#live(raw);
      if (!live || (revision !== undefined && revision !== live.revision)) return false;
      await this.#erase(key, expiryOf(raw));
      return true;
    });
  }

  async list(
    prefix: string,
    { limit = 1_000, after: last = '' }: { readonly limit?: number; readonly after?: string } = {},
  ): Promise<readonly (Stored & { readonly key: string })[]> {
    if (this.#closed) throw closedError();
    const found: (Stored & { readonly key: string })[] = [];
    const from = last >= prefix ? { gt: `k/${last}` } : { gte: `k/${prefix}` };
    for await (const [at, raw] of this.#level.iterator({ ...from, lt: `k/${prefix}${END}` })) {
      const live = this.#live(raw);
      if (live) found.push({ key: at.slice(2), ...live });
      if (found.length >= limit) break;
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#sweep[Symbol.dispose]();
    await Promise.allSettled(this.#turns.values());
    await this.#level.close();
  }

  #check(key: string): void {
    if (this.#closed) throw closedError();
    if (!STORE_KEY.test(key)) throw new PortError('invalid', `"${key}" is no key of a store`);
  }

  #live(raw: Uint8Array | undefined): Stored | undefined {
    if (raw === undefined) return undefined;
    const until = expiryOf(raw);
    if (until !== 0 && until <= this.#deps.clock.wallNow()) return undefined;
    // A Buffer: its own slice would be a view.
    return { value: Uint8Array.from(raw.subarray(HEADER)), revision: revisionOf(raw) };
  }

  async #erase(key: string, until: number): Promise<void> {
    const operations: Operation[] = [{ type: 'del', key: `k/${key}` }];
    if (until !== 0) operations.push({ type: 'del', key: indexKey(until, key) });
    await this.#level.batch(operations);
  }

  async #sweepAll(): Promise<void> {
    try {
      const now = this.#deps.clock.wallNow();
      const due = this.#level.keys({ gte: 'x/', lt: indexKey(now, ''), limit: SWEPT_AT_ONCE });
      for (const at of await due.all()) {
        const key = at.slice(at.indexOf('/', 2) + 1);
        await this.#inTurn(key, async () => {
          const until = expiryOf(await this.#level.get(`k/${key}`));
          if (until !== 0 && until <= now) await this.#erase(key, until);
          // What stands in the index alone was written anew meanwhile.
          else await this.#level.del(at);
        });
      }
    } catch (failure) {
      if (!this.#closed) this.#deps.log.error('what expired was not removed', { failure });
    }
    if (!this.#closed) this.#sweep.set(after(this.#deps.clock.now(), SWEEP_EVERY));
  }

  async #inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(key);
    const mine = (async (): Promise<T> => {
      // The one before has told its own caller about its failure.
      await before?.catch(() => {});
      return work();
    })();
    this.#turns.set(key, mine);
    try {
      return await mine;
    } catch (failure) {
      throw explain(failure, this.#level.location);
    } finally {
      if (this.#turns.get(key) === mine) this.#turns.delete(key);
    }
  }
}

function pack(until: number, revision: number, value: Uint8Array): Uint8Array {
  const raw = new Uint8Array(HEADER + value.length);
  const view = new DataView(raw.buffer);
  view.setBigUint64(0, BigInt(until));
  view.setBigUint64(8, BigInt(revision));
  raw.set(value, HEADER);
  return raw;
}

const numberAt = (raw: Uint8Array | undefined, at: number): number =>
  raw === undefined || raw.length < HEADER
    ? 0
    : Number(new DataView(raw.buffer, raw.byteOffset).getBigUint64(at));
const expiryOf = (raw: Uint8Array | undefined): number => numberAt(raw, 0);
const revisionOf = (raw: Uint8Array | undefined): number => numberAt(raw, 8);
const indexKey = (until: number, key: string): string =>
  `x/${String(Math.floor(until)).padStart(15, '0')}/${key}`;

const closedError = (): PortError => new PortError('closed', 'the store was closed');

function explain(failure: unknown, folder: string): PortError {
  if (failure instanceof PortError) return failure;
  const cause = failure instanceof Error && failure.cause !== undefined ? failure.cause : failure;
  const said = cause instanceof Error ? cause.message : String(cause);
  const options = { cause: failure };
  switch (systemCode(cause) ?? systemCode(failure)) {
    case 'LEVEL_LOCKED':
      return new PortError(
        'busy',
        `${folder} is in use by another togthr server; stop that one or give another folder`,
        options,
      );
    case 'LEVEL_CORRUPTION':
      return new PortError(
        'invalid',
        `the store in ${folder} is damaged (${said}); start once with --repair, or move the folder away: boxes sign in again by themselves, open invitations are lost`,
        options,
      );
    case 'LEVEL_DATABASE_NOT_OPEN':
      return closedError();
    default:
      break;
  }
  if (/permission denied/i.test(said))
    return new PortError('denied', `${folder} may not be written; check its permissions`, options);
  if (/no space left/i.test(said))
    return new PortError('full', `no room is left for ${folder}; free some`, options);
  return new PortError('unavailable', `the store in ${folder} failed: ${said}`, options);
}
