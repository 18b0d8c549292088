import { request } from 'node:http';
import { createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { BoxStatus, HistogramReading, StatusSource } from '../../runtime/core/box-status.ts';
import type { BoxId } from '../../runtime/core/ensemble.ts';
import { silentLog } from '../../runtime/core/log.ts';
import { fromMillis, fromSeconds, type WallTime } from '../../runtime/core/time.ts';
import {
  isOurName,
  openStatusServer,
  type StatusServer,
} from '../../runtime/platform/status-server.ts';

const ID = '0123456789abcdef0123456789abcdef' as BoxId;
const PEER = 'fedcba9876543210fedcba9876543210';

const HEALTHY: BoxStatus = {
  id: ID,
  name: 'Anna "the box"\\',
  version: '0.1.0',
  uptime: fromSeconds(90),
  session: undefined,
  participants: [
    {
      id: PEER,
      name: 'Ben',
      role: 'bass',
      connected: true,
      rtt: fromMillis(42),
      jitter: fromMillis(3),
      loss: 0.01,
      events: 100,
      recovered: 4,
      delayP50: fromMillis(25),
      delayP95: fromMillis(31),
      late: 2,
      dropped: 1,
    },
  ],
  midi: { inputs: ['DIN'], outputs: ['DIN'], events: 12, filtered: 3, faults: 1 },
  output: { sent: 90, dropped: 1, late: 2, sounding: 5, priority: 'normal' },
  rtp: { port: 5004, datagrams: 200, faults: 7, passedOn: 3 },
  health: { ok: true, problems: [] },
};

const DELAY: HistogramReading = {
  bounds: [fromMillis(10), fromMillis(20), fromMillis(50)],
  counts: [1, 5, 9],
  count: 10,
  sum: fromMillis(250),
};

let open: StatusServer | undefined;
afterEach(async () => {
  await open?.[Symbol.asyncDispose]();
  open = undefined;
});

async function serve(status: () => BoxStatus = () => HEALTHY, port = 0): Promise<StatusServer> {
  const source: StatusSource = {
    status,
    histograms: () => ({ delay: DELAY, jitter: undefined }),
  };
  const recent = () =>
    [{ at: 1_800_000_000_000 as WallTime, level: 'warn', message: 'hello', fields: {} }] as const;
  return openStatusServer({ source, log: silentLog, recent }, { port, address: '127.0.0.1' });
}

const get = (path: string): Promise<Response> => fetch(new URL(path, open?.url));

/** fetch will not send a Host of our choice. */
function statusFor(host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port: open?.port, path: '/status.json', headers: { host } })
      .on('response', (response) => resolve(response.resume().statusCode))
      .on('error', reject)
      .end();
  });
}

test('the page is one document that runs only its own script', async () => {
  open = await serve();
  const page = await get('/');
  expect(page.status).toBe(200);
  expect(page.headers.get('content-security-policy')).toMatch(/script-src 'sha256-/);
  const text = await page.text();
  expect(text).toContain('<!doctype html>');
  expect(text).not.toMatch(/(src|href)="(?!data:)/);
});

test('status.json has the status, the lag and the log', async () => {
  open = await serve();
  const status = (await (await get('/status.json')).json()) as Record<string, unknown> & {
    readonly eventLoopLag: { readonly p99: number };
  };
  expect(status).toMatchObject({ name: HEALTHY.name, participants: [{ id: PEER }] });
  expect(status.eventLoopLag.p99).toBeGreaterThanOrEqual(0);
  expect(status['log']).toEqual([expect.objectContaining({ message: 'hello', level: 'warn' })]);
});

test('healthz is 200 when well and 503 with the reasons when not', async () => {
  let health = HEALTHY.health;
  open = await serve(() => ({ ...HEALTHY, health }));
  expect((await get('/healthz')).status).toBe(200);
  health = { ok: false, problems: ['no MIDI output; connect one'] };
  const ill = await get('/healthz');
  expect(ill.status).toBe(503);
  expect(await ill.json()).toEqual(health);
});

test('metrics are the Prometheus text format with each family typed and no sample twice', async () => {
  open = await serve();
  const reply = await get('/metrics');
  expect(reply.headers.get('content-type')).toContain('text/plain; version=0.0.4');
  const { types, samples } = parseExposition(await reply.text());
  const who = `{participant="${PEER}",name="Ben"}`;
  const expected: Record<string, number> = {
    togthr_midi_events_total: 12,
    togthr_output_sent_total: 90,
    togthr_sounding_notes: 5,
    togthr_rtp_faults_total: 7,
    togthr_rtp_passed_on_total: 3,
    togthr_healthy: 1,
    [`togthr_repairs_total${who}`]: 4,
    [`togthr_late_events_total${who}`]: 2,
    [`togthr_dropped_events_total${who}`]: 1,
    [`togthr_packet_loss_ratio${who}`]: 0.01,
    [`togthr_round_trip_seconds${who}`]: 0.042,
    [`togthr_delay_seconds_bucket{participant="${PEER}",name="Ben",le="0.02"}`]: 5,
    [`togthr_delay_seconds_bucket{participant="${PEER}",name="Ben",le="+Inf"}`]: 10,
    [`togthr_delay_seconds_sum${who}`]: 0.25,
    [`togthr_delay_seconds_count${who}`]: 10,
    [`togthr_info{id="${ID}",name="Anna \\"the box\\"\\\\",version="0.1.0"}`]: 1,
  };
  for (const [sample, value] of Object.entries(expected))
    expect(samples.get(sample), sample).toBe(value);
  expect(types.get('togthr_delay_seconds')).toBe('histogram');
  expect(types.get('togthr_midi_events_total')).toBe('counter');
  expect(samples.get('process_resident_memory_bytes')).toBeGreaterThan(1e6);
  expect(samples.has('togthr_event_loop_lag_seconds{quantile="0.99"}')).toBe(true);
});

test('two servers in one process do not share a registry', async () => {
  open = await serve();
  const other = await serve(() => ({ ...HEALTHY, midi: { ...HEALTHY.midi, events: 99 } }));
  const text = await (await fetch(new URL('/metrics', other.url))).text();
  expect(text).toContain('togthr_midi_events_total 99');
  expect(await (await get('/metrics')).text()).toContain('togthr_midi_events_total 12');
  await other[Symbol.asyncDispose]();
});

test('a foreign name in the Host header is refused, ours are not', async () => {
  open = await serve();
  expect(await statusFor(`evil.example:${open.port}`)).toBe(403);
  expect(await statusFor(`127.0.0.1.evil.example:${open.port}`)).toBe(403);
  expect(await statusFor(`localhost:${open.port}`)).toBe(200);
  for (const name of ['127.0.0.1', '[::1]:9464', '192.168.1.5:9464', 'LOCALHOST'])
    expect(isOurName(name), name).toBe(true);
  for (const name of [undefined, '', ':80', 'a.b', 'localhost:x', 'localhost.evil', '[evil]'])
    expect(isOurName(name), name).toBe(false);
});

test('an unknown path says what there is; a status that cannot be read is 500, and the server lives', async () => {
  let broken = true;
  open = await serve(() => {
    if (broken) throw new Error('bug');
    return HEALTHY;
  });
  expect((await get('/nope')).status).toBe(404);
  for (const path of ['/status.json', '/healthz', '/metrics'])
    expect((await get(path)).status).toBe(500);
  broken = false;
  expect((await get('/healthz')).status).toBe(200);
});

test('a port in use is told as busy, with the flag that helps', async () => {
  const squatter = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => squatter.once('listening', resolve));
  const address = squatter.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await expect(serve(undefined, port)).rejects.toMatchObject({
    code: 'busy',
    message: expect.stringContaining('--status-port'),
  });
  squatter.close();
});

test('disposing twice is harmless and ends open connections', async () => {
  const server = await serve();
  await (await fetch(server.url)).text();
  await server[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await expect(fetch(server.url)).rejects.toThrow();
});

/** Enough of the text exposition format to refuse what Prometheus would refuse. */
function parseExposition(text: string): {
  readonly types: Map<string, string>;
  readonly samples: Map<string, number>;
} {
  const types = new Map<string, string>();
  const samples = new Map<string, number>();
  expect(text.endsWith('\n')).toBe(true);
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ')) continue;
    const type = /^# TYPE ([a-z_]+) (counter|gauge|histogram)$/.exec(line);
    if (type) {
      types.set(type[1] ?? '', type[2] ?? '');
      continue;
    }
    const sample =
      /^([a-z_]+)(\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+\})? ([-+0-9.e]+|NaN|\+Inf)$/.exec(line);
    expect(sample, line).not.toBeNull();
    const [, name = '', labels = '', value] = sample ?? [];
    expect(types.has(name.replace(/_(bucket|sum|count)$/, '')) || types.has(name), line).toBe(true);
    expect(samples.has(name + labels), `${line} stands there twice`).toBe(false);
    samples.set(name + labels, Number(value));
  }
  return { types, samples };
}
