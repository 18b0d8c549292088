import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import makeMulticastDns from 'multicast-dns';
import { expect, test } from 'vitest';
import { Teardown } from '../../runtime/core/lifecycle.ts';
import { silentLog } from '../../runtime/core/log.ts';
import { openLocalDiscovery } from '../../runtime/platform/local-discovery.ts';
import { openMdnsDiscovery } from '../../runtime/platform/mdns-discovery.ts';
import { openMonotonicClock } from '../../runtime/platform/monotonic-clock.ts';
import type { FoundService } from '../../runtime/ports/discovery.ts';
import { discoveryContract } from '../contracts/discovery.contract.ts';
import { waitUntil } from './real-rig.ts';

/** These tests never leave this machine. */
const LOOPBACK = '127.0.0.1';
const clock = openMonotonicClock();
const open = () => openMdnsDiscovery({ clock, log: silentLog }, { interface: LOOPBACK });

/** Some sandboxes have no multicast even on loopback. */
async function hasMulticast(): Promise<boolean> {
  const mdns = makeMulticastDns({ interface: LOOPBACK, bind: '0.0.0.0' });
  try {
    return await new Promise<boolean>((resolve) => {
      const name = `${randomBytes(6).toString('hex')}.local`;
      mdns.on('query', ({ questions }) => {
        if (questions?.some((question) => question.name === name)) resolve(true);
      });
      mdns.on('error', () => resolve(false));
      mdns.on('ready', () => mdns.query(name, 'A'));
      void sleep(1_000).then(() => resolve(false));
    });
  } finally {
    mdns.destroy();
  }
}

if (await hasMulticast()) {
  discoveryContract('MdnsDiscovery on loopback', randomBytes(3).toString('hex'), () => ({
    open,
    until: (reached) => waitUntil(reached, 10),
    finish: async (promise) => promise,
    quiet: async () => void (await sleep(200)),
  }));

  test('hostile packets change nothing and break nothing', async () => {
    await using teardown = new Teardown();
    const discovery = teardown.hold(open());
    const lists: (readonly FoundService[])[] = [];
    discovery.browse('_jam-togthr._tcp', (found) => void lists.push(found));
    const { createSocket } = await import('node:dgram');
    const attacker = createSocket({ type: 'udp4', reuseAddr: true });
    teardown.defer(() => new Promise<void>((closed) => attacker.close(() => closed())));
    await new Promise<void>((bound) => attacker.bind(5353, '0.0.0.0', bound));
    attacker.setMulticastInterface(LOOPBACK);
    const send = (bytes: Uint8Array): Promise<unknown> =>
      new Promise((sent) => attacker.send(bytes, 5353, '224.0.0.251', sent));
    await send(Uint8Array.of(1));
    for (let packet = 0; packet < 500; packet++) await send(randomBytes(1 + (packet % 600)));
    const whole = Buffer.from(
      '000084000000000100000001' +
        '0c5f6a616d2d746f67746872045f746370056c6f63616c00' +
        '000c000100000078000b08' +
        '4261642042616e64c00c' +
        '0862616462616e64c00c0021800100000078000800000000ffffc00c',
      'hex',
    );
    for (let at = 0; at < whole.length; at++) {
      const bent = Buffer.from(whole);
      bent[at] = 0xff;
      await send(bent);
      await send(whole.subarray(0, at));
    }
    const name = `Unharmed ${randomBytes(3).toString('hex')}`;
    await discovery.announce({ name, type: '_jam-togthr._tcp', port: 7, txt: {} });
    await waitUntil(() => lists.at(-1)?.some((each) => each.name === name) === true);
  });
} else {
  test('MdnsDiscovery on loopback keeps the Discovery contract', (context) => {
    context.skip('this machine has no multicast on its loopback interface');
  });
}

test('without any network the service is announced to its own box, and the log says so', async () => {
  const said: string[] = [];
  const log = { ...silentLog, warn: (message: string) => void said.push(message) };
  await using discovery = openMdnsDiscovery({ clock, log }, { interface: 'no-such-interface' });
  const announcement = await discovery.announce({
    name: 'Alone',
    type: '_apple-midi._udp',
    port: 5_004,
    txt: {},
  });
  expect(said).toEqual(['no network yet; the service is announced as soon as there is one']);
  let found: readonly FoundService[] = [];
  discovery.browse('_apple-midi._udp', (list) => {
    found = list;
  });
  expect(found).toMatchObject([{ name: 'Alone', addresses: [LOOPBACK] }]);
  await announcement[Symbol.asyncDispose]();
  await waitUntil(() => found.length === 0);
});

test.each(['unix:path=/nonexistent/bus', 'nonsense', 'tcp:host=127.0.0.1,port=1'])(
  'where %j leads to no message bus, our own responder serves at once (item 46)',
  async (bus) => {
    const init = { bus, interface: 'no-such-interface' };
    await using discovery = await openLocalDiscovery({ clock, log: silentLog }, init);
    expect(discovery.by).toBe('own responder');
    const advert = { name: 'Alone', type: '_apple-midi._udp', port: 5_004, txt: {} } as const;
    const announcement = await discovery.announce(advert);
    let found: readonly FoundService[] = [];
    const browser = discovery.browse('_apple-midi._udp', (list) => {
      found = list;
    });
    expect(found).toMatchObject([{ name: 'Alone' }]);
    browser[Symbol.dispose]();
    await announcement[Symbol.asyncDispose]();
  },
);
