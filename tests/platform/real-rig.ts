import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for real until it is so. */
export async function waitUntil(reached: () => boolean, seconds: number = 5): Promise<void> {
  const end = performance.now() + seconds * 1_000;
  while (!reached()) {
    if (performance.now() > end) throw new Error(`it did not come to it within ${seconds} seconds`);
    await sleep(2);
  }
}
