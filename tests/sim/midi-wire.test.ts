import { describe, expect, test } from 'vitest';
import { fromMillis, type Instant } from '../../runtime/core/time.ts';
import { openSimMidiInput, openSimMidiWire } from '../../sim/midi-wire.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { midiInputContract } from '../contracts/midi-input.contract.ts';
import { midiOutputContract } from '../contracts/midi-output.contract.ts';
import { virtualTime } from './virtual-time.ts';

midiOutputContract('A virtual wire', async () => {
  const clock = new VirtualClock();
  const wire = openSimMidiWire({ clock });
  const heard: number[] = [];
  wire.far.onBytes((bytes) => heard.push(...bytes));
  return {
    ...virtualTime(clock),
    clock,
    output: wire.output,
    heard,
    unplug: () => wire.unplug(),
    [Symbol.asyncDispose]: () => wire.output[Symbol.asyncDispose](),
  };
});

midiInputContract('The far end of a virtual wire', async () => {
  const clock = new VirtualClock();
  const wire = openSimMidiWire({ clock }, { capacity: 4_096 });
  return {
    ...virtualTime(clock),
    clock,
    input: wire.far,
    feed: (bytes) => {
      for (const octet of bytes) wire.output.send(Uint8Array.of(octet), clock.now(), 0);
    },
    unplug: () => wire.unplug(),
    [Symbol.asyncDispose]: () => wire.output[Symbol.asyncDispose](),
  };
});

midiInputContract('A virtual input', async () => {
  const clock = new VirtualClock();
  const input = openSimMidiInput({ clock });
  return {
    ...virtualTime(clock),
    clock,
    input,
    feed: (bytes) => input.feed(bytes),
    unplug: () => input.unplug(),
    [Symbol.asyncDispose]: () => input[Symbol.asyncDispose](),
  };
});

describe('A virtual wire', () => {
  test('is as slow as a DIN cable: 320 us a byte, and a busy wire makes the next message wait', () => {
    const clock = new VirtualClock();
    const wire = openSimMidiWire({ clock });
    const left: (Instant | undefined)[] = [];
    const arrived: Instant[] = [];
    wire.output.onSent((_, leftAt) => left.push(leftAt));
    wire.far.onBytes((_, at) => arrived.push(at));
    const start = clock.now();
    wire.output.send(Uint8Array.of(0x90, 60, 1), start, 1);
    wire.output.send(Uint8Array.of(0x90, 61, 1), start, 2);
    wire.output.send(Uint8Array.of(0xf8), start, 3);
    clock.advance(fromMillis(10));
    expect(left.map((at) => (at ?? 0) - start)).toEqual([0, 960, 1_920]);
    expect(arrived.map((at) => at - start)).toEqual([960, 1_920, 2_240]);
  });
});
