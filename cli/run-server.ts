/**
 * `togthr server`: opens store, server and listener, says where it is, and ends in order.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { forgetOnline, openControlServer } from '../runtime/control/server/control-server.ts';
import { openInProcessBus } from '../runtime/control/server/in-process-bus.ts';
import type { ServerAddress } from '../runtime/control/server-address.ts';
import { Teardown } from '../runtime/core/lifecycle.ts';
import { openControlListener } from '../runtime/platform/control-listener.ts';
import { openMonotonicClock } from '../runtime/platform/monotonic-clock.ts';
import { openNodeSignatures } from '../runtime/platform/node-signatures.ts';
import { openPinoLog } from '../runtime/platform/pino-log.ts';
import { systemRandomness } from '../runtime/platform/system-randomness.ts';
import { untilInterrupted } from './interrupt.ts';
import { openServerData } from './server-data.ts';
import { fingerprintOf, serverAddresses } from './server-names.ts';
import type { ServerOptions } from './server-options.ts';
import { print, printJson } from './terminal.ts';
import { projectFolder } from './version.ts';

export async function runServer(options: ServerOptions, signal: AbortSignal): Promise<void> {
  await using held = new Teardown();
  const clock = openMonotonicClock();
  const log = held.hold(openPinoLog({ level: options.logLevel }));
  const { dataFolder: folder, repair } = options;
  const store = held.hold(await openServerData({ clock, log }, { folder, repair }));
  // This process is the only one with that store.
  await forgetOnline(store);
  let addresses: readonly ServerAddress[] = [];
  const server = openControlServer(
    {
      clock,
      randomness: systemRandomness,
      signatures: openNodeSignatures(),
      store,
      bus: openInProcessBus(),
      log,
    },
    {
      names: () => addresses.map(({ name }) => name),
      software: `togthr ${options.version}`,
      allowNewAccounts: options.allowNewAccounts,
      turn: {
        stun: options.stun,
        turn: options.turn,
        secret: options.turnSecret,
        lastsSeconds: Math.round(options.turnHours * 3_600),
      },
    },
  );
  addresses = serverAddresses(options, options.port);
  const listener = await openControlListener({ server, log }, options);
  // Boxes are told first, so that they come back by themselves; then the port is closed.
  held.hold(listener);
  held.hold(server);
  addresses = serverAddresses(options, listener.port);
  announce(options, addresses, listener.port);
  await untilInterrupted(signal);
}

function announce(options: ServerOptions, addresses: readonly ServerAddress[], port: number): void {
  const [first] = addresses;
  const url = first?.url ?? '';
  const certificate = options.tls && fingerprintOf(options.tls.cert);
  if (options.json) {
    printJson({
      url,
      urls: addresses.map((each) => each.url),
      port,
      encrypted: options.tls !== undefined,
      ...(certificate === undefined ? {} : { certificate }),
      newAccounts: options.allowNewAccounts,
      turn: options.turnSecret !== '' && options.turn.length > 0,
      dataFolder: options.dataFolder,
    });
    return;
  }
  print(`The control plane runs at ${url}; boxes join it with --control-server ${url}`);
  if (certificate !== undefined) print(`SHA-256 of its certificate: ${certificate}`);
  if (!options.tls) {
    const whose = options.behindProxy ? 'the proxy in front must encrypt' : 'for this machine only';
    print(`Connections to port ${port} are not encrypted: ${whose}.`);
  }
  if (!options.allowNewAccounts) print('New boxes are not admitted.');
  if (options.turnSecret === '') print('No TURN server: boxes behind strict NATs use tunnels.');
}

/** Configuration for coturn with that secret. */
export function turnConfig(secret: string, realm: string): string {
  const template = readFileSync(join(projectFolder(), 'deploy/coturn/turnserver.conf'), 'utf8');
  return template.replace('{{SECRET}}', () => secret).replace('{{REALM}}', () => realm);
}
