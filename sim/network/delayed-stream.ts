/**
 * A stream whose bytes set out late, in order; a loss costs a retransmission, a partition stalls.
 *
 * Takes  bytes from this end, and the far end's through the stream behind it.
 * Gives  them to the stream behind it when they are due.
 * Keeps  what waits, at most MAX_UNSENT octets and one write more.
 */
import { Listeners } from '../../runtime/core/listeners.ts';
import type { Instant } from '../../runtime/core/time.ts';
import type { Clock } from '../../runtime/ports/clock.ts';
import type { ByteStream } from '../../runtime/ports/stream-network.ts';
import type { Way } from './way.ts';

const MAX_UNSENT = 1 << 20;
/** When the stream behind is full, we try again after so many microseconds. */
const FULL = 5_000;

interface Waiting {
  readonly due: number;
  readonly bytes: Uint8Array;
}

export function delayStream(clock: Clock, stream: ByteStream, way: Way): ByteStream {
  const closed = new Listeners<[]>();
  const waiting: Waiting[] = [];
  let unsent = 0;
  let open = true;
  let behindOpen = true;
  let finished: (() => void) | undefined;

  const forward = (): void => {
    while (waiting[0] && !way.parted) {
      const first = waiting[0];
      if (first.due > clock.now()) {
        alarm.set(first.due as Instant);
        return;
      }
      if (!stream.write(first.bytes) && behindOpen) {
        alarm.set((clock.now() + FULL) as Instant);
        return;
      }
      waiting.shift();
      unsent -= first.bytes.length;
    }
    if (waiting.length === 0) finished?.();
  };
  const alarm = clock.alarm(forward);
  way.resume = forward;

  const end = (): void => {
    if (!open) return;
    open = false;
    closed.emit();
    closed.clear();
  };
  stream.onClosed(() => {
    behindOpen = false;
    waiting.length = 0;
    way.resume = undefined;
    alarm[Symbol.dispose]();
    end();
    finished?.();
  });

  return {
    remote: stream.remote,
    write(bytes) {
      if (!open || unsent > MAX_UNSENT) return false;
      const now = clock.now();
      const due = now + way.impairment.nextReliable(now);
      waiting.push({ due, bytes: bytes.slice() });
      unsent += bytes.length;
      if (waiting.length === 1) alarm.set(due as Instant);
      return true;
    },
    onBytes: (listener) => stream.onBytes(listener),
    onClosed(listener) {
      return open ? closed.add(listener) : stream.onClosed(listener);
    },
    async [Symbol.asyncDispose]() {
      end();
      // What was written goes first, as on any stream; a partition may make that long, so it isn't waited for.
      if (behindOpen && waiting.length > 0 && !way.parted) {
        await new Promise<void>((resolve) => {
          finished = resolve;
        });
      }
      way.resume = undefined;
      alarm[Symbol.dispose]();
      await stream[Symbol.asyncDispose]();
    },
  };
}
