import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDinInput } from '../../hw/din-uart/din-input.ts';
import { openDinOutput } from '../../hw/din-uart/din-output.ts';
import { openMonotonicClock } from '../../runtime/platform/monotonic-clock.ts';
import {
  type OutputScheduler,
  openOutputScheduler,
} from '../../runtime/platform/output-scheduler.ts';
import { midiInputContract } from '../contracts/midi-input.contract.ts';
import { midiOutputContract } from '../contracts/midi-output.contract.ts';
import { makeFifo } from './fifo.ts';
import { openPseudoTerminal, type PseudoTerminal } from './pseudo-terminal.ts';
import { realTime } from './real-time.ts';

const clock = openMonotonicClock();
let scheduler: OutputScheduler;
beforeAll(async () => {
  scheduler = await openOutputScheduler();
});
afterAll(() => scheduler[Symbol.asyncDispose]());

const hasTerminals = (() => {
  const terminal = openPseudoTerminal({ raw: false });
  terminal?.close();
  return terminal !== undefined;
})();

/** As the system makes it: echoing, and translating line ends. To set it up is the driver's business. */
function cookedTerminal(): PseudoTerminal {
  const terminal = openPseudoTerminal({ raw: false });
  if (terminal === undefined) throw new Error('there are no pseudo-terminals here');
  return terminal;
}

describe.skipIf(!hasTerminals)('on a pseudo-terminal (needs /dev/ptmx)', () => {
  midiInputContract('A DIN input', async () => {
    const terminal = cookedTerminal();
    const input = await openDinInput({ clock }, { path: terminal.path });
    return {
      ...realTime,
      clock,
      input,
      feed: (bytes) => terminal.write(bytes),
      unplug: () => terminal.close(),
      [Symbol.asyncDispose]: async () => {
        await input[Symbol.asyncDispose]();
        terminal.close();
      },
    };
  });

  midiOutputContract('A DIN output', async () => {
    const terminal = cookedTerminal();
    const heard: number[] = [];
    terminal.onBytes((bytes) => heard.push(...bytes));
    const output = await openDinOutput({ scheduler }, { path: terminal.path, name: 'DIN' });
    return {
      ...realTime,
      clock,
      output,
      heard,
      unplug: () => terminal.close(),
      [Symbol.asyncDispose]: async () => {
        await output[Symbol.asyncDispose]();
        terminal.close();
      },
    };
  });

  test('both directions of one socket are open at once, and nothing is echoed', async () => {
    const terminal = cookedTerminal();
    const heard: number[] = [];
    const played: number[] = [];
    terminal.onBytes((bytes) => heard.push(...bytes));
    const input = await openDinInput({ clock }, { path: terminal.path });
    const output = await openDinOutput({ scheduler }, { path: terminal.path });
    input.onBytes((bytes) => played.push(...bytes));
    terminal.write(Uint8Array.of(0x90, 13, 10));
    output.send(Uint8Array.of(0x80, 10, 13), clock.now(), 1);
    await realTime.until(() => heard.length >= 3 && played.length >= 3);
    await realTime.pass(5_000 as Parameters<typeof realTime.pass>[0]);
    expect(played).toEqual([0x90, 13, 10]);
    expect(heard).toEqual([0x80, 10, 13]);
    await input[Symbol.asyncDispose]();
    await output[Symbol.asyncDispose]();
    terminal.close();
  });

  test('an input that another program holds is refused as busy', async () => {
    const terminal = cookedTerminal();
    const input = await openDinInput({ clock }, { path: terminal.path });
    await expect(openDinInput({ clock }, { path: terminal.path })).rejects.toMatchObject({
      name: 'PortError',
      code: 'busy',
      message: expect.stringContaining('another program'),
    });
    await input[Symbol.asyncDispose]();
    terminal.close();
  });
});

describe('what is no UART', () => {
  test.each([
    ['/dev/no-such-uart', 'unavailable', /plugged in/],
    ['/dev/null', 'invalid', /serial line/],
    [os.tmpdir(), 'invalid', /no serial device/],
  ])('%s is refused as %s, with what to do', async (file, code, message) => {
    // One after the other: a refusal that nobody waits for yet would count as unhandled.
    for (const open of [
      () => openDinInput({ clock }, { path: file }),
      () => openDinOutput({ scheduler }, { path: file }),
    ]) {
      const failure = await open().catch((reason: unknown) => reason);
      expect(failure).toMatchObject({ name: 'PortError', code });
      expect((failure as Error).message).toMatch(message);
    }
  });

  test('without permission one is told which group to join', async ({ skip }) => {
    if (process.getuid?.() === 0) skip('the superuser may do anything');
    const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'togthr-din-')), 'tty');
    fs.writeFileSync(file, '', { mode: 0 });
    await expect(openDinInput({ clock }, { path: file })).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringContaining('group dialout'),
    });
  });

  test('a FIFO serves both ways, and its writers may come and go', async ({ skip }) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'togthr-din-'));
    const file = path.join(folder, 'fifo');
    if (!makeFifo(file)) skip('there are no FIFOs here');
    const input = await openDinInput({ clock }, { path: file });
    const played: number[] = [];
    input.onBytes((bytes) => played.push(...bytes));
    fs.writeFileSync(file, Uint8Array.of(0x90, 60, 1));
    await realTime.until(() => played.length >= 3);
    const output = await openDinOutput({ scheduler }, { path: file });
    output.send(Uint8Array.of(0x80, 60, 64), clock.now(), 1);
    await realTime.until(() => played.length >= 6);
    expect(played).toEqual([0x90, 60, 1, 0x80, 60, 64]);
    await output[Symbol.asyncDispose]();
    await input[Symbol.asyncDispose]();
    fs.rmSync(folder, { recursive: true });
  });
});
