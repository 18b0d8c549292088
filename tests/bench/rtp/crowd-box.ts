/**
 * One whole box that many participants are connected to, in a process of its own.
 *
 * Says its port; plays `crowd-playing.ts` to all of them when told to `play`; tells on `report` what it heard of each
 * participant, how late, and what it cost.
 */

import { openBox } from '../../../runtime/compose.ts';
import { Histogram } from '../../../runtime/core/histogram.ts';
import { silentLog } from '../../../runtime/core/log.ts';
import { openMonotonicClock } from '../../../runtime/platform/monotonic-clock.ts';
import { openNodeSignatures } from '../../../runtime/platform/node-signatures.ts';
import { openOutputScheduler } from '../../../runtime/platform/output-scheduler.ts';
import { systemRandomness } from '../../../runtime/platform/system-randomness.ts';
import { openTcpNetwork } from '../../../runtime/platform/tcp-network.ts';
import { openUdpNetwork } from '../../../runtime/platform/udp-network.ts';
import { checkSettings } from '../../../runtime/settings/settings-schema.ts';
import { openPlainNetwork } from '../../../runtime/transport/link/plain-network.ts';
import { openMemoryStorage } from '../../../sim/memory-storage.ts';
import { openVirtualDiscovery } from '../../../sim/virtual-discovery.ts';
import { isStamp, playSteadily } from './crowd-playing.ts';
import { StateSheet } from './state-sheet.ts';

const HOST = '127.0.0.1';

export interface CrowdReport {
  /** Stamps by participant: when they came, in order, and which they were. */
  readonly arrivals: Readonly<Record<string, { readonly at: number[]; readonly stamp: number[] }>>;
  readonly sheets: Readonly<Record<string, string[]>>;
  readonly own: readonly string[];
  readonly recovered: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly packetsSent: number;
  /** Microseconds later than due that messages left the output, 99th percentile. */
  readonly outputLateness: number;
  readonly cpuSeconds: number;
  readonly rssMiB: number;
}

const clock = openMonotonicClock();
const scheduler = await openOutputScheduler();
const checked = checkSettings({ box: { name: 'crowded' }, rtp: { port: 0 }, link: { port: 0 } });
if (!('settings' in checked)) throw new Error('the settings of the bench are wrong');
const box = await openBox(
  {
    clock,
    wallClock: clock,
    datagrams: openUdpNetwork({ clock }),
    signatures: openNodeSignatures(),
    peers: openPlainNetwork({ streams: openTcpNetwork() }),
    discovery: openVirtualDiscovery({ clock }).at(HOST),
    storage: openMemoryStorage(),
    randomness: systemRandomness,
    log: silentLog,
  },
  { settings: checked.settings, version: 'bench', host: HOST, security: 'open' },
);
box.addOutput(await scheduler.open({ kind: 'loop', onMessage: () => {} }));

const arrivals: Record<string, { at: number[]; stamp: number[] }> = {};
const sheets: Record<string, StateSheet> = {};
const own = new StateSheet();
let recoveries = 0;
box.rtp.onMidi((peer, message, _performedAt, _arrivedAt, recovered) => {
  if (recovered) recoveries++;
  const now = performance.timeOrigin + performance.now();
  sheets[peer.name] ??= new StateSheet();
  sheets[peer.name]?.take(message);
  if (!isStamp(message) || recovered) return;
  arrivals[peer.name] ??= { at: [], stamp: [] };
  arrivals[peer.name]?.at.push(now);
  arrivals[peer.name]?.stamp.push(message.velocity);
});
const lateness = new Histogram();
box.output.onSent(({ due, leftAt }) => {
  if (leftAt !== undefined) lateness.record(Math.max(0, leftAt - due));
});

let began = process.cpuUsage();
let stop = (): void => {};
process.on('message', (order: 'play' | 'stop' | 'report' | 'clear') => {
  if (order === 'clear') {
    for (const name of Object.keys(arrivals)) delete arrivals[name];
    lateness.clear();
    began = process.cpuUsage();
  }
  if (order === 'play') {
    stop = playSteadily(50, 15, (message) => {
      own.take(message);
      box.rtp.send(message, clock.now());
    });
  }
  if (order === 'stop') stop();
  if (order !== 'report') return;
  const spent = process.cpuUsage(began);
  const report: CrowdReport = {
    arrivals,
    sheets: Object.fromEntries(Object.entries(sheets).map(([name, { lines }]) => [name, lines])),
    own: own.lines,
    recovered: recoveries,
    faults: box.rtp.stats.faults,
    packetsSent: box.rtp.stats.packetsSent,
    outputLateness: lateness.quantile(0.99),
    cpuSeconds: (spent.user + spent.system) / 1e6,
    rssMiB: process.memoryUsage().rss / 2 ** 20,
  };
  process.send?.(report);
});
process.on('disconnect', () => process.exit());
process.send?.(box.rtp.controlPort);
