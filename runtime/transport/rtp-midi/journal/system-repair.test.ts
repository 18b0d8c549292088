/**
 * A sender and a receiver of system messages, with packets missing in between: after each repair their models agree, and
 * what follows the receiver's output is where the source is.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SyntheticTransport } from '../../../../tests/scenarios/rtp-midi-transport.ts';
import { hexOf, journalOf, messagesOf, NOW } from '../../../../tests/system-journals.ts';
import type { MidiMessage } from '../../../core/midi-message.ts';
import type { Micros } from '../../../core/time.ts';
import { FaultCounters } from '../faults.ts';
import { emptyRtpHeader, readRtpHeader } from '../rtp-header.ts';
import { StreamReceiver } from '../stream-receiver.ts';
import { StreamState } from './stream-state.ts';

const RUNS = 2_000;
const GM_ON = 'f07e7f0901f7';
const SSRC = '0000cafe';
/** Sequence numbers go round on the way. */
const FIRST = 0xfff4;

interface Packet {
  readonly messages: readonly MidiMessage[];
  readonly lost: boolean;
  /** The receiver's report of the packet reaches the sender. */
  readonly reported: boolean;
}

const EMPTY: Packet = { messages: [], lost: false, reported: false };

const heard = (texts: string): Packet => ({ ...EMPTY, messages: messagesOf(texts) });
const missing = (texts: string): Packet => ({ ...heard(texts), lost: true });

/** A sequencer that only continued and stopped, from nobody knows where; then nothing is missing but empty packets. */
const STANDS_ANYWHERE: readonly Packet[] = [
  heard('fc fb'),
  heard('fc'),
  missing(''),
  missing(''),
  EMPTY,
];
/** What is repaired in the middle of the song doesn't say whether it was started or continued; then it is at its start. */
const CONTINUED_BY_REPAIR: readonly Packet[] = [
  heard('fa'),
  missing('f8x20'),
  heard('f20000'),
  EMPTY,
  missing(''),
];

const words = (...texts: string[]): fc.Arbitrary<readonly MidiMessage[]> =>
  fc.constantFrom(...texts.map((text) => messagesOf(text)));

const songPosition = fc
  .oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 16_000 }))
  .map((beats): readonly MidiMessage[] => [{ kind: 'songPosition', beats }]);
const fullFrame = fc
  .tuple(fc.nat(127), fc.nat(127), fc.nat(127), fc.nat(127))
  .map((time): readonly MidiMessage[] => [
    { kind: 'sysEx', data: Uint8Array.from([0x7f, 0x7f, 1, 1, ...time]) },
  ]);
/** So many quarter frames on, or back; a proper tape turns only between two frame values. */
const quarterFrames = fc
  .record({ count: fc.integer({ min: 1, max: 12 }), reverse: fc.boolean() })
  .chain(({ count, reverse }) =>
    fc
      .array(fc.nat(15), { minLength: count, maxLength: count })
      .map((nibbles) => ({ nibbles, reverse })),
  );

/** What a source does in one go; tape movements are made into quarter frames where the tape is. */
type Deed =
  | { readonly messages: readonly MidiMessage[] }
  | { readonly nibbles: readonly number[]; readonly reverse: boolean };

const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 6, arbitrary: words('f8', 'f8x3', 'f8x20').map((messages) => ({ messages })) },
  { weight: 3, arbitrary: words('fa', 'fb', 'fc', 'fc fb').map((messages) => ({ messages })) },
  { weight: 1, arbitrary: songPosition.map((messages) => ({ messages })) },
  {
    weight: 2,
    arbitrary: words('fe', 'fe fe', 'f6', 'f305', 'f306').map((messages) => ({ messages })),
  },
  {
    weight: 1,
    arbitrary: words('ff', GM_ON, 'ff f6', 'f6 ff', 'c005').map((messages) => ({
      messages,
    })),
  },
  { weight: 4, arbitrary: quarterFrames },
  { weight: 1, arbitrary: fullFrame.map((messages) => ({ messages })) },
);

const drafts = fc.array(
  fc.record({
    deeds: fc.array(deed, { maxLength: 3 }),
    lost: fc.constantFrom(false, false, true),
    reported: fc.boolean(),
  }),
  { minLength: 2, maxLength: 30 },
);

/** `proper`: the tape turns between two frame values only, and begins at its first piece. */
function packetsOf(proper: boolean): fc.Arbitrary<readonly Packet[]> {
  return drafts.map((list) => {
    let reverse = false;
    let piece = 7;
    let device = 0;
    const tape = (done: Deed): readonly MidiMessage[] => {
      if ('messages' in done) {
        if (
          done.messages.some(
            (message) => message.kind === 'sysEx' || message.kind === 'systemReset',
          )
        )
          piece = reverse ? 0 : 7;
        // Chapter X may take a SysEx for the one before if it says the same.
        return done.messages.map((message) =>
          hexOf(message) === GM_ON
            ? { kind: 'sysEx', data: Uint8Array.of(0x7e, device++ & 0x7f, 0x09, 0x01) }
            : message,
        );
      }
      return done.nibbles.map((nibble) => {
        const between = piece === (reverse ? 0 : 7);
        if (reverse !== done.reverse && (between || !proper)) {
          reverse = done.reverse;
          if (between) piece = reverse ? 0 : 7;
        }
        piece = (piece + (reverse ? 7 : 1)) & 7;
        return { kind: 'mtcQuarterFrame', piece, nibble };
      });
    };
    return list.map(({ deeds, lost, reported }) => ({
      lost,
      reported,
      messages: deeds.flatMap(tape),
    }));
  });
}

const isResetState = (hex: string): boolean => /^(ff|f07e..0901f7)$/.test(hex);

/** A sequencer with no code of the runtime's in it. */
class Follower {
  readonly transport = new SyntheticTransport();

  take(message: MidiMessage): void {
    if (isResetState(hexOf(message))) this.transport.reset();
    else if (message.kind === 'sysEx') this.transport.takeFullFrame(message.data);
    else if (!('channel' in message)) this.transport.take(message);
  }
}

interface Repaired {
  readonly sent: StreamState;
  readonly heard: StreamState;
  readonly view: { readonly anchor: number; readonly previous: number };
  readonly single: boolean;
  readonly joining: boolean;
  readonly lost: readonly string[];
  readonly emitted: readonly string[];
  readonly source: Follower;
  readonly follower: Follower;
}

/** A packet with these messages at the same time, its journal, and long headers. */
function packetOf(sequence: number, messages: readonly MidiMessage[], journal: string): Uint8Array {
  const list = messages.map(hexOf).join('00');
  const length = (0xc000 | (list.length / 2)).toString(16);
  const head = `8061${(sequence & 0xffff).toString(16).padStart(4, '0')}00000000${SSRC}`;
  return Uint8Array.from(Buffer.from(`${head}${length}${list}${journal}`, 'hex'));
}

/** Sends the packets, and one without commands after each gap and at the end; calls `check` after each repair. */
function play(packets: readonly Packet[], check: (repaired: Repaired) => void): void {
  const sent = new StreamState();
  const source = new Follower();
  const follower = new Follower();
  const emitted: string[] = [];
  const faults = new FaultCounters();
  const receiver = new StreamReceiver(
    {
      message(message, _time, _at, recovered) {
        if (recovered) emitted.push(hexOf(message));
        follower.take(message);
      },
      report() {},
    },
    faults,
    0 as Micros,
  );
  const heard = receiver.state;
  // The other kind of peer has tests of its own.
  heard.system.sequencer.peerMarksPlayed = true;
  const header = emptyRtpHeader();
  const stamps: number[] = [];
  let stamp = 0;
  let confirmed = 0;
  let checkpoint = FIRST;
  let last = -1;
  let lost: string[] = [];
  const all = [...packets, EMPTY].flatMap((packet, i, list) => {
    const ends = !packet.lost && (i === 0 || list[i - 1]?.lost === true);
    return ends ? [EMPTY, packet] : [packet];
  });
  for (const [i, packet] of all.entries()) {
    if (packet.lost) {
      lost.push(...packet.messages.map(hexOf));
    } else {
      const view = { confirmed, anchor: confirmed, previous: stamps[i - 2] ?? 0 };
      const joining = last < 0;
      const single = !joining && i === last + 2;
      const bytes = packetOf(FIRST + i, packet.messages, journalOf(sent, view, checkpoint));
      emitted.length = 0;
      const doubt = heard.system.inDoubt;
      expect(readRtpHeader(bytes, header)).toBeUndefined();
      receiver.receive(bytes, header, NOW);
      if (joining || i > last + 1) {
        // A Reset may be taken for one that was heard, if another one before that was never told of.
        if (doubt && lost.includes('ff')) return;
        check({ sent, heard, view, single, joining, lost, emitted, source, follower });
      }
    }
    for (const message of packet.messages) {
      sent.apply(message, ++stamp, NOW);
      source.take(message);
    }
    stamps.push(stamp);
    if (packet.lost) continue;
    last = i;
    lost = [];
    if (!packet.reported) continue;
    confirmed = stamp;
    checkpoint = FIRST + i + 1;
  }
  expect(Object.values(faults.counts).every((count) => count === 0)).toBe(true);
}

/** Song and sequencer, as the journal can tell them. */
function lastingOf({ system }: StreamState): unknown {
  const { sequencer, song } = system;
  const { running, position, played } = sequencer;
  return { song, running, position, played };
}

/** The journal has Chapter Q, and the receiver reads it. */
function tellsSequencer({ sent, view, single }: Repaired): boolean {
  const { changed, stamp } = sent.system.sequencer;
  return changed > view.anchor && (!single || stamp > view.previous);
}

function tapeOf({ system }: StreamState): unknown {
  const { complete, fromQuarterFrames, series, length, point, reverse } = system.timeCode;
  return { complete, fromQuarterFrames, series, length, point, reverse };
}

const times = (list: readonly string[], hex: string): number =>
  list.filter((word) => word === hex).length;

describe('after each repair', () => {
  test('song, sequencer and tape are the same there and here (items 28, 29, 30)', () => {
    fc.assert(
      fc.property(packetsOf(true), (packets) => {
        play(packets, (repaired) => {
          const { sent, heard } = repaired;
          expect(lastingOf(heard)).toEqual(lastingOf(sent));
          expect(tapeOf(heard)).toEqual(tapeOf(sent));
          // Whether Start or Continue came last is told only of a song that runs at its start (B.3): a receiver that
          // was brought up to date elsewhere learns it from the next Chapter Q, and plays nothing for it.
          if (!tellsSequencer(repaired)) return;
          expect(heard.system.sequencer.atStart).toBe(sent.system.sequencer.atStart);
        });
      }),
      { numRuns: RUNS, examples: [[CONTINUED_BY_REPAIR]] },
    );
  });

  test('counts are the same, where the journal tells them', () => {
    fc.assert(
      fc.property(packetsOf(true), (packets) => {
        play(packets, ({ sent, heard, view, single }) => {
          const above = single ? view.previous : view.anchor;
          for (const kind of ['resets', 'tuneRequests', 'activeSensing'] as const) {
            if (sent.system[kind].stamp <= above) continue;
            expect(heard.system[kind].count, kind).toBe(sent.system[kind].count);
          }
        });
      }),
      { numRuns: RUNS },
    );
  });

  test('whatever the tape did, its state is that of the journal', () => {
    fc.assert(
      fc.property(packetsOf(false), (packets) => {
        play(packets, ({ sent, heard, view, single }) => {
          if (sent.system.timeCode.stamp <= (single ? view.previous : view.anchor)) return;
          expect(tapeOf(heard)).toEqual(tapeOf(sent));
        });
      }),
      { numRuns: RUNS },
    );
  });

  test('a sequencer that follows what is played is where the source is', () => {
    fc.assert(
      fc.property(packetsOf(true), (packets) => {
        play(packets, ({ source, follower }) => {
          const { running, position } = source.transport;
          expect(follower.transport.running ?? false).toBe(running ?? false);
          // One that only continued is at a place that nobody knows.
          if (position === undefined || follower.transport.position === undefined) return;
          expect(follower.transport.position).toBe(position);
        });
      }),
      { numRuns: RUNS },
    );
  });
});

test('a tape that follows what is played is never further than the two frames that a series takes (item 30)', () => {
  const RATE_25 = 2;
  /** 25 frames a second from 00:59:50:00 on, so that every field is carried. */
  const nibble = (frame: number, piece: number): number => {
    const total = 59 * 60 * 25 + 50 * 25 + frame;
    const minutes = Math.floor(total / 1_500);
    const fields = [
      total % 25,
      Math.floor(total / 25) % 60,
      minutes % 60,
      Math.floor(minutes / 60),
    ];
    const value = (fields[piece >> 1] ?? 0) + (piece === 7 ? RATE_25 << 4 : 0);
    return (piece & 1) === 0 ? value & 15 : value >> 4;
  };
  const moves = fc.array(
    fc.record({
      count: fc.integer({ min: 0, max: 20 }),
      lost: fc.boolean(),
      reported: fc.boolean(),
    }),
    { minLength: 5, maxLength: 60 },
  );
  fc.assert(
    fc.property(moves, (list) => {
      let sent = 0;
      const packets = list.map(({ count, lost, reported }): Packet => {
        const messages = Array.from({ length: count }, (): MidiMessage => {
          const piece = sent & 7;
          const frame = 2 * (sent++ >> 3);
          return { kind: 'mtcQuarterFrame', piece, nibble: nibble(frame, piece) };
        });
        return { messages, lost, reported };
      });
      play(packets, ({ source, follower }) => {
        if (source.transport.tape === '') return;
        expect(follower.transport.tape).not.toBe('');
        const apart = Math.abs(follower.transport.frames - source.transport.frames);
        expect(apart).toBeLessThanOrEqual(2);
      });
    }),
    { numRuns: RUNS },
  );
});

test('a repair plays nothing that was not missing, and little of it', () => {
  fc.assert(
    fc.property(packetsOf(true), (packets) => {
      play(packets, ({ lost, emitted, joining }) => {
        const system = emitted.filter((hex) => hex > 'f0');
        if (!lost.some((hex) => hex > 'f0')) expect(system).toEqual([]);
        for (const hex of ['ff', 'f6', 'fe']) {
          expect(times(emitted, hex), hex).toBeLessThanOrEqual(
            times(lost, hex) > 0 && !joining ? 1 : 0,
          );
        }
        expect(times(emitted, 'f8')).toBeLessThanOrEqual(12);
        expect(emitted.filter((hex) => hex.startsWith('f1')).length).toBeLessThan(16);
        expect(emitted.filter((hex) => hex.startsWith('f07f7f0101')).length).toBeLessThanOrEqual(1);
      });
    }),
    { numRuns: RUNS, examples: [[STANDS_ANYWHERE]] },
  );
});

test('counts in doubt are learned from the next journal without a gap before it, so that what is lost later is played', () => {
  const played: string[] = [];
  play(
    [
      heard('c005'),
      missing('f6 ff'),
      heard('f6'),
      heard('c006'),
      missing('f6'),
      missing(''),
      heard('c007'),
    ],
    ({ emitted }) => played.push(emitted.join(' ')),
  );
  expect(played).toEqual(['', 'ff', 'f6']);
});
