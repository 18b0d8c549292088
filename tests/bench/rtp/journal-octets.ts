/**
 * How many octets of a packet its journal takes, with 1, 4 and 16 channels playing.
 *
 * Two end points on a virtual network and clock. Each channel plays eight notes a second, each 200 ms long, bends and
 * moves a controller between them; the receiver reports as it always does. Guard packets are counted apart.
 */
import { silentLog } from '../../../runtime/core/log.ts';
import { shortMessage } from '../../../runtime/core/midi-bytes.ts';
import type { MidiMessage } from '../../../runtime/core/midi-message.ts';
import { fromMillis, fromSeconds, micros } from '../../../runtime/core/time.ts';
import type { DatagramNetwork } from '../../../runtime/ports/datagram-network.ts';
import {
  emptyCommandHeader,
  readCommandHeader,
} from '../../../runtime/transport/rtp-midi/command-section.ts';
import { openRtpMidiEndpoint } from '../../../runtime/transport/rtp-midi/endpoint.ts';
import { emptyRtpHeader, readRtpHeader } from '../../../runtime/transport/rtp-midi/rtp-header.ts';
import { NETWORK_PROFILES } from '../../../sim/network/profiles.ts';
import { openVirtualNetwork } from '../../../sim/network/virtual-network.ts';
import { seededRandomness } from '../../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../../sim/virtual-clock.ts';

export interface JournalOctets {
  readonly channels: number;
  readonly rttMs: number;
  readonly packets: number;
  readonly mean: number;
  readonly p50: number;
  readonly p99: number;
  readonly guardsPerSecond: number;
}

const SECONDS = 20;
const NOTES_PER_SECOND = 8;

export async function measureJournalOctets(
  channels: number,
  rttMs: number,
): Promise<JournalOctets> {
  const clock = new VirtualClock();
  const network = openVirtualNetwork({ clock, randomness: seededRandomness(7) });
  network.setProfile({ ...NETWORK_PROFILES.perfect, base: fromMillis(rttMs / 2) });
  const octets: number[] = [];
  let guards = 0;
  const near = await openRtpMidiEndpoint(
    {
      clock,
      network: watched(network.host('10.0.0.1').datagrams, (journal, commands) => {
        if (commands) octets.push(journal);
        else guards++;
      }),
      randomness: seededRandomness(1),
      log: silentLog,
    },
    { name: 'near', port: 5_004 },
  );
  const far = await openRtpMidiEndpoint(
    {
      clock,
      network: network.host('10.0.0.2').datagrams,
      randomness: seededRandomness(2),
      log: silentLog,
    },
    { name: 'far', port: 5_004 },
  );
  near.connect({ host: '10.0.0.2', port: far.controlPort });
  await turn(clock, fromSeconds(3));
  octets.length = 0;
  guards = 0;
  const period = 1_000_000 / NOTES_PER_SECOND;
  for (let step = 0; step < SECONDS * NOTES_PER_SECOND; step++) {
    for (let channel = 0; channel < channels; channel++) {
      const short = (status: number, data1: number, data2: number): void =>
        near.send(shortMessage(status | channel, data1, data2) as MidiMessage, clock.now());
      const key = 40 + ((step * 7 + channel) % 40);
      short(0x90, key, 90);
      await turn(clock, micros(period / channels / 3));
      short(0xe0, step & 127, 64);
      await turn(clock, micros(period / channels / 3));
      short(0xb0, 1, (step * 5) & 127);
      if (step > 1) short(0x80, 40 + (((step - 2) * 7 + channel) % 40), 64);
      await turn(clock, micros(period / channels / 3));
    }
  }
  for (const endpoint of [near, far]) await endpoint[Symbol.asyncDispose]();
  octets.sort((a, b) => a - b);
  const at = (share: number): number => octets[Math.floor(share * (octets.length - 1))] ?? 0;
  return {
    channels,
    rttMs,
    packets: octets.length,
    mean: octets.reduce((sum, count) => sum + count, 0) / octets.length,
    p50: at(0.5),
    p99: at(0.99),
    guardsPerSecond: guards / SECONDS,
  };
}

/** The virtual clock's alarms, with the promises between them. */
async function turn(clock: VirtualClock, by: number): Promise<void> {
  await Promise.resolve();
  clock.advance(micros(Math.min(by, fromMillis(3_000))));
  await Promise.resolve();
}

/** Tells of each RTP-MIDI packet that is sent how long its journal is. */
function watched(
  network: DatagramNetwork,
  tell: (journalOctets: number, commands: boolean) => void,
): DatagramNetwork {
  const header = emptyRtpHeader();
  const section = emptyCommandHeader();
  return {
    async bind(init) {
      const socket = await network.bind(init);
      return {
        local: socket.local,
        get unsent() {
          return socket.unsent;
        },
        send(bytes, to, length = bytes.length) {
          const packet = bytes.subarray(0, length);
          socket.send(bytes, to, length);
          if (readRtpHeader(packet, header) !== undefined) return;
          if (readCommandHeader(packet, header.payloadAt, header.payloadEnd, section)) return;
          tell(header.payloadEnd - section.listEnd, section.listEnd > section.listAt);
        },
        onDatagram: (listener) => socket.onDatagram(listener),
        [Symbol.asyncDispose]: () => socket[Symbol.asyncDispose](),
      };
    },
  };
}
