import { describe, expect, test } from 'vitest';
import { fromSeconds } from '../../runtime/core/time.ts';
import type { Leases } from '../../runtime/ports/leases.ts';

export interface LeasesRig extends AsyncDisposable {
  readonly leases: Leases;
  pass(seconds: number): Promise<void>;
}

const TEN = fromSeconds(10);

export function leasesContract(name: string, openRig: () => Promise<LeasesRig>): void {
  describe(`${name} keeps the Leases contract`, () => {
    test('one has it at a time, of however many that try at once', async () => {
      await using rig = await openRig();
      const tried = await Promise.all(
        Array.from({ length: 10 }, () => rig.leases.take('sweep', TEN)),
      );
      expect(tried.filter((lease) => lease !== undefined)).toHaveLength(1);
      expect(await rig.leases.take('other', TEN)).toBeDefined();
    });

    test('given back, it is free at once, and giving it back again harms nobody', async () => {
      await using rig = await openRig();
      const first = await rig.leases.take('sweep', TEN);
      await first?.[Symbol.asyncDispose]();
      const second = await rig.leases.take('sweep', TEN);
      expect(second).toBeDefined();
      await first?.[Symbol.asyncDispose]();
      expect(await rig.leases.take('sweep', TEN)).toBeUndefined();
    });

    test('it runs out; renewed, it goes on', async () => {
      await using rig = await openRig();
      const first = await rig.leases.take('sweep', TEN);
      await rig.pass(8);
      expect(await first?.renew()).toBe(true);
      await rig.pass(8);
      expect(await rig.leases.take('sweep', TEN)).toBeUndefined();
      await rig.pass(3);
      expect(await rig.leases.take('sweep', TEN)).toBeDefined();
    });

    test('who lost it does not get it back by renewing, nor takes it from the next', async () => {
      await using rig = await openRig();
      const first = await rig.leases.take('sweep', TEN);
      await rig.pass(11);
      const second = await rig.leases.take('sweep', TEN);
      expect(await first?.renew()).toBe(false);
      await first?.[Symbol.asyncDispose]();
      expect(await second?.renew()).toBe(true);
      await second?.[Symbol.asyncDispose]();
      expect(await first?.renew()).toBe(false);
    });
  });
}
