import { expect, test } from 'vitest';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import type { BoxId } from '../core/ensemble.ts';
import { fromSeconds } from '../core/time.ts';
import { openLinkDialer } from './link-dialer.ts';

const SELF = 'a1'.repeat(16) as BoxId;
const OTHER = 'b2'.repeat(16) as BoxId;

test('when a way is back, a missing box is dialed at once, in place of what began without it', () => {
  const clock = new VirtualClock();
  const dialed: { readonly at: number; readonly signal: AbortSignal }[] = [];
  const dialer = openLinkDialer(
    {
      clock,
      randomness: seededRandomness('dialer'),
      links: new Map(),
      barred: () => false,
      // Nobody answers: it hangs until it is given up.
      dial: (_box, _addresses, _better, signal) => {
        dialed.push({ at: clock.now(), signal });
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        });
      },
    },
    { self: SELF },
  );
  dialer.want(new Map([[OTHER, { addresses: [{ host: '192.0.2.1', port: 1 }], faint: false }]]));
  dialer.tick();
  clock.advance(fromSeconds(0.1));
  dialer.tick();
  expect(dialed).toHaveLength(1);
  dialer.wayIsBack();
  expect(dialed[0]?.signal.aborted).toBe(true);
  dialer.tick();
  expect(dialed).toHaveLength(2);
  expect(dialed[1]?.at).toBe(clock.now());
  dialer[Symbol.dispose]();
});
