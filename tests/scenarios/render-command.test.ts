/**
 * `togthr render` as it is typed: files, modes, bad input.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { registerRender } from '../../cli/commands/render.ts';
import { explainFailure } from '../../cli/failure.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'togthr-render-'));
});
afterEach(async () => rm(folder, { recursive: true }));

const HEADER = '{"type":"header","version":1}';
const ON = '{"type":"midi","peer":"p1","time":12.345,"arrival":12.405,"bytes":"99244c"}';
const OFF =
  '{"type":"midi","peer":"p1","time":12.4,"arrival":12.511,"bytes":"892400","recovered":true}';

async function run(
  lines: string | undefined,
  ...more: string[]
): Promise<{ status: number; line: string; heard: string | undefined }> {
  const arrivals = join(folder, 'A.jsonl');
  const heard = join(folder, 'H.jsonl');
  if (lines !== undefined) await writeFile(arrivals, lines);
  const program = new Command('togthr').exitOverride().configureOutput({ writeErr: () => {} });
  registerRender(program);
  for (const command of program.commands) {
    command.exitOverride().configureOutput({ writeErr: () => {} });
  }
  const args = ['render', '--arrivals', arrivals, '--heard', heard, ...more];
  let failure: { status: number; line: string } = { status: 0, line: '' };
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (thrown) {
    failure = explainFailure(thrown);
  }
  return { ...failure, heard: await readFile(heard, 'utf8').catch(() => undefined) };
}

test('a file is rendered in the format of the contract', async () => {
  const tempo = '{"type":"tempo","arrival":12.5,"time":13,"bpm":124,"beat":26}';
  const { status, heard } = await run(`${HEADER}\n${ON}\n${tempo}\n${OFF}\n`);
  expect(status).toBe(0);
  const lines = (heard ?? '').trim().split('\n');
  expect(lines).toHaveLength(2);
  const [on, off] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(Object.keys(on ?? {})).toEqual(['peer', 'time', 'bytes', 'cause']);
  expect(on).toMatchObject({ peer: 'p1', bytes: '99244c', cause: 'received' });
  expect(off).toMatchObject({ peer: 'p1', bytes: '892400', cause: 'received' });
  expect(Number(on?.['time'])).toBeGreaterThanOrEqual(12.405);
  expect(Number(on?.['time'])).toBeLessThan(12.42);
});

test('the same input gives the same bytes, with any line ends', async () => {
  const first = await run(`${HEADER}\n${ON}\n${OFF}\n`);
  const second = await run(`\ufeff${HEADER}\r\n${ON}\r\n\r\n${OFF}`);
  expect(second.heard).toBe(first.heard);
});

test('a header alone gives an empty file', async () => {
  expect(await run(HEADER)).toEqual({ status: 0, line: '', heard: '' });
});

describe('a bad file ends with status 2, its line number, and no heard file:', () => {
  test.each([
    ['an empty file', '', /header is missing/],
    ['no header', ON, /line 1: .*header/],
    ['two headers', `${HEADER}\n${HEADER}`, /line 2: a second header/],
    ['another version', '{"type":"header","version":2}', /line 1: "version" is 2/],
    ['no version', '{"type":"header"}', /line 1: "version" is missing/],
    ['a line that is not JSON', `${HEADER}\n${ON}\n{"type":`, /line 3: it is not JSON/],
    ['a line that is no object', `${HEADER}\n[1]`, /line 2: it is not an object/],
    ['an unknown type', `${HEADER}\n{"type":"note"}`, /line 2: "type" is "note"/],
    ['a wrong order', `${HEADER}\n${OFF}\n${ON}`, /line 3: "arrival" 12.405 is before 12.511/],
    ['odd hex', `${HEADER}\n${ON.replace('99244c', '99244')}`, /line 2: "bytes"/],
    ['no hex', `${HEADER}\n${ON.replace('99244c', 'zz244c')}`, /line 2: "bytes"/],
    ['a cut message', `${HEADER}\n${ON.replace('99244c', '9924')}`, /line 2: .*truncated/],
    ['two messages', `${HEADER}\n${ON.replace('99244c', '99244c892400')}`, /more than one/],
    ['no peer', `${HEADER}\n${ON.replace('"p1"', '""')}`, /line 2: "peer"/],
    ['a time that is text', `${HEADER}\n${ON.replace('12.345', '"1"')}`, /line 2: "time"/],
    ['no arrival', `${HEADER}\n${ON.replace('"arrival":12.405,', '')}`, /"arrival" is missing/],
    ['a recovered that is text', `${HEADER}\n${OFF.replace('true', '"yes"')}`, /"recovered"/],
    [
      'an unknown role',
      '{"type":"header","version":1,"roles":{"p1":"drums"}}',
      /line 1: the role of p1 is "drums", not rhythm, bass, harmony, melody/,
    ],
    [
      'a click without tempo',
      '{"type":"header","version":1,"click":{"origin":0,"beatsPerBar":4}}',
      /line 1: "bpm" is missing/,
    ],
    ['a tempo of zero', `${HEADER}\n{"type":"tempo","arrival":1,"time":1,"bpm":0,"beat":2}`, /bpm/],
  ])('%s', async (_, lines, what) => {
    const { status, line, heard } = await run(lines);
    expect(line).toMatch(what);
    expect(status).toBe(2);
    expect(heard).toBeUndefined();
    expect(await readdir(folder)).toEqual(['A.jsonl']);
  });
});

test('a file that is not there is named', async () => {
  const { status, line } = await run(undefined);
  expect(status).toBe(2);
  expect(line).toMatch(/can't read .*A\.jsonl \(ENOENT\); check --arrivals/);
});

test('a place that can not be written is named', async () => {
  const { status, line } = await run(HEADER, '--heard', join(folder, 'no', 'H.jsonl'));
  expect(status).toBe(1);
  expect(line).toMatch(/can't write .*; check --heard/);
});

test('an agent is refused, and so is a mode that does not exist', async () => {
  expect((await run(HEADER, '--agent', 'me.agent')).status).toBe(2);
  expect((await run(HEADER, '--mode', 'loose')).status).toBe(2);
});

test.each([
  ['auto', 12.411],
  ['live', 12.411],
  ['tight', 12.405],
  // Without a beat there are no bars to be later by.
  ['groove', 12.411],
])('mode %s plays', async (mode, time) => {
  const { status, heard } = await run(`${HEADER}\n${ON}\n${OFF}`, '--mode', mode);
  expect(status).toBe(0);
  const [on] = (heard ?? '').split('\n');
  expect(JSON.parse(on ?? '')).toMatchObject({ bytes: '99244c', cause: 'received' });
  expect((JSON.parse(on ?? '') as { time: number }).time).toBeCloseTo(time, 2);
});

test('Groove plays whole bars later', async () => {
  const header =
    '{"type":"header","version":1,"click":{"origin":0.5,"bpm":120,"beatsPerBar":4},"roles":{"p1":"rhythm"}}';
  const { heard } = await run(`${header}\n${ON}\n${OFF}`, '--mode', 'groove');
  const times = (heard ?? '')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { time: number }).time);
  expect(times[0]).toBeCloseTo(14.345, 5);
  expect(times[1]).toBeCloseTo(14.4, 5);
});
