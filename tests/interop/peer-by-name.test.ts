import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Teardown } from '../../runtime/core/lifecycle.ts';
import { waitUntil } from '../platform/real-rig.ts';
import { linkLocalOf } from './link-local.ts';
import {
  type Namespace,
  type NamespacePair,
  openNamespaces,
  type Running,
  whyNoNamespaces,
} from './net-namespaces.ts';

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const NAME = 'St. Studio Mac';
const why = await whyNoNamespaces([]);

if (why !== undefined) {
  test('a box is dialled by its name and over link-local IPv6', (context) => {
    context.skip(`not tested: ${why}`);
  });
} else {
  describe('a box on another machine', () => {
    const teardown = new Teardown();
    let spaces: NamespacePair;
    let folder = '';
    let env: Record<string, string> = {};
    let box: Running;

    const run = (space: Namespace, ...words: string[]): Promise<string> =>
      space.read(env, process.execPath, '--import', 'tsx', MAIN, ...words);
    const startBox = (): Running => {
      const words = ['run', '--alone', '--name', NAME, '--no-status', '--log-level', 'warn'];
      return spaces.there.start(env, process.execPath, '--import', 'tsx', MAIN, ...words);
    };
    const send = (to: string): Promise<string> =>
      run(spaces.here, 'send', '--connect', to, '--note', '60', '--duration', '50', '--wait', '8');

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'togthr-name-'));
      teardown.defer(() => rm(folder, { recursive: true, force: true }));
      env = { HOME: folder, DBUS_SYSTEM_BUS_ADDRESS: 'unix:path=/nonexistent/bus' };
      spaces = teardown.hold(await openNamespaces());
      await Promise.all([linkLocalOf(spaces.here), linkLocalOf(spaces.there)]);
      box = startBox();
      await waitUntil(() => box.lines.some((line) => line.includes('is running')), 20);
    });
    afterAll(() => teardown[Symbol.asyncDispose]());

    test('is shown by doctor, with the address to dial (item 46)', async () => {
      const said = await run(spaces.here, 'doctor');
      expect(said).toContain(`${NAME} at ${spaces.there.address}:5004`);
    });

    test('is dialled by its name, in any case of letters (item 46)', async () => {
      expect(await send(NAME.toLowerCase())).toContain('sent 2 messages, 1 notes');
    });

    test('is dialled by its name from another box, which remembers it by its name (item 46)', async () => {
      const data = ['--data-dir', join(folder, 'other')];
      const words = [
        'run',
        '--alone',
        '--name',
        'Other',
        '--no-status',
        '--connect',
        NAME,
        ...data,
      ];
      const other = spaces.here.start(env, process.execPath, '--import', 'tsx', MAIN, ...words);
      const joined = `RTP-MIDI peer ${NAME} at ${spaces.there.address}:5004 joined`;
      await waitUntil(() => other.lines.includes(joined), 20);
      await other.end();
      const known = await run(spaces.here, 'peers', '--json', ...data);
      expect(JSON.parse(known)).toMatchObject({ peers: [{ name: NAME, how: 'named' }] });
    });

    test('is named among those that are there when another name is asked for (item 46)', async () => {
      const said = await run(
        spaces.here,
        'send',
        '--connect',
        'Stage',
        '--note',
        '60',
        '--wait',
        '3',
      );
      expect(said).toContain(`no RTP-MIDI peer called Stage was found for 3 s; announced: ${NAME}`);
    });

    test('is dialled by its link-local address, and lets us in as near (items 45, 47)', async () => {
      const address = `[${await linkLocalOf(spaces.there)}%${spaces.here.interface}]:5004`;
      expect(await send(address)).toContain('sent 2 messages, 1 notes');
    });

    test('two that know host and port need no mDNS: neither of them speaks it (item 46)', async () => {
      const { here, there } = spaces;
      const words = ['--import', 'tsx', MAIN, 'monitor', '--listen', '6004'];
      const monitor = there.start(env, process.execPath, ...words);
      await waitUntil(() => monitor.lines.some((line) => line.includes('listening')), 20);
      await box.end();
      const sending = run(
        here,
        ...['send', '--connect', `${there.address}:6004`, '--note', '60', '--duration', '1500'],
      );
      await waitUntil(() => monitor.lines.some((line) => line.includes('note on 60')), 20);
      for (const space of [here, there]) {
        const udp = await space.read({}, 'cat', '/proc/net/udp', '/proc/net/udp6');
        const ports = [...udp.matchAll(/^ *\d+: [0-9A-F]+:([0-9A-F]{4})/gm)].map(([, port]) =>
          Number.parseInt(port ?? '', 16),
        );
        expect(ports.length).toBeGreaterThan(0);
        expect(ports).not.toContain(5_353);
      }
      expect(await sending).toContain('sent 2 messages');
      await monitor.end();
      box = startBox();
      await waitUntil(() => box.lines.some((line) => line.includes('is running')), 20);
    });

    test('is dialled by name where there is no IPv4 at all (items 45, 46)', async () => {
      for (const space of [spaces.here, spaces.there]) {
        await space.ip('addr', 'flush', 'dev', space.interface, 'scope', 'global');
      }
      expect(await send(NAME)).toContain('sent 2 messages, 1 notes');
    });
  });
}
