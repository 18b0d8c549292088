import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openVirtualNetwork } from '../../../sim/network/virtual-network.ts';
import { seededRandomness } from '../../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../../sim/virtual-clock.ts';
import type { BoxId, SessionId } from '../../core/ensemble.ts';
import { PortError } from '../../core/errors.ts';
import { fromMillis, fromSeconds, type Micros } from '../../core/time.ts';
import type { ByteStream } from '../../ports/stream-network.ts';
import { dialFirst } from './dial-first.ts';
import { encodeFrame } from './frame.ts';
import { type Hello, LINK_PROTOCOL } from './hello.ts';
import type { Link } from './link.ts';
import { LinkCounters } from './link-counters.ts';
import { encodeLinkMessage } from './link-message.ts';
import { dialLink, type LinkNetworkDeps, listenForLinks } from './link-network.ts';
import type { LinkEnd } from './link-state.ts';
import { openPlainNetwork } from './plain-network.ts';

const never = (): AbortSignal => new AbortController().signal;
const PORT = 5008;
const SESSION = '5e'.repeat(16) as SessionId;
const helloOf = (name: string, session: SessionId = SESSION): Hello => ({
  protocol: LINK_PROTOCOL,
  box: name.repeat(32) as BoxId,
  session,
  name,
  rtpPort: 5004,
  ssrc: 1,
  linkPort: PORT,
  boot: 7,
  seenAs: '',
});

async function openRig() {
  const clock = new VirtualClock();
  const network = openVirtualNetwork({ clock, randomness: seededRandomness(1), profile: 'lan' });
  const counters = new LinkCounters();
  const links: Link[] = [];
  const frames: string[] = [];
  const ends: LinkEnd[] = [];
  const at = (address: string): LinkNetworkDeps => ({
    clock,
    peers: openPlainNetwork({ streams: network.host(address).streams }),
    counters: address === '10.0.0.1' ? counters : new LinkCounters(),
  });
  const listener = await listenForLinks(at('10.0.0.1'), {
    port: PORT,
    hello: (from) => ({ ...helloOf('a'), seenAs: from.host }),
    judge: (peer) => (peer.session === SESSION ? undefined : { code: 'session', text: 'not here' }),
    onLink(link) {
      links.push(link);
      link.onFrame((channel, frame) => frames.push(`${channel} ${Buffer.from(frame).toString()}`));
      link.onClosed((end) => ends.push(end));
    },
  });
  const turn = (time: Micros) => clock.advanceSettling(time);
  const dial = async (hello: Hello = helloOf('b'), signal: AbortSignal = never()) => {
    const to = { host: '10.0.0.1', port: PORT };
    const dialed = dialLink(at('10.0.0.2'), { to, hello, signal, limit: fromSeconds(3) });
    const outcome = dialed.catch((failure: unknown) => failure);
    await turn(fromSeconds(4));
    const link = await outcome;
    if (link instanceof Error) throw link;
    return link as Link;
  };
  /** A stream whose bytes the test writes itself. */
  const stream = async (): Promise<ByteStream> => {
    const to = { host: '10.0.0.1', port: PORT };
    const connecting = network.host('10.0.0.3').streams.connect(to, never());
    await turn(fromMillis(100));
    const connected = await connecting;
    connected.onBytes(() => {});
    return connected;
  };
  return { clock, network, counters, links, frames, ends, at, listener, turn, dial, stream };
}

const greeting = (): Uint8Array =>
  encodeFrame(0, encodeLinkMessage({ kind: 'hello', hello: helloOf('c') })) ?? new Uint8Array();

test('two boxes that greet each other exchange frames in order, on any channel', async () => {
  const { dial, links, frames, turn } = await openRig();
  const link = await dial();
  expect(link.peer).toMatchObject({ name: 'a', seenAs: '10.0.0.2' });
  expect(links[0]?.peer.name).toBe('b');
  const heard: string[] = [];
  link.onFrame((channel, frame) => heard.push(`${channel} ${frame.join()}`));
  expect(link.send(1, Buffer.from('one'))).toBe(true);
  expect(link.send(200, Buffer.from('two'))).toBe(true);
  links[0]?.send(3, Uint8Array.of(1, 2));
  await turn(fromMillis(50));
  expect(frames).toEqual(['1 one', '200 two']);
  expect(heard).toEqual(['3 1,2']);
});

test('frames that come before anybody listens are kept', async () => {
  const { dial, links, turn } = await openRig();
  const link = await dial();
  links[0]?.send(1, Uint8Array.of(9));
  await turn(fromMillis(50));
  const heard: number[] = [];
  link.onFrame((_channel, frame) => heard.push(...frame));
  expect(heard).toEqual([9]);
});

test('an idle link stays up; one whose far end fell silent is dead after six seconds', async () => {
  const { dial, ends, turn, network } = await openRig();
  const link = await dial();
  const closed: LinkEnd[] = [];
  link.onClosed((end) => closed.push(end));
  await turn(fromSeconds(60));
  expect(ends).toEqual([]);
  network.host('10.0.0.2').disconnect();
  // Heard last up to two seconds before.
  await turn(fromSeconds(3.9));
  expect(closed).toEqual([]);
  await turn(fromSeconds(2.2));
  expect(closed).toEqual([{ kind: 'silent' }]);
  expect(ends).toEqual([{ kind: 'silent' }]);
  expect(link.send(1, new Uint8Array(1))).toBe(false);
});

test('a goodbye ends both sides at once', async () => {
  const { dial, ends, turn } = await openRig();
  const link = await dial();
  await link[Symbol.asyncDispose]();
  await link[Symbol.asyncDispose]();
  await turn(fromMillis(50));
  expect(ends).toEqual([{ kind: 'bye', code: 'leaving', text: '' }]);
});

test('a box of another session is refused with the reason', async () => {
  const { dial, counters, links } = await openRig();
  const refused = await dial(helloOf('b', 'ff'.repeat(16) as SessionId)).catch(
    (failure) => failure,
  );
  expect(refused).toBeInstanceOf(PortError);
  expect(refused.message).toBe('the box at 10.0.0.1:5008 says: not here');
  expect(counters.refused).toBe(1);
  expect(links).toEqual([]);
});

test('a box of another version is refused, and told which versions there are', async () => {
  const { dial, counters } = await openRig();
  const refused = await dial({ ...helloOf('b'), protocol: 2 }).catch((failure) => failure);
  expect(refused).toMatchObject({ code: 'denied' });
  expect(refused.message).toContain('different versions of the link: 1 and 2');
  expect(counters.refused).toBe(1);
});

test('dialing gives up when it is told to, and when nobody is there', async () => {
  const { at, turn } = await openRig();
  const to = { host: '10.0.0.99', port: PORT };
  const stop = new AbortController();
  const init = { to, hello: helloOf('b'), limit: fromSeconds(2) };
  const given = dialLink(at('10.0.0.2'), { ...init, signal: stop.signal });
  const late = dialLink(at('10.0.0.2'), { ...init, signal: never() });
  const outcomes = Promise.allSettled([given, late]);
  stop.abort('enough');
  await turn(fromSeconds(4));
  expect(await outcomes).toMatchObject([
    { status: 'rejected', reason: 'enough' },
    { status: 'rejected', reason: { code: 'unavailable' } },
  ]);
});

test('of several addresses the first that answers is taken, without waiting for the dead ones', async () => {
  const { at, clock, turn } = await openRig();
  const places = ['10.0.0.98', '10.0.0.99', '10.0.0.1'].map((host) => ({ host, port: PORT }));
  const before = clock.now();
  let took = 0;
  const dialed = dialFirst(at('10.0.0.2'), places, never(), (to, signal) =>
    dialLink(at('10.0.0.2'), { to, hello: helloOf('b'), signal, limit: fromSeconds(3) }),
  ).then((link) => {
    took = clock.now() - before;
    return link;
  });
  await turn(fromSeconds(2));
  expect((await dialed).peer.name).toBe('a');
  expect(took).toBeLessThan(600_000);
});

test('who says nothing, or says something else first, is cut off', async () => {
  const { stream, turn, counters } = await openRig();
  await stream();
  await turn(fromSeconds(3.1));
  expect(counters.cut).toEqual({ late: 1 });
  (await stream()).write(encodeFrame(1, new Uint8Array(3)) ?? new Uint8Array());
  (await stream()).write(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
  await turn(fromSeconds(1));
  expect(counters.cut).toEqual({ late: 1, unexpected: 1, oversize: 1 });
});

test('at most sixteen strangers may stand at the door', async () => {
  const { stream, turn, counters, network, dial } = await openRig();
  const to = { host: '10.0.0.1', port: PORT };
  for (let count = 0; count < 20; count++)
    void network.host('10.0.0.3').streams.connect(to, never());
  await turn(fromMillis(100));
  expect(counters.refused).toBe(4);
  await turn(fromSeconds(4));
  await stream();
  expect((await dial()).peer.name).toBe('a');
});

test('who sends more than a link carries is cut off and told so', async () => {
  const { dial, counters, turn } = await openRig();
  const link = await dial();
  const closed: LinkEnd[] = [];
  link.onClosed((end) => closed.push(end));
  for (let count = 0; count < 2_500; count++) link.send(1, new Uint8Array(10));
  await turn(fromMillis(200));
  expect(counters.cut).toEqual({ rate: 1 });
  expect(closed[0]).toMatchObject({ kind: 'bye', code: 'misbehaved', text: 'rate' });
});

test('ten thousand random frames and streams never throw, and are counted', async () => {
  const { stream, turn, counters, links } = await openRig();
  const random = seededRandomness('link');
  const frames = fc.sample(fc.tuple(fc.nat(3), fc.uint8Array({ maxLength: 60 }), fc.boolean()), {
    numRuns: 10_000,
    seed: 1,
  });
  let open: ByteStream | undefined;
  let streams = 0;
  for (const [channel, payload, raw] of frames) {
    if (!open?.write(new Uint8Array(0))) {
      open = await stream();
      streams++;
      // Half of them greet first, so that what follows reaches an open link.
      if (random.uint32() % 2 === 0) open.write(greeting());
    }
    open.write(
      raw && random.uint32() % 8 === 0 ? payload : (encodeFrame(channel, payload) ?? payload),
    );
    if (random.uint32() % 3 === 0) await turn(fromMillis(1));
  }
  expect(streams).toBeGreaterThan(500);
  expect(links.length).toBeGreaterThan(100);
  const total = Object.values(counters.cut).reduce((sum, count) => sum + count, 0);
  expect(total).toBeGreaterThan(streams / 2);
}, 60_000);
