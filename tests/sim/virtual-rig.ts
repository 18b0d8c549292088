import type { Micros } from '../../runtime/core/time.ts';
import { settle, type VirtualClock } from '../../sim/virtual-clock.ts';

const STEP = 10_000 as Micros;
const MOST_STEPS = 2_000;

/** Turns the clock until it is so; twenty virtual seconds at most. */
export async function turnUntil(clock: VirtualClock, reached: () => boolean): Promise<void> {
  for (let step = 0; step < MOST_STEPS; step++) {
    await settle();
    if (reached()) return;
    clock.advance(STEP);
  }
  throw new Error('it did not come to it within twenty seconds of virtual time');
}

/** Turns the clock until the promise is settled. */
export async function turnToFinish<T>(clock: VirtualClock, promise: PromiseLike<T>): Promise<T> {
  let settled = false;
  const done = (): void => {
    settled = true;
  };
  promise.then(done, done);
  await turnUntil(clock, () => settled);
  return promise;
}
