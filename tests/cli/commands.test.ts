import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerRun } from '../../cli/commands/run.ts';
import { registerSim } from '../../cli/commands/sim.ts';
import type { RunOptions } from '../../cli/run-options.ts';
import type { Settings } from '../../runtime/settings/settings.ts';
import type { SimOptions } from '../../sim/app/options.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'togthr-cli-'));
  await writeFile(join(folder, 's.json'), '{"rtp": {"port": 6000}, "box": {"name": "File"}}');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const parse = (program: Command, words: readonly string[]): Promise<Command> =>
  program
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .parseAsync(words, { from: 'user' });

async function sim(...words: string[]): Promise<SimOptions> {
  let seen: SimOptions | undefined;
  const program = new Command().exitOverride();
  registerSim(program, async (options) => {
    seen = options;
    return { profile: options.profile, seed: options.seed, seconds: 0, boxes: [] };
  });
  await parse(program, ['sim', ...words]);
  if (!seen) throw new Error('it did not run');
  return seen;
}

async function run(
  ...words: string[]
): Promise<{ readonly settings: Settings; readonly options: RunOptions }> {
  let seen: { readonly settings: Settings; readonly options: RunOptions } | undefined;
  const program = new Command().exitOverride();
  registerRun(program, async (settings, options) => {
    seen = { settings, options };
  });
  await parse(program, ['run', '--settings', join(folder, 's.json'), ...words]);
  if (!seen) throw new Error('it did not run');
  return seen;
}

describe('sim', () => {
  test('nothing typed is two boxes on wifi, with the page', async () => {
    expect(await sim()).toMatchObject({
      boxes: 2,
      port: 8080,
      profile: 'wifi',
      play: [],
      headless: false,
      join: false,
      loop: false,
      seconds: undefined,
    });
  });

  test('each --box belongs to the --play before it', async () => {
    const { play } = await sim(
      ...['--boxes', '3', '--play', 'a.mid', '--box', '2', '--play', 'b.mid'],
      ...['--play', 'c.mid', '--box', '1'],
    );
    expect(play).toEqual([
      { file: 'a.mid', box: 2 },
      { file: 'b.mid', box: undefined },
      { file: 'c.mid', box: 1 },
    ]);
  });

  test('headless boxes join by themselves unless told not to', async () => {
    expect((await sim('--headless')).join).toBe(true);
    expect((await sim('--headless', '--no-join')).join).toBe(false);
    expect((await sim('--join')).join).toBe(true);
  });

  test('settings that boxes have in common can be given', async () => {
    const { settings } = await sim('--mode', 'live', '--set', 'midi.pass.clock=off');
    expect(settings.jam.mode).toBe('live');
    expect(settings.midi.pass.clock).toBe(false);
  });

  test.each([
    [['--boxes', '9'], '--boxes 9: must be a whole number from 1 to 8'],
    [['--boxes', '1e1'], 'must be a whole number'],
    [['--port', '-1'], 'must be a whole number from 0 to 65535'],
    [['--profile', 'wfi'], 'did you mean wifi?'],
    [['--seconds', '0'], 'must be a number above 0'],
    [['--box', '1'], 'must follow a --play FILE'],
    [['--play', 'a', '--box', '1', '--box', '2'], 'must follow a --play FILE'],
    [['--play', 'a', '--box', '3'], 'there are 2 boxes; add --boxes 3'],
    [['--mode', 'liv'], 'did you mean live?'],
  ])('%j is refused with what would be right', async (words, said) => {
    await expect(sim(...words)).rejects.toThrow(said);
  });

  test('notes left sounding make it fail, with what repeats it', async () => {
    const program = new Command().exitOverride();
    const box = { box: 1, name: 'A', played: 1, expected: 0, heard: 0, ghosts: 0, stuck: 2 };
    const rest = { delayP50: undefined, delayP95: undefined, jitter: undefined };
    registerSim(program, async () => ({
      profile: 'city',
      seed: 7,
      seconds: 1,
      boxes: [{ ...box, ...rest, recovered: 0, late: 0, dropped: 0 }],
    }));
    await expect(parse(program, ['sim'])).rejects.toThrow(
      /2 notes were left sounding.*--profile city --seed 7/,
    );
  });
});

describe('run', () => {
  test('flags win over the file; the rest is the defaults', async () => {
    const { settings, options } = await run(
      '--name',
      'Flag',
      '--midi-in',
      'usb:a',
      '--midi-in',
      'din:b',
    );
    expect(settings.box.name).toBe('Flag');
    expect(settings.rtp.port).toBe(6000);
    expect(settings.midi.inputs).toEqual(['usb:a', 'din:b']);
    expect(settings.midi.outputs).toBe('auto');
    expect(options.start).toEqual({ kind: 'rejoin' });
    expect(options.settingsFile.path).toBe(join(folder, 's.json'));
  });

  test('yes-or-no settings have a flag for each', async () => {
    expect((await run('--thru')).settings.midi.thru).toBe(true);
    expect((await run('--no-auto-rejoin')).settings.session.autoRejoin).toBe(false);
    expect((await run('--no-status')).settings.status.enabled).toBe(false);
    expect((await run()).settings.status.enabled).toBe(true);
  });

  test('peers to connect with are hosts with ports, or announced names, as many as are given (item 46)', async () => {
    expect((await run()).options.connect).toEqual([]);
    const { options, settings } = await run(
      ...['--connect', 'studio.local', '--connect', 'Studio Mac'],
      ...['--connect', 'studio.example.org', '--connect', '10.0.0.9:5006'],
      ...['--connect', '[fe80::1%eth0]:7000', '--no-remember'],
    );
    expect(options.connect).toEqual([
      { kind: 'name', name: 'studio.local' },
      { kind: 'name', name: 'Studio Mac' },
      { kind: 'address', host: 'studio.example.org', port: 5004 },
      { kind: 'address', host: '10.0.0.9', port: 5006 },
      { kind: 'address', host: 'fe80::1%eth0', port: 7000 },
    ]);
    expect(settings.rtp.remember).toBe(false);
    await expect(run('--connect', ' ')).rejects.toThrow('must be HOST:PORT');
    await expect(run('--connect', 'fe80::1')).rejects.toThrow('say on which network interface');
    await expect(run('--connect', 'a:70000')).rejects.toThrow('--connect a:70000');
  });

  test('how to start is one of four', async () => {
    expect((await run('--create')).options.start).toEqual({ kind: 'create' });
    expect((await run('--join')).options.start).toEqual({ kind: 'join', name: undefined });
    expect((await run('--join', 'Jam')).options.start).toEqual({ kind: 'join', name: 'Jam' });
    expect((await run('--alone')).options.start).toEqual({ kind: 'alone' });
    await expect(run('--create', '--alone')).rejects.toThrow('exclude one another');
  });

  test.each([
    [['--rtp-port', '65535'], '--rtp-port: rtp.port must be a whole number from 0 to 65534'],
    [['--midi-in', 'keys'], 'must be din:PATH, usb:NAME or file:PATH'],
    [['--set', 'rtp.prot=1'], 'unknown setting rtp.prot; did you mean rtp.port?'],
    [['--set', 'rtp.port'], 'must be KEY=VALUE'],
    [['--late-limit', '9999'], 'a whole number from 10 to 5000 ms'],
  ])('%j is refused with what would be right', async (words, said) => {
    await expect(run(...words)).rejects.toThrow(said);
  });
});
