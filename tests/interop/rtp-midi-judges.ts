/**
 * Those who judge what our end points send: tshark, and a strict decoder that isn't part of this repository.
 *
 * Takes  a capture. Gives each judge's verdict; what is not installed judges nothing.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  emptyCommandHeader,
  readCommandHeader,
} from '../../runtime/transport/rtp-midi/command-section.ts';
import {
  CHANNEL_CHAPTERS,
  SYSTEM_CHAPTERS,
} from '../../runtime/transport/rtp-midi/journal/chapter-table.ts';
import type { Capture } from './rtp-midi-capture.ts';

const DECODE_AS = ['-d', 'udp.port==5005,rtp', '-d', 'rtp.pt==97,rtpmidi'];
const ORACLE = fileURLToPath(new URL('../../../shared/tools/rtp-midi-oracle.py', import.meta.url));
const MOST_OUTPUT = 1 << 28;

const runs = (command: string): boolean => spawnSync(command, ['--version']).status === 0;
export const hasTshark: boolean = runs('tshark');
export const hasOracle: boolean = hasTshark && existsSync(ORACLE) && runs('python3');

/** A capture as a file, for as long as it is judged. */
export function openCaptureFile(capture: Capture): Disposable & { readonly path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'togthr-capture-'));
  const path = join(folder, 'session.pcap');
  writeFileSync(path, capture.toPcap());
  return {
    path,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Frames that tshark calls malformed, less those that it is known to misread. */
export function judgeWithTshark(path: string, { datagrams }: Capture): readonly string[] {
  const asked = ['-r', path, '-Y', '_ws.malformed', '-T', 'fields', '-e', 'frame.number'];
  const text = execFileSync('tshark', [...asked, ...DECODE_AS], {
    encoding: 'utf8',
    maxBuffer: MOST_OUTPUT,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return text.split('\n').filter((frame) => {
    const bytes = datagrams[Number(frame) - 1]?.bytes;
    return frame !== '' && (bytes === undefined || !isMisread(bytes));
  });
}

/** The faults that the strict decoder names, and how many packets it saw. */
export function judgeWithOracle(path: string): {
  readonly packets: number;
  readonly faults: readonly string[];
} {
  const { stdout } = spawnSync('python3', [ORACLE, path, ...DECODE_AS], {
    encoding: 'utf8',
    maxBuffer: MOST_OUTPUT,
  });
  const [, packets = '0', faulty = '-1'] =
    /^(\d+) RTP-MIDI packets, (\d+) faulty$/m.exec(stdout) ?? [];
  const faults = stdout.split('\n').filter((line) => line.includes('FAULT'));
  const isUnclear = Number(faulty) !== faults.length;
  return { packets: Number(packets), faults: isUnclear ? [...faults, stdout.slice(-500)] : faults };
}

/**
 * tshark 4.0 reads past a Chapter M with a PENDING octet, as if it were not part of LENGTH, gives up on one whose LENGTH is a
 * multiple of 64, gives up on a Chapter N that has more logs than the packet has octets after them, and takes the S bit of
 * Chapter Q for another one.
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
    if (isChannelMisread(bytes, next, next + length)) return true;
    next += length;
  }
  return false;
}

function isChannelMisread(bytes: Uint8Array, journalAt: number, journalEnd: number): boolean {
  let at = journalAt + 3;
  for (const chapter of CHANNEL_CHAPTERS) {
    if (((bytes[journalAt + 2] ?? 0) & chapter.bit) === 0) continue;
    const end = chapter.end(bytes, at, journalEnd);
    const isPending = ((bytes[at] ?? 0) & 0x40) !== 0;
    if (chapter.letter === 'M' && (isPending || (end - at) % 64 === 0)) return true;
    const logs = (bytes[at] ?? 0) & 0x7f;
    if (chapter.letter === 'N' && logs > bytes.length - at - 2 - 2 * logs) return true;
    at = end;
  }
  return false;
}
