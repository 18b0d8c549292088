import { setTimeout as sleep } from 'node:timers/promises';

/** Machines that run tests may be slower than ours, and busy: what comes at all comes by then. */
const PATIENCE = 4;

/**
 * Waits for real until it is so. `seconds`: how long that takes on a machine of ours at worst; it is an error only
 * after PATIENCE times that. What has to be fast is measured by itself, or on the virtual clock.
 */
export async function waitUntil(reached: () => boolean, seconds: number = 5): Promise<void> {
  const most = seconds * PATIENCE;
  const end = performance.now() + most * 1_000;
  while (!reached()) {
    if (performance.now() > end) throw new Error(`it did not come to it within ${most} seconds`);
    await sleep(2);
  }
}
