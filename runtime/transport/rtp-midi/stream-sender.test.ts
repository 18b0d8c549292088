import { beforeEach, expect, test } from 'vitest';
import { shortMessage } from '../../core/midi-bytes.ts';
import type { MidiMessage } from '../../core/midi-message.ts';
import { fromMillis, fromSeconds, type Instant } from '../../core/time.ts';
import { CommandList } from './command-list.ts';
import { emptyCommandHeader, readCommandHeader } from './command-section.ts';
import { journalCheckpoint, readJournal } from './journal/journal-reader.ts';
import { StreamState } from './journal/stream-state.ts';
import { MAX_PACKET_OCTETS, PACKET_BUFFER_OCTETS, StreamSender } from './stream-sender.ts';
import { ticksAt } from './ticks.ts';

const FIRST = 65_530;

let state: StreamState;
let sender: StreamSender;
let now: number;
let stamp: number;
const out = new Uint8Array(PACKET_BUFFER_OCTETS);
const list = new CommandList();
const empty = new CommandList();

beforeEach(() => {
  state = new StreamState();
  now = 1_000_000;
  stamp = 0;
  sender = new StreamSender(0xcafe, FIRST, state, now as Instant);
});

const midi = (status: number, data1: number, data2: number): MidiMessage =>
  shortMessage(status, data1, data2) as MidiMessage;

interface Sent {
  readonly length: number;
  readonly sequence: number;
  readonly checkpoint: number;
  readonly journal: Uint8Array;
}

function send(...messages: readonly MidiMessage[]): Sent {
  const at = now as Instant;
  list.clear();
  for (const message of messages) list.add(message, 0, ticksAt(at, 0));
  const used = messages.length > 0 ? list : empty;
  const length = sender.write(used, ticksAt(at, 0), at, at, out);
  for (const message of messages) state.apply(message, ++stamp, at);
  sender.sent(messages.length > 0, at);
  const header = emptyCommandHeader();
  expect(readCommandHeader(out, 12, length, header)).toBeUndefined();
  expect(readJournal(out, header.listEnd, length)).toBeUndefined();
  return {
    length,
    sequence: ((out[2] ?? 0) << 8) | (out[3] ?? 0),
    checkpoint: journalCheckpoint(out, header.listEnd, length),
    journal: out.slice(header.listEnd, length),
  };
}

const ON = midi(0x90, 60, 100);
const OFF = midi(0x80, 60, 64);

/** Sends a packet that is reported at once: this peer is one that reports. */
function introduced(): void {
  sender.report(send().sequence, now as Instant);
}

test('sequence numbers go up by one, and wrap', () => {
  const sequences = Array.from({ length: 8 }, () => send(ON).sequence);
  expect(sequences).toEqual([65_530, 65_531, 65_532, 65_533, 65_534, 65_535, 0, 1]);
});

test('the checkpoint is the first packet until a report, then the one after what it reports', () => {
  expect(send(ON).checkpoint).toBe(FIRST);
  expect(send(OFF).checkpoint).toBe(FIRST);
  expect(sender.report(65_530, now as Instant)).toBe(true);
  expect(send().checkpoint).toBe(65_531);
  for (let i = 0; i < 8; i++) send(ON);
  expect(sender.report(2, now as Instant)).toBe(true);
  const packet = send();
  expect(packet).toMatchObject({ checkpoint: 3, sequence: 5 });
  expect(sender.report(packet.sequence, now as Instant)).toBe(true);
  expect(Buffer.from(send().journal).toString('hex')).toBe('800006');
});

test('reports of what was never sent, or is long confirmed, are not believed', () => {
  send(ON);
  send(OFF);
  expect(sender.report(65_532, now as Instant)).toBe(false);
  expect(sender.report(65_529, now as Instant)).toBe(false);
  expect(sender.report(65_531, now as Instant)).toBe(true);
  expect(sender.report(65_530, now as Instant)).toBe(false);
  expect(sender.report(65_531, now as Instant)).toBe(true);
});

test('guard packets follow the last command within 20 ms, and stop when it is confirmed (item 36)', () => {
  introduced();
  const { sequence } = send(ON);
  expect((sender.guardDue ?? 0) - now).toBe(fromMillis(15));
  now += fromMillis(15);
  const guard = send();
  expect(guard.length).toBeLessThan(30);
  expect(sender.guardDue).toBeDefined();
  sender.report(sequence, now as Instant);
  expect(sender.guardDue).toBeUndefined();
});

function guardTimes(): number[] {
  const from = now;
  const times: number[] = [];
  while (sender.guardDue !== undefined) {
    now = sender.guardDue;
    times.push((now - from) / 1_000);
    send();
  }
  return times;
}

test('without confirmation they become rarer, and end after five seconds (item 36)', () => {
  introduced();
  send(ON);
  const times = guardTimes();
  expect(times.filter((ms) => ms <= 200).length).toBeGreaterThanOrEqual(8);
  expect(times.length).toBeLessThan(20);
  expect(times.at(-1)).toBeLessThanOrEqual(5_000);
  const gaps = times.map((ms, i) => ms - (times[i - 1] ?? 0));
  expect(Math.max(...gaps)).toBeLessThanOrEqual(1_000);
});

test('a peer that never reports is sent few guard packets, the first within 50 ms all the same (items 35, 36)', () => {
  const began = now;
  let guards = 0;
  sender.introduce(now as Instant);
  // Ten seconds of notes at every pace.
  for (let i = 0; now - began < fromSeconds(10); i++) {
    send(i % 2 ? OFF : ON);
    const next = now + fromMillis(5 + ((i * 37) % 200));
    const sent = now;
    while ((sender.guardDue ?? next) < next) {
      now = sender.guardDue as number;
      if (guards > 0) expect(now - sent).toBeGreaterThanOrEqual(fromMillis(45));
      send();
      guards++;
    }
    now = next;
  }
  expect(guards / 10).toBeGreaterThan(3);
  expect(guards / 10).toBeLessThan(20);
  send(OFF);
  const times = guardTimes();
  expect(times[0]).toBeLessThanOrEqual(50);
  expect(times.filter((ms) => ms <= 1_000).length).toBeLessThanOrEqual(5);
  expect(times.at(-1)).toBeLessThanOrEqual(5_000);
});

test('to a peer that never reports the history is some seconds long, and lasting state stays', () => {
  send(midi(0xb0, 7, 90), midi(0xc0, 3, 0));
  let packet = send();
  for (let i = 0; i < 3_000; i++) {
    packet = send(midi(i % 2 ? 0x80 : 0x90, 30 + ((i >> 1) % 60), 64));
    now += fromMillis(20);
  }
  const reach = (packet.sequence - packet.checkpoint) & 0xffff;
  expect(reach * 20).toBeGreaterThan(4_900);
  expect(reach * 20).toBeLessThan(5_200);
  // Program and controller 7, the first ones ever sent.
  expect((packet.journal[5] ?? 0) & 0xc0).toBe(0xc0);
  expect(packet.length).toBeLessThan(200);
});

test('its checkpoint does not pass the NoteOn of a key that is still down', () => {
  send(ON);
  for (let i = 0; i < 1_000; i++) {
    send(midi(0xb0, 7, i & 127));
    now += fromMillis(20);
  }
  expect(send().checkpoint).toBe(FIRST);
  send(OFF);
  now += fromSeconds(6);
  send(ON);
  expect((send().checkpoint - FIRST) & 0xffff).toBeGreaterThan(900);
});

test('a peer that joins late is told all lasting state until its first report, but no old notes', () => {
  send(midi(0xb0, 7, 90), midi(0xe0, 0, 80), ON);
  sender = new StreamSender(0xbabe, 100, state, now as Instant);
  sender.introduce(now as Instant);
  expect(sender.guardDue).toBe(now);
  const first = send();
  expect(Buffer.from(first.journal).toString('hex')).toBe('a00064' + '800850' + '80875a' + '8050');
  sender.report(100, now as Instant);
  expect(Buffer.from(send().journal).toString('hex')).toBe('800065');
});

test('hours of playing without reports take no more memory than the history', () => {
  for (let i = 0; i < 20_000; i++) {
    send(midi(0x90, i & 127, 1 + (i % 127)));
    now += 100;
  }
  expect(sender.forced).toBeGreaterThan(0);
  expect(send().length).toBeLessThanOrEqual(MAX_PACKET_OCTETS);
});
