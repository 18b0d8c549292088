import { lookup } from 'node:dns/promises';
import { PortError } from '../core/errors.ts';
import { canonicalHost } from './ip-text.ts';

/**
 * The numeric address behind a host's name, by what this machine uses to look names up; an address is itself. IPv4 before
 * IPv6: most RTP-MIDI programs listen on that. Rejects when there is none.
 */
export async function lookUpHost(host: string): Promise<string> {
  const numeric = canonicalHost(host);
  if (numeric !== undefined) return numeric;
  const found = await lookup(host, { all: true });
  const first = found.find(({ family }) => family === 4) ?? found[0];
  if (!first) throw new PortError('unavailable', `${host} has no address; check the name`);
  return first.address;
}
