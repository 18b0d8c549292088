import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { Teardown } from '../../runtime/core/lifecycle.ts';
import { silentLog } from '../../runtime/core/log.ts';
import { LocalDiscovery } from '../../runtime/platform/local-discovery.ts';
import { openMonotonicClock } from '../../runtime/platform/monotonic-clock.ts';
import { discoveryContract } from '../contracts/discovery.contract.ts';
import { waitUntil } from '../platform/real-rig.ts';
import { type Avahi, startAvahi } from './avahi-daemon.ts';
import { openNamespaces, whyNoNamespaces } from './net-namespaces.ts';

const clock = openMonotonicClock();
const why = await whyNoNamespaces(['avahi-daemon', 'dbus-daemon']);

if (why !== undefined) {
  test('discovery through avahi-daemon keeps its contract', (context) => {
    context.skip(`not tested: ${why}`);
  });
} else {
  describe('through avahi-daemon', () => {
    const teardown = new Teardown();
    let avahi: Avahi;
    beforeAll(async () => {
      const directory = await mkdtemp(join(tmpdir(), 'togthr-avahi-'));
      teardown.defer(() => rm(directory, { recursive: true, force: true }));
      const { here } = teardown.hold(await openNamespaces());
      avahi = await startAvahi(here, directory);
    });
    afterAll(() => teardown[Symbol.asyncDispose]());

    discoveryContract('LocalDiscovery through avahi', randomBytes(3).toString('hex'), () => ({
      open: () => new LocalDiscovery({ clock, log: silentLog }, { bus: avahi.bus }),
      until: (reached) => waitUntil(reached, 15),
      finish: async (promise) => promise,
      quiet: async () => void (await sleep(300)),
      numbered: (name, number) => `${name} #${number}`,
    }));
  });
}
