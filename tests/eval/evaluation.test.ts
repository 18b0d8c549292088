/**
 * `togthr eval prediction` as it is typed, over a folder that the test makes.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { renderArrivals } from '../../cli/arrivals-renderer.ts';
import { registerEval } from '../../cli/commands/eval.ts';
import { arrivalsLines } from '../../cli/eval/arrivals/arrivals-lines.ts';
import { humanise } from '../../cli/eval/arrivals/humanise.ts';
import { transmit } from '../../cli/eval/arrivals/transmission.ts';
import { evaluatePrediction } from '../../cli/eval/evaluate-prediction.ts';
import { renderPiece } from '../../cli/eval/render-piece.ts';
import { readHeard } from '../../cli/eval/scoring/heard-notes.ts';
import { type PartScore, scorePart } from '../../cli/eval/scoring/part-score.ts';
import { explainFailure } from '../../cli/failure.ts';
import { togthr } from '../cli/program.ts';
import { madePiece, steadyDrums, writeDataFolder } from './made-pieces.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'togthr-eval-'));
  writeDataFolder(join(folder, 'data'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function run(
  ...args: readonly string[]
): Promise<{ out: string; status: number; line: string }> {
  const program = new Command('togthr').exitOverride();
  registerEval(program, evaluatePrediction);
  for (const command of [
    program,
    ...program.commands,
    ...program.commands.flatMap((one) => one.commands),
  ]) {
    command.exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} });
  }
  let out = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  const notes = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  let failure: { status: number; line: string } = { status: 0, line: '' };
  try {
    await program.parseAsync(['eval', 'prediction', ...args], { from: 'user' });
  } catch (thrown) {
    failure = explainFailure(thrown);
  } finally {
    write.mockRestore();
    notes.mockRestore();
  }
  return { out, ...failure };
}

interface Json {
  readonly parts: readonly {
    readonly profile: string;
    readonly label: string;
    readonly parts: number;
    readonly scores: Record<string, { readonly median: PartScore }>;
  }[];
  readonly pieces: readonly { readonly id: string; readonly violations: readonly string[] }[];
}

describe('togthr eval prediction', () => {
  test('scores every part of a split over every network that is asked for, beside the baselines', async () => {
    const plots = join(folder, 'plots');
    const { out, status } = await run(
      ...['--data', join(folder, 'data'), '--set', 'groove', '--json', '--plots', plots],
      ...['--network', 'lan', '--network', 'xcountry', '--mode', 'live', '--seconds', '12'],
    );
    expect(status).toBe(0);
    const { parts, pieces } = JSON.parse(out) as Json;
    expect(parts.map(({ profile, label }) => `${profile} ${label}`)).toEqual([
      'lan groove drums',
      'xcountry groove drums',
    ]);
    const [near, far] = parts;
    expect(near?.scores['togthr']?.median).toMatchObject({ w20: 100, missed: 0, stuck: 0 });
    expect(near?.scores['passthrough']?.median.w20).toBe(100);
    expect(far?.scores['togthr']?.median.w20).toBe(0);
    expect(far?.scores['lagVote50']?.median.w20).toBeGreaterThan(60);
    expect(pieces.flatMap(({ violations }) => violations)).toEqual([]);
    expect(readdirSync(plots)).toEqual(['errors-lan.svg', 'errors-xcountry.svg']);
    expect(readFileSync(join(plots, 'errors-lan.svg'), 'utf8')).toMatch(
      /^<svg [\s\S]*groove drums[\s\S]*<\/svg>\n$/,
    );
  });

  test('prints tables and says that the rules were kept, among them causality', async () => {
    const { out, status } = await run(
      ...['--data', join(folder, 'data'), '--set', 'groove', '--causality', '--seconds', '10'],
    );
    expect(status).toBe(0);
    expect(out).toMatch(/xcountry\npart +parts +w20/);
    expect(out).toMatch(/groove drums +1 /);
    expect(out).toMatch(/lag vote 0\.5/);
    expect(out).toMatch(/Every rule was kept/);
  });

  test.each([
    [
      'a folder that is not there',
      ['--data', '/nowhere'],
      /--data \/nowhere: there is no such folder/,
    ],
    ['a set it does not have', ['--set', 'jsb'], /--set jsb: .* has no folder of that name/],
    ['a set that does not exist', ['--set', 'grove'], /did you mean groove\?/],
    ['a network that does not exist', ['--network', 'moon'], /--network moon: must be one of/],
    ['a split without pieces', ['--set', 'jazzomat_solos', '--split', 'train'], /no pieces of/],
  ])('%s is named', async (_, args, words) => {
    const data = args.includes('--data') ? [] : ['--data', join(folder, 'data')];
    const { status, line } = await run(...data, ...args);
    expect(line).toMatch(words);
    expect(status).toBe(2);
  });
});

test('its scores are those of what togthr render writes', async () => {
  const piece = humanise(madePiece([steadyDrums(8)]));
  const sent = transmit(piece, 'xcountry');
  const { parts } = await renderPiece(piece, sent, { mode: 'tight', click: true });
  const heard: string[] = [];
  for await (const line of renderArrivals(arrivalsLines(piece, sent), { mode: 'tight' })) {
    heard.push(line);
  }
  const { players } = readHeard(heard, 100);
  const notes = sent.parts[0]?.notes ?? [];
  const outside = scorePart(notes, players.get('drums'), true);
  expect(parts[0]?.score).toEqual(outside.score);
  expect(outside.score.notes).toBe(80);
});

test('processes that share the work give the same figures', async () => {
  const words = ['--data', join(folder, 'data'), '--set', 'jazzomat_solos', '--seconds', '4'];
  const alone = await run(...words, '--json', '--jobs', '1');
  const shared = await togthr(['eval', 'prediction', ...words, '--json', '--jobs', '2']);
  expect([alone.status, shared.status]).toEqual([0, 0]);
  const partsOf = (out: string): unknown => (JSON.parse(out) as Json).parts;
  expect(partsOf(shared.stdout)).toEqual(partsOf(alone.out));
});
