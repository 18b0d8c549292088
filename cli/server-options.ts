/** What `togthr server` was asked for, checked. */
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { UsageError } from './failure.ts';

export interface ServerOptions {
  readonly version: string;
  readonly port: number;
  readonly address: string;
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  readonly behindProxy: boolean;
  /** Public URLs; none: found out from the certificate or the address. */
  readonly urls: readonly string[];
  readonly dataFolder: string;
  readonly repair: boolean;
  readonly allowNewAccounts: boolean;
  readonly stun: readonly string[];
  readonly turn: readonly string[];
  readonly turnSecret: string;
  readonly turnHours: number;
  readonly json: boolean;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
}

/** RFC 7064 and 7065. */
const ICE_URL = /^(stun|turn):(\[[0-9a-fA-F:.]+\]|[\w.-]+)(:\d{1,5})?(\?transport=(udp|tcp))?$/;

export function iceUrl(option: '--stun' | '--turn') {
  const scheme = option.slice(2);
  return (text: string, before: readonly string[] = []): readonly string[] => {
    if (ICE_URL.exec(text)?.[1] === scheme) return [...before, text];
    throw new UsageError(`${option} ${text}: must look like ${scheme}:turn.example.org:3478`);
  };
}

export async function readNamedFile(option: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (failure) {
    throw new UsageError(`${option} ${path} can't be read; check its name and permissions`, {
      cause: failure,
    });
  }
}

/** At least 128 bits, as `openssl rand -hex 32` writes them. */
export async function readTurnSecret(path: string): Promise<string> {
  const secret = (await readNamedFile('--turn-secret-file', path)).trim();
  if (/^[\x21-\x7e]{16,256}$/.test(secret)) return secret;
  throw new UsageError(
    `--turn-secret-file ${path}: must hold 16 to 256 characters without spaces; make one with: openssl rand -hex 32`,
  );
}

export function isLoopbackAddress(address: string): boolean {
  return (
    address === 'localhost' ||
    address === '::1' ||
    (isIP(address) === 4 && address.startsWith('127.'))
  );
}
