/** Why no connection came about, in words for people. */
import { PortError } from '../../core/errors.ts';
import { JoinFailure } from '../../core/join-failure.ts';
import type { NetAddress } from '../../ports/datagram-network.ts';
import { boxOfPlace } from './place.ts';
import type { SignalRefusal } from './signal-message.ts';

const placeText = ({ host, port }: NetAddress): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

/** The box there, as people know it. */
export const boxAt = (to: NetAddress): string =>
  boxOfPlace(to) ? 'the other box' : `the box at ${placeText(to)}`;

export const nobodyAt = (to: NetAddress, cause?: unknown): PortError =>
  new PortError(
    'unavailable',
    boxOfPlace(to)
      ? 'that box is not online: is it on, and connected to the same server?'
      : `nobody answers at ${placeText(to)}: is the box on, and in the same network?`,
    { cause },
  );

export const hungUp = (to: NetAddress): PortError =>
  new PortError(
    'disconnected',
    `${boxAt(to)} hung up while the connection was made; try again${boxOfPlace(to) ? '' : ', and check its setting link.security'}`,
  );

/** `reasons`: what the connections themselves had to say. */
export function neverOpened(to: NetAddress, reasons: readonly string[]): JoinFailure {
  const why = reasons.at(-1);
  return new JoinFailure(
    'tookTooLong',
    `${boxAt(to)} answers, but no connection to it opens: does a firewall block UDP here or there?${why ? ` (${why})` : ''}`,
  );
}

export function refusedCall(to: NetAddress, code: SignalRefusal): PortError {
  const place = boxAt(to);
  switch (code) {
    case 'version':
      return new JoinFailure(
        'version',
        `${place} makes connections in another way than this one; update the older of the two`,
      );
    case 'busy':
      return new PortError('busy', `${place} has too many callers just now; try again`);
    case 'closed':
      return new JoinFailure('hostGone', `${place} is in no session any more`);
  }
}

export const noServer = (problem: string): JoinFailure =>
  new JoinFailure(
    'serverUnreachable',
    `${problem || 'the server is not reached yet'}; boxes on the internet are reached through it`,
  );

export const noControlPlane = (): PortError =>
  new PortError(
    'unavailable',
    'that box is on the internet, and this one has no server to reach it by; set control.server',
  );
