/**
 * `togthr server`: the control plane, for playing over the internet.
 */
import { join } from 'node:path';
import type { Command } from 'commander';
import { readServerAddress } from '../../runtime/control/server-address.ts';
import { usualFolders } from '../../runtime/platform/settings-file.ts';
import { UsageError } from '../failure.ts';
import { interruptible } from '../interrupt.ts';
import { oneOf, positiveNumber, wholeNumber } from '../option-values.ts';
import {
  iceUrl,
  isLoopbackAddress,
  readNamedFile,
  readTurnSecret,
  type ServerOptions,
} from '../server-options.ts';
import { print } from '../terminal.ts';
import { projectVersion } from '../version.ts';

export type RunServer = (options: ServerOptions, signal: AbortSignal) => Promise<void>;

interface Typed {
  readonly port?: number;
  readonly address?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly behindProxy?: true;
  readonly url?: readonly string[];
  readonly dataDir?: string;
  readonly repair?: true;
  readonly allowNewAccounts: boolean;
  readonly stun?: readonly string[];
  readonly turn?: readonly string[];
  readonly turnSecretFile?: string;
  readonly turnHours: number;
  readonly turnRealm: string;
  readonly printTurnConfig?: true;
  readonly logLevel: string;
  readonly json?: true;
}

const PORT = 8443;
const LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

const HELP = `
Boxes find it by --control-server URL, or the setting control.server. It needs a certificate (--cert, --key), but on loopback and
behind a proxy that has one. It sees who plays with whom, and never what: boxes encrypt that for each other.
deploy/coturn/README.md says how to put a TURN server beside it.`;

export function registerServer(program: Command, runServer: RunServer): void {
  program
    .command('server')
    .description('run a control plane: boxes find each other through it over the internet')
    .option(
      '--port <number>',
      `TCP port (0: any free one, default: ${PORT})`,
      wholeNumber('--port', 0, 65_535),
    )
    .option(
      '--address <address>',
      'address to listen on (default: all with a certificate, else 127.0.0.1)',
    )
    .option('--cert <file>', 'certificate with its chain, PEM')
    .option('--key <file>', 'its private key, PEM')
    .option('--behind-proxy', 'a proxy in front encrypts, and says in X-Forwarded-For who calls')
    .option(
      '--url <url>',
      'what boxes dial it as, like https://jam.example.org; may be repeated (default: by the certificate or the address)',
      (text: string, before: readonly string[] = []) => [...before, readServerAddress(text).url],
    )
    .option('--data-dir <folder>', 'folder for accounts and invitations')
    .option('--repair', 'save what can be saved of a damaged store first')
    .option('--allow-new-accounts', 'admit boxes that were never here (the default)', true)
    .option('--no-allow-new-accounts', 'admit only boxes that were here before')
    .option(
      '--stun <url>',
      'STUN server for the boxes, like stun:jam.example.org:3478; may be repeated',
      iceUrl('--stun'),
    )
    .option(
      '--turn <url>',
      'TURN server for the boxes, like turn:jam.example.org:3478?transport=udp; may be repeated',
      iceUrl('--turn'),
    )
    .option('--turn-secret-file <file>', "file with the TURN server's static-auth-secret")
    .option(
      '--turn-hours <hours>',
      'how long TURN credentials last',
      positiveNumber('--turn-hours', 48, 'hours'),
      6,
    )
    .option('--turn-realm <name>', 'realm in the printed configuration', 'togthr')
    .option('--print-turn-config', 'print a configuration for coturn with that secret, then end')
    .option(
      '--log-level <level>',
      `how much to log: ${LEVELS.join(', ')}`,
      oneOf('--log-level', LEVELS),
      'info',
    )
    .option('--json', 'say where it runs as one line of JSON')
    .addHelpText('after', HELP)
    .action(async (typed: Typed) => {
      const options = await check(typed);
      if (typed.printTurnConfig) {
        const { turnConfig } = await import('../run-server.ts');
        print(turnConfig(options.turnSecret, typed.turnRealm).trimEnd());
      } else await interruptible((signal) => runServer(options, signal));
    });
}

async function check(typed: Typed): Promise<ServerOptions> {
  const { cert, key, behindProxy = false, stun = [], turn = [], turnSecretFile } = typed;
  if ((cert === undefined) !== (key === undefined))
    throw new UsageError('--cert and --key: give both, or neither');
  const tls =
    cert === undefined || key === undefined
      ? undefined
      : { cert: await readNamedFile('--cert', cert), key: await readNamedFile('--key', key) };
  const address = typed.address ?? (tls ? '::' : '127.0.0.1');
  if (!tls && !behindProxy && !isLoopbackAddress(address))
    throw new UsageError(
      `--address ${address}: what boxes say would not be encrypted; give --cert and --key, or --behind-proxy if a proxy in front encrypts`,
    );
  if (behindProxy && typed.url === undefined && isLoopbackAddress(address))
    throw new UsageError(
      '--behind-proxy: give --url too, what boxes dial the proxy as, like https://jam.example.org',
    );
  if (turn.length > 0 && turnSecretFile === undefined)
    throw new UsageError('--turn: give --turn-secret-file too; coturn must have the same secret');
  if (typed.printTurnConfig && turnSecretFile === undefined)
    throw new UsageError(
      '--print-turn-config: give --turn-secret-file; make one with: openssl rand -hex 32 > FILE',
    );
  if (!/^[\w.-]{1,100}$/.test(typed.turnRealm))
    throw new UsageError(`--turn-realm ${typed.turnRealm}: must be a name, like jam.example.org`);
  return {
    version: projectVersion(),
    port: typed.port ?? PORT,
    address,
    tls,
    behindProxy,
    urls: typed.url ?? [],
    dataFolder: typed.dataDir ?? join(usualFolders().data, 'server'),
    repair: typed.repair ?? false,
    allowNewAccounts: typed.allowNewAccounts,
    stun,
    turn,
    turnSecret: turnSecretFile === undefined ? '' : await readTurnSecret(turnSecretFile),
    turnHours: typed.turnHours,
    json: typed.json ?? false,
    logLevel: LEVELS.find((level) => level === typed.logLevel) ?? 'info',
  };
}
