/** An avahi-daemon of our own in a network namespace, with a message bus of its own, and its tools. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitUntil } from '../platform/real-rig.ts';
import type { Namespace, Running } from './net-namespaces.ts';

export interface AvahiService {
  readonly protocol: string;
  readonly name: string;
  readonly type: string;
  readonly host: string;
  readonly address: string;
  readonly port: number;
  readonly txt: string;
}

export interface Avahi {
  /** Where its message bus is. */
  readonly bus: string;
  /** What avahi-browse resolves now: a service is there once for each of IPv4 and IPv6. */
  browse(type: string): Promise<readonly AvahiService[]>;
  /** The address of a host that avahi-resolve finds; empty when it finds none. */
  resolve(host: string, family: 4 | 6): Promise<string>;
  /** avahi-publish runs until it is ended. */
  publish(name: string, type: string, port: number, ...txt: string[]): Running;
  /** Ends the daemon, not its bus. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  restart(): Promise<void>;
}

export interface AvahiInit {
  readonly hostName?: string;
  /** Default: IPv4 alone. */
  readonly ipv6?: boolean;
  /** Whether it speaks on loopback too; default: on the cable only. */
  readonly loopback?: boolean;
  /** Whether it publishes what programs ask for; default: yes. */
  readonly publishes?: boolean;
}

/** Everything that was started ends with the namespace. */
export async function startAvahi(
  space: Namespace,
  directory: string,
  init: AvahiInit = {},
): Promise<Avahi> {
  await mkdir(directory, { recursive: true });
  const bus = `unix:path=${join(directory, 'bus')}`;
  const busFile = join(directory, 'bus.conf');
  await writeFile(busFile, busConfig(bus));
  const daemonFile = join(directory, 'avahi.conf');
  await writeFile(daemonFile, daemonConfig(space, init));
  const env = { DBUS_SYSTEM_BUS_ADDRESS: bus };
  space.start({}, 'dbus-daemon', '--nofork', '--nopidfile', `--config-file=${busFile}`);
  await waitUntilBus(space, env);
  let daemon = await startDaemon(space, env, daemonFile);
  return {
    bus,
    async browse(type) {
      const output = await space.read(env, 'avahi-browse', '-rpt', type);
      return output.split('\n').flatMap((line) => serviceFrom(line) ?? []);
    },
    async resolve(host, family) {
      const output = await space.read(env, 'avahi-resolve-host-name', `-${family}`, host);
      return output.split(/\s+/)[1] ?? '';
    },
    publish: (name, type, port, ...txt) =>
      space.start(env, 'avahi-publish', '-s', name, type, String(port), ...txt),
    stop: (signal) => daemon.end(signal),
    async restart() {
      await daemon.end();
      daemon = await startDaemon(space, env, daemonFile);
    },
  };
}

async function startDaemon(
  space: Namespace,
  env: Record<string, string>,
  file: string,
): Promise<Running> {
  // Its pid file and socket belong in /run: `ip netns exec` gives us mounts of our own, so this /run is ours alone.
  const daemon = space.start(
    env,
    'sh',
    '-c',
    'mount -t tmpfs tmpfs /run && mkdir /run/avahi-daemon && exec "$@"',
    'sh',
    'avahi-daemon',
    '--no-drop-root',
    '--no-chroot',
    '--no-rlimits',
    `--file=${file}`,
  );
  try {
    const started = (line: string): boolean => line.includes('Server startup complete');
    await waitUntil(() => daemon.lines.some(started), 15);
  } catch (error) {
    throw new Error(`avahi-daemon did not start: ${daemon.lines.join(' / ')}`, { cause: error });
  }
  return daemon;
}

function busConfig(bus: string): string {
  return `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
      "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
    <busconfig>
      <type>system</type>
      <listen>${bus}</listen>
      <auth>EXTERNAL</auth>
      <policy context="default">
        <allow send_destination="*" eavesdrop="true"/>
        <allow eavesdrop="true"/>
        <allow own="*"/>
        <allow user="*"/>
      </policy>
    </busconfig>`;
}

function daemonConfig(space: Namespace, init: AvahiInit): string {
  const yes = (on: boolean): string => (on ? 'yes' : 'no');
  return [
    '[server]',
    `host-name=${init.hostName ?? 'avahi-peer'}`,
    'use-ipv4=yes',
    `use-ipv6=${yes(init.ipv6 ?? false)}`,
    ...(init.loopback ? [] : [`allow-interfaces=${space.interface}`]),
    '[wide-area]',
    'enable-wide-area=no',
    '[publish]',
    `disable-user-service-publishing=${yes(init.publishes === false)}`,
    'publish-workstation=no',
    'publish-hinfo=no',
    '',
  ].join('\n');
}

async function waitUntilBus(space: Namespace, env: Record<string, string>): Promise<void> {
  const ping = [
    '--system',
    '--print-reply',
    '--dest=org.freedesktop.DBus',
    '/',
    'org.freedesktop.DBus.GetId',
  ];
  for (let tried = 0; tried < 200; tried++) {
    const answer = await space.read(env, 'dbus-send', ...ping);
    if (answer.includes('method return')) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('dbus-daemon did not start');
}

/** `=;veth;IPv4;Name;_type._udp;local;host.local;192.0.2.1;5004;"txt"`, with \ddd for odd octets of the name, and \. for a dot. */
function serviceFrom(line: string): AvahiService | undefined {
  const [
    sign,
    ,
    protocol = '',
    name = '',
    type = '',
    ,
    host = '',
    address = '',
    port = '',
    ...txt
  ] = line.split(';');
  if (sign !== '=') return undefined;
  const octets = [...name.matchAll(/\\(\d{3})|\\(.)|(.)/gu)].map(([, code, escaped, plain]) =>
    code === undefined ? Buffer.from(escaped ?? plain ?? '') : Buffer.of(Number(code)),
  );
  const text = Buffer.concat(octets).toString('utf8');
  return { protocol, name: text, type, host, address, port: Number(port), txt: txt.join(';') };
}
