/** Datagrams that nobody should send, at an end point with a live peer. `make soak` sends a million. */
import { expect, test } from 'vitest';
import type { NetAddress } from '../../runtime/ports/datagram-network.ts';
import { fuzzEndpoint } from './rtp-midi-fuzz.ts';
import type { Listener } from './rtp-midi-listener.ts';
import { Stage } from './rtp-midi-stage.ts';

const DATAGRAMS = 100_000;
/** Ways to be wrong, each of which has to occur. */
const MET: readonly string[] = [
  'notRtpMidi',
  'rtpTruncated',
  'headerTruncated',
  'listTruncated',
  'trailingOctets',
  'deltaTruncated',
  'deltaOverlong',
  'noRunningStatus',
  'commandTruncated',
  'badDataOctet',
  'sysExUnterminated',
  'sysExMalformed',
  'journalTruncated',
  'journalLength',
  'chapterLength',
  'channelOrder',
  'journalTrailing',
  'controlMalformed',
  'controlUnknown',
  'stranger',
  'duplicate',
  'undefinedCommand',
  'uncoveredLoss',
  'streamRestart',
  'badFeedback',
];
const PLAYER = '10.0.0.1';
const LISTENER = '10.0.0.2';

async function openTarget(): Promise<{ readonly stage: Stage; readonly listener: Listener }> {
  const path = { loss: 0, burst: 1, delay: 0.5, jitter: 0, duplicates: 0, reordered: 0 };
  const stage = await Stage.open({
    seed: 3,
    paths: [{ ...path, reports: true, invites: false }],
    journal: 'closed-loop',
    redundancy: 0,
    begin: 'anywhere',
  });
  stage.wait(1_000_000);
  return { stage, listener: stage.listeners[0] as Listener };
}

test('neither random, damaged nor misleading datagrams do harm: 100,000 of them (items 48, 12, 13, 16)', async () => {
  const report = await fuzzEndpoint({ datagrams: DATAGRAMS, seed: 48 });
  expect(report.slowestMillis).toBeLessThan(500);
  expect(report.meanMicros).toBeLessThan(200);
  expect(report.heapMiB[1] - report.heapMiB[0]).toBeLessThan(64);
  expect(report.peersAtMost).toBeLessThanOrEqual(32);
  expect(report.stuck).toBe(0);
  expect(report.stillWorks).toBe(true);
  const unmet = MET.filter((kind) => !report.faults[kind]);
  expect(unmet).toEqual([]);
}, 120_000);

test('datagrams of no octets, of one and of the greatest length are ignored (item 12)', async () => {
  const { stage, listener } = await openTarget();
  const before = listener.endpoint.stats.datagrams;
  for (const length of [0, 1, 2, 3, 4, 11, 12, 13, 65_507]) {
    for (const octet of [0x00, 0x80, 0xff]) {
      const bytes = new Uint8Array(length).fill(octet);
      for (const port of [5004, 5005])
        stage.wire.inject(bytes, { host: PLAYER, port }, { host: LISTENER, port });
    }
  }
  expect(listener.endpoint.stats.datagrams).toBe(before + 9 * 3 * 2);
  expect(listener.endpoint.peers).toHaveLength(1);
});

test('a host that knocks without end gets answers to a few knocks only (item 47)', async () => {
  const { stage, listener } = await openTarget();
  const knock = Buffer.from('ffff494e0000000200000001deadbeef6100', 'hex');
  const from: NetAddress = { host: '10.6.6.6', port: 9_999 };
  const before = listener.endpoint.stats.refused;
  for (let i = 0; i < 10_000; i++) {
    knock.writeUInt32BE(i, 12);
    stage.wire.inject(new Uint8Array(knock), from, { host: LISTENER, port: 5004 });
    stage.wait(10);
  }
  expect(listener.endpoint.stats.refused - before).toBeGreaterThan(9_900);
  expect(listener.endpoint.peers).toHaveLength(1);
});
