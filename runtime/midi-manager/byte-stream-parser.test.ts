import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyMessage, channelMessage, realTime, sysEx } from '../../tests/midi-arbitraries.ts';
import { encodeMessage } from '../core/midi-bytes.ts';
import type { MidiMessage } from '../core/midi-message.ts';
import type { Instant } from '../core/time.ts';
import { ByteStreamParser } from './byte-stream-parser.ts';

const AT = 1_000 as Instant;

function parse(
  chunks: readonly Uint8Array[],
  parser: ByteStreamParser = new ByteStreamParser(),
): MidiMessage[] {
  const messages: MidiMessage[] = [];
  for (const chunk of chunks) parser.push(chunk, AT, (message) => messages.push(message));
  return messages;
}

const octets = (hex: string): Uint8Array =>
  Uint8Array.from(hex.split(' '), (octet) => Number.parseInt(octet, 16));

const concat = (arrays: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(arrays.flatMap((array) => [...array]));

/** Cuts at the given places, which may lie anywhere. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length];
  at.sort((a, b) => a - b);
  return at.slice(1).map((end, index) => bytes.slice(at[index], end));
}

const cuts = fc.array(fc.nat(), { maxLength: 12 });

describe('the byte-stream parser', () => {
  test('messages come back however they are chunked', () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 20 }), cuts, (messages, places) => {
        const parser = new ByteStreamParser();
        expect(parse(cut(concat(messages.map(encodeMessage)), places), parser)).toEqual(messages);
        expect(parser.faultCount).toBe(0);
      }),
    );
  });

  test('real-time octets anywhere, even inside SysEx, come through at once and disturb nothing', () => {
    const injected = fc.array(fc.tuple(fc.nat(), realTime), { maxLength: 20 });
    const others = fc.array(fc.oneof(channelMessage, sysEx), { maxLength: 20 });
    fc.assert(
      fc.property(others, injected, cuts, (messages, injections, places) => {
        const stream = [...concat(messages.map(encodeMessage))];
        for (const [place, message] of injections) {
          stream.splice(place % (stream.length + 1), 0, encodeMessage(message)[0] as number);
        }
        const parser = new ByteStreamParser();
        const parsed = parse(cut(Uint8Array.from(stream), places), parser);
        const isRealTime = (message: MidiMessage): boolean =>
          (encodeMessage(message)[0] as number) >= 0xf8;
        expect(parsed.filter((message) => !isRealTime(message))).toEqual(messages);
        expect(parsed.filter(isRealTime)).toHaveLength(injections.length);
        expect(parser.faultCount).toBe(0);
      }),
    );
  });

  test('running status is understood wherever the writer may use it', () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 30 }), cuts, (messages, places) => {
        let running = 0;
        const stream: number[] = [];
        for (const message of messages) {
          const bytes = [...encodeMessage(message)];
          const status = bytes[0] as number;
          if (status === running) bytes.shift();
          if (status < 0xf0) running = status;
          else if (status < 0xf8) running = 0;
          stream.push(...bytes);
        }
        expect(parse(cut(Uint8Array.from(stream), places))).toEqual(messages);
      }),
    );
  });

  test('any stream of bytes, however cut, never throws, and gives only messages that can be written', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }), (chunks) => {
        for (const message of parse(chunks, new ByteStreamParser({ maxSysEx: 16 }))) {
          expect(parse([encodeMessage(message)])).toEqual([message]);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('after any garbage, the next message that begins with a status octet is read', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), channelMessage, (garbage, message) => {
        expect(parse([garbage, encodeMessage(message)]).at(-1)).toEqual(message);
      }),
    );
  });

  test('a note-on of velocity 0 in running status is a note-off', () => {
    expect(parse([octets('90 3c 40 3c 00')])).toEqual([
      { kind: 'noteOn', channel: 0, key: 60, velocity: 64 },
      { kind: 'noteOff', channel: 0, key: 60, velocity: 64 },
    ]);
  });

  test('a SysEx that lost its F7 is dropped and counted, and what ended it is read', () => {
    const parser = new ByteStreamParser();
    expect(parse([octets('f0 01 02 90 3c 40')], parser)).toEqual([
      { kind: 'noteOn', channel: 0, key: 60, velocity: 64 },
    ]);
    expect(parser.faults.unterminated).toBe(1);
    expect(parse([octets('f0 01 f0 02 f7')], parser)).toEqual([
      { kind: 'sysEx', data: Uint8Array.of(2) },
    ]);
    expect(parser.faults.unterminated).toBe(2);
  });

  test('a SysEx as long as the bound passes; one octet more is dropped and counted, and the stream goes on', () => {
    const parser = new ByteStreamParser({ maxSysEx: 2_000 });
    const data = new Uint8Array(2_000).map((_, index) => index & 0x7f);
    const whole = encodeMessage({ kind: 'sysEx', data });
    expect(parse([whole], parser)).toEqual([{ kind: 'sysEx', data }]);
    const longer = encodeMessage({ kind: 'sysEx', data: new Uint8Array(2_001) });
    expect(parse([longer, octets('fe')], parser)).toEqual([{ kind: 'activeSensing' }]);
    expect(parser.faults).toMatchObject({ tooLong: 1, unterminated: 0, stray: 0 });
  });

  test('the default bound lets a megabyte of SysEx through', () => {
    const data = new Uint8Array(1 << 20).fill(5);
    const [message] = parse([encodeMessage({ kind: 'sysEx', data })]);
    expect(message?.kind === 'sysEx' && message.data.length).toBe(1 << 20);
  });

  test.each([
    ['f4', { undefinedStatus: 1 }],
    ['f9', { undefinedStatus: 1 }],
    ['f7', { undefinedStatus: 1 }],
    ['3c 40', { stray: 2 }],
    ['90 3c b0 07 7f', { truncated: 1 }],
    ['90 b0 07 7f', { truncated: 1 }],
  ])('"%s" is counted as a fault', (hex, faults) => {
    const parser = new ByteStreamParser();
    parse([octets(hex)], parser);
    expect(parser.faults).toMatchObject(faults);
    expect(parser.faultCount).toBe(Object.values(faults)[0]);
  });

  test('F9 and FD disturb neither running status nor SysEx; F4 and F5 end both', () => {
    expect(parse([octets('90 3c f9 40 3e fd 41')])).toHaveLength(2);
    expect(parse([octets('f0 01 fd 02 f7')])).toEqual([
      { kind: 'sysEx', data: Uint8Array.of(1, 2) },
    ]);
    expect(parse([octets('90 3c 40 f4 3e 41')])).toHaveLength(1);
    expect(parse([octets('f0 01 f5 02 f7')])).toEqual([]);
  });

  test('a system common message ends running status', () => {
    const parser = new ByteStreamParser();
    expect(parse([octets('90 3c 40 f3 01 3e 41')], parser)).toHaveLength(2);
    expect(parser.faults.stray).toBe(2);
  });
});
