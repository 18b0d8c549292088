/**
 * The ports of a box on this machine, as `togthr run` and tests with whole boxes open them.
 *
 * Takes  settings, and the folder that the box keeps its data in.
 * Gives  what `openBox` asks for, without what makes music: devices, models, priority.
 * Keeps  discovery and the network until it is disposed.
 */
import type { BoxDeps } from '../runtime/compose.ts';
import { Teardown } from '../runtime/core/lifecycle.ts';
import type { Log } from '../runtime/core/log.ts';
import { openFileStorage } from '../runtime/platform/file-storage.ts';
import { lookUpHost } from '../runtime/platform/host-lookup.ts';
import { openLocalDiscovery } from '../runtime/platform/local-discovery.ts';
import { openMonotonicClock } from '../runtime/platform/monotonic-clock.ts';
import { openNodeSignatures } from '../runtime/platform/node-signatures.ts';
import { systemRandomness } from '../runtime/platform/system-randomness.ts';
import { openUdpNetwork } from '../runtime/platform/udp-network.ts';
import { type Identity, loadIdentity } from '../runtime/privacy/identity.ts';
import type { Settings } from '../runtime/settings/settings.ts';
import { openBoxNetwork } from './box-network.ts';

export interface BoxPorts extends AsyncDisposable {
  readonly deps: BoxDeps;
  readonly identity: Identity;
}

/** Rejects with PortError. */
export async function openBoxPorts(
  deps: { readonly log: Log },
  settings: Settings,
  init: { readonly dataFolder: string; readonly version: string },
): Promise<BoxPorts> {
  const { log } = deps;
  const held = new Teardown();
  try {
    const clock = openMonotonicClock();
    const randomness = systemRandomness;
    const signatures = openNodeSignatures();
    const storage = await openFileStorage({ log }, { directory: init.dataFolder });
    const discovery = held.hold(await openLocalDiscovery({ clock, log }));
    const identity = await loadIdentity({ storage, randomness, signatures, log });
    const network = held.hold(
      await openBoxNetwork({ clock, log, randomness, identity }, settings, init.version),
    );
    return {
      identity,
      deps: {
        clock,
        wallClock: clock,
        datagrams: openUdpNetwork({ clock }),
        signatures,
        peers: network.peers,
        controlPlane: network.controlPlane,
        watch: network.watch,
        addresses: () => network.watch.addresses,
        discovery,
        storage,
        randomness,
        log,
        lookUp: lookUpHost,
      },
      [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
    };
  } catch (failure) {
    await held[Symbol.asyncDispose]();
    throw failure;
  }
}
