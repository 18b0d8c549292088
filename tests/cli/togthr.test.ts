import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { togthr } from './program.ts';

let folder: string;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'togthr-')));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

describe('togthr', () => {
  test('--version and --help are on stdout, with status 0', async () => {
    expect(await togthr(['--version'])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      stderr: '',
    });
    const help = await togthr(['--help']);
    expect(help).toMatchObject({ status: 0, stderr: '' });
    for (const command of ['run', 'sim', 'monitor', 'send', 'render', 'doctor'])
      expect(help.stdout).toMatch(new RegExp(`^ {2}${command}\\b`, 'm'));
  });

  test('no command at all shows the commands on stderr, with status 2', async () => {
    const { status, stdout, stderr } = await togthr([]);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain('Usage: togthr');
  });

  test.each([
    [['simm'], "togthr: unknown command 'simm'; did you mean sim?\n"],
    [['run', '--rtp-prot', '1'], "togthr: unknown option '--rtp-prot'; did you mean --rtp-port?\n"],
    [
      ['run', '--rtp-port'],
      /^togthr: option '--rtp-port <number>' argument missing; see --help\n$/,
    ],
    [['run', 'now'], /^togthr: too many arguments.*\n$/],
    [['run', '--rtp-port', '5.5'], /must be a whole number from 0 to 65534, not 5\.5\n$/],
    [['run', '--settings', '/nonexistent/s.json'], /does not exist; check its name\n$/],
    [['run', '--json'], /--json goes with --print-settings/],
    [['sim', '--boxes', 'two'], 'togthr: --boxes two: must be a whole number from 1 to 8\n'],
    [['sim', '--play', 'a.mid', '--box', '5'], /there are 2 boxes; add --boxes 5\n$/],
  ])('%j is wrong usage: one line that helps, status 2', async (words, said) => {
    const { status, stdout, stderr } = await togthr(words);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr.split('\n')).toHaveLength(2);
    if (typeof said === 'string') expect(stderr).toBe(said);
    else expect(stderr).toMatch(said);
  });
});

describe('settings', () => {
  test('run --print-settings tells each value and where it is from', async () => {
    const path = await file('s.json', '{\n  "rtp": { "port": 6000 },\n  "link": { "port": 1 }\n}');
    const { status, stdout, stderr } = await togthr(
      ['run', '--print-settings', '--json', '--settings', path, '--name', 'Flag'],
      { TOGTHR_LINK_PORT: '7000' },
    );
    expect([status, stderr]).toEqual([0, '']);
    const { settings } = JSON.parse(stdout) as {
      readonly settings: readonly Readonly<Record<string, unknown>>[];
    };
    const told = (key: string) => {
      const one = settings.find((setting) => setting['key'] === key);
      return [one?.['value'], one?.['source'], one?.['where']];
    };
    expect(told('box.name')).toEqual(['Flag', 'flag', '--name']);
    expect(told('link.port')).toEqual([7000, 'environment', 'TOGTHR_LINK_PORT']);
    expect(told('rtp.port')).toEqual([6000, 'file', `${path}:2`]);
    expect(told('jam.mode')).toEqual(['auto', 'default', '']);
  });

  test('the table for people fits each setting on a line', async () => {
    const { stdout } = await togthr(['run', '--print-settings']);
    expect(stdout).toMatch(/^rtp\.port +5004 +default +UDP port/m);
    expect(stdout).toMatch(/^jam\.lateLimitMs +500 +ms +default/m);
  });

  test('a misspelt key in the file is refused by line with the nearest; TOGTHR_SETTINGS names a file too', async () => {
    const path = await file('typo.json', '{\n  "rtp": {\n    "prot": 6000\n  }\n}');
    const expected = `togthr: ${path}:3: unknown setting rtp.prot; did you mean rtp.port?\n`;
    expect(await togthr(['run', '--settings', path])).toMatchObject({
      status: 2,
      stderr: expected,
    });
    expect(await togthr(['run'], { TOGTHR_SETTINGS: path })).toMatchObject({ stderr: expected });
  });

  test('a file that is not JSON is refused by line', async () => {
    const path = await file('broken.json', '{\n  "rtp": {\n');
    expect(await togthr(['run', '--print-settings', '--settings', path])).toMatchObject({
      status: 2,
      stderr: `togthr: ${path}:2: not JSON; correct or remove the file\n`,
    });
  });

  test('a misspelt variable is refused with the nearest', async () => {
    expect(await togthr(['run', '--print-settings'], { TOGTHR_RTP_PROT: '1' })).toMatchObject({
      status: 2,
      stderr:
        'togthr: unknown environment variable TOGTHR_RTP_PROT; did you mean TOGTHR_RTP_PORT?\n',
    });
  });
});

describe('doctor', () => {
  const ANY_PORTS = ['--rtp-port', '0', '--link-port', '0', '--status-port', '0'];

  test('--json lists findings; each that is not ok has a remedy', async () => {
    const { stdout } = await togthr(['doctor', '--json', ...ANY_PORTS, '--data-dir', folder]);
    const told = JSON.parse(stdout) as {
      readonly ok: boolean;
      readonly findings: readonly Readonly<Record<string, string>>[];
    };
    const checks = told.findings.map((finding) => finding['check']);
    expect(checks).toEqual(
      expect.arrayContaining([
        'node',
        'settings',
        'koffi',
        'usb-midi',
        'rtp-port',
        'mdns',
        'clock',
        'session-time',
      ]),
    );
    expect(new Set(checks).size).toBe(checks.length);
    for (const { check, status, detail, remedy } of told.findings) {
      expect(['ok', 'warn', 'fail'], check).toContain(status);
      expect(detail, check).toBeTruthy();
      if (status !== 'ok') expect(remedy, check).toBeTruthy();
    }
    expect(told.ok).toBe(told.findings.every((finding) => finding['status'] !== 'fail'));
  });

  test('a port in use fails with the way out, and status 1', async () => {
    const squatter = createServer().listen(0);
    await new Promise((resolve) => squatter.once('listening', resolve));
    const address = squatter.address();
    const port = typeof address === 'object' && address !== null ? String(address.port) : '';
    const { status, stdout, stderr } = await togthr(['doctor', ...ANY_PORTS, '--link-port', port]);
    squatter.close();
    expect(status).toBe(1);
    expect(stdout).toMatch(/^fail +link-port +TCP \d+ is in use; .*--link-port 0$/m);
    expect(stderr).toMatch(/^togthr: \d+ of \d+ checks failed; .*\n$/);
  });

  test('bad settings are one of its findings', async () => {
    const { status, stdout } = await togthr(['doctor', '--rtp-port', 'x']);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^fail +settings +--rtp-port: rtp\.port must be/m);
  });
});

describe('launcher', () => {
  const LAUNCHER = fileURLToPath(new URL('../../togthr', import.meta.url));

  test('it finds its folder through links and passes on arguments and status', async () => {
    const checkout = join(folder, 'a checkout');
    await mkdir(join(checkout, 'build', 'cli'), { recursive: true });
    await copyFile(LAUNCHER, join(checkout, 'togthr'));
    const link = join(folder, 'link');
    await symlink('a checkout/togthr', link);
    await symlink('link', join(folder, 'second link'));

    const unbuilt = spawnSync(link, [], { encoding: 'utf8' });
    expect(unbuilt.status).toBe(1);
    expect(unbuilt.stderr).toBe(
      `togthr: it has not been built yet; run 'make build' in ${checkout}\n`,
    );

    await writeFile(
      join(checkout, 'build', 'cli', 'main.js'),
      'console.log(JSON.stringify(process.argv.slice(2))); process.exitCode = 2',
    );
    const ran = spawnSync(join(folder, 'second link'), ['a b', '*'], {
      encoding: 'utf8',
      cwd: '/',
    });
    expect([ran.stdout, ran.status]).toEqual(['["a b","*"]\n', 2]);
  });
});
