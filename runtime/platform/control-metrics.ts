/** A control plane's counters in the text exposition format of Prometheus. */
import { Gauge, Registry } from 'prom-client';
import type { ServerCounters } from '../control/server/counters.ts';

type Plain = {
  readonly [K in keyof ServerCounters as ServerCounters[K] extends number ? K : never]: string;
};

const PLAIN: Plain = {
  connections: 'connections open now',
  signedIn: 'boxes signed in now',
  tunnels: 'ends of tunnels open now',
  accepted: 'connections accepted',
  newAccounts: 'accounts made',
  messages: 'frames received from boxes',
  signals: 'signalling messages passed on',
  signalOctets: 'octets of them',
  tunnelsOpened: 'tunnels opened',
  tunnelOctets: 'octets carried by tunnels',
  invitationsMade: 'invitations made',
  invitationsOpened: 'invitations opened',
  invitationsMissed: 'codes tried that lead nowhere',
};
const TALLIES = {
  refused: ['requests refused, by code', 'code'],
  cutOff: ['connections ended or turned away by the server, by why', 'why'],
  faults: ['frames that could not be used, by fault', 'fault'],
} as const;

const snake = (name: string): string =>
  name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export async function writeControlMetrics(counters: ServerCounters): Promise<string> {
  const registry = new Registry();
  const registers = [registry];
  for (const [name, help] of Object.entries(PLAIN)) {
    const gauge = new Gauge({ name: `togthr_control_${snake(name)}`, help, registers });
    gauge.set(counters[name as keyof Plain]);
  }
  for (const [name, [help, label]] of Object.entries(TALLIES)) {
    const gauge = new Gauge({
      name: `togthr_control_${snake(name)}`,
      help,
      labelNames: [label],
      registers,
    });
    for (const [word, count] of counters[name as keyof typeof TALLIES])
      gauge.set({ [label]: word }, count);
  }
  const resident = new Gauge({
    name: 'togthr_control_memory_bytes',
    help: 'resident memory',
    registers,
  });
  resident.set(process.memoryUsage.rss());
  return registry.metrics();
}
