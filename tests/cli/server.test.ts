import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { liveBox } from '../control/live-rig.ts';
import { waitUntil } from '../platform/real-rig.ts';
import { running, togthr } from './program.ts';

async function scratch() {
  const folder = await mkdtemp(join(tmpdir(), 'togthr-server-'));
  return {
    folder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

const QUIET = ['--log-level', 'silent'] as const;

test('togthr server says where it runs as JSON, and ends in order when told to', async () => {
  await using data = await scratch();
  const words = ['server', '--port', '0', '--data-dir', data.folder, '--json', ...QUIET];
  const server = running(words);
  await server.says('"url"');
  const { status, stdout, stderr } = await server.stop('SIGTERM');
  expect([status, stderr]).toEqual([0, '']);
  const said: unknown = JSON.parse(stdout);
  expect(said).toMatchObject({
    url: expect.stringMatching(/^http:\/\/(localhost|127\.0\.0\.1):\d+$/),
    encrypted: false,
    newAccounts: true,
    turn: false,
    dataFolder: data.folder,
  });
});

test('a box signs in to the program, is told when it stops, and comes back to the next one', async () => {
  await using data = await scratch();
  const port = 20_000 + (process.pid % 20_000);
  const words = ['server', '--port', String(port), '--data-dir', data.folder, ...QUIET];
  const first = running(words);
  await first.says('The control plane runs at');
  const { plane } = liveBox(`http://127.0.0.1:${port}`);
  await using _held = plane;
  await waitUntil(() => plane.state === 'online', 10);
  const { status, stdout } = await first.stop('SIGTERM');
  expect(status).toBe(0);
  expect(stdout).toContain('are not encrypted');
  await waitUntil(() => plane.state === 'offline', 10);
  const second = running([...words, '--no-allow-new-accounts']);
  await second.says('New boxes are not admitted.');
  await waitUntil(() => plane.state === 'online', 10);
  const killed = await second.stop('SIGKILL');
  expect(killed.status).toBeNull();
  const third = running(words);
  await third.says('The control plane runs at');
  await waitUntil(() => plane.state === 'online', 10);
  expect((await third.stop('SIGINT')).status).toBe(0);
});

test.each([
  [['--address', '0.0.0.0'], '--cert and --key, or --behind-proxy'],
  [['--cert', '/nonexistent', '--key', '/nonexistent'], "can't be read"],
  [['--cert', 'x'], 'give both'],
  [['--behind-proxy'], 'give --url too'],
  [['--turn', 'turn:x.example'], '--turn-secret-file too'],
  [['--turn', 'https://x.example'], 'must look like turn:turn.example.org:3478'],
  [['--url', 'jam.example.org'], 'https://jam.example.org'],
  [['--print-turn-config'], 'openssl rand -hex 32'],
  [['--port', '70000'], '0 to 65535'],
])('togthr server %j is refused with words', async (words, expected) => {
  const { status, stderr } = await togthr(['server', ...words]);
  expect(status).toBe(2);
  expect(stderr).toContain(expected);
});

test('a store that a newer version wrote, or that is damaged, says what to do', async () => {
  await using data = await scratch();
  const words = ['server', '--port', '0', '--data-dir', data.folder, ...QUIET];
  const server = running(words);
  await server.says('The control plane runs at');
  await server.stop('SIGTERM');
  const store = join(data.folder, 'store');
  for (const name of await readdir(store))
    if (name.startsWith('MANIFEST')) await truncate(join(store, name), 3);
  const damaged = await togthr(words);
  expect([damaged.status, damaged.stderr]).toEqual([2, expect.stringContaining('--repair')]);
  const repaired = running([...words, '--repair']);
  await repaired.says('The control plane runs at');
  await repaired.stop('SIGTERM');
  await writeFile(join(data.folder, 'schema.json'), '{"schema":99}\n');
  const newer = await togthr(words);
  expect([newer.status, newer.stderr]).toEqual([2, expect.stringContaining('newer togthr')]);
});

test('the printed configuration for coturn has the secret and the realm', async () => {
  await using data = await scratch();
  const secret = join(data.folder, 'secret');
  const text = randomBytes(32).toString('hex');
  await writeFile(secret, `${text}\n`);
  const { status, stdout } = await togthr([
    'server',
    '--print-turn-config',
    '--turn-secret-file',
    secret,
    '--turn-realm',
    'jam.example.org',
  ]);
  expect(status).toBe(0);
  expect(stdout).toContain(`static-auth-secret=${text}\n`);
  expect(stdout).toContain('realm=jam.example.org\n');
  expect(stdout).not.toContain('{{');
});
