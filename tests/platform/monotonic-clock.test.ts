import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { openMonotonicClock } from '../../runtime/platform/monotonic-clock.ts';
import { clockContract } from '../contracts/clock.contract.ts';

clockContract('MonotonicClock', () => ({
  clock: openMonotonicClock(),
  // A millisecond more than asked, since Node's timers may be a little early.
  pass: (by) => sleep(by / 1_000 + 1),
}));

test('an alarm alone does not keep the process alive', async () => {
  const module = new URL('../../runtime/platform/monotonic-clock.ts', import.meta.url).href;
  const program = `
    const { openMonotonicClock } = await import(${JSON.stringify(module)});
    const clock = openMonotonicClock();
    for (const away of [50_000, 5_000_000]) {
      clock.alarm(() => console.log('rung')).set(clock.now() + away);
    }
  `;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', program],
    { timeout: 20_000 },
  );
  expect(stdout).toBe('');
});

test('an alarm that is due in a day is not due at once', async () => {
  const clock = openMonotonicClock();
  let rung = 0;
  const alarm = clock.alarm(() => rung++);
  alarm.set((clock.now() + 40 * 86_400_000_000) as ReturnType<typeof clock.now>);
  await sleep(5);
  expect(rung).toBe(0);
  alarm.clear();
});

test('an alarm that keeps setting itself to the past leaves the others their turn', async () => {
  const clock = openMonotonicClock();
  let rounds = 0;
  const busy = clock.alarm(() => {
    if (++rounds < 1_000_000) busy.set(clock.now());
  });
  busy.set(clock.now());
  await sleep(1);
  await sleep(1);
  busy.clear();
  expect(rounds).toBeGreaterThan(2);
  expect(rounds).toBeLessThan(1_000_000);
});

test('what a wake throws reaches the process, and the other alarms still go off', async () => {
  const clock = openMonotonicClock();
  const caught: unknown[] = [];
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => void caught.push(error));
  try {
    let rung = 0;
    const now = clock.now();
    clock
      .alarm(() => {
        throw new Error('a bug of ours');
      })
      .set(now);
    clock.alarm(() => rung++).set(now);
    await sleep(20);
    expect(caught).toMatchObject([{ message: 'a bug of ours' }]);
    expect(rung).toBe(1);
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const listener of listeners) process.on('uncaughtException', listener);
  }
});
