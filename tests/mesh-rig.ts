/**
 * Meshes of one session over the virtual signalled network: members with keys, who have all been let in before.
 *
 * The boxes' names are in the order of their ids: A has the smallest.
 */
import type { SessionId } from '../runtime/core/ensemble.ts';
import { fromMillis } from '../runtime/core/time.ts';
import type { NetworkWatch } from '../runtime/ports/network-watch.ts';
import type { IceServer } from '../runtime/ports/peer-connection.ts';
import { type Mesh, openMesh } from '../runtime/session/mesh.ts';
import { LINK_PROTOCOL } from '../runtime/transport/link/hello.ts';
import { LinkCounters } from '../runtime/transport/link/link-counters.ts';
import { placeOfBox } from '../runtime/transport/link/place.ts';
import { openSignalledNetwork } from '../runtime/transport/link/signalled-network.ts';
import type { NetworkProfile, ProfileName } from '../sim/network/profiles.ts';
import { openVirtualNetwork } from '../sim/network/virtual-network.ts';
import { openVirtualPeerConnections } from '../sim/network/virtual-peer-connections.ts';
import { seededRandomness } from '../sim/seeded-randomness.ts';
import { VirtualClock } from '../sim/virtual-clock.ts';
import { openVirtualControlPlane } from '../sim/virtual-control-plane.ts';
import { letIn, makeSession, openTestBox, type TestBox } from './credentials-rig.ts';

const LINK_PORT = 5008;

export interface MeshBox {
  readonly box: TestBox;
  readonly mesh: Mesh;
  /** `linked NAME`, `relinked NAME`, `unlinked NAME: why`, in order. */
  readonly log: string[];
  readonly counters: LinkCounters;
  readonly connections: ReturnType<typeof openVirtualPeerConnections>;
  /** Tells the mesh that this box's addresses are these now. */
  move(...addresses: string[]): void;
  /** Pulls the plug: no goodbye. Starting a box of that name again is the same box after a restart. */
  kill(): void;
}

export type MeshRig = Awaited<ReturnType<typeof openMeshRig>>;

export async function openMeshRig(
  init: {
    readonly seed?: number;
    readonly profile?: ProfileName | NetworkProfile;
    readonly iceServers?: readonly IceServer[];
  } = {},
) {
  const seed = init.seed ?? 1;
  const clock = new VirtualClock();
  const network = openVirtualNetwork({
    clock,
    randomness: seededRandomness(seed),
    profile: init.profile ?? 'lan',
  });
  const { iceServers = [] } = init;
  const hub = openVirtualControlPlane({
    clock,
    randomness: seededRandomness(`${seed}/hub`),
    iceServers,
  });
  const drawn = await Promise.all(
    ['Ada', 'Ben', 'Cem', 'Dot'].map((name) => openTestBox({ clock }, name)),
  );
  const boxes = drawn.sort((a, b) => (a.identity.box < b.identity.box ? -1 : 1));
  const [first, ...others] = boxes as [TestBox, ...TestBox[]];
  const session: SessionId = makeSession(first);
  for (const other of others) letIn(first, other);
  const meshes: Mesh[] = [];
  let boots = 0;

  const numberOf = (name: string): number => name.charCodeAt(0) - 'A'.charCodeAt(0);
  const boxOf = (name: string): TestBox => {
    const box = boxes[numberOf(name)];
    if (!box) throw new Error(`there is no box ${name}`);
    return box;
  };
  const nameOf = (id: string): string =>
    String.fromCharCode(65 + boxes.findIndex(({ identity }) => identity.box === id));
  const addressOf = (name: string): string => `10.0.0.${numberOf(name) + 1}`;
  const place = (name: string) => ({ host: addressOf(name), port: LINK_PORT });

  /** Address: default that of the name. */
  const open = async (name: string, address: string = addressOf(name)): Promise<MeshBox> => {
    const box = boxOf(name);
    const log: string[] = [];
    const counters = new LinkCounters();
    const host = network.host(address);
    host.reconnect();
    const boot = ++boots;
    const randomness = seededRandomness(`${seed}/${name}/${boot}`);
    const connections = openVirtualPeerConnections({ host, clock, randomness });
    let addresses: readonly string[] = [address];
    let changed = (): void => {};
    const watch: NetworkWatch = {
      get addresses() {
        return addresses;
      },
      onChange(listener) {
        changed = listener;
        return { [Symbol.dispose]: () => {} };
      },
    };
    const listeners: AsyncDisposable[] = [];
    const streams = {
      connect: host.streams.connect,
      async listen(...given: Parameters<typeof host.streams.listen>) {
        const listener = await host.streams.listen(...given);
        listeners.push(listener);
        return listener;
      },
    };
    const controlPlane = hub.planeOf(box.identity.box);
    const peers = openSignalledNetwork({ clock, randomness, streams, connections, controlPlane });
    const mesh = await openMesh(
      { clock, peers, counters, randomness, watch },
      {
        self: box.identity.box,
        port: LINK_PORT,
        hello: (linkPort, seenAs) => ({
          protocol: LINK_PROTOCOL,
          box: box.identity.box,
          session,
          name,
          rtpPort: 5004,
          ssrc: 1,
          linkPort,
          boot,
          seenAs,
        }),
        judge: () => undefined,
        terms: { credentials: box },
      },
    );
    mesh.onLink((link, replaced) => log.push(`${replaced ? 're' : ''}linked ${link.peer.name}`));
    mesh.onUnlink((link, end) => log.push(`unlinked ${link.peer.name}: ${end.kind}`));
    meshes.push(mesh);
    return {
      box,
      mesh,
      log,
      counters,
      connections,
      move(...now) {
        addresses = now;
        changed();
      },
      kill() {
        meshes.splice(meshes.indexOf(mesh), 1);
        host.disconnect();
        // A machine without power holds no port, and is online nowhere.
        for (const listener of listeners) void listener[Symbol.asyncDispose]();
        void controlPlane[Symbol.asyncDispose]();
      },
    };
  };
  const want = (of: MeshBox, ...names: string[]): void =>
    of.mesh.want(
      new Map(
        names.map((name) => [boxOf(name).identity.box, { addresses: [place(name)], faint: false }]),
      ),
    );
  const wantByServer = (of: MeshBox, name: string): void => {
    const { box } = boxOf(name).identity;
    of.mesh.want(new Map([[box, { addresses: [placeOfBox(box)], faint: false }]]));
  };
  /** Turns the clock, and ticks the meshes ten times a second. */
  const turn = async (seconds: number): Promise<void> => {
    for (let tenth = 0; tenth < Math.round(seconds * 10); tenth++) {
      for (const mesh of meshes) mesh.tick();
      await clock.advanceSettling(fromMillis(100), fromMillis(2));
    }
  };
  /** Seconds until it is so, within `limit`. */
  const until = async (what: string, met: () => boolean, limit: number): Promise<number> => {
    const begun = clock.now();
    while (!met()) {
      if (clock.now() - begun > limit * 1e6)
        throw new Error(`${what}: not in ${limit} s (seed ${seed})`);
      await turn(0.1);
    }
    return (clock.now() - begun) / 1e6;
  };
  return {
    clock,
    network,
    hub,
    session,
    boxOf,
    nameOf,
    addressOf,
    place,
    open,
    want,
    wantByServer,
    turn,
    until,
  };
}
