/**
 * STUN and TURN servers (RFC 7064, RFC 7065) as the WebRTC library takes them.
 *
 * Takes  URLs with credentials; what our library has no use for (TURN over TCP or TLS) is passed over.
 * Gives  host names, ports and credentials apart, so that no sign in a password can be mistaken for part of a URL.
 */
import type { IceServer as LibraryServer } from 'node-datachannel';
import { PortError } from '../core/errors.ts';
import type { IceServer } from '../ports/peer-connection.ts';

const DEFAULT_PORT = 3478;
const MAX_SERVERS = 8;
const SHAPE =
  /^(stun|stuns|turn|turns):(\[[0-9a-f:.]+\]|[\w.-]{1,253})(?::(\d{1,5}))?(?:\?transport=(udp|tcp))?$/i;

/** Throws PortError 'invalid' for what is no such URL: it comes from settings or from a server of ours. */
export function libraryServers(servers: readonly IceServer[]): LibraryServer[] {
  const given: LibraryServer[] = [];
  for (const server of servers.slice(0, MAX_SERVERS)) {
    const [, scheme = '', host = '', port, transport] = SHAPE.exec(server.url) ?? [];
    const number = port === undefined ? DEFAULT_PORT : Number(port);
    if (host === '' || number < 1 || number > 65_535) {
      throw new PortError(
        'invalid',
        `${server.url} is no STUN or TURN server; write it as stun:host:port or turn:host:port`,
      );
    }
    const hostname = host.replace(/^\[|\]$/g, '');
    const kind = scheme.toLowerCase();
    if (kind.endsWith('s') || transport?.toLowerCase() === 'tcp') continue;
    if (kind === 'stun') given.push({ hostname, port: number });
    else {
      const { username = '', credential = '' } = server;
      given.push({ hostname, port: number, username, password: credential, relayType: 'TurnUdp' });
    }
  }
  return given;
}

export function isTurn(server: LibraryServer): boolean {
  return server.relayType !== undefined;
}
