import { beforeEach, describe, expect, test } from 'vitest';
import { encodeMessage } from '../../core/midi-bytes.ts';
import { fromMillis, type Instant, type Micros } from '../../core/time.ts';
import { FaultCounters } from './faults.ts';
import { emptyRtpHeader, readRtpHeader } from './rtp-header.ts';
import { StreamReceiver } from './stream-receiver.ts';

const ON = '43903c64';
const OFF = '43803c40';
const EMPTY = '40';
const SSRC = '0000cafe';
const HOLD = fromMillis(3);
const NO_TIME = -1;

let heard: string[];
let reports: number[];
let faults: FaultCounters;
let receiver: StreamReceiver;
let now: number;
/** Timestamp of the next packet, in ticks; it follows the clock. */
const ticks = (at: number): number => Math.floor(at / 100);

function open(hold: Micros, crowd: number = 1): void {
  heard = [];
  reports = [];
  faults = new FaultCounters();
  now = 1_000_000;
  receiver = new StreamReceiver(
    {
      message: (message, time, _at, recovered) => {
        const hex = Buffer.from(encodeMessage(message)).toString('hex');
        heard.push(`${hex}${recovered ? ' recovered' : ''}${time === NO_TIME ? ' now' : ''}`);
      },
      report: (sequence) => reports.push(sequence),
    },
    faults,
    hold,
    () => crowd,
  );
}
beforeEach(() => open(HOLD));

/** A packet: command section and journal in hex; J and LEN are part of `section`. */
function give(sequence: number, section: string, journal = '800000', at = now): void {
  now = Math.max(now, at);
  const head = Buffer.alloc(8);
  head.writeUInt16BE(0x8061, 0);
  head.writeUInt16BE(sequence & 0xffff, 2);
  head.writeUInt32BE(ticks(at), 4);
  const bytes = Uint8Array.from(
    Buffer.concat([head, Buffer.from(SSRC + section + journal, 'hex')]),
  );
  const header = emptyRtpHeader();
  expect(readRtpHeader(bytes, header)).toBeUndefined();
  receiver.receive(bytes, header, now as Instant);
}

function pass(micros: number): void {
  now += micros;
  receiver.tick(now as Instant);
}

const checkpoint = (sequence: number): string => (sequence & 0xffff).toString(16).padStart(4, '0');
/** A journal with key 60 up, or with it down and Y set. */
const keyUp = (c: number): string => `20${checkpoint(c)}0006080077${'08'}`;
const keyDown = (c: number): string => `20${checkpoint(c)}00070881f0${'3ce4'}`;

test('packets in order are heard as they come, over the wrap of sequence numbers', () => {
  for (const [i, section] of [EMPTY, ON, OFF, ON, OFF].entries()) give(65_533 + i, section);
  expect(heard).toEqual(['903c64', '803c40', '903c64', '803c40']);
  expect(Object.values(faults.counts).every((count) => count === 0)).toBe(true);
});

test('duplicates and packets that come too late are ignored (item 4)', () => {
  give(10, ON);
  give(10, ON);
  give(9, OFF);
  expect(heard).toEqual(['903c64']);
  expect(faults.counts.duplicate).toBe(2);
});

test('a packet that was overtaken by another is waited for, and order is kept (item 38)', () => {
  give(10, EMPTY);
  give(12, OFF, keyUp(11));
  expect(heard).toEqual([]);
  pass(2_000);
  give(11, ON);
  expect(heard).toEqual(['903c64', '803c40']);
  expect(receiver.meter.recovered).toBe(0);
});

test('after the hold the journal makes up for what is missing, and what comes later is ignored (items 4, 38)', () => {
  give(10, EMPTY);
  give(11, ON);
  give(13, EMPTY, keyUp(12));
  expect(receiver.due).toBe(now + HOLD);
  pass(HOLD);
  expect(heard).toEqual(['903c64', '803c40 recovered']);
  give(12, OFF);
  expect(heard).toHaveLength(2);
  expect(receiver.meter.stats(undefined, now as Instant)).toMatchObject({
    recovered: 1,
    loss: 0.25,
  });
});

test('with no hold at all the repair is made at once (item 38)', () => {
  open(0 as Micros);
  give(10, ON);
  give(12, EMPTY, keyUp(11));
  expect(heard).toEqual(['903c64', '803c40 recovered']);
});

test('two gaps in a row are repaired each in its turn', () => {
  give(10, ON);
  give(12, EMPTY, keyUp(11));
  give(14, EMPTY, keyDown(13));
  pass(HOLD);
  expect(heard).toEqual(['903c64', '803c40 recovered', '903c64 recovered']);
});

test('a full reorder buffer gives up waiting instead of losing packets', () => {
  give(10, EMPTY);
  for (let i = 0; i < 40; i++) give(12 + i, i % 2 ? OFF : ON, '800000');
  expect(heard).toHaveLength(40);
});

test('the first packet of a stream ends a loss: lasting state and fresh notes are taken from its journal (item 17)', () => {
  give(500, EMPTY, `21${checkpoint(500)}${'800510'}${'8150'}${'080708'}${'81f03ce4'}`);
  expect(heard).toEqual(['e00150 recovered', '913c64 recovered']);
});

test('a NoteOn is not brought back by a packet that came late itself', () => {
  give(10, EMPTY);
  pass(100_000);
  // Sent 80 ms before it arrives; the others took no time.
  const sent = now - 80_000;
  const arrives = now;
  give(12, EMPTY, keyDown(11), sent);
  expect(now).toBe(arrives);
  pass(HOLD);
  expect(heard).toEqual([]);
});

test('a loss before the checkpoint ends every note and lifts the pedals before anything else (item 18)', () => {
  give(10, ON);
  give(11, '43b0407f');
  give(40, EMPTY, `20${checkpoint(30)}000510${'0150'}`);
  pass(HOLD);
  expect(heard.slice(2)).toEqual([
    '803c40 recovered now',
    'b04000 recovered now',
    'e00150 recovered',
  ]);
  expect(faults.counts.uncoveredLoss).toBe(1);
});

test('a loss in a stream without journals ends every note', () => {
  give(10, '03903c64', '');
  give(12, '00', '');
  pass(HOLD);
  expect(heard).toEqual(['903c64', '803c40 recovered now']);
});

test('a jump by thousands is a new stream once a second packet follows it (item 4)', () => {
  give(10, ON);
  give(9_000, '43903e64');
  expect(heard).toEqual(['903c64']);
  give(9_001, '43904064');
  expect(heard).toEqual(['903c64', '803c40 recovered now', '904064']);
  give(9_002, '43804040');
  expect(heard).toHaveLength(4);
  expect(faults.counts.streamRestart).toBe(1);
});

test('a stream that begins anew a little behind is known by its timestamps, old or new ones', () => {
  for (const clockOfTheOther of [20_000, -3_600_000_000]) {
    open(HOLD);
    now = 8_000_000_000;
    give(1_000, ON);
    give(1_001, EMPTY);
    // Both are the network's: as old as they look.
    give(1_000, ON, undefined, now);
    give(1_001, EMPTY, undefined, now);
    expect(faults.counts.duplicate).toBe(2);
    give(960, EMPTY, keyUp(960), now + clockOfTheOther);
    expect(heard).toEqual(['903c64']);
    give(961, '43903e64', keyUp(960), now + clockOfTheOther);
    expect(heard).toEqual(['903c64', '803c40 recovered now', '903e64']);
    expect(faults.counts.streamRestart).toBe(1);
  }
});

test('one stray packet out of all order changes nothing', () => {
  give(10, ON);
  give(30_000, '43903e64');
  give(11, OFF);
  give(30_001, '43903e64');
  give(12, ON);
  expect(heard).toEqual(['903c64', '803c40', '903c64']);
  expect(faults.counts.streamRestart).toBe(0);
});

test('a SysEx with a segment missing is dropped, and the next one is whole', () => {
  give(10, '45f0010203f0');
  give(12, '43f704f7');
  pass(HOLD);
  give(13, '45f0050607f7');
  expect(heard).toEqual(['f0050607f7']);
  expect(faults.counts.sysExOrphan).toBe(1);
});

test('a SysEx in segments, with a clock between them, is heard after the clock', () => {
  give(10, '4af00102f000f800f703f0');
  give(11, '43f704f7');
  expect(heard).toEqual(['f8', 'f001020304f7']);
});

test('feedback follows a repair and an empty packet at once, others within 200 ms (item 34)', () => {
  give(10, ON);
  expect(reports).toEqual([]);
  pass(199_000);
  expect(reports).toEqual([]);
  pass(1_000);
  expect(reports).toEqual([10]);
  pass(1_000_000);
  give(11, OFF);
  give(12, EMPTY);
  expect(reports).toEqual([10, 12]);
  give(13, EMPTY);
  expect(reports).toEqual([10, 12]);
  pass(30_000);
  expect(reports).toEqual([10, 12, 13]);
  pass(1_000_000);
  give(15, ON, keyUp(14));
  pass(HOLD);
  expect(reports).toEqual([10, 12, 13, 15]);
  pass(10_000_000);
  expect(reports).toHaveLength(4);
});

test('in a crowd a sender of empty packets is told after a pause of 5 ms, every 30 ms at most, and of a dense stream within 200 ms (item 34)', () => {
  open(HOLD, 9);
  give(10, ON);
  give(11, EMPTY);
  pass(1_000_000);
  reports.length = 0;
  give(12, OFF);
  pass(4_000);
  give(13, ON);
  pass(4_000);
  expect(reports).toEqual([]);
  pass(1_000);
  expect(reports).toEqual([13]);
  give(14, OFF);
  pass(29_000);
  expect(reports).toEqual([13]);
  pass(1_000);
  expect(reports).toEqual([13, 14]);
  pass(1_000_000);
  for (let i = 0; i < 60; i++) {
    give(15 + i, i % 2 ? OFF : ON);
    pass(4_000);
  }
  expect(reports).toEqual([13, 14, 64]);
});

test('faults in a list cost what follows them, not what came before, nor the journal (item 12)', () => {
  give(10, EMPTY);
  give(12, '47903c6400908000', keyUp(11));
  pass(HOLD);
  expect(heard).toEqual(['903c64']);
  expect(faults.counts.badDataOctet).toBe(1);
});

test('release ends what sounds, and only that', () => {
  give(10, ON);
  give(11, '43903e64');
  give(12, OFF);
  give(13, '43b1427f');
  heard.length = 0;
  receiver.release(now as Instant);
  expect(heard).toEqual(['803e40 recovered now', 'b14200 recovered now']);
  heard.length = 0;
  receiver.release(now as Instant);
  expect(heard).toEqual([]);
});

test('release ends a key as often as it was struck, for synthesizers that count', () => {
  give(10, ON);
  give(11, ON);
  give(12, ON);
  give(13, OFF);
  heard.length = 0;
  receiver.release(now as Instant);
  expect(heard).toEqual(['803c40 recovered now', '803c40 recovered now']);
});

test('a journal is read only after a gap: S = 1 is passed over if one packet is missing, and nothing if more are (item 17)', () => {
  // Chapter P has S = 1, the wheel has S = 0.
  const journal = (c: number): string => `20${checkpoint(c)}000890${'850000'}${'0150'}`;
  give(10, EMPTY);
  give(11, EMPTY, journal(11));
  expect(heard).toEqual([]);
  give(13, EMPTY, journal(11));
  pass(HOLD);
  expect(heard).toEqual(['e00150 recovered']);
  give(16, EMPTY, journal(14));
  pass(HOLD);
  expect(heard).toEqual(['e00150 recovered', 'c005 recovered']);
  // S = 1 in the header: the packet that is missing was empty.
  give(18, EMPTY, `a0${checkpoint(17)}800510${'8260'}`);
  pass(HOLD);
  expect(heard).toHaveLength(2);
});

describe('SysEx', () => {
  /** A system journal that holds Chapter X only; the header's S bits are those of the chapter. */
  const chapterX = (c: number, logs: string): string => {
    const length = 2 + logs.length / 2;
    const s = Number.parseInt(logs.slice(0, 2), 16) & 0x80;
    const system = ((s << 8) | 0x0400 | length).toString(16).padStart(4, '0');
    return `${(0x40 | s).toString(16)}${checkpoint(c)}${system}${logs}`;
  };

  test('a lost command, and the lost end or middle of one, come from Chapter X; the stream goes on (items 11, 31)', () => {
    give(10, EMPTY);
    give(12, EMPTY, chapterX(11, '2f010182'));
    pass(HOLD);
    expect(heard).toEqual(['f00102f7 recovered']);
    give(13, '43f001f0');
    give(15, '43f703f0', chapterX(13, '2c020182'));
    pass(HOLD);
    give(16, '43f704f7');
    expect(heard.at(-1)).toBe('f001020304f7');
    give(17, '43f001f0');
    give(19, '43903c64', chapterX(17, '2f030182'));
    pass(HOLD);
    expect(heard.slice(-2)).toEqual(['f00102f7 recovered', '903c64']);
    give(20, EMPTY, chapterX(17, 'af030182'));
    give(22, EMPTY, chapterX(17, 'af030182'));
    pass(HOLD);
    expect(heard, 'never twice').toHaveLength(4);
    expect(faults.counts.sysExOrphan + faults.counts.sysExLost).toBe(0);
  });

  test('from a sender without Chapter X, one with a packet missing in it is dropped, for who knows what is missing (item 11)', () => {
    give(10, '43f001f0');
    give(12, '43f703f7');
    pass(HOLD);
    give(13, EMPTY);
    expect(heard).toEqual([]);
    expect(faults.counts.sysExLost).toBe(1);
    give(14, '43f001f7');
    expect(heard).toEqual(['f001f7']);
  });

  test('where it is not clear yet whether the sender has Chapter X, the next journal decides', () => {
    give(10, '43f001f0');
    // The missing packet was empty: nothing of the command is in the journal, as all is confirmed.
    give(12, '43f703f7', `80${checkpoint(11)}`);
    pass(HOLD);
    expect(heard).toEqual([]);
    give(13, EMPTY, chapterX(12, '3f010183'));
    expect(heard).toEqual(['f00103f7 recovered']);
    give(14, '43f001f0');
    give(16, '43f703f7', `80${checkpoint(15)}`);
    pass(HOLD);
    expect(heard.at(-1)).toBe('f00103f7');
  });

  test('and one whose next journal has no Chapter X does not have it: the command is dropped', () => {
    give(10, '43f001f0');
    give(12, '43f703f7', `80${checkpoint(11)}`);
    pass(HOLD);
    expect(faults.counts.sysExLost).toBe(0);
    give(13, EMPTY, `80${checkpoint(12)}`);
    expect(faults.counts.sysExLost).toBe(1);
    expect(heard).toEqual([]);
  });

  test('octets that cannot be read make the command void that they may belong to (item 12)', () => {
    give(10, '43f001f0');
    give(11, '43f70203');
    give(12, '43f704f7');
    expect(heard).toEqual([]);
    expect(faults.counts.sysExUnterminated).toBe(1);
    expect(faults.counts.sysExLost).toBe(1);
    expect(faults.counts.sysExOrphan).toBe(1);
  });

  test('while one arrives it is reported every 30 ms, so that the sender may go on (item 34)', () => {
    give(10, '43f001f0');
    expect(reports).toEqual([10]);
    for (let i = 1; i <= 20; i++) {
      pass(5_000);
      give(10 + i, '43f702f0');
    }
    pass(5_000);
    expect(reports).toEqual([10, 15, 21, 27]);
    // A short one, too, may be what its sender waits to hear of.
    pass(1_000_000);
    pass(30_000);
    give(31, '42f7f7');
    expect(reports.at(-1)).toBe(31);
  });

  test('undefined commands are dropped and counted by themselves (item 13)', () => {
    give(10, '4ef401f700f900fd00f5f700903c64');
    expect(faults.counts.undefinedCommand).toBe(4);
    expect(heard[0]).toBe('903c64');
  });
});

test('what was let go of because the peer was silent still counts with the peer: no NoteOn is struck for that', () => {
  give(10, ON);
  receiver.release(now as Instant);
  give(11, ON);
  heard.length = 0;
  give(13, EMPTY, `20${checkpoint(11)}000a0c81f03ce4003c02`);
  pass(HOLD);
  expect(heard).toEqual([]);
  receiver.release(now as Instant);
  expect(heard).toEqual(['803c40 recovered now', '803c40 recovered now']);
});
