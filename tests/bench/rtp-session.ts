/**
 * RTP-MIDI latency and throughput, beside a bare dgram socket and npm `rtpmidi` in the same run.
 *
 *   npx tsx tests/bench/rtp-session.ts [--json] [--messages 4000]
 *
 * "out" is a MIDI message in until its packet is at a bare socket; "in" a packet sent by a bare socket until the MIDI
 * message is out. Everything is in one process on loopback, so each figure holds one way through the kernel and the
 * event loop: the row "bare dgram" is that alone. The ways take turns, so that noise meets all of them.
 */
import { createSocket, type Socket } from 'node:dgram';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { silentLog } from '../../runtime/core/log.ts';
import { shortMessage } from '../../runtime/core/midi-bytes.ts';
import type { MidiMessage } from '../../runtime/core/midi-message.ts';
import type { Instant, Micros } from '../../runtime/core/time.ts';
import { openMonotonicClock } from '../../runtime/platform/monotonic-clock.ts';
import { systemRandomness } from '../../runtime/platform/system-randomness.ts';
import { openUdpNetwork } from '../../runtime/platform/udp-network.ts';
import type { CommandList } from '../../runtime/transport/rtp-midi/command-list.ts';
import { openRtpMidiEndpoint } from '../../runtime/transport/rtp-midi/endpoint.ts';
import { FaultCounters } from '../../runtime/transport/rtp-midi/faults.ts';
import { Outbox } from '../../runtime/transport/rtp-midi/outbox.ts';
import { emptyRtpHeader, readRtpHeader } from '../../runtime/transport/rtp-midi/rtp-header.ts';
import { StreamReceiver } from '../../runtime/transport/rtp-midi/stream-receiver.ts';
import {
  PACKET_BUFFER_OCTETS,
  StreamSender,
} from '../../runtime/transport/rtp-midi/stream-sender.ts';
import type { Ticks } from '../../runtime/transport/rtp-midi/ticks.ts';

const HOST = '127.0.0.1';
const ROUND = 100;
const clock = openMonotonicClock();
const options = parseArgs({
  options: { json: { type: 'boolean' }, messages: { type: 'string', default: '4000' } },
});
const messages = Number(options.values.messages);

const notes = [shortMessage(0x90, 60, 100), shortMessage(0x80, 60, 64)] as const;
const note = (i: number): MidiMessage => notes[i & 1] as MidiMessage;

/** Two bare sockets in a row, as AppleMIDI peers have them. */
interface RawPeer {
  readonly control: Socket;
  readonly data: Socket;
  readonly port: number;
  onPacket: (bytes: Buffer) => void;
  close(): void;
}

async function openRawPeer(): Promise<RawPeer> {
  const bind = (port: number): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = createSocket('udp4');
      socket.once('error', reject);
      socket.bind(port, HOST, () => resolve(socket));
    });
  for (let port = 41_000 + 2 * (process.pid % 2_000); ; port += 2) {
    try {
      const control = await bind(port);
      const data = await bind(port + 1);
      const peer: RawPeer = {
        control,
        data,
        port,
        onPacket: () => {},
        close: () => {
          control.close();
          data.close();
        },
      };
      data.on('message', (bytes) => {
        if (bytes[0] !== 0xff) peer.onPacket(bytes);
      });
      return peer;
    } catch {
      // Taken: the next pair.
    }
  }
}

const wait = (ms: number): Promise<void> => new Promise((next) => setTimeout(next, ms));

/** Invites the end point at `port` as `ssrc`, and pretends to have compared clocks. */
async function join(raw: RawPeer, port: number, ssrc: number): Promise<void> {
  const invitation = Buffer.from('ffff494e00000002000000010000000062656e636800', 'hex');
  invitation.writeUInt32BE(ssrc, 12);
  raw.control.send(invitation, port, HOST);
  await wait(50);
  raw.data.send(invitation, port + 1, HOST);
  await wait(50);
  const clockAnswer = Buffer.alloc(36);
  clockAnswer.write('ffff434b', 'hex');
  clockAnswer.writeUInt32BE(ssrc, 4);
  clockAnswer[8] = 1;
  raw.data.send(clockAnswer, port + 1, HOST);
  await wait(50);
}

/** A packet of one note with an empty journal. */
function packet(ssrc: number, sequence: number, i: number): Buffer {
  const bytes = Buffer.from('80610000000000000000000043903c64800000', 'hex');
  bytes.writeUInt16BE(sequence & 0xffff, 2);
  bytes.writeUInt32BE(ssrc, 8);
  bytes[13] = i & 1 ? 0x80 : 0x90;
  bytes.writeUInt16BE(sequence & 0xffff, 17);
  return bytes;
}

/** One way of getting from here to there; `send` is followed by one call of `arrived`. */
interface Way {
  readonly name: string;
  readonly direction: 'out' | 'in' | 'through';
  readonly times: number[];
  send(i: number, arrived: () => void): void;
}

async function openWays(): Promise<{ ways: Way[]; close: () => Promise<void> }> {
  const raw = await openRawPeer();
  const echo = await openRawPeer();
  const ssrc = 0x0bad_cafe;
  const open = (name: string) =>
    openRtpMidiEndpoint(
      { clock, network: openUdpNetwork({ clock }), randomness: systemRandomness, log: silentLog },
      { name, port: 0, host: HOST },
    );
  const ours = await open('ours');
  const far = await open('far');
  await join(raw, ours.controlPort, ssrc);

  const load = createRequire(import.meta.url);
  (load('rtpmidi/src/logger.js') as { silent: boolean }).silent = true;
  const Session = load('rtpmidi/src/Session.js') as new (
    port: number,
    a: string,
    b: string,
  ) => OtherSession;
  const theirsRaw = await openRawPeer();
  const theirs = new Session(43_000 + 2 * (process.pid % 2_000), 'theirs', 'theirs');
  await new Promise<void>((ready) => {
    theirs.on('ready', ready);
    theirs.start();
  });
  await join(theirsRaw, theirs.port, ssrc);

  const near = await open('near');
  near.connect({ host: HOST, port: far.controlPort });
  await wait(300);

  let heard = (): void => {};
  ours.onMidi((_peer, _message, _at, _arrived, recovered) => {
    if (!recovered) heard();
  });
  let heardFar = (): void => {};
  far.onMidi(() => heardFar());
  let sequence = 1;
  let theirSequence = 1;
  const ways: Way[] = [
    {
      name: 'bare dgram',
      direction: 'out',
      times: [],
      send(_i, arrived) {
        echo.onPacket = arrived;
        raw.data.send(packet(ssrc, 1, 0), echo.port + 1, HOST);
      },
    },
    {
      name: 'togthr',
      direction: 'out',
      times: [],
      send(i, arrived) {
        raw.onPacket = (bytes) => {
          // Not a guard packet.
          if (((bytes[12] ?? 0) & 0x0f) > 0) arrived();
        };
        ours.send(note(i), clock.now());
      },
    },
    {
      name: 'npm rtpmidi',
      direction: 'out',
      times: [],
      send(i, arrived) {
        theirsRaw.onPacket = arrived;
        theirs.sendMessage(0, i & 1 ? [0x80, 60, 64] : [0x90, 60, 100]);
      },
    },
    {
      name: 'togthr',
      direction: 'in',
      times: [],
      send(i, arrived) {
        heard = arrived;
        raw.data.send(packet(ssrc, sequence++, i), ours.controlPort + 1, HOST);
      },
    },
    {
      name: 'npm rtpmidi',
      direction: 'in',
      times: [],
      send(i, arrived) {
        theirs.once('message', arrived);
        theirsRaw.data.send(packet(ssrc, theirSequence++, i), theirs.port + 1, HOST);
      },
    },
    {
      name: 'togthr to togthr',
      direction: 'through',
      times: [],
      send(i, arrived) {
        heardFar = arrived;
        near.send(note(i), clock.now());
      },
    },
  ];
  return {
    ways,
    close: async () => {
      for (const endpoint of [ours, far, near]) await endpoint[Symbol.asyncDispose]();
      await new Promise<void>((ended) => theirs.end(ended));
      for (const peer of [raw, echo, theirsRaw]) peer.close();
    },
  };
}

interface OtherSession {
  readonly port: number;
  on(event: string, listener: () => void): void;
  once(event: string, listener: () => void): void;
  start(): void;
  end(done: () => void): void;
  sendMessage(time: number, bytes: readonly number[]): void;
}

async function measure(way: Way, from: number, count: number): Promise<void> {
  for (let i = from; i < from + count; i++) {
    const took = await new Promise<number>((resolve) => {
      const began = performance.now();
      const lost = setTimeout(() => resolve(Number.NaN), 1_000);
      way.send(i, () => {
        clearTimeout(lost);
        resolve((performance.now() - began) * 1_000);
      });
    });
    if (!Number.isNaN(took)) way.times.push(took);
    // Lets everything else in the process happen outside the measurement.
    await new Promise((next) => setImmediate(next));
  }
}

/** Octets of heap that each of `events` runs of `step` takes: the least of several tries, of which none met the collector. */
function allocatedPer(events: number, step: (i: number) => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 8; attempt++) {
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < events; i++) step(i);
    const used = process.memoryUsage().heapUsed - before;
    if (used >= 0) least = Math.min(least, used / events);
  }
  return Math.round(least * 10) / 10;
}

/** Packets a second through the codec alone: one note each, journal written and read. And what they allocate. */
function measureCodec(): {
  encode: number;
  decode: number;
  encodeOctets: number;
  decodeOctets: number;
} {
  const outbox = new Outbox(0);
  const sender = new StreamSender(1, 1, outbox.state, 0 as Instant);
  const out = new Uint8Array(PACKET_BUFFER_OCTETS);
  const packets: Uint8Array[] = [];
  const count = 200_000;
  let now = 0 as Instant;
  let keep = false;
  const write = (list: CommandList, first: Ticks, at: Instant): void => {
    const length = sender.write(list, first, at, now, out);
    if (keep) packets.push(out.slice(0, length));
  };
  const sent = (): void => sender.sent(true, now);
  const encodeOne = (i: number): void => {
    now = (now + 1_000) as Instant;
    outbox.add(note(i), now, now);
    outbox.flush(write, sent);
    if (i % 8 === 7) sender.report(sender.last & 0xffff, now);
  };
  const run = (): number => {
    const began = performance.now();
    for (let i = 0; i < count; i++) encodeOne(i);
    return count / ((performance.now() - began) / 1_000);
  };
  run();
  const encode = run();
  const encodeOctets = allocatedPer(20_000, encodeOne);
  keep = true;
  run();
  const header = emptyRtpHeader();
  let receiver = openReceiver();
  let next = 0;
  const decodeOne = (): void => {
    const bytes = packets[next] as Uint8Array;
    readRtpHeader(bytes, header);
    receiver.receive(bytes, header, (next++ * 1_000) as Instant);
  };
  const read = (): number => {
    heardInCodec = 0;
    receiver = openReceiver();
    next = 0;
    const began = performance.now();
    while (next < packets.length) decodeOne();
    if (heardInCodec !== packets.length)
      throw new Error(`${heardInCodec} of ${packets.length} read`);
    return packets.length / ((performance.now() - began) / 1_000);
  };
  read();
  const decode = read();
  receiver = openReceiver();
  next = 0;
  const decodeOctets = allocatedPer(20_000, decodeOne);
  return { encode, decode, encodeOctets, decodeOctets };
}

let heardInCodec = 0;

function openReceiver(): StreamReceiver {
  const sink = { message: () => heardInCodec++, report: () => {} };
  return new StreamReceiver(sink, new FaultCounters(), 0 as Micros);
}

const { ways, close } = await openWays();
for (const way of ways) await measure(way, 0, 500);
for (const way of ways) way.times.length = 0;
for (let done = 0; done < messages; done += ROUND) {
  for (const way of ways) await measure(way, done, ROUND);
}
await close();
const codec = measureCodec();

const rows = ways.map(({ name, direction, times }) => {
  times.sort((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(times[Math.floor(share * (times.length - 1))] ?? Number.NaN);
  return { direction, name, messages: times.length, p50: at(0.5), p99: at(0.99), p999: at(0.999) };
});
if (options.values.json) {
  process.stdout.write(`${JSON.stringify({ unit: 'us', rows, codec })}\n`);
} else {
  const line = (cells: readonly (string | number)[]): string =>
    cells.map((cell, i) => (i < 2 ? String(cell).padEnd(18) : String(cell).padStart(9))).join('');
  const text = [
    line(['direction', 'way', 'messages', 'p50 us', 'p99 us', 'p99.9 us']),
    ...rows.map((row) => line([row.direction, row.name, row.messages, row.p50, row.p99, row.p999])),
    `codec alone: ${Math.round(codec.encode)} packets/s written, ${Math.round(codec.decode)} packets/s read (one note each, journals on)`,
    `allocated: ${codec.encodeOctets} octets a packet written, ${codec.decodeOctets} read`,
  ];
  process.stdout.write(`${text.join('\n')}\n`);
}
