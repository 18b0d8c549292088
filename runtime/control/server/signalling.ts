/**
 * Signalling: one message from a box to another that is online.
 *
 * Takes  messages of accounts that signed in. Gives them to the other's connection, wherever it is, over the Bus.
 * Keeps  each account's rate. Nothing is stored: who is not online gets nothing.
 */
import type { BoxId } from '../../core/ensemble.ts';
import type { Bus } from '../../ports/bus.ts';
import type { Clock } from '../../ports/clock.ts';
import { subjectOf, writeMail } from './box-mail.ts';
import type { ServerCounters } from './counters.ts';
import { Rates, SIGNAL_BURST } from './limits.ts';
import type { Presence } from './presence.ts';

export type SignalOutcome = 'passed' | 'tooOften' | 'notOnline';

export interface Signalling {
  pass(from: BoxId, to: BoxId, message: Uint8Array): Promise<SignalOutcome>;
}

export function openSignalling(
  deps: {
    readonly bus: Bus;
    readonly clock: Clock;
    readonly presence: Presence;
    readonly counters: ServerCounters;
  },
  init: { readonly perSecond: number },
): Signalling {
  const { bus, clock, presence, counters } = deps;
  const rates = new Rates(init.perSecond, init.perSecond * SIGNAL_BURST);
  return {
    async pass(from, to, message) {
      if (!rates.take(from, clock.now())) return 'tooOften';
      if (!(await presence.isOnline(to))) return 'notOnline';
      bus.publish(subjectOf(to), writeMail({ kind: 'signal', from, message }));
      counters.signals++;
      counters.signalOctets += message.length;
      return 'passed';
    },
  };
}
