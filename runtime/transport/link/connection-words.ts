/** Why no connection came about, in words for people. */
import { PortError } from '../../core/errors.ts';
import { JoinFailure } from '../../core/join-failure.ts';
import type { NetAddress } from '../../ports/datagram-network.ts';
import { boxOfPlace } from './place.ts';
import type { SignalRefusal } from './signal-message.ts';

/** As people know it. */
export function placeText(to: NetAddress): string {
  if (boxOfPlace(to)) return 'the other end of the internet';
  return to.host.includes(':') ? `[${to.host}]:${to.port}` : `${to.host}:${to.port}`;
}

export const nobodyAt = (to: NetAddress, cause?: unknown): PortError =>
  new PortError(
    'unavailable',
    boxOfPlace(to)
      ? 'that box is not online: is it on, and connected to the same server?'
      : `nobody answers at ${placeText(to)}: is the box on, and in the same network?`,
    { cause },
  );

export const notABox = (to: NetAddress): PortError =>
  new PortError(
    'unavailable',
    `what answers at ${placeText(to)} is no jam.togthr box that takes encrypted links; check address and port, and its setting link.security`,
  );

export const hungUp = (to: NetAddress): PortError =>
  new PortError(
    'disconnected',
    boxOfPlace(to)
      ? 'the other box hung up while the connection was made; try again'
      : `the box at ${placeText(to)} hung up while the connection was made; try again, and check its setting link.security`,
  );

/** `reasons`: what the connections themselves had to say. */
export function neverOpened(to: NetAddress, reasons: readonly string[]): JoinFailure {
  const why = reasons.at(-1);
  const place = boxOfPlace(to) ? 'the other box' : `the box at ${placeText(to)}`;
  return new JoinFailure(
    'tookTooLong',
    `${place} answers, but no connection to it opens: does a firewall block UDP here or there?${why ? ` (${why})` : ''}`,
  );
}

export function refusedCall(to: NetAddress, code: SignalRefusal): PortError {
  const place = boxOfPlace(to) ? 'the other box' : `the box at ${placeText(to)}`;
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
