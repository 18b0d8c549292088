import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeFrame, FrameReader, MAX_FRAME, MAX_GREETING } from './frame.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

test('a frame is its length, its channel and its payload', () => {
  expect(encodeFrame(2, hex('a0b1'))).toEqual(hex('0000000302a0b1'));
  expect(encodeFrame(0, hex(''))).toEqual(hex('0000000100'));
});

test('a payload that no frame holds makes none', () => {
  expect(encodeFrame(1, new Uint8Array(MAX_FRAME - 1))).toHaveLength(4 + MAX_FRAME);
  expect(encodeFrame(1, new Uint8Array(MAX_FRAME))).toBeUndefined();
});

test('frames come out as they went in, however the stream is cut', () => {
  const frame = fc.tuple(fc.nat(255), fc.uint8Array({ maxLength: 700 }));
  fc.assert(
    fc.property(fc.array(frame), fc.array(fc.integer({ min: 1, max: 40 })), (frames, cuts) => {
      const parts = frames.map(([channel, payload]) => encodeFrame(channel, payload));
      const stream = Uint8Array.from(parts.flatMap((part) => [...(part ?? [])]));
      const reader = new FrameReader();
      const read: [number, Uint8Array][] = [];
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        const end = at + (cuts[turn % Math.max(1, cuts.length)] ?? stream.length);
        const fault = reader.push(stream.subarray(at, end), (channel, payload) =>
          read.push([channel, payload.slice()]),
        );
        expect(fault).toBeUndefined();
        at = end;
      }
      expect(read).toEqual(frames);
    }),
  );
});

test.each([
  ['no channel', '00000000', 'empty'],
  ['more than a greeting before it is open', '00000801', 'oversize'],
  ['4 GiB', 'ffffffff', 'oversize'],
])('a length of %s is a fault, after which nothing is read', (_name, bytes, fault) => {
  const reader = new FrameReader();
  const read: number[] = [];
  expect(reader.push(hex(`${bytes}00`), (channel) => read.push(channel))).toBe(fault);
  expect(reader.push(hex('0000000100'), (channel) => read.push(channel))).toBeUndefined();
  expect(read).toEqual([]);
});

test('an open link takes frames of full size', () => {
  const reader = new FrameReader();
  const whole = encodeFrame(3, new Uint8Array(MAX_FRAME - 1)) ?? new Uint8Array();
  let length = 0;
  reader.open();
  expect(reader.push(whole, (_channel, payload) => (length = payload.length))).toBeUndefined();
  expect(length).toBe(MAX_FRAME - 1);
  expect(MAX_GREETING).toBeLessThan(MAX_FRAME);
});

test('a reader that is stopped by a frame drops the rest', () => {
  const reader = new FrameReader();
  let frames = 0;
  reader.push(hex('00000001000000000100'), () => {
    frames++;
    reader.stop();
  });
  expect(frames).toBe(1);
});
