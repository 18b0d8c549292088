import { expect, test } from 'vitest';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import type { BoxId } from '../core/ensemble.ts';
import { fromSeconds } from '../core/time.ts';
import type { Link } from '../transport/link/link.ts';
import { openLinkDialer } from './link-dialer.ts';

const SELF = 'a1'.repeat(16) as BoxId;
const OTHER = 'b2'.repeat(16) as BoxId;

function openRig(self: BoxId) {
  const clock = new VirtualClock();
  const links = new Map<BoxId, Link>();
  const signals: AbortSignal[] = [];
  const dialer = openLinkDialer(
    {
      clock,
      randomness: seededRandomness('dialer'),
      links,
      barred: () => false,
      dial: (_box, _addresses, _better, signal) => {
        signals.push(signal);
        return new Promise(() => {});
      },
    },
    { self },
  );
  const addresses = [{ host: '192.0.2.1', port: 1 }];
  dialer.want(new Map([[self === SELF ? OTHER : SELF, { addresses, faint: false }]]));
  return { clock, links, signals, dialer };
}

test.each([
  ['the smaller id goes on for a moment with what it has dialed', SELF, OTHER, false],
  ['the greater id gives up what it has dialed', OTHER, SELF, true],
])('when the other box was faster, %s', (_what, self, other, aborted) => {
  const { clock, links, signals, dialer } = openRig(self);
  dialer.tick();
  clock.advance(fromSeconds(2.1));
  dialer.tick();
  expect(signals).toHaveLength(1);
  const route = { kind: 'local' };
  links.set(other, { dialer: false, route, heardAt: clock.now(), peer: { box: other } } as Link);
  dialer.linked(other, false);
  dialer.tick();
  expect(signals[0]?.aborted).toBe(aborted);
  clock.advance(fromSeconds(1));
  dialer.tick();
  expect(signals[0]?.aborted).toBe(true);
  dialer[Symbol.dispose]();
});

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
