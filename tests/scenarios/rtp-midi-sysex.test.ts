/**
 * SysEx of any length between end points, over networks that lose, delay, reorder and double: each command arrives once, in
 * order and intact, or not at all where its sender says that it could not be protected; and nothing else suffers.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { silentLog } from '../../runtime/core/log.ts';
import { encodeMessage, shortMessage } from '../../runtime/core/midi-bytes.ts';
import type { MidiMessage } from '../../runtime/core/midi-message.ts';
import { fromMillis, fromSeconds, type Micros } from '../../runtime/core/time.ts';
import {
  openRtpMidiEndpoint,
  type RtpMidiEndpoint,
  type RtpMidiInit,
} from '../../runtime/transport/rtp-midi/endpoint.ts';
import { MAX_PACKET_OCTETS } from '../../runtime/transport/rtp-midi/stream-sender.ts';
import { NETWORK_PROFILES, type NetworkProfile } from '../../sim/network/profiles.ts';
import { openVirtualNetwork } from '../../sim/network/virtual-network.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { Capture } from '../interop/rtp-midi-capture.ts';
import { readPacket } from '../interop/rtp-midi-packet.ts';

const short = (hex: string): MidiMessage => {
  const [status = 0, data1 = 0, data2 = 0] = Buffer.from(hex, 'hex');
  return shortMessage(status, data1, data2) as MidiMessage;
};
const hexOf = (message: MidiMessage): string => Buffer.from(encodeMessage(message)).toString('hex');
/** No two the same, unless they are empty. */
const dump = (number: number, length: number): MidiMessage => ({
  kind: 'sysEx',
  data: Uint8Array.from({ length }, (_, i) => (number * 31 + i * 7 + (i >> 7)) & 0x7f),
});

interface Way {
  readonly seed: number;
  readonly loss: number;
  readonly burst: number;
  readonly base: number;
  readonly jitter: number;
  readonly mess: number;
}

const profileOf = (way: Way): NetworkProfile => ({
  ...NETWORK_PROFILES.lan,
  base: way.base as Micros,
  jitter: { mean: way.jitter as Micros, shape: 2 },
  loss: { enter: way.loss / way.burst, meanBurst: way.burst },
  duplicates: way.mess,
  reordering: { probability: way.mess, by: fromMillis(8) },
});

async function openBoxes(seed: number, init: Partial<RtpMidiInit> = {}, listeners = 1) {
  const clock = new VirtualClock();
  const network = openVirtualNetwork({ clock, randomness: seededRandomness(seed), profile: 'lan' });
  const capture = new Capture(clock);
  const open = (address: string): Promise<RtpMidiEndpoint> =>
    openRtpMidiEndpoint(
      {
        clock,
        network: capture.tap(address, network.host(address).datagrams),
        randomness: seededRandomness(`${address} ${seed}`),
        log: silentLog,
      },
      { name: address, port: 5004, ...init },
    );
  const a = await open('10.0.0.1');
  const boxes: RtpMidiEndpoint[] = [];
  for (let i = 0; i < listeners; i++) {
    boxes.push(await open(`10.0.0.${i + 2}`));
    a.connect({ host: `10.0.0.${i + 2}`, port: 5004 });
  }
  await clock.advanceSettling(fromSeconds(2));
  return { clock, network, capture, a, boxes, b: boxes[0] as RtpMidiEndpoint };
}

const way: fc.Arbitrary<Way> = fc.record({
  seed: fc.integer(),
  loss: fc.constantFrom(0, 0.02, 0.1, 0.3),
  burst: fc.constantFrom(1, 1, 3),
  base: fc.constantFrom(500, 10_000, 60_000),
  jitter: fc.constantFrom(100, 3_000),
  mess: fc.constantFrom(0, 0.05),
});
const step = fc.record({
  wait: fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 60_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 900_000 }) },
  ),
  what: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('f8', 'fe', 'fa', 'fc') },
    { weight: 3, arbitrary: fc.constantFrom('903c64', '803c40', '914030', '814040', 'b0407f') },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 40 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 5_000 }) },
  ),
});

test('every SysEx arrives once, in order and intact, whatever the network does; notes end as they should (items 9, 10, 11, 31, 31a)', async () => {
  let dumps = 0;
  let unprotected = 0;
  let missing = 0;
  await fc.assert(
    fc.asyncProperty(way, fc.array(step, { maxLength: 40 }), async (path, steps) => {
      const { clock, network, a, b } = await openBoxes(path.seed);
      network.setProfile(profileOf(path));
      const heard: string[] = [];
      const sounding = new Set<string>();
      b.onMidi((_peer, message) => {
        if (message.kind === 'sysEx') heard.push(hexOf(message));
        if (message.kind === 'noteOn') sounding.add(`${message.channel} ${message.key}`);
        if (message.kind === 'noteOff') sounding.delete(`${message.channel} ${message.key}`);
      });
      const sent: string[] = [];
      for (const [number, { wait, what }] of steps.entries()) {
        if (wait > 0) await clock.advanceSettling(wait as Micros);
        const message = typeof what === 'string' ? short(what) : dump(number, what);
        if (message.kind === 'sysEx') sent.push(hexOf(message));
        a.send(message, clock.now());
      }
      await clock.advanceSettling(fromSeconds(12));
      a.send(short('803c40'), clock.now());
      a.send(short('814040'), clock.now());
      await clock.advanceSettling(fromSeconds(5));
      dumps += sent.length;
      unprotected += a.stats.sysExUnprotected;
      let at = 0;
      for (const each of heard) {
        const found = sent.indexOf(each, at);
        expect(found, 'sent, and in this order').toBeGreaterThanOrEqual(at);
        at = found + 1;
      }
      missing += sent.length - heard.length;
      const excused = a.stats.sysExUnprotected > 0 && path.loss > 0;
      if (!excused) expect(heard).toEqual(sent);
      expect(sounding.size).toBe(0);
      expect(b.stats.faults['uncoveredLoss']).toBe(0);
      expect(a.stats.messagesDropped).toBe(0);
      await a[Symbol.asyncDispose]();
      await b[Symbol.asyncDispose]();
    }),
    { numRuns: 60 },
  );
  process.stderr.write(`sysex: ${dumps} sent, ${missing} missing, ${unprotected} unprotected\n`);
  expect(missing).toBeLessThanOrEqual(dumps * 0.05);
});
