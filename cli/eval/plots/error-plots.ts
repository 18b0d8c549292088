/**
 * Distributions of errors as SVG: for each network and kind of part, when notes are heard against when they were performed.
 *
 * Takes  the rows of a summary. Gives one file for each network, which any browser shows; nothing but text in it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SummaryRow } from '../summary.ts';

/** Milliseconds. */
const FROM = -60;
const TO = 160;
const BIN = 4;
const WITHIN = 20;

const PLOT_WIDTH = 560;
const PLOT_HEIGHT = 64;
const LEFT = 150;
const RIGHT = 150;
const TOP = 48;
const GAP = 26;
const BOTTOM = 44;

/** Gives the paths of what it wrote. */
export function writePlots(folder: string, rows: readonly SummaryRow[]): readonly string[] {
  mkdirSync(folder, { recursive: true });
  const profiles = [...new Set(rows.map(({ profile }) => profile))];
  return profiles.map((profile) => {
    const path = join(folder, `errors-${profile}.svg`);
    const of = rows.filter((row) => row.profile === profile);
    writeFileSync(path, drawErrors(`When notes are heard, over ${profile}`, of));
    return path;
  });
}

function drawErrors(title: string, rows: readonly SummaryRow[]): string {
  const width = LEFT + PLOT_WIDTH + RIGHT;
  const height = TOP + rows.length * (PLOT_HEIGHT + GAP) + BOTTOM;
  const body = rows.map((row, index) => drawRow(row, TOP + index * (PLOT_HEIGHT + GAP)));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="#222">`,
    `<title>${escapeText(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="${LEFT}" y="24" font-size="16" font-weight="600">${escapeText(title)}</text>`,
    ...body,
    drawAxis(TOP + rows.length * (PLOT_HEIGHT + GAP)),
    '</svg>',
    '',
  ].join('\n');
}

function drawRow({ label, parts, errors, scores }: SummaryRow, top: number): string {
  const counts = histogram(errors);
  const most = Math.max(1, ...counts);
  const base = top + PLOT_HEIGHT;
  const bars = counts.map((count, index) => {
    const tall = (PLOT_HEIGHT * count) / most;
    if (tall === 0) return '';
    const from = FROM + index * BIN;
    const good = from >= -WITHIN && from + BIN <= WITHIN;
    const x = xOf(from);
    return `<rect x="${round(x)}" y="${round(base - tall)}" width="${round(xOf(from + BIN) - x - 0.5)}" height="${round(tall)}" fill="${good ? '#2a7f62' : '#b5651d'}"/>`;
  });
  const median = scores.togthr?.median;
  const figures = median
    ? `w20 ${median.w20.toFixed(0)}, false ${median.falseNotes.toFixed(1)}`
    : '';
  return [
    `<rect x="${round(xOf(-WITHIN))}" y="${top}" width="${round(xOf(WITHIN) - xOf(-WITHIN))}" height="${PLOT_HEIGHT}" fill="#e6f2ec"/>`,
    ...bars.filter((bar) => bar !== ''),
    `<path d="M${LEFT} ${base}h${PLOT_WIDTH}" stroke="#999"/>`,
    `<text x="${LEFT - 10}" y="${base - 24}" text-anchor="end" font-weight="600">${escapeText(label)}</text>`,
    `<text x="${LEFT - 10}" y="${base - 8}" text-anchor="end" fill="#666">${parts} parts</text>`,
    `<text x="${LEFT + PLOT_WIDTH + 10}" y="${base - 16}">${escapeText(figures)}</text>`,
  ].join('\n');
}

function drawAxis(top: number): string {
  const marks: string[] = [];
  for (let ms = FROM; ms <= TO; ms += 20) {
    marks.push(`<text x="${round(xOf(ms))}" y="${top}" text-anchor="middle">${ms}</text>`);
  }
  const middle = LEFT + PLOT_WIDTH / 2;
  marks.push(
    `<text x="${middle}" y="${top + 22}" text-anchor="middle" fill="#666">heard before (-) or after the performance, milliseconds; the ends hold what is beyond</text>`,
  );
  return marks.join('\n');
}

/** What is beyond the ends counts in the first and last bin. */
function histogram(errors: Float32Array): readonly number[] {
  const counts = new Array<number>((TO - FROM) / BIN).fill(0);
  for (const error of errors) {
    const bin = Math.floor((error - FROM) / BIN);
    const held = Math.min(counts.length - 1, Math.max(0, bin));
    counts[held] = (counts[held] ?? 0) + 1;
  }
  return counts;
}

function xOf(ms: number): number {
  return LEFT + (PLOT_WIDTH * (ms - FROM)) / (TO - FROM);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
