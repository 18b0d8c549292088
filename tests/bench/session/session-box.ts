/**
 * One whole box of a big session, in a process of its own, with real WebRTC on loopback.
 *
 * Joins when told to, plays `crowd-playing.ts` into its MIDI input, and tells what it heard of each player and what it cost.
 */
import { openBox } from '../../../runtime/compose.ts';
import type { BoxId, SessionId } from '../../../runtime/core/ensemble.ts';
import { silentLog } from '../../../runtime/core/log.ts';
import { decodeMessage, encodeMessage } from '../../../runtime/core/midi-bytes.ts';
import type { MidiMessage } from '../../../runtime/core/midi-message.ts';
import { openMonotonicClock } from '../../../runtime/platform/monotonic-clock.ts';
import { openNodeSignatures } from '../../../runtime/platform/node-signatures.ts';
import { openOutputScheduler } from '../../../runtime/platform/output-scheduler.ts';
import { systemRandomness } from '../../../runtime/platform/system-randomness.ts';
import { openTcpNetwork } from '../../../runtime/platform/tcp-network.ts';
import { openUdpNetwork } from '../../../runtime/platform/udp-network.ts';
import { openWebRtcConnections } from '../../../runtime/platform/webrtc-connections.ts';
import { checkSettings } from '../../../runtime/settings/settings-schema.ts';
import { openSignalledNetwork } from '../../../runtime/transport/link/signalled-network.ts';
import { boxName, introduce } from '../../../sim/app/acquaintance.ts';
import { openMemoryStorage } from '../../../sim/memory-storage.ts';
import { openSimMidiInput } from '../../../sim/midi-wire.ts';
import { openVirtualDiscovery } from '../../../sim/virtual-discovery.ts';
import { isStamp, playSteadily } from '../rtp/crowd-playing.ts';
import { StateSheet } from '../rtp/state-sheet.ts';

const HOST = '127.0.0.1';

export type SessionOrder =
  | { readonly kind: 'create' }
  | {
      readonly kind: 'join';
      readonly session: SessionId;
      readonly name: string;
      readonly port: number;
    }
  | { readonly kind: 'play'; readonly perSecond: number }
  | { readonly kind: 'look' | 'begin' | 'measure' | 'stop' | 'end' | 'report' };

export interface SessionLook {
  readonly kind: 'look';
  readonly session: SessionId | undefined;
  readonly name: string;
  /** Participants whose stream is up. */
  readonly hears: number;
  readonly forwarded: number;
  readonly links: number;
}

export interface SessionReport {
  readonly kind: 'report';
  readonly box: BoxId;
  readonly sent: { readonly at: number[]; readonly stamp: number[] };
  /** Stamps by player: when they came, in order, and which they were. */
  readonly arrivals: Readonly<Record<string, { readonly at: number[]; readonly stamp: number[] }>>;
  /** Players who were passed on at the end. */
  readonly forwarded: readonly string[];
  readonly own: readonly string[];
  readonly sheets: Readonly<Record<string, string[]>>;
  /** Keys that still sound at the output. */
  readonly sounding: number;
  readonly recovered: number;
  readonly relayed: number;
  readonly packetsSent: number;
  /** While it was measured. */
  readonly cpuSeconds: number;
  readonly rssMiB: number;
}

const [index = 1, boxes = 1, basePort = 0, meshLimit = 0] = process.argv.slice(2).map(Number);
const clock = openMonotonicClock();
const scheduler = await openOutputScheduler();
const checked = checkSettings({
  // What is measured is the way, not what is foreseen.
  jam: { mode: 'live' },
  box: { name: boxName(index) },
  rtp: { port: 0 },
  link: { port: basePort + index },
});
if (!('settings' in checked)) throw new Error('the settings of the bench are wrong');
const storage = openMemoryStorage();
await introduce({ storage, wallClock: clock }, { index, boxes, seed: 1, strangers: false });
const streams = openTcpNetwork();
const connections = await openWebRtcConnections({ clock, log: silentLog });
const box = await openBox(
  {
    clock,
    wallClock: clock,
    datagrams: openUdpNetwork({ clock }),
    peers: openSignalledNetwork(
      { clock, randomness: systemRandomness, streams, connections },
      { host: HOST },
    ),
    signatures: openNodeSignatures(),
    discovery: openVirtualDiscovery({ clock }).at(HOST),
    storage,
    randomness: systemRandomness,
    log: silentLog,
  },
  {
    settings: checked.settings,
    version: 'bench',
    host: HOST,
    // Also more than are let in: to find out how many can be.
    sizeLimit: boxes,
    ...(meshLimit > 0 ? { meshLimit } : {}),
  },
);
const output = new StateSheet();
box.addOutput(
  await scheduler.open({
    kind: 'loop',
    onMessage: (bytes) => {
      const decoded = decodeMessage(bytes);
      if (decoded.ok) output.take(decoded.value);
    },
  }),
);
const input = openSimMidiInput({ clock }, { name: 'Keyboard' });
box.addInput(input);

const arrivals: Record<string, { at: number[]; stamp: number[] }> = {};
const sheets: Record<string, StateSheet> = {};
const own = new StateSheet();
const sent = { at: [] as number[], stamp: [] as number[] };
const now = (): number => performance.timeOrigin + performance.now();
let recoveries = 0;
box.peers.onArrived((source, message, _performedAt, _arrivedAt, recovered) => {
  if (recovered) recoveries++;
  sheets[source] ??= new StateSheet();
  sheets[source]?.take(message);
  if (!isStamp(message) || recovered) return;
  arrivals[source] ??= { at: [], stamp: [] };
  arrivals[source]?.at.push(now());
  arrivals[source]?.stamp.push(message.velocity);
});

const play = (message: MidiMessage): void => {
  own.take(message);
  if (isStamp(message)) {
    sent.at.push(now());
    sent.stamp.push(message.velocity);
  }
  input.feed(encodeMessage(message));
};

const participants = () => box.session.context?.participants ?? [];
const routed = (): readonly string[] =>
  participants().flatMap(({ id, route }) => (route === 'forwarded' ? [id] : []));

let began = process.cpuUsage();
let spent = 0;
let stop = (): void => {};

function look(): SessionLook {
  const { context } = box.session;
  const hears = participants().filter(
    ({ id, self }) => !self && box.peers.peerOf(id)?.synced === true,
  );
  return {
    kind: 'look',
    session: context?.session,
    name: context?.name ?? '',
    hears: hears.length,
    forwarded: routed().length,
    links:
      participants().filter(({ self, connected }) => !self && connected).length - routed().length,
  };
}

function report(): SessionReport {
  return {
    kind: 'report',
    box: box.id,
    sent,
    arrivals,
    forwarded: routed(),
    own: own.lines,
    sheets: Object.fromEntries(Object.entries(sheets).map(([name, { lines }]) => [name, lines])),
    sounding: output.lines.filter((line) => line.startsWith('key')).length,
    recovered: recoveries,
    relayed: box.lanes.stats.relayed,
    packetsSent: box.rtp.stats.packetsSent,
    cpuSeconds: spent,
    rssMiB: process.memoryUsage().rss / 2 ** 20,
  };
}

async function carryOut(order: SessionOrder): Promise<void> {
  switch (order.kind) {
    case 'create':
      return box.session.create('bench');
    case 'join':
      return box.session.join(
        { addresses: [HOST], port: order.port, session: order.session, name: order.name },
        AbortSignal.timeout(30_000),
      );
    case 'look':
      process.send?.(look());
      return;
    case 'begin':
      began = process.cpuUsage();
      return;
    case 'play':
      stop = playSteadily(order.perSecond, index % 16, play);
      return;
    case 'measure': {
      const { user, system } = process.cpuUsage(began);
      spent = (user + system) / 1e6;
      return;
    }
    case 'stop':
      stop();
      return;
    case 'end':
      for (const line of own.lines) {
        const [, channel, key] = /^key (\d+) (\d+)/.exec(line) ?? [];
        if (key === undefined) continue;
        play({ kind: 'noteOff', channel: Number(channel), key: Number(key), velocity: 64 });
      }
      return;
    case 'report':
      process.send?.(report());
  }
}

process.on('message', (order: SessionOrder) => {
  carryOut(order).then(
    () => process.send?.({ kind: 'done' }),
    (failure: unknown) => process.send?.({ kind: 'failed', text: String(failure) }),
  );
});
process.on('disconnect', () => process.exit());
process.send?.({ kind: 'done' });
