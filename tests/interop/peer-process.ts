/** Our discovery in a process of its own, inside a network namespace. */
import { fileURLToPath } from 'node:url';
import type { FoundService } from '../../runtime/ports/discovery.ts';
import { waitUntil } from '../platform/real-rig.ts';
import type { PeerCommand } from './discovery-peer.ts';
import type { Namespace, Running } from './net-namespaces.ts';

const PEER = fileURLToPath(new URL('./discovery-peer.ts', import.meta.url));
const NO_BUS = 'unix:path=/nonexistent/bus';

export interface Peer {
  tell(command: PeerCommand): void;
  /** The last list it was told. */
  readonly found: readonly FoundService[];
  /** All lists that it was told. */
  readonly lists: readonly (readonly FoundService[])[];
  readonly announced: string | undefined;
  readonly said: readonly string[];
  readonly process: Running;
}

/** `bus`: the message bus that leads to avahi-daemon; default: there is none, so it answers mDNS by itself. */
export async function startPeer(space: Namespace, bus: string = NO_BUS): Promise<Peer> {
  const env = { DBUS_SYSTEM_BUS_ADDRESS: bus };
  const running = space.start(env, process.execPath, '--import', 'tsx', PEER);
  const all = (key: string): unknown[] =>
    running.lines
      .filter((each) => each.startsWith(`{"${key}":`))
      .map((line) => JSON.parse(line)[key]);
  await waitUntil(() => all('ready').length > 0, 20);
  return {
    tell: (command) => running.write(JSON.stringify(command)),
    get found() {
      return (all('found').at(-1) ?? []) as readonly FoundService[];
    },
    get lists() {
      return all('found') as readonly FoundService[][];
    },
    get announced() {
      return all('announced').at(-1) as string | undefined;
    },
    said: running.lines,
    process: running,
  };
}
