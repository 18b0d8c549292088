/**
 * Latency through whole boxes: byte in on a virtual wire to packet out, and packet in to byte out, beside a bare dgram
 * round of the same size and npm `rtpmidi`, in the same run.
 *
 *   npx tsx tests/bench/box-latency.ts [--json] [--notes 2000]
 *
 * Two boxes on real UDP on loopback with the real output thread. "packet in to byte out" holds the de-jitter buffer, which
 * waits on purpose; what it waits is told beside it. The ways take turns, so that noise meets all of them.
 */
import { createSocket } from 'node:dgram';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { type Box, openBox } from '../../runtime/compose.ts';
import { Histogram } from '../../runtime/core/histogram.ts';
import { Teardown } from '../../runtime/core/lifecycle.ts';
import { silentLog } from '../../runtime/core/log.ts';
import { openMonotonicClock } from '../../runtime/platform/monotonic-clock.ts';
import { openNodeSignatures } from '../../runtime/platform/node-signatures.ts';
import { openOutputScheduler } from '../../runtime/platform/output-scheduler.ts';
import { systemRandomness } from '../../runtime/platform/system-randomness.ts';
import { openTcpNetwork } from '../../runtime/platform/tcp-network.ts';
import { openUdpNetwork } from '../../runtime/platform/udp-network.ts';
import type { DatagramNetwork } from '../../runtime/ports/datagram-network.ts';
import { checkSettings } from '../../runtime/settings/settings-schema.ts';
import { openPlainNetwork } from '../../runtime/transport/link/plain-network.ts';
import { openMemoryStorage } from '../../sim/memory-storage.ts';
import { openSimMidiInput, type SimMidiInput } from '../../sim/midi-wire.ts';
import { openVirtualDiscovery } from '../../sim/virtual-discovery.ts';

const HOST = '127.0.0.1';
/** RTP version 2 without padding, extension or contributors; payload type 97. */
const isRtp = (bytes: Uint8Array): boolean => bytes[0] === 0x80 && ((bytes[1] ?? 0) & 0x7f) === 97;
const hasCommands = (bytes: Uint8Array): boolean => isRtp(bytes) && ((bytes[12] ?? 0) & 0x0f) > 0;
const wait = (ms: number): Promise<void> => new Promise((next) => setTimeout(next, ms));

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    notes: { type: 'string', default: '2000' },
  },
});
const rounds = Number(values.notes);
const clock = openMonotonicClock();
const held = new Teardown();
const scheduler = held.hold(await openOutputScheduler());
const registry = openVirtualDiscovery({ clock });

/** When the last packet with a note left a box, and arrived at one. */
const seen = { out: 0, in: 0 };
const watched: DatagramNetwork = {
  async bind(init) {
    const socket = await openUdpNetwork({ clock }).bind(init);
    return {
      local: socket.local,
      get unsent() {
        return socket.unsent;
      },
      send(bytes, to, length) {
        socket.send(bytes, to, length);
        if (hasCommands(bytes)) seen.out = clock.now();
      },
      onDatagram: (listener) =>
        socket.onDatagram((bytes, from, at) => {
          if (hasCommands(bytes)) seen.in = at;
          listener(bytes, from, at);
        }),
      [Symbol.asyncDispose]: () => socket[Symbol.asyncDispose](),
    };
  },
};

async function openBenchBox(name: string): Promise<{ box: Box; input: SimMidiInput }> {
  const checked = checkSettings({ box: { name }, rtp: { port: 0 }, link: { port: 0 } });
  if (!('settings' in checked)) throw new Error('the settings of the bench are wrong');
  const box = held.hold(
    await openBox(
      {
        clock,
        wallClock: clock,
        datagrams: watched,
        signatures: openNodeSignatures(),
        peers: openPlainNetwork({ streams: openTcpNetwork() }),
        discovery: registry.at(HOST),
        storage: openMemoryStorage(),
        randomness: systemRandomness,
        log: silentLog,
      },
      { settings: checked.settings, version: 'bench', host: HOST, security: 'open' },
    ),
  );
  const input = openSimMidiInput({ clock });
  held.hold(box.addInput(input));
  return { box, input };
}

const near = await openBenchBox('near');
const far = await openBenchBox('far');
let leftAt = 0;
held.hold(
  far.box.addOutput(
    await scheduler.open({
      kind: 'loop',
      onMessage: (_bytes, at) => {
        leftAt = at;
      },
    }),
  ),
);
held.hold(near.box.rtp.connect({ host: HOST, port: far.box.rtp.controlPort }));

const plain = createSocket('udp4');
const plainFar = createSocket('udp4');
await new Promise<void>((bound) => plainFar.bind(0, HOST, bound));
let plainArrived = 0;
plainFar.on('message', () => {
  plainArrived = clock.now();
});

interface OtherSession {
  readonly streams: readonly { readonly isConnected: boolean }[];
  on(event: 'message', listener: () => void): void;
  start(): void;
  connect(to: { address: string; port: number }): void;
  sendMessage(delta: number, bytes: readonly number[]): void;
  end(done: () => void): void;
}
const load = createRequire(import.meta.url);
(load('rtpmidi/src/logger.js') as { silent: boolean }).silent = true;
const Session = load('rtpmidi/src/Session.js') as new (
  port: number,
  local: string,
  bonjour: string,
) => OtherSession;
const firstPort = 44_000 + 4 * (process.pid % 2_000);
const others = [new Session(firstPort, 'a', 'a'), new Session(firstPort + 2, 'b', 'b')] as const;
let otherArrived = 0;
others[1].on('message', () => {
  otherArrived = clock.now();
});
for (const session of others) session.start();
await wait(200);
others[0].connect({ address: HOST, port: firstPort + 2 });
await wait(2_500);

const rows = {
  'bare dgram, sent to received': new Histogram(),
  'npm rtpmidi, sent to received': new Histogram(),
  'togthr, byte in to packet out': new Histogram(),
  'togthr, packet in to byte out': new Histogram(),
  'togthr, byte in to byte out at the other box': new Histogram(),
};
const note = (on: boolean): Uint8Array => Uint8Array.of(on ? 0x90 : 0x80, 60, 64);
const WARM_UP = 200;
for (let round = -WARM_UP; round < rounds; round++) {
  const bytes = note((round & 1) === 0);
  const plainAt = clock.now();
  plain.send(bytes, plainFar.address().port, HOST);
  await wait(2);
  const otherAt = clock.now();
  others[0].sendMessage(0, [...bytes]);
  await wait(2);
  const fedAt = clock.now();
  near.input.feed(bytes);
  await wait(12);
  if (round < 0) continue;
  rows['bare dgram, sent to received'].record(plainArrived - plainAt);
  if (otherArrived > otherAt) rows['npm rtpmidi, sent to received'].record(otherArrived - otherAt);
  rows['togthr, byte in to packet out'].record(seen.out - fedAt);
  rows['togthr, packet in to byte out'].record(leftAt - seen.in);
  rows['togthr, byte in to byte out at the other box'].record(leftAt - fedAt);
}
const [peer] = far.box.rtp.peers;
const buffer = peer && far.box.engine.streamStats(far.box.peers.sourceOf(peer))?.buffer;
const table = Object.entries(rows).map(([way, histogram]) => ({
  way,
  count: histogram.count,
  p50: histogram.quantile(0.5),
  p99: histogram.quantile(0.99),
  p999: histogram.quantile(0.999),
}));
if (values.json)
  process.stdout.write(
    `${JSON.stringify({ rows: table, buffer, priority: scheduler.priority })}\n`,
  );
else {
  process.stdout.write(
    `microseconds, ${rounds} notes, output thread: ${scheduler.priority}, buffer: ${buffer?.toFixed(0)}\n`,
  );
  for (const { way, p50, p99, p999 } of table) {
    const figures = [p50, p99, p999].map((value) => value.toFixed(0).padStart(8)).join('');
    process.stdout.write(`${way.padEnd(48)}${figures}\n`);
  }
}
plain.close();
plainFar.close();
for (const session of others) await new Promise<void>((done) => session.end(done));
await held[Symbol.asyncDispose]();
process.exit();
