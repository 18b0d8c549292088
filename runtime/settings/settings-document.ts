/**
 * The text of a settings file: JSON with a version, sparse (only what differs from the defaults needs to be there).
 *
 * Takes  text.
 * Gives  entries that know the line they stand on, or what makes the text unreadable.
 * Keeps  nothing.
 */
import { PortError } from '../core/errors.ts';
import { locateKeys } from './json-lines.ts';
import { listSettingFacts } from './setting-facts.ts';
import { SETTINGS_VERSION } from './settings.ts';
import { isBranch, type SettingEntry } from './settings-resolution.ts';

export type SettingsDocument = { [word: string]: unknown };

/** Changes a document of one version into the next; the index is the version it starts from. None are needed yet. */
type Migration = (document: SettingsDocument) => SettingsDocument;
const MIGRATIONS: Readonly<Record<number, Migration>> = {};

/**
 * Throws PortError('invalid') when it is not JSON or not an object; `path` is for the message.
 */
export function parseSettingsDocument(text: string, path: string): SettingsDocument {
  const scanned = locateKeys(text);
  if (!scanned.ok)
    throw new PortError('invalid', `${path}:${scanned.line}: not JSON; correct or remove the file`);
  const document: unknown = JSON.parse(text);
  if (!isBranch(document))
    throw new PortError('invalid', `${path}:1: must be a JSON object; correct or remove the file`);
  return document;
}

/** Brings a document to this version. Throws PortError('invalid') for one from the future. */
export function migrateSettings(document: SettingsDocument, path: string): SettingsDocument {
  const version = document['version'] ?? SETTINGS_VERSION;
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1)
    throw new PortError('invalid', `${path}: version must be ${SETTINGS_VERSION}`);
  if (version > SETTINGS_VERSION)
    throw new PortError(
      'invalid',
      `${path}: written by a newer togthr (settings version ${version}, this one knows ${SETTINGS_VERSION}); update togthr or name another file with --settings`,
    );
  let migrated = document;
  for (let from = version; from < SETTINGS_VERSION; from++) {
    const migration = MIGRATIONS[from];
    if (migration) migrated = migration(migrated);
  }
  return { ...migrated, version: SETTINGS_VERSION };
}

/** One entry for each value. Unknown keys are entries too, so that resolveSettings can name the nearest. */
export function listEntries(
  document: SettingsDocument,
  text: string,
  path: string,
): readonly SettingEntry[] {
  const known = listSettingFacts().map((fact) => fact.key);
  const isSection = (key: string): boolean => known.some((other) => other.startsWith(`${key}.`));
  const scanned = locateKeys(text);
  const entries: SettingEntry[] = [];
  const visit = (branch: SettingsDocument, at: string): void => {
    for (const [word, value] of Object.entries(branch)) {
      const key = at === '' ? word : `${at}.${word}`;
      if (key === 'version') continue;
      if (isBranch(value) && (isSection(key) || Object.keys(value).length > 0)) {
        visit(value, key);
        continue;
      }
      const line = scanned.ok ? scanned.lines.get(key) : undefined;
      entries.push({ key, value, source: 'file', where: line ? `${path}:${line}` : path });
    }
  };
  visit(document, '');
  return entries;
}
