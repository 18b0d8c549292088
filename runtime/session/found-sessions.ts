/**
 * Sessions on the local network, from what their members announce. FORMAT.md, "DNS-SD".
 *
 * Takes  services as discovery found them: anyone may announce anything.
 * Gives  members whose records are whole, and one FoundSession per session. Pure.
 */
import type { BoxId, SessionId } from '../core/ensemble.ts';
import type { NetAddress } from '../ports/datagram-network.ts';
import type { FoundService, ServiceAdvert } from '../ports/discovery.ts';
import {
  isAddress,
  isBoxId,
  isPort,
  isSessionId,
  LINK_PROTOCOL,
  MAX_NAME,
  plainText,
} from '../transport/link/hello.ts';
import { MAX_TEMPO, MIN_TEMPO } from './control-values.ts';
import type { FoundSession } from './session.ts';

export interface FoundMember {
  readonly box: BoxId;
  readonly boxName: string;
  readonly session: SessionId;
  readonly name: string;
  readonly tempo: number;
  readonly participants: number;
  readonly hosts: boolean;
  readonly addresses: readonly string[];
  readonly port: number;
}

const MAX_SERVICES = 256;
const MAX_ADDRESSES = 8;
/** Addresses of one session that are tried. */
const MAX_PLACES = 32;
const MAX_PARTICIPANTS = 999;
const MAX_INSTANCE_OCTETS = 63;

export function foundMembers(services: readonly FoundService[]): readonly FoundMember[] {
  return services.slice(0, MAX_SERVICES).flatMap((service): FoundMember[] => {
    const { txt, port } = service;
    const { sid, box, name } = txt;
    if (txt['v'] !== String(LINK_PROTOCOL) || !isSessionId(sid) || !isBoxId(box)) return [];
    if (!name || !isPort(port) || port === 0) return [];
    const addresses = service.addresses.filter((address) => address !== '' && isAddress(address));
    if (addresses.length === 0) return [];
    return [
      {
        box,
        boxName: plainText(service.name, MAX_NAME),
        session: sid,
        name: plainText(name, MAX_NAME),
        tempo: numberIn(txt['tempo'], MIN_TEMPO, MAX_TEMPO, 120),
        participants: Math.round(numberIn(txt['participants'], 1, MAX_PARTICIPANTS, 1)),
        hosts: txt['host'] === '1',
        addresses: addresses.slice(0, MAX_ADDRESSES),
        port,
      },
    ];
  });
}

/** By name, then by id. What the host says of the session goes before what other members say. */
export function foundSessions(members: readonly FoundMember[]): readonly FoundSession[] {
  const bySession = new Map<SessionId, FoundMember[]>();
  for (const member of members) {
    const others = bySession.get(member.session);
    if (others) others.push(member);
    else bySession.set(member.session, [member]);
  }
  return [...bySession.values()].map(asSession).sort(byName);
}

function asSession(members: FoundMember[]): FoundSession {
  const sorted = members.sort(
    (a, b) => Number(b.hosts) - Number(a.hosts) || (a.box < b.box ? -1 : 1),
  );
  const first = sorted[0] as FoundMember;
  const { session, name, tempo, participants, port } = first;
  const written = (some: readonly FoundMember[]): string[] =>
    some.flatMap((member) =>
      member.addresses.map((host) =>
        member.port === port ? host : writeAddress(host, member.port),
      ),
    );
  const hosts = sorted.filter((member) => member.hosts);
  return {
    session,
    name,
    tempo,
    participants,
    host: first.boxName,
    hostBox: first.box,
    hostAddresses: written(hosts),
    // While two claim to host (it was just handed over, or one lies) either may be the one.
    ...(hosts.length === 1 ? { expected: first.box } : {}),
    addresses: [...new Set(written(sorted))],
    port,
  };
}

const byName = (a: FoundSession, b: FoundSession): number =>
  a.name === b.name ? (a.session < b.session ? -1 : 1) : a.name < b.name ? -1 : 1;

export function memberAdvert(member: Omit<FoundMember, 'addresses'>): ServiceAdvert {
  return {
    name: shortenOctets(member.boxName, MAX_INSTANCE_OCTETS),
    type: '_jam-togthr._tcp',
    port: member.port,
    txt: {
      v: String(LINK_PROTOCOL),
      sid: member.session,
      name: plainText(member.name, MAX_NAME),
      tempo: String(Math.round(member.tempo * 100) / 100),
      participants: String(member.participants),
      box: member.box,
      ...(member.hosts ? { host: '1' } : {}),
    },
  };
}

/** `host:port`, or `[host]:port` when the host has colons of its own. */
const writeAddress = (host: string, port: number): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

/** The places of a target, each a host, or a host and port as writeAddress makes them; what is neither is left out. */
export function readAddresses(addresses: readonly string[], port: number): readonly NetAddress[] {
  return addresses.slice(0, MAX_PLACES).flatMap((text): NetAddress[] => {
    const parts = /^\[([^\]]+)\]:(\d{1,5})$/.exec(text) ?? /^([^:]+):(\d{1,5})$/.exec(text);
    const host = parts?.[1] ?? text;
    const own = parts ? Number(parts[2]) : port;
    return host !== '' && isAddress(host) && isPort(own) && own !== 0 ? [{ host, port: own }] : [];
  });
}

function numberIn(text: string | undefined, min: number, max: number, fallback: number): number {
  const value = text !== undefined && text.length <= 16 ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : fallback;
}

function shortenOctets(text: string, max: number): string {
  const encoder = new TextEncoder();
  const characters = [...plainText(text, MAX_NAME)];
  while (encoder.encode(characters.join('')).length > max) characters.pop();
  return characters.join('').trim() || 'jam.togthr';
}
