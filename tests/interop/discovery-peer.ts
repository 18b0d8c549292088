/**
 * Our discovery as a process of its own, for tests: commands as JSON lines on stdin, what happens as JSON lines on stdout.
 * Which responder serves it depends on DBUS_SYSTEM_BUS_ADDRESS, as for a box.
 */
import { createInterface } from 'node:readline';
import { silentLog } from '../../runtime/core/log.ts';
import { openLocalDiscovery } from '../../runtime/platform/local-discovery.ts';
import { openMonotonicClock } from '../../runtime/platform/monotonic-clock.ts';
import type { Announcement, ServiceAdvert, ServiceType } from '../../runtime/ports/discovery.ts';

export type PeerCommand =
  | { readonly do: 'browse'; readonly type: ServiceType }
  | { readonly do: 'announce'; readonly advert: ServiceAdvert }
  | { readonly do: 'update'; readonly txt: Readonly<Record<string, string>> }
  | { readonly do: 'say name' }
  | { readonly do: 'withdraw' }
  | { readonly do: 'quit' };

const say = (fact: object): void => void process.stdout.write(`${JSON.stringify(fact)}\n`);
const log = {
  ...silentLog,
  info: (message: string, fields?: object) => say({ info: message, ...fields }),
  warn: (message: string, fields?: object) => say({ warn: message, ...fields }),
};
const discovery = await openLocalDiscovery({ clock: openMonotonicClock(), log });
let announcement: Announcement | undefined;

say({ ready: process.pid, by: discovery.by });
for await (const line of createInterface({ input: process.stdin })) {
  const command: PeerCommand = JSON.parse(line);
  switch (command.do) {
    case 'browse':
      discovery.browse(command.type, (found) => say({ found }));
      break;
    case 'announce':
      announcement = await discovery.announce(command.advert);
      say({ announced: announcement.name });
      break;
    case 'update':
      await announcement?.update(command.txt);
      break;
    case 'say name':
      say({ announced: announcement?.name });
      break;
    case 'withdraw':
      await announcement?.[Symbol.asyncDispose]();
      break;
    case 'quit':
      await discovery[Symbol.asyncDispose]();
      say({ bye: true });
      process.exit(0);
  }
}
