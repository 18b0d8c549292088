/**
 * The Bus of a server that is one process: a message is heard in the next turn, in order.
 */
import { Listeners } from '../../core/listeners.ts';
import type { Bus } from '../../ports/bus.ts';

export function openInProcessBus(): Bus {
  const subjects = new Map<string, Listeners<[Uint8Array]>>();
  return {
    publish(subject, message) {
      if (!subjects.has(subject)) return;
      const copy = message.slice();
      void Promise.resolve().then(() => subjects.get(subject)?.emit(copy));
    },
    subscribe(subject, listener) {
      const listeners = subjects.get(subject) ?? new Listeners<[Uint8Array]>();
      subjects.set(subject, listeners);
      const held = listeners.add(listener);
      return {
        [Symbol.dispose]() {
          held[Symbol.dispose]();
          if (listeners.size === 0 && subjects.get(subject) === listeners) subjects.delete(subject);
        },
      };
    },
  };
}
