/**
 * What Chapter X would take to make up for all SysEx commands after a stamp.
 *
 * Takes  the history, a stamp. Gives octets; more than there are when the commands are many, for COUNT has eight bits.
 */
import { firstOfLog, sysExLogOctets } from './chapters/sysex-log.ts';
import type { SysExHistory } from './sysex-history.ts';

/** So that fewer than 200 commands are on their way. */
const LEAST_LOG = 5;

export function sysExCost(history: SysExHistory, after: number): number {
  let octets = 0;
  for (let index = history.oldestAfter(after); index < history.begun; index++) {
    const first = firstOfLog(history, index, after);
    octets += Math.max(LEAST_LOG, sysExLogOctets(history, index, first));
  }
  return octets;
}
