/**
 * What a control plane serves over plain HTTP requests: the page of an invitation, health, metrics.
 *
 * Guard  nothing of what is asked changes anything; requests of one address are counted and limited.
 */
import { createHash } from 'node:crypto';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance } from 'fastify';
import { readCode } from '../control/invitation-link.ts';
import { addressGroup } from '../control/server/addresses.ts';
import type { ServerCounters } from '../control/server/counters.ts';
import {
  INVITATION_PAGE,
  INVITATION_SCRIPT,
  INVITATION_STYLE,
} from '../control/server/invitation-page.ts';
import type { Log } from '../core/log.ts';
import { writeControlMetrics } from './control-metrics.ts';

/** Requests of one address, a minute. */
const REQUESTS = 120;

const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64');

/** Only what is in the document may run. */
const PAGE_POLICY: string = [
  "default-src 'none'",
  'img-src data:',
  `style-src 'sha256-${hashOf(INVITATION_STYLE)}'`,
  `script-src 'sha256-${hashOf(INVITATION_SCRIPT)}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const ABOUT =
  'This is a control plane of jam.togthr. Boxes connect to it; there is nothing to see here.\n';

export async function serveControlPages(
  app: FastifyInstance,
  deps: {
    readonly counters: ServerCounters;
    readonly log: Log;
    readonly secure: boolean;
    readonly healthy: () => Promise<boolean>;
  },
): Promise<void> {
  const { counters, log, secure, healthy } = deps;
  await app.register(rateLimit, {
    max: REQUESTS,
    timeWindow: 60_000,
    cache: 10_000,
    keyGenerator: (request) => addressGroup(request.ip),
  });
  app.addHook('onRequest', async (_request, reply) => {
    reply
      .header('cache-control', 'no-store')
      .header('x-content-type-options', 'nosniff')
      .header('referrer-policy', 'no-referrer')
      .header('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
    if (secure) reply.header('strict-transport-security', 'max-age=31536000');
  });
  app.get('/', async (_request, reply) => reply.type('text/plain; charset=utf-8').send(ABOUT));
  // Long and short, as invitation-link.ts writes them.
  for (const path of ['/i/:code', '/:code']) {
    app.get<{ Params: { code: string } }>(path, async ({ params }, reply) => {
      if (readCode(params.code) === undefined) return reply.callNotFound();
      return reply
        .type('text/html; charset=utf-8')
        .header('content-security-policy', PAGE_POLICY)
        .send(INVITATION_PAGE);
    });
  }
  app.get('/healthz', { config: { rateLimit: false } }, async (_request, reply) => {
    const ok = await healthy();
    return reply.code(ok ? 200 : 503).send({ ok });
  });
  app.get('/metrics', { config: { rateLimit: false } }, async (request, reply) => {
    // Who is on this machine may know how busy it is; through a proxy it is the proxy that must not pass it on.
    if (!isLoopback(request.socket.remoteAddress) || request.headers['x-forwarded-for'])
      return reply.callNotFound();
    return reply.type('text/plain; version=0.0.4').send(await writeControlMetrics(counters));
  });
  app.setNotFoundHandler(async (_request, reply) =>
    reply.code(404).type('text/plain; charset=utf-8').send('There is nothing here.\n'),
  );
  app.setErrorHandler(async (failure: { statusCode?: number }, _request, reply) => {
    const status = failure.statusCode ?? 500;
    if (status >= 500) log.error('a request failed', { failure });
    const words = status === 429 ? 'Too many requests; wait a minute.\n' : 'That did not work.\n';
    return reply.code(status).type('text/plain; charset=utf-8').send(words);
  });
}

const isLoopback = (address: string | undefined): boolean =>
  /^(::1|(::ffff:)?127\.)/.test(address ?? '');
