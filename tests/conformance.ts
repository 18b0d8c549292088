/**
 * Which test shows which promise of runtime/transport/rtp-midi/CONFORMANCE.md: `npx tsx tests/conformance.ts [--json]`.
 *
 * Takes  the page's numbers, and the titles of all tests that end in `(item 24a)` or `(items 30, 30a)`.
 * Gives  each promise with its tests.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const PAGE = 'runtime/transport/rtp-midi/CONFORMANCE.md';
const FOLDERS = ['runtime', 'tests', 'sim', 'cli', 'hw'];
const TITLE = /(['"`])((?:(?!\1).)*\(items? ([0-9a-c, ]+)\))\1/g;

export interface Promised {
  readonly item: string;
  readonly promise: string;
  readonly tests: readonly { readonly file: string; readonly title: string }[];
}

export interface Conformance {
  readonly promised: readonly Promised[];
  /** Numbers that tests name and the page hasn't. */
  readonly unknown: readonly string[];
}

export function readConformance(): Conformance {
  const shown = new Map<string, { file: string; title: string }[]>();
  for (const file of FOLDERS.flatMap((folder) => testFiles(join(ROOT, folder)))) {
    for (const [, , title, items] of readFileSync(file, 'utf8').matchAll(TITLE)) {
      for (const item of (items ?? '').split(',').map((part) => part.trim())) {
        const tests = shown.get(item) ?? [];
        tests.push({ file: relative(ROOT, file), title: title ?? '' });
        shown.set(item, tests);
      }
    }
  }
  const promised: Promised[] = [];
  for (const line of readFileSync(join(ROOT, PAGE), 'utf8').split('\n')) {
    const [, item, promise] = /^- \*\*(\w+)\*\* (.*)$/.exec(line) ?? [];
    if (item === undefined || promise === undefined) continue;
    promised.push({ item, promise, tests: shown.get(item) ?? [] });
    shown.delete(item);
  }
  return { promised, unknown: [...shown.keys()] };
}

function testFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts') && !name.includes('node_modules'))
    .map((name) => join(folder, name));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { promised } = readConformance();
  if (process.argv.includes('--json')) {
    process.stdout.write(`${JSON.stringify(promised, undefined, 2)}\n`);
  } else {
    for (const { item, promise, tests } of promised) {
      process.stdout.write(`${item}  ${promise}\n`);
      for (const { file, title } of tests) process.stdout.write(`      ${file}: ${title}\n`);
      if (tests.length === 0) process.stdout.write('      no test\n');
    }
  }
}
