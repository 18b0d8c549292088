/** coturn with our configuration takes our credentials, and no others. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { turnConfig } from '../../cli/run-server.ts';
import { iceServersFor } from '../../runtime/control/server/turn-credentials.ts';
import type { BoxId } from '../../runtime/core/ensemble.ts';
import type { WallTime } from '../../runtime/core/time.ts';
import { allocate, holdAllocation } from './turn-client.ts';

const BOX = 'ab'.repeat(16) as BoxId;
const SECRET = 'a secret of this test alone';

function hasTurnserver(): boolean {
  try {
    execFileSync('sh', ['-c', 'command -v turnserver'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const credentials = (wallNow: number, secret = SECRET, lastsSeconds = 3_600) => {
  const turn = ['turn:127.0.0.1:3478?transport=udp'];
  const clock = { wallNow: () => wallNow as WallTime };
  const [server] = iceServersFor({ stun: [], turn, secret, lastsSeconds }, BOX, clock);
  return { username: server?.username ?? '', credential: server?.credential ?? '' };
};

test('credentials are those of the REST scheme', () => {
  // printf USERNAME | openssl dgst -sha1 -hmac 'a secret of this test alone' -binary | base64
  expect(credentials(1_800_000_000_000)).toEqual({
    username: `1800003600:${BOX}`,
    credential: 'yiTuzKfEhMkgFeD1TJD0RxsGMUQ=',
  });
});

test('without a secret there is no TURN', () => {
  const turn = { stun: ['stun:a.example'], turn: ['turn:a.example'], secret: '', lastsSeconds: 1 };
  expect(iceServersFor(turn, BOX, { wallNow: () => 0 as WallTime })).toEqual([
    { url: 'stun:a.example' },
  ]);
});

describe.skipIf(!hasTurnserver())('coturn (turnserver is needed: tests/install-tools.sh)', () => {
  let folder = '';
  let port = 0;
  let turnserver: ChildProcess | undefined;
  let said = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'togthr-turn-'));
    port = await freePort();
    const config = turnConfig(SECRET, 'test.example').replace(
      'listening-port=3478',
      `listening-port=${port}\nlistening-ip=127.0.0.1\nrelay-ip=127.0.0.1\nallow-loopback-peers\nallowed-peer-ip=127.0.0.2\nno-tls\nno-dtls\nno-tcp\npidfile=${join(folder, 'pid')}\nuserdb=${join(folder, 'db')}`,
    );
    await writeFile(join(folder, 'turnserver.conf'), config);
    turnserver = spawn('turnserver', ['-c', join(folder, 'turnserver.conf')], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [turnserver.stdout, turnserver.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    for (let tries = 0; ; tries++) {
      try {
        await allocate(port, credentials(Date.now()));
        return;
      } catch (failure) {
        if (tries === 4) throw new Error(`turnserver does not answer: ${said}`, { cause: failure });
      }
    }
  });

  afterAll(async () => {
    turnserver?.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  test('relays for a box with our credentials', async () => {
    const allocation = await allocate(port, credentials(Date.now()));
    expect(allocation).toMatchObject({ relayed: { host: '127.0.0.1' } });
    const relayed = 'relayed' in allocation ? allocation.relayed.port : 0;
    expect(relayed).toBeGreaterThanOrEqual(49_160);
    expect(relayed).toBeLessThanOrEqual(49_959);
  });

  test('refuses credentials of another secret, and those that have run out', async () => {
    expect(await allocate(port, credentials(Date.now(), 'another secret'))).toEqual({ error: 401 });
    expect(await allocate(port, credentials(Date.now() - 7_200_000))).toEqual({ error: 401 });
  });

  test('lets a box send to public addresses, and to nobody in the network it stands in', async () => {
    using held = await holdAllocation(port, credentials(Date.now()));
    for (const host of ['198.51.100.7', '1.1.1.1', '172.32.0.1', '192.167.0.1'])
      expect([host, await held.permit(host)]).toEqual([host, 0]);
    for (const host of [
      '10.1.2.3',
      '127.0.0.1',
      '192.168.1.1',
      '172.16.0.1',
      '169.254.1.1',
      '100.64.0.1',
    ])
      expect([host, await held.permit(host)]).toEqual([host, 403]);
  });

  test('passes on what a box sends', async () => {
    using held = await holdAllocation(port, credentials(Date.now()));
    const peer = createSocket('udp4');
    const heard = new Promise<string>((resolve) =>
      peer.on('message', (data) => resolve(data.toString())),
    );
    await new Promise<void>((resolve) => peer.bind(0, '127.0.0.2', () => resolve()));
    expect(await held.permit('127.0.0.2')).toBe(0);
    held.send('127.0.0.2', peer.address().port, 'a note');
    expect(await heard).toBe('a note');
    peer.close();
  });

  test('took every line of our configuration', () => {
    expect(said).not.toMatch(/bad configuration|unrecognized|unknown option/i);
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}
