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
  readonly hasJournal: boolean;
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
  if (header.journal) expect(readJournal(out, header.listEnd, length)).toBeUndefined();
  return {
    length,
    sequence: ((out[2] ?? 0) << 8) | (out[3] ?? 0),
    checkpoint: journalCheckpoint(out, header.listEnd, length),
    hasJournal: header.journal,
    journal: out.slice(header.listEnd, length),
  };
}

const ON = midi(0x90, 60, 100);
const OFF = midi(0x80, 60, 64);

/** Sends a packet that is reported at once: this peer is one that reports. */
function introduced(): void {
  sender.report(send().sequence, now as Instant);
}

test('sequence numbers go up by one, and wrap (item 2)', () => {
  const sequences = Array.from({ length: 8 }, () => send(ON).sequence);
  expect(sequences).toEqual([65_530, 65_531, 65_532, 65_533, 65_534, 65_535, 0, 1]);
});

test('the checkpoint is the first packet until a report, then the one after what it reports (item 32)', () => {
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

test('reports of what was never sent, or is long confirmed, are not believed (item 32)', () => {
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

test('to a peer that never reports the history is some seconds long, and lasting state stays (items 35, 35a)', () => {
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

test('its checkpoint does not pass the NoteOn of a key that is still down (item 35a)', () => {
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

test('a peer that joins late is told all lasting state until its first report, and what sounds, not to be played (items 24b, 33)', () => {
  send(midi(0xb0, 7, 90), midi(0xe0, 0, 80), ON, midi(0x90, 62, 1), midi(0x80, 62, 64));
  now += 200_000;
  sender = new StreamSender(0xbabe, 100, state, now as Instant);
  sender.introduce(now as Instant);
  expect(sender.guardDue).toBe(now);
  const first = send();
  expect(Buffer.from(first.journal).toString('hex')).toBe(
    'a00064' + '800c58' + '80875a' + '8050' + '81f0' + 'bc64',
  );
  sender.report(100, now as Instant);
  expect(Buffer.from(send().journal).toString('hex')).toBe('800065');
});

test('hours of playing without reports take no more memory than the history (item 35)', () => {
  for (let i = 0; i < 20_000; i++) {
    send(midi(0x90, i & 127, 1 + (i % 127)));
    now += 100;
  }
  expect(sender.forced).toBeGreaterThan(0);
  expect(send().length).toBeLessThanOrEqual(MAX_PACKET_OCTETS);
});

const hexOf = ({ journal }: Sent): string => Buffer.from(journal).toString('hex');

test('a journal codes what was sent before its packet, never the packet itself (item 15)', () => {
  // Checkpoint and packet are the same: nothing to code.
  expect(hexOf(send(ON, midi(0xb0, 7, 90)))).toBe('80fffa');
  expect(hexOf(send(OFF))).toBe('20fffa' + '000a48' + '00075a' + '8' + '1f03ce4');
  expect(hexOf(send())).toMatch(/^20fffa000948/);
  introduced();
  expect(hexOf(send(midi(0xe0, 0, 80)))).toMatch(/^80/);
  expect(hexOf(send())).toMatch(/^20....000510/);
});

test('S is 0 for what the packet before brought, in all that encloses it, and nowhere else (items 15, 15a)', () => {
  send(ON);
  // Header, channel journal and log are 0; B of Chapter N is 1: no NoteOff.
  expect(hexOf(send())).toBe('20fffa' + '000708' + '81f0' + '3ce4');
  expect(hexOf(send())).toBe('a0fffa' + '800708' + '81f0' + 'bce4');
  send(midi(0xb1, 7, 90));
  expect(hexOf(send(OFF))).toBe('21fffa' + '800708' + '81f0' + 'bce4' + '080640' + '00075a');
  // The NoteOff is a bit, which B stands for.
  expect(hexOf(send())).toBe('21fffa' + '000608' + '0077' + '08' + '880640' + '80875a');
});

test('a checkpoint that moves takes what is over out of the journal at once, and clears no S bit (item 33)', () => {
  send(ON);
  send(midi(0xb1, 7, 90));
  send();
  sender.report(FIRST, now as Instant);
  expect(hexOf(send())).toBe('a0fffb' + '880640' + '80875a');
  sender.report(FIRST + 1, now as Instant);
  expect(hexOf(send())).toBe('80fffc');
});

test('each receiver has its own checkpoint: one that is silent keeps nobody else’s journal long (item 33)', () => {
  const silent = sender;
  const reporting = new StreamSender(0xbabe, 7, state, now as Instant);
  const lengths: [silent: number[], reporting: number[]] = [[], []];
  for (let i = 0; i < 50; i++) {
    const at = now as Instant;
    const message = midi(0x90 | (i & 15), 60 + i, 100);
    list.clear();
    list.add(message, 0, ticksAt(at, 0));
    lengths[0].push(silent.write(list, ticksAt(at, 0), at, at, out));
    lengths[1].push(reporting.write(list, ticksAt(at, 0), at, at, out));
    state.apply(message, ++stamp, at);
    silent.sent(true, at);
    reporting.sent(true, at);
    reporting.report(reporting.last & 0xffff, at);
    now += fromMillis(10);
  }
  // RTP header, one command, an empty journal.
  expect(lengths[1]).toEqual(lengths[1].map(() => 12 + 4 + 3));
  expect(lengths[0].at(-1)).toBeGreaterThan(150);
});

test.each(['closed-loop', 'open-loop', 'anchor'] as const)(
  'a session with journals (%s) has one in every packet, empty or not (item 4a)',
  (policy) => {
    sender = new StreamSender(0xcafe, FIRST, state, now as Instant, policy);
    sender.introduce(now as Instant);
    for (let i = 0; i < 40; i++) {
      const packet = i % 3 ? send(i % 2 ? ON : OFF) : send();
      expect(packet.hasJournal).toBe(true);
      expect(packet.journal.length).toBeGreaterThanOrEqual(3);
      if (i % 5 === 0) sender.report(packet.sequence, now as Instant);
      now += fromMillis(7);
    }
  },
);

test('a session without journals has none in any packet, and no guard packets but one to say where it is (item 4a)', () => {
  sender = new StreamSender(0xcafe, FIRST, state, now as Instant, 'off');
  sender.introduce(now as Instant);
  expect(sender.guardDue).toBe(now);
  const first = send();
  expect(first).toMatchObject({ hasJournal: false, length: 13 });
  expect(sender.guardDue).toBeUndefined();
  for (let i = 0; i < 20; i++) {
    const packet = send(i % 2 ? OFF : ON);
    expect(packet).toMatchObject({ hasJournal: false, length: 16 });
    expect(sender.report(packet.sequence, now as Instant)).toBe(true);
    expect(sender.guardDue).toBeUndefined();
  }
});

test('anchor: the journal reaches back to the first packet for ever (item 35a)', () => {
  sender = new StreamSender(0xcafe, FIRST, state, now as Instant, 'anchor');
  send(midi(0xc0, 5, 0), ON);
  for (let i = 0; i < 2_000; i++) {
    sender.report(send(OFF).sequence, now as Instant);
    now += fromMillis(100);
  }
  // Program 5, and key 60 up.
  expect(hexOf(send())).toBe('20fffa' + '000988' + '850000' + '0077' + '08');
});

test('a peer that never reports is told all of a big state in turn (items 31b, 35)', () => {
  for (let channel = 0; channel < 16; channel++) {
    for (let controller = 0; controller < 90; controller++)
      send(midi(0xb0 | channel, controller === 6 || controller === 38 ? 90 : controller, 1));
  }
  send(ON);
  const told = new Set<number>();
  while (sender.guardDue !== undefined) {
    now = sender.guardDue;
    const { journal, length } = send();
    expect(length).toBeLessThanOrEqual(MAX_PACKET_OCTETS);
    for (let at = 3; at < journal.length; ) {
      const first = journal[at] ?? 0;
      told.add((first >> 3) & 15);
      at += ((first & 3) << 8) | (journal[at + 1] ?? 0);
    }
  }
  expect(told.size).toBe(16);
});
