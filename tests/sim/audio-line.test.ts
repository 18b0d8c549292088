import { expect, test } from 'vitest';
import { fromSeconds, micros } from '../../runtime/core/time.ts';
import { openAudioLine } from '../../sim/audio-line.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { audioInputContract } from '../contracts/audio-input.contract.ts';
import { turnUntil } from './virtual-rig.ts';

audioInputContract('AudioLine', async () => {
  const clock = new VirtualClock();
  const input = openAudioLine({ clock }, { source: (sample) => 1.5 * Math.sin(sample / 20) });
  return {
    clock,
    input,
    until: (reached) => turnUntil(clock, reached),
    quiet: async () => clock.advance(micros(50_000)),
    overrun: (samples) => input.overrun(samples),
    lose: () => input.lose(),
    [Symbol.asyncDispose]: () => input[Symbol.asyncDispose](),
  };
});

test('samples come in order, and silence follows their end', () => {
  const clock = new VirtualClock();
  const source = Float32Array.from({ length: 300 }, (_, sample) => sample / 300);
  const line = openAudioLine({ clock }, { source, sampleRate: 8_000, blockSize: 128 });
  const heard: number[] = [];
  line.onBlock((samples) => void heard.push(...samples));
  clock.advance(fromSeconds(384 / 8_000));
  expect(heard).toEqual([...source, ...new Array<number>(84).fill(0)]);
});

test('the samples of an overrun are missing, and the time they took has passed', () => {
  const clock = new VirtualClock();
  const start = clock.now();
  const source = (sample: number): number => sample / 10_000;
  const line = openAudioLine({ clock }, { source, sampleRate: 10_000, blockSize: 100 });
  const firsts: { first: number | undefined; at: number }[] = [];
  line.onBlock((samples, at) => void firsts.push({ first: samples[0], at: at - start }));
  clock.advance(micros(10_000));
  line.overrun(250);
  clock.advance(micros(45_000));
  expect(firsts).toEqual([
    { first: 0, at: 10_000 },
    { first: Math.fround(0.035), at: 45_000 },
    { first: Math.fround(0.045), at: 55_000 },
  ]);
});
