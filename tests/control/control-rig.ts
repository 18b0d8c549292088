/** A server and boxes on one virtual clock: the real code of both ends, with only the sockets in memory. */
import { type ControlClientDeps, openControlClient } from '../../runtime/control/client.ts';
import type { ControlPlane, DirectoryEntry } from '../../runtime/control/control-plane.ts';
import {
  type ControlServer,
  type ControlServerInit,
  openControlServer,
} from '../../runtime/control/server/control-server.ts';
import { openInProcessBus } from '../../runtime/control/server/in-process-bus.ts';
import type { SessionId } from '../../runtime/core/ensemble.ts';
import { silentLog } from '../../runtime/core/log.ts';
import { fromMillis, fromSeconds } from '../../runtime/core/time.ts';
import { openNodeSignatures } from '../../runtime/platform/node-signatures.ts';
import type { Store } from '../../runtime/ports/store.ts';
import type { WebSocketConnection } from '../../runtime/ports/web-sockets.ts';
import { type Identity, identityFrom } from '../../runtime/privacy/identity.ts';
import { openMemoryStore } from '../../sim/memory-store.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { openVirtualWebSockets, type VirtualWebSockets } from '../../sim/virtual-web-sockets.ts';

export const NEVER = new AbortController().signal;
const SERVER = 'https://jam.example.org';
const signatures = openNodeSignatures();

export interface RigBox {
  readonly identity: Identity;
  readonly plane: ControlPlane;
}

export interface ControlRig {
  readonly clock: VirtualClock;
  readonly sockets: VirtualWebSockets;
  readonly store: Store;
  readonly server: () => ControlServer;
  readonly servers: () => readonly ControlServer[];
  /** A box with a key of its own; online once it has been waited for. */
  box(name: string, address?: string, watch?: ControlClientDeps['watch']): RigBox;
  online(...names: readonly string[]): Promise<readonly RigBox[]>;
  /** What an attacker has: a WebSocket to the server and whatever it says. */
  raw(address?: string): Promise<RawBox>;
  turn(millis: number): Promise<void>;
  until(reached: () => boolean, seconds?: number): Promise<void>;
  finish<T>(promise: Promise<T>): Promise<T>;
  stop(): Promise<void>;
  start(init?: Partial<ControlServerInit>): void;
}

export interface RawBox {
  readonly socket: WebSocketConnection;
  readonly said: (string | Uint8Array)[];
  /** The last text frame of that type. */
  last(type: string): Record<string, unknown> | undefined;
  readonly ended: { code: number; reason: string } | undefined;
  send(message: object): void;
}

export const identityOf = (name: string): Identity =>
  identityFrom(signatures, seededRandomness(`identity of ${name}`).bytes(32));

/** `servers`: so many share a store and a bus, and take boxes in turn. */
export function openControlRig(
  seed: number,
  init: Partial<ControlServerInit> = {},
  servers = 1,
): ControlRig {
  const clock = new VirtualClock();
  const randomness = seededRandomness(seed);
  const sockets = openVirtualWebSockets({ clock, randomness });
  const store = openMemoryStore({ clock });
  let all: readonly ControlServer[] = [];
  const start = (changed: Partial<ControlServerInit> = {}): void => {
    const bus = openInProcessBus();
    const open = (): ControlServer =>
      openControlServer(
        { clock, randomness, signatures, store, bus, log: silentLog },
        {
          names: () => ['jam.example.org'],
          software: 'togthr test',
          allowNewAccounts: true,
          turn: { stun: ['stun:jam.example.org'], turn: [], secret: '', lastsSeconds: 3_600 },
          ...init,
          ...changed,
        },
      );
    all = Array.from({ length: servers }, open);
    let taken = 0;
    sockets.serve((socket, address) => {
      const server = all[taken++ % servers];
      if (!server) throw new Error('there is no server');
      const admitted = server.admit(address);
      if (admitted !== 'open') throw new Error(`the server answered 429 (${admitted})`);
      server.accept(socket, address);
    });
  };
  start();
  const turn = (millis: number): Promise<void> => clock.advanceSettling(fromMillis(millis));
  const until = async (reached: () => boolean, seconds = 30): Promise<void> => {
    const end = clock.now() + fromSeconds(seconds);
    while (!reached()) {
      if (clock.now() > end) throw new Error(`seed ${seed}: it did not come to it`);
      await turn(5);
    }
  };
  const box: ControlRig['box'] = (name, address = '198.51.100.7', watch) => {
    const identity = identityOf(name);
    const webSockets = sockets.from(address);
    return {
      identity,
      plane: openControlClient(
        { webSockets, identity, clock, randomness, log: silentLog, ...(watch ? { watch } : {}) },
        { server: SERVER, software: 'togthr test' },
      ),
    };
  };
  return {
    clock,
    sockets,
    store,
    server: () => {
      const [first] = all;
      if (!first) throw new Error('there is no server');
      return first;
    },
    servers: () => all,
    box,
    async online(...names) {
      const boxes = names.map((name) => box(name));
      await until(() => boxes.every(({ plane }) => plane.state === 'online'));
      return boxes;
    },
    async raw(address = '203.0.113.66') {
      const connecting = sockets
        .from(address)
        .connect(
          SERVER,
          { protocol: 'togthr.1', mostOctets: 1 << 20 },
          new AbortController().signal,
        );
      connecting.catch(() => {});
      await turn(60);
      return rawBox(await connecting);
    },
    turn,
    until,
    async finish(promise) {
      let settled = false;
      const note = (): void => {
        settled = true;
      };
      promise.then(note, note);
      await until(() => settled);
      return promise;
    },
    async stop() {
      sockets.serve(undefined);
      await Promise.all(all.map((server) => server[Symbol.asyncDispose]()));
    },
    start,
  };
}

function rawBox(socket: WebSocketConnection): RawBox {
  const said: (string | Uint8Array)[] = [];
  let ended: { code: number; reason: string } | undefined;
  socket.onMessage((message) => said.push(message));
  socket.onClosed((code, reason) => {
    ended = { code, reason };
  });
  return {
    socket,
    said,
    get ended() {
      return ended;
    },
    last(type) {
      return said
        .flatMap((text): Record<string, unknown>[] =>
          typeof text === 'string' ? [JSON.parse(text)] : [],
        )
        .filter((message) => message['type'] === type)
        .at(-1);
    },
    send(message) {
      socket.send(JSON.stringify(message));
    },
  };
}

export const entryOf = (host: Identity, more: Partial<DirectoryEntry> = {}): DirectoryEntry => ({
  session: '5e55'.repeat(8) as SessionId,
  name: 'Jam',
  host: host.box,
  hostName: 'Ada',
  members: [host.box],
  tempo: 120,
  participants: 1,
  ...more,
});
