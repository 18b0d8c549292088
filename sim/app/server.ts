/**
 * The simulator's web server: the page, and one WebSocket for each page that is open.
 *
 * Takes  a SimulatorHost. Gives a URL to open.
 * Guard  localhost only unless told otherwise; requests must name this machine (no DNS rebinding) and WebSockets must
 *        come from our own page. Messages from a page are bounded in size and rate (page-input.ts), what goes to a page in
 *        memory (page-feed.ts), and a page that answers no ping in PING_MS is gone, with what it held.
 */
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import staticFiles from '@fastify/static';
import websocket from '@fastify/websocket';
import Fastify, { type FastifyInstance } from 'fastify';
import type { WebSocket } from 'ws';
import { PortError } from '../../runtime/core/errors.ts';
import { Teardown } from '../../runtime/core/lifecycle.ts';
import type { Log } from '../../runtime/core/log.ts';
import { MAX_CLIENT_MESSAGE } from './client-messages.ts';
import type { SimulatorHost } from './host.ts';
import { openPageFeed, type PageFeed } from './page-feed.ts';
import { openPageInput, type PageInputInit } from './page-input.ts';
import { findWebRoot, missingPage } from './web-root.ts';

export interface SimulatorServerDeps {
  readonly host: SimulatorHost;
  readonly log: Log;
}

export interface SimulatorServerInit extends PageInputInit {
  /** 0: any free one. */
  readonly port: number;
  /** Numeric address to listen at; anyone who can reach it can play. */
  readonly address?: string;
  /** The built page; found beside the program by itself. */
  readonly webRoot?: string;
}

export interface SimulatorServer extends AsyncDisposable {
  /** For a browser: `http://localhost:8080/`. */
  readonly url: string;
  readonly port: number;
  /** Pages that are connected now. */
  readonly pages: number;
}

/** Notes go out this often; states every second time, statistics about twice a second. */
const TICK_MS = 16;
const STATE_TICKS = 2;
const STATS_TICKS = 32;
/** The echo of a key played on the page follows this soon after it. */
const ECHO_MS = 4;
const PING_MS = 10_000;

/** Close codes: RFC 6455 section 7.4.1. */
const POLICY_VIOLATION = 1008;
const GOING_AWAY = 1001;

export async function openSimulatorServer(
  deps: SimulatorServerDeps,
  init: SimulatorServerInit,
): Promise<SimulatorServer> {
  const address = init.address ?? '127.0.0.1';
  const teardown = new Teardown();
  const app = Fastify({ forceCloseConnections: true, bodyLimit: 1_024 });
  const feed = openPageFeed(deps);
  const pages = new Set<WebSocket>();

  // Before the guard: it is what destroys the socket of an upgrade that the guard refuses.
  await app.register(websocket, { options: { maxPayload: MAX_CLIENT_MESSAGE } });
  guard(app, address);
  const pressed = new Set<number>();
  app.get('/ws', { websocket: true }, (socket) => {
    pages.add(socket);
    socket.on('close', () => pages.delete(socket));
    servePage(deps, init, feed, pressed, socket);
  });
  await servePageFiles(app, findWebRoot(init.webRoot));

  let ticks = 0;
  const ticking = setInterval(() => {
    ticks++;
    feed.flush({ states: ticks % STATE_TICKS === 0, stats: ticks % STATS_TICKS === 0 });
  }, TICK_MS);

  teardown.hold(feed);
  teardown.defer(() => app.close());
  teardown.defer(() => {
    clearInterval(ticking);
    for (const socket of pages) socket.close(GOING_AWAY, 'the simulator stops');
  });
  try {
    await app.listen({ port: init.port, host: address });
  } catch (failure) {
    await teardown[Symbol.asyncDispose]();
    throw listenError(failure, init.port, address);
  }

  const bound = app.server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : init.port;
  return {
    url: `http://${urlHost(address)}:${port}/`,
    port,
    get pages() {
      return pages.size;
    },
    [Symbol.asyncDispose]: () => teardown[Symbol.asyncDispose](),
  };
}

function servePage(
  { host, log }: SimulatorServerDeps,
  init: PageInputInit,
  feed: PageFeed,
  pressed: Set<number>,
  socket: WebSocket,
): void {
  const page = feed.attach(socket);
  let echo: NodeJS.Timeout | undefined;
  let alive = true;
  const input = openPageInput(
    {
      host,
      pressed,
      now: () => performance.now(),
      problem: (text) => page.tell('warn', text),
      subscribe: (wanted) => page.want(wanted),
      touched: () => {
        echo ??= setTimeout(() => {
          echo = undefined;
          feed.flush({ states: false, stats: false });
        }, ECHO_MS);
      },
    },
    init,
  );
  const pinging = setInterval(() => {
    if (!alive) socket.terminate();
    alive = false;
    if (socket.readyState === socket.OPEN) socket.ping();
  }, PING_MS);

  socket.on('pong', () => {
    alive = true;
  });
  socket.on('message', (data, isBinary) => {
    alive = true;
    const text = isBinary ? '' : data.toString();
    if (input.receive(text) !== 'flood') return;
    log.warn('a page sent more than it may and was closed');
    socket.close(POLICY_VIOLATION, 'too many messages');
  });
  // An error is always followed by 'close', which does the work.
  socket.on('error', (failure) =>
    log.debug('page connection failed', { message: failure.message }),
  );
  socket.on('close', () => {
    clearInterval(pinging);
    clearTimeout(echo);
    input[Symbol.dispose]();
    page[Symbol.dispose]();
  });
}

async function servePageFiles(app: FastifyInstance, webRoot: string | undefined): Promise<void> {
  if (webRoot === undefined) {
    app.get('/', (_request, reply) => reply.code(503).type('text/html').send(missingPage()));
    return;
  }
  await app.register(staticFiles, { root: webRoot, cacheControl: true, maxAge: 0 });
}

function guard(app: FastifyInstance, address: string): void {
  app.addHook('onRequest', async (request, reply) => {
    const host = request.headers.host ?? '';
    if (!isOurName(host, address)) {
      return reply.code(421).send('This name is not the simulator. Open it as localhost.\n');
    }
    const origin = request.headers.origin;
    if (origin !== undefined && origin !== `http://${host}`) {
      return reply.code(403).send('The simulator is played only from its own page.\n');
    }
    reply.headers({
      'content-security-policy': "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
  });
}

/**
 * A page elsewhere can make its own name resolve to our address, but not make a browser call it by number or
 * `localhost`.
 */
function isOurName(hostHeader: string, address: string): boolean {
  const name = hostHeader
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '')
    .toLowerCase();
  if (name === 'localhost' || isIP(name) !== 0 || name === address) return true;
  const machine = hostname().toLowerCase();
  const isLocal = address === '::1' || address.startsWith('127.');
  return !isLocal && (name === machine || name === `${machine}.local`);
}

function urlHost(address: string): string {
  if (address === '127.0.0.1' || address === '0.0.0.0' || address === '::') return 'localhost';
  return isIP(address) === 6 ? `[${address}]` : address;
}

function listenError(failure: unknown, port: number, address: string): unknown {
  const code = failure instanceof Error && 'code' in failure ? failure.code : undefined;
  const cause = { cause: failure };
  switch (code) {
    case 'EADDRINUSE':
      return new PortError(
        'busy',
        `port ${port} is in use by another program; choose one with --port, or 0 for any free one`,
        cause,
      );
    case 'EACCES':
      return new PortError(
        'denied',
        `port ${port} may not be used; choose one above 1023 with --port`,
        cause,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new PortError('unavailable', `this machine has no address ${address}`, cause);
    default:
      return failure;
  }
}
