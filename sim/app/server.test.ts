import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { PortError } from '../../runtime/core/errors.ts';
import { Teardown } from '../../runtime/core/lifecycle.ts';
import { silentLog } from '../../runtime/core/log.ts';
import { MAX_CLIENT_MESSAGE } from './client-messages.ts';
import { openScriptedHost, type ScriptedHost } from './scripted-host.ts';
import { openSimulatorServer, type SimulatorServer, type SimulatorServerInit } from './server.ts';

let teardown: Teardown;
let webRoot: string;
let host: ScriptedHost;
let awaited: { call: string; seen: () => void }[];

beforeEach(async () => {
  teardown = new Teardown();
  awaited = [];
  host = openScriptedHost({
    onCall: (call) => {
      for (const wait of awaited) if (wait.call === call) wait.seen();
    },
  });
  webRoot = await mkdtemp(join(tmpdir(), 'sim-web-'));
  teardown.defer(() => rm(webRoot, { recursive: true }));
  await writeFile(join(webRoot, 'index.html'), '<!doctype html><title>jam</title>');
});
afterEach(() => teardown[Symbol.asyncDispose]());

const serve = async (init: Partial<SimulatorServerInit> = {}): Promise<SimulatorServer> =>
  teardown.hold(await openSimulatorServer({ host, log: silentLog }, { port: 0, webRoot, ...init }));

/** Resolves when a page's doing reached the host. */
const called = (call: string): Promise<void> =>
  host.calls.includes(call)
    ? Promise.resolve()
    : new Promise((seen) => {
        awaited.push({ call, seen });
      });

async function openPage(port: number, headers: Record<string, string> = {}): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, { headers });
  teardown.defer(() => socket.terminate());
  await once(socket, 'open');
  return socket;
}

function get(port: number, path: string, headers: Record<string, string> = {}) {
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, path, headers }, (reply) => {
      let body = '';
      reply.setEncoding('utf8');
      reply.on('data', (part) => {
        body += part;
      });
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, body }));
    });
    call.on('error', reject);
    call.end();
  });
}

/** The HTTP status that a WebSocket was refused with. */
async function refusal(port: number, headers: Record<string, string>): Promise<number> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, { headers });
  const [, reply] = await once(socket, 'unexpected-response');
  socket.on('error', () => {}); // terminating a socket that was refused is reported as an error
  socket.terminate();
  return reply.statusCode;
}

describe('the page', () => {
  test('is served at / and its URL says localhost', async () => {
    const server = await serve();
    expect(server.url).toBe(`http://localhost:${server.port}/`);
    expect(await get(server.port, '/')).toMatchObject({
      status: 200,
      body: '<!doctype html><title>jam</title>',
    });
    expect((await get(server.port, '/../package.json')).status).toBe(403);
    expect((await get(server.port, '/nothing')).status).toBe(404);
  });

  test('that was not built says how to build it', async () => {
    const missing = join(webRoot, 'nowhere');
    const server = await serve({ webRoot: missing });
    const reply = await get(server.port, '/');
    expect(reply.status).toBe(503);
    expect(reply.body).toContain('npm run build:web');
  });

  test('is refused under a foreign name, so that no other site can reach it by rebinding its name', async () => {
    const { port } = await serve();
    expect((await get(port, '/', { host: 'evil.example' })).status).toBe(421);
    expect((await get(port, '/', { host: `evil.example:${port}` })).status).toBe(421);
    expect((await get(port, '/', { host: `localhost:${port}` })).status).toBe(200);
    expect((await get(port, '/', { host: `[::1]:${port}` })).status).toBe(200);
  });
});

describe('a WebSocket', () => {
  test('from our page is welcomed with hello', async () => {
    const { port } = await serve();
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, {
      headers: { origin: `http://127.0.0.1:${port}` },
    });
    teardown.defer(() => socket.terminate());
    const [hello] = await once(socket, 'message');
    expect(JSON.parse(String(hello))).toMatchObject({ kind: 'hello', boxes: [{ index: 1 }, {}] });
  });

  test('from a foreign page or under a foreign name is refused', async () => {
    const { port } = await serve();
    expect(await refusal(port, { origin: 'https://evil.example' })).toBe(403);
    expect(await refusal(port, { origin: `http://localhost:${port + 1}` })).toBe(403);
    expect(await refusal(port, { origin: 'null' })).toBe(403);
    expect(await refusal(port, { host: 'evil.example', origin: 'http://evil.example' })).toBe(421);
  });

  test('that closes in mid-jam leaves no note: what it held is let go', async () => {
    const { port } = await serve();
    const socket = await openPage(port);
    socket.send(JSON.stringify({ kind: 'midi', box: 1, bytes: '903c64' }));
    socket.send(JSON.stringify({ kind: 'midi', box: 2, bytes: '914064' }));
    await called('2 midi 914064');
    socket.terminate();
    await called('2 midi 814040');
    expect(host.calls).toContain('1 midi 803c40');
  });

  test('hears the notes of the boxes', async () => {
    const { port } = await serve();
    const socket = await openPage(port);
    const notes = new Promise((resolve) => {
      socket.on('message', (data) => {
        const message = JSON.parse(String(data));
        if (message.kind === 'notes') resolve(message);
      });
    });
    host.boxes[0]?.note({
      kind: 'played',
      participant: 'p',
      on: true,
      channel: 0,
      key: 60,
      velocity: 90,
      at: 5,
      cause: 'thru',
    });
    expect(await notes).toMatchObject({ box: 1, skipped: 0, notes: [{ key: 60, at: 5 }] });
  });

  test('that sends too much at once, or too often, is closed; the boxes play on', async () => {
    const { port } = await serve({ rate: 10, burst: 20 });
    const long = await openPage(port);
    long.send('x'.repeat(MAX_CLIENT_MESSAGE + 1));
    expect((await once(long, 'close'))[0]).toBe(1009);
    const shouting = await openPage(port);
    for (let i = 0; i < 50; i++) {
      shouting.send(JSON.stringify({ kind: 'turn', box: 1, detents: 1 }));
    }
    expect((await once(shouting, 'close'))[0]).toBe(1008);
    const calm = await openPage(port);
    calm.send(JSON.stringify({ kind: 'press', box: 1 }));
    await called('1 press');
  });

  test('that speaks in octets or nonsense is told so', async () => {
    const { port } = await serve();
    const socket = await openPage(port);
    const notice = new Promise((resolve) => {
      socket.on('message', (data) => {
        const message = JSON.parse(String(data));
        if (message.kind === 'notice') resolve(message);
      });
    });
    socket.send(new Uint8Array([1, 2, 3]));
    expect(await notice).toEqual({
      kind: 'notice',
      level: 'warn',
      text: 'A message was refused: not JSON.',
    });
  });
});

test('a port in use is busy, and the message says what to do', async () => {
  const { port } = await serve();
  const second = openSimulatorServer({ host, log: silentLog }, { port, webRoot });
  await expect(second).rejects.toSatisfy(
    (failure) =>
      failure instanceof PortError &&
      failure.code === 'busy' &&
      failure.message.includes('--port') &&
      failure.message.includes(String(port)),
  );
});

test('closing the server closes its pages and frees the port, twice harmlessly', async () => {
  const server = await openSimulatorServer({ host, log: silentLog }, { port: 0, webRoot });
  const socket = await openPage(server.port);
  const closed = once(socket, 'close');
  await server[Symbol.asyncDispose]();
  await closed;
  await server[Symbol.asyncDispose]();
  await serve({ port: server.port });
});
