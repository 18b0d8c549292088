/**
 * Text tables as data sets have them: one row a line, columns parted by a separator.
 */
import { readFileSync } from 'node:fs';

export function readRows(path: string, separator: RegExp | string): readonly (readonly string[])[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => line.split(separator));
}

/** A table whose first row names the columns. */
export function readRecords(
  path: string,
  separator: RegExp | string,
): readonly ReadonlyMap<string, string>[] {
  const [names = [], ...rows] = readRows(path, separator);
  return rows.map((row) => new Map(names.map((name, index) => [name, row[index] ?? ''])));
}
