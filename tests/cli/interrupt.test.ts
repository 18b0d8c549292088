import { expect, test } from 'vitest';
import { fixture } from './program.ts';

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s ends the work in order, with status 0',
  async (signal) => {
    const child = fixture('patient.ts', ['plain']);
    await child.interruptAfter('playing', signal);
    expect(await child.outcome).toEqual({
      status: 0,
      stdout: 'playing\nnotes ended\n',
      stderr: '',
    });
  },
);

test('work that throws because it was interrupted has not failed', async () => {
  const child = fixture('patient.ts', ['aborts']);
  await child.interruptAfter('playing', 'SIGINT');
  expect(await child.outcome).toMatchObject({ status: 0, stderr: '' });
});

test('a second Ctrl-C ends what does not end by itself', async () => {
  const child = fixture('patient.ts', ['stubborn']);
  await child.interruptAfter('playing', 'SIGINT');
  await child.interruptAfter('stopping', 'SIGINT');
  expect(await child.outcome).toMatchObject({
    status: 1,
    stderr: 'togthr: stopped at once; notes may still be sounding\n',
  });
});

test('an exception that nobody caught ends the work in order, then is told as a bug', async () => {
  const quiet = await fixture('patient.ts', ['bug']).outcome;
  expect(quiet.status).toBe(1);
  expect(quiet.stdout).toContain('notes ended');
  expect(quiet.stderr).toMatch(/^togthr: unexpected: a listener broke; this is a bug of ours.*\n$/);
  const told = await fixture('patient.ts', ['bug', '--debug']).outcome;
  expect(told.stderr).toMatch(/\n {4}at .*patient\.ts/);
});
