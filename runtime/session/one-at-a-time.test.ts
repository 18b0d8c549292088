import { expect, test } from 'vitest';
import { settle } from '../../sim/virtual-clock.ts';
import { openOneAtATime } from './one-at-a-time.ts';

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((_resolve, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
  );

test('a new operation makes the present one give up, and begins when that one has ended', async () => {
  const operations = openOneAtATime();
  const log: string[] = [];
  const first = operations.run(async (signal) => {
    await untilAborted(signal).catch(async (reason) => {
      await settle();
      log.push('first ended');
      throw reason;
    });
  });
  const failed = expect(first).rejects.toMatchObject({ code: 'closed' });
  await settle();
  await operations.run(async () => void log.push('second'));
  await failed;
  expect(log).toEqual(['first ended', 'second']);
});

test('the caller’s signal is heeded before and while it runs', async () => {
  const operations = openOneAtATime();
  const controller = new AbortController();
  const running = operations.run(untilAborted, controller.signal);
  await settle();
  controller.abort('enough');
  await expect(running).rejects.toBe('enough');
  let ran = false;
  const late = operations.run(async () => {
    ran = true;
  }, controller.signal);
  await expect(late).rejects.toBe('enough');
  expect(ran).toBe(false);
});

test('after closing nothing runs any more, and closing twice is closing once', async () => {
  const operations = openOneAtATime();
  let closes = 0;
  const close = async (): Promise<void> => void closes++;
  await Promise.all([operations.close(close), operations.close(close)]);
  await expect(operations.run(async () => {})).rejects.toMatchObject({ code: 'closed' });
  expect(closes).toBe(1);
});
