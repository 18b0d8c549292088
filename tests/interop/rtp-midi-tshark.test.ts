import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLog } from '../../runtime/core/log.ts';
import { shortMessage } from '../../runtime/core/midi-bytes.ts';
import type { MidiMessage } from '../../runtime/core/midi-message.ts';
import { fromMillis, fromSeconds, type Micros } from '../../runtime/core/time.ts';
import {
  emptyCommandHeader,
  readCommandHeader,
} from '../../runtime/transport/rtp-midi/command-section.ts';
import { openRtpMidiEndpoint } from '../../runtime/transport/rtp-midi/endpoint.ts';
import {
  CHANNEL_CHAPTERS,
  SYSTEM_CHAPTERS,
} from '../../runtime/transport/rtp-midi/journal/chapter-table.ts';
import { MAX_PACKET_OCTETS } from '../../runtime/transport/rtp-midi/stream-sender.ts';
import { NETWORK_PROFILES } from '../../sim/network/profiles.ts';
import { openVirtualNetwork } from '../../sim/network/virtual-network.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { Capture } from './rtp-midi-capture.ts';
import { readPacket } from './rtp-midi-packet.ts';

const DECODE_AS = ['-d', 'udp.port==5005,rtp', '-d', 'rtp.pt==97,rtpmidi'];
/** A strict decoder that isn't part of this repository. */
const ORACLE = fileURLToPath(new URL('../../../shared/tools/rtp-midi-oracle.py', import.meta.url));

const runs = (command: string): boolean => spawnSync(command, ['--version']).status === 0;
const hasTshark = runs('tshark');
const hasOracle = hasTshark && existsSync(ORACLE) && runs('python3');
if (!hasTshark)
  process.stderr.write('rtp-midi-tshark: tshark is not installed; it judged nothing\n');
else if (!hasOracle)
  process.stderr.write('rtp-midi-tshark: no strict decoder here; tshark alone judged\n');

let folder = '';
let file = '';
let capture: Capture;

beforeAll(async () => {
  capture = await play();
  folder = mkdtempSync(join(tmpdir(), 'togthr-capture-'));
  file = join(folder, 'session.pcap');
  writeFileSync(file, capture.toPcap());
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Two end points, every kind of message, a path that loses a tenth; one side's feedback stops for a while. */
async function play(): Promise<Capture> {
  const clock = new VirtualClock();
  const network = openVirtualNetwork({ clock, randomness: seededRandomness(11), profile: 'lan' });
  const taken = new Capture(clock);
  const open = (address: string, port: number) =>
    openRtpMidiEndpoint(
      {
        clock,
        network: taken.tap(address, network.host(address).datagrams),
        randomness: seededRandomness(address),
        log: silentLog,
      },
      { name: address, port },
    );
  const a = await open('10.0.0.1', 5004);
  const b = await open('10.0.0.2', 5004);
  a.connect({ host: '10.0.0.2', port: 5004 });
  await clock.advanceSettling(fromSeconds(1));
  network.setProfile({ ...NETWORK_PROFILES.wifi, loss: { enter: 0.05, meanBurst: 2 } });
  const random = seededRandomness('everything');
  const below = (limit: number): number => random.uint32() % limit;
  for (let i = 0; i < 4_000; i++) {
    const endpoint = below(4) === 0 ? b : a;
    for (let burst = below(8) === 0 ? below(40) : 1; burst > 0; burst--) {
      endpoint.send(anyMessage(below), clock.now());
    }
    if (i === 1_000)
      network.setProfile(
        { ...NETWORK_PROFILES.lan, loss: { enter: 1, meanBurst: 1e9 } },
        '10.0.0.2',
      );
    if (i === 1_800)
      network.setProfile(
        { ...NETWORK_PROFILES.wifi, loss: { enter: 0.05, meanBurst: 2 } },
        '10.0.0.2',
      );
    await clock.advanceSettling((below(10) === 0 ? below(200_000) : below(15_000)) as Micros);
  }
  await a[Symbol.asyncDispose]();
  await b[Symbol.asyncDispose]();
  await clock.advanceSettling(fromMillis(50));
  return taken;
}

function anyMessage(below: (limit: number) => number): MidiMessage {
  if (below(60) === 0) {
    const length = below(6) === 0 ? below(3_000) : below(20);
    return { kind: 'sysEx', data: Uint8Array.from({ length }, () => below(128)) };
  }
  if (below(20) === 0) {
    const status = [0xf1, 0xf2, 0xf3, 0xf6, 0xf8, 0xfa, 0xfb, 0xfc, 0xfe, 0xff][
      below(below(20) === 0 ? 10 : 9)
    ];
    return shortMessage(status ?? 0xf8, below(128), below(128)) as MidiMessage;
  }
  const channel = below(below(3) === 0 ? 16 : 2);
  const high = [0x80, 0x80, 0x90, 0x90, 0xa0, 0xb0, 0xb0, 0xc0, 0xd0, 0xe0][below(10)] ?? 0x90;
  const few = below(3) === 0;
  const first =
    high === 0xb0 && few ? ([98, 99, 100, 101, 6, 38, 96, 97][below(8)] ?? 6) : below(128);
  return shortMessage(high | channel, first, below(few ? 3 : 128)) as MidiMessage;
}

test('what is sent is read back without a fault, and fits into a packet', () => {
  let packets = 0;
  for (const { bytes } of capture.datagrams) {
    expect(bytes.length).toBeLessThanOrEqual(MAX_PACKET_OCTETS);
    const read = readPacket(bytes);
    if (!read) continue;
    packets++;
    expect(read.faults).toEqual([]);
  }
  expect(packets).toBeGreaterThan(5_000);
});

test('tshark finds nothing malformed but what it is known to misread', (context) => {
  if (!hasTshark) return context.skip('tshark is not installed (apt-get install tshark)');
  const fields = ['-T', 'fields', '-e', 'frame.number'];
  const text = execFileSync(
    'tshark',
    ['-r', file, '-Y', '_ws.malformed', ...fields, ...DECODE_AS],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const frames = text.split('\n').filter((line) => line !== '');
  const wrong = frames.filter((frame) => {
    const bytes = capture.datagrams[Number(frame) - 1]?.bytes;
    return bytes === undefined || !isMisread(bytes);
  });
  expect(wrong).toEqual([]);
});

/**
 * tshark 4.0 reads past a Chapter M with a PENDING octet, as if it were not part of LENGTH, gives up on one whose LENGTH is a
 * multiple of 64, gives up on a Chapter N at the end of a packet that has more logs than octets of NoteOff bits, and takes the S bit of Chapter Q for another one.
 */
function isMisread(bytes: Uint8Array): boolean {
  const section = emptyCommandHeader();
  readCommandHeader(bytes, 12, bytes.length, section);
  let next = section.listEnd + 3;
  if (((bytes[section.listEnd] ?? 0) & 0x40) !== 0) {
    const contents = bytes[next] ?? 0;
    let at = next + 2;
    for (const chapter of SYSTEM_CHAPTERS) {
      if ((contents & chapter.bit) === 0) continue;
      if (chapter.letter === 'Q' && ((bytes[at] ?? 0) & 0x80) !== 0) return true;
      at = chapter.end(bytes, at, bytes.length);
    }
    next += ((contents & 0x03) << 8) | (bytes[next + 1] ?? 0);
  }
  if (((bytes[section.listEnd] ?? 0) & 0x20) === 0) return false;
  for (let left = ((bytes[section.listEnd] ?? 0) & 0x0f) + 1; left > 0; left--) {
    const length = (((bytes[next] ?? 0) & 0x03) << 8) | (bytes[next + 1] ?? 0);
    let at = next + 3;
    for (const chapter of CHANNEL_CHAPTERS) {
      if (((bytes[next + 2] ?? 0) & chapter.bit) === 0) continue;
      const end = chapter.end(bytes, at, next + length);
      if (chapter.letter === 'M' && (((bytes[at] ?? 0) & 0x40) !== 0 || (end - at) % 64 === 0))
        return true;
      const logs = (bytes[at] ?? 0) & 0x7f;
      if (chapter.letter === 'N' && end === bytes.length && logs > end - at - 2 - 2 * logs)
        return true;
      at = end;
    }
    next += length;
  }
  return false;
}

test('a strict decoder finds no fault in what is sent', (context) => {
  if (!hasOracle) return context.skip('the strict decoder is not beside this repository');
  const judged = spawnSync('python3', [ORACLE, file, ...DECODE_AS], { encoding: 'utf8' });
  expect(judged.stdout).toMatch(/^\d+ RTP-MIDI packets, 0 faulty$/m);
  expect(judged.status).toBe(0);
});
