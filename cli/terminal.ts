/**
 * What commands print: tables and JSON on stdout, words on stderr. Colour only where a person looks.
 */
import { styleText } from 'node:util';
import Table from 'cli-table3';

export type Tint = 'green' | 'yellow' | 'red' | 'dim' | 'bold';

export function print(line: string = ''): void {
  process.stdout.write(`${line}\n`);
}

/** For people, beside the results: progress and hints. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** One JSON value on one line. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value));
}

/** https://no-color.org, and pipes get plain text. */
function usesColour(stream: NodeJS.WriteStream = process.stdout): boolean {
  if ((process.env['NO_COLOR'] ?? '') !== '' || process.env['TERM'] === 'dumb') return false;
  return stream.isTTY === true;
}

export function tint(text: string, colour: Tint): string {
  return usesColour() ? styleText(colour, text) : text;
}

export type Cell = string | number | undefined;

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** A table without ruling lines between its rows; an undefined cell shows as a dash. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
): string {
  const table = new Table({
    head: columns.map((column) => tint(column.title, 'bold')),
    colAligns: columns.map((column) => column.align ?? 'left'),
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 },
    chars: PLAIN_RULES,
  });
  for (const row of rows) table.push(row.map((cell) => (cell === undefined ? '-' : String(cell))));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .join('\n');
}

const PLAIN_RULES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
} as const;
