import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { checkSessionTime } from '../../cli/doctor/session-time-check.ts';
import { resolveSettings } from '../../runtime/settings/settings-resolution.ts';

function settingsOf(port: number) {
  const wanted = [{ key: 'status.port', value: port, source: 'flag', where: 'test' } as const];
  return resolveSettings(wanted).settings;
}

/** What doctor says beside a box whose status page has that. */
async function beside(status: unknown): Promise<string> {
  const page = createServer((_request, response) => response.end(JSON.stringify(status)));
  await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve));
  const address = page.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const finding = await checkSessionTime(settingsOf(port));
  page.closeAllConnections();
  await new Promise((resolve) => page.close(resolve));
  expect(finding.check).toBe('session-time');
  return `${finding.status}: ${finding.detail}`;
}

async function freePort(): Promise<number> {
  const page = createServer();
  await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve));
  const address = page.address();
  await new Promise((resolve) => page.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const session = (words: string, uncertainty?: number) => ({
  name: 'Ada',
  session: { name: 'Basement', time: { words, uncertainty, clicks: 0 } },
});

test('doctor says how well the box that runs here knows its session’s time', async () => {
  const words = 'the beat is right to ±0.4 ms';
  expect(await beside(session(words, 400))).toBe(`ok: in Basement: ${words}`);
  expect(await beside(session('the beat is right to ±22 ms', 22_000))).toMatch(/^warn: .*±22 ms/);
});

test('where it can not be known, it says how to get it', async () => {
  expect(await beside({ name: 'Ada' })).toMatch(/^ok: not known now: Ada is in no session; join/);
  expect(await beside(['something else'])).toMatch(/is no box; start togthr run/);
  const gone = await checkSessionTime(settingsOf(await freePort()));
  expect(gone.detail).toMatch(/no box answers at 127.0.0.1:\d+ \(ECONNREFUSED\); start togthr run/);
  expect((await checkSessionTime(settingsOf(0))).detail).toContain('no fixed port');
});
