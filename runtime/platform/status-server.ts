/**
 * The status page: what the box is doing, for a browser, a health check and Prometheus.
 *
 * Takes  a StatusSource, read when somebody looks, and recent log lines.
 * Gives  `/`, `/status.json`, `/healthz` and `/metrics` over HTTP. Nothing can be changed through it.
 * Keeps  nothing. There is no password: it is meant for loopback, and answers only to names that no foreign web page
 *        can point at it (DNS rebinding).
 * Lane   4.
 */
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { type FastifyInstance, fastify } from 'fastify';
import type { StatusSource } from '../core/box-status.ts';
import { PortError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { openMetrics } from './metrics.ts';
import type { LogLine } from './pino-log.ts';
import { STATUS_PAGE, STATUS_PAGE_POLICY } from './status-page.ts';
import { portErrorFrom, systemCode } from './system-errors.ts';

export interface StatusServer extends AsyncDisposable {
  /** For people: `http://127.0.0.1:9464/`. */
  readonly url: string;
  readonly port: number;
}

export interface StatusServerDeps {
  readonly source: StatusSource;
  readonly log: Log;
  /** Oldest first. */
  readonly recent: () => readonly LogLine[];
}

/** Lines of log in the page. */
const LINES = 50;

/** Rejects with PortError: 'busy' when the port is taken, 'denied', 'unavailable' for an address that is not here. */
export async function openStatusServer(
  deps: StatusServerDeps,
  init: { readonly port: number; readonly address: string },
): Promise<StatusServer> {
  const metrics = openMetrics(deps.source);
  const app = fastify({ logger: false, forceCloseConnections: true, bodyLimit: 1_024 });
  guard(app, deps.log);
  app.get('/', async (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', STATUS_PAGE_POLICY)
      .send(STATUS_PAGE),
  );
  app.get('/status.json', async () => ({
    ...deps.source.status(),
    eventLoopLag: metrics.eventLoopLag(),
    log: deps.recent().slice(-LINES),
  }));
  app.get('/healthz', async (_request, reply) => {
    const { health } = deps.source.status();
    return reply.code(health.ok ? 200 : 503).send(health);
  });
  app.get('/metrics', async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.read()),
  );

  try {
    await app.listen({ port: init.port, host: init.address });
  } catch (failure) {
    metrics[Symbol.dispose]();
    await app.close();
    throw explain(failure, init);
  }
  const bound = app.server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : init.port;
  return {
    url: `http://${isIP(init.address) === 6 ? `[${init.address}]` : init.address}:${port}/`,
    port,
    async [Symbol.asyncDispose]() {
      metrics[Symbol.dispose]();
      await app.close();
    },
  };
}

function guard(app: FastifyInstance, log: Log): void {
  app.addHook('onRequest', async (request, reply) => {
    reply
      .header('cache-control', 'no-store')
      .header('x-content-type-options', 'nosniff')
      .header('referrer-policy', 'no-referrer');
    if (!isOurName(request.headers.host))
      return reply
        .code(403)
        .send({ error: 'open this page by the address of the box or as localhost' });
    return undefined;
  });
  app.setNotFoundHandler(async (_request, reply) =>
    reply.code(404).send({ error: 'there is /, /status.json, /healthz and /metrics' }),
  );
  app.setErrorHandler(async (failure, _request, reply) => {
    log.error('the status page failed', { failure });
    return reply.code(500).send({ error: 'the status could not be read; see the log' });
  });
}

/**
 * A web page from elsewhere can make a browser reach us only under a name of its own; an address, `localhost` and this
 * machine's name are not such names.
 */
export function isOurName(host: string | undefined): boolean {
  const name = /^(\[[^\]]*\]|[^:]*)(?::\d{1,5})?$/.exec(host ?? '')?.[1]?.toLowerCase();
  if (name === undefined || name === '') return false;
  if (isIP(name.replaceAll(/[[\]]/g, '')) !== 0) return true;
  const machine = hostname().toLowerCase();
  return ['localhost', machine, `${machine}.local`].includes(name);
}

function explain(
  failure: unknown,
  init: { readonly port: number; readonly address: string },
): PortError {
  const what = `the status page can't be served on ${init.address} port ${init.port}`;
  if (systemCode(failure) === 'EADDRINUSE')
    return new PortError('busy', `${what}, which is in use; choose another with --status-port`, {
      cause: failure,
    });
  return portErrorFrom(failure, `serving the status page on ${init.address} port ${init.port}`);
}
