/**
 * Packets a second through the codec alone, no sockets: ours without and with a recovery journal, and npm `rtpmidi`'s.
 *
 * "written" is a MIDI message until the packet's octets are there; "read" is octets until the message is out. Ours is the
 * whole stream logic (state, checkpoint, order), not only the format. One note-on or note-off a packet, on one channel
 * after another; with journals, every eighth packet is confirmed, so each packet holds what a round trip of that length
 * leaves unconfirmed. The codecs take turns.
 */
import { shortMessage } from '../../../runtime/core/midi-bytes.ts';
import type { MidiMessage } from '../../../runtime/core/midi-message.ts';
import type { Instant, Micros } from '../../../runtime/core/time.ts';
import type { CommandList } from '../../../runtime/transport/rtp-midi/command-list.ts';
import { FaultCounters } from '../../../runtime/transport/rtp-midi/faults.ts';
import { Outbox } from '../../../runtime/transport/rtp-midi/outbox.ts';
import { emptyRtpHeader, readRtpHeader } from '../../../runtime/transport/rtp-midi/rtp-header.ts';
import { StreamReceiver } from '../../../runtime/transport/rtp-midi/stream-receiver.ts';
import {
  PACKET_BUFFER_OCTETS,
  StreamSender,
} from '../../../runtime/transport/rtp-midi/stream-sender.ts';
import type { Ticks } from '../../../runtime/transport/rtp-midi/ticks.ts';
import { allocatedPer } from './allocation.ts';
import { NpmMessage } from './npm-rtpmidi.ts';

const PACKETS = 100_000;
const ROUNDS = 5;
const CONFIRMED_EVERY = 8;

export interface CodecFigures {
  readonly codec: string;
  /** Packets a second. */
  readonly written: number;
  readonly read: number;
  /** Octets of heap. */
  readonly allocatedWritten: number;
  readonly allocatedRead: number;
  readonly octets: number;
}

interface Codec {
  readonly name: string;
  write(i: number): void;
  /** Sets out to read packets like those that were written. */
  rewind(): void;
  read(i: number): void;
  /** Octets of a packet on average. */
  readonly octets: number;
}

function notesOn(channels: number): MidiMessage[] {
  const notes: MidiMessage[] = [];
  for (let i = 0; i < 2 * channels; i++) {
    const status = (i < channels ? 0x90 : 0x80) | (i % channels);
    notes.push(shortMessage(status, 60 + (i % channels), 100) as MidiMessage);
  }
  return notes;
}

function openOurs(name: string, journal: 'closed-loop' | 'off', channels: number): Codec {
  const notes = notesOn(channels);
  const outbox = new Outbox(0);
  const sender = new StreamSender(1, 1, outbox.state, 0 as Instant, journal);
  const out = new Uint8Array(PACKET_BUFFER_OCTETS);
  const packets: Uint8Array[] = [];
  let now = 0 as Instant;
  let keep = true;
  const write = (list: CommandList, first: Ticks, at: Instant): void => {
    const length = sender.write(list, first, at, now, out);
    if (keep) packets.push(out.slice(0, length));
  };
  const sent = (): void => sender.sent(true, now);
  const writeOne = (i: number): void => {
    now = (now + 1_000) as Instant;
    outbox.add(notes[i % notes.length] as MidiMessage, now, now);
    outbox.flush(write, sent);
    if (i % CONFIRMED_EVERY === CONFIRMED_EVERY - 1) sender.report(sender.last & 0xffff, now);
  };
  for (let i = 0; i < PACKETS; i++) writeOne(i);
  keep = false;
  const header = emptyRtpHeader();
  let heard = 0;
  const sink = { message: () => heard++, report: () => {} };
  let receiver = new StreamReceiver(sink, new FaultCounters(), 0 as Micros);
  return {
    name,
    write: writeOne,
    rewind() {
      if (heard % PACKETS !== 0) throw new Error(`${name}: ${heard} messages read`);
      receiver = new StreamReceiver(sink, new FaultCounters(), 0 as Micros);
    },
    read(i) {
      const bytes = packets[i] as Uint8Array;
      readRtpHeader(bytes, header);
      receiver.receive(bytes, header, (i * 1_000) as Instant);
    },
    octets: packets.reduce((sum, { length }) => sum + length, 0) / packets.length,
  };
}

function openTheirs(): Codec {
  const write = (i: number): Uint8Array => {
    const message = new NpmMessage();
    message.ssrc = 1;
    message.sequenceNumber = i & 0xffff;
    message.timestamp = i * 10;
    message.commands = [{ deltaTime: 0, data: i & 1 ? [0x80, 60, 100] : [0x90, 60, 100] }];
    return message.generateBuffer().buffer;
  };
  const packets = Array.from({ length: PACKETS }, (_, i) => write(i));
  return {
    name: 'npm rtpmidi, no journal',
    write,
    rewind() {},
    read(i) {
      const { commands } = new NpmMessage().parseBuffer(packets[i] as Uint8Array);
      if (commands.length !== 1) throw new Error('npm rtpmidi read something else');
    },
    octets: (packets[0] as Uint8Array).length,
  };
}

export function measureCodecs(): CodecFigures[] {
  const codecs = [
    openTheirs(),
    openOurs('togthr, no journal', 'off', 1),
    openOurs('togthr, 1 channel in the journal', 'closed-loop', 1),
    openOurs('togthr, 4 channels in the journal', 'closed-loop', 4),
    openOurs('togthr, 16 channels in the journal', 'closed-loop', 16),
  ];
  const best = codecs.map(() => ({ written: 0, read: 0 }));
  const rate = (step: (i: number) => void): number => {
    const began = performance.now();
    for (let i = 0; i < PACKETS; i++) step(i);
    return PACKETS / ((performance.now() - began) / 1_000);
  };
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, codec] of codecs.entries()) {
      const figures = best[i] as { written: number; read: number };
      figures.written = Math.max(figures.written, rate(codec.write));
      codec.rewind();
      figures.read = Math.max(figures.read, rate(codec.read));
    }
  }
  return codecs.map((codec, i) => {
    const allocatedWritten = allocatedPer(20_000, codec.write);
    codec.rewind();
    let next = 0;
    const allocatedRead = allocatedPer(PACKETS / 20, () => codec.read(next++));
    const { written, read } = best[i] as { written: number; read: number };
    return {
      codec: codec.name,
      written,
      read,
      allocatedWritten,
      allocatedRead,
      octets: codec.octets,
    };
  });
}
