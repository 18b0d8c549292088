/**
 * Session managers on one virtual clock and one virtual network, each with a clock origin of its own, for scenarios
 * about sessions only: no MIDI, no RTP. The ensemble clocks are perfect, so that every step in ensemble time is the
 * session's doing.
 */

import type { BoxId, EnsembleContext } from '../../runtime/core/ensemble.ts';
import { PortError } from '../../runtime/core/errors.ts';
import { silentLog } from '../../runtime/core/log.ts';
import {
  type EnsembleTime,
  fromSeconds,
  type Instant,
  type Micros,
} from '../../runtime/core/time.ts';
import { openNodeSignatures } from '../../runtime/platform/node-signatures.ts';
import type { Clock } from '../../runtime/ports/clock.ts';
import type { Storage } from '../../runtime/ports/storage.ts';
import type { StreamListener, StreamNetwork } from '../../runtime/ports/stream-network.ts';
import { type Identity, identityFrom } from '../../runtime/privacy/identity.ts';
import { openKnownBoxes } from '../../runtime/privacy/known-boxes.ts';
import { openSessionManager, type SessionManager } from '../../runtime/session/session-manager.ts';
import { openSignalledNetwork } from '../../runtime/transport/link/signalled-network.ts';
import { openMemoryStorage } from '../../sim/memory-storage.ts';
import { openVirtualNetwork, type VirtualNetwork } from '../../sim/network/virtual-network.ts';
import {
  openVirtualPeerConnections,
  type VirtualPeerConnections,
} from '../../sim/network/virtual-peer-connections.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { settle, VirtualClock } from '../../sim/virtual-clock.ts';
import {
  openVirtualControlPlane,
  type VirtualControlPlane,
} from '../../sim/virtual-control-plane.ts';
import { openVirtualDiscovery } from '../../sim/virtual-discovery.ts';

export interface SessionBox {
  readonly id: BoxId;
  readonly address: string;
  readonly connections: VirtualPeerConnections;
  readonly session: SessionManager;
  /** Every snapshot it was pushed. */
  readonly contexts: readonly (EnsembleContext | undefined)[];
  /** `linked NAME` and `unlinked NAME`, in order. */
  readonly participants: readonly string[];
  readonly storage: Storage;
  ensembleNow(): EnsembleTime;
  /** Pulls the plug: no goodbye, no link, no announcement. */
  kill(): void;
}

export interface SessionRig {
  readonly clock: VirtualClock;
  readonly network: VirtualNetwork;
  /** Its server may be told to misbehave. */
  readonly hub: VirtualControlPlane;
  /** Starts a box; one of that name again is the same box after another start, with another clock. */
  start(
    name: string,
    init?: {
      readonly offset?: number;
      readonly linkPort?: number;
      /** Has met none of the others: it needs a code or an invitation. */
      readonly sizeLimit?: number;
      readonly stranger?: boolean;
      /** Names of those it has met. Default: A to H. */
      readonly acquainted?: readonly string[];
    },
  ): Promise<SessionBox>;
  /** The two are in networks of their own from now on: no announcement and no TCP gets from one to the other. */
  farApart(one: SessionBox, other: SessionBox): void;
  seconds(count: number): Promise<void>;
}

const signatures = openNodeSignatures();
const identities = new Map<string, Identity>();

/** By name: A has the smallest id. */
export function identityOf(name: string): Identity {
  const first = name.charCodeAt(0).toString(16).padStart(2, '0');
  for (let attempt = 0; ; attempt++) {
    const known = identities.get(name);
    if (known) return known;
    const seed = seededRandomness(`${name} ${attempt}`).bytes(32);
    const identity = identityFrom(signatures, seed);
    if (identity.box.startsWith(first)) identities.set(name, identity);
  }
}

/** All of them have met, but for strangers. */
const ACQUAINTED = [...'ABCDEFGH'];

async function storageOf(
  name: string,
  clock: VirtualClock,
  acquainted: readonly string[],
): Promise<Storage> {
  const storage = openMemoryStorage();
  await using known = await openKnownBoxes({ storage, wallClock: clock, log: silentLog });
  for (const other of acquainted) {
    if (other !== name) known.meet(identityOf(other).publicKey, other);
  }
  return storage;
}

/** A signal of its own for each operation: they are many on one clock. */
export const never = (): AbortSignal => new AbortController().signal;

export function openSessionRig(seed: number): SessionRig {
  const clock = new VirtualClock();
  const network = openVirtualNetwork({
    clock,
    randomness: seededRandomness(seed),
    profile: 'lan',
  });
  const apart = new Set<string>();
  const discoveries = openVirtualDiscovery({
    clock,
    reachable: (from, to) => !apart.has(`${from} ${to}`) && network.reachable(from, to),
  });
  const hub = openVirtualControlPlane({ clock, randomness: seededRandomness(`${seed}/hub`) });
  const names: string[] = [];
  const storages = new Map<string, Storage>();
  const offsets = new Map<BoxId, number>();
  let starts = 0;

  const start: SessionRig['start'] = async (name, init = {}) => {
    if (!names.includes(name)) names.push(name);
    starts++;
    const place = names.indexOf(name) + 1;
    const address = `10.0.0.${place}`;
    const identity = identityOf(name);
    const id = identity.box;
    const storage =
      storages.get(name) ??
      (await storageOf(name, clock, init.stranger ? [] : (init.acquainted ?? ACQUAINTED)));
    storages.set(name, storage);
    const offset = init.offset ?? starts * 1_000_000_007;
    offsets.set(id, offset);
    const own = offsetClock(clock, offset);
    const host = network.host(address, { clock: own.clock });
    host.reconnect();
    const discovery = discoveries.at(address);
    const listeners: StreamListener[] = [];
    const streams: StreamNetwork = {
      async connect(to, signal) {
        // The signalling only: ICE finds its way.
        if (!apart.has(`${address} ${to.host}`)) return host.streams.connect(to, signal);
        throw new PortError('unavailable', `${to.host} is in another network`);
      },
      async listen(at, onStream) {
        const listener = await host.streams.listen(at, onStream);
        listeners.push(listener);
        return listener;
      },
    };

    const randomness = seededRandomness(`${seed}/${starts}`);
    const connections = openVirtualPeerConnections({ host, clock: own.clock, randomness });
    const controlPlane = hub.planeOf(id);
    const deps = { clock: own.clock, randomness, streams, connections, controlPlane };
    const peers = openSignalledNetwork(deps);

    // What the reference's clock read when it was first followed, carried on: it stays when that box is restarted.
    let following: number | undefined;
    const toEnsemble = (local: Instant): EnsembleTime => (local + (following ?? 0)) as EnsembleTime;
    const session = await openSessionManager(
      {
        clock: own.clock,
        wallClock: clock,
        identity,
        signatures,
        peers,
        discovery,
        storage,
        randomness,
        controlPlane,
        log: silentLog,
        ensembleClock: {
          toEnsemble,
          get synced() {
            return following !== undefined;
          },
        },
      },
      {
        name,
        sizeLimit: init.sizeLimit,
        instrument: 'keys',
        rtp: { port: 5004, ssrc: place, clockOffset: 0 as Micros },
        linkPort: init.linkPort ?? 5008,
      },
    );
    const contexts: (EnsembleContext | undefined)[] = [];
    const participants: string[] = [];
    session.onContext((context) => contexts.push(context));
    session.onReference((box, shift) => {
      following = shift + (box === 'self' ? 0 : (offsets.get(box) ?? 0) - offset);
    });
    session.onParticipant(({ peer }, state) => participants.push(`${state} ${peer.name}`));
    return {
      id,
      address,
      connections,
      session,
      contexts,
      participants,
      storage,
      ensembleNow: () => toEnsemble(own.clock.now()),
      kill() {
        own.stop();
        host.disconnect();
        // A machine without power holds no port.
        for (const listener of listeners) void listener[Symbol.asyncDispose]();
        void discovery[Symbol.asyncDispose]();
        void controlPlane[Symbol.asyncDispose]();
      },
    };
  };

  return {
    clock,
    network,
    hub,
    start,
    farApart(one, other) {
      apart.add(`${one.address} ${other.address}`).add(`${other.address} ${one.address}`);
    },
    async seconds(count) {
      await clock.advanceSettling(fromSeconds(count), 5_000 as Micros);
      await settle();
    },
  };
}

/** What all should agree upon: everything but the point of view. */
export const agreed = (box: SessionBox): unknown => {
  const context = box.session.context;
  return (
    context && {
      ...context,
      participants: context.participants
        .map(({ id, name, instrument, role, roleByHand }) => ({
          id,
          name,
          instrument,
          role,
          roleByHand,
        }))
        .sort((a, b) => (a.id < b.id ? -1 : 1)),
    }
  );
};

/** A clock with another origin; once stopped its alarms stay silent. */
function offsetClock(
  base: VirtualClock,
  offset: number,
): { readonly clock: Clock; readonly stop: () => void } {
  let running = true;
  const clock: Clock = {
    now: () => (base.now() + offset) as Instant,
    alarm(wake) {
      const alarm = base.alarm(() => {
        if (running) wake();
      });
      return {
        set: (due) => alarm.set((due - offset) as Instant),
        clear: () => alarm.clear(),
        [Symbol.dispose]: () => alarm[Symbol.dispose](),
      };
    },
  };
  return {
    clock,
    stop: () => {
      running = false;
    },
  };
}
