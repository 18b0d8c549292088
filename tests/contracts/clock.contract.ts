import { describe, expect, test } from 'vitest';
import { after, type Instant, type Micros, micros } from '../../runtime/core/time.ts';
import type { Clock, WallClock } from '../../runtime/ports/clock.ts';

export interface ClockRig {
  readonly clock: Clock & WallClock;
  /** Lets so much time pass: turns a virtual clock, waits for a real one. */
  pass(by: Micros): Promise<void>;
}

const SOON = micros(3_000);
const LATER = micros(9_000);
const LONG = micros(30_000);

export function clockContract(name: string, openRig: () => ClockRig): void {
  describe(`${name} keeps the Clock contract`, () => {
    const rung = (rig: ClockRig): { readonly at: Instant[]; wake(): void } => {
      const at: Instant[] = [];
      return { at, wake: () => void at.push(rig.clock.now()) };
    };

    test('time never goes backwards and does go on', async () => {
      const rig = openRig();
      let last = rig.clock.now();
      for (let reading = 0; reading < 1_000; reading++) {
        const now = rig.clock.now();
        expect(now).toBeGreaterThanOrEqual(last);
        last = now;
      }
      await rig.pass(SOON);
      expect(rig.clock.now()).toBeGreaterThanOrEqual(after(last, SOON));
    });

    test('an alarm that was never set does not go off', async () => {
      const rig = openRig();
      const bell = rung(rig);
      rig.clock.alarm(bell.wake);
      await rig.pass(LATER);
      expect(bell.at).toEqual([]);
    });

    test('an alarm goes off once, at or after it is due', async () => {
      const rig = openRig();
      const bell = rung(rig);
      const due = after(rig.clock.now(), SOON);
      rig.clock.alarm(bell.wake).set(due);
      await rig.pass(LONG);
      expect(bell.at).toHaveLength(1);
      expect(bell.at[0]).toBeGreaterThanOrEqual(due);
    });

    test('no alarm is early, wherever between two ticks of the system it is due', async () => {
      const rig = openRig();
      const early: number[] = [];
      let left = 24;
      const dues = Array.from({ length: left }, (_, at) =>
        after(rig.clock.now(), micros(1_000 + at * 137)),
      );
      for (const due of dues) {
        rig.clock
          .alarm(() => {
            left--;
            if (rig.clock.now() < due) early.push(due);
          })
          .set(due);
      }
      await rig.pass(LONG);
      expect({ left, early }).toEqual({ left: 0, early: [] });
    });

    test('an alarm never goes off inside set, even when its time has passed', async () => {
      const rig = openRig();
      const bell = rung(rig);
      rig.clock.alarm(bell.wake).set((rig.clock.now() - 1_000) as Instant);
      expect(bell.at).toEqual([]);
      await rig.pass(SOON);
      expect(bell.at).toHaveLength(1);
    });

    test('setting an alarm again replaces the earlier deadline', async () => {
      const rig = openRig();
      const bell = rung(rig);
      const alarm = rig.clock.alarm(bell.wake);
      const start = rig.clock.now();
      alarm.set(after(start, SOON));
      alarm.set(after(start, LATER));
      await rig.pass(LONG);
      expect(bell.at).toHaveLength(1);
      expect(bell.at[0]).toBeGreaterThanOrEqual(after(start, LATER));
    });

    test('a deadline may be brought forward', async () => {
      const rig = openRig();
      const bell = rung(rig);
      const alarm = rig.clock.alarm(bell.wake);
      alarm.set(after(rig.clock.now(), micros(60_000_000)));
      alarm.set(after(rig.clock.now(), SOON));
      await rig.pass(LONG);
      expect(bell.at).toHaveLength(1);
    });

    test('an alarm that was cleared or disposed does not go off, and clearing twice is harmless', async () => {
      const rig = openRig();
      const bell = rung(rig);
      const cleared = rig.clock.alarm(bell.wake);
      const disposed = rig.clock.alarm(bell.wake);
      for (const alarm of [cleared, disposed]) alarm.set(after(rig.clock.now(), SOON));
      cleared.clear();
      cleared.clear();
      disposed[Symbol.dispose]();
      disposed[Symbol.dispose]();
      await rig.pass(LATER);
      expect(bell.at).toEqual([]);
    });

    test('an alarm may be set again from its own wake', async () => {
      const rig = openRig();
      let times = 0;
      const alarm = rig.clock.alarm(() => {
        times++;
        if (times < 3) alarm.set(after(rig.clock.now(), micros(500)));
      });
      alarm.set(rig.clock.now());
      await rig.pass(LONG);
      expect(times).toBe(3);
    });

    test('a wake may clear another alarm that is due at the same time', async () => {
      const rig = openRig();
      const bell = rung(rig);
      const due = after(rig.clock.now(), SOON);
      const other = rig.clock.alarm(bell.wake);
      rig.clock.alarm(() => other.clear()).set(due);
      other.set(due);
      await rig.pass(LATER);
      expect(bell.at).toEqual([]);
    });

    test('alarms go off in the order in which they are due', async () => {
      const rig = openRig();
      const order: number[] = [];
      const start = rig.clock.now();
      for (const due of [4_000, 2_000, 3_000, 1_000]) {
        rig.clock.alarm(() => void order.push(due)).set(after(start, micros(due)));
      }
      await rig.pass(LONG);
      expect(order).toEqual([1_000, 2_000, 3_000, 4_000]);
    });

    test('wall time is milliseconds since 1970, and goes on', async () => {
      const rig = openRig();
      const earlier = rig.clock.wallNow();
      expect(earlier).toBeGreaterThan(1_700_000_000_000);
      await rig.pass(LATER);
      expect(rig.clock.wallNow() - earlier).toBeGreaterThan(5);
    });
  });
}
