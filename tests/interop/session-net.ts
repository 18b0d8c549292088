/**
 * A small internet out of network namespaces: a hub with the control server and coturn, and homes behind routers with
 * NAT. Linux, root, iproute2, nft and coturn only.
 *
 *   203.0.113.0/24 ── hub .1 ── router 1 .11 ── 192.168.1.0/24 ── boxes .2 and .3
 *                           └── router 2 .12 ── 192.168.2.0/24 ── box .2
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Teardown } from '../../runtime/core/lifecycle.ts';
import { waitUntil } from '../platform/real-rig.ts';
import { makeNamespace, type Namespace, type Running } from './net-namespaces.ts';

const CLI = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const HUB = '203.0.113.1';
const SERVER = `https://${HUB}:8443`;
const TURN = `turn:${HUB}:3478?transport=udp`;

/** `open`: as most routers at home. `strict`: another port for every destination. `blocked`: no UDP gets out. */
export type RouterKind = 'open' | 'strict' | 'blocked';

export interface Home {
  readonly router: Namespace;
  /** Another router from now on, as far as new connections are concerned. */
  setKind(kind: RouterKind): Promise<void>;
  /** On its own port of the router's switch. */
  addBox(number: number): Promise<Namespace>;
  /** Nothing gets through the router any more, without a word to anybody. */
  cut(): Promise<void>;
  heal(): Promise<void>;
}

export interface SessionNet extends AsyncDisposable {
  readonly hub: Namespace;
  /** Where the control server is, and what its certificate is known by; empty before it runs. */
  readonly server: { readonly url: string; readonly certificate: string };
  /** For data, captures; removed with the rest. */
  readonly folder: string;
  addHome(kind: RouterKind): Promise<Home>;
  /** The control server, and coturn. */
  startServers(): Promise<void>;
  /** What the servers said, for those who look for a cause. */
  readonly said: readonly string[];
}

export async function openSessionNet(): Promise<SessionNet> {
  const teardown = new Teardown();
  const tag = randomBytes(2).toString('hex');
  const folder = mkdtempSync(join(tmpdir(), 'session-net-'));
  teardown.defer(() => rmSync(folder, { recursive: true, force: true }));
  const space = (end: string, address: string): Promise<Namespace> =>
    makeNamespace(teardown, `jt-${tag}-${end}`, { interface: 'eth0', address });
  /** A cable from a switch in one namespace to a device of another. */
  const cable = async (
    from: Namespace,
    bridge: string,
    to: Namespace,
    device: string,
    address: string,
  ): Promise<void> => {
    const port = `p${randomBytes(3).toString('hex')}`;
    await from.ip('link', 'add', port, 'type', 'veth', 'peer', 'name', device, 'netns', to.name);
    await from.ip('link', 'set', port, 'master', bridge, 'up');
    await to.ip('addr', 'add', `${address}/24`, 'dev', device);
    await to.ip('link', 'set', device, 'up');
  };
  const addSwitch = async (where: Namespace, bridge: string, address: string): Promise<void> => {
    await where.ip('link', 'add', bridge, 'type', 'bridge', 'mcast_snooping', '0');
    await where.ip('addr', 'add', `${address}/24`, 'dev', bridge);
    await where.ip('link', 'set', bridge, 'up');
  };
  let homes = 0;
  const servers: Running[] = [];
  let server = { url: '', certificate: '' };
  try {
    const hub = await space('hub', HUB);
    await addSwitch(hub, 'hub0', HUB);
    return {
      hub,
      get server() {
        return server;
      },
      folder,
      get said() {
        return servers.flatMap(({ lines }) => lines);
      },
      async addHome(kind) {
        const number = ++homes;
        const outside = `203.0.113.${10 + number}`;
        const inside = `192.168.${number}.1`;
        const router = await space(`r${number}`, outside);
        await cable(hub, 'hub0', router, 'wan', outside);
        await addSwitch(router, 'lan', inside);
        await router.read({}, 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
        await firewall(router, kind);
        return {
          router,
          async setKind(other) {
            await nft(router, 'delete table ip home');
            await firewall(router, other);
          },
          async addBox(host) {
            const address = `192.168.${number}.${host}`;
            const box = await space(`b${number}-${host}`, address);
            await cable(router, 'lan', box, 'eth0', address);
            await box.ip('route', 'add', 'default', 'via', inside);
            return box;
          },
          cut: () =>
            nft(
              router,
              'add table ip cut',
              'add chain ip cut everything { type filter hook forward priority -10; policy drop; }',
            ),
          heal: () => nft(router, 'delete table ip cut'),
        };
      },
      async startServers() {
        const file = (name: string): string => join(folder, name);
        writeFileSync(file('turn-secret'), `${randomBytes(16).toString('hex')}\n`, { mode: 0o600 });
        const turning = startTurn(hub, file('turn-secret'), folder);
        await makeCertificate(hub, file('key.pem'), file('cert.pem'));
        const running = hub.start(
          {},
          process.execPath,
          ...['--import', 'tsx', CLI, 'server', '--port', '8443', '--address', HUB, '--json'],
          ...['--cert', file('cert.pem'), '--key', file('key.pem')],
          ...['--data-dir', file('server'), '--stun', `stun:${HUB}:3478`],
          ...['--turn', TURN, '--turn-secret-file', file('turn-secret')],
        );
        servers.push(running, await turning);
        const line = await said(running, '"certificate"');
        server = { url: SERVER, certificate: JSON.parse(line).certificate };
      },
      [Symbol.asyncDispose]: () => teardown[Symbol.asyncDispose](),
    };
  } catch (error) {
    await teardown[Symbol.asyncDispose]();
    throw error;
  }
}

/** coturn with the configuration that the README tells people to use. */
async function startTurn(hub: Namespace, secretFile: string, folder: string): Promise<Running> {
  const printing = ['server', '--print-turn-config', '--turn-secret-file', secretFile];
  const printed = await hub.read({}, process.execPath, '--import', 'tsx', CLI, ...printing);
  if (printed.startsWith('Error')) throw new Error(printed);
  const file = join(folder, 'turnserver.conf');
  writeFileSync(file, printed, { mode: 0o600 });
  return hub.start(
    {},
    'turnserver',
    ...['-c', file, `--listening-ip=${HUB}`, `--relay-ip=${HUB}`, `--aux-server=${HUB}:3479`],
    ...[`--pidfile=${join(folder, 'turn.pid')}`, `--db=${join(folder, 'turn.db')}`],
  );
}

async function makeCertificate(hub: Namespace, key: string, certificate: string): Promise<void> {
  const names = ['-subj', '/CN=hub', '-addext', `subjectAltName=IP:${HUB}`, '-days', '2'];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const files = ['-keyout', key, '-out', certificate];
  const said = await hub.read({}, 'openssl', 'req', '-x509', ...kind, ...names, ...files);
  if (said.startsWith('Error')) throw new Error(said);
}

/** The first line with that text. */
async function said(running: Running, text: string): Promise<string> {
  const find = (): string | undefined => running.lines.find((line) => line.includes(text));
  await waitUntil(() => find() !== undefined || running.ended, 60).catch(() => {});
  const line = find();
  if (line === undefined) throw new Error(`it did not start: ${running.lines.join('\n')}`);
  return line;
}

/** What a router at home does: answers only come in, and addresses inside stay inside. */
async function firewall(router: Namespace, kind: RouterKind): Promise<void> {
  const masquerade = kind === 'strict' ? 'masquerade fully-random' : 'masquerade';
  await nft(
    router,
    'add table ip home',
    'add chain ip home out { type nat hook postrouting priority srcnat; }',
    `add rule ip home out oifname "wan" ${masquerade}`,
    // Dropped, not refused: what nobody asked for would otherwise hold the port that an answer needs.
    'add chain ip home in { type filter hook input priority 0; policy accept; }',
    'add rule ip home in iifname "wan" ct state new drop',
    'add chain ip home pass { type filter hook forward priority 0; policy drop; }',
    ...(kind === 'blocked' ? ['add rule ip home pass meta l4proto udp drop'] : []),
    'add rule ip home pass ct state established,related accept',
    'add rule ip home pass iifname "lan" accept',
  );
}

async function nft(space: Namespace, ...rules: readonly string[]): Promise<void> {
  for (const rule of rules) {
    const said = await space.read({}, 'nft', rule);
    if (said.startsWith('Error')) throw new Error(said);
  }
}
