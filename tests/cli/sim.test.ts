import { expect, test } from 'vitest';
import type { SimResult } from '../../sim/app/options.ts';
import { togthr } from './program.ts';

test.each([
  ['in one process', []],
  ['each box in a process of its own', ['--processes']],
])(
  'a headless jam, %s: everybody hears nearly everything, and nothing is stuck',
  async (_where, words) => {
    const { status, stdout, stderr } = await togthr([
      ...['sim', '--headless', '--json', '--boxes', '3', '--seconds', '8'],
      // Live plays what comes and nothing else, so that every note can be accounted for.
      ...['--profile', 'city', '--piece', 'after-hours', '--mode', 'live', ...words],
    ]);
    expect(status, stderr).toBe(0);
    const result = JSON.parse(stdout) as SimResult;
    expect(result.boxes).toHaveLength(3);
    for (const box of result.boxes) {
      expect(box.expected).toBeGreaterThan(10);
      // What is on its way when the time is up is not heard: on a busy machine that may be two.
      expect(box.heard).toBeGreaterThanOrEqual(Math.min(0.97 * box.expected, box.expected - 2));
      expect([box.stuck, box.ghosts]).toEqual([0, 0]);
      // 20 ms of way and a buffer: anything near this is the machine's load, not ours.
      expect(box.delayP50).toBeLessThan(1_000);
    }
  },
  180_000,
);

test('a file that is no music ends with status 2 and says which and why', async () => {
  const { status, stderr } = await togthr(['sim', '--headless', '--play', 'package.json']);
  expect(status).toBe(2);
  expect(stderr).toContain('package.json: not a playable MIDI file');
});
