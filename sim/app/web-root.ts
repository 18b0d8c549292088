/** Where the built page lies, whether the program runs compiled (build/sim/app) or from its sources (sim/app). */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CANDIDATES = ['../../web/', '../../build/web/'];

/** `chosen` or what is found; undefined when there is no page in it. */
export function findWebRoot(chosen?: string): string | undefined {
  const folders =
    chosen === undefined
      ? CANDIDATES.map((place) => fileURLToPath(new URL(place, import.meta.url)))
      : [chosen];
  return folders.find((folder) => existsSync(join(folder, 'index.html')));
}

/** What a browser gets when there is no built page. */
export function missingPage(): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>jam.togthr simulator</title>
<body style="font: 16px/1.5 system-ui; max-width: 40em; margin: 4em auto; padding: 0 1em">
<h1>The page is not built yet</h1>
<p>The simulator runs, but its page is missing. Build it with <code>npm run build:web</code>, then start the simulator
again.</p></body></html>
`;
}
