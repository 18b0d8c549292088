/** The control plane over loopback: real WebSockets, HTTP and store. */
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { Teardown } from '../../runtime/core/lifecycle.ts';
import type { ByteStream } from '../../runtime/ports/stream-network.ts';
import { waitUntil } from '../platform/real-rig.ts';
import { entryOf, NEVER } from './control-rig.ts';
import { type LiveInit, liveBox, openLiveServer, scratchFolder } from './live-rig.ts';

async function openRig(init: Omit<LiveInit, 'folder'> = {}) {
  const held = new Teardown();
  const { folder } = held.hold(await scratchFolder());
  let live = await openLiveServer({ folder, ...init });
  held.defer(async () => live[Symbol.asyncDispose]());
  return {
    get live() {
      return live;
    },
    box(more = {}) {
      const box = liveBox(live.url, more);
      held.hold(box.plane);
      return box;
    },
    async restart(pause: number) {
      const { port } = live;
      await live[Symbol.asyncDispose]();
      await sleep(pause);
      live = await openLiveServer({ folder, ...init, port });
    },
    [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
  };
}

async function pair(rig: Awaited<ReturnType<typeof openRig>>) {
  const [ada, ben] = [rig.box(), rig.box()];
  await waitUntil(() => ada.plane.state === 'online' && ben.plane.state === 'online', 10);
  return { ada, ben };
}

test('two boxes sign in, signal both ways, and find each other by an invitation', async () => {
  await using rig = await openRig();
  const { ada, ben } = await pair(rig);
  const heard: string[] = [];
  for (const { plane } of [ada, ben])
    plane.onSignal((from, message) => heard.push(`${from} ${message.length}`));
  await ada.plane.signal(ben.identity.box, new Uint8Array(16_384));
  await ben.plane.signal(ada.identity.box, Uint8Array.of(1));
  await waitUntil(() => heard.length === 2);
  expect(heard.sort()).toEqual([`${ada.identity.box} 16384`, `${ben.identity.box} 1`].sort());
  const entry = entryOf(ada.identity);
  ada.plane.publish(entry);
  const { link, secret } = await ada.plane.invite();
  expect(await ben.plane.open(link, NEVER)).toEqual({ ...entry, secret });
  expect(await ben.plane.find(entry.session, NEVER)).toEqual(entry);
});

test('the page of an invitation is plain, loads nothing from elsewhere, and knows no secret', async () => {
  await using rig = await openRig();
  const { ada } = await pair(rig);
  ada.plane.publish(entryOf(ada.identity));
  const { webLink } = await ada.plane.invite();
  const answer = await fetch(webLink);
  const page = await answer.text();
  expect(answer.status).toBe(200);
  expect(page).toContain('You are invited to play');
  expect(page).not.toMatch(/(src|href)="(https?:)?\/\//);
  const policy = answer.headers.get('content-security-policy') ?? '';
  const script = /<script>([\s\S]*?)<\/script>/.exec(page)?.[1] ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain(`'sha256-${createHash('sha256').update(script).digest('base64')}'`);
  expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
  // Nothing can be learned from it: a code that was never made has the same page.
  const other = await fetch(`${rig.live.url}/i/0000000000000`);
  expect(await other.text()).toBe(page);
  expect((await fetch(`${rig.live.url}/i/short`)).status).toBe(404);
});

test('health and metrics answer; requests of one address are limited', async () => {
  await using rig = await openRig();
  await pair(rig);
  const health = await fetch(`${rig.live.url}/healthz`);
  expect([health.status, await health.json()]).toEqual([200, { ok: true }]);
  const metrics = await (await fetch(`${rig.live.url}/metrics`)).text();
  expect(metrics).toContain('togthr_control_signed_in 2');
  const proxied = await fetch(`${rig.live.url}/metrics`, {
    headers: { 'x-forwarded-for': '198.51.100.1' },
  });
  expect(proxied.status).toBe(404);
  const statuses = await Promise.all(
    Array.from({ length: 130 }, async () => (await fetch(`${rig.live.url}/`)).status),
  );
  expect(statuses.filter((status) => status === 200)).toHaveLength(120);
  expect(statuses.filter((status) => status === 429)).toHaveLength(10);
});

test('ten megabytes go through a tunnel whole, with what waits bounded', async () => {
  await using rig = await openRig({ limits: { tunnelOctetsPerSecond: 100 << 20 } });
  const { ada, ben } = await pair(rig);
  let far: ByteStream | undefined;
  const digest = createHash('sha256');
  let arrived = 0;
  ben.plane.onTunnel((_from, stream) => {
    far = stream;
  });
  const near = await ada.plane.openTunnel(ben.identity.box, NEVER);
  const part = Uint8Array.from({ length: 50_000 }, (_, at) => (at * 31) % 253);
  const total = 10 << 20;
  const expected = createHash('sha256');
  let written = 0;
  const began = performance.now();
  const fill = (): void => {
    while (written < total) {
      const piece = part.subarray(0, Math.min(part.length, total - written));
      if (!near.write(piece)) return;
      expected.update(piece);
      written += piece.length;
    }
  };
  fill();
  // Nobody listens yet: what was written is what the stream and one window hold.
  await sleep(100);
  expect(rig.live.server.counters.tunnelOctets).toBe(131_072);
  expect(written).toBeLessThan(1.3 * (1 << 20));
  far?.onBytes((bytes) => {
    digest.update(bytes);
    arrived += bytes.length;
    fill();
  });
  while (arrived < total) {
    fill();
    await sleep(1);
    if (performance.now() - began > 20_000) throw new Error(`only ${arrived} octets came`);
  }
  expect(digest.digest('hex')).toBe(expected.digest('hex'));
});

test('a server that restarts has its boxes back by themselves, and nobody signs in anew as a stranger', async () => {
  await using rig = await openRig();
  const { ada, ben } = await pair(rig);
  const entry = entryOf(ada.identity);
  ada.plane.publish(entry);
  const { link } = await ada.plane.invite();
  await rig.restart(1_500);
  const began = performance.now();
  await waitUntil(() => ada.plane.state === 'online' && ben.plane.state === 'online', 10);
  // The two seconds are held on the virtual clock (control-plane.test.ts); here the cores are shared with other tests.
  const back = performance.now() - began;
  process.stdout.write(`after a restart: both boxes back in ${back.toFixed(0)} ms\n`);
  let found: unknown;
  for (let tries = 0; tries < 100 && !found; tries++) {
    found = await ben.plane.find(entry.session, NEVER);
    if (!found) await sleep(20);
  }
  expect(await ben.plane.open(link, NEVER)).toMatchObject({ session: entry.session });
  expect(rig.live.server.counters.newAccounts).toBe(0);
});

test('two hundred boxes at once sign in and signal', async () => {
  await using rig = await openRig({
    limits: {
      connectionsPerAddress: 300,
      accountsPerAddressPerHour: 300,
      dialsPerMinute: 600,
    },
  });
  const began = performance.now();
  const boxes = Array.from({ length: 200 }, () => rig.box());
  await waitUntil(() => boxes.every(({ plane }) => plane.state === 'online'), 20);
  const signedIn = performance.now() - began;
  let heard = 0;
  for (const { plane } of boxes) plane.onSignal(() => heard++);
  await Promise.all(
    boxes.map(({ plane }, at) => {
      const next = boxes[(at + 1) % boxes.length];
      return plane.signal(next?.identity.box ?? ('' as never), new Uint8Array(2_000));
    }),
  );
  await waitUntil(() => heard === 200, 10);
  const all = performance.now() - began;
  process.stdout.write(
    `200 boxes: signed in after ${signedIn.toFixed(0)} ms, all signalled after ${all.toFixed(0)} ms\n`,
  );
  expect(rig.live.server.counters.signedIn).toBe(200);
});

describe('who is no box', () => {
  test('is cut off for a frame that is too long, and for a flood', async () => {
    await using rig = await openRig();
    const url = `${rig.live.url.replace('http', 'ws')}/v1/box`;
    const closed = (send: (socket: WebSocket) => void) =>
      new Promise<{ code: number; reason: string }>((resolve, reject) => {
        const socket = new WebSocket(url, 'togthr.1');
        socket.on('error', reject);
        socket.on('open', () => send(socket));
        socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
      });
    expect((await closed((socket) => socket.send('x'.repeat(30_000)))).code).toBe(1009);
    expect(await closed((socket) => socket.send('hello'))).toMatchObject({ code: 4000 });
  });

  test('may not come from a web page, nor speak something else', async () => {
    await using rig = await openRig();
    const url = `${rig.live.url.replace('http', 'ws')}/v1/box`;
    const refusal = (socket: WebSocket) =>
      new Promise<string>((resolve) => {
        socket.on('error', (failure) => resolve(failure.message));
      });
    expect(
      await refusal(new WebSocket(url, 'togthr.1', { origin: 'https://evil.example' })),
    ).toContain('403');
    expect(await refusal(new WebSocket(url, 'chat'))).toContain('400');
    expect(await refusal(new WebSocket(url.replace('box', 'cat'), 'togthr.1'))).toContain('404');
  });

  test('is turned away from a full address before the upgrade', async () => {
    await using rig = await openRig({ limits: { connectionsPerAddress: 2 } });
    await pair(rig);
    const third = rig.box();
    await waitUntil(() => third.plane.state === 'offline');
    expect(third.plane.problem).toContain('is full');
    const knocked = rig.live.server.counters.cutOff.get('addressFull');
    await sleep(2_500);
    expect([knocked, rig.live.server.counters.cutOff.get('addressFull')]).toEqual([1, 1]);
  });

  test('behind a proxy is counted by the address that the proxy saw, not by one that was made up', async () => {
    await using rig = await openRig({ behindProxy: true });
    const get = async (forwarded: string) =>
      (await fetch(`${rig.live.url}/`, { headers: { 'x-forwarded-for': forwarded } })).status;
    for (let made = 0; made < 120; made++) await get(`203.0.113.${made}, 198.51.100.1`);
    expect(await get('203.0.113.200, 198.51.100.1')).toBe(429);
    expect(await get('198.51.100.2')).toBe(200);
  });

  test('sends headers slowly and is hung up on, while others are served', async () => {
    await using rig = await openRig();
    const { port } = rig.live;
    const began = performance.now();
    const slow = connect(port, '127.0.0.1');
    let ended = 0;
    slow.on('close', () => {
      ended = performance.now() - began;
    });
    slow.on('error', () => {});
    slow.write('GET /v1/box HTTP/1.1\r\n');
    const drip = setInterval(() => slow.write('x-a: b\r\n'), 500);
    await waitUntil(() => ended > 0, 20);
    clearInterval(drip);
    // Eight seconds, looked at every two; without the limit it would go on for minutes.
    expect(ended).toBeLessThan(16_000);
    expect((await fetch(`${rig.live.url}/healthz`)).status).toBe(200);
  });
});
