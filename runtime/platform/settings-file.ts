/**
 * The settings file: read once at start, changed one key at a time, never lost.
 *
 * Takes  a path, and changes from the panel.
 * Gives  entries for resolveSettings, and warnings for the panel and the log.
 * Keeps  the last good document. Writes are whole or not at all; the copy before stays beside it as
 *        `settings.json.previous`, and a file that could not be read as `settings.json.corrupt`.
 * Lane   4.
 */
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import envPaths from 'env-paths';
import writeFileAtomic from 'write-file-atomic';
import { PortError } from '../core/errors.ts';
import { listSettingFacts } from '../settings/setting-facts.ts';
import {
  listEntries,
  migrateSettings,
  parseSettingsDocument,
  type SettingsDocument,
} from '../settings/settings-document.ts';
import { complaintAbout, type SettingEntry, setValue } from '../settings/settings-resolution.ts';
import { portErrorFrom, systemCode } from './system-errors.ts';

export interface SettingsFile {
  readonly path: string;
  /** What the file said when it was opened. */
  readonly entries: readonly SettingEntry[];
  /** What was wrong with the file and what was done about it. */
  readonly warnings: readonly string[];
  /**
   * Sets one key for the next start; undefined returns it to its default. Durable once resolved, in call order.
   * Rejects with PortError: 'invalid' for an unknown key or a bad value, 'denied', 'full', 'unavailable'.
   */
  change(key: string, value: unknown): Promise<void>;
}

export interface UsualFolders {
  readonly settingsFile: string;
  readonly data: string;
}

/** Where this user's settings and data are when nothing else is said. */
export function usualFolders(): UsualFolders {
  const { config, data } = envPaths('togthr', { suffix: '' });
  return { settingsFile: join(config, 'settings.json'), data };
}

/**
 * Opens the file at `path`. A missing one is an empty one unless it is `required`. In place of one that is not JSON
 * its previous copy is used; when there is none, the defaults are, or PortError('invalid') if it is `required`.
 */
export async function openSettingsFile(init: {
  readonly path: string;
  /** A person named it. */
  readonly required?: boolean;
}): Promise<SettingsFile> {
  const { path } = init;
  const warnings: string[] = [];
  let text = await readText(path);
  if (text === undefined && init.required)
    throw new PortError('invalid', `the settings file ${path} does not exist; check its name`);
  let document: SettingsDocument = {};
  let source = path;
  try {
    if (text !== undefined) document = parseSettingsDocument(text, path);
  } catch (failure) {
    // Not JSON: cut off or damaged. What was good before is better than nothing; the damaged file stays.
    const previous = await readPrevious(path);
    if (!previous && init.required) throw failure;
    const damage = failure instanceof Error ? failure.message : String(failure);
    warnings.push(
      `${damage}. Meanwhile ${previous ? `${previous.path} is used` : 'the defaults are used'}`,
    );
    text = previous?.text;
    document = previous?.document ?? {};
    source = previous?.path ?? path;
  }
  document = migrateSettings(document, source);
  const entries = text === undefined ? [] : listEntries(document, text, source);

  let queue: Promise<void> = Promise.resolve();
  return {
    path,
    entries,
    warnings,
    change(key, value) {
      const changed = queue.then(async () => {
        checkChange(key, value, path);
        document = await replace(path, document, (next) => setValue(next, key, value));
      });
      queue = changed.catch(() => {
        // The caller is told; later changes go on.
      });
      return changed;
    },
  };
}

function checkChange(key: string, value: unknown, where: string): void {
  const facts = listSettingFacts();
  if (value === undefined && facts.some((fact) => fact.key === key)) return;
  const complaint = complaintAbout({ key, value, source: 'file', where }, facts);
  if (complaint !== undefined) throw new PortError('invalid', complaint);
}

/** Writes the file as it is on disk now (someone may have edited it) with one change, and resolves with the result. */
async function replace(
  path: string,
  held: SettingsDocument,
  change: (next: SettingsDocument) => void,
): Promise<SettingsDocument> {
  try {
    await mkdir(dirname(path), { recursive: true });
    const text = await readText(path);
    let next = structuredClone(held);
    if (text !== undefined) {
      const onDisk = tryParse(text, path);
      if (onDisk) {
        next = migrateSettings(onDisk, path);
        await writeFileAtomic(previousPath(path), text, { mode: 0o600 });
      } else await rename(path, `${path}.corrupt`);
    }
    change(next);
    await writeFileAtomic(path, `${JSON.stringify(next, undefined, 2)}\n`, { mode: 0o600 });
    await syncFolder(dirname(path));
    return next;
  } catch (cause) {
    throw portErrorFrom(cause, `saving the settings in ${path}`);
  }
}

function previousPath(path: string): string {
  return `${path}.previous`;
}

async function readPrevious(path: string): Promise<
  | {
      readonly path: string;
      readonly text: string;
      readonly document: SettingsDocument;
    }
  | undefined
> {
  const text = await readText(previousPath(path));
  const document = text === undefined ? undefined : tryParse(text, previousPath(path));
  if (text === undefined || document === undefined) return undefined;
  return { path: previousPath(path), text, document };
}

function tryParse(text: string, path: string): SettingsDocument | undefined {
  try {
    return parseSettingsDocument(text, path);
  } catch {
    return undefined; // Damaged; the callers say so.
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const code = systemCode(cause);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw portErrorFrom(cause, `reading the settings file ${path}`);
  }
}

/** The new name must survive a power cut too. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
