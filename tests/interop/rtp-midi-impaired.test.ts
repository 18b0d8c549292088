/** Two end points over the system's UDP, each behind a network that loses a fifth of what it sends, in bursts. */
import { expect, test } from 'vitest';
import { silentLog } from '../../runtime/core/log.ts';
import type { MidiMessage } from '../../runtime/core/midi-message.ts';
import { openMonotonicClock } from '../../runtime/platform/monotonic-clock.ts';
import { systemRandomness } from '../../runtime/platform/system-randomness.ts';
import { openTcpNetwork } from '../../runtime/platform/tcp-network.ts';
import { openUdpNetwork } from '../../runtime/platform/udp-network.ts';
import {
  openRtpMidiEndpoint,
  type RtpMidiEndpoint,
} from '../../runtime/transport/rtp-midi/endpoint.ts';
import { openImpairedNetwork } from '../../sim/network/impaired-network.ts';
import { NETWORK_PROFILES } from '../../sim/network/profiles.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { differences } from '../scenarios/rtp-midi-comparison.ts';
import { Synthesizer } from '../scenarios/rtp-midi-synthesizer.ts';
import { anyMessage } from './rtp-midi-performance.ts';

const HOST = '127.0.0.1';
const BURST = 2;
const LOSS = 0.2;
const SECONDS = 4;
const clock = openMonotonicClock();
const sleep = (millis: number): Promise<void> => new Promise((next) => setTimeout(next, millis));

interface End {
  readonly endpoint: RtpMidiEndpoint;
  readonly played: Synthesizer;
  readonly heard: Synthesizer;
  readonly setLoss: (loss: number) => void;
}

async function openEnd(name: string): Promise<End> {
  const network = openImpairedNetwork({
    clock,
    randomness: seededRandomness(name),
    datagrams: openUdpNetwork({ clock }),
    streams: openTcpNetwork(),
  });
  const setLoss = (loss: number): void =>
    network.setProfile({
      ...NETWORK_PROFILES.lan,
      loss: { enter: loss / (BURST * (1 - loss) + loss), meanBurst: BURST },
    });
  const endpoint = await openRtpMidiEndpoint(
    { clock, network: network.datagrams, randomness: systemRandomness, log: silentLog },
    { name, port: 0, host: HOST },
  );
  const heard = new Synthesizer();
  endpoint.onMidi((_peer, message) => heard.take(message, clock.now()));
  return { endpoint, heard, setLoss, played: new Synthesizer() };
}

function play({ endpoint, played }: End, message: MidiMessage): void {
  const now = clock.now();
  played.take(message, now);
  endpoint.send(message, now);
}

test('everything that is played both ways for some seconds leaves both synthesizers in the state of the other side (items 50, 52)', async () => {
  const a = await openEnd('a');
  const b = await openEnd('b');
  await using _a = a.endpoint;
  await using _b = b.endpoint;
  a.endpoint.connect({ host: HOST, port: b.endpoint.controlPort });
  await expect.poll(() => a.endpoint.peers.length + b.endpoint.peers.length).toBe(2);
  await expect
    .poll(() => [a, b].every(({ endpoint }) => endpoint.peers[0]?.clock.synced))
    .toBe(true);
  for (const end of [a, b]) end.setLoss(LOSS);
  const random = seededRandomness('what is played');
  const below = (limit: number): number => random.uint32() % limit;
  const began = performance.now();
  while (performance.now() - began < 1_000 * SECONDS) {
    for (const end of [a, b]) {
      const message = anyMessage(below);
      if (message.kind !== 'sysEx' || message.data.length < 100) play(end, message);
    }
    await sleep(1 + below(8));
  }
  // Guard packets go on until they are confirmed; one way or the other the last state arrives.
  const excuses = {
    unheard: () => true,
    since: Number.POSITIVE_INFINITY,
    exact: false,
    abandoned: false,
    rejoined: false,
  };
  const wrong = (): readonly string[] => [
    ...differences(a.played, b.heard, excuses),
    ...differences(b.played, a.heard, excuses),
  ];
  await expect.poll(wrong, { timeout: 5_000, interval: 50 }).toEqual([]);
  const { recovered, loss } = b.endpoint.peers[0]?.stats ?? { recovered: 0, loss: 0 };
  expect(loss).toBeGreaterThan(LOSS / 2);
  expect(recovered).toBeGreaterThan(20);
}, 60_000);
