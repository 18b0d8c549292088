/** Lets real time go by in tests of real ports. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Micros, toMillis } from '../../runtime/core/time.ts';
import type { PassingTime } from '../sim/virtual-time.ts';
import { waitUntil } from './real-rig.ts';

export const realTime: PassingTime = {
  until: (condition) => waitUntil(condition, 20),
  pass: async (by: Micros) => {
    await sleep(toMillis(by));
  },
  settle: async (promise) => promise,
};
