/**
 * RTP-MIDI in figures, all in one run: codec, sessions, journals, repair.
 *
 *   npx tsx --expose-gc tests/bench/rtp/bench.ts [--json] [--rounds 2000] [--events 20000]
 *
 * Beside ours, where it can be had: npm `rtpmidi`, and a bare datagram as the floor. Ways take turns within the run, so
 * ratios hold on a noisy machine; absolute times don't.
 */
import { parseArgs } from 'node:util';
import { measureCodecs } from './codec.ts';
import { measureJournalOctets } from './journal-octets.ts';
import { measureRepairs } from './repair-simulation.ts';
import { measureRoundTrips } from './round-trip.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '2000' },
    events: { type: 'string', default: '20000' },
  },
});

function say(text: string): void {
  if (!values.json) process.stdout.write(`${text}\n`);
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const lines = [head, ...rows].map((cells) =>
    cells
      .map((cell, i) => (i === 0 ? String(cell).padEnd(36) : String(cell).padStart(10)))
      .join(''),
  );
  say(`${lines.join('\n')}\n`);
}

const roundTrips = [];
for (const apartMs of [0, 3]) {
  const rows = await measureRoundTrips(Number(values.rounds), apartMs);
  roundTrips.push({ apartMs, rows });
  say(`Round trip of one note, process to process and back, ${apartMs} ms apart (us)`);
  table(
    ['way', 'notes', 'p50', 'p99', 'p99.9'],
    rows.map(({ way, count, p50, p99, p999 }) => [way, count, ...[p50, p99, p999].map(Math.round)]),
  );
}

const codecs = measureCodecs();
say('Codec alone (packets a second; octets of heap a packet)');
table(
  ['codec', 'written', 'read', 'heap w.', 'heap r.', 'octets'],
  codecs.map((row) => [
    row.codec,
    Math.round(row.written),
    Math.round(row.read),
    row.allocatedWritten,
    row.allocatedRead,
    row.octets.toFixed(1),
  ]),
);

const journals = [];
for (const channels of [1, 4, 16]) {
  for (const rttMs of [10, 100]) journals.push(await measureJournalOctets(channels, rttMs));
}
say('Journal of a packet with commands (octets)');
table(
  ['channels playing, round trip', 'packets', 'mean', 'p50', 'p99', 'guards/s'],
  journals.map((row) => [
    `${row.channels}, ${row.rttMs} ms`,
    row.packets,
    row.mean.toFixed(1),
    row.p50,
    row.p99,
    row.guardsPerSecond,
  ]),
);

const repairs = await measureRepairs(Number(values.events));
say(`Until the state of a lost command arrived (ms; bursts of two packets on average, both ways)
of ${values.events} commands a row, 4 to 400 ms apart; receivers wait 3 ms for what was overtaken`);
table(
  [
    'loss, one-way delay, copies',
    'lost',
    'p50',
    'p90',
    'p99',
    'max',
    'unheard',
    'packets',
    'octets',
  ],
  repairs.map(({ loss, delayMillis, redundancy, figures }) => [
    `${loss * 100} %, ${delayMillis} ms, ${redundancy}`,
    figures.lost,
    ...[figures.p50, figures.p90, figures.p99, figures.max].map((ms) => ms.toFixed(1)),
    `${(figures.unheardShare * 100).toFixed(2)} %`,
    figures.packets.toFixed(2),
    figures.octets.toFixed(0),
  ]),
);

if (values.json)
  process.stdout.write(`${JSON.stringify({ roundTrips, codecs, journals, repairs })}\n`);
process.exit();
