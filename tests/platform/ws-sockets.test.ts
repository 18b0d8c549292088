import type { AddressInfo } from 'node:net';
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
