import { openInProcessBus } from '../../runtime/control/server/in-process-bus.ts';
import { openStoreLeases } from '../../runtime/control/server/store-leases.ts';
import { fromSeconds } from '../../runtime/core/time.ts';
import { openMemoryBlobs } from '../../sim/memory-blobs.ts';
import { openMemoryStore } from '../../sim/memory-store.ts';
import { settle, VirtualClock } from '../../sim/virtual-clock.ts';
import { blobsContract } from '../contracts/blobs.contract.ts';
import { busContract } from '../contracts/bus.contract.ts';
import { leasesContract } from '../contracts/leases.contract.ts';
import { storeContract } from '../contracts/store.contract.ts';

function openRig() {
  const clock = new VirtualClock();
  return {
    store: openMemoryStore({ clock }),
    pass: async (seconds: number) => clock.advance(fromSeconds(seconds)),
    async [Symbol.asyncDispose]() {},
  };
}

storeContract('The store in memory', async () => openRig());

leasesContract('Leases over the store in memory', async () => {
  const rig = openRig();
  return { ...rig, leases: openStoreLeases(rig.store) };
});

blobsContract('Blobs in memory', async () => ({
  blobs: openMemoryBlobs(),
  async [Symbol.asyncDispose]() {},
}));

busContract('The bus of one process', async () => ({
  bus: openInProcessBus(),
  async until(reached) {
    for (let round = 0; round < 100 && !reached(); round++) await settle();
    if (!reached()) throw new Error('a hundred rounds did not bring it about');
  },
  async [Symbol.asyncDispose]() {},
}));
