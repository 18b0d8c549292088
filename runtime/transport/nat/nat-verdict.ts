/**
 * What stands between this box and the internet, told by the addresses that two STUN servers see (RFC 4787 section 4.1).
 *
 * A NAT that gives one socket the same address towards everybody lets two boxes reach each other; one that gives it an
 * address per destination ("symmetric") doesn't, and the music takes the way through a relay.
 */
import { after, fromSeconds } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DatagramNetwork, NetAddress } from '../../ports/datagram-network.ts';
import type { IceServer } from '../../ports/peer-connection.ts';
import type { Randomness } from '../../ports/randomness.ts';
import { askStunServers } from './stun-client.ts';

export type NatKind = 'none' | 'open' | 'likelyOpen' | 'strict' | 'blocked' | 'unknown';

export interface NatVerdict {
  readonly kind: NatKind;
  /** At most 21 characters: a line of the panel. */
  readonly short: string;
  readonly sentence: string;
  /** As the internet sees this box. */
  readonly mapped: NetAddress | undefined;
}

const WORDS: Readonly<Record<NatKind, readonly [string, string]>> = {
  none: ['No NAT', 'this box has an address of its own on the internet'],
  open: ['NAT: direct works', 'the router lets boxes reach each other directly'],
  likelyOpen: [
    'NAT: direct likely',
    'there is a router between; only one server answered, so its kind is not known',
  ],
  strict: [
    'Strict NAT: relay',
    'the router gives every destination another port; music takes the way through a TURN relay',
  ],
  blocked: [
    'UDP is blocked',
    'this network lets no UDP out; music takes the way through the control server, later by some milliseconds',
  ],
  unknown: ['No answer (STUN)', 'no STUN server answers; is the box on the internet?'],
};

export function natVerdict(kind: NatKind, mapped?: NetAddress): NatVerdict {
  const [short, sentence] = WORDS[kind];
  return { kind, short, sentence, mapped };
}

/** Pure: from what the servers saw. `own`: this box's addresses. `online`: a server is reached over TCP. */
export function judgeNat(
  seen: readonly (NetAddress | undefined)[],
  own: readonly string[],
  online: boolean,
): NatVerdict {
  const answers = seen.filter((each) => each !== undefined);
  const [first, ...others] = answers;
  if (!first) return natVerdict(online ? 'blocked' : 'unknown');
  if (own.includes(first.host)) return natVerdict('none', first);
  if (others.length === 0) return natVerdict('likelyOpen', first);
  const alike = others.every(({ host, port }) => host === first.host && port === first.port);
  return natVerdict(alike ? 'open' : 'strict', first);
}

const MAX_SERVERS = 4;
const LOOK_UP_LIMIT = fromSeconds(3);
const SERVER = /^(?:stun|turn):(\[[0-9a-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?(?:\?.*)?$/i;
const DEFAULT_PORT = 3_478;

/**
 * Where to ask. Two ends are needed to tell kinds of NAT apart, so each server is asked on the port beside its own too,
 * which many listen on for that (RFC 8489 section 9.1 and RFC 5780: the alternate port).
 */
export function stunServers(servers: readonly IceServer[]): readonly NetAddress[] {
  const found = new Map<string, NetAddress>();
  const add = (host: string, port: number): void => {
    found.set(`${host} ${port}`, { host, port });
  };
  const named = servers.map(({ url }) => SERVER.exec(url)).filter((match) => match !== null);
  const ends = named.map(([, host = '', port]) => ({
    host: host.replace(/^\[|\]$/g, ''),
    port: port === undefined ? DEFAULT_PORT : Number(port),
  }));
  for (const { host, port } of ends) add(host, port);
  for (const { host, port } of ends) add(host, port + 1);
  return [...found.values()].filter(({ port }) => port > 0 && port < 65_536).slice(0, MAX_SERVERS);
}

export interface NatProbeDeps {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly datagrams: DatagramNetwork;
  /** The numeric address behind a name. */
  readonly lookUp: (host: string) => Promise<string>;
}

export interface NatProbeInit {
  readonly servers: readonly IceServer[];
  readonly own: readonly string[];
  readonly online: boolean;
}

/** Rejects with the signal's reason, or with PortError when no socket is to be had. Takes three seconds at most. */
export async function probeNat(
  deps: NatProbeDeps,
  init: NatProbeInit,
  signal: AbortSignal,
): Promise<NatVerdict> {
  const wanted = stunServers(init.servers);
  if (wanted.length === 0) return natVerdict('unknown');
  const known = (await Promise.all(wanted.map((server) => resolve(deps, server)))).filter(
    (server) => server !== undefined,
  );
  if (known.length === 0) return natVerdict('unknown');
  await using socket = await deps.datagrams.bind({ port: 0 });
  const seen = await askStunServers({ ...deps, socket }, known, signal);
  return judgeNat(seen, init.own, init.online);
}

async function resolve(deps: NatProbeDeps, server: NetAddress): Promise<NetAddress | undefined> {
  const { clock, lookUp } = deps;
  return new Promise((settle) => {
    const late = clock.alarm(() => settle(undefined));
    late.set(after(clock.now(), LOOK_UP_LIMIT));
    const finish = (found: NetAddress | undefined): void => {
      late[Symbol.dispose]();
      settle(found);
    };
    lookUp(server.host).then(
      (host) => finish({ host, port: server.port }),
      // A name that leads nowhere is a server that doesn't answer.
      () => finish(undefined),
    );
  });
}
