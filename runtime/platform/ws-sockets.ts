/**
 * WebSockets to a server, over TLS unless the URL says otherwise.
 *
 * Gives  connections, or in words why there is none: a name that is not known, a certificate that is not to be trusted, a
 *        login page in between.
 * Lane   4.
 */
import type { IncomingMessage } from 'node:http';
import { isIP, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { PortError } from '../core/errors.ts';
import type { WebSocketConnection, WebSocketInit, WebSockets } from '../ports/web-sockets.ts';
import { systemCode } from './system-errors.ts';
import { WsConnection } from './ws-connection.ts';

/** From the first packet to the upgrade, in milliseconds. */
const HANDSHAKE_MS = 6_000;
/**
 * For TCP alone, which waits ever longer (1, 2, 4 s) before it sends its first packet again: after a cut, a new connection
 * gets through sooner than one that was begun during it.
 */
const CONNECT_MS = 800;

export function openWsSockets(): WebSockets {
  return { connect };
}

function connect(
  url: string,
  init: WebSocketInit,
  signal: AbortSignal,
): Promise<WebSocketConnection> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const server = url.replace(/^wss?:\/\//, '').split('/')[0] ?? url;
    const pinned = init.certificate?.replaceAll(':', '').toLowerCase();
    const onSilence = (): void =>
      refuse(new PortError('unavailable', `${server} does not answer; check the network`));
    let socket: WebSocket;
    try {
      socket = new WebSocket(url, init.protocol, {
        maxPayload: init.mostOctets,
        perMessageDeflate: false,
        handshakeTimeout: HANDSHAKE_MS,
        followRedirects: false,
        finishRequest(request) {
          request.on('socket', (carrier) => limitConnecting(carrier, request.host, onSilence));
          request.end();
        },
        // The one certificate that was named is looked for below.
        ...(pinned === undefined ? {} : { rejectUnauthorized: false }),
      });
    } catch (failure) {
      reject(new PortError('invalid', `${url} is no address of a server`, { cause: failure }));
      return;
    }
    let settled = false;
    const settle = (finish: () => void): void => {
      if (settled) return;
      settled = true;
      signal.removeEventListener('abort', abort);
      finish();
    };
    const refuse = (failure: PortError): void =>
      settle(() => {
        socket.on('error', () => {});
        socket.terminate();
        reject(failure);
      });
    const abort = (): void =>
      settle(() => {
        socket.on('error', () => {});
        socket.terminate();
        reject(signal.reason);
      });
    signal.addEventListener('abort', abort, { once: true });
    socket.on('upgrade', (response) => {
      if (pinned === undefined || certificateOf(response) === pinned) return;
      refuse(
        new PortError(
          'denied',
          `${server} shows another certificate than control.certificate says; do not connect unless its owner changed it`,
        ),
      );
    });
    socket.on('unexpected-response', (_request, response) =>
      refuse(explainAnswer(server, response)),
    );
    socket.on('error', (failure) => refuse(explainFailure(server, failure)));
    socket.on('open', () => settle(() => resolve(new WsConnection(socket))));
  });
}

/** To look up its name has limits of its own. */
function limitConnecting(carrier: Socket, host: string, onSilence: () => void): void {
  let limit: NodeJS.Timeout | undefined;
  const start = (): void => {
    limit ??= setTimeout(onSilence, CONNECT_MS);
  };
  if (isIP(host.replace(/^\[|\]$/g, '')) === 0) carrier.once('connectionAttempt', start);
  else start();
  for (const end of ['connect', 'close'] as const) carrier.once(end, () => clearTimeout(limit));
}

function certificateOf(response: IncomingMessage): string | undefined {
  const { socket } = response;
  if (!('getPeerCertificate' in socket)) return undefined;
  const { fingerprint256 } = (socket as TLSSocket).getPeerCertificate();
  return fingerprint256?.replaceAll(':', '').toLowerCase();
}

function explainAnswer(server: string, { statusCode = 0 }: IncomingMessage): PortError {
  if (statusCode === 429 || statusCode === 503)
    return new PortError('full', `${server} is full; trying again`);
  if (statusCode >= 300 && statusCode < 400)
    return new PortError(
      'unavailable',
      `the network answers in place of ${server}: does it want a login on a web page first?`,
    );
  return new PortError(
    'unavailable',
    `${server} answers, but is no control plane (HTTP ${statusCode}); check control.server, or a login page of the network`,
  );
}

const TLS_WORDS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired; tell whoever runs it, and check the date here',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet; check the date of this machine',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name; check control.server',
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'no authority vouches for its certificate; set control.certificate to what the server printed',
  SELF_SIGNED_CERT_IN_CHAIN:
    'no authority vouches for its certificate; does the network open encrypted connections?',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate comes without its chain; tell whoever runs it to serve the full chain',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'no authority vouches for its certificate; does the network open encrypted connections?',
};

function explainFailure(server: string, failure: Error): PortError {
  const options = { cause: failure };
  const code = systemCode(failure) ?? '';
  const words = TLS_WORDS[code];
  if (words !== undefined) return new PortError('denied', `${server}: ${words}`, options);
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new PortError(
        'unavailable',
        `the name ${server} is not known; check control.server and the network`,
        options,
      );
    case 'ECONNREFUSED':
      return new PortError('unavailable', `${server} refuses connections; does it run?`, options);
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
    case 'EADDRNOTAVAIL':
      return new PortError(
        'unavailable',
        `there is no way to ${server}; check the network`,
        options,
      );
    case 'ECONNRESET':
      return new PortError('unavailable', `${server} hung up; trying again`, options);
    default:
      break;
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL'))
    return new PortError(
      'denied',
      `${server} does not speak TLS there; check the port, or a login page of the network`,
      options,
    );
  if (/timed out|timeout/i.test(failure.message))
    return new PortError('unavailable', `${server} does not answer; check the network`, options);
  return new PortError('unavailable', `${server}: ${failure.message}`, options);
}
