/**
 * An RTP-MIDI end point for diagnosis, as `monitor` and `send` use it: no box around it.
 *
 * Takes  what was typed: HOST:PORT, a port, a name.
 * Gives  an open end point; a connection that is up, or a CommandError that says why it isn't.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { silentLog } from '../runtime/core/log.ts';
import { openMonotonicClock } from '../runtime/platform/monotonic-clock.ts';
import { systemRandomness } from '../runtime/platform/system-randomness.ts';
import { openUdpNetwork } from '../runtime/platform/udp-network.ts';
import type { Clock, WallClock } from '../runtime/ports/clock.ts';
import type { NetAddress } from '../runtime/ports/datagram-network.ts';
import {
  openRtpMidiEndpoint,
  type RtpMidiConnection,
  type RtpMidiEndpoint,
} from '../runtime/transport/rtp-midi/endpoint.ts';
import { CommandError, UsageError } from './failure.ts';

/** IANA's port for RTP media; AppleMIDI peers use it and the next one when nothing else is said. */
const DEFAULT_PORT = 5004;
const HIGHEST_CONTROL_PORT = 65_534;
const LOOK_MS = 20;

export interface RtpPeerProgram extends AsyncDisposable {
  readonly clock: Clock & WallClock;
  readonly endpoint: RtpMidiEndpoint;
}

export async function openRtpPeer(what: string, port: number): Promise<RtpPeerProgram> {
  const clock = openMonotonicClock();
  const endpoint = await openRtpMidiEndpoint(
    {
      clock,
      network: openUdpNetwork({ clock }),
      randomness: systemRandomness,
      log: silentLog,
    },
    { name: `togthr ${what} on ${hostname()}`, port },
  );
  return { clock, endpoint, [Symbol.asyncDispose]: () => endpoint[Symbol.asyncDispose]() };
}

/** For commander: HOST, HOST:PORT, [IPv6]:PORT or a bare IPv6 address. */
export function parseAddress(text: string): NetAddress {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(text);
  const plain = /^([^:\s]+)(?::(\d+))?$/.exec(text);
  const bare = isIP(text.split('%')[0] ?? '') === 6 ? text : undefined;
  const host = bracketed?.[1] ?? plain?.[1] ?? bare;
  const port = Number((bracketed ?? plain)?.[2] ?? DEFAULT_PORT);
  if (host === undefined || port < 1 || port > HIGHEST_CONTROL_PORT) {
    throw new UsageError(
      `--connect ${text}: must be HOST:PORT, with a control port from 1 to ${HIGHEST_CONTROL_PORT}`,
    );
  }
  return { host, port };
}

/** For commander: a control port; the data port is the next one. */
export function parseControlPort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= HIGHEST_CONTROL_PORT) return port;
  throw new UsageError(
    `--listen ${text}: must be a port from 1 to ${HIGHEST_CONTROL_PORT} (the next one is used too)`,
  );
}

export function writeAddress({ host, port }: NetAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Resolves when the session is up. Rejects when the peer refuses, or doesn't answer for `seconds`. */
export async function connectPeer(
  endpoint: RtpMidiEndpoint,
  to: NetAddress,
  seconds: number,
  signal: AbortSignal,
): Promise<RtpMidiConnection> {
  const connection = endpoint.connect({ host: await numericHost(to.host), port: to.port });
  const until = performance.now() + seconds * 1_000;
  while (connection.state !== 'connected') {
    signal.throwIfAborted();
    if (connection.state === 'refused') {
      throw new CommandError(
        `${writeAddress(to)} refused the invitation; allow this computer there and try again`,
      );
    }
    if (performance.now() > until) {
      throw new CommandError(
        `no answer from ${writeAddress(to)} for ${seconds} s; check the address, and that UDP ports ${to.port} and ${to.port + 1} get through`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return connection;
}

async function numericHost(host: string): Promise<string> {
  if (isIP(host.split('%')[0] ?? '') !== 0) return host;
  try {
    return (await lookup(host)).address;
  } catch (failure) {
    throw new CommandError(`can't find ${host}; check the name, or give its address`, {
      cause: failure,
    });
  }
}
