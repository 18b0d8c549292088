/** A server and boxes on this machine's loopback: real sockets, real store, real time. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openControlClient } from '../../runtime/control/client.ts';
import type { ControlPlane } from '../../runtime/control/control-plane.ts';
import {
  type ControlServer,
  type ControlServerInit,
  forgetOnline,
  openControlServer,
} from '../../runtime/control/server/control-server.ts';
import { openInProcessBus } from '../../runtime/control/server/in-process-bus.ts';
import { Teardown } from '../../runtime/core/lifecycle.ts';
import { silentLog } from '../../runtime/core/log.ts';
import { openControlListener } from '../../runtime/platform/control-listener.ts';
import { openLevelStore } from '../../runtime/platform/level-store.ts';
import { openMonotonicClock } from '../../runtime/platform/monotonic-clock.ts';
import { openNodeSignatures } from '../../runtime/platform/node-signatures.ts';
import { systemRandomness } from '../../runtime/platform/system-randomness.ts';
import { openWsSockets } from '../../runtime/platform/ws-sockets.ts';
import { type Identity, identityFrom } from '../../runtime/privacy/identity.ts';

const signatures = openNodeSignatures();
const clock = openMonotonicClock();

export interface LiveServer extends AsyncDisposable {
  readonly server: ControlServer;
  readonly port: number;
  readonly url: string;
}

export interface LiveInit extends Partial<ControlServerInit> {
  readonly folder: string;
  readonly port?: number;
  readonly behindProxy?: boolean;
  readonly tls?: { readonly cert: string; readonly key: string };
}

export async function openLiveServer({
  folder,
  port = 0,
  tls,
  behindProxy = false,
  ...init
}: LiveInit): Promise<LiveServer> {
  const held = new Teardown();
  const store = held.hold(await openLevelStore({ clock, log: silentLog }, { folder }));
  await forgetOnline(store);
  let bound = port;
  const server = openControlServer(
    {
      clock,
      randomness: systemRandomness,
      signatures,
      store,
      bus: openInProcessBus(),
      log: silentLog,
    },
    {
      names: () => [`127.0.0.1:${bound}`, `localhost:${bound}`],
      software: 'togthr test',
      allowNewAccounts: true,
      turn: { stun: [], turn: [], secret: '', lastsSeconds: 3_600 },
      ...init,
    },
  );
  const listener = held.hold(
    await openControlListener(
      { server, log: silentLog },
      { port, address: '127.0.0.1', tls, behindProxy },
    ),
  );
  held.hold(server);
  bound = listener.port;
  return {
    server,
    port: bound,
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${bound}`,
    [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
  };
}

function newIdentity(): Identity {
  return identityFrom(signatures, systemRandomness.bytes(32));
}

export function liveBox(
  url: string,
  more: { readonly identity?: Identity; readonly certificate?: string } = {},
): { readonly identity: Identity; readonly plane: ControlPlane } {
  const { identity = newIdentity(), certificate } = more;
  const plane = openControlClient(
    {
      webSockets: openWsSockets(),
      identity,
      clock,
      randomness: systemRandomness,
      log: silentLog,
    },
    {
      server: url,
      software: 'togthr test',
      ...(certificate === undefined ? {} : { certificate }),
    },
  );
  return { identity, plane };
}

export async function scratchFolder(): Promise<{ readonly folder: string } & AsyncDisposable> {
  const root = await mkdtemp(join(tmpdir(), 'togthr-server-'));
  return {
    folder: join(root, 'store'),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}
