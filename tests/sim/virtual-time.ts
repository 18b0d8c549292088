/** Lets virtual time go by in tests that wait for something. */
import { fromMillis, fromSeconds, type Micros } from '../../runtime/core/time.ts';
import { settle, type VirtualClock } from '../../sim/virtual-clock.ts';

const UNREASONABLE = fromSeconds(60);
const STEP = fromMillis(0.25);

export interface PassingTime {
  until(condition: () => boolean): Promise<void>;
  pass(by: Micros): Promise<void>;
  settle<T>(promise: PromiseLike<T>): Promise<T>;
}

export function virtualTime(clock: VirtualClock): PassingTime {
  const until = async (condition: () => boolean): Promise<void> => {
    const end = clock.now() + UNREASONABLE;
    await settle();
    while (!condition()) {
      if (clock.now() > end) throw new Error('a minute of virtual time did not bring it about');
      clock.advance(STEP);
      await settle();
    }
  };
  return {
    until,
    pass: (by) => clock.advanceSettling(by, STEP),
    async settle(promise) {
      let settled = false;
      const note = (): void => {
        settled = true;
      };
      promise.then(note, note);
      await until(() => settled);
      return promise;
    },
  };
}
