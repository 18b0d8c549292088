import { expect, test } from 'vitest';
import { openVirtualNetwork, type VirtualNetwork } from '../../../sim/network/virtual-network.ts';
import { seededRandomness } from '../../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../../sim/virtual-clock.ts';
import { silentLog } from '../../core/log.ts';
import { fromSeconds } from '../../core/time.ts';
import type { NetAddress } from '../../ports/datagram-network.ts';
import { judgeNat, type NatKind, natVerdict, probeNat, stunServers } from './nat-verdict.ts';
import { openNatWatch } from './nat-watch.ts';

const NEVER = new AbortController().signal;
const BOX = '192.168.1.2';

const KINDS: readonly NatKind[] = ['none', 'open', 'likelyOpen', 'strict', 'blocked', 'unknown'];

test('every verdict fits a line of the panel', () => {
  for (const kind of KINDS) {
    const { short, sentence } = natVerdict(kind);
    expect(short.length).toBeLessThanOrEqual(21);
    expect(sentence.length).toBeGreaterThan(20);
  }
});

const at = (host: string, port: number): NetAddress => ({ host, port });
const JUDGED: readonly (readonly [string, (NetAddress | undefined)[], boolean, NatKind])[] = [
  ['its own address is seen', [at(BOX, 1), at(BOX, 1)], true, 'none'],
  ['two servers see the same', [at('203.0.113.1', 1), at('203.0.113.1', 1)], true, 'open'],
  ['two servers see two ports', [at('203.0.113.1', 1), at('203.0.113.1', 2)], true, 'strict'],
  ['two servers see two hosts', [at('203.0.113.1', 1), at('203.0.113.2', 1)], true, 'strict'],
  ['one server answers', [undefined, at('203.0.113.1', 1)], true, 'likelyOpen'],
  ['none answers, but TCP works', [undefined, undefined], true, 'blocked'],
  ['nothing works', [undefined], false, 'unknown'],
];
for (const [what, seen, online, kind] of JUDGED) {
  test(`when ${what} the verdict is ${kind}`, () => {
    expect(judgeNat(seen, [BOX], online).kind).toBe(kind);
  });
}

test('each server is asked on the port beside its own as well, four ends at most', () => {
  const urls = [
    'stun:a.example',
    'turn:a.example:3478?transport=udp',
    'stun:[2001:db8::1]:5000',
    'http://x',
  ];
  expect(stunServers(urls.map((url) => ({ url })))).toEqual([
    at('a.example', 3_478),
    at('2001:db8::1', 5_000),
    at('a.example', 3_479),
    at('2001:db8::1', 5_001),
  ]);
  expect(stunServers([])).toEqual([]);
});

/** A STUN server that sees what a NAT makes of it. */
async function openServer(
  net: VirtualNetwork,
  host: string,
  port: number,
  seen: NetAddress,
): Promise<void> {
  const socket = await net.host(host).datagrams.bind({ port });
  socket.onDatagram((request, from) => {
    const cookie = [0x21, 0x12, 0xa4, 0x42];
    const mapped = seen.host.split('.').map((octet, at) => Number(octet) ^ (cookie[at] ?? 0));
    const header = [1, 1, 0, 12, ...cookie, ...request.subarray(8, 20)];
    const port = [(seen.port >> 8) ^ 0x21, (seen.port & 0xff) ^ 0x12];
    socket.send(Uint8Array.from([...header, 0, 32, 0, 8, 0, 1, ...port, ...mapped]), from);
  });
}

function openRig() {
  const clock = new VirtualClock();
  const net = openVirtualNetwork({ clock, randomness: seededRandomness(1) });
  const deps = {
    clock,
    randomness: seededRandomness(2),
    datagrams: net.host(BOX).datagrams,
    lookUp: async (host: string) => {
      if (host === 'stun.example') return '10.0.0.9';
      if (host === '10.0.0.9') return host;
      throw new Error('no such name');
    },
  };
  return { clock, net, deps };
}

test('a probe asks both ends, again when they are silent, and gives up after three seconds', async () => {
  const { clock, net, deps } = openRig();
  await openServer(net, '10.0.0.9', 3_478, at('203.0.113.1', 4_000));
  await openServer(net, '10.0.0.9', 3_479, at('203.0.113.1', 4_001));
  const init = { servers: [{ url: 'stun:stun.example' }], own: [BOX], online: true };
  net.partition([BOX], ['10.0.0.9']);
  const first = probeNat(deps, init, NEVER);
  await clock.advanceSettling(fromSeconds(1));
  net.heal();
  await clock.advanceSettling(fromSeconds(2.1));
  expect(await first).toMatchObject({ kind: 'strict', mapped: at('203.0.113.1', 4_000) });
  net.partition([BOX], ['10.0.0.9']);
  const second = probeNat(deps, init, NEVER);
  await clock.advanceSettling(fromSeconds(3.1));
  expect((await second).kind).toBe('blocked');
});

test('a probe can be given up; a name that leads nowhere is a server that does not answer', async () => {
  const { clock, deps } = openRig();
  const controller = new AbortController();
  const init = { servers: [{ url: 'stun:10.0.0.9' }], own: [BOX], online: true };
  const probing = probeNat(deps, init, controller.signal);
  await clock.advanceSettling(fromSeconds(0.1));
  controller.abort(new Error('enough'));
  await expect(probing).rejects.toThrow('enough');
  const nowhere = { ...init, servers: [{ url: 'stun:nowhere.example' }], online: false };
  expect((await probeNat(deps, nowhere, NEVER)).kind).toBe('unknown');
});

test('the watch asks when the box comes online and when it moves', async () => {
  const { clock, net, deps } = openRig();
  await openServer(net, '10.0.0.9', 3_478, at('203.0.113.1', 4_000));
  let state: 'offline' | 'online' = 'offline';
  let told: ((state: 'offline' | 'online') => void) | undefined;
  let moved: (() => void) | undefined;
  const own = [BOX];
  const watch = openNatWatch({
    ...deps,
    log: silentLog,
    controlPlane: {
      get state() {
        return state;
      },
      onState(listener) {
        told = listener;
        return { [Symbol.dispose]() {} };
      },
      iceServers: async () => [{ url: 'stun:stun.example' }],
    },
    watch: {
      addresses: own,
      onChange(listener) {
        moved = listener;
        return { [Symbol.dispose]() {} };
      },
    },
  });
  await clock.advanceSettling(fromSeconds(5));
  expect(watch.verdict).toBeUndefined();
  state = 'online';
  told?.('online');
  await clock.advanceSettling(fromSeconds(5));
  expect(watch.verdict?.kind).toBe('likelyOpen');
  own.push('203.0.113.1');
  moved?.();
  await clock.advanceSettling(fromSeconds(5));
  expect(watch.verdict?.kind).toBe('none');
  await watch[Symbol.asyncDispose]();
});
