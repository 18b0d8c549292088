import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shortMessage } from '../../runtime/core/midi-bytes.ts';
import { after, fromMillis, type Instant, type Micros } from '../../runtime/core/time.ts';
import { openOutputManager } from '../../runtime/output/output-manager.ts';
import { openMonotonicClock } from '../../runtime/platform/monotonic-clock.ts';
import {
  type OutputScheduler,
  type OutputSink,
  openOutputScheduler,
} from '../../runtime/platform/output-scheduler.ts';
import { type MidiOutputRig, midiOutputContract } from '../contracts/midi-output.contract.ts';
import { makeFifo } from './fifo.ts';
import { openPseudoTerminal } from './pseudo-terminal.ts';
import { realTime } from './real-time.ts';

const clock = openMonotonicClock();
let scheduler: OutputScheduler;
beforeAll(async () => {
  scheduler = await openOutputScheduler();
});
afterAll(() => scheduler[Symbol.asyncDispose]());

type Rig = Omit<MidiOutputRig, keyof typeof realTime | 'clock'>;
const rig = (parts: Rig): MidiOutputRig => ({ ...realTime, clock, ...parts });

midiOutputContract('A loop in the output worker', async () => {
  const heard: number[] = [];
  const output = await scheduler.open({ kind: 'loop', onMessage: (bytes) => heard.push(...bytes) });
  return rig({
    output,
    heard,
    unplug: undefined,
    [Symbol.asyncDispose]: () => output[Symbol.asyncDispose](),
  });
});

midiOutputContract('A slow loop in the output worker', async () => {
  const heard: number[] = [];
  const output = await scheduler.open({
    kind: 'loop',
    byteTime: 32 as Micros,
    onMessage: (bytes) => heard.push(...bytes),
  });
  return rig({
    output,
    heard,
    unplug: undefined,
    [Symbol.asyncDispose]: () => output[Symbol.asyncDispose](),
  });
});

describe.skipIf(process.platform !== 'linux')('FIFO (needs Linux)', () => {
  midiOutputContract('A FIFO', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'togthr-fifo-'));
    const file = path.join(folder, 'midi');
    makeFifo(file);
    const { O_RDONLY, O_NONBLOCK } = fs.constants;
    const reader = fs.openSync(file, O_RDONLY | O_NONBLOCK);
    const heard: number[] = [];
    const buffer = new Uint8Array(65_536);
    let open = true;
    const poll = setInterval(() => {
      try {
        const count = fs.readSync(reader, buffer);
        heard.push(...buffer.subarray(0, count));
      } catch {
        // EAGAIN: nothing there yet.
      }
    }, 1);
    const unplug = (): void => {
      if (!open) return;
      open = false;
      clearInterval(poll);
      fs.closeSync(reader);
    };
    const output = await scheduler.open({ kind: 'file', path: file });
    return rig({
      output,
      heard,
      unplug,
      [Symbol.asyncDispose]: async () => {
        await output[Symbol.asyncDispose]();
        unplug();
        fs.rmSync(folder, { recursive: true });
      },
    });
  });
});

const hasTerminals = (() => {
  const terminal = openPseudoTerminal({ raw: true });
  terminal?.close();
  return terminal !== undefined;
})();

describe.skipIf(!hasTerminals)('pseudo-terminal (needs /dev/ptmx)', () => {
  midiOutputContract('A pseudo-terminal', async () => {
    const terminal = openPseudoTerminal({ raw: true });
    if (terminal === undefined) throw new Error('there are no pseudo-terminals here');
    const heard: number[] = [];
    terminal.onBytes((bytes) => heard.push(...bytes));
    const output = await scheduler.open({ kind: 'file', path: terminal.path });
    return rig({
      output,
      heard,
      unplug: () => terminal.close(),
      [Symbol.asyncDispose]: async () => {
        await output[Symbol.asyncDispose]();
        terminal.close();
      },
    });
  });
});

describe('The output scheduler', () => {
  const loop = (heard: number[]): OutputSink => ({
    kind: 'loop',
    onMessage: (bytes) => heard.push(...bytes),
  });

  test('says which priority it got, and what helps when it is not real-time', () => {
    if (scheduler.priority === 'realtime') expect(scheduler.priorityReason).toBeUndefined();
    else expect(scheduler.priorityReason).toMatch(/ulimit|Linux|koffi|errno/);
  });

  test('works with normal priority too', async () => {
    const normal = await openOutputScheduler({ priority: 'normal' });
    expect(normal.priority).toBe('normal');
    const heard: number[] = [];
    const output = await normal.open(loop(heard));
    output.send(Uint8Array.of(0xf8), clock.now(), 1);
    await realTime.until(() => heard.length > 0);
    await normal[Symbol.asyncDispose]();
  });

  test('a message leaves within milliseconds of its due, and its report tells the same clock', async () => {
    const output = await scheduler.open(loop([]));
    const lateness: number[] = [];
    let due: Instant = clock.now();
    output.onSent((_, leftAt) => lateness.push((leftAt ?? 0) - due));
    for (let count = 1; count <= 20; count++) {
      due = after(clock.now(), fromMillis(3));
      output.send(Uint8Array.of(0xf8), due, count);
      await realTime.until(() => lateness.length >= count);
    }
    lateness.sort((a, b) => a - b);
    expect(lateness[0]).toBeGreaterThanOrEqual(0);
    // The median of a busy machine; the bench tells the rest.
    expect(lateness[10]).toBeLessThan(5_000);
    await output[Symbol.asyncDispose]();
  });

  test('a wire with a speed is not sent more than it carries', async () => {
    const heard: number[] = [];
    const output = await scheduler.open({ ...loop(heard), byteTime: 320 as Micros });
    const left: number[] = [];
    output.onSent((_, leftAt) => left.push(leftAt ?? 0));
    const due = after(clock.now(), fromMillis(2));
    for (let tag = 0; tag < 10; tag++) output.send(Uint8Array.of(0x90, tag, 1), due, tag);
    await realTime.until(() => left.length >= 10);
    for (let index = 1; index < left.length; index++) {
      expect((left[index] ?? 0) - (left[index - 1] ?? 0)).toBeGreaterThanOrEqual(959);
    }
    await output[Symbol.asyncDispose]();
  });

  test('one output that takes nothing does not hold up another', async ({ skip }) => {
    const terminal = openPseudoTerminal({ raw: true });
    if (terminal === undefined) skip('there are no pseudo-terminals here');
    // Nobody reads this one: the kernel's buffer fills up.
    const stuck = await scheduler.open({ kind: 'file', path: terminal?.path ?? '' });
    const heard: number[] = [];
    const output = await scheduler.open(loop(heard));
    let taken = 0;
    while (taken < 100 && stuck.send(new Uint8Array(2_000).fill(1), clock.now(), taken)) taken++;
    output.send(Uint8Array.of(0xf8), clock.now(), 1);
    await realTime.until(() => heard.length > 0);
    await output[Symbol.asyncDispose]();
    terminal?.close();
    await stuck[Symbol.asyncDispose]();
  });

  test('disposing the scheduler lets its outputs finish, twice harmlessly; then it opens nothing', async () => {
    const own = await openOutputScheduler({ priority: 'normal' });
    const heard: number[] = [];
    const output = await own.open(loop(heard));
    for (let tag = 0; tag < 50; tag++) output.send(Uint8Array.of(0x80, tag, 64), clock.now(), tag);
    await own[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
    expect(heard).toHaveLength(150);
    expect(output.send(Uint8Array.of(0xf8), clock.now(), 1)).toBe(false);
    await expect(own.open(loop([]))).rejects.toMatchObject({ code: 'closed' });
  });

  test('the output manager leaves no note sounding on it, disposed in mid-play behind a wire that is behind', async () => {
    const own = await openOutputScheduler();
    const sounding = new Set<number>();
    let starts = 0;
    let doubleStarts = 0;
    const output = await own.open({
      kind: 'loop',
      byteTime: 320 as Micros,
      onMessage([status = 0, key = 0]) {
        if ((status & 0xf0) === 0x80) sounding.delete(key);
        if ((status & 0xf0) !== 0x90) return;
        starts++;
        if (sounding.has(key)) doubleStarts++;
        sounding.add(key);
      },
    });
    const manager = openOutputManager({ clock });
    manager.addOutput(output);
    for (let index = 0; index < 400; index++) {
      const due = after(clock.now(), fromMillis((index * 7) % 60));
      const message = shortMessage(index % 3 === 0 ? 0x80 : 0x90, (index * 11) % 90, 90);
      if (message) manager.schedule(message, due, index % 2 === 0 ? 'ann' : 'bob', 'received');
      if (index % 8 === 0) await realTime.pass(fromMillis(2));
      if (index === 200) manager.release('ann');
    }
    await manager[Symbol.asyncDispose]();
    expect(starts).toBeGreaterThan(50);
    expect(doubleStarts).toBe(0);
    expect([...sounding]).toEqual([]);
    expect(manager.soundingNotes).toBe(0);
    await own[Symbol.asyncDispose]();
  });

  test('what can not be opened is refused with a reason that helps', async () => {
    await expect(scheduler.open({ kind: 'file', path: '/dev/no-such-midi' })).rejects.toMatchObject(
      {
        name: 'PortError',
        code: 'unavailable',
        message: expect.stringContaining('plugged in'),
      },
    );
    await expect(scheduler.open({ kind: 'file', path: os.tmpdir() })).rejects.toMatchObject({
      name: 'PortError',
      code: 'unavailable',
    });
    await expect(
      scheduler.open({ kind: 'usb', portName: 'No Such Synthesizer' }),
    ).rejects.toMatchObject({ name: 'PortError', code: 'unavailable' });
  });
});
