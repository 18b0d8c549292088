/**
 * The data folder of a server: `schema.json`, and the store in `store/`.
 *
 * Takes  a folder, made when it is missing.
 * Gives  a store of the schema that this version writes, or words about why not.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PortError } from '../runtime/core/errors.ts';
import {
  type LevelStore,
  type LevelStoreDeps,
  openLevelStore,
} from '../runtime/platform/level-store.ts';
import { portErrorFrom, systemCode } from '../runtime/platform/system-errors.ts';

/** Version 1: accounts, presence, directory, invitations, leases. */
const SCHEMA = 1;

export async function openServerData(
  deps: LevelStoreDeps,
  init: { readonly folder: string; readonly repair: boolean },
): Promise<LevelStore> {
  const { folder, repair } = init;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (failure) {
    throw portErrorFrom(failure, `making the folder ${folder}`);
  }
  const path = join(folder, 'schema.json');
  const found = await readSchema(path);
  if (found !== undefined && found > SCHEMA)
    throw new PortError(
      'invalid',
      `${folder} was written by a newer togthr (schema ${found}, this one knows ${SCHEMA}); update this one, or give another --data-dir`,
    );
  if (found === undefined) await writeFile(path, `${JSON.stringify({ schema: SCHEMA })}\n`);
  return openLevelStore(deps, { folder: join(folder, 'store'), repair });
}

async function readSchema(path: string): Promise<number | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (failure) {
    if (systemCode(failure) === 'ENOENT') return undefined;
    throw portErrorFrom(failure, `reading ${path}`);
  }
  const schema = /^\s*\{\s*"schema"\s*:\s*(\d+)\s*\}\s*$/.exec(text)?.[1];
  if (schema !== undefined) return Number(schema);
  throw new PortError(
    'invalid',
    `${path} is damaged; write {"schema":${SCHEMA}} into it if this togthr made it, or move the folder away: boxes sign in again by themselves, open invitations are lost`,
  );
}
