import { setTimeout as sleep } from 'node:timers/promises';
import type { Namespace } from './net-namespaces.ts';

/** The link-local address of its interface, once it is sure that nobody else has it (duplicate address detection). */
export async function linkLocalOf(space: Namespace): Promise<string> {
  const show = ['-6', '-o', 'addr', 'show', 'dev', space.interface, 'scope', 'link'];
  for (let tried = 0; tried < 60; tried++) {
    const line = await space.read({}, 'ip', ...show);
    const address = /inet6 (fe80:\S+)\//.exec(line)?.[1];
    if (address !== undefined && !line.includes('tentative')) return address;
    await sleep(100);
  }
  throw new Error(`${space.interface} has no link-local address`);
}
