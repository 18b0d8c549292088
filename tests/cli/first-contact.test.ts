/** Two boxes as processes that have never met: the code printed by one, typed into the other. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BUILT = `${ROOT}build/cli/main.js`;

let folder: string;
let children: ChildProcess[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'first-contact-'));
  children = [];
});
afterEach(async () => {
  for (const child of children) {
    if (child.exitCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
  }
  rmSync(folder, { recursive: true });
});

/** A box whose stdin is at hand. */
function start(name: string, ...words: readonly string[]) {
  const entry = existsSync(BUILT) ? [BUILT] : ['--import', 'tsx', `${ROOT}cli/main.ts`];
  const child = spawn(
    process.execPath,
    [
      ...[...entry, 'run', '--name', name, '--data-dir', join(folder, name)],
      ...['--log-level', 'warn', '--rtp-port', '0', '--link-port', '0', '--no-status'],
      ...words,
    ],
    { cwd: ROOT, env: { ...process.env, XDG_CONFIG_HOME: '/nonexistent' }, stdio: 'pipe' },
  );
  children.push(child);
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  return {
    type: (line: string) => child.stdin.write(`${line}\n`),
    hangUp: () => child.stdin.end(),
    says: (text: RegExp) =>
      expect.poll(() => text.exec(printed), { timeout: 15_000, message: name }).not.toBeNull(),
    find: (text: RegExp) => text.exec(printed)?.[1] ?? '',
  };
}

const CODE = /Tell them the code (\d{3} \d{3})/;

test('the code is printed where it is hosted and read where it is joined; a wrong one is told on both sides', async () => {
  const session = `First ${process.pid}`;
  const ada = start('Ada', '--create', '--session', session);
  await ada.says(/In session/);
  const ben = start('Ben', '--join', session);
  await ben.says(/Code that Ada shows \(3 tries, \d+ s\): /);
  await ada.says(/Ben wants to join\. Tell them the code/);
  const code = ada.find(CODE);
  ben.type(code === '111 111' ? '222222' : '111111');
  await ben.says(/That code was wrong\./);
  await ada.says(/Wrong code from Ben: 2 tries left\./);
  ben.type(code);
  await ben.says(new RegExp(`In session ${session}: Ben, Ada`));
  await ada.says(new RegExp(`In session ${session}: Ada, Ben`));
}, 60_000);

test('a box that nobody stands before gives up and says what to do', async () => {
  const session = `Empty ${process.pid}`;
  const ada = start('Ada', '--create', '--session', session);
  await ada.says(/In session/);
  const ben = start('Ben', '--join', session);
  ben.hangUp();
  await ben.says(/nobody is here to enter it: join at a terminal/);
}, 60_000);
