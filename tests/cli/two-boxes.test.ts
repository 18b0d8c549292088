/**
 * Two boxes as two processes on this machine, each with a MIDI cable of its own: found by mDNS, linked by WebRTC.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openPseudoTerminal, type PseudoTerminal } from '../platform/pseudo-terminal.ts';
import { introduce } from './introduce.ts';
import { type Running, running } from './program.ts';

const NOTE_ON = [0x90, 60, 100];
const NOTE_OFF = [0x80, 60, 64];

let folder: string;
let cables: PseudoTerminal[];
let boxes: Running[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'two-boxes-'));
  cables = [];
  boxes = [];
});
afterEach(async () => {
  for (const box of boxes) await box.stop('SIGKILL');
  for (const cable of cables) cable.close();
  rmSync(folder, { recursive: true });
});

interface Rig {
  readonly box: Running;
  readonly cable: PseudoTerminal;
  readonly heard: number[];
}

function startBox(name: string, cable: PseudoTerminal, ...words: readonly string[]): Rig {
  cables.push(cable);
  const heard: number[] = [];
  cable.onBytes((bytes) => heard.push(...bytes));
  const device = `din:${cable.path}`;
  const box = running([
    ...['run', '--name', name, '--data-dir', join(folder, name), '--log-level', 'warn'],
    ...['--midi-in', device, '--midi-out', device],
    ...['--rtp-port', '0', '--link-port', '0', '--no-status'],
    ...words,
  ]);
  boxes.push(box);
  return { box, cable, heard };
}

test('they find each other, exchange notes, and leave none behind when one is terminated', async (context) => {
  const [first, second] = [openPseudoTerminal({ raw: true }), openPseudoTerminal({ raw: true })];
  if (!first || !second) return context.skip('this system has no pseudo-terminals');
  await introduce({ Ada: join(folder, 'Ada'), Ben: join(folder, 'Ben') });
  const session = `Jam ${process.pid}`;
  const ada = startBox('Ada', first, '--create', '--session', session);
  await ada.box.says(`In session ${session}: Ada`);
  const ben = startBox('Ben', second, '--join', session);
  await ben.box.says(`In session ${session}: Ben, Ada`);
  await ada.box.says(`In session ${session}: Ada, Ben`);

  // The stream comes up a moment after the session.
  await expect
    .poll(
      () => {
        ada.cable.write(Uint8Array.from(NOTE_ON));
        ada.cable.write(Uint8Array.from(NOTE_OFF));
        return ben.heard.length;
      },
      { timeout: 15_000, interval: 300 },
    )
    .toBeGreaterThanOrEqual(6);
  await expect.poll(() => balance(ben.heard)).toBe(0);

  ben.cable.write(Uint8Array.from(NOTE_ON));
  await expect.poll(() => balance(ada.heard)).toBe(1);
  expect((await ben.box.stop('SIGTERM')).status).toBe(0);
  await expect.poll(() => balance(ada.heard), { timeout: 5_000 }).toBe(0);
  expect((await ada.box.stop('SIGINT')).status).toBe(0);
}, 60_000);

/** Note-ons less note-offs of three octets each; both boxes send whole messages. */
function balance(heard: readonly number[]): number {
  let sounding = 0;
  for (let at = 0; at + 2 < heard.length; at += 3) {
    if (heard[at] === NOTE_ON[0]) sounding++;
    else if (heard[at] === NOTE_OFF[0]) sounding--;
    else at -= heard[at] === 0xfe ? 2 : 0;
  }
  return sounding;
}
