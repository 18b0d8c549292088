/** What every MidiOutput promises (runtime/ports/midi-output.ts), whatever wire it is. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  after,
  fromMillis,
  fromSeconds,
  type Instant,
  type Micros,
} from '../../runtime/core/time.ts';
import type { Clock } from '../../runtime/ports/clock.ts';
import type { MidiOutput } from '../../runtime/ports/midi-output.ts';

/** The thing under test, its clock and its far end. */
export interface MidiOutputRig extends AsyncDisposable {
  readonly output: MidiOutput;
  readonly clock: Clock;
  /** Bytes that have come out at the far end so far. */
  readonly heard: readonly number[];
  /** Time goes by until the condition holds; throws when it takes unreasonably long. */
  until(condition: () => boolean): Promise<void>;
  /** Time goes by. */
  pass(by: Micros): Promise<void>;
  /** Lets the promise settle, time going by meanwhile. */
  settle<T>(promise: PromiseLike<T>): Promise<T>;
  /** Takes the device away; undefined where that can't be done. */
  readonly unplug: (() => void) | undefined;
}

interface Sent {
  readonly tag: number;
  readonly leftAt: Instant | undefined;
}

const NOTE = Uint8Array.of(0x90, 60, 100);
const HOUR = fromSeconds(3_600);
const note = (key: number): Uint8Array => Uint8Array.of(0x90, key, 100);

export function midiOutputContract(name: string, openRig: () => Promise<MidiOutputRig>): void {
  describe(`${name} keeps the promises of a MIDI output`, () => {
    let rig: MidiOutputRig;
    let sent: Sent[];
    const now = (): Instant => rig.clock.now();
    const soon = (ms: number): Instant => after(now(), fromMillis(ms));
    const far = (): Instant => after(now(), HOUR);
    const reported = (count: number): Promise<void> => rig.until(() => sent.length >= count);

    beforeEach(async () => {
      rig = await openRig();
      sent = [];
      rig.output.onSent((tag, leftAt) => sent.push({ tag, leftAt }));
    });
    afterEach(async () => {
      await rig.settle(rig[Symbol.asyncDispose]());
    });

    test('it has a name for people', () => {
      expect(rig.output.name).not.toBe('');
    });

    test('a message arrives whole', async () => {
      expect(rig.output.send(NOTE, now(), 7)).toBe(true);
      await rig.until(() => rig.heard.length >= 3);
      expect(rig.heard).toEqual([0x90, 60, 100]);
      await reported(1);
      expect(sent.map(({ tag }) => tag)).toEqual([7]);
    });

    test('the message is copied before the call returns', async () => {
      const bytes = Uint8Array.from(NOTE);
      rig.output.send(bytes, soon(2), 0);
      bytes.fill(0);
      await rig.until(() => rig.heard.length >= 3);
      expect(rig.heard).toEqual([0x90, 60, 100]);
    });

    test('none leaves before it is due, nor is it heard', async () => {
      const due = soon(25);
      rig.output.send(NOTE, due, 1);
      await rig.until(() => rig.heard.length > 0);
      expect(now()).toBeGreaterThanOrEqual(due);
      await reported(1);
      expect(sent[0]?.leftAt).toBeGreaterThanOrEqual(due);
    });

    test('what is past due leaves at once, and is not said to have left before it was sent', async () => {
      const called = now();
      rig.output.send(NOTE, after(called, fromMillis(-500)), 1);
      await reported(1);
      expect(sent[0]?.leftAt).toBeGreaterThanOrEqual(called);
      expect(sent[0]?.leftAt).toBeLessThanOrEqual(now());
    });

    test('messages leave in order of due, equal ones in call order, and are reported in that order', async () => {
      const late = soon(30);
      const early = soon(20);
      for (const key of [5, 6, 7]) rig.output.send(note(key), late, key);
      for (const key of [1, 2, 3]) rig.output.send(note(key), early, key);
      await rig.until(() => rig.heard.length >= 18);
      expect(rig.heard.filter((_, index) => index % 3 === 1)).toEqual([1, 2, 3, 5, 6, 7]);
      await reported(6);
      expect(sent.map(({ tag }) => tag)).toEqual([1, 2, 3, 5, 6, 7]);
      const times = sent.map(({ leftAt }) => leftAt ?? Number.NaN);
      expect(times).toEqual([...times].sort((a, b) => a - b));
    });

    test('a message of any length is not torn by another', async () => {
      const data = Array.from({ length: 5_000 }, (_, index) => (index * 7) & 0x7f);
      rig.output.send(Uint8Array.of(0xf0, ...data, 0xf7), now(), 1);
      rig.output.send(NOTE, now(), 2);
      await rig.until(() => rig.heard.length >= 5_005);
      expect(rig.heard).toEqual([0xf0, ...data, 0xf7, 0x90, 60, 100]);
    });

    test('many messages in a row all arrive, in order', async () => {
      const expected: number[] = [];
      for (let index = 0; index < 600; index++) {
        const bytes = Uint8Array.of(0x90 | (index % 16), index % 128, 1 + (index % 127));
        // A full queue is not a loss: it is offered again.
        await rig.until(() => rig.output.send(bytes, now(), index));
        expected.push(...bytes);
      }
      await rig.until(() => rig.heard.length >= expected.length);
      expect(rig.heard).toEqual(expected);
      await reported(600);
      expect(sent.map(({ tag }) => tag)).toEqual(Array.from({ length: 600 }, (_, tag) => tag));
    });

    test('the smallest and the largest tag come back', async () => {
      rig.output.send(NOTE, now(), 0);
      rig.output.send(NOTE, now(), 2 ** 31 - 1);
      await reported(2);
      expect(sent.map(({ tag }) => tag)).toEqual([0, 2 ** 31 - 1]);
    });

    test('a full queue refuses, having taken nothing', async () => {
      const due = far();
      let taken = 0;
      while (taken < 100_000 && rig.output.send(NOTE, due, taken)) taken++;
      expect(taken).toBeGreaterThanOrEqual(128);
      expect(taken).toBeLessThan(100_000);
      rig.output.flush();
      await reported(taken);
      await rig.pass(fromMillis(5));
      expect(sent).toEqual(Array.from({ length: taken }, (_, tag) => ({ tag, leftAt: undefined })));
      expect(rig.heard).toEqual([]);
      expect(rig.output.send(NOTE, now(), 9)).toBe(true);
    });

    test('flush drops what has not left and reports it so; what is sent afterwards leaves', async () => {
      rig.output.send(note(1), now(), 1);
      await reported(1);
      rig.output.send(note(2), far(), 2);
      rig.output.send(note(3), far(), 3);
      rig.output.flush();
      rig.output.send(note(4), now(), 4);
      await rig.until(() => rig.heard.length >= 6);
      await reported(4);
      expect(rig.heard).toEqual([0x90, 1, 100, 0x90, 4, 100]);
      const fates = new Map(sent.map(({ tag, leftAt }) => [tag, leftAt !== undefined]));
      expect([...fates].sort()).toEqual([
        [1, true],
        [2, false],
        [3, false],
        [4, true],
      ]);
      expect(sent).toHaveLength(4);
    });

    test('what is sent after a flush does not wait for a SysEx of seconds, which ends in good order', async () => {
      const long = new Uint8Array(20_000).fill(1);
      long[0] = 0xf0;
      long[long.length - 1] = 0xf7;
      rig.output.send(long, now(), 1);
      await rig.pass(fromMillis(2));
      rig.output.flush();
      rig.output.send(NOTE, now(), 2);
      await rig.until(() => rig.heard.at(-3) === 0x90);
      await reported(2);
      expect(rig.heard.slice(-4)).toEqual([0xf7, 0x90, 60, 100]);
      expect(rig.heard.filter((octet) => octet >= 0x80)).toEqual([0xf0, 0xf7, 0x90]);
      expect(sent.every(({ leftAt }) => leftAt !== undefined)).toBe(true);
    });

    test('dispose lets leave what is due now, drops and reports the rest, and takes nothing more', async () => {
      for (let key = 1; key <= 20; key++) rig.output.send(note(key), now(), key);
      rig.output.send(note(99), far(), 99);
      await rig.settle(rig.output[Symbol.asyncDispose]());
      await rig.until(() => rig.heard.length >= 60);
      expect(rig.heard.filter((_, index) => index % 3 === 1)).toEqual(
        Array.from({ length: 20 }, (_, index) => index + 1),
      );
      expect(sent).toHaveLength(21);
      expect(sent.filter(({ leftAt }) => leftAt === undefined)).toEqual([
        { tag: 99, leftAt: undefined },
      ]);
      expect(rig.output.send(NOTE, now(), 1)).toBe(false);
      rig.output.flush();
    });

    test('disposing twice is harmless, and nobody is told of a loss', async () => {
      let losses = 0;
      rig.output.onLost(() => losses++);
      await rig.settle(rig.output[Symbol.asyncDispose]());
      await rig.settle(rig.output[Symbol.asyncDispose]());
      await rig.pass(fromMillis(5));
      expect(losses).toBe(0);
    });

    test('a listener that was disposed is told nothing more', async () => {
      const heardBy: number[] = [];
      const listening = rig.output.onSent((tag) => heardBy.push(tag));
      rig.output.send(NOTE, now(), 1);
      await rig.until(() => heardBy.length > 0);
      listening[Symbol.dispose]();
      rig.output.send(NOTE, now(), 2);
      await reported(2);
      expect(heardBy).toEqual([1]);
    });

    test('when the device goes away, this is told once, what has not left is reported, and nothing more is taken', async ({
      skip,
    }) => {
      if (rig.unplug === undefined) skip('this wire cannot be pulled');
      let losses = 0;
      rig.output.onLost(() => losses++);
      rig.output.send(NOTE, far(), 5);
      rig.unplug?.();
      // A device is found missing when it is written to.
      await rig.until(() => {
        if (losses === 0) rig.output.send(NOTE, now(), 6);
        return losses > 0;
      });
      expect(rig.output.send(NOTE, now(), 7)).toBe(false);
      expect(sent).toContainEqual({ tag: 5, leftAt: undefined });
      rig.output.flush();
      await rig.pass(fromMillis(5));
      expect(losses).toBe(1);
      expect(sent.filter(({ tag }) => tag === 5)).toHaveLength(1);
      expect(sent.map(({ tag }) => tag)).not.toContain(7);
    });
  });
}
