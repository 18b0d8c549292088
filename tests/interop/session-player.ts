/** A session-box process as a test sees it. */
import { fileURLToPath } from 'node:url';
import { waitUntil } from '../platform/real-rig.ts';
import type { Namespace, Running } from './net-namespaces.ts';
import type { BoxCommand, BoxEvent } from './session-box.ts';

const PROGRAM = fileURLToPath(new URL('./session-box.ts', import.meta.url));

type EventOf<K extends BoxEvent['kind']> = Extract<BoxEvent, { readonly kind: K }>;

export interface Player {
  readonly process: Running;
  tell(command: BoxCommand): void;
  all<K extends BoxEvent['kind']>(kind: K): readonly EventOf<K>[];
  /** The next one after those that came so far. Rejects with all that was said when none comes. */
  next<K extends BoxEvent['kind']>(kind: K, seconds?: number): Promise<EventOf<K>>;
  /** Tells a command and waits for its answer. */
  ask<K extends BoxEvent['kind']>(
    command: BoxCommand,
    kind: K,
    seconds?: number,
  ): Promise<EventOf<K>>;
}

export async function startPlayer(
  space: Namespace,
  name: string,
  folder: string,
  server: { readonly url: string; readonly certificate: string },
  security: 'encrypted' | 'open' = 'encrypted',
): Promise<Player> {
  // No message bus: each namespace answers mDNS by itself.
  const env = { DBUS_SYSTEM_BUS_ADDRESS: 'unix:path=/nonexistent/bus' };
  const process_ = space.start(
    env,
    process.execPath,
    ...['--import', 'tsx', PROGRAM, name, folder, security, server.url, server.certificate],
  );
  const all = <K extends BoxEvent['kind']>(kind: K): readonly EventOf<K>[] =>
    process_.lines
      .filter((line) => line.startsWith(`{"kind":"${kind}"`))
      .map((line) => JSON.parse(line));
  const nextAfter = async <K extends BoxEvent['kind']>(
    kind: K,
    count: number,
    seconds: number,
  ): Promise<EventOf<K>> => {
    const failures = all('failed').length;
    const over = (): boolean => process_.ended || all('failed').length > failures;
    try {
      await waitUntil(() => all(kind).length > count || over(), seconds);
    } catch {
      // Said below.
    }
    const found = all(kind)[count];
    if (!found) throw new Error(`${name}: no "${kind}" came; it said ${process_.lines.join('\n')}`);
    return found;
  };
  const player: Player = {
    process: process_,
    tell: (command) => process_.write(JSON.stringify(command)),
    all,
    next: (kind, seconds = 20) => nextAfter(kind, all(kind).length, seconds),
    ask(command, kind, seconds = 20) {
      const before = all(kind).length;
      player.tell(command);
      return nextAfter(kind, before, seconds);
    },
  };
  await nextAfter('ready', 0, 60);
  return player;
}
