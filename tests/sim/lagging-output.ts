/**
 * A MidiOutput behind a wall, as a worker thread is: what it is told takes effect a while later, and it is a while later
 * still that its reports arrive.
 */
import { Listeners } from '../../runtime/core/listeners.ts';
import { after, fromMillis, type Instant } from '../../runtime/core/time.ts';
import type { Clock } from '../../runtime/ports/clock.ts';
import type { MidiOutput } from '../../runtime/ports/midi-output.ts';

const LAG = fromMillis(1.5);

export function laggingOutput(clock: Clock, inner: MidiOutput, capacity: number): MidiOutput {
  const sent = new Listeners<[number, Instant | undefined]>();
  let open = true;
  let held = 0;
  const later = (act: () => void): void => clock.alarm(act).set(after(clock.now(), LAG));
  inner.onSent((tag, leftAt) => {
    const report = (): void => {
      held--;
      sent.emit(tag, leftAt);
    };
    if (open) later(report);
    else report();
  });
  inner.onLost(() => {
    open = false;
  });
  return {
    name: inner.name,
    send(bytes, due, tag) {
      if (!open || held >= capacity) return false;
      held++;
      const copy = bytes.slice();
      later(() => {
        if (!inner.send(copy, due, tag)) {
          held--;
          sent.emit(tag, undefined);
        }
      });
      return true;
    },
    flush: () => later(() => inner.flush()),
    onSent: (listener) => sent.add(listener),
    onLost: (listener) => inner.onLost(listener),
    async [Symbol.asyncDispose]() {
      open = false;
      await new Promise<void>((resolve) => later(resolve));
      await inner[Symbol.asyncDispose]();
      await new Promise<void>((resolve) => later(resolve));
    },
  };
}
