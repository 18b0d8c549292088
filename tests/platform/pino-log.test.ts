import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PortError } from '../../runtime/core/errors.ts';
import { openPinoLog } from '../../runtime/platform/pino-log.ts';

let folder: string;
let path: string;
let fd: number;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'togthr-log-'));
  path = join(folder, 'log');
  fd = openSync(path, 'w');
});
afterEach(async () => {
  closeSync(fd);
  await rm(folder, { recursive: true, force: true });
});

const written = (): readonly Record<string, unknown>[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('lines are JSON with their fields, all there once disposed', async () => {
  const log = openPinoLog({ level: 'info', fd });
  log.child({ room: 'rtp' }).warn('journal gap', { from: 4, to: 9 });
  for (let line = 0; line < 1_000; line++) log.info('many', { line });
  log.debug('not at this level');
  await log[Symbol.asyncDispose]();
  await log[Symbol.asyncDispose]();
  const lines = written();
  expect(lines).toHaveLength(1_001);
  expect(lines[0]).toMatchObject({ level: 40, msg: 'journal gap', room: 'rtp', from: 4, to: 9 });
  expect(lines.at(-1)).toMatchObject({ msg: 'many', line: 999 });
});

test('secrets are hidden on the wire and in the ring, at any of three depths', async () => {
  const log = openPinoLog({ level: 'info', fd });
  log.info('a', { token: 'T0', peer: { secret: 'T1', link: { privateKey: 'T2', key: 60 } } });
  log.child({ joinCode: 'T3' }).info('b');
  await log[Symbol.asyncDispose]();
  const everything = JSON.stringify([written(), log.recent()]);
  expect(everything).not.toMatch(/T[0-3]/);
  expect(log.recent()[0]?.fields).toMatchObject({ peer: { link: { key: 60 } } });
});

test('the ring holds the most recent lines, oldest first', async () => {
  const log = openPinoLog({ level: 'debug', fd, ring: 3 });
  expect(log.recent()).toEqual([]);
  for (const word of ['a', 'b', 'c', 'd', 'e']) log.debug(word);
  expect(log.recent().map((line) => [line.level, line.message])).toEqual([
    ['debug', 'c'],
    ['debug', 'd'],
    ['debug', 'e'],
  ]);
  await log[Symbol.asyncDispose]();
});

test('an error in any field keeps its message and code', async () => {
  const log = openPinoLog({ level: 'info', fd });
  log.error('lost', { failure: new PortError('busy', 'in use', { cause: new Error('why') }) });
  await log[Symbol.asyncDispose]();
  expect(written()[0]?.['failure']).toMatchObject({ code: 'busy', message: /in use/ });
});

test('what JSON cannot hold does not throw', async () => {
  const log = openPinoLog({ level: 'info', fd });
  const round: Record<string, unknown> = { big: 10n, none: undefined, not: Number.NaN };
  round['round'] = round;
  log.info('odd', { round, odd: () => 1 });
  await log[Symbol.asyncDispose]();
  expect(written()).toHaveLength(1);
});

test('for people, a line starts with time and level', async () => {
  const log = openPinoLog({ level: 'info', fd, pretty: true });
  log.warn('hello', { from: 4 });
  await log[Symbol.asyncDispose]();
  expect(readFileSync(path, 'utf8')).toMatch(/^\[[\d:.]+\] WARN.*: hello\n +from: 4\n$/);
});
