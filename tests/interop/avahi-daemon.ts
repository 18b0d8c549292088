/** An avahi-daemon of our own in a network namespace, with a message bus of its own, and its tools. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitUntil } from '../platform/real-rig.ts';
import type { Namespace, Running } from './net-namespaces.ts';

export interface AvahiService {
  readonly name: string;
  readonly type: string;
  readonly host: string;
  readonly address: string;
  readonly port: number;
  readonly txt: string;
}

export interface Avahi {
  /** What avahi-browse resolves now. */
  browse(type: string): Promise<readonly AvahiService[]>;
  /** avahi-publish runs until it is ended. */
  publish(name: string, type: string, port: number, ...txt: string[]): Running;
}

/** Everything that was started ends with the namespace. */
export async function startAvahi(space: Namespace, directory: string): Promise<Avahi> {
  await mkdir(directory, { recursive: true });
  const bus = `unix:path=${join(directory, 'bus')}`;
  const busFile = join(directory, 'bus.conf');
  await writeFile(
    busFile,
    `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
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
    </busconfig>`,
  );
  const daemonFile = join(directory, 'avahi.conf');
  await writeFile(
    daemonFile,
    [
      '[server]',
      'host-name=avahi-peer',
      'use-ipv4=yes',
      'use-ipv6=no',
      `allow-interfaces=${space.interface}`,
      '[wide-area]',
      'enable-wide-area=no',
      '[publish]',
      'publish-workstation=no',
      'publish-hinfo=no',
      '',
    ].join('\n'),
  );
  const env = { DBUS_SYSTEM_BUS_ADDRESS: bus };
  space.start({}, 'dbus-daemon', '--nofork', '--nopidfile', `--config-file=${busFile}`);
  await waitUntilBus(space, env);
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
    `--file=${daemonFile}`,
  );
  try {
    const started = (line: string): boolean => line.includes('Server startup complete');
    await waitUntil(() => daemon.lines.some(started), 15);
  } catch (error) {
    throw new Error(`avahi-daemon did not start: ${daemon.lines.join(' / ')}`, { cause: error });
  }
  return {
    async browse(type) {
      const output = await space.read(env, 'avahi-browse', '-rpt', type);
      return output.split('\n').flatMap((line) => serviceFrom(line) ?? []);
    },
    publish: (name, type, port, ...txt) =>
      space.start(env, 'avahi-publish', '-s', name, type, String(port), ...txt),
  };
}

async function waitUntilBus(space: Namespace, env: Record<string, string>): Promise<void> {
  const ping = [
    '--system',
    '--print-reply',
    '--dest=org.freedesktop.DBus',
    '/',
    'org.freedesktop.DBus.GetId',
  ];
  for (let tried = 0; tried < 50; tried++) {
    const answer = await space.read(env, 'dbus-send', ...ping);
    if (answer.includes('method return')) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('dbus-daemon did not start');
}

/** `=;veth;IPv4;Name;_type._udp;local;host.local;192.0.2.1;5004;"txt"`, with \ddd for odd octets of the name. */
function serviceFrom(line: string): AvahiService | undefined {
  const [sign, , , name = '', type = '', , host = '', address = '', port = '', ...txt] =
    line.split(';');
  if (sign !== '=') return undefined;
  const octets = name.replace(
    /\\(\d{3})/g,
    (_, code) => `%${Number(code).toString(16).padStart(2, '0')}`,
  );
  const plain = decodeURIComponent(octets.replace(/%(?![0-9a-f]{2})/g, '%25'));
  return { name: plain, type, host, address, port: Number(port), txt: txt.join(';') };
}
