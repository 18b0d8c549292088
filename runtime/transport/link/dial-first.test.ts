import { expect, test } from 'vitest';
import { settle, VirtualClock } from '../../../sim/virtual-clock.ts';
import { PortError } from '../../core/errors.ts';
import { JoinFailure } from '../../core/join-failure.ts';
import type { NetAddress } from '../../ports/datagram-network.ts';
import type { PeerStream } from '../../ports/peer-connection.ts';
import { dialFirst } from './dial-first.ts';
import type { Link } from './link.ts';

const PLACE = { host: '192.0.2.1', port: 1 };
const NEVER = new AbortController().signal;
const stream = { [Symbol.asyncDispose]: async () => {} } as PeerStream;
const link = {} as Link;

/** `greetings`: how each ends; undefined: well. */
async function dial(greetings: readonly (Error | undefined)[]): Promise<unknown> {
  const greeted: NetAddress[] = [];
  const outcome = dialFirst({ clock: new VirtualClock() }, [PLACE], NEVER, {
    connect: async () => stream,
    greet: async (_stream, to) => {
      const failure = greetings[greeted.length];
      greeted.push(to);
      if (failure) throw failure;
      return link;
    },
  }).then(
    (opened) => ({ opened, tries: greeted.length }),
    (failure: Error) => ({ failed: failure.message, tries: greeted.length }),
  );
  await settle(30);
  return outcome;
}

test('a place whose greeting got lost is tried once more', async () => {
  const slow = new PortError('disconnected', 'too slow');
  const hungUp = new JoinFailure('hostGone', 'hung up');
  expect(await dial([slow, undefined])).toEqual({ opened: link, tries: 2 });
  expect(await dial([hungUp, undefined])).toEqual({ opened: link, tries: 2 });
  expect(await dial([slow, slow, undefined])).toEqual({ failed: 'too slow', tries: 2 });
});

test('a place that said no is not asked again', async () => {
  const locked = new JoinFailure('locked', 'wait');
  const asksHost = new JoinFailure('askHost', 'ask the host');
  const gone = new PortError('unavailable', 'that session is not played here any more');
  expect(await dial([gone])).toEqual({ failed: gone.message, tries: 1 });
  expect(await dial([locked])).toEqual({ failed: 'wait', tries: 1 });
  expect(await dial([asksHost])).toEqual({ failed: 'ask the host', tries: 1 });
});
