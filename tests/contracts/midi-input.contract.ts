/** What every MidiInput promises (runtime/ports/midi-input.ts), whatever wire it is. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fromMillis, type Instant, type Micros } from '../../runtime/core/time.ts';
import type { Clock } from '../../runtime/ports/clock.ts';
import type { MidiInput } from '../../runtime/ports/midi-input.ts';

/** The thing under test, its clock and what plays into it. */
export interface MidiInputRig extends AsyncDisposable {
  readonly input: MidiInput;
  readonly clock: Clock;
  /** Puts bytes on the wire. Bytes that nobody waits for any more are lost silently. */
  feed(bytes: Uint8Array): void;
  until(condition: () => boolean): Promise<void>;
  pass(by: Micros): Promise<void>;
  settle<T>(promise: PromiseLike<T>): Promise<T>;
  /** Takes the device away; undefined where that can't be done. */
  readonly unplug: (() => void) | undefined;
}

export function midiInputContract(name: string, openRig: () => Promise<MidiInputRig>): void {
  describe(`${name} keeps the promises of a MIDI input`, () => {
    let rig: MidiInputRig;
    let bytes: number[];
    let instants: Instant[];

    beforeEach(async () => {
      rig = await openRig();
      bytes = [];
      instants = [];
      rig.input.onBytes((chunk, at) => {
        bytes.push(...chunk);
        instants.push(at);
      });
    });
    afterEach(async () => {
      await rig.settle(rig[Symbol.asyncDispose]());
    });

    test('it has a name for people', () => {
      expect(rig.input.name).not.toBe('');
    });

    test('every byte value arrives as it is, in wire order', async () => {
      const all = Uint8Array.from({ length: 1_024 }, (_, index) => (index * 37) & 0xff);
      for (let at = 0; at < all.length; at += 100) rig.feed(all.subarray(at, at + 100));
      await rig.until(() => bytes.length >= all.length);
      expect(bytes).toEqual([...all]);
    });

    test('bytes carry the instant when they arrived, which never goes backwards', async () => {
      const before = rig.clock.now();
      for (let count = 1; count <= 5; count++) {
        rig.feed(Uint8Array.of(0xf8));
        await rig.until(() => bytes.length >= count);
        await rig.pass(fromMillis(2));
      }
      expect(instants[0]).toBeGreaterThanOrEqual(before);
      expect(instants.at(-1)).toBeLessThanOrEqual(rig.clock.now());
      expect(instants).toEqual([...instants].sort((a, b) => a - b));
      expect((instants.at(-1) ?? 0) - (instants[0] ?? 0)).toBeGreaterThan(4_000);
    });

    test('every listener hears; one that was disposed hears no more', async () => {
      let other = 0;
      const listening = rig.input.onBytes((chunk) => {
        other += chunk.length;
      });
      rig.feed(Uint8Array.of(1));
      await rig.until(() => bytes.length >= 1);
      expect(other).toBe(1);
      listening[Symbol.dispose]();
      rig.feed(Uint8Array.of(2));
      await rig.until(() => bytes.length >= 2);
      expect(other).toBe(1);
    });

    test('after dispose no bytes come, nobody is told of a loss, and disposing again is harmless', async () => {
      let losses = 0;
      rig.input.onLost(() => losses++);
      await rig.settle(rig.input[Symbol.asyncDispose]());
      rig.feed(Uint8Array.of(0xf8));
      await rig.pass(fromMillis(20));
      await rig.settle(rig.input[Symbol.asyncDispose]());
      expect(bytes).toEqual([]);
      expect(losses).toBe(0);
    });

    test('when the device goes away, this is told once, and no bytes come after it', async ({
      skip,
    }) => {
      if (rig.unplug === undefined) skip('this wire cannot be pulled');
      let losses = 0;
      let after = 0;
      rig.input.onLost(() => losses++);
      rig.input.onBytes((chunk) => {
        if (losses > 0) after += chunk.length;
      });
      rig.feed(Uint8Array.of(0xf8));
      await rig.until(() => bytes.length >= 1);
      rig.unplug?.();
      await rig.until(() => losses > 0);
      rig.feed(Uint8Array.of(0xf8));
      await rig.pass(fromMillis(20));
      expect(losses).toBe(1);
      expect(after).toBe(0);
    });
  });
}
