import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSettingsFile, type SettingsFile } from '../../runtime/platform/settings-file.ts';
import { resolveSettings } from '../../runtime/settings/settings-resolution.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'togthr-settings-'));
  path = join(folder, 'deeper', 'settings.json');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const settingsOf = (file: SettingsFile) => resolveSettings(file.entries).settings;
const read = async (name: string): Promise<unknown> => JSON.parse(await readFile(name, 'utf8'));

test('a missing file is the defaults, unless a person named it', async () => {
  const file = await openSettingsFile({ path });
  expect(file.entries).toEqual([]);
  expect(file.warnings).toEqual([]);
  await expect(openSettingsFile({ path, required: true })).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringContaining('does not exist'),
  });
});

test('changes are there after reopening, the copy before stays beside the file', async () => {
  const file = await openSettingsFile({ path });
  await file.change('box.name', 'Anna');
  await file.change('jam.mode', 'live');
  expect(settingsOf(await openSettingsFile({ path }))).toMatchObject({
    box: { name: 'Anna' },
    jam: { mode: 'live' },
  });
  expect(await read(path)).toEqual({ version: 1, box: { name: 'Anna' }, jam: { mode: 'live' } });
  expect(await read(`${path}.previous`)).toEqual({ version: 1, box: { name: 'Anna' } });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('changes asked for at once all take effect, in order', async () => {
  const file = await openSettingsFile({ path });
  const ports = Array.from({ length: 20 }, (_, at) => 6_000 + at);
  await Promise.all([
    ...ports.map((port) => file.change('rtp.port', port)),
    file.change('box.name', 'B'),
  ]);
  expect(await read(path)).toEqual({ version: 1, rtp: { port: 6_019 }, box: { name: 'B' } });
  expect((await readdir(join(folder, 'deeper'))).sort()).toEqual([
    'settings.json',
    'settings.json.previous',
  ]);
});

test('undefined returns a key to its default', async () => {
  const file = await openSettingsFile({ path });
  await file.change('rtp.port', 6_000);
  await file.change('rtp.port', undefined);
  expect(settingsOf(await openSettingsFile({ path })).rtp.port).toBe(5_004);
});

test('a bad change is refused and touches nothing; later ones go on', async () => {
  const file = await openSettingsFile({ path });
  await file.change('rtp.port', 6_000);
  await expect(file.change('rtp.port', 99_999)).rejects.toMatchObject({ code: 'invalid' });
  await expect(file.change('rtp.prot', 1)).rejects.toThrow('did you mean rtp.port?');
  await file.change('link.port', 7_000);
  expect(await read(path)).toEqual({ version: 1, rtp: { port: 6_000 }, link: { port: 7_000 } });
});

test('what someone edited meanwhile is kept', async () => {
  const file = await openSettingsFile({ path });
  await file.change('rtp.port', 6_000);
  await writeFile(path, '{"version":1,"box":{"name":"by hand"}}');
  await file.change('jam.mode', 'tight');
  expect(await read(path)).toEqual({
    version: 1,
    box: { name: 'by hand' },
    jam: { mode: 'tight' },
  });
});

test.each(['', '{"version":1,"box":{"na', '\0\0\0\0', '[]'])(
  'in place of a damaged file (%j) its previous copy is used, and it is told and kept',
  async (damaged) => {
    const first = await openSettingsFile({ path });
    await first.change('box.name', 'Anna');
    await first.change('rtp.port', 6_000);
    await writeFile(path, damaged);

    const file = await openSettingsFile({ path });
    expect(settingsOf(file).box.name).toBe('Anna');
    expect(file.warnings).toEqual([expect.stringContaining('settings.json.previous is used')]);

    await file.change('link.port', 7_000);
    expect(await readFile(`${path}.corrupt`, 'utf8')).toBe(damaged);
    expect(await read(path)).toEqual({
      version: 1,
      box: { name: 'Anna' },
      link: { port: 7_000 },
    });
    expect(await read(`${path}.previous`)).toEqual({ version: 1, box: { name: 'Anna' } });
    expect((await openSettingsFile({ path })).warnings).toEqual([]);
  },
);

test('a damaged file without a previous copy is the defaults, or refused when a person named it', async () => {
  path = join(folder, 'settings.json');
  await writeFile(path, '{"a"');
  const file = await openSettingsFile({ path });
  expect(file.entries).toEqual([]);
  expect(file.warnings).toEqual([expect.stringContaining('the defaults are used')]);
  await expect(openSettingsFile({ path, required: true })).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringContaining(`${path}:1: not JSON`),
  });
});

test('a place that cannot be written is told by name, not thrown away in silence', async () => {
  path = join(folder, 'settings.json');
  await writeFile(join(folder, 'blocker'), '');
  const file = await openSettingsFile({ path: join(folder, 'blocker', 'settings.json') });
  await expect(file.change('rtp.port', 6_000)).rejects.toThrow(/saving the settings in .*blocker/);
});
