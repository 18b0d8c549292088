/**
 * `npx tsx tests/bench/beat-tracking-accents.ts --data DIR`: learns where in the bar onsets fall, and writes
 * runtime/prediction/grid/beat-tracker-accents.ts. Seeded: the same data give the same file.
 *
 * From the training part of groove, pop909, jtd_trio and freedoom, heard through the same OnsetFrames as on stage. Onsets of a
 * kind are counted by 1/48 of a beat; pieces are put into groups by the likelihood of their counts (k-means for a mixture of
 * Poisson processes), each group gives a pattern. Few players swing in the data: what has no sixteenths is swung for two more.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Randomness } from '../../runtime/ports/randomness.ts';
import { FRAME, KINDS, OnsetFrames } from '../../runtime/prediction/grid/beat-tracker-onsets.ts';
import { seededRandomness, uniform } from '../../sim/seeded-randomness.ts';
import { type BeatPiece, beatPieces } from './beat-tracking-pieces.ts';

const FILE = new URL('../../runtime/prediction/grid/beat-tracker-accents.ts', import.meta.url);
const SETS = ['groove', 'pop909', 'jtd_trio', 'freedoom'] as const;
const MOST_PIECES = 160;
const MOST_SECONDS = 150;
const BINS = 48;
/** Blurred by so many bins, or timing would have to be that of the data. */
const BLUR = 1.5;
/** A kind that is rarer than this a bar (in a piece) is no part of the piece. */
const RARE = 0.15;
/** Bars that a long piece counts as, at most. */
const MOST_BARS = 30;
/** What is softer is no accent. */
const LOUD = 0.45;
/** Share of what falls on the second and fourth sixteenths of beats in music without sixteenths, at most. */
const SIXTEENTHS = 0.12;

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

const GROUPS = [
  { beats: 4, swung: false, patterns: 4, share: 0.72 },
  { beats: 4, swung: true, patterns: 2, share: 0.16 },
  { beats: 3, swung: false, patterns: 2, share: 0.12 },
] as const;

interface Counts {
  readonly beats: number;
  readonly bars: number;
  /** By kind and bin of the bar. */
  readonly onsets: Float64Array;
}

const { values } = parseArgs({ options: { data: { type: 'string' } } });
if (values.data === undefined) {
  process.stderr.write(
    '--data is missing: the folder with groove, pop909, jtd_trio and freedoom\n',
  );
  process.exitCode = 2;
} else learn(values.data);

function learn(data: string): void {
  const randomness = seededRandomness('accents');
  const pieces: Counts[] = [];
  for (const set of SETS) {
    for (const piece of beatPieces(data, set, 'train', { most: MOST_PIECES, profile: 'lan' })) {
      const counts = count(piece);
      if (counts) pieces.push(counts);
    }
  }
  let text = '';
  for (const { beats, swung, patterns, share } of GROUPS) {
    const own = pieces.flatMap((piece): Counts[] => {
      if (piece.beats === beats) return [piece];
      return beats === 3 ? [waltz(piece)] : [];
    });
    const group = swung ? own.flatMap((piece) => swing(piece, randomness)) : own;
    for (const { rates, members } of patternsOf(group, beats, patterns, randomness)) {
      process.stdout.write(`${beats} beats${swung ? ' swung' : ''}: ${members} pieces\n`);
      text += written(beats, (share * members) / group.length, rates);
    }
  }
  writeFileSync(FILE, source(text));
}

/** Undefined for metres that there is no pattern of. */
function count({ notes, beats }: BeatPiece): Counts | undefined {
  const lines = beats.flatMap(({ isBarLine }, index) => (isBarLine ? [index] : []));
  const lengths = lines.slice(1).map((line, index) => line - (lines[index] ?? 0));
  const usual = lengths.toSorted((a, b) => a - b)[lengths.length >> 1];
  const metre = usual === 6 ? 3 : usual === 2 ? 4 : usual;
  const first = lines[0];
  if (first === undefined || (metre !== 3 && metre !== 4)) return undefined;
  const onsets = new Float64Array(KINDS * metre * BINS);
  const frames = new OnsetFrames();
  frames.restart(0);
  const byTime = notes.toSorted((a, b) => a.at - b.at);
  const end = Math.min(MOST_SECONDS, beats.at(-1)?.at ?? 0);
  let next = 0;
  let beat = 0;
  let line = first;
  for (let frame = 0; (frame + 1) * FRAME < end * 1e6; frame++) {
    for (let note = byTime[next]; note && note.at * 1e6 < (frame + 10) * FRAME; ) {
      const { source, channel, key, velocity, at, role } = note;
      frames.add(source, channel, key, velocity, at * 1e6, role);
      note = byTime[++next];
    }
    if (!frames.close()) continue;
    const time = ((frame + 0.5) * FRAME) / 1e6;
    while ((beats[beat + 1]?.at ?? end) <= time && beat + 2 < beats.length) {
      beat++;
      if (beats[beat]?.isBarLine) line = beat;
    }
    const here = beats[beat];
    const there = beats[beat + 1];
    if (!here || !there || time < here.at) continue;
    const place = beat - line + (time - here.at) / (there.at - here.at);
    const bin = Math.round((place % metre) * BINS) % (metre * BINS);
    for (let kind = 0; kind < KINDS; kind++) {
      if ((frames.weight[kind] ?? 0) < LOUD) continue;
      const i = kind * metre * BINS + bin;
      onsets[i] = (onsets[i] ?? 0) + 1;
    }
  }
  return { beats: metre, bars: Math.max(1, (beat - first) / metre), onsets };
}

/** Hardly any bars of three are in the data: those of four without their third beat (bass, snare, snare). */
function waltz(piece: Counts): Counts {
  const onsets = new Float64Array(KINDS * 3 * BINS);
  for (let kind = 0; kind < KINDS; kind++) {
    const bar = piece.onsets.subarray(kind * 4 * BINS, (kind + 1) * 4 * BINS);
    onsets.set(bar.subarray(0, 2 * BINS), kind * 3 * BINS);
    onsets.set(bar.subarray(3 * BINS), kind * 3 * BINS + 2 * BINS);
  }
  return { ...piece, beats: 3, onsets };
}

/** The same with uneven eighths; nothing when it has sixteenths. */
function swing(piece: Counts, randomness: Randomness): Counts[] {
  let all = 0;
  let sixteenths = 0;
  for (const [i, onsets] of piece.onsets.entries()) {
    const place = (i % BINS) % (BINS / 2);
    all += onsets;
    if (Math.abs(place - BINS / 4) < BINS / 12) sixteenths += onsets;
  }
  if (sixteenths > SIXTEENTHS * all) return [];
  const middle = 0.58 + 0.1 * uniform(randomness);
  const onsets = new Float64Array(piece.onsets.length);
  for (const [i, counted] of piece.onsets.entries()) {
    const place = (i % BINS) / BINS;
    const swung = place < 0.5 ? 2 * place * middle : middle + (2 * place - 1) * (1 - middle);
    const to = i - (i % BINS) + Math.min(BINS - 1, Math.round(swung * BINS));
    onsets[to] = (onsets[to] ?? 0) + counted;
  }
  return [{ ...piece, onsets }];
}

interface Pattern {
  /** Onsets a beat, were all places like that one. */
  readonly rates: Float64Array;
  readonly members: number;
}

/** The best of some runs. */
function patternsOf(
  pieces: readonly Counts[],
  beats: number,
  count: number,
  randomness: Randomness,
): readonly Pattern[] {
  const all = ratesOf(pieces, beats, undefined);
  let best: readonly Pattern[] = [];
  let bestLikelihood = Number.NEGATIVE_INFINITY;
  for (let run = 0; run < 6; run++) {
    let groups = pieces.map(() => Math.floor(count * uniform(randomness)));
    let patterns: Pattern[] = [];
    let likelihood = 0;
    for (let round = 0; round < 20; round++) {
      patterns = Array.from({ length: count }, (_, group) => {
        const members = pieces.filter((_, piece) => groups[piece] === group);
        return { rates: ratesOf(members, beats, all), members: members.length };
      });
      likelihood = 0;
      groups = pieces.map((piece) => {
        const of = patterns.map(({ rates }) => likelihoodOf(piece, rates));
        const most = Math.max(...of);
        likelihood += most;
        return of.indexOf(most);
      });
    }
    if (likelihood <= bestLikelihood) continue;
    bestLikelihood = likelihood;
    best = patterns;
  }
  return best;
}

function totalOf(piece: Counts, kind: number): number {
  const bins = piece.beats * BINS;
  return piece.onsets.subarray(kind * bins, (kind + 1) * bins).reduce((sum, x) => sum + x, 0);
}

function ratesOf(
  pieces: readonly Counts[],
  beats: number,
  prior: Float64Array | undefined,
): Float64Array {
  const bins = beats * BINS;
  const rates = new Float64Array(KINDS * bins);
  for (let kind = 0; kind < KINDS; kind++) {
    const sum = new Float64Array(bins);
    let bars = 0;
    for (const piece of pieces) {
      if (totalOf(piece, kind) < RARE * piece.bars) continue;
      const weight = Math.min(1, MOST_BARS / piece.bars);
      bars += weight * piece.bars;
      for (let bin = 0; bin < bins; bin++) {
        sum[bin] = (sum[bin] ?? 0) + weight * (piece.onsets[kind * bins + bin] ?? 0);
      }
    }
    const mean = (sum.reduce((all, x) => all + x, 0) + 1) / (bars + 2) / bins;
    const blurred = blur(sum);
    for (let bin = 0; bin < bins; bin++) {
      const before = prior ? (prior[kind * bins + bin] ?? 0) / BINS : mean;
      const rate = ((blurred[bin] ?? 0) + 4 * before) / (bars + 4) + 0.05 * mean;
      rates[kind * bins + bin] = BINS * rate;
    }
  }
  return rates;
}

function likelihoodOf(piece: Counts, rates: Float64Array): number {
  const bins = piece.beats * BINS;
  let sum = 0;
  for (let kind = 0; kind < KINDS; kind++) {
    if (totalOf(piece, kind) < RARE * piece.bars) continue;
    for (let i = kind * bins; i < (kind + 1) * bins; i++) {
      const rate = (rates[i] ?? 0) / BINS;
      sum += (piece.onsets[i] ?? 0) * Math.log(rate) - rate * piece.bars;
    }
  }
  return sum * Math.min(1, MOST_BARS / piece.bars);
}

function blur(counts: Float64Array): Float64Array {
  const kernel = Array.from({ length: 13 }, (_, i) => Math.exp(-0.5 * ((i - 6) / BLUR) ** 2));
  const total = kernel.reduce((sum, x) => sum + x, 0);
  return counts.map((_, bin) =>
    kernel.reduce(
      (sum, weight, i) =>
        sum + (weight / total) * (counts[(bin + i - 6 + counts.length) % counts.length] ?? 0),
      0,
    ),
  );
}

function written(beats: number, share: number, rates: Float64Array): string {
  const digits = Array.from(rates, (rate) => {
    const digit = Math.max(0, Math.min(63, Math.round(4 * Math.log2(1 + 50 * rate))));
    return DIGITS[digit];
  }).join('');
  const lines = digits.match(/.{96}|.+$/g) ?? [];
  const body = lines.map((line) => `      '${line}',\n`).join('');
  return `    pattern(${beats}, ${share.toFixed(3)}, [\n${body}    ]),\n`;
}

function source(patterns: string): string {
  return `/**
 * Where in the bar onsets fall, by kind: learned and written by tests/bench/beat-tracking-accents.ts.
 *
 * From the training part of groove (CC BY 4.0), pop909 (MIT), jtd_trio (MIT) and freedoom (BSD-3-Clause): typical patterns of
 * bars of four beats, even and swung, and of three. Not to be edited by hand.
 */

export const BINS_A_BEAT = ${BINS};

export interface AccentPattern {
  readonly beats: number;
  /** How common it is. */
  readonly share: number;
  /** Onsets a beat, were all places like that one: by kind of onset and bin of the bar. */
  readonly rates: Float64Array;
}

const DIGITS = '${DIGITS}';

function pattern(beats: number, share: number, text: readonly string[]): AccentPattern {
  // A digit is four times the binary logarithm of 1 + 50 x rate.
  const rates = Float64Array.from(
    text.join(''),
    (digit) => (2 ** (DIGITS.indexOf(digit) / 4) - 1) / 50,
  );
  return { beats, share, rates };
}

export function accentPatterns(): readonly AccentPattern[] {
  return [
${patterns}  ];
}
`;
}
