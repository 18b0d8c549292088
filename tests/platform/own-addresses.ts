import { networkInterfaces } from 'node:os';
import { test } from 'vitest';

/** IPv6 addresses of this machine that reach it without leaving it: loopback, and a link-local one with its interface. */
export function ownAddresses(): string[] {
  const addresses: string[] = [];
  for (const [name, held = []] of Object.entries(networkInterfaces())) {
    for (const { address, family } of held) {
      if (family !== 'IPv6') continue;
      if (address === '::1') addresses.unshift(address);
      else if (address.startsWith('fe80:')) addresses.push(`${address}%${name}`);
    }
  }
  return addresses.slice(0, 2);
}

/** A test each, skipped aloud, for what this machine does not have. */
export function sayWhatIsMissing(what: string, own: readonly string[]): void {
  for (const [kind, has] of [
    ['loopback', own.includes('::1')],
    ['link-local', own.some((host) => host.includes('%'))],
  ] as const) {
    if (has) continue;
    test(`${what} on a ${kind} IPv6 address keeps its contract`, (context) => {
      context.skip(`this machine has no ${kind} IPv6 address`);
    });
  }
}
