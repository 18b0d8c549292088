/**
 * Where a control plane is: `https://jam.example.org`, or `http://HOST:PORT` without encryption (loopback, diagnosis).
 *
 * Takes text, gives the parts, keeps nothing.
 */
import { PortError } from '../core/errors.ts';

export interface ServerAddress {
  /** Without a path, lower case, without the scheme's own port. */
  readonly url: string;
  /** `jam.example.org`, `127.0.0.1:8443`: what a sign-in is bound to. */
  readonly name: string;
  readonly secure: boolean;
  /** Where boxes connect. */
  readonly webSocketUrl: string;
}

/** Subprotocol of the WebSocket, and the path it is at. */
export const SUBPROTOCOL = 'togthr.1';
export const WEB_SOCKET_PATH = '/v1/box';

const URL_FORM =
  /^(https|http):\/\/(\[[0-9a-f:.]{2,45}\]|[a-z0-9_](?:[a-z0-9_.-]{0,252}[a-z0-9_.])?)(?::(\d{1,5}))?\/?$/;
const USUAL_PORT = { https: '443', http: '80' } as const;

/** Throws PortError 'invalid' for what is no such URL, with an example of one. */
export function readServerAddress(text: string): ServerAddress {
  const plain = text.trim().toLowerCase();
  const [, scheme = '', host = '', port = ''] = URL_FORM.exec(plain) ?? [];
  if ((scheme !== 'https' && scheme !== 'http') || Number(port) > 65_535)
    throw new PortError(
      'invalid',
      `"${text}" is no address of a control plane; it looks like https://jam.example.org`,
    );
  const name = port === '' || port === USUAL_PORT[scheme] ? host : `${host}:${port}`;
  const secure = scheme === 'https';
  return {
    url: `${scheme}://${name}`,
    name,
    secure,
    webSocketUrl: `${secure ? 'wss' : 'ws'}://${name}${WEB_SOCKET_PATH}`,
  };
}
