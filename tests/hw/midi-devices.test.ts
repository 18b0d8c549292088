import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openMidiDevices } from '../../hw/midi-devices.ts';
import { listUsbPorts, openUsbInput } from '../../hw/usb-midi/usb-input.ts';
import { silentLog } from '../../runtime/core/log.ts';
import { fromSeconds } from '../../runtime/core/time.ts';
import {
  type OutputScheduler,
  openOutputScheduler,
} from '../../runtime/platform/output-scheduler.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { makeFifo } from '../platform/fifo.ts';

let folder: string;
let scheduler: OutputScheduler;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'midi-devices-'));
  scheduler = await openOutputScheduler();
});
afterEach(async () => {
  await scheduler[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

test('a missing input is named with what to do, looked for again, and plugged in once it is there', async () => {
  const clock = new VirtualClock();
  const path = join(folder, 'keys');
  const told: string[] = [];
  const plugged: string[] = [];
  const unplugged: string[] = [];
  const devices = await openMidiDevices(
    { clock, scheduler, log: silentLog },
    { inputs: [`file:${path}`], outputs: [] },
    {
      input: (input) => {
        plugged.push(input.name);
        return {
          async [Symbol.asyncDispose]() {
            unplugged.push(input.name);
            await input[Symbol.asyncDispose]();
          },
        };
      },
      output: () => ({ [Symbol.asyncDispose]: async () => {} }),
    },
    (line) => told.push(line),
  );
  expect(told.some((line) => line.startsWith(`MIDI input file:${path}: `))).toBe(true);
  expect(told.some((line) => line.includes('No MIDI output was found'))).toBe(true);
  expect(plugged).toEqual([]);

  clock.advance(fromSeconds(2));
  makeFifo(path);
  await expect
    .poll(() => {
      clock.advance(fromSeconds(2));
      return told.at(-1);
    })
    .toBe(`MIDI input file:${path}: ready`);
  expect(plugged).toHaveLength(1);
  expect(new Set(told).size, 'the same trouble is told once').toBe(told.length);
  await devices[Symbol.asyncDispose]();
  expect(unplugged).toEqual(plugged);
});

test('without the ALSA sequencer there are no USB ports, and asking for one says where to look', async (context) => {
  if (existsSync('/dev/snd/seq')) return context.skip('this machine has an ALSA sequencer');
  expect(listUsbPorts('input')).toEqual([]);
  expect(listUsbPorts('output')).toEqual([]);
  await expect(openUsbInput({ clock: new VirtualClock() }, { name: 'Keys' })).rejects.toMatchObject(
    {
      code: 'unavailable',
      message: expect.stringContaining('togthr doctor'),
    },
  );
});
