import { spawn } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { createConnection, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { WsConnection } from '../../runtime/platform/ws-connection.ts';
import { openWsSockets } from '../../runtime/platform/ws-sockets.ts';
import type { WebSocketConnection } from '../../runtime/ports/web-sockets.ts';
import { webSocketsContract } from '../contracts/web-sockets.contract.ts';
import { waitUntil } from './real-rig.ts';

webSocketsContract('WsSockets', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await new Promise((resolve) => server.once('listening', resolve));
  const accepted: WebSocketConnection[] = [];
  server.on('connection', (socket) => accepted.push(new WsConnection(socket)));
  const { port } = server.address() as AddressInfo;
  const stopServing = async (): Promise<void> => {
    for (const client of server.clients) client.terminate();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return {
    webSockets: openWsSockets(),
    url: `ws://127.0.0.1:${port}/v1/box`,
    accepted,
    stopServing,
    until: (reached) => waitUntil(reached),
    finish: async (promise) => promise,
    [Symbol.asyncDispose]: stopServing,
  };
});

test('a server to which no packet gets through is given up after a second and a half: a new try is sooner there', async () => {
  const listen = `require('net').createServer().listen(0, '127.0.0.1', 1, function () { console.log(this.address().port) })`;
  const child = spawn(process.execPath, ['-e', listen]);
  const fillers: Socket[] = [];
  try {
    const port = Number(await new Promise((resolve) => child.stdout.once('data', resolve)));
    // Stopped, with as many callers as it may have waiting: those that follow get no answer.
    child.kill('SIGSTOP');
    for (let count = 0; count < 4; count++) {
      const filler = createConnection({ host: '127.0.0.1', port });
      filler.on('error', () => {});
      fillers.push(filler);
    }
    await sleep(200);
    const began = performance.now();
    const never = new AbortController().signal;
    const connecting = openWsSockets().connect(
      `ws://127.0.0.1:${port}/`,
      { protocol: 'test', mostOctets: 1_024 },
      never,
    );
    await expect(connecting).rejects.toThrow('does not answer');
    const took = performance.now() - began;
    expect(took).toBeGreaterThan(700);
    // TCP by itself would try for two minutes.
    expect(took).toBeLessThan(15_000);
  } finally {
    for (const filler of fillers) filler.destroy();
    child.kill('SIGKILL');
  }
});
