/**
 * A control plane on a TCP port: HTTPS or HTTP, and the WebSockets of boxes.
 *
 * Takes  a ControlServer, and what to listen on.
 * Gives  its connections, once they are admitted; pages (control-http.ts).
 * Guard  headers must come within HEADERS_MS, a request whole within REQUEST_MS; a WebSocket frame may have MAX_TEXT octets.
 * Lane   4.
 */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { type FastifyInstance, fastify } from 'fastify';
import { WebSocketServer } from 'ws';
import { MAX_TEXT } from '../control/message-codec.ts';
import type { ControlServer } from '../control/server/control-server.ts';
import { SUBPROTOCOL, WEB_SOCKET_PATH } from '../control/server-address.ts';
import { PortError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { serveControlPages } from './control-http.ts';
import { portErrorFrom, systemCode } from './system-errors.ts';
import { WsConnection } from './ws-connection.ts';

export interface ControlListenerInit {
  readonly port: number;
  readonly address: string;
  /** PEM. Undefined: not encrypted. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  /** A proxy on the same machine or network says where a client is (X-Forwarded-For); only then it is believed. */
  readonly behindProxy: boolean;
}

export interface ControlListener extends AsyncDisposable {
  readonly port: number;
}

const HEADERS_MS = 8_000;
const REQUEST_MS = 10_000;
const MOST_HEADER = 8_192;
/** How often those are looked at. */
const CHECK_MS = 2_000;
/** TCP connections in all, with those that have not said what they want. */
const MOST_SOCKETS = 12_000;

/** Rejects with PortError: 'busy', 'denied', 'unavailable', 'invalid' for certificates that can't be used. */
export async function openControlListener(
  deps: { readonly server: ControlServer; readonly log: Log },
  init: ControlListenerInit,
): Promise<ControlListener> {
  const app = openApp(init);
  app.server.headersTimeout = HEADERS_MS;
  app.server.requestTimeout = REQUEST_MS;
  app.server.maxConnections = MOST_SOCKETS;
  await serveControlPages(app, {
    counters: deps.server.counters,
    log: deps.log,
    secure: init.tls !== undefined,
    healthy: () => deps.server.healthy(),
  });
  const webSockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_TEXT,
    perMessageDeflate: false,
    handleProtocols: () => SUBPROTOCOL,
  });
  app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // What breaks before the upgrade concerns one caller.
    socket.on('error', () => socket.destroy());
    const address = addressOf(request, init.behindProxy);
    const refusal = refusalOf(deps.server, request, address);
    if (refusal !== undefined) return turnAway(socket, refusal);
    webSockets.handleUpgrade(request, socket, head, (webSocket) =>
      deps.server.accept(new WsConnection(webSocket), address),
    );
  });
  try {
    await app.listen({ port: init.port, host: init.address });
  } catch (failure) {
    await app.close();
    throw explain(failure, init);
  }
  const bound = app.server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : init.port,
    async [Symbol.asyncDispose]() {
      webSockets.close();
      await app.close();
    },
  };
}

function openApp({ tls, behindProxy }: ControlListenerInit): FastifyInstance {
  const common = {
    logger: false,
    forceCloseConnections: true,
    bodyLimit: 1_024,
    // The last hop is the proxy's word; what stands before it is the client's.
    trustProxy: behindProxy ? (_address: string, hop: number) => hop === 0 : false,
    routerOptions: { maxParamLength: 64 },
  } as const;
  const limits = { maxHeaderSize: MOST_HEADER, connectionsCheckingInterval: CHECK_MS } as const;
  try {
    return tls
      ? (fastify({
          ...common,
          https: { ...limits, ...tls, minVersion: 'TLSv1.2', handshakeTimeout: HEADERS_MS },
        }) as unknown as FastifyInstance)
      : fastify({ ...common, http: limits });
  } catch (failure) {
    throw new PortError(
      'invalid',
      `the certificate and the key can't be used (${failure instanceof Error ? failure.message : String(failure)}); give PEM files that belong together`,
      { cause: failure },
    );
  }
}

function refusalOf(
  server: ControlServer,
  request: IncomingMessage,
  address: string,
): readonly [status: string, words: string] | undefined {
  if (request.url !== WEB_SOCKET_PATH) return ['404 Not Found', 'there is nothing here'];
  const spoken = String(request.headers['sec-websocket-protocol'] ?? '').split(/\s*,\s*/);
  if (!spoken.includes(SUBPROTOCOL)) return ['400 Bad Request', `speak ${SUBPROTOCOL}`];
  // A browser names the page that it runs: boxes are no pages.
  if (request.headers.origin !== undefined) return ['403 Forbidden', 'boxes only'];
  switch (server.admit(address)) {
    case 'open':
      return undefined;
    case 'serverFull':
      return ['503 Service Unavailable', 'the server is full; try later'];
    case 'addressFull':
    case 'tooOften':
      return ['429 Too Many Requests', 'too many connections from there; wait a minute'];
  }
}

function turnAway(socket: Duplex, [status, words]: readonly [string, string]): void {
  const body = `${words}\n`;
  socket.end(
    `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
}

/** The last hop that the proxy saw. */
function addressOf(request: IncomingMessage, behindProxy: boolean): string {
  const direct = request.socket.remoteAddress ?? '';
  if (!behindProxy) return direct;
  const said = String(request.headers['x-forwarded-for'] ?? '').split(',');
  const last = said.at(-1)?.trim() ?? '';
  return isIP(last) === 0 ? direct : last;
}

function explain(failure: unknown, init: ControlListenerInit): PortError {
  const what = `TCP port ${init.port} of ${init.address}`;
  if (systemCode(failure) === 'EADDRINUSE')
    return new PortError('busy', `${what} is in use; choose another with --port`, {
      cause: failure,
    });
  return portErrorFrom(failure, `listening on ${what}`);
}
