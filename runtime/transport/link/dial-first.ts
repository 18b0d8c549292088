/**
 * Dialing a box that may be at one of several addresses.
 *
 * Takes  addresses, those most likely to answer first.
 * Gives  the first link that opens; the others are given up. Or the most telling of the failures.
 * Lane   1.
 */
import { followSignals } from '../../core/abort.ts';
import { PortError } from '../../core/errors.ts';
import { after, fromMillis } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { NetAddress } from '../../ports/datagram-network.ts';
import type { Link } from './link.ts';

/** The next address is tried beside the others when none has answered for so long (RFC 8305 has 250 ms). */
const STAGGER = fromMillis(250);
const MAX_AT_ONCE = 6;

/** Rejects with PortError, or with the signal's reason. */
export async function dialFirst(
  deps: { readonly clock: Clock },
  addresses: readonly NetAddress[],
  signal: AbortSignal,
  dial: (to: NetAddress, signal: AbortSignal) => Promise<Link>,
): Promise<Link> {
  const { clock } = deps;
  signal.throwIfAborted();
  const others = followSignals([signal]);
  const failures: unknown[] = [];
  let next = 0;
  let settled = false;
  let start = (): void => {};
  const alarm = clock.alarm(() => start());
  try {
    return await new Promise<Link>((resolve, reject) => {
      start = () => {
        if (failures.length >= addresses.length) reject(mostTelling(failures));
        const to = addresses[next];
        if (!to || next - failures.length >= MAX_AT_ONCE) return;
        next++;
        alarm.set(after(clock.now(), STAGGER));
        dial(to, others.signal).then(
          (link) => {
            // Too late: another address was faster.
            if (settled) void link[Symbol.asyncDispose]();
            settled = true;
            resolve(link);
          },
          (failure: unknown) => {
            failures.push(failure);
            if (signal.aborted) reject(signal.reason);
            else if (!settled) start();
          },
        );
      };
      start();
    });
  } finally {
    settled = true;
    alarm[Symbol.dispose]();
    others.abort();
    others[Symbol.dispose]();
  }
}

/** A box that answered and said no tells more than an address where nobody is. */
function mostTelling(failures: readonly unknown[]): unknown {
  const telling = failures.find(
    (failure) => failure instanceof PortError && failure.code !== 'unavailable',
  );
  return (
    telling ??
    failures[0] ??
    new PortError('invalid', 'no address is known to dial; choose the session from the list again')
  );
}
