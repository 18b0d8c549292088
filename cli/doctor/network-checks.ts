/**
 * Checks of the network: addresses, ports, discovery.
 */
import { createSocket, type Socket, type SocketType } from 'node:dgram';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { silentLog } from '../../runtime/core/log.ts';
import { openAvahiBus } from '../../runtime/platform/avahi-bus.ts';
import { openLocalDiscovery } from '../../runtime/platform/local-discovery.ts';
import { openMonotonicClock } from '../../runtime/platform/monotonic-clock.ts';
import type { FoundService } from '../../runtime/ports/discovery.ts';
import type { Settings } from '../../runtime/settings/settings.ts';
import { writeAddress } from '../rtp-peer.ts';
import { type Finding, fail, ok, reasonOf, warn } from './finding.ts';

export function checkAddresses(): Finding {
  const addresses = Object.values(networkInterfaces())
    .flatMap((several) => several ?? [])
    .filter((one) => !one.internal && !one.address.startsWith('fe80:'))
    .map((one) => one.address);
  if (addresses.length > 0) return ok('network', addresses.join(', '));
  return warn('network', 'no address but loopback', 'connect to a network to play with others');
}

const SUGGESTION = 'stop the other box or RTP-MIDI program that has it, or give';

export async function checkPorts(settings: Settings): Promise<readonly Finding[]> {
  const { rtp, link, status } = settings;
  const rtpPorts = rtp.port === 0 ? [0] : [rtp.port, rtp.port + 1];
  return [
    await checkPort('rtp-port', 'UDP', rtpPorts, bindUdp, fail, `${SUGGESTION} --rtp-port 0`),
    await checkPort('link-port', 'TCP', [link.port], bindTcp, fail, `${SUGGESTION} --link-port 0`),
    await checkPort(
      'status-port',
      'TCP',
      [status.port],
      (port) => bindTcp(port, status.address),
      warn,
      'choose another with --status-port; until then a box runs without its status page',
    ),
  ];
}

async function checkPort(
  check: string,
  protocol: string,
  ports: readonly number[],
  bind: (port: number) => Promise<void>,
  complain: typeof fail,
  remedy: string,
): Promise<Finding> {
  for (const port of ports) {
    try {
      await bind(port);
    } catch (failure) {
      const reason = reasonOf(failure);
      const what = reason === 'EADDRINUSE' ? 'is in use' : `can't be bound (${reason})`;
      return complain(check, `${protocol} ${port} ${what}`, remedy);
    }
  }
  const which = ports[0] === 0 ? 'any' : ports.join(' and ');
  return ok(check, `${protocol} ${which} free`);
}

function bindTcp(port: number, host?: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () =>
      server.close(() => resolve()),
    );
  });
}

/** As a box does: all IPv6 and IPv4 addresses at once, or IPv4 alone where there is no IPv6. */
async function bindUdp(port: number): Promise<void> {
  try {
    (await bindSocket('udp6', port)).close();
  } catch (failure) {
    const reason = reasonOf(failure);
    if (reason !== 'EAFNOSUPPORT' && reason !== 'EADDRNOTAVAIL') throw failure;
    (await bindSocket('udp4', port)).close();
  }
}

function bindSocket(type: SocketType, port: number, reuseAddr: boolean = false): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type, reuseAddr });
    socket.once('error', (failure) => {
      socket.close();
      reject(failure);
    });
    socket.bind(port, () => resolve(socket));
  });
}

const MDNS_PORT = 5353;
const MDNS_GROUP = '224.0.0.251';

export async function checkDiscovery(): Promise<readonly Finding[]> {
  return [await checkAvahi(), await checkMulticast(), await checkPeers()];
}

/** Who answers mDNS at all answers within this, in milliseconds. */
const LOOK_AROUND = 1_500;

async function checkPeers(): Promise<Finding> {
  await using discovery = await openLocalDiscovery({
    clock: openMonotonicClock(),
    log: silentLog,
  });
  let found: readonly FoundService[] = [];
  discovery.browse('_apple-midi._udp', (list) => {
    found = list;
  });
  await new Promise((resolve) => setTimeout(resolve, LOOK_AROUND));
  if (found.length === 0) return ok('peers', 'no RTP-MIDI peer is announced now');
  const each = found.map(({ name, addresses, port }) => {
    const [host = 'no address'] = addresses;
    return `${name} at ${writeAddress({ host, port })}`;
  });
  return ok('peers', each.join(', '));
}

async function checkAvahi(): Promise<Finding> {
  try {
    await using bus = await openAvahiBus();
    if (bus.present) return ok('avahi', 'runs; services are announced and found through it');
  } catch {
    // No message bus, no avahi: the same for us.
  }
  return ok('avahi', 'does not run; not needed, a box answers mDNS by itself');
}

async function checkMulticast(): Promise<Finding> {
  let socket: Socket | undefined;
  try {
    socket = await bindSocket('udp4', MDNS_PORT, true);
    socket.addMembership(MDNS_GROUP);
    return ok('mdns', `UDP ${MDNS_PORT} and multicast can be used`);
  } catch (failure) {
    const reason = reasonOf(failure);
    return reason === 'EADDRINUSE'
      ? warn(
          'mdns',
          `UDP ${MDNS_PORT} is held by a program that does not share it: sessions are not found`,
          `find it with: sudo ss -ulpn sport = :${MDNS_PORT}`,
        )
      : warn(
          'mdns',
          `no multicast (${reason}): sessions are not found`,
          'connect to a network that allows multicast',
        );
  } finally {
    socket?.close();
  }
}
