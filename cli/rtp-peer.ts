/**
 * An RTP-MIDI end point for diagnosis, as `monitor` and `send` use it: no box around it.
 *
 * Takes  what was typed: HOST:PORT, a port, the name under which a peer announces itself.
 * Gives  an open end point; a connection that is up, or a CommandError that says why it isn't.
 */
import { hostname } from 'node:os';
import { type NamedPeer, openNamedPeer } from '../runtime/box/named-peer.ts';
import { Teardown } from '../runtime/core/lifecycle.ts';
import { silentLog } from '../runtime/core/log.ts';
import { lookUpHost } from '../runtime/platform/host-lookup.ts';
import { canonicalHost, isLinkLocal } from '../runtime/platform/ip-text.ts';
import { openLocalDiscovery } from '../runtime/platform/local-discovery.ts';
import { openMonotonicClock } from '../runtime/platform/monotonic-clock.ts';
import { systemRandomness } from '../runtime/platform/system-randomness.ts';
import { openUdpNetwork } from '../runtime/platform/udp-network.ts';
import type { Clock, WallClock } from '../runtime/ports/clock.ts';
import type { NetAddress } from '../runtime/ports/datagram-network.ts';
import {
  openRtpMidiEndpoint,
  type RtpMidiEndpoint,
} from '../runtime/transport/rtp-midi/endpoint.ts';
import { CommandError, UsageError } from './failure.ts';

/** IANA's port for RTP media; AppleMIDI peers use it and the next one when nothing else is said. */
const DEFAULT_PORT = 5004;
const HIGHEST_CONTROL_PORT = 65_534;
const LOOK_MS = 20;
const HOST_NAME = /^[a-z0-9][a-z0-9.-]*$/i;

export interface RtpPeerProgram extends AsyncDisposable {
  readonly clock: Clock & WallClock;
  readonly endpoint: RtpMidiEndpoint;
  /** Released with it, before the end point. */
  readonly held: Teardown;
}

export async function openRtpPeer(what: string, port: number): Promise<RtpPeerProgram> {
  const clock = openMonotonicClock();
  const held = new Teardown();
  const endpoint = await openRtpMidiEndpoint(
    {
      clock,
      network: openUdpNetwork({ clock }),
      randomness: systemRandomness,
      log: silentLog,
    },
    { name: `togthr ${what} on ${hostname()}`, port },
  );
  held.hold(endpoint);
  return { clock, endpoint, held, [Symbol.asyncDispose]: () => held[Symbol.asyncDispose]() };
}

/** Whom to invite: an address, or the name under which a peer announces itself. */
export type PeerTarget =
  | ({ readonly kind: 'address' } & NetAddress)
  | { readonly kind: 'name'; readonly name: string };

/** For commander: HOST:PORT, [IPv6]:PORT, a numeric address, or the name of a host or a peer. */
export function parsePeer(text: string): PeerTarget {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(text);
  const withPort = /^([^:\s]+):(\d+)$/.exec(text);
  const host = bracketed?.[1] ?? withPort?.[1] ?? canonicalHost(text);
  if (host === undefined && text.trim() !== '') return { kind: 'name', name: text.trim() };
  const port = Number((bracketed ?? withPort)?.[2] ?? DEFAULT_PORT);
  if (host === undefined || port < 1 || port > HIGHEST_CONTROL_PORT) {
    throw new UsageError(
      `--connect ${text}: must be HOST:PORT, with a control port from 1 to ${HIGHEST_CONTROL_PORT}, or the name of a peer`,
    );
  }
  const numeric = canonicalHost(host);
  if (numeric !== undefined && isLinkLocal(numeric) && !numeric.includes('%')) {
    throw new UsageError(
      `--connect ${text}: say on which network interface, as in [${numeric}%eth0]:${port}`,
    );
  }
  return { kind: 'address', host: numeric ?? host, port };
}

/**
 * For commander, where both stay in force for long: what has a dot and could be a host is a host (`studio.example.org`,
 * but not `studio.local`, which is announced as peers are); other names are announced ones.
 */
export function parseRunPeer(text: string): PeerTarget {
  const target = parsePeer(text);
  if (target.kind === 'address') return target;
  const { name } = target;
  const isHost = HOST_NAME.test(name) && name.includes('.') && !/\.local$/i.test(name);
  return isHost || name === 'localhost'
    ? { kind: 'address', host: name, port: DEFAULT_PORT }
    : target;
}

/** For commander: HOST:PORT, [IPv6]:PORT, a numeric address or the name of a host. */
export function parseHost(option: string, text: string): NetAddress {
  const target = parsePeer(text);
  if (target.kind === 'address') return { host: target.host, port: target.port };
  if (HOST_NAME.test(target.name)) return { host: target.name, port: DEFAULT_PORT };
  throw new UsageError(`${option} ${text}: must be HOST:PORT`);
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

export function writePeer(target: PeerTarget): string {
  return target.kind === 'name' ? target.name : writeAddress(target);
}

/** Resolves when the session is up. Rejects when the peer refuses, or doesn't answer for `seconds`. */
export async function connectPeer(
  peer: RtpPeerProgram,
  to: PeerTarget,
  seconds: number,
  signal: AbortSignal,
): Promise<void> {
  const dialling = await dial(peer, to);
  const until = performance.now() + seconds * 1_000;
  while (dialling.state !== 'connected') {
    signal.throwIfAborted();
    if (dialling.state === 'refused') {
      throw new CommandError(
        `${writePeer(to)} refused the invitation; allow this computer there and try again`,
      );
    }
    if (performance.now() > until) throw new CommandError(noAnswer(dialling, to, seconds));
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

type Dialling = Pick<NamedPeer, 'state' | 'address' | 'names'>;

async function dial(peer: RtpPeerProgram, to: PeerTarget): Promise<Dialling> {
  if (to.kind === 'name') return dialName(peer, to.name);
  return dialAddress(peer, { host: await numericHost(to.host), port: to.port });
}

/** The name of a host does as well, where somebody can tell its address sooner. */
async function dialName(peer: RtpPeerProgram, name: string): Promise<Dialling> {
  const { clock, endpoint, held } = peer;
  const discovery = held.hold(await openLocalDiscovery({ clock, log: silentLog }));
  const named = held.hold(
    openNamedPeer({ clock, discovery, dial: (where) => endpoint.connect(where) }, name),
  );
  let byHost: Dialling | undefined;
  if (HOST_NAME.test(name)) {
    numericHost(name).then(
      (host) => {
        if (named.state === 'looking') byHost = dialAddress(peer, { host, port: DEFAULT_PORT });
      },
      () => {}, // no host, but perhaps a peer
    );
  }
  const chosen = (): Dialling => (named.address === undefined && byHost ? byHost : named);
  return {
    get state() {
      return chosen().state;
    },
    get address() {
      return chosen().address;
    },
    get names() {
      return named.names;
    },
  };
}

function dialAddress({ endpoint }: RtpPeerProgram, address: NetAddress): Dialling {
  const connection = endpoint.connect(address);
  return {
    get state() {
      return connection.state === 'closed' ? 'looking' : connection.state;
    },
    address,
    names: [],
  };
}

function noAnswer({ address, names }: Dialling, to: PeerTarget, seconds: number): string {
  if (address === undefined) {
    const others = names.length === 0 ? 'none is announced' : `announced: ${names.join(', ')}`;
    return `no RTP-MIDI peer called ${writePeer(to)} was found for ${seconds} s; ${others}`;
  }
  return `no answer from ${writeAddress(address)} for ${seconds} s; check the address, and that UDP ports ${address.port} and ${address.port + 1} get through`;
}

async function numericHost(host: string): Promise<string> {
  try {
    return await lookUpHost(host);
  } catch (failure) {
    throw new CommandError(`can't find ${host}; check the name, or give its address`, {
      cause: failure,
    });
  }
}
