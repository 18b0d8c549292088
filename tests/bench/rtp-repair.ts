/**
 * `npx tsx tests/bench/rtp-repair.ts [--json] [--events 20000]`: how soon a lost command is made up for, and at what cost.
 * Simulated time and seeded: the same figures on every machine.
 */
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { measureRepairs } from './rtp-repair-simulation.ts';

const { values } = parseArgs({
  options: { json: { type: 'boolean' }, events: { type: 'string', default: '20000' } },
});
const events = Math.max(100, Math.floor(Number(values.events)) || 100);
const rows = await measureRepairs(events);

if (values.json) {
  process.stdout.write(`${JSON.stringify({ events, unit: 'ms', rows }, null, 2)}\n`);
} else {
  const head = ['loss', 'delay', 'copies', 'lost', 'p50', 'p90', 'p99', 'max', 'unheard'];
  const table = new Table({
    head: [...head, 'packets', 'octets'],
    colAligns: [...head, '', ''].map(() => 'right'),
    style: { head: [], border: [], compact: true },
  });
  for (const { loss, delayMillis, redundancy, figures } of rows) {
    table.push([
      `${loss * 100} %`,
      delayMillis,
      redundancy,
      figures.lost,
      ...[figures.p50, figures.p90, figures.p99, figures.max].map((ms) => ms.toFixed(1)),
      `${(figures.unheardShare * 100).toFixed(2)} %`,
      figures.packets.toFixed(2),
      figures.octets.toFixed(0),
    ]);
  }
  process.stdout.write(`${table.toString()}\n\n${legend()}\n`);
}

function legend(): string {
  return [
    'Milliseconds from when a lost command would have arrived until its state did; NoteOns that were never heard, of all',
    'NoteOns; packets and octets of UDP payload on the data port for each command, guard packets and clock exchanges with',
    `them. ${events} commands a row, 4 to 400 ms apart, each in a packet of its own; losses both ways in bursts of two`,
    'packets on average; one-way delay 0 or 20 ms. Receivers wait 3 ms for a packet that was overtaken.',
  ].join('\n');
}
