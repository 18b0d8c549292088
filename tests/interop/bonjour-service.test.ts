import { randomBytes } from 'node:crypto';
import { Bonjour } from 'bonjour-service';
import { expect, test } from 'vitest';
import { Teardown } from '../../runtime/core/lifecycle.ts';
import { silentLog } from '../../runtime/core/log.ts';
import { openMdnsDiscovery } from '../../runtime/platform/mdns-discovery.ts';
import { openMonotonicClock } from '../../runtime/platform/monotonic-clock.ts';
import type { FoundService } from '../../runtime/ports/discovery.ts';
import { waitUntil } from '../platform/real-rig.ts';

const LOOPBACK = '127.0.0.1';
const tag = randomBytes(3).toString('hex');

/** The library's types ask for a service where it takes the options of multicast-dns. */
function openBonjour(teardown: Teardown): Bonjour {
  const options: object = { interface: LOOPBACK, bind: '0.0.0.0' };
  const bonjour = new Bonjour(options, () => {});
  teardown.defer(() => new Promise<void>((done) => bonjour.destroy(done)));
  return bonjour;
}

test('npm bonjour-service and we find one another, and see one another go', async () => {
  await using teardown = new Teardown();
  const bonjour = openBonjour(teardown);
  const clock = openMonotonicClock();
  const ours = teardown.hold(openMdnsDiscovery({ clock, log: silentLog }, { interface: LOOPBACK }));
  let found: readonly FoundService[] = [];
  ours.browse('_apple-midi._udp', (list) => {
    found = list.filter(({ name }) => name.includes(tag));
  });
  const theirs: string[] = [];
  const browser = bonjour.find({ type: 'jam-togthr', protocol: 'tcp' });
  browser.on('up', ({ name, port, txt }) => void theirs.push(`up ${name} ${port} ${txt.tempo}`));
  browser.on('down', ({ name }) => void theirs.push(`down ${name}`));

  const name = `Ours ${tag}`;
  const announcement = await ours.announce({
    name,
    type: '_jam-togthr._tcp',
    port: 7_000,
    txt: { tempo: '120' },
  });
  await waitUntil(() => theirs.includes(`up ${name} 7000 120`), 10);

  const service = bonjour.publish({
    name: `Theirs ${tag}`,
    type: 'apple-midi',
    protocol: 'udp',
    port: 5_004,
    host: `theirs-${tag}.local`,
    txt: { model: 'D' },
  });
  await waitUntil(() => found.length === 1, 10);
  expect(found).toMatchObject([{ name: `Theirs ${tag}`, port: 5_004, txt: { model: 'D' } }]);
  expect(found[0]?.addresses.length).toBeGreaterThan(0);

  await announcement[Symbol.asyncDispose]();
  await waitUntil(() => theirs.includes(`down ${name}`), 10);
  await new Promise<void>((stopped) => service.stop(() => stopped()));
  await waitUntil(() => found.length === 0, 10);
});
