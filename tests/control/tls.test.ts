/** What a box says about servers whose certificates, names or answers are not right. */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { Teardown } from '../../runtime/core/lifecycle.ts';
import { waitUntil } from '../platform/real-rig.ts';
import { liveBox, openLiveServer, scratchFolder } from './live-rig.ts';

const folder = mkdtempSync(join(tmpdir(), 'togthr-tls-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function makeCertificate(name: string): { cert: string; key: string } | undefined {
  const [cert, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test -addext subjectAltName=IP:127.0.0.1 -keyout ${key} -out ${cert}`;
  try {
    execFileSync('openssl', words.split(' '), { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
}

const tls = makeCertificate('server');
const fingerprint = (cert: string): string => new X509Certificate(cert).fingerprint256;

async function problemOf(url: string, certificate?: string): Promise<string> {
  const { plane } = liveBox(url, certificate === undefined ? {} : { certificate });
  await using _held = plane;
  await waitUntil(() => plane.state === 'offline' || plane.state === 'online', 8);
  return plane.state === 'online' ? 'online' : plane.problem;
}

describe.skipIf(!tls)('a server with a certificate of its own making (openssl makes it)', () => {
  async function openRig() {
    const held = new Teardown();
    const { folder: data } = held.hold(await scratchFolder());
    const live = held.hold(await openLiveServer({ folder: data, ...(tls ? { tls } : {}) }));
    return { live, [Symbol.asyncDispose]: () => held[Symbol.asyncDispose]() };
  }

  test('is not trusted by itself, and the box says what to do', async () => {
    await using rig = await openRig();
    expect(await problemOf(rig.live.url)).toContain('set control.certificate');
  });

  test('is trusted when its certificate is named, with colons or without', async () => {
    await using rig = await openRig();
    const named = fingerprint(tls?.cert ?? '');
    expect(await problemOf(rig.live.url, named)).toBe('online');
    expect(await problemOf(rig.live.url, named.replaceAll(':', '').toLowerCase())).toBe('online');
  });

  test('is not trusted when another certificate is named, and hears no sign-in', async () => {
    await using rig = await openRig();
    const other = makeCertificate('other');
    expect(await problemOf(rig.live.url, fingerprint(other?.cert ?? ''))).toContain(
      'another certificate than control.certificate says',
    );
    expect(rig.live.server.counters.messages).toBe(0);
  });
});

test('a login page in place of the server is named as such', async () => {
  const portal = createServer((_request, response) => {
    response.writeHead(302, { location: 'http://login.example/' }).end();
  });
  portal.on('upgrade', (_request, socket) => {
    socket.end(
      'HTTP/1.1 302 Found\r\nlocation: http://login.example/\r\ncontent-length: 0\r\n\r\n',
    );
  });
  await new Promise<void>((resolve) => portal.listen(0, '127.0.0.1', () => resolve()));
  const { port } = portal.address() as AddressInfo;
  expect(await problemOf(`http://127.0.0.1:${port}`)).toContain('login on a web page');
  portal.close();
});

test('something that speaks no TLS, and nobody at all, are told apart', async () => {
  const plain = createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
  });
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', () => resolve()));
  const { port } = plain.address() as AddressInfo;
  expect(await problemOf(`https://127.0.0.1:${port}`)).toContain('does not speak TLS');
  plain.close();
  expect(await problemOf(`http://127.0.0.1:${port}`)).toContain(
    'refuses connections; does it run?',
  );
  expect(await problemOf('https://no-such-host.invalid')).toMatch(/is not known|no way to/);
});

test('a server that is known by another name tells which', async () => {
  await using held = new Teardown();
  const { folder: data } = held.hold(await scratchFolder());
  const live = held.hold(await openLiveServer({ folder: data, names: () => ['jam.example.org'] }));
  expect(await problemOf(live.url)).toContain('jam.example.org');
});
