import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json: the same whether this runs as source or built. */
export function projectFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const up = dirname(folder);
    if (up === folder) throw new Error('package.json is missing: the installation is incomplete');
    folder = up;
  }
  return folder;
}

export function projectVersion(): string {
  const about: unknown = JSON.parse(readFileSync(join(projectFolder(), 'package.json'), 'utf8'));
  if (typeof about === 'object' && about !== null && 'version' in about)
    return String(about.version);
  throw new Error('package.json has no version: the installation is incomplete');
}
