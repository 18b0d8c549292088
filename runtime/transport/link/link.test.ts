import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openVirtualNetwork } from '../../../sim/network/virtual-network.ts';
import { seededRandomness } from '../../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../../sim/virtual-clock.ts';
import { makeSession, openTestBox } from '../../../tests/credentials-rig.ts';
import { greet, helloOf } from '../../../tests/link-rig.ts';
import type { SessionId } from '../../core/ensemble.ts';
import { PortError } from '../../core/errors.ts';
import { fromMillis, fromSeconds, type Micros } from '../../core/time.ts';
import type { ByteStream } from '../../ports/stream-network.ts';
import { encodeFrame } from './frame.ts';
import type { Hello } from './hello.ts';
import type { Link } from './link.ts';
import { LinkCounters } from './link-counters.ts';
import { dialLink, type LinkNetworkDeps, listenForLinks } from './link-network.ts';
import type { LinkEnd } from './link-state.ts';
import { openPlainNetwork } from './plain-network.ts';

const never = (): AbortSignal => new AbortController().signal;
const PORT = 5008;

/** Boxes whose links are not encrypted: what is tested here is the same for both. */
async function openRig() {
  const clock = new VirtualClock();
  const network = openVirtualNetwork({ clock, randomness: seededRandomness(1), profile: 'lan' });
  const [anna, bert, carl] = await Promise.all(
    ['anna', 'bert', 'carl'].map((name) => openTestBox({ clock }, name, { security: 'open' })),
  );
  if (!anna || !bert || !carl) throw new Error('three boxes');
  const session = makeSession(anna);
  const counters = new LinkCounters();
  const links: Link[] = [];
  const frames: string[] = [];
  const ends: LinkEnd[] = [];
  const turnedAway: (readonly [string, LinkEnd])[] = [];
  const at = (address: string): LinkNetworkDeps => ({
    clock,
    peers: openPlainNetwork({ streams: network.host(address).streams }),
    counters: address === '10.0.0.1' ? counters : new LinkCounters(),
  });
  const listener = await listenForLinks(at('10.0.0.1'), {
    port: PORT,
    hello: (from) => ({ ...helloOf(anna, session), seenAs: from.host }),
    terms: { credentials: anna },
    judge: (peer) => (peer.name === 'eve' ? { code: 'full', text: 'no room' } : undefined),
    onTurnedAway: (end, from) => turnedAway.push([from.host, end]),
    onLink(link) {
      links.push(link);
      link.onFrame((channel, frame) => frames.push(`${channel} ${Buffer.from(frame).toString()}`));
      link.onClosed((end) => ends.push(end));
    },
  });
  const turn = (time: Micros) => clock.advanceSettling(time);
  const dialing = (patch: Partial<Hello> = {}) => ({
    to: { host: '10.0.0.1', port: PORT },
    hello: { ...helloOf(bert, session), ...patch },
    credentials: bert,
    limit: fromSeconds(3),
  });
  const dial = async (patch: Partial<Hello> = {}) => {
    const dialed = dialLink(at('10.0.0.2'), { ...dialing(patch), signal: never() });
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
  /** The same, and what is written comes to an open link. */
  const openStream = async (): Promise<ByteStream> => {
    const connected = await stream();
    const { remote } = connected;
    const route = { kind: 'local', local: remote, remote } as const;
    const peer = Object.assign(Object.create(connected), {
      packets: undefined,
      binding: undefined,
      route,
      remote,
      write: (bytes: Uint8Array) => connected.write(bytes),
      onBytes: (listener: (bytes: Uint8Array) => void) => connected.onBytes(listener),
      onClosed: (listener: () => void) => connected.onClosed(listener),
      [Symbol.asyncDispose]: () => connected[Symbol.asyncDispose](),
    });
    greet(clock, peer, { dialer: true, box: carl, session });
    await turn(fromMillis(10));
    return connected;
  };
  return {
    ...{ clock, network, counters, links, frames, ends, turnedAway, at, listener },
    ...{ turn, dial, dialing, stream, openStream },
  };
}

test('two boxes that greet each other exchange frames in order, on any channel', async () => {
  const { dial, links, frames, turn } = await openRig();
  const link = await dial();
  expect(link.peer).toMatchObject({ name: 'anna', seenAs: '10.0.0.2' });
  expect(links[0]?.peer.name).toBe('bert');
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
  // Heard last up to half a second before.
  await turn(fromSeconds(5.4));
  expect(closed).toEqual([]);
  await turn(fromSeconds(0.7));
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
  const refused = await dial({ session: 'ff'.repeat(16) as SessionId }).catch((failure) => failure);
  expect(refused).toBeInstanceOf(PortError);
  expect(refused.message).toContain('that session is not played here any more');
  expect(counters.refused).toBe(1);
  expect(links).toEqual([]);
});

test('whom the mesh doesn’t want is refused in its words, once the key is proven', async () => {
  const { dial, counters, turnedAway } = await openRig();
  const refused = await dial({ name: 'eve' }).catch((failure) => failure);
  expect(refused).toMatchObject({ code: 'full', message: expect.stringContaining('no room') });
  expect(counters.refusals).toEqual({ full: 1 });
  expect(turnedAway).toEqual([
    ['10.0.0.2', expect.objectContaining({ kind: 'refusing', code: 'full' })],
  ]);
});

test('a box of another version is refused, and told which versions there are', async () => {
  const { dial, counters } = await openRig();
  const refused = await dial({ protocol: 1 }).catch((failure) => failure);
  expect(refused).toMatchObject({ code: 'denied' });
  expect(refused.message).toContain('different versions of the link: 2 and 1');
  expect(counters.refused).toBe(1);
});

test('dialing gives up when it is told to, and when nobody is there', async () => {
  const { at, turn, dialing } = await openRig();
  const stop = new AbortController();
  const init = { ...dialing(), to: { host: '10.0.0.99', port: PORT }, limit: fromSeconds(2) };
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
  expect((await dial()).peer.name).toBe('anna');
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
  const { stream, openStream, turn, counters, links } = await openRig();
  const random = seededRandomness('link');
  const frames = fc.sample(fc.tuple(fc.nat(3), fc.uint8Array({ maxLength: 60 }), fc.boolean()), {
    numRuns: 10_000,
    seed: 1,
  });
  let open: ByteStream | undefined;
  let streams = 0;
  for (const [channel, payload, raw] of frames) {
    if (!open?.write(new Uint8Array(0))) {
      // Half of them greet first, so that what follows reaches an open link.
      open = await (random.uint32() % 2 === 0 ? openStream() : stream());
      streams++;
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
