/**
 * What boxes may dial a server as: sign-ins are bound to the name that they dialed.
 *
 * Takes  the URLs that were given; else the certificate's names, or the addresses it listens on.
 */
import { X509Certificate } from 'node:crypto';
import { hostname, networkInterfaces } from 'node:os';
import { readServerAddress, type ServerAddress } from '../runtime/control/server-address.ts';
import { UsageError } from './failure.ts';
import type { ServerOptions } from './server-options.ts';

export function serverAddresses(
  { urls, tls, address }: Pick<ServerOptions, 'urls' | 'tls' | 'address'>,
  port: number,
): readonly ServerAddress[] {
  if (urls.length > 0) return urls.map(readServerAddress);
  const scheme = tls ? 'https' : 'http';
  const named = tls ? namesOf(tls.cert) : [];
  const hosts = named.length > 0 ? named : hostsAt(address);
  return hosts.map((host) =>
    readServerAddress(`${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`),
  );
}

/** SHA-256 as boxes want it in control.certificate. */
export function fingerprintOf(cert: string): string {
  return certificate(cert).fingerprint256.replaceAll(':', '').toLowerCase();
}

function namesOf(cert: string): readonly string[] {
  const names = certificate(cert).subjectAltName ?? '';
  return [...names.matchAll(/(?:DNS|IP Address):([^,\s]+)/g)]
    .map(([, name = '']) => name)
    .filter((name) => name !== '' && !name.startsWith('*'));
}

function certificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (failure) {
    throw new UsageError('--cert: must be a PEM file that begins with the server certificate', {
      cause: failure,
    });
  }
}

function hostsAt(address: string): readonly string[] {
  const loopback = ['localhost', '127.0.0.1', '::1'];
  if (address !== '::' && address !== '0.0.0.0')
    return loopback.includes(address) ? [address, ...loopback] : [address];
  const own = Object.values(networkInterfaces())
    .flatMap((several) => several ?? [])
    .filter((one) => !one.internal && !one.address.startsWith('fe80:'))
    .map((one) => one.address);
  return [...own, hostname().toLowerCase(), ...loopback].filter((name) =>
    /^[0-9a-z.:_-]+$/.test(name),
  );
}
