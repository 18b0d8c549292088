/** Two end points over the system's UDP on loopback: IPv4, IPv6, and one of each. */
import { networkInterfaces } from 'node:os';
import { expect, test } from 'vitest';
import { silentLog } from '../../runtime/core/log.ts';
import { shortMessage } from '../../runtime/core/midi-bytes.ts';
import type { MidiMessage } from '../../runtime/core/midi-message.ts';
import { openMonotonicClock } from '../../runtime/platform/monotonic-clock.ts';
import { systemRandomness } from '../../runtime/platform/system-randomness.ts';
import { openUdpNetwork } from '../../runtime/platform/udp-network.ts';
import {
  openRtpMidiEndpoint,
  type RtpMidiEndpoint,
} from '../../runtime/transport/rtp-midi/endpoint.ts';

const clock = openMonotonicClock();
const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);
if (!hasIpv6) process.stderr.write('rtp-midi-udp: no IPv6 loopback here; only IPv4 was tried\n');

const open = (name: string, host?: string): Promise<RtpMidiEndpoint> =>
  openRtpMidiEndpoint(
    { clock, network: openUdpNetwork({ clock }), randomness: systemRandomness, log: silentLog },
    { name, port: 0, ...(host ? { host } : {}) },
  );

const next = <T>(listen: (done: (value: T) => void) => Disposable): Promise<T> =>
  new Promise((resolve) => {
    const listening = listen((value) => {
      listening[Symbol.dispose]();
      resolve(value);
    });
  });

/** Where each end is bound (all interfaces when left out), and where the first dials the second. */
test.each([
  ['IPv4', '127.0.0.1', '127.0.0.1', '127.0.0.1', true],
  ['IPv6', '::1', '::1', '::1', hasIpv6],
  ['all interfaces, dialled by IPv4', undefined, undefined, '127.0.0.1', true],
  ['all interfaces, dialled by IPv6', undefined, undefined, '::1', hasIpv6],
])(
  '%s: notes go both ways, the clocks are compared, goodbye is heard (items 41, 45)',
  async (_name, here, there, dialled, possible) => {
    if (!possible) return;
    await using a = await open('a', here);
    await using b = await open('b', there);
    const joined = Promise.all(
      [a, b].map((endpoint) => next<void>((done) => endpoint.onPeer(() => done()))),
    );
    const connection = a.connect({ host: dialled, port: b.controlPort });
    await joined;
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const heard = next<readonly [MidiMessage, number]>((done) =>
        to.onMidi((_peer, message, performedAt, arrivedAt) =>
          done([message, arrivedAt - performedAt]),
        ),
      );
      from.send(shortMessage(0x90, 60, 100) as MidiMessage, clock.now());
      const [message, onTheWay] = await heard;
      expect(message).toEqual({ kind: 'noteOn', channel: 0, key: 60, velocity: 100 });
      expect(Math.abs(onTheWay)).toBeLessThan(200_000);
    }
    while (!(a.peers[0]?.clock.synced && b.peers[0]?.clock.synced)) {
      await new Promise((again) => setTimeout(again, 2));
    }
    const left = next<string | undefined>((done) =>
      b.onPeer((_peer, _state, reason) => done(reason)),
    );
    await connection[Symbol.asyncDispose]();
    expect(await left).toBe('bye');
  },
);

test('a port that is taken is reported as such', async () => {
  await using a = await open('a', '127.0.0.1');
  const taken = openRtpMidiEndpoint(
    { clock, network: openUdpNetwork({ clock }), randomness: systemRandomness, log: silentLog },
    { name: 'b', port: a.controlPort - 1, host: '127.0.0.1' },
  );
  await expect(taken).rejects.toMatchObject({ code: 'busy' });
});

const IDLE_SECONDS = Number(process.env['RTP_MIDI_IDLE_SECONDS'] ?? 0);

test(
  'a session in which nothing is played for longer than a minute stays up (items 42, 52)',
  async (context) => {
    if (IDLE_SECONDS === 0)
      return context.skip('it takes a minute: RTP_MIDI_IDLE_SECONDS=61 asks for it');
    await using a = await open('a', '127.0.0.1');
    await using b = await open('b', '127.0.0.1');
    const changes: string[] = [];
    const joined = next<void>((done) => b.onPeer(() => done()));
    a.connect({ host: '127.0.0.1', port: b.controlPort });
    await joined;
    for (const endpoint of [a, b]) endpoint.onPeer((_peer, state) => changes.push(state));
    await new Promise((over) => setTimeout(over, IDLE_SECONDS * 1_000));
    expect(changes.filter((state) => state === 'left')).toEqual([]);
    const heard = next<MidiMessage>((done) => b.onMidi((_peer, message) => done(message)));
    a.send(shortMessage(0x90, 60, 100) as MidiMessage, clock.now());
    expect((await heard).kind).toBe('noteOn');
  },
  (IDLE_SECONDS + 30) * 1_000,
);
